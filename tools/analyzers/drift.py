"""Single pods that no longer are what their controller made: edited by hand, cut off from it, or left over."""

from collections.abc import Iterator

from tools.analyzers.interface import Claim, cited, finding_on, logs_of, seen
from tools.analyzers.mutation import came_changed
from tools.evidence import Category, Finding, Remedy
from tools.objects import containers_of, items, labels_of, mapping, name_of, part, template_of
from tools.snapshot import Pod, Snapshot, Workload
from tools.world import JsonObject


def drifted(snapshot: Snapshot) -> Iterator[Finding]:
    """Of several pods of one workload few differ from its template, and the others do not."""
    for workload in snapshot.workloads:
        pods = [each for each in workload.members if not each.going and each.phase in ("Running", "Pending")]
        odd = {pod: found for pod in pods if (found := _differences(pod, workload, snapshot))}
        if 0 < len(odd) < len(pods) and not _came_so(odd, workload, snapshot):
            for pod, found in odd.items():
                yield _finding(pod, workload, found, snapshot)


def _came_so(odd: dict[Pod, list[str]], workload: Workload, snapshot: Snapshot) -> bool:
    """Whether they differ alike since they were made: the next one would too, so deleting them does not help."""
    ways = {tuple(each) for each in odd.values()}
    return len(ways) == 1 and came_changed(tuple(odd), workload, snapshot)


def _finding(pod: Pod, workload: Workload, found: list[str], snapshot: Snapshot) -> Finding:
    what = "; ".join(found[:3])
    claim = Claim(
        category=Category.POD_DRIFT,
        summary=f"pod {pod.ref.name} is not what {workload.ref} makes: {what}",
        explanation=f"All other pods of {workload.ref.name} are as its template says; this one differs ({what}). "
        "Somebody changed it by hand, and its controller does not change it back. It behaves differently from the "
        "others. Delete it, and its controller makes a new one from the template.",
        evidence=cited([seen(snapshot, pod.raw, what, part=":drift")], [pod.evidence], logs_of([pod])),
        confidence=0.82,
        pods=(),
        affected=(workload.ref,),
        remedy=Remedy("delete-pod", pod.ref, snapshot.say("its controller makes a new one as the template says")),
    )
    return finding_on(pod.ref, claim)


def _differences(pod: Pod, workload: Workload, snapshot: Snapshot) -> list[str]:
    """What a pod has otherwise than the template it was made of; what the cluster adds to every pod is left out."""
    template = _template(pod, workload, snapshot)
    if not template:
        return []
    wanted = {str(each.get("name")): each for each in containers_of(template)}
    found = []
    for each in containers_of(pod.raw):
        made = wanted.get(str(each.get("name")))
        if made is not None:
            found += _of_container(each, made)
    missing = labels_of(template).items() - labels_of(pod.raw).items()
    found += [f"label {key} is {labels_of(pod.raw).get(key, 'gone')}, not {value}" for key, value in sorted(missing)]
    return found


def _of_container(pod: JsonObject, template: JsonObject) -> list[str]:
    name, found = pod.get("name"), []
    if pod.get("image") != template.get("image"):
        found.append(f"container {name} runs image {pod.get('image')}, not {template.get('image')}")
    for field in ("command", "args"):
        if items(template, field) and items(pod, field) != items(template, field):
            found.append(f"container {name} has another {field}")
    was, now = ({str(each.get("name")): each.get("value") for each in items(side, "env")} for side in (template, pod))
    changed = sorted(key for key in was if was[key] != now.get(key, was[key]) or key not in now)
    if changed:
        found.append(f"container {name} has another value of {', '.join(changed[:3])}")
    return found


def _template(pod: Pod, workload: Workload, snapshot: Snapshot) -> JsonObject:
    """The template of the very ReplicaSet that made it, else the controller's if the pod is of its newest revision."""
    if pod.owner is not None and pod.owner.kind == "ReplicaSet":
        made_by = snapshot.find("ReplicaSet", pod.owner.namespace, pod.owner.name)
        if made_by is not None:
            return template_of(made_by)
        # Without its ReplicaSet, only pods that all come from one can be held against the deployment's template.
        is_only = {each.owner for each in workload.members} == {pod.owner}
        return workload.template if is_only and not workload.releases else {}
    newest = workload.releases[0].template_hash if workload.releases else None
    is_newest = newest is None or newest == pod.template_hash
    return workload.template if workload.ref.kind in ("StatefulSet", "DaemonSet") and is_newest else {}


def orphaned(snapshot: Snapshot) -> Iterator[Finding]:
    """A pod that a Service still sends requests to although no controller looks after it any more."""
    for pod in snapshot.pods:
        if pod.owner is not None or pod.phase != "Running" or pod.going:
            continue
        made_by = _maker(pod, snapshot) if snapshot.workload(pod.ref) is not None else None
        serving = [name_of(each) for each in snapshot.of("Service", pod.ref.namespace) if _selects(each, pod)]
        if made_by is None or not serving:
            continue
        labels = ", ".join(f"{key}={value}" for key, value in sorted(labels_of(pod.raw).items()))
        claim = Claim(
            category=Category.POD_DRIFT,
            summary=f"pod {pod.ref.name} belongs to no controller any more, and Service {serving[0]} still sends "
            "it requests",
            explanation=f"The pod was made by {made_by.ref.name} and its labels were changed since (now {labels}), so "
            "the controller let it go and made another. Updates do not reach it, and it still serves. Delete it.",
            evidence=cited([seen(snapshot, pod.raw, f"no owner; labels {labels}", part=":orphan"), pod.evidence]),
            confidence=0.78,
            pods=(),
            affected=(made_by.ref,),
            remedy=Remedy("delete-pod", pod.ref, snapshot.say("no controller looks after it, and it still serves")),
        )
        yield finding_on(pod.ref, claim)


def _maker(pod: Pod, snapshot: Snapshot) -> Workload | None:
    """The workload whose pods are named as this one is."""
    for workload in snapshot.workloads:
        is_alike = workload.ref.kind == "Deployment" and workload.ref.namespace == pod.ref.namespace
        if is_alike and part(pod.raw, "metadata", "generateName") and pod.ref.name.startswith(f"{workload.ref.name}-"):
            return workload
    return None


def _selects(service: JsonObject, pod: Pod) -> bool:
    selector = mapping(service, "spec", "selector")
    return bool(selector) and selector.items() <= labels_of(pod.raw).items()
