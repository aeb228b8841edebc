"""The engine sits the exam: the whole library, through the same door as ``investigate --dump``."""

import functools
import json
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.claude import ClaudeModel
from bot.adapters.offline.analysis import additions
from bot.adapters.slack_blocks import compose
from bot.adapters.slack_details import pages
from bot.adapters.slack_findings import MOST_LINES, WIDTH
from bot.demo.messages_emulator import MessagesEmulator, Reply
from bot.demo.slack_emulator import Workspace
from bot.demo.slack_emulator.blocks_as_text import block_lines
from bot.demo.slack_emulator.team import Team
from bot.demo.slack_emulator.text import plain
from bot.diagnosis import diagnosis_schema
from bot.domain import InvestigationId
from bot.flows.grounding import ground
from bot.flows.statements import sentences
from bot.messages import Findings
from bot.ports import ModelRequest, Rendered
from safety.redaction import Redactor
from tests.scenarios.exam.scoring import CHARACTERS_OF_A_TOKEN, Score, ask
from tests.scenarios.exam.showing import page, table
from tests.scenarios.kit import all_scenarios

# The whole library is read once, by whichever test is first.
pytestmark = pytest.mark.timeout(900)
TOKENS = 2_000
LIBRARY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_SCORES: list[Score] = []


@functools.cache
def _library_size() -> int:
    return len(all_scenarios())


@pytest.fixture
async def scores(tmp_path: Path) -> list[Score]:
    """Asked once: many tests look at the same answers."""
    if not _SCORES:
        for each in all_scenarios():
            _SCORES.append(await ask(each, tmp_path / each.name))
    return _SCORES


async def test_at_least_95_of_100_causes_are_right(scores: list[Score]) -> None:
    incidents = [each for each in scores if each.is_incident]
    wrong = [f"{each.scenario.name}: {each.faults['category']}" for each in incidents if "category" in each.faults]
    assert len(wrong) <= 0.05 * len(incidents), wrong


async def test_what_is_well_is_left_in_peace(scores: list[Score]) -> None:
    assert [each.scenario.name for each in scores if each.is_false_alarm] == []


async def test_no_innocent_change_is_accused(scores: list[Score]) -> None:
    accused = [each for each in scores if "culprit" in each.faults and each.report.culprit_change is not None]
    assert [f"{each.scenario.name}: {each.report.culprit_change}" for each in accused] == []
    assert [each.scenario.name for each in scores if "accused" in each.faults] == []


async def test_every_suggested_change_removes_the_cause(scores: list[Score]) -> None:
    wrong = [each for each in scores if "remedy" in each.faults]
    assert [each.scenario.name for each in wrong if each.report.remediation.class_ != "none"] == []
    # What is not suggested helps nobody either, and does no harm: few may be missed.
    assert len(wrong) <= 0.05 * len(scores), [each.scenario.name for each in wrong]


async def test_nothing_is_said_that_must_not_be(scores: list[Score]) -> None:
    assert {each.scenario.name: each.faults["said"] for each in scores if "said" in each.faults} == {}


async def test_the_pack_for_a_model_stays_small(scores: list[Score]) -> None:
    assert [(each.scenario.name, each.tokens) for each in scores if each.tokens > TOKENS] == []


async def test_a_first_request_to_a_model_stays_small(scores: list[Score]) -> None:
    largest = sorted(scores, key=lambda each: each.tokens)[-8:]
    async with MessagesEmulator(decide=lambda _: Reply("Seen.")) as emulator:
        model = ClaudeModel("emulator-key", emulator.url, "claude-sonnet-5-5", Redactor())
        for each in largest:
            asked = ModelRequest(each.report, (), each.report.question, first=True, findings_shown=True)
            await model.reply(replace(asked, form=diagnosis_schema()))
        await model.aclose()
    bodies = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in emulator.requests]
    assert len(bodies) == len(largest)
    assert [round(len(each) / CHARACTERS_OF_A_TOKEN) for each in bodies if len(each) > 4_300 * 2.2] == []


async def test_nothing_that_the_rules_say_themselves_would_be_taken_out_of_a_models_answer(scores: list[Score]) -> None:
    lost = {
        each.scenario.name: (sentence, why)
        for each in scores
        for on in [ground(each.report, ())]
        for text in (each.report.explanation, each.report.symptom, *(one.summary for one in each.report.issues_found))
        for sentence, _ in sentences(text)
        for why in [on.lacks(sentence)]
        if why is not None
    }
    assert lost == {}


async def test_the_same_said_of_another_incident_would_be_taken_out(scores: list[Score]) -> None:
    """What was found in one cluster, told about another, names an object that nobody saw there."""
    incidents = [each for each in scores if each.is_incident and each.report.root_cause]
    kept = [
        (one.scenario.name, other.scenario.name)
        for one, other in zip(incidents, [*incidents[1:], incidents[0]], strict=True)
        if one.report.root_cause and one.report.root_cause.subject != getattr(other.report.root_cause, "subject", "")
        if ground(other.report, ()).lacks_object(one.report.root_cause.subject) is None
    ]
    assert kept == []


async def test_the_table_shows_every_scenario_and_the_failures_first(scores: list[Score]) -> None:
    lines = [each for each in table(scores) if each.startswith(("FAILS", "right"))]
    assert len(lines) == _library_size() == len(scores)
    assert lines == sorted(lines, key=lambda each: each.startswith("right"))
    assert all(each.scenario.name in page(scores) for each in scores)


# ---- how it reads in Slack ------------------------------------------------------------------------------------------


def _read(made: Rendered) -> list[str]:
    """The lines as a person sees them where a hundred characters fit in one."""
    team = Team(Workspace(), lambda: LIBRARY_TIME)
    lines = [line for block in made.blocks for line in block_lines(dict(block), lambda text: plain(team, text))]
    return [shown for line in lines for shown in textwrap.wrap(line, WIDTH) or [""]]


async def test_the_first_findings_of_every_scenario_take_twelve_lines_at_most(scores: list[Score]) -> None:
    took = timedelta(seconds=0.1)
    read = {
        each.scenario.name: _read(compose(Findings(each.report, took, InvestigationId("inv_1")))) for each in scores
    }
    assert {name: len(lines) for name, lines in read.items() if len(lines) > MOST_LINES} == {}
    assert {name: lines[-1] for name, lines in read.items() if lines[-1] != "[ Details ]"} == {}


async def test_the_first_findings_of_every_incident_say_what_is_wanted_at_three_in_the_morning(
    scores: list[Score],
) -> None:
    wrong = []
    for each in scores:
        cause = each.report.root_cause
        if cause is None:
            continue
        lines = "\n".join(_read(compose(Findings(each.report, timedelta(), InvestigationId("inv_1")))))
        wanted = (cause.subject, f"{round(cause.confidence * 100)}% sure", "[E1]", "*Changed*: ", "*Next*")
        wrong += [f"{each.scenario.name}: {one}" for one in wanted if one not in lines]
    assert wrong == []


async def test_the_details_of_every_scenario_hold_all_and_fit_a_dialog(scores: list[Score]) -> None:
    for each in scores:
        made = pages(each.report)
        blocks = [block.to_dict() for page in made for block in page]
        assert all(len(page) <= 98 and len(json.dumps([one.to_dict() for one in page])) < 250_000 for page in made)
        told = json.dumps(blocks, ensure_ascii=False)
        assert [one.id for one in each.report.evidence if f"*[{one.id}]*" not in told] == []
        assert [one.subject for one in each.report.issues_found if one.subject not in told] == []


async def test_the_analysis_by_rules_repeats_nothing_of_the_first_findings(scores: list[Score]) -> None:
    for each in scores:
        found = "\n".join(_read(compose(Findings(each.report, timedelta(), InvestigationId("inv_1")))))
        added = additions(each.report).splitlines()
        assert added
        assert not any(one.startswith(("*Next:*", "*What changed", "•", "*Also")) for one in added), each.scenario.name
        assert [one for one in added if one in found] == [], each.scenario.name
        assert len([one for shown in added for one in textwrap.wrap(shown, WIDTH)]) <= 20
