"""Joins findings: of several on one object the one that explains most, and symptoms under what causes them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.evidence import Category, Finding, ObjectRef

C = Category
# From what explains most to what is only a consequence: of findings about as sure on one object the first one stays.
EXPLAINS: tuple[Category, ...] = (
    *(C.SCHEDULER_UNAVAILABLE, C.KUBELET_UNAVAILABLE, C.CONTAINER_RUNTIME_UNAVAILABLE, C.KUBE_PROXY_UNAVAILABLE),
    *(C.NODE_DISK_PRESSURE, C.NODE_MEMORY_PRESSURE, C.NODE_NOT_READY, C.NODE_CORDONED),
    *(C.ADMISSION_WEBHOOK_FAILURE, C.ADMISSION_MUTATION, C.POD_SECURITY_DENIED, C.SERVICE_ACCOUNT_MISSING),
    *(C.QUOTA_EXCEEDED, C.EVICTED, C.STUCK_TERMINATING),
    *(C.IMAGE_AUTH, C.IMAGE_RATE_LIMITED, C.IMAGE_NOT_FOUND, C.IMAGE_REGISTRY_UNREACHABLE),
    *(C.MISSING_SECRET, C.MISSING_CONFIGMAP),
    *(C.STORAGE_CLASS_MISSING, C.PVC_MISMATCH, C.PV_BOUND_ELSEWHERE, C.PVC_UNBOUND),
    *(C.TAINT_NOT_TOLERATED, C.NODE_SELECTOR_MISMATCH, C.ANTI_AFFINITY_CONFLICT, C.INSUFFICIENT_RESOURCES),
    *(C.PORT_CONFLICT, C.VOLUME_PERMISSION_DENIED, C.STORAGE_FULL, C.RBAC_FORBIDDEN, C.CERTIFICATE_EXPIRED),
    *(C.POD_DRIFT, C.STALE_CREDENTIALS, C.INVALID_CREDENTIALS, C.DATABASE_READ_ONLY, C.CONNECTION_POOL_EXHAUSTED),
    *(C.DNS_FAILURE, C.NETWORK_POLICY_BLOCK, C.SERVICE_SELECTOR_MISMATCH, C.SERVICE_PORT_MISMATCH),
    *(C.GATEWAY_MISROUTE, C.INGRESS_BACKEND_MISSING, C.PROTOCOL_MISMATCH, C.WRONG_DEPENDENCY_ADDRESS),
    *(C.MISSING_ENV_VAR, C.APP_CONFIG_ERROR, C.CONFIG_CHANGE_REGRESSION, C.BAD_ROLLOUT_CONFIG),
    *(C.MEMORY_LEAK, C.OOM_KILLED, C.DEPENDENCY_UNREACHABLE, C.INIT_CONTAINER_FAILED),
    *(C.LIVENESS_PROBE_MISCONFIG, C.LIVENESS_PROBE_FAILING, C.CRONJOB_NOT_COMPLETING, C.JOB_FAILED, C.APP_CRASH),
    *(C.READINESS_PROBE_MISCONFIG, C.READINESS_PROBE_FAILING, C.SCALED_TO_ZERO, C.HPA_CANNOT_SCALE),
    *(C.CPU_THROTTLING, C.NETWORK_DEGRADED, C.TRAFFIC_OVERLOAD, C.SLOW_DEPENDENCY, C.HIGH_LATENCY, C.ROLLOUT_STUCK),
    *(C.HEALTHY, C.NO_ISSUE, C.RECOVERED, C.ROLLOUT_IN_PROGRESS, C.TRANSIENT),
)
ABOUT_AS_SURE = 0.25


@dataclass(frozen=True, slots=True)
class Joined:
    """Findings in the order of weight: ``roots`` stand for themselves, ``symptoms`` are explained by one of them."""

    roots: tuple[Finding, ...]
    symptoms: tuple[tuple[Finding, Finding], ...]


def join(findings: Iterable[Finding]) -> Joined:
    """One finding for each object; then each symptom under its cause, the cause that explains most first."""
    kept = [_telling(each) for each in _by_subject(findings).values()]
    by_subject = {each.subject: each for each in kept}
    above = {each.subject: _cause_of(each, by_subject) for each in kept}
    if kept and None not in above.values():
        above[max(kept, key=lambda each: each.confidence).subject] = None  # a ring of causes is broken at the surest
    roots = [each for each in kept if above[each.subject] is None]
    symptoms = []
    for each in kept:
        cause = above[each.subject]
        if cause is not None:
            symptoms.append((each, _top(cause, above)))
    weight = {root.subject: sum(cause.subject == root.subject for _, cause in symptoms) for root in roots}
    roots.sort(key=lambda each: (-weight[each.subject], -each.confidence, -len(each.affected), each.subject))
    return Joined(tuple(roots), tuple(sorted(symptoms, key=lambda each: (-each[0].confidence, each[0].subject))))


def _by_subject(findings: Iterable[Finding]) -> dict[ObjectRef, list[Finding]]:
    found: dict[ObjectRef, list[Finding]] = defaultdict(list)
    for each in findings:
        found[each.subject].append(each)
    return found


def _telling(findings: Sequence[Finding]) -> Finding:
    surest = max(each.confidence for each in findings)
    close = [each for each in findings if each.confidence >= surest - ABOUT_AS_SURE]
    return min(close, key=lambda each: (EXPLAINS.index(each.category), -each.confidence))


def _cause_of(found: Finding, by_subject: dict[ObjectRef, Finding]) -> Finding | None:
    """The first object it names as a possible cause that has a fault of its own, and is not its symptom in turn.

    What only pods show that somebody changed by hand is explained by that. A guess does not explain what is certain.
    """
    suffering = [each for each in found.affected if each.kind == "Pod"]
    drifted = [each for each in map(by_subject.get, suffering) if each is not None and each.category is C.POD_DRIFT]
    if drifted and len(drifted) == len(suffering) and drifted[0].subject != found.subject:
        return drifted[0]
    for ref in found.because:
        cause = by_subject.get(ref)
        if cause is None or cause.subject == found.subject or found.subject in cause.because:
            continue
        if cause.confidence >= found.confidence - ABOUT_AS_SURE:
            return cause
    return None


def _top(cause: Finding, above: dict[ObjectRef, Finding | None]) -> Finding:
    """The end of the chain; a ring, which would be an analyzer's fault, ends where it began."""
    passed = {cause.subject}
    while (further := above.get(cause.subject)) is not None and further.subject not in passed:
        passed.add(further.subject)
        cause = further
    return cause


_OF_PLATFORM = frozenset({C.DNS_FAILURE, C.KUBE_PROXY_UNAVAILABLE, C.SCHEDULER_UNAVAILABLE})


def about(joined: Joined, namespace: str | None) -> Joined:
    """What concerns a namespace: faults in it, of what belongs to no namespace, and those that something in it shows.

    Other places are read to explain what is seen here, and their own troubles are not what was asked about.
    """
    if namespace is None:
        return joined

    def concerns(found: Finding) -> bool:
        refs = (found.subject, *found.affected)
        is_here = found.subject.namespace is None or any(each.namespace == namespace for each in refs)
        return is_here or found.category in _OF_PLATFORM

    kept = {cause.subject for found, cause in joined.symptoms if concerns(found)}
    roots = tuple(each for each in joined.roots if concerns(each) or each.subject in kept)
    subjects = {each.subject for each in roots}
    return Joined(roots, tuple(each for each in joined.symptoms if each[1].subject in subjects))
