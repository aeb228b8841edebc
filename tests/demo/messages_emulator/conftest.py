"""What these tests share: an emulator on a clock moved by hand that checks requests, and the vendor's client for it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import pytest

from bot.demo.messages_emulator import MessagesEmulator, Reply
from tests.demo.messages_emulator.sdk_schema import Checker, checker


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def check() -> Checker:
    return checker()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def emulator(check: Checker, clock: Clock) -> AsyncIterator[MessagesEmulator]:
    async with MessagesEmulator(decide=lambda _: Reply("fine"), check=check, clock=clock) as made:
        yield made


@pytest.fixture
async def sdk(emulator: MessagesEmulator) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with client(emulator) as made:
        yield made


def client(emulator: MessagesEmulator, **more: Any) -> anthropic.AsyncAnthropic:
    settings = {"api_key": "emulator-key", "max_retries": 0, "_strict_response_validation": True, **more}
    return anthropic.AsyncAnthropic(base_url=emulator.url, **settings)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made
