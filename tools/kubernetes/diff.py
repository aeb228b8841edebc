"""What an action would change, as rows of label, before and after. Pure: on the objects as they were read."""

from collections.abc import Sequence

from safety.actions import AnyAction, RestartDeployment, RollbackDeployment
from safety.redaction import Redacted, Redactor
from tools.kubernetes.objects import revision_of
from tools.kubernetes.rollout import current_of, revisions_of, template_hash_of
from tools.kubernetes.templates import differences, images_of
from tools.objects import number
from tools.world import JsonObject

Row = tuple[Redacted, Redacted, Redacted]
MOST_ROWS = 12


def before_after(
    action: AnyAction,
    deployment: JsonObject,
    replica_sets: Sequence[JsonObject],
    redactor: Redactor,
) -> tuple[Row, ...]:
    """For a rollback what differs between the templates; for a restart that every pod is replaced and nothing else."""
    match action:
        case RestartDeployment():
            rows = _of_restart(deployment)
        case RollbackDeployment():
            rows = _of_rollback(action, deployment, replica_sets, redactor)
        case _:
            raise TypeError(f"there is no comparison for {action.kind}")
    made = [(redactor.text(label), redactor.text(before), redactor.text(after)) for label, before, after in rows]
    if len(made) > MOST_ROWS:
        rest = len(made) - MOST_ROWS + 1
        made = [
            *made[: MOST_ROWS - 1],
            (redactor.text("and more"), redactor.text(f"{rest} fields"), redactor.text("also change")),
        ]
    return tuple(made)


def _of_restart(deployment: JsonObject) -> list[tuple[str, str, str]]:
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    running, desired = number(status.get("replicas")), number(spec.get("replicas"), 1)
    is_rolling = (spec.get("strategy") or {}).get("type") != "Recreate"
    how = "a few at a time" if is_rolling else "all at once, with a gap"
    images = ", ".join(images_of(spec.get("template") or {}))
    return [
        ("pods", f"{running} running, {number(status.get('readyReplicas'))} ready", f"{desired} new, {how}"),
        ("image", images, "the same"),
        ("settings", f"revision {revision_of(deployment)}", "the same, as a new revision"),
    ]


def _of_rollback(
    action: RollbackDeployment, deployment: JsonObject, replica_sets: Sequence[JsonObject], redactor: Redactor
) -> list[tuple[str, str, str]]:
    current = current_of(deployment, replica_sets)
    now = (deployment.get("spec") or {}).get("template") or {}
    earlier = next(
        (
            each
            for each in revisions_of(deployment, replica_sets)
            if revision_of(each) == action.to_revision and template_hash_of(each) == action.to_template_hash
        ),
        None,
    )
    was = revision_of(current) if current else action.from_revision
    rows = [("revision", str(was), f"back to {action.to_revision}")]
    if earlier is None:
        return [*rows, ("template", "this revision", "is not kept any more: it cannot be restored")]
    template = (earlier.get("spec") or {}).get("template") or {}
    return rows + [
        (str(each.label), str(each.before), str(each.after)) for each in differences(now, template, redactor)
    ]
