"""Pods that the API server refuses to make: quotas, policies, webhooks that are down, missing accounts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tools.analyzers.interface import Blame, Claim, cited, finding, finding_on, seen
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.objects import items, labels_of, mapping, ref_of
from tools.snapshot import Event, Snapshot, Topic, Workload
from tools.world import JsonObject

C = Category
_ENFORCES = "pod-security.kubernetes.io/enforce"
_REFUSED = ("FailedCreate", "ReplicaSetCreateError", "FailedUpdate")
_RESOURCES: frozenset[Topic] = frozenset({"memory limit", "memory request", "cpu limit", "cpu request", "other"})


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way of being refused: by which words it is known, and what a person has to do."""

    category: Category
    words: re.Pattern[str]
    what: str
    why: str
    topics: frozenset[Topic] = frozenset({"other"})


_QUOTA = _Kind(
    C.QUOTA_EXCEEDED,
    re.compile(r"exceeded quota: (?P<name>[^,\s]+)"),
    "the quota {name} is used up",
    "The namespace has a ResourceQuota, and the pods this controller wants would exceed it. Raise the quota, free some "
    "of it, or ask for less.",
    _RESOURCES,
)
_KINDS = (
    _Kind(
        C.ADMISSION_WEBHOOK_FAILURE,
        re.compile(r"failed calling webhook \\?\"?(?P<name>[^\s\"\\:]+)", re.IGNORECASE),
        "the admission webhook {name} does not answer",
        "Before it makes a pod the API server asks this webhook, and it cannot be called, so every such pod is refused "
        "(failurePolicy: Fail). Bring the service behind the webhook back. If that takes long, somebody may take its "
        "webhook configuration away or set failurePolicy to Ignore, which also takes away what it checks.",
    ),
    _QUOTA,
    _Kind(
        C.QUOTA_EXCEEDED,
        re.compile(r"failed quota: (?P<name>[^:,\s]+): must specify"),
        "the quota {name} asks every pod for requests or limits, and these have none",
        "A ResourceQuota on CPU or memory refuses pods that do not say how much they want. Give the containers these "
        "requests and limits, or the namespace a LimitRange with defaults.",
        _RESOURCES,
    ),
    _Kind(
        C.QUOTA_EXCEEDED,
        re.compile(r"(?:maximum|minimum) (?P<name>\S+) usage per|(?:limit to request ratio) per"),
        "a LimitRange does not allow that much or that little {name}",
        "The namespace has a LimitRange, and what a container asks for is outside of it. Change the container's "
        "requests and limits, or the LimitRange.",
        _RESOURCES,
    ),
    _Kind(
        C.POD_SECURITY_DENIED,
        re.compile(r"violates PodSecurity \\?\"?(?P<name>[\w:.-]+)"),
        "the pod security level {name} of the namespace forbids them",
        "The namespace enforces a pod security standard, and the pod template asks for something it forbids; the "
        "message names each point. Change the securityContext of the template. Only loosen the namespace's label "
        "pod-security.kubernetes.io/enforce if the pods really need it.",
    ),
    _Kind(
        C.POD_SECURITY_DENIED,
        re.compile(r"admission webhook \\?\"?(?P<name>[^\s\"\\]+?)\\?\"? denied the request", re.IGNORECASE),
        "the policy webhook {name} denies them",
        "A policy of the cluster refuses the pods; its message says which rule and why. Change the pod template so "
        "that it keeps the rule, or have the policy's owners allow an exception.",
        frozenset({"other", "image", "memory limit", "memory request", "cpu limit", "cpu request", "environment"}),
    ),
    _Kind(
        C.POD_SECURITY_DENIED,
        re.compile(
            r"ValidatingAdmissionPolicy '(?P<name>[^']+)'.{0,200}denied|unable to validate against any (?P<psp>\w+)"
        ),
        "a policy ({name}) denies them",
        "A policy of the cluster refuses the pods; its message says which rule. Change the pod template so that it "
        "keeps the rule, or have the policy's owners allow an exception.",
        frozenset({"other", "image", "memory limit", "memory request", "cpu limit", "cpu request"}),
    ),
    _Kind(
        C.SERVICE_ACCOUNT_MISSING,
        re.compile(r"serviceaccount \\?\"?(?P<name>[a-z0-9][-a-z0-9.]*)\\?\"? not found", re.IGNORECASE),
        "their service account {name} does not exist",
        "The pod template names a service account that is not in the namespace. Create it, or correct "
        "serviceAccountName. The controller tries again by itself.",
    ),
    _Kind(
        C.BAD_ROLLOUT_CONFIG,
        re.compile(r"no PriorityClass with name (?P<name>\S+) was found|is invalid: (?P<field>\S+):"),
        "the pod template is not valid ({name})",
        "The pod template holds a value that the API server does not accept; the message names it. Correct it.",
        frozenset({"other", "scheduling", "ports", "config source"}),
    ),
)


def refused(snapshot: Snapshot) -> Iterator[Finding]:
    """The controller wants pods, and the API server does not let it make them."""
    by_webhook: dict[str, list[tuple[Workload, str]]] = {}
    for workload in snapshot.workloads:
        told = _refusals(workload, snapshot)
        message = next((str(each.message) for each in told), None) or _condition(workload)
        kind, match = next(((each, found) for each in _KINDS if (found := each.words.search(message))), (None, None))
        if kind is None or match is None or not _lacks(workload):
            continue
        name = next((each for each in match.groups() if each), "it")
        because = _behind(message, name, snapshot) if kind.category is C.ADMISSION_WEBHOOK_FAILURE else ()
        if because:
            by_webhook.setdefault(name, []).append((workload, message))
        yield finding(workload, _claim(workload, kind, name, message, told, because, snapshot))
    for name, sufferers in by_webhook.items():
        yield _webhook(name, sufferers, snapshot)


def _claim(  # noqa: PLR0913 - what was found out about one refusal
    workload: Workload,
    kind: _Kind,
    name: str,
    message: str,
    told: list[Event],
    because: tuple[ObjectRef, ...],
    snapshot: Snapshot,
) -> Claim:
    return Claim(
        category=kind.category,
        summary=f"no new pods ({_counts(workload)}), as {kind.what.format(name=name)}: {message}",
        explanation=f"The API server refuses the pods of this controller, as {kind.what.format(name=name)}. {kind.why} "
        "Restarting asks for the same and is refused again.",
        evidence=cited(
            (each.evidence for each in told),
            [_words(workload, message, snapshot)],
            _named(kind, name, workload, snapshot),
        ),
        confidence=0.92,
        pods=(),
        since=min((each.first_at for each in told if each.first_at), default=None),
        blame=_blame(workload, told, kind.topics),
        because=because,
    )


def _refusals(workload: Workload, snapshot: Snapshot) -> list[Event]:
    """What the API server said to the controller lately, the newest first."""
    found = [each for each in workload.told if each.reason in _REFUSED and each.kind == "Warning"]
    recent = [each for each in found if each.last_at is None or _is_recent(each.last_at, snapshot)]
    return sorted(recent, key=lambda each: each.last_at.timestamp() if each.last_at else 0.0, reverse=True)


def _is_recent(when: datetime, snapshot: Snapshot) -> bool:
    # Controllers try again after at most a quarter of an hour.
    return snapshot.observed_at - when <= snapshot.thresholds.recent


def _condition(workload: Workload) -> str:
    failure = workload.deployment.replica_failure if workload.deployment else None
    return str(failure or "")


def _lacks(workload: Workload) -> bool:
    deployment = workload.deployment
    if deployment is not None:
        return deployment.available < deployment.desired or deployment.updated < deployment.desired
    return workload.desired is None or workload.ready < workload.desired


def _counts(workload: Workload) -> str:
    deployment = workload.deployment
    if deployment is not None:
        return f"{deployment.available} of {deployment.desired}"
    return f"{workload.ready} of {workload.desired}" if workload.desired is not None else "none can be made"


def _words(workload: Workload, message: str, snapshot: Snapshot) -> Evidence:
    if workload.deployment is not None:
        return workload.deployment.evidence
    raw = workload.raw or {"kind": workload.ref.kind, "metadata": _metadata(workload.ref)}
    return seen(snapshot, raw, f"{_counts(workload)} pods ready; {message}")


def _metadata(ref: ObjectRef) -> JsonObject:
    return {"name": ref.name, "namespace": ref.namespace} if ref.namespace else {"name": ref.name}


def _named(kind: _Kind, name: str, workload: Workload, snapshot: Snapshot) -> Iterator[Evidence]:
    """The quota or the webhook that the message names, as it stands now."""
    quota = snapshot.find("ResourceQuota", workload.ref.namespace, name) if kind.category is C.QUOTA_EXCEEDED else None
    if quota is not None:
        hard, used = mapping(quota, "status", "hard"), mapping(quota, "status", "used")
        rows = ", ".join(f"{key} {used.get(key, 0)} of {hard[key]}" for key in sorted(hard))
        yield seen(snapshot, quota, f"used: {rows}")
    space = snapshot.find("Namespace", None, workload.ref.namespace or "")
    enforced = labels_of(space or {}).get(_ENFORCES)
    if kind.category is C.POD_SECURITY_DENIED and space is not None and enforced:
        yield seen(snapshot, space, f"{_ENFORCES}={enforced}")
    if kind.category is C.ADMISSION_WEBHOOK_FAILURE:
        found = _configuration(name, snapshot)
        if found is not None:
            yield _of_configuration(*found, snapshot)


def _blame(workload: Workload, told: list[Event], topics: frozenset[Topic]) -> Blame | None:
    """The newest release, when its own ReplicaSet is the one that is refused and it changed what is refused."""
    releases = workload.deployment.releases if workload.deployment else ()
    if len(releases) < 2 or not told:
        return None
    newest, older = releases[0], releases[1]
    is_its = told[0].subject.kind == "ReplicaSet" and told[0].subject.name == newest.replica_set
    if not is_its or newest.came_back or not newest.changed & topics or older.ready == 0:
        return None
    return Blame(newest, older, True)


# ---- webhooks -------------------------------------------------------------------------------------------------------


def _configuration(hook: str, snapshot: Snapshot) -> tuple[JsonObject, JsonObject] | None:
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for each in snapshot.of(kind):
            for one in items(each, "webhooks"):
                if one.get("name") == hook:
                    return each, one
    return None


def _of_configuration(configuration: JsonObject, hook: JsonObject, snapshot: Snapshot) -> Evidence:
    service = mapping(hook, "clientConfig", "service")
    where = f"service {service.get('namespace')}/{service.get('name')}" if service else "a URL outside the cluster"
    text = f"webhook {hook.get('name')} calls {where}, failurePolicy {hook.get('failurePolicy', 'Fail')}"
    return seen(snapshot, configuration, text)


_POST = re.compile(r"https://(?P<name>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc[.:/]")


def _behind(message: str, hook: str, snapshot: Snapshot) -> tuple[ObjectRef, ...]:
    """The webhook's configuration, its Service and what runs behind that, as far as they were read."""
    found = _configuration(hook, snapshot)
    refs = [ref_of(str(found[0].get("kind")), found[0])] if found else []
    post = _POST.search(message)
    service = mapping(found[1], "clientConfig", "service") if found else {}
    namespace = str(service.get("namespace") or (post["namespace"] if post else ""))
    name = str(service.get("name") or (post["name"] if post else ""))
    if name:
        refs.append(ObjectRef("Service", namespace, name))
        selector = mapping(snapshot.find("Service", namespace, name) or {}, "spec", "selector")
        for workload in snapshot.workloads:
            labels = mapping(workload.template, "metadata", "labels")
            if selector and workload.ref.namespace == namespace and selector.items() <= labels.items():
                refs.append(workload.ref)
    return tuple(refs)


def _webhook(name: str, sufferers: list[tuple[Workload, str]], snapshot: Snapshot) -> Finding:
    """The webhook is itself what has to be mended: its configuration, or its Service where that was not read."""
    message = sufferers[0][1]
    found = _configuration(name, snapshot)
    behind = _behind(message, name, snapshot)
    subject = ref_of(str(found[0]["kind"]), found[0]) if found else behind[0]
    workloads = tuple(each.ref for each, _ in sufferers)
    who = f"{len(workloads)} controllers" if len(workloads) > 1 else str(workloads[0])
    claim = Claim(
        category=C.ADMISSION_WEBHOOK_FAILURE,
        summary=f"the admission webhook {name} does not answer, so {who} cannot make pods: {message}",
        explanation="Before it makes a pod the API server asks this webhook, and it cannot be called, so every such "
        "pod is refused, whoever wants it. Pods that already run are not touched. Bring the service behind the webhook "
        "back; if that takes long, somebody may take the configuration away, and with it what it checks.",
        evidence=cited(
            [_of_configuration(*found, snapshot)] if found else (),
            (each.evidence for workload, _ in sufferers for each in _refusals(workload, snapshot)[:1]),
            (_words(workload, text, snapshot) for workload, text in sufferers[:1]),
        ),
        confidence=0.93,
        pods=(),
        affected=workloads,
        because=tuple(each for each in behind if each != subject),
    )
    return finding_on(subject, claim)
