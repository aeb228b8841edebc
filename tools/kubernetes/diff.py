"""What an action would change, as rows of label, before and after. Pure: on the objects as they were read."""

from collections.abc import Iterable

from safety.actions import AnyAction, EvictPod, Restart, Rollback, ScaleDeployment
from safety.redaction import Redacted, Redactor
from tools.kubernetes.controllers import DeploymentSeen, SetSeen, hash_of, template_in
from tools.kubernetes.objects import revision_of
from tools.kubernetes.pods import PodSeen, controller_of, pod_facts, ready_of
from tools.kubernetes.rollout import current_of, revisions_of, template_hash_of
from tools.kubernetes.templates import differences, images_of
from tools.objects import mapping, number, part
from tools.world import JsonObject

Row = tuple[Redacted, Redacted, Redacted]
MOST_ROWS = 12
_Words = tuple[str, str, str]


def before_after(action: AnyAction, seen: DeploymentSeen | SetSeen | PodSeen, redactor: Redactor) -> tuple[Row, ...]:
    """For a way back what differs between the templates; for all else who is replaced, removed or added."""
    rows = list(_rows(action, seen, redactor))
    made = [(redactor.text(label), redactor.text(before), redactor.text(after)) for label, before, after in rows]
    if len(made) > MOST_ROWS:
        rest = len(made) - MOST_ROWS + 1
        made = [
            *made[: MOST_ROWS - 1],
            (redactor.text("and more"), redactor.text(f"{rest} fields"), redactor.text("also change")),
        ]
    return tuple(made)


def _rows(action: AnyAction, seen: DeploymentSeen | SetSeen | PodSeen, redactor: Redactor) -> Iterable[_Words]:
    match seen:
        case PodSeen():
            return _of_eviction(seen) if isinstance(action, EvictPod) else _of_removal(seen)
        case DeploymentSeen() if isinstance(action, ScaleDeployment):
            return _of_scaling(action, seen.deployment)
        case _ if isinstance(action, Rollback):
            return _of_rollback(action, seen, redactor)
        case _ if isinstance(action, Restart):
            return _of_restart(seen)
    raise TypeError(f"{action.kind} is not about what was read")


def _of_restart(seen: DeploymentSeen | SetSeen) -> list[_Words]:
    obj = _controller(seen)
    running, ready, desired = _counts(seen)
    images = ", ".join(images_of(mapping(obj, "spec", "template")))
    return [
        ("pods", f"{running} running, {ready} ready", f"{desired} new, {_manner(seen)}"),
        ("image", images, "the same"),
        ("settings", f"revision {_revision(seen)}", "the same, as a new revision"),
    ]


def _controller(seen: DeploymentSeen | SetSeen) -> JsonObject:
    return seen.deployment if isinstance(seen, DeploymentSeen) else seen.controller


def _revision(seen: DeploymentSeen | SetSeen) -> int:
    if isinstance(seen, DeploymentSeen):
        return revision_of(seen.deployment)
    return number(seen.current.get("revision")) if seen.current else 0


def _counts(seen: DeploymentSeen | SetSeen) -> tuple[int, int, int]:
    """How many pods run, are ready and are wanted."""
    obj = _controller(seen)
    status = mapping(obj, "status")
    if isinstance(seen, SetSeen) and seen.kind == "DaemonSet":
        wanted = number(status.get("desiredNumberScheduled"))
        return number(status.get("currentNumberScheduled")), number(status.get("numberReady")), wanted
    return number(status.get("replicas")), ready_of(obj), number(part(obj, "spec", "replicas"), 1)


def _manner(seen: DeploymentSeen | SetSeen) -> str:
    if isinstance(seen, SetSeen):
        return "one after the other" if seen.kind == "StatefulSet" else "node after node"
    is_rolling = part(seen.deployment, "spec", "strategy", "type") != "Recreate"
    return "a few at a time" if is_rolling else "all at once, with a gap"


def _of_rollback(action: Rollback, seen: DeploymentSeen | SetSeen, redactor: Redactor) -> list[_Words]:
    now = mapping(_controller(seen), "spec", "template")
    rows = [("revision", str(_running(action, seen)), f"back to {action.to_revision}")]
    template = template_to(action, seen)
    if template is None:
        return [*rows, ("template", "this revision", "is not kept any more: it cannot be restored")]
    return rows + [
        (str(each.label), str(each.before), str(each.after)) for each in differences(now, template, redactor)
    ]


def _running(action: Rollback, seen: DeploymentSeen | SetSeen) -> int:
    if isinstance(seen, SetSeen):
        return _revision(seen) or action.from_revision
    current = current_of(seen.deployment, seen.replica_sets)
    return revision_of(current) if current else action.from_revision


def template_to(action: Rollback, seen: DeploymentSeen | SetSeen) -> JsonObject | None:
    """The pod template to go back to, if it is kept under the number and the hash that the action names."""
    wanted = (action.to_revision, action.to_template_hash)
    if isinstance(seen, SetSeen):
        kept = ((number(each.get("revision")), hash_of(each), template_in(each)) for each in seen.revisions)
    else:
        kept = (
            (revision_of(each), template_hash_of(each), mapping(each, "spec", "template"))
            for each in revisions_of(seen.deployment, seen.replica_sets)
        )
    return next((template for revision, code, template in kept if (revision, code) == wanted), None)


def _of_scaling(action: ScaleDeployment, deployment: JsonObject) -> list[_Words]:
    status = mapping(deployment, "status")
    running, ready = number(status.get("replicas")), number(status.get("readyReplicas"))
    step = action.to_replicas - action.from_replicas
    what = f"{step} more" if step > 0 else f"{-step} fewer"
    return [
        ("replicas", str(part(deployment, "spec", "replicas")), str(action.to_replicas)),
        ("pods", f"{running} running, {ready} ready", what),
    ]


def _state(seen: PodSeen) -> str:
    facts = pod_facts(seen)
    words = facts.phase + (f" ({facts.reason})" if facts.reason else "")
    if facts.phase in ("Running", "Pending"):
        words += ", ready" if facts.ready else ", not ready"
    return words + (f", on {facts.node}" if facts.node else "")


def _of_removal(seen: PodSeen) -> list[_Words]:
    return [("pod", _state(seen), "gone"), ("behind it", _behind(seen), "stays as it is")]


def _of_eviction(seen: PodSeen) -> list[_Words]:
    facts = pod_facts(seen)
    rows = [
        ("pod", _state(seen), "gone, and a new one in its place"),
        ("behind it", _behind(seen), "makes the new one"),
    ]
    if facts.peers_ready is not None:
        rows.append(("others of it", f"{facts.peers_ready} ready", "go on serving"))
    for each in facts.budgets or ():
        rows.append((f"budget {each.name}", f"{each.allowed} may be away", f"{max(0, each.allowed - 1)} more may be"))
    return rows


def _behind(seen: PodSeen) -> str:
    reference = controller_of(seen.pod)
    if reference is None:
        return "nothing: no controller"
    words = f"{reference.get('kind')}/{reference.get('name')}"
    return words if seen.owner is None else f"{words}, {ready_of(seen.owner)} ready"
