"""Every fault of the way to Claude, through the real package: retried when that helps, else told in one line."""

from typing import Any

import pytest

from bot.adapters.claude import ClaudeModel, Limits
from bot.demo.messages_emulator import Broken, Damage, MessagesEmulator, Reply, error, overloaded, rate_limited
from bot.demo.messages_emulator.turns import HttpError, Turn
from bot.ports import ModelFault, ModelRequest
from safety.redaction import Redactor
from tests.bot.investigations import red, triaged

KEY = "emulator-key"


class Heard:
    """A sink that keeps what stands at the end."""

    def __init__(self) -> None:
        self.now = ""
        self.restarts = 0

    def text(self, piece: str) -> None:
        self.now += piece

    def restart(self) -> None:
        self.now = ""
        self.restarts += 1


class Slept(list[float]):
    """A sleep that only notes for how long."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def model_at(url: str, slept: Slept, **limits: Any) -> ClaudeModel:
    made = Limits(**{"total": 20, "read": 5, **limits})
    return ClaudeModel(KEY, url, "claude-sonnet-5-5", Redactor(), limits=made, sleep=slept)


def asked() -> ModelRequest:
    first = triaged()
    return ModelRequest(first.report, first.objects, red("what is wrong?"), first=True)


async def outcome(*turns: Turn, **limits: Any) -> tuple[str | ModelFault, MessagesEmulator, Slept, Heard]:
    slept, heard = Slept(), Heard()
    async with MessagesEmulator(*turns) as emulator:
        model = model_at(emulator.url, slept, **limits)
        try:
            told: str | ModelFault = (await model.reply(asked(), heard)).text
        except ModelFault as fault:
            told = fault
        await model.aclose()
    return told, emulator, slept, heard


GOOD = Reply("All is told.")


@pytest.mark.parametrize("damage", [each for each in Damage if each not in (Damage.STALLED, Damage.SLOW_START)])
async def test_a_damaged_stream_is_asked_for_again(damage: Damage) -> None:
    told, emulator, slept, heard = await outcome(Broken(damage), GOOD)
    assert told == heard.now == "All is told."
    assert len(emulator.requests) == 2
    assert len(slept) == 1
    assert heard.restarts == (damage is not Damage.EMPTY)


@pytest.mark.parametrize("damage", [Damage.STALLED, Damage.SLOW_START])
async def test_a_stream_that_hangs_is_given_up_and_asked_for_again(damage: Damage) -> None:
    told, emulator, _, heard = await outcome(Broken(damage), GOOD, read=0.3)
    assert told == heard.now == "All is told."
    assert len(emulator.requests) == 2


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (Damage.DROPPED, "connection"),
        (Damage.TRUNCATED, "truncated"),
        (Damage.CORRUPT, "garbled"),
        (Damage.OUT_OF_ORDER, "garbled"),
        (Damage.EMPTY, "truncated"),
        (Damage.ERROR_EVENT, "overloaded"),
        (Damage.STALLED, "timeout"),
    ],
)
async def test_a_stream_that_never_gets_well_is_a_fault_of_its_kind(damage: Damage, kind: str) -> None:
    told, emulator, slept, _ = await outcome(*[Broken(damage)] * 3, read=0.2)
    assert isinstance(told, ModelFault)
    assert (told.kind, told.retryable) == (kind, True)
    assert len(emulator.requests) == 3
    assert len(slept) == 2


async def test_a_tool_call_of_a_broken_stream_is_never_made() -> None:
    from bot.demo.messages_emulator import ToolUse

    half = Broken(Damage.TRUNCATED, Reply(ToolUse("propose_remediation", {"action": "restart_deployment"})), after=1)
    told, *_ = await outcome(half, half, half)
    assert isinstance(told, ModelFault)


@pytest.mark.parametrize(
    ("turn", "kind", "word", "retryable"),
    [
        (error(401), "auth", "ANTHROPIC_API_KEY", False),
        (error(402), "billing", "ANTHROPIC_API_KEY", False),
        (error(403), "permission", "ANTHROPIC_API_KEY", False),
        (error(404), "model", "ORCHESTRATOR_MODEL", False),
        (error(413), "too_long", "too long", False),
        (error(400, "prompt: something is off"), "request", "something is off", False),
        (
            HttpError(429, "rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}),
            "billing",
            "limit",
            False,
        ),
        (HttpError(418, None, "<html>a proxy</html>"), "request", "did not accept", False),
    ],
)
async def test_a_fault_that_does_not_pass_is_told_at_once(turn: Turn, kind: str, word: str, retryable: bool) -> None:
    told, emulator, slept, _ = await outcome(turn)
    assert isinstance(told, ModelFault)
    assert (told.kind, told.retryable) == (kind, retryable)
    assert word in str(told)
    assert KEY not in str(told)
    assert "\n" not in str(told)
    assert len(emulator.requests) == 1
    assert slept == []


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (overloaded(), "overloaded"),
        (error(500), "server"),
        (error(504), "timeout"),
        (error(408), "server"),
        (HttpError(502, None, "<html>bad gateway</html>"), "server"),
        (HttpError(529, None, "busy"), "overloaded"),
    ],
)
async def test_a_fault_that_passes_is_asked_again_and_told_when_it_stays(turn: Turn, kind: str) -> None:
    told, emulator, slept, heard = await outcome(turn, turn, GOOD)
    assert told == "All is told."
    assert heard.restarts == 0
    told, emulator, slept, _ = await outcome(turn, turn, turn)
    assert isinstance(told, ModelFault)
    assert (told.kind, told.retryable) == (kind, True)
    assert len(emulator.requests) == 3
    assert 0 < slept[0] <= 0.5 < slept[1] <= 1


async def test_the_wait_the_server_asks_for_is_obeyed() -> None:
    told, _, slept, _ = await outcome(rate_limited("7"), GOOD)
    assert told == "All is told."
    assert slept == [7.0]


async def test_a_wait_longer_than_ours_is_not_waited_for() -> None:
    told, emulator, slept, _ = await outcome(rate_limited("3600"), GOOD)
    assert isinstance(told, ModelFault)
    assert (told.kind, told.retryable, slept) == ("rate_limit", True, [])
    assert len(emulator.requests) == 1


async def test_the_whole_reply_is_bounded_in_time() -> None:
    told, *_ = await outcome(Broken(Damage.STALLED), total=0.3, read=10)
    assert isinstance(told, ModelFault)
    assert told.kind == "timeout"


async def test_nobody_at_the_address_is_a_connection_fault(unused_tcp_port: int) -> None:
    slept = Slept()
    model = model_at(f"http://127.0.0.1:{unused_tcp_port}", slept)
    with pytest.raises(ModelFault) as caught:
        await model.reply(asked())
    await model.aclose()
    assert (caught.value.kind, len(slept)) == ("connection", 2)


@pytest.mark.parametrize("url", ["http://[", "not an address"])
async def test_an_address_that_is_none_is_a_fault_too(url: str) -> None:
    model = model_at(url, Slept())
    with pytest.raises(ModelFault) as caught:
        await model.reply(asked())
    await model.aclose()
    assert caught.value.kind in ("config", "connection")
