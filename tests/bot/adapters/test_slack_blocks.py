"""Every message, with ordinary, hostile and enormous words, stays within Slack's limits and holds nothing live."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack_blocks import compose, paragraphs
from bot.adapters.slack_cards import button_value
from bot.adapters.slack_details import pages
from bot.demo.slack_emulator import SlackEmulator
from bot.domain import (
    Alert,
    Answer,
    AuditHead,
    EvidenceRecord,
    Fingerprint,
    IncidentReport,
    InvestigationId,
    Origin,
    Proposal,
    ProposalState,
    Recurrence,
    Remediation,
    Usage,
)
from bot.messages import AlertSeen, Analysis, Card, Findings, Message, NotAllowed, Notice, Opening, Tone, Working
from bot.ports import Rendered
from safety.actions import RestartDeployment, Target
from safety.redaction import Redacted, Redactor
from tests.bot.investigations import report
from tests.fakes import START
from tests.fixtures import CHANNEL
from tests.proposals import payload, proposal, rollback

RED = Redactor()
OURS = re.compile(
    r"<@(?:U0BOB|U0CAROL)>|<!subteam\^S0ONCALL>|<!date\^\d+\^[\w {},.:()-]+\|\d{4}-\d\d-\d\d \d\d:\d\d UTC>"
)
HOSTILE = (
    "<@U0EVIL>",
    "<!channel>",
    "<!here|x>",
    "<!subteam^S0EVIL>",
    "<!date^1^{time}^https://evil.example|x>",
    "<https://evil.example|login>",
    "https://evil.example",
    "http:\\\\evil.example",
    "@channel",
    "＜！channel＞",
    "```",
    "`",
    "``",
    "*_~>",
    "&lt;!channel&gt;",
    "&amp;lt;",
    "ﷺ",
    "\u202e\u200b\ufeff",
    "<",
    ">",
    "|",
    "\n",
    "{question} {0}",
    "mailto:a@b.example",
)
UGLY = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=40), max_size=60).map("".join).map(RED.text)


def every_message(text: Redacted) -> Iterator[Message]:
    """One of each kind, and each of its faces, with this text wherever somebody from outside may put one."""
    found = _report(text)
    took = timedelta(seconds=2.34)
    for origin in Origin:
        yield Opening(origin, "U0BOB", text)
        yield Opening(origin, None, text, found)
    yield Findings(found, took)
    yield Findings(found.model_copy(update={"verdict": "healthy", "root_cause": None, "issues_found": ()}), took)
    yield Findings(found.model_copy(update={"verdict": "inconclusive", "root_cause": None}), took)
    yield Findings(found, took, InvestigationId("inv_7"))
    yield Working(text)
    yield Analysis(Answer(text, "offline", connected=False), took, follow_up=False, preface=text)
    usage = Usage(12_000, 900, 0, 2)
    yield Analysis(Answer(text, "claude", connected=True, caveat=text, usage=usage), took, follow_up=True)
    for state in ProposalState:
        yield card(_proposal(text, state), text)
    yield NotAllowed(text, "Deployment/orchard/plum", (text, text))
    for firing in (True, False):
        alert = Alert(Fingerprint("f"), "Alertmanager", firing, text, text)
        yield AlertSeen(alert, 1, START, START)
        yield AlertSeen(alert, 7, START, START)
    for tone in Tone:
        yield Notice(text, tone, who="U0BOB")
    yield Notice(text)


def _report(text: Redacted) -> IncidentReport:
    plain = report()
    assert plain.root_cause is not None
    pieces = [EvidenceRecord(id=f"E{n}", source="s", ref="r", at=START, text=text) for n in range(1, 30)]
    issue = plain.issues_found[0].model_copy(update={"summary": text})
    others = [issue.model_copy(update={"subject": f"Deployment/orchard/fig-{n}"}) for n in range(20)]
    change = plain.changes[0].model_copy(update={"title": text, "by": text, "why": text})
    more = [change.model_copy(update={"id": f"C{n}"}) for n in range(2, 20)]
    cause = plain.root_cause.model_copy(update={"summary": text, "evidence": tuple(each.id for each in pieces)})
    return report(
        question=text,
        symptom=text,
        root_cause=cause,
        issues_found=(issue, *others),
        changes=(change, *more),
        not_checked=(text, text),
        ruled_out=(text,),
        evidence=tuple(pieces),
        explanation=text,
    )


def _proposal(text: Redacted, state: ProposalState) -> Proposal:
    rows = ((text, text, text),) * 20
    decided: dict[str, Any] = {"decided_by": "U0CAROL", "decided_at": START, "reason": text, "result": text}
    if state is ProposalState.PENDING:
        decided = {}
    return proposal(action=rollback(), why=text, before_after=rows, state=state, **decided)


def card(made: Proposal, text: Redacted) -> Card:
    kept = payload(risk=text, undo=text)
    return Card(made, kept.cluster, kept.environment, kept.users, kept.groups, kept.risk, kept.undo)


# ---- the checker ----------------------------------------------------------------------------------------------------


def texts(value: Any) -> Iterator[str]:
    """Every string under a ``text`` key, however deep: what Slack seems to add up."""
    match value:
        case dict():
            for key, each in value.items():
                if key == "text" and isinstance(each, str):
                    yield each
                else:
                    yield from texts(each)
        case list() | tuple():
            for each in value:
                yield from texts(each)


def elements(block: dict[str, Any]) -> list[dict[str, Any]]:
    return list(block.get("elements", []))


def check_limits(made: Rendered) -> None:
    """What the SDK does not check, and the SDK on top."""
    blocks = json.loads(json.dumps(made.blocks))
    assert len(blocks) <= 50
    assert len(made.text.encode()) <= 4000, "an update with more is refused"
    assert made.text.strip()
    assert sum(len(each) for each in texts(blocks)) <= 13_000
    assert all(texts(blocks))
    ids = [each["block_id"] for each in blocks if "block_id" in each]
    assert len(ids) == len(set(ids))
    for block in blocks:
        if block["type"] == "section":
            assert 0 < len(block["text"]["text"]) <= 3000
            assert len(block.get("fields", [])) <= 10
            assert all(len(each["text"]) <= 2000 for each in block.get("fields", []))
        actions = [each["action_id"] for each in elements(block) if "action_id" in each]
        assert len(actions) == len(set(actions))
        assert all(len(each.get("value", "")) <= 2000 for each in elements(block))
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.to_dict()


def check_nothing_live(made: Rendered) -> None:
    blocks = json.loads(json.dumps(made.blocks))
    for each in [str(made.text), *texts(blocks)]:
        rest = OURS.sub("", each)
        assert "<" not in rest
        assert ">" not in rest.replace("&gt;", "")
        # In code style Slack makes nothing of names and links; angle brackets are the one thing that is live there.
        prose = re.sub(r"```.*?```|`[^`]*`", "", rest, flags=re.DOTALL)
        assert not re.search(r"(?i)https?://|mailto:|javascript:", prose)
        assert not re.search(r"@(?:channel|here|everyone)", prose)
        assert each.count("```") % 2 == 0


# ---- limits and markup ----------------------------------------------------------------------------------------------

settings.register_profile("busy", deadline=None, suppress_health_check=list(HealthCheck))


@settings(settings.get_profile("busy"), max_examples=25)
@given(UGLY)
def test_no_words_from_outside_become_live_or_break_a_limit(text: Redacted) -> None:
    for message in every_message(text):
        made = compose(message)
        check_limits(made)
        check_nothing_live(made)


def check_pages(made: list[list[Block]]) -> None:
    """What a view takes, and nothing live in any of it."""
    assert made
    for page in made:
        blocks = [each.to_dict() for each in page]
        assert 0 < len(blocks) <= 100 - 2, "two more turn the pages"
        assert len(json.dumps(blocks)) < 240_000
        assert all(0 < len(each) <= 3000 for each in texts(blocks))
        check_nothing_live(Rendered(RED.text("Details"), tuple(blocks)))


@settings(settings.get_profile("busy"), max_examples=25)
@given(UGLY)
def test_the_details_hold_the_same_and_fit_a_dialog(text: Redacted) -> None:
    check_pages(pages(_report(text)))


@pytest.mark.parametrize("unit", ["word ", "<", "`", "```a", "\U0001f600", "x" * 79 + "\n"])
def test_the_details_of_long_words_are_cut_into_pages_and_none_of_the_evidence_is_lost(unit: str) -> None:
    made = pages(_report(RED.text(unit * (9_000 // len(unit)))))
    check_pages(made)
    assert len(made) > 1
    shown = " ".join(each for page in made for each in texts([block.to_dict() for block in page]))
    assert [n for n in range(1, 30) if f"*[E{n}]*" not in shown] == []


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "word ",
        "line\n",
        "```a",
        "<",
        "&",
        "<@U0EVIL> ",
        "```\n",
        "`",
        "é",
        "😀",
        "x" * 79 + "\n",
        "https://e.example ",
    ],
)
def test_two_hundred_thousand_characters_of_anything_still_fit(unit: str) -> None:
    huge = RED.text(unit * (200_000 // len(unit)))
    for message in (Analysis(Answer(huge, "offline", connected=False), timedelta(), follow_up=True), Notice(huge)):
        made = compose(message)
        check_limits(made)
        check_nothing_live(made)


@pytest.mark.parametrize("unit", ["word ", "<", "`", "```a", "😀", "x" * 79 + "\n"])
def test_every_other_message_fits_with_long_words_too(unit: str) -> None:
    for message in every_message(RED.text(unit * (2_500 // len(unit)))):
        made = compose(message)
        check_limits(made)
        check_nothing_live(made)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b"])
def test_words_that_show_nothing_make_no_empty_block(text: str) -> None:
    for message in every_message(RED.text(text)):
        check_limits(compose(message))


def test_the_longest_names_a_cluster_may_have_fit_the_card() -> None:
    long = "a" + "b" * 251 + "c"
    target = Target(cluster="u", namespace="n" * 63, name=long, uid="u", generation=1)
    made = compose(card(proposal(action=RestartDeployment(target=target)), RED.text("r")))
    check_limits(made)
    confirm = next(elements(each)[0]["confirm"] for each in made.blocks if each["type"] == "actions")
    assert len(confirm["text"]["text"]) <= 300


def test_a_cut_answer_says_that_it_was_cut_and_a_whole_one_does_not() -> None:
    def shown(text: str) -> str:
        answer = Answer(RED.text(text), "offline", connected=False)
        return " ".join(texts(list(compose(Analysis(answer, timedelta(), follow_up=True)).blocks)))

    assert "cut: the answer was longer" in shown("sentence. " * 20_000)
    assert "cut" not in shown("sentence. " * 100)


def test_a_code_fence_that_goes_on_over_a_split_is_closed_and_opened_again() -> None:
    text = "before\n```\n" + "line of a log\n" * 400 + "```\nafter"
    pieces = paragraphs(RED.text(text))
    assert len(pieces) > 2
    fenced = [each for each in pieces if "line of a log" in each]
    assert len(fenced) == len(pieces)
    assert all(each.count("```") % 2 == 0 for each in pieces)
    assert "before" in pieces[0]
    assert "after" in pieces[-1]
    assert "```" not in pieces[-1].split("after")[1]


def test_nothing_of_an_answer_that_fits_is_lost() -> None:
    lines = [f"line {number} of the answer" for number in range(300)]
    shown = "\n".join(paragraphs(RED.text("\n".join(lines))))
    assert [each for each in lines if each not in shown] == []


def test_an_answer_full_of_escapes_is_not_cut_in_silence() -> None:
    lines = [f"<{number}> & <b>" for number in range(400)]
    shown = "\n".join(paragraphs(RED.text("\n".join(lines))))
    lost = [number for number in range(400) if f"&lt;{number}&gt;" not in shown]
    assert lost == [] or "cut: the answer was longer" in shown


# ---- what is on them ------------------------------------------------------------------------------------------------


def test_times_are_shown_in_the_readers_own_zone() -> None:
    found = json.dumps(compose(Findings(report(), timedelta(seconds=1))).blocks)
    assert f"<!date^{int(START.timestamp()) - 720}^" in found
    assert "<!date^" in json.dumps(compose(card(proposal(), RED.text("r"))).blocks)


def test_a_pending_card_has_two_buttons_that_carry_ids_and_nothing_to_run() -> None:
    made = proposal()
    shown = compose(card(made, RED.text("r")))
    (buttons,) = [each for each in shown.blocks if each["type"] == "actions"]
    assert [each["action_id"] for each in elements(dict(buttons))] == ["approve", "deny"]
    assert {each["value"] for each in elements(dict(buttons))} == {button_value(made)}
    assert button_value(made) == f"p1:{made.digest[7:23]}"
    assert "confirm" in elements(dict(buttons))[0]


def test_a_card_names_before_and_after_blast_radius_approvers_and_expiry() -> None:
    shown = " ".join(texts(list(compose(card(proposal(), RED.text("pods are replaced"))).blocks)))
    for wanted in ("4", "3", "256Mi", "pods are replaced", "<!subteam^S0ONCALL>", "<@U0CAROL>", "expires <!date^"):
        assert wanted in shown


def test_a_card_nobody_may_approve_says_so() -> None:
    kept = Card(proposal(), "c", "dev", (), (), RED.text("r"), RED.text("u"))
    assert "nobody may approve this" in " ".join(texts(list(compose(kept).blocks)))


@pytest.mark.parametrize(
    "state", [each for each in ProposalState if each not in (ProposalState.PENDING, ProposalState.UNKNOWN)]
)
def test_a_decided_card_has_no_buttons(state: ProposalState) -> None:
    made = proposal(state=state, decided_by="U0CAROL", decided_at=START, reason=RED.text("no"), result=RED.text("ok"))
    shown = compose(card(made, RED.text("r")))
    assert [each["type"] for each in shown.blocks if each["type"] == "actions"] == []
    assert "<@U0CAROL>" in " ".join(texts(list(shown.blocks)))


def test_an_answer_without_a_model_says_so_and_one_with_a_model_names_it() -> None:
    def footer(answer: Answer) -> str:
        made = compose(Analysis(answer, timedelta(seconds=3), follow_up=False))
        return elements(dict(made.blocks[-1]))[0]["text"]

    assert "no model connected" in footer(Answer(RED.text("x"), "offline", connected=False))
    named = footer(Answer(RED.text("x"), "claude-test", connected=True, usage=Usage(10, 5, 0, 1)))
    assert "claude-test" in named
    assert "15 tokens" in named


# ---- on the emulated Slack ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["plain words", "<!channel> `code` & more\n```\nlog\n```", "y" * 6_000, "😀" * 4_000])
async def test_slack_takes_every_message_as_it_is(slack: SlackEmulator, client: AsyncWebClient, text: str) -> None:
    for message in every_message(RED.text(text)):
        made = compose(message)
        posted = await client.chat_postMessage(channel=CHANNEL, text=made.text, blocks=list(made.blocks))
        changed = await client.chat_update(channel=CHANNEL, ts=posted["ts"], text=made.text, blocks=list(made.blocks))
        assert changed["ok"]
    assert slack.calls("chat.postMessage")


def test_words_in_code_style_that_are_cut_do_not_stand_in_prose() -> None:
    """In code style names stay as people copy them, so half of such a span may not be left open."""
    hostile = RED.text("@channel evil.example " * 6)
    rows = ((RED.text("label"), hostile, hostile),) * 12
    made = compose(card(proposal(before_after=rows, why=RED.text("y" * 600)), RED.text("r" * 3000)))
    check_nothing_live(made)
    long = compose(card(proposal(before_after=((RED.text("l" * 2800), hostile, hostile),)), RED.text("r")))
    check_nothing_live(long)


# ---- the first findings and their details ---------------------------------------------------------------------------


def found(**changed: Any) -> list[str]:
    """The lines of the first findings as Slack is given them, the footer and the button with them."""
    made = compose(Findings(report(**changed), timedelta(seconds=0.14), InvestigationId("inv_7")))
    return [line for each in texts(list(made.blocks)) for line in each.split("\n")]


def test_the_first_findings_name_cause_place_certainty_evidence_change_and_next_step_in_this_order() -> None:
    lines = found()
    assert lines[0] == ":red_circle: *the container of plum uses more memory than its limit*"
    assert lines[1] == "`Deployment/orchard/plum`  (oom_killed, 93% sure): 2 of 3 pods of plum restart again and again"
    assert lines[2].startswith("• [E1] `last state: terminated, reason OOMKilled, exit code 137`")
    assert lines[3].startswith("• [E2] `memory limit 96Mi`")
    assert "plum revision 3 to 4: memory limit 256Mi to 96Mi by ci-robot, suspected: it lowered the limit" in lines[4]
    assert lines[5] == "*Next*: roll back `Deployment/orchard/plum` to revision 3; it needs an approval"
    assert lines[6].startswith("First findings by rules after 0.1 s  ·  not checked: the pull request")
    assert lines[7:] == ["Details"]


def test_where_no_change_is_tied_to_the_cause_the_first_findings_say_so() -> None:
    innocent = report().changes[0].model_copy(update={"suspected": False})
    assert any("one change before, not tied to it" in each for each in found(changes=(innocent,), culprit_change=None))
    assert "*Changed*: no change was found" in found(changes=(), culprit_change=None)


def test_where_nothing_can_be_run_the_first_findings_say_what_a_person_does() -> None:
    nothing = Remediation(class_="none", target=None, why=RED.text("nothing helps"), allowed=False)
    cause = report().root_cause
    assert cause is not None
    assert "*Next*, by a person: Raise the memory limit of plum." in found(remediation=nothing)
    barred = report().remediation.model_copy(update={"allowed": False, "reasons": (RED.text("it is frozen"),)})
    assert "to revision 3; not from here: it is frozen" in "\n".join(found(remediation=barred))


def test_what_was_before_stands_in_the_first_findings() -> None:
    told = RED.text("4th oom kill in plum this week, on Tuesdays at about 02:00 UTC")
    before = Recurrence(count=4, first_at=START, last_at=START, pattern=None, last_fix=None, text=told)
    assert f"*Before*: {told}" in found(recurrence=before)


def test_a_line_of_a_log_is_shown_by_what_it_says() -> None:
    words = '{"ts":"2026-03-11T09:39:20Z","level":"error","msg":"cannot open the store","err":"permission denied"}'
    pieces = [EvidenceRecord(id=f"E{n}", source="log", ref="r", at=None, text=RED.text(words)) for n in (1, 2)]
    assert "• [E1][E2] `cannot open the store: permission denied` and 1 like it" in found(evidence=tuple(pieces))


def test_without_a_stored_run_there_is_no_button() -> None:
    made = compose(Findings(report(), timedelta()))
    assert [each["type"] for each in made.blocks] == ["section", "context"]


def test_the_first_findings_end_with_the_audit_log_s_head_where_there_is_one() -> None:
    took = timedelta(seconds=1)
    head = AuditHead(records=1234, head="ab12cd34" + "0" * 56)
    told = report().model_copy(update={"audit_head": head})
    assert "audit 1234:ab12cd34" in json.dumps(compose(Findings(told, took)).blocks)
    details = json.dumps([each.to_dict() for each in pages(told)[0]])
    assert f"audit log: 1234 records, head `{head.head}`" in details
    assert "audit log" not in json.dumps([each.to_dict() for each in pages(report())[0]])
    assert "audit " not in json.dumps(compose(Findings(report(), took)).blocks[-1])
