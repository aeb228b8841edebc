"""What of an answer is taken out because nothing that was seen bears it, and what stays."""

import json
from typing import Any

import pytest

from bot.diagnosis import NotADiagnosis, diagnosis_schema, read_diagnosis
from bot.flows.diagnosing import MOST_LINES, prose, told
from bot.flows.grounding import Ground, ground
from bot.flows.statements import sentences
from bot.ports import ModelRequest
from safety.redaction import Redactor
from tests.bot.investigations import evidence, red, report, triaged
from tools.evidence import Category

RED = Redactor()


def floor(*heard: str) -> Ground:
    done = triaged()
    return ground(done.report, done.objects, "what is wrong?", *heard)


@pytest.mark.parametrize(
    "sentence",
    [
        "plum uses more than its 96Mi [E2].",
        "It ended with exit code 137 [E1], which is 128 above the signal 9.",
        "Deployment/orchard/plum restarts again and again.",
        "pod plum-6f7c9-abcde is killed.",
        "`plum` is a read-only client/server pod that was out-of-memory.",
        "2 of 3 pods restart.",
        "Look at `kubectl logs -n orchard plum-6f7c9-abcde --previous --tail=100`.",
        "It is 93% sure.",
        "The back-end is well, and the roll-back was quick; nobody is on-call.",
        "The client is long-lived and the disk read-only.",
        "Revision 4 was made 12 minutes ago.",
        "p99 and 5xx are measured on k8s over http2.",
        "The password was [PASSWORD:4f2a].",
    ],
)
def test_what_was_seen_stays(sentence: str) -> None:
    assert floor("128 signal 9").lacks(sentence) is None


@pytest.mark.parametrize(
    ("sentence", "lacking"),
    [
        ("It is bad [E9].", "evidence E9"),
        ("It ended with exit code 139 [E1].", "139"),
        ("The limit is 128Mi [E2].", "128"),
        ("The `pear-api` hangs.", "pear-api"),
        ("Deployment/orchard/pear restarts.", "pear"),
        ("Look at deployment/pear.", "pear"),
        ("pod plum-6f7c9-zzzzz is killed.", "plum-6f7c9-zzzzz"),
        ("The redis-cache service is down.", "redis-cache"),
        ("service pear-cache is down", "pear-cache"),
        ("The deployment `pear` is down.", "pear"),
        ("The pear-db is down.", "pear-db"),
        ("All of it waits for pear-db.", "pear-db"),
        ("It runs image v9.3.1.", "v9.3.1"),
        ("It calls 10.99.4.5.", "10.99.4.5"),
        ("Revision 5 was made 14 minutes ago.", "5"),
        ("At 04:51 it began.", "04:51"),
        ("On 2019-03-04 it began.", "2019-03-04"),
    ],
)
def test_what_nobody_saw_is_named(sentence: str, lacking: str) -> None:
    assert floor().lacks(sentence) == lacking


def test_a_duration_may_be_the_time_between_two_things_that_were_seen() -> None:
    seen = floor("2026-03-01T10:00:00Z rolled out", "2026-03-01T10:47:20Z began to fail")
    assert seen.lacks("It began 47 minutes after the rollout.") is None
    assert seen.lacks("It began 52 minutes after the rollout.") == "52"
    assert seen.lacks("It began with 47 errors.") == "47"


def test_an_amount_of_memory_is_no_duration() -> None:
    seen = floor("2026-03-01T10:00:00Z rolled out", "2026-03-01T12:08:00Z began to fail")
    assert seen.lacks("It began 128 minutes after the rollout.") is None
    for amount in ("128Mi", "128 MB", "128m"):
        assert seen.lacks(f"The limit is {amount}.") == "128", amount


def test_an_address_that_only_begins_like_one_that_was_seen_is_another() -> None:
    seen = floor("dial tcp 10.99.4.5:5432: connection refused")
    assert seen.lacks("It cannot reach 10.99.4.5:5432.") is None
    assert seen.lacks("It cannot reach 10.99.7.7.") == "10.99.7.7"


def test_sentences_are_put_together_again_without_loss() -> None:
    text = "One is so. Two is!\n• three\n\nIs four?  Five"
    assert "".join(each + gap for each, gap in sentences(text)) == text
    assert len(list(sentences(text))) == 5


def test_prose_loses_the_sentences_that_nothing_bears_and_says_so() -> None:
    text, removed = prose(
        "plum is out of memory [E1]. The pear-api pod failed 17 times.\nRaise 96Mi [E2].", floor(), RED
    )
    assert removed == 1
    assert text.split("\n") == [
        "plum is out of memory [E1].",
        "Raise 96Mi [E2].",
        "1 statement was taken out of the model's answer; nothing here shows pear-api",
    ]


def test_prose_that_rests_on_nothing_says_that() -> None:
    text, removed = prose("Node `worker-77` lost 5,000 packets.", floor(), RED)
    assert removed == 1
    assert text.startswith("Nothing of the model's answer rests on what was seen")


# ---- the form -----------------------------------------------------------------------------------------------------


GOOD: dict[str, Any] = {
    "summary": "plum has too little memory.",
    "root_cause": {
        "category": "oom_killed",
        "subject": "Deployment/orchard/plum",
        "confidence": 0.9,
        "why": "it was killed at its limit of 96Mi",
        "evidence": ["E1", "E2"],
    },
    "claims": [{"text": "Its container was killed.", "evidence": ["E1"]}],
    "impact": [{"text": "2 of 3 pods are away.", "evidence": ["[E1]"]}],
    "what_changed": [],
    "ruled_out": ["the node is well"],
    "not_checked": ["metrics"],
    "next_checks": ["memory over a day"],
    "remediation": None,
    "explanation": "It asks for more memory than it may have.",
}


def answered(on: Ground | None = None, cut_off: bool = False, **changed: Any) -> tuple[list[str], int]:
    text = json.dumps({**GOOD, **changed})
    return told_of(text, on or floor(), cut_off)


def told_of(text: str, on: Ground, cut_off: bool = False) -> tuple[list[str], int]:
    done = triaged()
    request = ModelRequest(done.report, done.objects, red("what is wrong?"), first=True, form=diagnosis_schema())
    shown, removed = told(text, request, on, RED, cut_off=cut_off)
    return shown.split("\n"), removed


def test_a_good_answer_is_shown_whole_the_answer_first() -> None:
    lines, removed = answered()
    assert removed == 0
    assert lines == [
        "plum has too little memory.",
        "The model agrees with the rules (90% sure): it was killed at its limit of 96Mi [E1][E2]",
        "• Its container was killed. [E1]",
        "Impact: 2 of 3 pods are away. [E1]",
        "Ruled out: the node is well",
        "Not checked: metrics",
        "Look at next: memory over a day",
        "In plain words: It asks for more memory than it may have.",
    ]


def test_claims_without_evidence_or_with_invented_evidence_are_taken_out_and_counted() -> None:
    claims = [
        {"text": "A true one.", "evidence": ["E1"]},
        {"text": "An invented one.", "evidence": ["E1", "E77"]},
        {"text": "A bare one.", "evidence": []},
        {"text": "A wrong one: 4711 restarts.", "evidence": ["E1"]},
        {"text": "Somebody else's: `pear-api` fails.", "evidence": ["E1"]},
        {"words": "a broken one"},
    ]
    lines, removed = answered(claims=claims)
    assert removed == 5
    assert [each for each in lines if each.startswith("•")] == ["• A true one. [E1]"]
    assert lines[-1].startswith(
        "5 statements were taken out of the model's answer; nothing here shows evidence E77, no ev"
    )


def test_where_rules_and_model_differ_both_stand_there_and_why() -> None:
    cause = {**GOOD["root_cause"], "category": "memory_leak", "why": "it grows", "confidence": 0.6, "evidence": ["E3"]}
    lines, _ = answered(root_cause=cause)
    assert lines[1] == (
        "*The rules and the model differ.* Rules: oom_killed in Deployment/orchard/plum, because the container of plum "
        "uses more memory than its limit [E1][E2]"
    )
    assert lines[2] == "Model: memory_leak in Deployment/orchard/plum (60% sure), because it grows [E3]"


def test_a_cause_in_an_object_that_nobody_saw_is_no_cause() -> None:
    lines, removed = answered(root_cause={**GOOD["root_cause"], "subject": "Deployment/orchard/pear"})
    assert removed == 1
    assert "pear" not in "\n".join(lines[:-1])
    assert "no cause that the evidence bears" in lines[2]


@pytest.mark.parametrize("category", ["gremlins", "healthy", 7])
def test_a_cause_in_no_known_word_is_taken_out(category: object) -> None:
    _, removed = answered(root_cause={**GOOD["root_cause"], "category": category})
    assert removed == 1


def test_a_wish_of_a_first_answer_is_words_and_names_only_what_was_seen() -> None:
    wish = {"class": "restart", "handle": "O1", "reason": "it may help."}
    lines, removed = answered(remediation=wish)
    assert removed == 0
    assert any(each.startswith("The model would restart Deployment/orchard/plum: it may help.") for each in lines)
    lines, removed = answered(remediation={**wish, "handle": "O99"})
    assert removed == 1
    assert not any(each.startswith("The model would") for each in lines)


def test_an_answer_that_broke_off_gives_what_is_whole() -> None:
    whole = json.dumps(GOOD)
    lines, _ = told_of(whole[: whole.index('"impact"') - 20], floor(), cut_off=True)
    assert lines[0] == "plum has too little memory."
    assert "90% sure" in lines[1]


def test_every_beginning_of_an_answer_is_read_without_an_error() -> None:
    whole = json.dumps(GOOD)
    for end in range(len(whole)):
        try:
            read_diagnosis(whole[:end], RED, cut_off=True)
        except NotADiagnosis:
            assert end <= whole.index('"root_cause"') + 1


@pytest.mark.parametrize(
    "reply", ["", "plum is out of memory [E1].", "{", "[1]", '{"summary": 3}', '{"claims": []}', "{" * 9000]
)
def test_what_keeps_to_no_form_is_taken_as_prose(reply: str) -> None:
    with pytest.raises(NotADiagnosis):
        read_diagnosis(reply, RED)
    lines, _ = told_of(reply, floor())
    assert lines[0]


def test_words_or_a_fence_around_the_json_do_no_harm() -> None:
    lines, removed = told_of(f"Here you are:\n```json\n{json.dumps(GOOD)}\n```", floor())
    assert (lines[0], removed) == ("plum has too little memory.", 0)


def test_secrets_in_an_answer_are_masked_part_by_part() -> None:
    secret = "hunter" + "2" * 20
    mine = Redactor([secret])
    diagnosis, _ = read_diagnosis(json.dumps({**GOOD, "summary": f"It says {secret}."}), mine)
    assert secret not in str(diagnosis)


def test_the_form_is_closed_and_names_every_cause_but_those_that_are_none() -> None:
    schema = diagnosis_schema()
    objects = [schema, *(each for each in schema["$defs"].values() if each["type"] == "object")]
    assert all(each["additionalProperties"] is False for each in objects)
    named = set(schema["$defs"]["Category"]["enum"])
    assert named < {each.value for each in Category}
    assert "healthy" not in named


def test_what_the_rules_wrote_themselves_is_borne_by_what_they_saw() -> None:
    made = report(pieces=[evidence(1, "exit code 137, memory limit 96Mi"), evidence(2, "revision 4, 12 minutes ago")])
    on = ground(made, ())
    for text in (made.explanation, made.symptom, *(each.summary for each in made.issues_found)):
        assert [on.lacks(each) for each, _ in sentences(text)] == [None] * len(list(sentences(text)))


def test_a_long_answer_is_at_most_twelve_lines_with_the_answer_first_and_what_was_taken_out_last() -> None:
    claims = [{"text": f"Point {each}.", "evidence": ["E1"]} for each in ("one", "two", "three", "four", "five")]
    cause = {**GOOD["root_cause"], "category": "memory_leak"}
    lines, removed = answered(
        claims=[*claims[:4], {"text": "No.", "evidence": ["E99"]}],
        root_cause=cause,
        what_changed=[{"text": "Revision 4 came.", "evidence": ["E3"]}],
        remediation={"class": "restart", "handle": "O1", "reason": "it may help."},
    )
    assert removed == 1
    assert len(lines) == MOST_LINES
    assert lines[0] == "plum has too little memory."
    assert lines[1].startswith("*The rules and the model differ.*")
    assert lines[-1].startswith("1 statement was taken out")
    assert not any(each.startswith("Ruled out") for each in lines)
    assert any(each.startswith("In plain words") for each in lines)
