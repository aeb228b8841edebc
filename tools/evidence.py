"""Evidence (what was seen, where, when) and Finding (a claim, its evidence, how sure)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

from safety.redaction import Redacted

EvidenceId = NewType("EvidenceId", str)
EVIDENCE_LIMIT = 400


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """Names one Kubernetes object; prints as ``Kind/namespace/name``, or ``Kind/name`` for cluster-scoped kinds."""

    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class SeenObject:
    """An object this investigation itself read; its handle (``O1`` …) is the only way a model can name a target."""

    handle: str
    ref: ObjectRef
    uid: str
    generation: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen. ``text`` is redacted and always untrusted; ``at`` is when it happened, if known."""

    id: EvidenceId
    source: str
    ref: str
    at: datetime | None
    text: Redacted


def evidence(source: str, ref: ObjectRef, text: Redacted, when: datetime | None, part: str = "") -> Evidence:
    """Evidence with a provisional id that says where it is from; ``part`` tells apart what one object gave."""
    return Evidence(EvidenceId(f"{source}:{ref}{part}"), source, str(ref), when, text.shorten(EVIDENCE_LIMIT))


RemedyClass = Literal["restart", "rollback", "scale", "delete-pod"]


@dataclass(frozen=True, slots=True)
class Remedy:
    """The change that would remove the cause. Only what code derived: a person still has to approve it."""

    class_: RemedyClass
    target: ObjectRef
    why: Redacted
    to_revision: int | None = None
    replicas: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim about one object. ``confidence`` is 0–1; what it claims is shown by ``evidence``, never empty.

    ``affected`` are the objects that suffer, pods or workloads. ``because`` are objects whose own fault, if one is
    found, explains this one: then this is a symptom. ``culprit`` is the id of the change that brought it.
    """

    id: str
    category: "Category"
    subject: ObjectRef
    summary: Redacted
    explanation: Redacted
    evidence: tuple[Evidence, ...]
    confidence: float
    since: datetime | None = None
    affected: tuple[ObjectRef, ...] = ()
    because: tuple[ObjectRef, ...] = ()
    culprit: str | None = None
    remedy: Remedy | None = None
    ruled_out: tuple[Redacted, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed on purpose: a rollout, a pull request, a configuration. ``why`` says what it touched.

    ``suspected`` only when evidence ties it to a cause; ``evidence`` is what shows that it happened; ``series`` names
    the branch and the tickets that it is a part of.
    """

    id: str
    kind: str
    title: Redacted
    at: datetime | None
    by: Redacted | None
    why: Redacted
    evidence: Evidence
    subject: ObjectRef | None = None
    suspected: bool = False
    series: tuple[str, ...] = ()


class Category(StrEnum):
    """The words for root causes."""

    ADMISSION_MUTATION = "admission_mutation"
    ADMISSION_WEBHOOK_FAILURE = "admission_webhook_failure"
    ANTI_AFFINITY_CONFLICT = "anti_affinity_conflict"
    APP_CONFIG_ERROR = "app_config_error"
    APP_CRASH = "app_crash"
    BAD_ROLLOUT_CONFIG = "bad_rollout_config"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CONFIG_CHANGE_REGRESSION = "config_change_regression"
    CONNECTION_POOL_EXHAUSTED = "connection_pool_exhausted"
    CONTAINER_RUNTIME_UNAVAILABLE = "container_runtime_unavailable"
    CPU_THROTTLING = "cpu_throttling"
    CRONJOB_NOT_COMPLETING = "cronjob_not_completing"
    DATABASE_READ_ONLY = "database_read_only"
    DEPENDENCY_UNREACHABLE = "dependency_unreachable"
    DNS_FAILURE = "dns_failure"
    EVICTED = "evicted"
    GATEWAY_MISROUTE = "gateway_misroute"
    HIGH_LATENCY = "high_latency"
    HPA_CANNOT_SCALE = "hpa_cannot_scale"
    IMAGE_AUTH = "image_auth"
    IMAGE_NOT_FOUND = "image_not_found"
    IMAGE_RATE_LIMITED = "image_rate_limited"
    IMAGE_REGISTRY_UNREACHABLE = "image_registry_unreachable"
    INGRESS_BACKEND_MISSING = "ingress_backend_missing"
    INIT_CONTAINER_FAILED = "init_container_failed"
    INSUFFICIENT_RESOURCES = "insufficient_resources"
    INVALID_CREDENTIALS = "invalid_credentials"
    JOB_FAILED = "job_failed"
    KUBE_PROXY_UNAVAILABLE = "kube_proxy_unavailable"
    KUBELET_UNAVAILABLE = "kubelet_unavailable"
    LIVENESS_PROBE_FAILING = "liveness_probe_failing"
    LIVENESS_PROBE_MISCONFIG = "liveness_probe_misconfig"
    MEMORY_LEAK = "memory_leak"
    MISSING_CONFIGMAP = "missing_configmap"
    MISSING_ENV_VAR = "missing_env_var"
    MISSING_SECRET = "missing_secret"
    NETWORK_DEGRADED = "network_degraded"
    NETWORK_POLICY_BLOCK = "network_policy_block"
    NODE_CORDONED = "node_cordoned"
    NODE_DISK_PRESSURE = "node_disk_pressure"
    NODE_MEMORY_PRESSURE = "node_memory_pressure"
    NODE_NOT_READY = "node_not_ready"
    NODE_SELECTOR_MISMATCH = "node_selector_mismatch"
    OOM_KILLED = "oom_killed"
    POD_DRIFT = "pod_drift"
    POD_SECURITY_DENIED = "pod_security_denied"
    PORT_CONFLICT = "port_conflict"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    PV_BOUND_ELSEWHERE = "pv_bound_elsewhere"
    PVC_MISMATCH = "pvc_mismatch"
    PVC_UNBOUND = "pvc_unbound"
    QUOTA_EXCEEDED = "quota_exceeded"
    RBAC_FORBIDDEN = "rbac_forbidden"
    READINESS_PROBE_FAILING = "readiness_probe_failing"
    READINESS_PROBE_MISCONFIG = "readiness_probe_misconfig"
    ROLLOUT_STUCK = "rollout_stuck"
    SCALED_TO_ZERO = "scaled_to_zero"
    SCHEDULER_UNAVAILABLE = "scheduler_unavailable"
    SERVICE_ACCOUNT_MISSING = "service_account_missing"
    SERVICE_PORT_MISMATCH = "service_port_mismatch"
    SERVICE_SELECTOR_MISMATCH = "service_selector_mismatch"
    SLOW_DEPENDENCY = "slow_dependency"
    STALE_CREDENTIALS = "stale_credentials"
    STORAGE_CLASS_MISSING = "storage_class_missing"
    STORAGE_FULL = "storage_full"
    STUCK_TERMINATING = "stuck_terminating"
    TAINT_NOT_TOLERATED = "taint_not_tolerated"
    TRAFFIC_OVERLOAD = "traffic_overload"
    VOLUME_PERMISSION_DENIED = "volume_permission_denied"
    WRONG_DEPENDENCY_ADDRESS = "wrong_dependency_address"
    HEALTHY = "healthy"
    NO_ISSUE = "no_issue"
    RECOVERED = "recovered"
    ROLLOUT_IN_PROGRESS = "rollout_in_progress"
    TRANSIENT = "transient"
