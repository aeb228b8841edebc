"""Pods that run as their template does not say: something changed them on their way in, and they suffer from that."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tools.analyzers.interface import Claim, cited, count_words, failing, finding, logs_of, seen
from tools.analyzers.scheduling import waits_for
from tools.evidence import Category, Finding, ObjectRef
from tools.objects import (
    annotations_of,
    condition,
    containers_of,
    items,
    labels_of,
    mapping,
    name_of,
    owner_of,
    quantity,
    ref_of,
)
from tools.snapshot import Pod, Snapshot, Workload
from tools.world import JsonObject

_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_NOT_MADE = _PULLING | _CONFIG
_WORD = re.compile(r"[\w./-]{5,}")
_LIMIT_RANGER = "kubernetes.io/limit-ranger"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing in which a pod differs from its template; ``container`` is None for the whole pod.

    ``value`` is what a variable holds now: it is compared with logs and never shown.
    """

    container: str | None
    what: str
    text: str
    value: str = field(default="", repr=False)


def mutated(snapshot: Snapshot) -> Iterator[Finding]:
    """Every pod of a revision differs from its template in the same way, and fails by that very thing."""
    for workload in snapshot.workloads:
        pods = tuple(each for each in workload.pods if not each.going and each.reason != "Evicted")
        for pod in pods[:1]:
            template = _template_of(pod, workload, snapshot)
            guilty = [
                each
                for each in (_changes(pod, template) if template else ())
                if _is_everywhere(each, pod, template, workload, snapshot)
                and (_explains(each, pod, workload, snapshot) or _parts(each, pod, template, workload))
            ]
            if guilty:
                yield finding(workload, _claim(workload, pods, guilty, snapshot))


def came_changed(pods: Sequence[Pod], workload: Workload, snapshot: Snapshot) -> bool:
    """Whether something changed these pods as they were made, and not a person one of them afterwards.

    They are all there are since the first of them was made, and several, or carry the mark of what changes pods.
    """
    since = min((each.created_at for each in pods if each.created_at), default=None)
    alike = [each for each in workload.members if _revision(each) == _revision(pods[0]) and not each.going]
    newest = [each for each in alike if since and each.created_at and each.created_at >= since]
    if not newest or {each.ref for each in newest} != {each.ref for each in pods}:
        return False
    others = [each for each in alike if each not in newest]
    return len(pods) > 1 or bool(_marks(pods[0], others, workload, snapshot))


def _claim(workload: Workload, pods: tuple[Pod, ...], guilty: list[Change], snapshot: Snapshot) -> Claim:
    pod = pods[0]
    what = "; ".join(each.text for each in guilty[:3])
    hooks = list(_webhooks(snapshot))
    marks = _marks(pod, (), workload, snapshot)
    rules = tuple(ObjectRef("Policy", None, each) for value in marks.values() for each in _policies_of(value))
    names = ", ".join(dict.fromkeys([*(name_of(each) for each in hooks), *(each.name for each in rules)]))
    names = names or "a mutating webhook"
    by = f", as policy {' and '.join(each.name for each in rules)} made it" if rules else ""
    return Claim(
        category=Category.ADMISSION_MUTATION,
        summary=f"{count_words(workload, pods)} fail by what is not in their template{by}: {what}",
        explanation=f"The pods differ from the template of {workload.ref.kind} {workload.ref.name}: {what}. Something "
        f"changed them as they were made ({names}), and what it changed is what fails. Whoever runs that webhook has "
        "to correct what it injects, or the pods must be left out of it. A restart or an older revision would be "
        "changed in the same way.",
        evidence=cited(
            [seen(snapshot, {"kind": "Pod", **pod.raw}, f"differs from its template: {what}", part=":template")],
            (
                seen(snapshot, {"kind": "Pod", **pod.raw}, f"annotation {key}: {value}", part=f":{key}")
                for key, value in marks.items()
            ),
            (each.evidence for each in pods),
            logs_of(pods),
            (seen(snapshot, each, f"changes pods as they are made: {_hook_words(each)}") for each in hooks),
        ),
        confidence=0.9 if hooks or marks else 0.78,
        pods=pods,
        since=min((each.created_at for each in pods if each.created_at), default=None),
        because=(*(ref_of(str(each.get("kind")), each) for each in hooks), *rules),
    )


# ---- in what a pod differs ------------------------------------------------------------------------------------------


def _template_of(pod: Pod, workload: Workload, snapshot: Snapshot) -> JsonObject:
    """The template the pod was made from: that of its own revision, where it was read."""
    owner = owner_of(pod.raw)
    if owner is None:
        return {}
    if owner.kind == "ReplicaSet":
        return mapping(snapshot.find("ReplicaSet", owner.namespace, owner.name) or {}, "spec", "template")
    if owner.kind in ("StatefulSet", "DaemonSet"):
        drawn = labels_of(pod.raw).get("controller-revision-hash", "-")
        for each in snapshot.of("ControllerRevision", owner.namespace):
            if name_of(each) in (drawn, f"{owner.name}-{drawn}"):
                return mapping(each, "data", "spec", "template")
        return {}
    return workload.template if owner.kind == "Job" else {}


def _changes(pod: Pod, template: JsonObject) -> Iterator[Change]:
    wanted = {str(each.get("name")): each for each in containers_of(template)}
    if not wanted:
        return
    for container in containers_of({"kind": "Pod", **pod.raw}):
        name = str(container.get("name"))
        before = wanted.get(name)
        if before is None:
            yield Change(name, "container", f"container {name} (image {container.get('image')}) was added")
        else:
            yield from _of_container(name, before, container, pod)
    # The DaemonSet controller itself ties each pod to its node by affinity.
    is_of_daemon = pod.owner is not None and pod.owner.kind == "DaemonSet"
    for key in ("nodeSelector",) if is_of_daemon else ("nodeSelector", "affinity"):
        was, now = mapping(template, "spec", key), mapping(pod.raw, "spec", key)
        if now and now != was:
            yield Change(None, "placement", f"{key} was set to {now}")


def _of_container(name: str, before: JsonObject, after: JsonObject, pod: Pod) -> Iterator[Change]:
    if after.get("image") != before.get("image"):
        yield Change(name, "image", f"image {before.get('image')} became {after.get('image')}")
    # Webhooks add and change; what a pod lacks that its template has was most often just not written down.
    for key in ("command", "args"):
        if items(after, key) and items(after, key) != items(before, key):
            yield Change(name, "command", f"{key} of {name} was changed")
    yield from _of_environment(name, before, after)
    if mapping(after, "securityContext") and mapping(after, "securityContext") != mapping(before, "securityContext"):
        yield Change(name, "security", f"securityContext of {name} was changed")
    yield from _of_resources(name, before, after, pod)


def _of_environment(name: str, before: JsonObject, after: JsonObject) -> Iterator[Change]:
    was, now = ({str(each.get("name")): each for each in items(side, "env")} for side in (before, after))
    for key in sorted(now):
        if now[key] != was.get(key):
            how = "changed" if key in was else "added"
            yield Change(name, "environment", f"variable {key} of {name} was {how}", str(now[key].get("value") or ""))
    if items(after, "envFrom") and items(after, "envFrom") != items(before, "envFrom"):
        yield Change(name, "environment", f"environment sources of {name} were changed")


def _of_resources(name: str, before: JsonObject, after: JsonObject, pod: Pod) -> Iterator[Change]:
    by_range = _LIMIT_RANGER in annotations_of(pod.raw)
    for group in ("limits", "requests"):
        was, now = mapping(before, "resources", group), mapping(after, "resources", group)
        # A container with limits alone is given requests to match, and a LimitRange fills in what is left out.
        implied = mapping(before, "resources", "limits") if group == "requests" else {}
        for key in sorted(now):
            old = was.get(key, implied.get(key))
            if old is None and by_range:
                continue
            if old is None or quantity(old) != quantity(now[key]):
                told = f"{key} {group[:-1]} of {name} became {now[key]} (template: {old or 'none'})"
                yield Change(name, f"{key} {group}", told)


def _is_everywhere(change: Change, pod: Pod, template: JsonObject, workload: Workload, snapshot: Snapshot) -> bool:
    """Whether all pods of the same revision have it: one that alone differs was changed by hand afterwards.

    Those that are older than the first that has it may lack it, as they were made before the webhook came: nobody can
    add a container to a pod that runs, and nobody changes several by hand in the same way.
    """
    having, alike = _having(change, pod, template, workload)
    return len(having) == len(alike) or (
        (change.what == "container" and len(having) == len(_since_first(having, alike)))
        or came_changed(having, workload, snapshot)
    )


def _parts(change: Change, pod: Pod, template: JsonObject, workload: Workload) -> bool:
    """Whether it parts the pods that are not well from those that are: all that lack it are ready, none that has it."""
    having, alike = _having(change, pod, template, workload)
    lacking = [each for each in alike if each not in having]
    return bool(lacking) and all(map(_is_ready, lacking)) and not any(map(_is_ready, having))


def _having(change: Change, pod: Pod, template: JsonObject, workload: Workload) -> tuple[list[Pod], list[Pod]]:
    """Of the pods of the same revision those that have a change, and all."""
    alike = [each for each in workload.members if each.raw and _revision(each) == _revision(pod) and not each.going]
    return [each for each in alike if change in list(_changes(each, template))], alike


def _since_first(having: list[Pod], alike: list[Pod]) -> list[Pod]:
    first = min((each.created_at for each in having if each.created_at), default=None)
    return [each for each in alike if first is None or each.created_at is None or each.created_at >= first]


def _is_ready(pod: Pod) -> bool:
    return condition(pod.raw, "Ready").get("status") == "True"


def _revision(pod: Pod) -> tuple[str | None, str | None]:
    labels = labels_of(pod.raw)
    return labels.get("pod-template-hash"), labels.get("controller-revision-hash")


# ---- whether that is why it fails -----------------------------------------------------------------------------------


def _explains(change: Change, pod: Pod, workload: Workload, snapshot: Snapshot) -> bool:
    if change.container is None or change.what.endswith("requests"):
        return bool(waits_for(pod)) and _speaks_of_place(change, pod)
    container = next((each for each in pod.containers if each.name == change.container), None)
    if container is None:
        return False
    if change.what == "memory limits":
        return container.ended is not None and container.ended.reason == "OOMKilled"
    crashes = any(one.ref == pod.ref and each.name == container.name for one, each in failing(workload, snapshot))
    suffers = crashes or (container.state == "running" and not container.ready)
    if change.what in ("container", "image", "command"):
        return suffers or container.reason in _NOT_MADE
    tells = _is_named(change, pod) if change.what == "environment" else change.what == "security" and _is_denied(pod)
    return (tells and suffers) or (change.what in ("environment", "security") and container.reason in _CONFIG)


def _speaks_of_place(change: Change, pod: Pod) -> bool:
    words = waits_for(pod).lower()
    if change.what == "placement":
        return "affinity" in words or "selector" in words
    return f"insufficient {change.what.split()[0]}" in words


def _is_named(change: Change, pod: Pod) -> bool:
    """Whether the log speaks of the variable or of what it holds; without that the program may fail by anything."""
    words = [change.text.split()[1], *(each.strip("/") for each in _WORD.findall(change.value))]
    return any(word in each.text for word in words for each in pod.logs)


def _is_denied(pod: Pod) -> bool:
    return any("permission" in each.text.lower() or "read-only file system" in each.text.lower() for each in pod.logs)


# ---- who did it -----------------------------------------------------------------------------------------------------


def _webhooks(snapshot: Snapshot) -> Iterator[JsonObject]:
    """The configurations that change pods as they are made."""
    for each in snapshot.of("MutatingWebhookConfiguration"):
        if any(_is_about_pods(rule) for hook in items(each, "webhooks") for rule in items(hook, "rules")):
            yield each


def _is_about_pods(rule: JsonObject) -> bool:
    resources, operations = items(rule, "resources"), items(rule, "operations")
    return bool({"pods", "*", "*/*"} & set(resources)) and bool({"CREATE", "*"} & set(operations))


def _hook_words(configuration: JsonObject) -> str:
    return ", ".join(str(each.get("name")) for each in items(configuration, "webhooks"))


# Annotations that engines put on the pods they change, by the domain of the key.
_ENGINES = ("kyverno.io", "gatekeeper.sh", "istio.io", "linkerd.io", "vault.hashicorp.com", "keda.sh", "dapr.io")
_POLICY = re.compile(r"^[a-z0-9-]+\.([a-z0-9-]+)\.kyverno\.io:", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


def _marks(pod: Pod, others: Sequence[Pod], workload: Workload, snapshot: Snapshot) -> dict[str, str]:
    """The annotations of what changes pods that neither its template nor the ``others`` have."""
    known = annotations_of(workload.template)
    hooked = [str(each.get("name")) for hook in _webhooks(snapshot) for each in items(hook, "webhooks")]
    found = {}
    for key, value in annotations_of(pod.raw).items():
        domain = key.partition("/")[0] if "/" in key else ""
        is_engine = any(domain == each or domain.endswith(f".{each}") for each in _ENGINES)
        is_hook = domain.count(".") > 0 and any(each == domain or each.endswith(f".{domain}") for each in hooked)
        if (is_engine or is_hook) and key not in known and not any(key in annotations_of(one.raw) for one in others):
            found[key] = value
    return found


def _policies_of(value: str) -> list[str]:
    """The policies that an annotation names: rule and policy as Kyverno writes them, or one plain name."""
    told = _POLICY.findall(value)
    is_name = _NAME.fullmatch(value) is not None and ("-" in value) and len(value) <= 63
    return list(dict.fromkeys(told)) or ([value] if is_name else [])
