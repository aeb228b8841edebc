"""What an action weighs, and what is made of a wish."""

from dataclasses import replace
from typing import Any

import pytest

from safety.actions import ACTION_KINDS, TARGET_KINDS, ActionKind
from safety.drafts import Wish, draft
from safety.facts import Refusal, Revision
from safety.risk import weigh
from tests.safety.cases import action, facts

LONG = tuple(Revision(number, f"h{number}", ()) for number in range(1, 6))


@pytest.mark.parametrize(
    ("kind", "risk", "reversibility", "pods"),
    [
        ("restart_deployment", "low", "nothing to undo", 3),
        ("rollback_deployment", "medium", "undo", 3),
        ("scale_deployment", "low", "undo", 2),
        ("delete_failed_pod", "low", "cannot be undone", 1),
        ("evict_pod", "low", "cannot be undone", 1),
        ("restart_stateful_set", "medium", "nothing to undo", 3),
        ("restart_daemon_set", "medium", "nothing to undo", 3),
        ("rollback_stateful_set", "high", "undo", 3),
        ("rollback_daemon_set", "high", "undo", 3),
    ],
)
def test_every_kind_has_its_weight(kind: ActionKind, risk: str, reversibility: str, pods: int) -> None:
    found = weigh(action(kind), facts(kind))
    assert (found.risk, found.reversibility, found.pods, found.raised_by) == (risk, reversibility, pods, ())
    assert found.could_go_wrong
    assert found.way_back


@pytest.mark.parametrize(("desired", "risk"), [(19, "low"), (20, "medium"), (400, "medium")])
def test_what_touches_many_pods_is_a_step_riskier(desired: int, risk: str) -> None:
    found = weigh(action("restart_deployment"), facts("restart_deployment", desired=desired))
    assert (found.risk, found.pods) == (risk, desired)
    assert bool(found.raised_by) is (risk == "medium")


@pytest.mark.parametrize(
    ("revision", "to", "risk"), [(5, 4, "medium"), (5, 3, "high"), (2, 3, "medium"), (1, 3, "high")]
)
def test_going_over_several_releases_at_once_takes_two_people(revision: int, to: int, risk: str) -> None:
    back = action("rollback_deployment", from_revision=revision, to_revision=to, to_template_hash=f"h{to}")
    found = weigh(back, facts("rollback_deployment", revision=revision, revisions=LONG))
    assert found.risk == risk
    assert found.raised_by == (() if risk == "medium" else ("it goes back over 2 releases at once",))


@pytest.mark.parametrize(
    ("come", "go", "risk"),
    [(3, 5, "low"), (5, 4, "medium"), (3, 2, "medium"), (4, 2, "high"), (2, 1, "high"), (1, 3, "low")],
)
def test_taking_pods_away_is_riskier_than_adding_some(come: int, go: int, risk: str) -> None:
    found = weigh(action("scale_deployment", from_replicas=come, to_replicas=go), facts("scale_deployment"))
    assert (found.risk, found.pods) == (risk, abs(go - come))


def test_risk_ends_at_high() -> None:
    many = facts("rollback_daemon_set", desired=50, revision=5, revisions=LONG)
    found = weigh(action("rollback_daemon_set", from_revision=5, to_revision=2, to_template_hash="h2"), many)
    assert (found.risk, len(found.raised_by)) == ("high", 2)


# ---- from a wish to an action ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_a_wish_takes_everything_but_the_name_from_the_facts(kind: ActionKind) -> None:
    held = facts(kind)
    made = draft(Wish(kind, "web", to_replicas=5 if kind == "scale_deployment" else None), held)
    assert made == action(kind)


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_a_wish_about_another_kind_of_object_is_none(kind: ActionKind) -> None:
    other = next(each for each in ACTION_KINDS if TARGET_KINDS[each] != TARGET_KINDS[kind])
    assert f"is for a {TARGET_KINDS[kind]}" in str(draft(Wish(kind, "web", to_replicas=5), facts(other)))


@pytest.mark.parametrize(
    ("wish", "changed", "text"),
    [
        (Wish("rollback_deployment", "web", 9), {}, "revision 9 is not kept any more"),
        (Wish("rollback_deployment", "web"), {"revisions": (Revision(4, "bbb", ()),)}, "only one revision"),
        (Wish("rollback_deployment", "web"), {"revisions": ()}, "only one revision"),
        (Wish("scale_deployment", "web"), {}, "to how many replicas was not said"),
        (Wish("scale_deployment", "web", to_replicas=-1), {}, "no valid form"),
        (Wish("restart_deployment", "Not A Name"), {}, "no valid form"),
        (Wish("rollback_deployment", "web"), {"revision": 0}, "no valid form"),
    ],
)
def test_what_cannot_be_made_of_a_wish_is_told(wish: Wish, changed: dict[str, Any], text: str) -> None:
    found = draft(wish, facts(wish.kind, **changed))
    assert isinstance(found, Refusal)
    assert text in str(found)


def test_a_way_back_that_names_no_revision_goes_to_the_newest_of_the_others() -> None:
    made = draft(Wish("rollback_deployment", "web"), facts("rollback_deployment", revision=5, revisions=LONG))
    assert not isinstance(made, Refusal)
    assert made.model_dump()["to_revision"] == 4
    named = draft(Wish("rollback_deployment", "web", 2), facts("rollback_deployment", revision=5, revisions=LONG))
    assert not isinstance(named, Refusal)
    assert (named.model_dump()["from_revision"], named.model_dump()["to_template_hash"]) == (5, "h2")


def test_a_pod_without_a_controller_is_not_evicted() -> None:
    held = facts("evict_pod")
    assert held.pod is not None
    for pod in (None, replace(held.pod, owner_uid=None)):
        assert "no controller" in str(draft(Wish("evict_pod", "web"), replace(held, pod=pod)))
