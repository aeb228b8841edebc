"""What has to be kept of an object before it is changed, and the action that takes the change back. Pure.

What is kept names settings and holds none: a revision by its number and hash, a number of replicas. So it may be stored
and shown as it is. The undo is an action like any other: it is proposed, judged and approved.
"""

from dataclasses import dataclass

from safety.actions import AnyAction, Rollback, ScaleDeployment
from safety.drafts import Wish, draft
from safety.facts import Facts, Reason, Refusal


@dataclass(frozen=True, slots=True)
class Before:
    """The pre-image of one change, read with the facts that it was cleared on."""

    revision: int
    template_hash: str
    replicas: int


def before(facts: Facts) -> Before:
    """What to keep."""
    return Before(facts.revision, facts.template_hash, facts.desired)


def undo(done: AnyAction, was: Before, facts: Facts) -> AnyAction | Refusal:
    """The action that takes ``done`` back, on the object as it is now; or why there is none."""
    if isinstance(done, ScaleDeployment):
        if was.replicas == 0:
            return _no("it ran no pod before; nothing is scaled to zero here")
        return draft(Wish(done.kind, done.target.name, to_replicas=was.replicas), facts)
    if not isinstance(done, Rollback):
        return _no(_NOTHING_TO_UNDO.get(done.kind, "a restart changes no setting, so there is nothing to take back"))
    # A revision that is gone back to gets a new number, so the one that ran is looked for by its template.
    kept = [each.number for each in facts.revisions if each.template_hash == was.template_hash]
    if not kept:
        return _no(f"revision {was.revision}, which ran before, is not kept any more")
    return draft(Wish(done.kind, done.target.name, to_revision=max(kept)), facts)


_NOTHING_TO_UNDO = {
    "delete_failed_pod": "a deleted pod cannot be brought back",
    "evict_pod": "an evicted pod cannot be brought back; its controller made a new one",
}


def _no(text: str) -> Refusal:
    return Refusal((Reason("undo", text),))
