"""How often the app may call: bursts pass, floods are refused, and waiting as long as told helps."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import Limits, SlackEmulator
from bot.demo.slack_emulator.methods.table import METHODS
from bot.demo.slack_emulator.rates import ALLOWANCES

# Documented without a number, or counted by channel.
SPECIAL = {"auth.test", "chat.getPermalink", "chat.postMessage"}


class StillClock:
    """Moves only when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def still() -> StillClock:
    return StillClock()


@pytest.fixture
async def slack(manifest: dict[str, Any], still: StillClock) -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(manifest, clock=still, limits=Limits(rate_limits=True)) as emulator:
        yield emulator


async def passed(call: Callable[[], Awaitable[Any]], times: int) -> int:
    """How many calls in a row pass before one is refused."""
    for count in range(times):
        try:
            await call()
        except SlackApiError as refused:
            if refused.response["error"] != "ratelimited":
                raise
            return count
    return times


async def test_a_normal_burst_of_posts_passes_and_a_flood_is_refused(
    slack: SlackEmulator, client: AsyncWebClient, still: StillClock
) -> None:
    async def post(channel: str = "C0INCIDENTS") -> Any:
        return await client.chat_postMessage(channel=channel, text="x")

    assert await passed(post, 30) == 10
    with pytest.raises(SlackApiError) as caught:
        await post()
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
    assert (await post("C0ALERTS"))["ok"], "another channel has an allowance of its own"
    still.move(3)
    assert await passed(post, 10) == 3
    assert len(slack.messages("incidents")) == 13


@pytest.mark.parametrize(
    ("method", "args", "most", "pause"),
    [
        ("users.list", {}, 20, 3),
        ("conversations.info", {"channel": "C0INCIDENTS"}, 50, 2),
        ("users.info", {"user": "U0BOB"}, 100, 1),
    ],
)
async def test_each_tier_has_its_number(
    client: AsyncWebClient, still: StillClock, method: str, args: dict[str, str], most: int, pause: int
) -> None:
    async def ask() -> Any:
        return await client.api_call(method, http_verb="GET", params=args)

    assert await passed(ask, 200) == most
    with pytest.raises(SlackApiError) as caught:
        await ask()
    assert caught.value.response.headers["Retry-After"] == str(pause)
    still.move(pause)
    assert (await ask())["ok"]
    still.move(3600)
    assert await passed(ask, 200) == most


async def test_calls_that_are_refused_for_other_reasons_count_too(client: AsyncWebClient) -> None:
    async def ask() -> Any:
        try:
            return await client.reactions_add(channel="C0INCIDENTS", name="eyes", timestamp="1.1")
        except SlackApiError as refused:
            if refused.response["error"] != "message_not_found":
                raise

    assert await passed(ask, 200) == 50


async def test_an_incoming_webhook_takes_one_message_a_second(slack: SlackEmulator, still: StillClock) -> None:
    async with aiohttp.ClientSession() as session:

        async def post() -> tuple[int, str | None]:
            async with session.post(slack.webhook_url("Alertmanager"), json={"text": "x"}) as answer:
                return answer.status, answer.headers.get("Retry-After")

        assert [await post() for _ in range(6)] == [(200, None)] * 5 + [(429, "1")]
        still.move(1)
        assert await post() == (200, None)


async def test_nothing_is_counted_unless_it_is_asked_for(manifest: dict[str, Any]) -> None:
    async with SlackEmulator(manifest) as emulator:
        client = AsyncWebClient(token=emulator.bot_token, base_url=emulator.api_url)
        assert await passed(lambda: client.chat_postMessage(channel="C0INCIDENTS", text="x"), 40) == 40


def test_every_method_has_a_tier_or_is_special() -> None:
    unnamed = {name for name in METHODS if name not in ALLOWANCES and not name.startswith("assistant.threads.")}
    assert unnamed == SPECIAL
    assert set(ALLOWANCES) <= set(METHODS)
