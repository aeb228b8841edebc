"""The pack for a model: small for any report, nothing that matters missing, nothing cited that is not there."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.claude_pack import PACK_LIMIT, pack
from bot.domain import EvidenceRecord, IncidentReport, Issue, ReportedChange
from tests.bot.investigations import NOW, evidence, red, report, seen
from tools.evidence import Category

# Text of every kind, also such that grows sixfold when it is written as JSON.
TEXTS = st.builds(
    lambda piece, times: red(piece * times), st.text(min_size=1, max_size=30), st.integers(min_value=1, max_value=60)
)
NAMES = st.builds(lambda number: f"Deployment/orchard/plum-{number}", st.integers(0, 40))


def cited(packed: dict[str, Any]) -> set[str]:
    named = list(packed.get("root_cause", {}).get("evidence", []))
    named += [one for each in packed.get("issues_found", []) for one in each.get("evidence", [])]
    return set(named)


def issue(subject: str, text: Any, piece: str) -> Issue:
    return Issue(
        category=Category.APP_CRASH,
        subject=subject,
        summary=text,
        namespace="orchard",
        severity="high",
        issue_type="Error",
        root_cause=text,
        affected_pods=("plum-1",) * 30,
        related_deployment="plum",
        recommendations=(red("Read the log."),),
        since=None,
        confidence=0.8,
        evidence=(piece,),
    )


@st.composite
def reports(draw: st.DrawFn) -> IncidentReport:
    texts = draw(st.lists(TEXTS, min_size=1, max_size=25))
    pieces = tuple(
        EvidenceRecord(id=f"E{number}", source="log", ref=draw(NAMES), at=NOW, text=text)
        for number, text in enumerate(texts, 1)
    )
    known = st.sampled_from([each.id for each in pieces])
    changes = tuple(
        ReportedChange(id=f"{name}@{number}", kind="rollout", title=text, at=NOW, by=text, suspected=False, why=text)
        for number, (name, text) in enumerate(draw(st.lists(st.tuples(NAMES, TEXTS), min_size=1, max_size=9)))
    )
    issues = tuple(
        issue(subject, text, draw(known)) for subject, text in draw(st.lists(st.tuples(NAMES, TEXTS), max_size=20))
    )
    made = report(pieces=[evidence(1, "x"), evidence(2, "y")])
    assert made.root_cause is not None
    cause = made.root_cause.model_copy(
        update={"summary": draw(TEXTS), "evidence": tuple(draw(st.lists(known, min_size=1)))}
    )
    points = st.lists(TEXTS, max_size=12).map(tuple)
    return made.model_copy(
        update={
            "symptom": draw(TEXTS),
            "root_cause": cause,
            "issues_found": issues,
            "changes": changes,
            "culprit_change": draw(st.sampled_from(changes)).id,
            "remediation": made.remediation.model_copy(update={"why": draw(TEXTS), "reasons": draw(points)}),
            "ruled_out": draw(points),
            "not_checked": draw(points),
            "evidence": pieces,
            "explanation": draw(TEXTS),
        }
    )


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(reports(), st.integers(0, 60))
def test_any_report_fits_and_keeps_what_matters_most(made: IncidentReport, objects: int) -> None:
    packed = pack(made, [seen(f"O{n}", "Deployment", "orchard", f"plum-{n}") for n in range(objects)])
    assert len(json.dumps(packed)) <= PACK_LIMIT
    assert packed["verdict"] == "incident"
    assert packed["symptom"]
    assert packed["remediation"]["target"] == made.remediation.target
    assert packed["root_cause"]["subject"] == "Deployment/orchard/plum"
    assert packed["changes"][0]["id"] == made.culprit_change
    ids = [each["id"] for each in packed["evidence"]]
    assert cited(packed) <= set(ids)
    assert len(ids) == len(set(ids))
    assert ids[0] in packed["root_cause"]["evidence"]
    assert ("objects" in packed) == (objects > 0)
    assert len(ids) + packed.get("left_out", {}).get("evidence", 0) == len(made.evidence)


def test_the_longest_texts_of_all_leave_room_for_the_handle_of_an_object() -> None:
    long = red('\u65e5\u672c"\\ ' * 900)
    pieces = [evidence(n, long, ref=f"Pod/{'o' * 60}/{'p' * 200}-{n}") for n in range(1, 40)]
    change = ReportedChange(id="c" * 120, kind="x", title=long, at=NOW, by=long, suspected=True, why=long)
    made = report(pieces=pieces, symptom=long, explanation=long, changes=(change,), culprit_change=change.id)
    assert made.root_cause is not None
    cause = made.root_cause.model_copy(update={"summary": long, "evidence": tuple(each.id for each in pieces[:20])})
    remedy = made.remediation.model_copy(update={"why": long, "reasons": (long,) * 3})
    made = made.model_copy(update={"root_cause": cause, "remediation": remedy, "issues_found": ()})
    packed = pack(made, [seen("O1", "Deployment", "orchard", "plum")])
    assert len(json.dumps(packed)) <= PACK_LIMIT
    wanted = {"verdict", "symptom", "root_cause", "changes", "remediation", "objects", "evidence"}
    assert wanted <= set(packed)


def test_the_evidence_of_the_cause_comes_first_and_what_had_no_room_is_counted() -> None:
    pieces = [evidence(number, f"{number} " + "x" * 3000) for number in range(1, 60)]
    made = report(pieces=pieces, not_checked=tuple(red(f"thing {n} " + "y" * 90) for n in range(50)))
    cause = made.root_cause
    assert cause is not None
    made = made.model_copy(update={"root_cause": cause.model_copy(update={"evidence": ("E40", "E41")})})
    packed = pack(made, ())
    assert [each["id"] for each in packed["evidence"]][:2] == ["E40", "E41"]
    assert packed["left_out"]["not_checked"] == 50 - len(packed["not_checked"])


def test_what_the_cause_says_is_not_said_again_among_the_issues() -> None:
    packed = pack(report(), [seen("O1", "Deployment", "orchard", "plum")])
    assert "issues_found" not in packed
    assert packed["objects"] == [{"handle": "O1", "is": "Deployment/orchard/plum"}]
    other = pack(report(issues_found=(issue("Deployment/orchard/pear", red("pear exits with 1"), "E1"),)), ())
    assert other["issues_found"] == [
        {
            "subject": "Deployment/orchard/pear",
            "summary": "pear exits with 1",
            "category": "app_crash",
            "evidence": ["E1"],
        }
    ]


def test_of_a_long_log_the_line_that_tells_most_is_kept() -> None:
    log = "\n".join([*(f"INFO step {n}" for n in range(200)), "FATAL cannot open /data/queue", "bye"])
    packed = pack(report(pieces=[evidence(1, log), evidence(2, "short")]), ())
    assert packed["evidence"][0]["text"].startswith("FATAL cannot open /data/queue")
