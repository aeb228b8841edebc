"""``manifest.yml`` asks for what the code uses, and the code uses what the manifest asks for."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator.manifest import EVENT_SCOPES
from bot.demo.slack_emulator.methods.table import METHODS
from bot.entrypoints.slack.app import COMMAND, EVENTS, SHORTCUT, build_app
from bot.entrypoints.slack.intake import Identity
from bot.entrypoints.slack.views import DENY_REASON

ROOT = Path(__file__).resolve().parents[3]
MANIFEST: Mapping[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
BOT_EVENTS = set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
SCOPES = list(MANIFEST["oauth_config"]["scopes"]["bot"])

CHANNELS = ("channels", "groups", "im")
READ = frozenset(f"{each}:read" for each in CHANNELS)
HISTORY = frozenset(f"{each}:history" for each in CHANNELS)
# The scopes of every Web API method that the bot calls. One that is missing here is a new call: look its scopes up.
NEEDED: Mapping[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "apps.connections.open": frozenset(),  # connections:write, a scope of the app token
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "conversations.history": HISTORY,
    "conversations.replies": HISTORY,
    # Channels, public or private ones; direct messages are never looked up.
    "conversations.info": READ - {"im:read"},
    "conversations.members": READ - {"im:read"},
    "conversations.open": frozenset({"im:write"}),
    "users.info": frozenset({"users:read"}),
    "usergroups.users.list": frozenset({"usergroups:read"}),
    "views.open": frozenset(),
    "views.publish": frozenset(),
    "views.update": frozenset(),
}
# Granted although nothing asks for them yet, and why.
RESERVED: Mapping[str, str] = {
    "assistant:write": "titles and suggested prompts of the agent view, which the manifest declares",
    "files:write": "evidence that is too long for a message",
    "reactions:write": "a mark on the alert that is being looked at",
}


def _api_calls() -> Iterator[str]:
    for folder in ("bot/adapters", "bot/entrypoints"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield from _method_of(node, node.func)


def _method_of(call: ast.Call, function: ast.Attribute) -> Iterator[str]:
    """``client.chat_postMessage(…)``, and names of methods that are handed to ``api_call`` or to ``_ask``."""
    holder = ast.unparse(function.value)
    dotted = {name.replace(".", "_"): name for name in METHODS}
    if re.search(r"\bslack\b|_?client$", holder) and function.attr in dotted:
        yield dotted[function.attr]


def _named_methods() -> Iterator[str]:
    for path in (ROOT / "bot/entrypoints").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in METHODS:
                yield node.value


CALLED = sorted({*_api_calls(), *_named_methods()})


@pytest.fixture(scope="module")
def app() -> AsyncApp:
    nothing: Any = object()

    class Door:
        identity = Identity("T", "U", "B")

    door: Any = Door()
    return build_app(AsyncWebClient(token="unused"), door, nothing)


async def takes(app: AsyncApp, body: Mapping[str, Any]) -> bool:
    """Whether some listener other than the last one, which takes every event, would take this."""
    request = AsyncBoltRequest(mode="socket_mode", body=dict(body))
    own = [each for each in app._async_listeners if each.ack_function.__name__ != "others"]
    return any([await each.async_matches(req=request, resp=BoltResponse(status=200)) for each in own])


# ---- what is registered ---------------------------------------------------------------------------------------------


async def test_the_commands_are_the_same_in_both(app: AsyncApp) -> None:
    assert [each["command"] for each in MANIFEST["features"]["slash_commands"]] == [COMMAND]
    assert await takes(app, {"command": COMMAND})
    assert not await takes(app, {"command": "/other"})


async def test_the_shortcuts_are_the_same_in_both(app: AsyncApp) -> None:
    assert [each["callback_id"] for each in MANIFEST["features"]["shortcuts"]] == [SHORTCUT]
    assert await takes(app, {"type": "message_action", "callback_id": SHORTCUT})
    assert not await takes(app, {"type": "message_action", "callback_id": "other"})


def test_every_event_that_is_subscribed_to_is_known_in_the_code_and_the_other_way_round() -> None:
    assert {each.split(".")[0] for each in BOT_EVENTS} == set(EVENTS)


@pytest.mark.parametrize("event", sorted(set(EVENTS) - {"agent_session_stopped"}))
async def test_every_such_event_has_a_listener_of_its_own(app: AsyncApp, event: str) -> None:
    assert await takes(app, {"type": "event_callback", "event": {"type": event, "channel": "C", "user": "U"}})


async def test_the_buttons_and_the_dialog_have_listeners(app: AsyncApp) -> None:
    for action in ("approve", "deny"):
        body = {"type": "block_actions", "actions": [{"type": "button", "action_id": action, "block_id": "b"}]}
        assert await takes(app, body)
    view = {"type": "modal", "callback_id": DENY_REASON}
    assert await takes(app, {"type": "view_submission", "view": view})
    assert MANIFEST["settings"]["interactivity"]["is_enabled"]


def test_the_listener_for_whatever_else_slack_sends_comes_after_those_of_the_events(app: AsyncApp) -> None:
    names = [each.ack_function.__name__ for each in app._async_listeners]
    assert names.count("store") == 3
    assert names.index("others") > max(at for at, name in enumerate(names) if name in ("store", "home"))


# ---- scopes ---------------------------------------------------------------------------------------------------------


def test_calls_are_found_at_all() -> None:
    assert {"chat.postMessage", "chat.update", "views.open", "auth.test", "apps.connections.open"} <= set(CALLED)


@pytest.mark.parametrize("method", CALLED)
def test_every_method_the_bot_calls_has_its_scopes_in_the_manifest(method: str) -> None:
    assert method in NEEDED
    assert set(SCOPES) >= NEEDED[method]


def test_the_table_lists_no_method_that_is_never_called() -> None:
    assert set(NEEDED) == set(CALLED)


def test_every_event_has_the_scope_without_which_it_never_comes() -> None:
    assert {EVENT_SCOPES[each] for each in BOT_EVENTS if each in EVENT_SCOPES} <= set(SCOPES)


def test_no_scope_is_asked_for_without_a_use_or_a_reason() -> None:
    used = {"commands", *(scope for method in CALLED for scope in NEEDED[method])}
    used |= {EVENT_SCOPES[each] for each in BOT_EVENTS if each in EVENT_SCOPES}
    assert set(SCOPES) - used == set(RESERVED)
    assert all(RESERVED.values())


def test_no_scope_or_event_stands_there_twice() -> None:
    assert len(SCOPES) == len(set(SCOPES))
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert len(events) == len(set(events))


# ---- limits that Slack sets on a manifest ---------------------------------------------------------------------------


def test_the_manifest_stays_within_slacks_limits() -> None:
    features = MANIFEST["features"]
    assert MANIFEST["display_information"]["name"] == "Ask Claude"
    assert len(MANIFEST["display_information"]["description"]) <= 140
    assert len(features["agent_view"]["agent_description"]) <= 300
    assert len(features["agent_view"]["suggested_prompts"]) <= 4
    assert all(len(each["name"]) <= 24 for each in features["shortcuts"])
    assert features["bot_user"]["display_name"] == "ask-claude"
    assert MANIFEST["settings"]["socket_mode_enabled"]
