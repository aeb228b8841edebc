"""The outside world as tools see it: a Reader that looks, a Writer that changes (Protocols).

Errors are named for what the caller does next. Every method that reaches the cluster may raise any of them:
``Unreachable`` (try again later), ``Forbidden`` (say which right is missing), ``NotFound``, ``Conflict`` (read again
and decide again), ``Rejected`` (the server will never accept this request as it is).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from safety.redaction import Redactor
from tools.settings import SetAt, Setting

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """Where the API serves one kind."""

    name: str
    group: str
    version: str
    plural: str
    namespaced: bool = True


# Every kind that tools may read. Secrets are left out on purpose: that one is missing shows in the pods' events.
KINDS: Mapping[str, Kind] = {
    each.name: each
    for each in (
        Kind("Namespace", "", "v1", "namespaces", namespaced=False),
        Kind("Node", "", "v1", "nodes", namespaced=False),
        Kind("Pod", "", "v1", "pods"),
        Kind("Service", "", "v1", "services"),
        Kind("Endpoints", "", "v1", "endpoints"),
        Kind("ConfigMap", "", "v1", "configmaps"),
        Kind("Event", "", "v1", "events"),
        Kind("LimitRange", "", "v1", "limitranges"),
        Kind("PersistentVolume", "", "v1", "persistentvolumes", namespaced=False),
        Kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims"),
        Kind("ResourceQuota", "", "v1", "resourcequotas"),
        Kind("ServiceAccount", "", "v1", "serviceaccounts"),
        Kind("Deployment", "apps", "v1", "deployments"),
        Kind("ReplicaSet", "apps", "v1", "replicasets"),
        Kind("StatefulSet", "apps", "v1", "statefulsets"),
        Kind("DaemonSet", "apps", "v1", "daemonsets"),
        Kind("Job", "batch", "v1", "jobs"),
        Kind("CronJob", "batch", "v1", "cronjobs"),
        Kind("ControllerRevision", "apps", "v1", "controllerrevisions"),
        Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers"),
        Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets"),
        Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices"),
        Kind("Ingress", "networking.k8s.io", "v1", "ingresses"),
        Kind("IngressClass", "networking.k8s.io", "v1", "ingressclasses", namespaced=False),
        Kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies"),
        Kind("Gateway", "gateway.networking.k8s.io", "v1", "gateways"),
        Kind("HTTPRoute", "gateway.networking.k8s.io", "v1", "httproutes"),
        Kind("StorageClass", "storage.k8s.io", "v1", "storageclasses", namespaced=False),
        Kind(
            "ValidatingWebhookConfiguration",
            "admissionregistration.k8s.io",
            "v1",
            "validatingwebhookconfigurations",
            namespaced=False,
        ),
        Kind(
            "MutatingWebhookConfiguration",
            "admissionregistration.k8s.io",
            "v1",
            "mutatingwebhookconfigurations",
            namespaced=False,
        ),
    )
}


class WorldError(Exception):
    """The outside world did not do what was asked; the message is for people and holds no secret."""


class Unreachable(WorldError):
    """No usable answer: refused, timed out, throttled or a server fault. Nothing is known about a write in flight."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Forbidden(WorldError):
    """401 or 403: the credentials do not allow this; the server's own words say which right is missing."""


class NotFound(WorldError):
    """404: the object does not exist (any more)."""


class Conflict(WorldError):
    """409, or a JSON-Patch test that failed: the object moved since it was read."""


class Rejected(WorldError):
    """400, 415 or 422: the request is invalid and repeating it is useless."""


class NotNow(Rejected):
    """429 to an eviction: a disruption budget has no room. Asking again at once is useless; later it may pass."""


@dataclass(frozen=True, slots=True)
class Table:
    """The server's own table of a kind, without the objects: column names, and the cells of each row as strings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    truncated: bool = False

    def records(self) -> list[dict[str, str]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class ClusterReader(Protocol):
    """Reads one cluster. Objects are the server's JSON as plain dicts: typed models are slow and strict."""

    @property
    def name(self) -> str:
        """The cluster's name for people, such as ``dev-eks``."""

    async def uid(self) -> str:
        """The uid of the ``kube-system`` namespace, which identifies the cluster."""

    async def version(self) -> str: ...

    async def namespaces(self) -> list[JsonObject]: ...

    async def table(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 0
    ) -> Table:
        """One bulk request; ``namespace=None`` means all namespaces (rows then do not say which)."""

    async def get(self, kind: str, namespace: str | None, name: str) -> JsonObject: ...

    async def list(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 500
    ) -> list[JsonObject]: ...

    async def log(self, namespace: str, pod: str, container: str, options: "LogOptions") -> str:
        """The tail of a container's log, bounded on the server by lines and bytes."""

    async def may(
        self, verb: str, resource: str, namespace: str | None, group: str = "", subresource: str = ""
    ) -> bool:
        """Whether these credentials are allowed to do this (SelfSubjectAccessReview)."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Bounds of one log read; ``limit_bytes`` and ``tail_lines`` hold on the server."""

    previous: bool = False
    tail_lines: int = 80
    limit_bytes: int = 32_768
    since: timedelta | None = None


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How one write is sent: ``audit_id`` travels as ``Audit-ID``; ``dry_run`` validates and stores nothing."""

    audit_id: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The one object, in the one version, that a removal is meant for; for any other it is a ``Conflict``."""

    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a server answered to a write: the object as stored (empty after a removal), and its own ``Audit-Id``.

    Under that id the server's audit log has the request; ``None`` where it named none.
    """

    stored: JsonObject
    audit_id: str | None = None


class ClusterWriter(Protocol):
    """Changes one cluster. Only wiring makes one, and not at all when remediation is off."""

    async def patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        options: WriteOptions,
    ) -> Written:
        """A mapping is sent as a strategic merge patch, a sequence as a JSON Patch; answers the object as stored."""

    async def delete(self, kind: str, namespace: str, name: str, only: Preconditions, options: WriteOptions) -> Written:
        """Remove an object. Disruption budgets are not asked."""

    async def evict(self, namespace: str, name: str, only: Preconditions, options: WriteOptions) -> Written:
        """Ask a pod to go; ``NotNow`` when a disruption budget has no room for that."""


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change somebody made outside the cluster: a pull request, a release, a flag, a configuration.

    Everything in it is raw and untrusted. ``kind`` is open; ``deployed_by`` is free text ("not deployed yet" counts),
    None where nothing is known. ``services`` and ``files`` are what the source says it touched.
    """

    id: str
    kind: str
    at: datetime | None
    title: str
    repo: str | None = None
    author: str | None = None
    files: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    diff: str = ""
    deployed_by: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: what was measured, of what (``labels``), in which ``unit``, and its points by time."""

    metric: str
    labels: Mapping[str, str]
    unit: str
    points: tuple[tuple[datetime, float], ...]


class ChangeSource(Protocol):
    """Changes that somebody made outside the cluster."""

    async def changes(self, since: datetime, until: datetime) -> Sequence[RecordedChange]:
        """Those of a time span, the newest first, bounded. May raise any ``WorldError``."""


class SettingSource(Protocol):
    """A repository in which settings are written."""

    @property
    def repository(self) -> str:
        """Its name, such as ``owner/name``."""

    def concerns(self, service: str) -> bool:
        """Whether the service is made here, as far as anybody wrote that down."""

    async def where_set(self, settings: Sequence[Setting], service: str, files: Sequence[str]) -> SetAt | None:
        """The first of the settings that exactly one file of a service sets, ``files`` looked into first.

        Bounded; may raise any ``WorldError``.
        """


class CodeSource(ChangeSource, SettingSource, Protocol):
    """A repository: what was changed in it, and what its files set."""


class NamedRepositories(Protocol):
    """Opens repositories that workloads name themselves."""

    @property
    def host(self) -> str:
        """The host whose addresses are meant, in small letters."""

    def open(self, repository: str, workloads: Sequence[str]) -> CodeSource | None:
        """None where it is read already, or must not be read."""

    def allows(self, repository: str) -> bool:
        """Whether it may be read at all; what lets it is ``setting``."""

    @property
    def setting(self) -> str:
        """The setting that says which may be read, as a person writes it."""


class MetricSource(Protocol):
    """Measured series about the cluster and what runs in it."""

    async def series(self, namespace: str | None, since: datetime, until: datetime) -> Sequence[Series]:
        """Those of a namespace, or of all. May raise any ``WorldError``."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What read tools get. ``unconnected``: sources there could be and are not, in words that a report says.

    ``at_hand``: everything lies in files, so reading more of it costs no server anything.
    """

    cluster: ClusterReader
    redactor: Redactor
    changes: tuple[ChangeSource, ...] = ()
    metrics: tuple[MetricSource, ...] = ()
    unconnected: tuple[str, ...] = ()
    at_hand: bool = False
    repositories: tuple[SettingSource, ...] = ()
    named: NamedRepositories | None = None

    def within(self, incident: str) -> "Reader":
        """The same, with masks that belong to one incident."""
        return replace(self, redactor=self.redactor.within(incident))


@dataclass(frozen=True, slots=True)
class Order:
    """The circumstances of one approved write; everything in it is fixed, so a repeat sends the same bytes."""

    proposal_id: str
    approved_at: datetime
    resource_version: str
    audit_id: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """What write tools get: a reader, a cluster that can be changed, and the order to carry out."""

    reader: Reader
    cluster: ClusterWriter
    order: Order
