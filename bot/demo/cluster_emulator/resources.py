"""The kinds that this API server serves: their groups, names, verbs and subresources."""

from __future__ import annotations

from dataclasses import dataclass

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, eq=False, slots=True)
class Resource:
    """One kind, as discovery describes it. Compared by identity: each kind exists once."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    has_generation: bool = False

    @property
    def api_version(self) -> str:
        """What objects of the kind carry as apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """How messages name the collection: deployments.apps, pods."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """How messages about a wrong object name the kind: Deployment.apps, Pod."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def singular(self) -> str:
        """The name of one."""
        return self.kind.lower()


_SCALED = ("scale", "status")
_VIRTUAL = ("create",)
_METRICS = ("get", "list")

NAMESPACES = Resource("", "v1", "namespaces", "Namespace", False, ("ns",), ("status", "finalize"))
NODES = Resource("", "v1", "nodes", "Node", False, ("no",), ("status",))
PODS = Resource("", "v1", "pods", "Pod", True, ("po",), ("log", "status", "eviction"), has_generation=True)
SERVICES = Resource("", "v1", "services", "Service", True, ("svc",), ("status",))
ENDPOINTS = Resource("", "v1", "endpoints", "Endpoints", True, ("ep",))
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap", True, ("cm",))
SECRETS = Resource("", "v1", "secrets", "Secret")
EVENTS = Resource("", "v1", "events", "Event", True, ("ev",))
SERVICEACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount", True, ("sa",))
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",), ("status",))
VOLUMES = Resource("", "v1", "persistentvolumes", "PersistentVolume", False, ("pv",), ("status",))
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota", True, ("quota",), ("status",))
LIMITRANGES = Resource("", "v1", "limitranges", "LimitRange", True, ("limits",))
REPLICATION_CONTROLLERS = Resource(
    "", "v1", "replicationcontrollers", "ReplicationController", True, ("rc",), ("status",), has_generation=True
)
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", True, ("deploy",), _SCALED, has_generation=True)
REPLICASETS = Resource("apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), _SCALED, has_generation=True)
STATEFULSETS = Resource("apps", "v1", "statefulsets", "StatefulSet", True, ("sts",), _SCALED, has_generation=True)
DAEMONSETS = Resource("apps", "v1", "daemonsets", "DaemonSet", True, ("ds",), ("status",), has_generation=True)
REVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
JOBS = Resource("batch", "v1", "jobs", "Job", True, (), ("status",), has_generation=True)
CRONJOBS = Resource("batch", "v1", "cronjobs", "CronJob", True, ("cj",), ("status",), has_generation=True)
AUTOSCALERS = Resource(
    "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ("hpa",), ("status",)
)
BUDGETS = Resource(
    "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",), ("status",), has_generation=True
)
SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
INGRESSES = Resource("networking.k8s.io", "v1", "ingresses", "Ingress", True, ("ing",), ("status",))
NETWORKPOLICIES = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", True, ("netpol",))
STORAGECLASSES = Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", False, ("sc",))
ADMISSION_POLICIES = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
    False,
    (),
    ("status",),
    has_generation=True,
)
ADMISSION_BINDINGS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
    False,
)
ACCESS_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False, verbs=_VIRTUAL
)
RULES_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False, verbs=_VIRTUAL
)
POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", verbs=_METRICS)
NODE_METRICS = Resource("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False, verbs=_METRICS)

STORED = (
    *(NAMESPACES, NODES, PODS, SERVICES, ENDPOINTS, CONFIGMAPS, SECRETS, EVENTS, SERVICEACCOUNTS, CLAIMS, VOLUMES),
    *(QUOTAS, LIMITRANGES, REPLICATION_CONTROLLERS, DEPLOYMENTS, REPLICASETS, STATEFULSETS, DAEMONSETS, REVISIONS),
    *(JOBS, CRONJOBS, AUTOSCALERS, BUDGETS, SLICES, INGRESSES, NETWORKPOLICIES, STORAGECLASSES),
    *(ADMISSION_POLICIES, ADMISSION_BINDINGS),
)
SERVED = (*STORED, ACCESS_REVIEWS, RULES_REVIEWS, POD_METRICS, NODE_METRICS)

_BY_PATH = {(each.group, each.version, each.plural): each for each in SERVED}
_BY_KIND = {each.kind: each for each in STORED}


def find_resource(group: str, version: str, plural: str) -> Resource | None:
    """The kind behind a request path."""
    return _BY_PATH.get((group, version, plural))


def resource_of_kind(kind: str) -> Resource | None:
    """The stored kind with that name."""
    return _BY_KIND.get(kind)
