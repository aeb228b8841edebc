"""What a person is told to do, for each kind of trouble."""

import pytest

from bot.domain import EvidenceRecord, RootCause
from bot.flows.recommendations import recommendations, rests_on_state
from tests.bot.investigations import NOW, RED, report
from tools.evidence import Category, EvidenceId, Finding, ObjectRef, Remedy, evidence

PLUM = ObjectRef("Deployment", "orchard", "plum")


def found(category: Category, remedy: Remedy | None = None) -> Finding:
    say = RED.text
    shown = evidence("pod", PLUM, say("it fails"), NOW)
    return Finding(str(EvidenceId("F1")), category, PLUM, say("s"), say("e"), (shown,), 0.9, remedy=remedy)


@pytest.mark.parametrize("category", list(Category))
def test_every_category_has_sentences_with_the_name_filled_in(category: Category) -> None:
    told = recommendations(found(category), None, RED.text)
    assert 1 <= len(told) <= 3
    for each in told:
        assert each[0].isupper()
        assert each.endswith(".")
        assert "{" not in each


def test_the_remedy_comes_first_and_a_symptom_points_to_its_cause() -> None:
    say = RED.text
    back = Remedy("rollback", PLUM, say("it was well before"), to_revision=3)
    told = recommendations(found(Category.OOM_KILLED, back), None, say)
    assert told[0] == "Roll Deployment/orchard/plum back to revision 3."
    assert told[1] == "Raise the memory limit of plum, or make it use less."
    away = recommendations(found(Category.APP_CRASH), found(Category.OOM_KILLED), say)
    assert away == ("Mend Deployment/orchard/plum first: that is what this comes from.",)


@pytest.mark.parametrize(
    ("remedy", "sentence"),
    [
        (("restart", None), "Restart Deployment/orchard/plum."),
        (("rollback", None), "Put Deployment/orchard/plum back to how it was before."),
        (("scale", 4), "Scale Deployment/orchard/plum to 4."),
        (("scale", None), "Scale Deployment/orchard/plum."),
        (("delete-pod", None), "Delete Deployment/orchard/plum; its controller makes a new one."),
    ],
    ids=str,
)
def test_each_remedy_is_a_sentence(remedy: tuple[str, int | None], sentence: str) -> None:
    class_, replicas = remedy
    made = Remedy(class_, PLUM, RED.text("so"), replicas=replicas)  # type: ignore[arg-type]
    assert recommendations(found(Category.APP_CRASH, made), None, RED.text)[0] == sentence


@pytest.mark.parametrize(
    ("sources", "answer"),
    [
        (("pod",), True),
        (("pod", "metric"), True),
        (("pod", "log"), False),
        (("event",), False),
        (("deployment", "change"), False),
        (("repository", "pod"), False),
    ],
)
def test_a_cause_rests_on_state_only_when_nothing_it_cites_was_worded_by_others(
    sources: tuple[str, ...], answer: bool
) -> None:
    text = RED.text("t")
    records = [EvidenceRecord(id=f"E{n}", source=each, ref="r", at=None, text=text) for n, each in enumerate(sources)]
    records.append(EvidenceRecord(id="E9", source="log", ref="r", at=None, text=text))
    cited = tuple(f"E{n}" for n in range(len(sources)))
    cause = RootCause(
        category=Category.SCALED_TO_ZERO, summary=RED.text("s"), subject=str(PLUM), confidence=0.9, evidence=cited
    )
    made = report().model_copy(update={"root_cause": cause, "evidence": tuple(records)})
    assert rests_on_state(made) is answer
    assert not rests_on_state(made.model_copy(update={"root_cause": None}))
