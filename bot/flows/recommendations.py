"""What a person can do about each kind of trouble: one to three sentences, by the finding's category and remedy."""

from collections.abc import Callable, Mapping, Sequence

from bot.domain import IncidentReport, Remediation, WantedChange
from safety.actions import ActionKind
from safety.redaction import Redacted
from tools.evidence import Category, Finding, Remedy, SeenObject

C = Category
MOST = 3

# {name} and {subject} are the object that the finding is about.
_FOR: Mapping[Category, tuple[str, ...]] = {
    C.ADMISSION_MUTATION: ("Correct the webhook or policy that changes the pods of {name}, or exempt {name} from it.",),
    C.ADMISSION_WEBHOOK_FAILURE: (
        "Bring the webhook's own service back.",
        "If it cannot be brought back soon, ask its owner whether it may be switched off until then.",
    ),
    C.ANTI_AFFINITY_CONFLICT: ("Add a node, ask for fewer replicas of {name}, or ease its anti-affinity rule.",),
    C.APP_CONFIG_ERROR: ("Correct the setting that the log of {name} names, and roll it out.",),
    C.APP_CRASH: ("Read the last lines of the log of {name} before it ended, and mend the fault they name.",),
    C.BAD_ROLLOUT_CONFIG: ("Correct the setting that the newest release of {name} brought, and roll it out again.",),
    C.CERTIFICATE_EXPIRED: ("Renew the certificate.", "Check why it was not renewed by itself."),
    C.CONFIG_CHANGE_REGRESSION: ("Put back the setting that was changed, and start the pods of {name} anew.",),
    C.CONNECTION_POOL_EXHAUSTED: (
        "Find out who holds the connections, and free those that are idle.",
        "Raise the limit of connections, or make each pod of {name} open fewer.",
    ),
    C.CONTAINER_RUNTIME_UNAVAILABLE: ("Start the container runtime on the node anew, or replace the node.",),
    C.CPU_THROTTLING: ("Raise the CPU limit of {name}, or add replicas.",),
    C.CRONJOB_NOT_COMPLETING: ("Mend what the log of the last job names.", "Start one job by hand to see it end."),
    C.DATABASE_READ_ONLY: ("Point {name} at the database's writable instance, or make this one writable again.",),
    C.DEPENDENCY_UNREACHABLE: ("Bring back what {name} cannot reach.", "Then see whether {name} recovers by itself."),
    C.DNS_FAILURE: ("Look at the cluster's DNS pods and at what they forward to.",),
    C.EVICTED: ("Free what the node ran short of.", "Set requests and limits of {name} to what it really uses."),
    C.GATEWAY_MISROUTE: ("Correct the route so that it leads to a Service and port that exist.",),
    C.HIGH_LATENCY: ("Find the slow step in the traces or logs of {name} before anything is changed.",),
    C.HPA_CANNOT_SCALE: ("Give the autoscaler its metric back, or raise its maximum.",),
    C.IMAGE_AUTH: ("Correct the pull secret of {name}, or grant it the right to read the image.",),
    C.IMAGE_NOT_FOUND: ("Correct the image's name or tag in {name}, or push the image that it names.",),
    C.IMAGE_RATE_LIMITED: ("Wait for the registry's limit to pass, or pull with an account or through a mirror.",),
    C.IMAGE_REGISTRY_UNREACHABLE: ("Make the registry reachable from the nodes again, or pull from a mirror.",),
    C.INGRESS_BACKEND_MISSING: ("Correct the Service name or port in {name}, or create the Service that it names.",),
    C.INIT_CONTAINER_FAILED: ("Read the log of the init container of {name}, and mend the step that fails.",),
    C.INSUFFICIENT_RESOURCES: ("Lower what {name} requests, or add a node that has room for it.",),
    C.INVALID_CREDENTIALS: ("Put the right credentials into the Secret of {name}.", "Then start its pods anew."),
    C.JOB_FAILED: ("Mend what the log of the last attempt of {name} names.", "Then start the job anew."),
    C.KUBE_PROXY_UNAVAILABLE: ("Bring kube-proxy back on the nodes that miss it.",),
    C.KUBELET_UNAVAILABLE: ("Start the kubelet on the node anew, or replace the node.",),
    C.LIVENESS_PROBE_FAILING: ("Find out from its log why {name} does not answer.", "Then judge the probe's patience."),
    C.LIVENESS_PROBE_MISCONFIG: ("Correct the port, path or times of the liveness probe of {name}.",),
    C.MEMORY_LEAK: ("Find what {name} keeps in memory, or go back to a release that does not.",),
    C.MISSING_CONFIGMAP: ("Create the ConfigMap or the key that {name} names, or correct the name.",),
    C.MISSING_ENV_VAR: ("Set the environment variable that {name} asks for, and roll it out.",),
    C.MISSING_SECRET: ("Create the Secret or the key that {name} names, or correct the name.",),
    C.NETWORK_DEGRADED: ("Look at the network between the nodes: lost packets, the CNI's pods, a node's link.",),
    C.NETWORK_POLICY_BLOCK: ("Let the NetworkPolicy admit the traffic that {name} needs.",),
    C.NODE_CORDONED: ("Uncordon the node when its maintenance is over, or add another one.",),
    C.NODE_DISK_PRESSURE: ("Free disk space on the node, or replace it by one with a larger disk.",),
    C.NODE_MEMORY_PRESSURE: ("Move memory-hungry pods off the node.", "Set memory limits on those without one."),
    C.NODE_NOT_READY: ("Look at the node's kubelet and machine; drain and replace the node if it stays away.",),
    C.NODE_SELECTOR_MISMATCH: ("Correct the node selector of {name}, or label a node that fits.",),
    C.OOM_KILLED: ("Raise the memory limit of {name}, or make it use less.",),
    C.POD_DRIFT: ("Delete the pod that differs; its controller makes it anew as described.",),
    C.POD_SECURITY_DENIED: ("Adapt the security context of {name} to what the namespace demands.",),
    C.PORT_CONFLICT: ("Give {name} a host port that is free, or do without one.",),
    C.PROTOCOL_MISMATCH: ("Make both sides speak the same protocol: TLS or plain, HTTP/1 or HTTP/2.",),
    C.PV_BOUND_ELSEWHERE: ("Release the volume from its other claim, or let {name} ask for another volume.",),
    C.PVC_MISMATCH: ("Correct the claim's size, access mode or class so that a volume fits.",),
    C.PVC_UNBOUND: ("Provide a volume for the claim, or mend the provisioner that should.",),
    C.QUOTA_EXCEEDED: ("Raise the quota, or free what it counts.", "Then wait: the controller tries again by itself."),
    C.RBAC_FORBIDDEN: ("Grant the service account of {name} the right that the message names.",),
    C.READINESS_PROBE_FAILING: ("Find out from its log why {name} is not ready.",),
    C.READINESS_PROBE_MISCONFIG: ("Correct the port, path or times of the readiness probe of {name}.",),
    C.ROLLOUT_STUCK: ("Mend what keeps the new pods of {name} from being ready, or go back to the last revision.",),
    C.SCALED_TO_ZERO: ("Scale {name} to the replicas it needs, and find out who set it to zero.",),
    C.SCHEDULER_UNAVAILABLE: ("Bring the scheduler back; pods wait until then.",),
    C.SERVICE_ACCOUNT_MISSING: ("Create the service account that {name} names, or correct the name.",),
    C.SERVICE_PORT_MISMATCH: ("Correct the target port of the Service, so that it is one the pods listen on.",),
    C.SERVICE_SELECTOR_MISMATCH: ("Correct the selector of the Service, so that it matches the pods' labels.",),
    C.SLOW_DEPENDENCY: ("Look at why the other side answers slowly, before {name} is changed.",),
    C.STALE_CREDENTIALS: ("Start the pods of {name} anew, so that they read the present credentials.",),
    C.STORAGE_CLASS_MISSING: ("Correct the storage class in the claim, or create the class that it names.",),
    C.STORAGE_FULL: ("Free space on the volume of {name}, or enlarge it.",),
    C.STUCK_TERMINATING: ("Find who should remove the finalizer or end the process, and bring that back.",),
    C.TAINT_NOT_TOLERATED: ("Give {name} a toleration, or remove the taint from a node that it may use.",),
    C.TRAFFIC_OVERLOAD: ("Add replicas of {name}, or hold back the callers that send too much.",),
    C.VOLUME_PERMISSION_DENIED: ("Give the user of {name} the right to write there, for example by fsGroup.",),
    C.WRONG_DEPENDENCY_ADDRESS: ("Correct the address in the settings of {name}, and roll it out.",),
    C.HEALTHY: ("Do nothing.",),
    C.NO_ISSUE: ("Do nothing.",),
    C.RECOVERED: ("Do nothing now, and keep an eye on it.",),
    C.ROLLOUT_IN_PROGRESS: ("Wait until the rollout is through.",),
    C.TRANSIENT: ("Wait and ask again if it stays.",),
}


def recommendations(found: Finding, cause: Finding | None, say: Callable[[str], Redacted]) -> tuple[Redacted, ...]:
    """At least one and at most three; what is only a symptom sends its reader to the cause."""
    if cause is not None:
        return (say(f"Mend {cause.subject} first: that is what this comes from."),)
    told = [_of_remedy(found.remedy)] if found.remedy is not None else []
    told += [each.format(name=found.subject.name, subject=found.subject) for each in _FOR[found.category]]
    return tuple(say(each) for each in told[:MOST])


# What the engine calls a remedy, as the action for the kind of object that it is about. A dead pod is removed and not
# evicted: that is decided on what is read of it just before it is proposed.
_ACTIONS: Mapping[tuple[str, str], ActionKind] = {
    ("restart", "Deployment"): "restart_deployment",
    ("restart", "StatefulSet"): "restart_stateful_set",
    ("restart", "DaemonSet"): "restart_daemon_set",
    ("rollback", "Deployment"): "rollback_deployment",
    ("rollback", "StatefulSet"): "rollback_stateful_set",
    ("rollback", "DaemonSet"): "rollback_daemon_set",
    ("scale", "Deployment"): "scale_deployment",
    ("delete-pod", "Pod"): "evict_pod",
}


def action_for(remediation: Remediation, objects: Sequence[SeenObject]) -> WantedChange | None:
    """The change that the evidence itself suggests, on an object that this investigation read; else nothing."""
    seen = next((each for each in objects if str(each.ref) == remediation.target), None)
    kind = _ACTIONS.get((remediation.class_, seen.ref.kind)) if seen else None
    if kind is None or seen is None or (kind == "scale_deployment" and remediation.to_replicas is None):
        return None
    return WantedChange(
        kind,
        seen.handle,
        remediation.why,
        remediation.to_revision,
        reason_by_rules=True,
        to_replicas=remediation.to_replicas,
    )


# Evidence whose words somebody other than the cluster may have written: programs, and people who change things.
_WORDED_BY_OTHERS = frozenset({"log", "event", "change", "repository"})


def rests_on_state(report: IncidentReport) -> bool:
    """Whether the cause is told by the state of objects and by measurements alone, so that no text can bring it up."""
    if report.root_cause is None:
        return False
    sources = {each.source for each in report.evidence if each.id in report.root_cause.evidence}
    return bool(sources) and not sources & _WORDED_BY_OTHERS


def _of_remedy(remedy: Remedy) -> str:
    match remedy.class_:
        case "rollback" if remedy.to_revision is not None:
            return f"Roll {remedy.target} back to revision {remedy.to_revision}."
        case "rollback":
            return f"Put {remedy.target} back to how it was before."
        case "restart":
            return f"Restart {remedy.target}."
        case "delete-pod":
            return f"Delete {remedy.target}; its controller makes a new one."
        case "scale" if remedy.replicas is not None:
            return f"Scale {remedy.target} to {remedy.replicas}."
        case _:
            return f"Scale {remedy.target}."
