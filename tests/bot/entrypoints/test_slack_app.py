"""The listeners, without sockets: a delivery goes in as Bolt would hand it over, an acknowledgement comes out."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.store.database import Busy
from bot.demo.slack_emulator import SlackEmulator
from bot.domain import Inbound, Investigation, InvestigationId, InvestigationState, ThreadId
from bot.entrypoints.slack.app import build_app
from bot.entrypoints.slack.intake import Identity, Intake
from bot.flows.console import HELP, Analyst, Console
from bot.flows.judging import PAUSED, Judge
from bot.stores import Arrival, Stores
from safety.redaction import Redactor
from tests.bot.investigations import evidence, report, triaged
from tests.fakes import FakePeople, FixedClock
from tests.fixtures import CHANNEL, TEAM
from tests.proposals import POLICY
from tools.adapters.no_cluster import NoCluster
from tools.world import Reader

RED = Redactor()
KNOWN = "1790000000.000100"


class BusyInbox:
    """A store whose file stays locked."""

    async def put(self, arrival: Arrival, now: datetime) -> bool:
        raise Busy("the database stayed locked")


@dataclass(slots=True)
class Desk:
    """The app, and what came of what it was handed."""

    app: AsyncApp
    stores: Stores
    slack: SlackEmulator
    clock: FixedClock

    async def dispatch(self, body: Mapping[str, Any]) -> BoltResponse:
        request = AsyncBoltRequest(mode="socket_mode", body=dict(body))
        return await self.app.async_dispatch(request)

    async def event(self, event: Mapping[str, Any], event_id: str = "Ev1") -> BoltResponse:
        return await self.dispatch(
            {"type": "event_callback", "team_id": TEAM, "api_app_id": "A0DEMO", "event_id": event_id, "event": event}
        )

    async def command(self, text: str, user: str = "U0BOB") -> BoltResponse:
        return await self.dispatch(
            {
                "command": "/ask-claude",
                "text": text,
                "team_id": TEAM,
                "channel_id": CHANNEL,
                "user_id": user,
                "trigger_id": "13.37",
                "response_url": "https://hooks.example.net/x",
            }
        )

    async def stored(self) -> list[Inbound]:
        found = []
        while (taken := await self.stores.inbox.next(frozenset(), self.clock.now())) is not None:
            found.append(taken[0])
            await self.stores.inbox.finish(taken[0].id)
        return found


def desk_over(stores: Stores, slack: SlackEmulator, client: AsyncWebClient, clock: FixedClock) -> Desk:
    people = FakePeople({"U0ALICE": TEAM, "U0BOB": TEAM}, {"S0ONCALL": ["U0ALICE"]})
    world = Reader(NoCluster("there is none"), RED)
    judge = Judge(POLICY, "approve", stores, people, clock, world, RED, TEAM)
    intake = Intake(stores, clock, RED, Identity(TEAM, "U0BOT", "B0BOT"), {}, lambda: None)
    return Desk(build_app(client, intake, Console(judge, Analyst("rules", False))), stores, slack, clock)


@pytest.fixture
def desk(stores: Stores, slack: SlackEmulator, client: AsyncWebClient, clock: FixedClock) -> Desk:
    return desk_over(stores, slack, client, clock)


@pytest.fixture
def busy_desk(stores: Stores, slack: SlackEmulator, client: AsyncWebClient, clock: FixedClock) -> Desk:
    broken: Any = BusyInbox()
    return desk_over(replace(stores, inbox=broken), slack, client, clock)


def acked(answer: BoltResponse) -> Any:
    """What Slack is told; Bolt sends words alone as they are, and its socket client wraps them."""
    if answer.body and not answer.body.startswith("{"):
        return {"text": answer.body}
    return json.loads(answer.body) if answer.body else {}


# ---- commands -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["help", "", "  HELP ", "?"])
async def test_help_is_answered_at_once_to_the_one_who_asked(desk: Desk, text: str) -> None:
    answer = await desk.command(text)
    assert answer.status == 200
    assert HELP.split("\n", 1)[0] in acked(answer)["text"]
    assert acked(answer).get("response_type", "ephemeral") == "ephemeral"
    assert await desk.stored() == []


async def test_status_is_answered_at_once(desk: Desk) -> None:
    shown = acked(await desk.command("status"))
    assert "proposals open" in shown["text"]
    assert shown["blocks"]


async def test_pause_and_resume_are_answered_and_kept(desk: Desk) -> None:
    assert "Paused" in acked(await desk.command("pause"))["text"]
    assert await desk.stores.flags.get(PAUSED) is not None
    assert "Only those who may approve" in acked(await desk.command("resume"))["text"]
    assert await desk.stores.flags.get(PAUSED) is not None
    assert "Resumed" in acked(await desk.command("resume", "U0ALICE"))["text"]
    assert await desk.stores.flags.get(PAUSED) is None


async def test_a_question_is_stored_and_acknowledged_without_words(desk: Desk) -> None:
    answer = await desk.command("what is wrong with orchard?")
    assert (answer.status, acked(answer)) == (200, {})
    (found,) = await desk.stored()
    assert (found.kind, found.payload["text"]) == ("command", "what is wrong with orchard?")


async def test_a_question_that_cannot_be_stored_is_told_to_the_one_who_asked(busy_desk: Desk) -> None:
    answer = await busy_desk.command("what is wrong with orchard?")
    assert answer.status == 200
    assert "database is busy" in acked(answer)["text"]
    assert "Traceback" not in answer.body


# ---- events ---------------------------------------------------------------------------------------------------------


def said(**more: Any) -> dict[str, Any]:
    return {"type": "message", "channel": CHANNEL, "user": "U0BOB", "text": "hi", "ts": KNOWN, **more}


async def test_a_direct_message_is_stored(desk: Desk) -> None:
    answer = await desk.event(said(channel="D0BOB", channel_type="im"))
    assert answer.status == 200
    assert [each.kind for each in await desk.stored()] == ["question"]


async def test_a_mention_is_stored(desk: Desk) -> None:
    assert (await desk.event({**said(), "type": "app_mention"})).status == 200
    assert [each.kind for each in await desk.stored()] == ["question"]


@pytest.mark.parametrize(
    "event",
    [
        said(subtype="message_changed", message=said(), previous_message=said()),
        said(subtype="message_deleted", deleted_ts=KNOWN),
        said(subtype="channel_join"),
        said(subtype="bot_message", bot_id="B0X", user=None),
        {"type": "agent_session_stopped", "channel": CHANNEL, "user": "U0BOB", "thread_ts": KNOWN},
        {"type": "member_joined_channel", "channel": CHANNEL, "user": "U0BOB"},
        {"type": "an_event_of_next_year"},
    ],
    ids=lambda event: event.get("subtype") or event["type"],
)
async def test_whatever_needs_nothing_is_acknowledged_so_that_it_does_not_come_again(
    desk: Desk, event: dict[str, Any]
) -> None:
    assert (await desk.event(event)).status == 200
    assert await desk.stored() == []


async def test_an_event_that_cannot_be_stored_is_not_acknowledged_so_that_it_comes_again(busy_desk: Desk) -> None:
    assert (await busy_desk.event({**said(), "type": "app_mention"})).status == 500


async def test_the_first_look_at_the_messages_tab_is_stored_as_a_greeting(desk: Desk) -> None:
    opened = {"type": "app_home_opened", "tab": "messages", "user": "U0BOB", "channel": "D0BOB"}
    for _ in range(2):
        assert (await desk.event(opened)).status == 200
    assert [(each.kind, each.payload["channel"]) for each in await desk.stored()] == [("invited", "D0BOB")]


async def test_the_home_tab_shows_how_it_stands(desk: Desk) -> None:
    answer = await desk.event({"type": "app_home_opened", "tab": "home", "user": "U0BOB", "channel": "D0BOB"})
    assert answer.status == 200
    home = await desk.slack.wait_until(lambda: desk.slack.home("bob"))
    assert "proposals open" in json.dumps(home.blocks)


# ---- shortcut, buttons, dialog --------------------------------------------------------------------------------------


def interaction(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "team": {"id": TEAM},
        "user": {"id": "U0ALICE", "team_id": TEAM},
        "channel": {"id": CHANNEL},
        "trigger_id": "13.37",
        **more,
    }


def click(action: str, **more: Any) -> dict[str, Any]:
    actions = [{"type": "button", "action_id": action, "block_id": "proposal", "value": "p1:abc"}]
    return interaction("block_actions", actions=actions, message={"ts": "1.5", "thread_ts": KNOWN}, **more)


async def test_the_shortcut_is_stored(desk: Desk) -> None:
    message = {"ts": "1790000000.000900", "text": "it is down"}
    answer = await desk.dispatch(interaction("message_action", callback_id="investigate_message", message=message))
    assert answer.status == 200
    (found,) = await desk.stored()
    assert (found.kind, found.payload["text"]) == ("question", "it is down")


async def test_approve_is_stored_before_it_is_acknowledged(desk: Desk) -> None:
    assert (await desk.dispatch(click("approve"))).status == 200
    (found,) = await desk.stored()
    assert (found.kind, found.payload["verdict"], found.payload["value"]) == ("answered", "approve", "p1:abc")


async def test_an_approval_that_cannot_be_stored_is_not_acknowledged(busy_desk: Desk) -> None:
    assert (await busy_desk.dispatch(click("approve"))).status == 500


async def test_deny_asks_for_the_reason_and_stores_nothing_yet(desk: Desk) -> None:
    trigger = desk.slack.office.triggers.issue("U0ALICE")
    assert (await desk.dispatch({**click("deny"), "trigger_id": trigger})).status == 200
    (view,) = desk.slack.views("alice")
    assert json.loads(view.raw["private_metadata"])["value"] == "p1:abc"
    assert await desk.stored() == []


async def test_a_dialog_that_comes_too_late_is_told_to_the_one_who_clicked(desk: Desk) -> None:
    root = await desk.slack.user("bob").say("root", "incidents")
    late = click("deny") | {"message": {"ts": "1.5", "thread_ts": root.ts}, "trigger_id": "no.such"}
    assert (await desk.dispatch(late)).status == 200
    (told,) = desk.slack.ephemerals("alice")
    assert "Click the button again" in told.text


def submitted(reason: str | None) -> dict[str, Any]:
    kept = {"team": TEAM, "channel": CHANNEL, "thread_ts": KNOWN, "message_ts": "1.5", "value": "p1:abc"}
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "deny_reason",
        "private_metadata": json.dumps(kept),
        "state": {"values": {"reason": {"text": {"type": "plain_text_input", "value": reason}}}},
    }
    return interaction("view_submission", view=view)


async def test_a_reason_that_was_given_is_stored_with_the_denial(desk: Desk) -> None:
    assert (await desk.dispatch(submitted(" not during the sale "))).status == 200
    (found,) = await desk.stored()
    assert (found.payload["verdict"], found.payload["reason"]) == ("deny", "not during the sale")
    assert (found.payload["user"], found.payload["thread_ts"]) == ("U0ALICE", KNOWN)


@pytest.mark.parametrize("reason", [None, "", "   "])
async def test_a_denial_without_a_reason_is_sent_back_to_the_form(desk: Desk, reason: str | None) -> None:
    answer = await desk.dispatch(submitted(reason))
    assert acked(answer)["response_action"] == "errors"
    assert await desk.stored() == []


async def test_a_click_and_its_repetition_are_one_answer(desk: Desk) -> None:
    await asyncio.gather(*(desk.dispatch(click("approve")) for _ in range(5)))
    assert len(await desk.stored()) == 1


# ---- the details of an investigation --------------------------------------------------------------------------------

HERE = ThreadId(TEAM, CHANNEL, KNOWN)


async def investigated(desk: Desk, thread: ThreadId = HERE, **changed: Any) -> str:
    """A run that is stored, as any earlier process left it."""
    run = InvestigationId("inv_7")
    wanted = Investigation(run, thread, RED.text("why?"), InvestigationState.RUNNING, desk.clock.now(), 1)
    await desk.stores.investigations.begin(wanted)
    await desk.stores.investigations.triaged(run, triaged(report(**changed)), desk.clock.now())
    return run


def asks_details(desk: Desk, run: str, user: str = "U0ALICE", team: str = TEAM) -> dict[str, Any]:
    actions = [{"type": "button", "action_id": "details", "block_id": "b", "value": run}]
    trigger = desk.slack.office.triggers.issue(user)
    return click("details") | {"actions": actions, "trigger_id": trigger, "user": {"id": user, "team_id": team}}


def turns(view: Any, action: str, user: str = "U0ALICE", team: str = TEAM) -> dict[str, Any]:
    """A click on a button at the foot of the dialog, as Slack tells of it."""
    foot = next(each for each in view.blocks if each["type"] == "actions")
    button = next(each for each in foot["elements"] if each["action_id"] == action)
    pressed = {"type": "button", "action_id": action, "block_id": foot["block_id"], "value": button["value"]}
    told = interaction("block_actions", actions=[pressed], view=view.raw)
    del told["channel"]
    return told | {"user": {"id": user, "team_id": team}}


def shown(view: Any) -> str:
    return json.dumps(view.blocks, ensure_ascii=False)


async def test_the_details_open_for_whoever_clicks_and_are_read_from_the_store(desk: Desk) -> None:
    run = await investigated(desk)
    for user, name in (("U0ALICE", "alice"), ("U0BOB", "bob")):
        assert (await desk.dispatch(asks_details(desk, run, user))).status == 200
        (view,) = desk.slack.views(name)
        for wanted in ("uses more memory than its limit", "*[E3]*", "the node has memory to spare", "no GitHub token"):
            assert wanted in shown(view)
    assert await desk.stored() == []


async def test_many_details_are_turned_page_by_page_and_back(desk: Desk) -> None:
    pieces = [evidence(number, f"line {number} " + "x" * 2_000) for number in range(1, 41)]
    run = await investigated(desk, pieces=pieces)
    await desk.dispatch(asks_details(desk, run))
    (first,) = desk.slack.views("alice")
    assert "page 1 of" in shown(first)
    seen, view = shown(first), first
    while "details_later" in shown(view):
        assert (await desk.dispatch(turns(view, "details_later"))).status == 200
        (view,) = desk.slack.views("alice")
        seen += shown(view)
    assert [number for number in range(1, 41) if f"*[E{number}]*" not in seen] == []
    await desk.dispatch(turns(view, "details_earlier"))
    (back,) = desk.slack.views("alice")
    assert "details_later" in shown(back)


async def test_the_details_are_told_to_nobody_from_another_workspace(desk: Desk) -> None:
    run = await investigated(desk, pieces=[evidence(1, "line " + "x" * 2_000) for _ in range(1)])
    await desk.dispatch(asks_details(desk, run, team="T0OTHER"))
    (view,) = desk.slack.views("alice")
    assert "Only members of this workspace" in shown(view)
    assert "E1" not in shown(view)


async def test_the_details_of_another_channel_are_not_told_here(desk: Desk) -> None:
    run = await investigated(desk, ThreadId(TEAM, "C0PRIVATE", KNOWN))
    await desk.dispatch(asks_details(desk, run))
    (view,) = desk.slack.views("alice")
    assert "belong to another conversation" in shown(view)
    assert "E1" not in shown(view)


async def test_details_that_are_not_stored_any_more_say_so(desk: Desk) -> None:
    await desk.dispatch(asks_details(desk, "inv_404"))
    (view,) = desk.slack.views("alice")
    assert "not stored any more" in shown(view)


async def test_details_that_come_too_late_are_told_to_the_one_who_clicked(desk: Desk) -> None:
    root = await desk.slack.user("bob").say("root", "incidents")
    late = asks_details(desk, await investigated(desk))
    late |= {"message": {"ts": "1.5", "thread_ts": root.ts}, "trigger_id": "no.such"}
    assert (await desk.dispatch(late)).status == 200
    (told,) = desk.slack.ephemerals("alice")
    assert "Click Details again" in told.text


async def test_a_page_of_a_dialog_that_is_closed_already_is_turned_in_silence(desk: Desk) -> None:
    run = await investigated(desk, pieces=[evidence(number, "x" * 2_000) for number in range(1, 41)])
    await desk.dispatch(asks_details(desk, run))
    (view,) = desk.slack.views("alice")
    desk.slack.office.views.clear("U0ALICE")
    assert (await desk.dispatch(turns(view, "details_later"))).status == 200
    assert desk.slack.ephemerals("alice") == []
