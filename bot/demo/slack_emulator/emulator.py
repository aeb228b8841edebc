"""The emulator as others use it: start it, act in it as people do, look at what the app did."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bot.demo.slack_emulator import text
from bot.demo.slack_emulator.actors import MonitorBot, Person
from bot.demo.slack_emulator.conversing import Conversing
from bot.demo.slack_emulator.events import EventFeed
from bot.demo.slack_emulator.faults import Faults
from bot.demo.slack_emulator.files import Files
from bot.demo.slack_emulator.interactions import Interactions
from bot.demo.slack_emulator.limits import DEFAULT_LIMITS, Limits
from bot.demo.slack_emulator.manifest import load_manifest
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.page_api import PageApi
from bot.demo.slack_emulator.rates import Rates
from bot.demo.slack_emulator.response_urls import ResponseUrls
from bot.demo.slack_emulator.server import LOOPBACK, Server
from bot.demo.slack_emulator.shapes import Clock, Json, Message, View, Workspace, utc_now
from bot.demo.slack_emulator.socket_mode import Delivery, SocketMode, SocketTiming
from bot.demo.slack_emulator.team import Team
from bot.demo.slack_emulator.triggers import Triggers
from bot.demo.slack_emulator.views import Views
from bot.demo.slack_emulator.web_api import Call, WebApi

Found = TypeVar("Found")


class SlackEmulator:
    """One Slack workspace with one app installed, on a port of this machine."""

    def __init__(
        self,
        manifest: Path | str | Json,
        port: int = 0,
        *,
        clock: Clock = utc_now,
        workspace: Workspace | None = None,
        timing: SocketTiming | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._port = port
        self.faults = Faults()
        self.team = Team(workspace or Workspace(), clock)
        self._sockets = SocketMode(self.team, self.faults, timing or SocketTiming())
        self.office = Office(
            team=self.team,
            manifest=load_manifest(manifest),
            limits=limits,
            sockets=self._sockets,
            views=Views(self.team, limits),
            triggers=Triggers(self.team, limits.trigger_seconds),
            response_urls=ResponseUrls(self.team, limits),
            conversing=Conversing(self.team),
            files=Files(self.team),
            rates=Rates(clock, is_on=limits.rate_limits),
        )
        self._feed = EventFeed(self.team, self.office.manifest, self._sockets.send_event)
        self._interactions = Interactions(self.office)
        self._web_api = WebApi(self.office, self.faults)
        self.page = PageApi(self.office, self._interactions)
        self._server = Server(self.office, self._web_api, self.page)

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        port = await self._server.start(self._port)
        self.office.address = f"http://{LOOPBACK}:{port}"

    async def stop(self) -> None:
        self.faults.clear()
        await self._server.stop()

    async def __aenter__(self) -> "SlackEmulator":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # -- addresses and keys ------------------------------------------------------------------------

    @property
    def page_url(self) -> str:
        return f"{self.office.address}/"

    @property
    def api_url(self) -> str:
        return f"{self.office.address}/api/"

    @property
    def bot_token(self) -> str:
        return self.team.app.bot_token

    @property
    def app_token(self) -> str:
        return self.team.app.app_token

    def webhook_url(self, monitor: str) -> str:
        """Where a real monitor can post to."""
        entry = self.team.monitor_named(monitor)
        return f"{self.office.address}/services/{self.team.workspace.team_id}/{entry.bot_id}/{entry.hook}"

    # -- acting ------------------------------------------------------------------------------------

    def user(self, name: str) -> Person:
        return Person(self.office, self._interactions, self.team.user_named(name))

    def monitor(self, name: str) -> MonitorBot:
        return MonitorBot(self.office, self.team.monitor_named(name))

    async def disconnect(self, reason: str = "refresh_requested", count: int | None = None) -> None:
        """Tell the app to reconnect, on all its sockets or on some; see `socket_mode.REASONS`."""
        await self._sockets.disconnect(reason, count)

    def enable_socket_mode(self) -> None:
        """Undo a disconnect with `link_disabled`: the app may connect again."""
        self._sockets.is_enabled = True

    # -- looking -----------------------------------------------------------------------------------

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """What stands in a channel, or in one of its threads (the parent first)."""
        place = self.team.channel_named(channel).id
        return self.team.history(place) if thread_ts is None else self.team.thread(place, thread_ts)

    def ephemerals(self, user: str) -> list[Message]:
        """What only this person sees."""
        wanted = self.team.user_named(user).id
        return [message for message in self.team.ephemerals if message.visible_to == wanted]

    def views(self, user: str) -> list[View]:
        """The modals this person has open, the topmost last."""
        return self.office.views.open_by(self.team.user_named(user).id)

    def home(self, user: str) -> View | None:
        return self.office.views.home_of(self.team.user_named(user).id)

    def calls(self, method: str | None = None) -> list[Call]:
        """Every Web API request so far, or those to one method."""
        return [call for call in self._web_api.calls if method in (None, call.method)]

    @property
    def too_many(self) -> list[Call]:
        """The Web API requests that came more often than Slack allows, and were refused for that alone."""
        return [call for call in self._web_api.calls if call.is_too_many]

    def events(self, kind: str | None = None) -> list[Json]:
        """Every Events API payload the app was due, whether or not it was connected."""
        return [payload for payload in self._feed.sent if kind in (None, payload["event"]["type"])]

    def deliveries(self, kind: str | None = None) -> list[Delivery]:
        """Every Socket Mode envelope that was sent and has been answered or given up."""
        return [delivery for delivery in self._sockets.deliveries if kind in (None, delivery.kind)]

    @property
    def connections(self) -> int:
        return self._sockets.connections

    async def wait_for(self, wanted: Callable[[Message], bool], timeout: float = 5.0) -> Message:
        """The first message, ephemeral ones included, of which `wanted` is true."""

        def found() -> Message | None:
            everything = [*self.team.all_messages(), *self.team.ephemerals]
            return next((message for message in everything if wanted(message)), None)

        return await self.wait_until(found, timeout)

    async def wait_until(self, found: Callable[[], Found | None], timeout: float = 5.0) -> Found:
        """Look again after everything that happens until there is something to return."""
        try:
            async with asyncio.timeout(timeout):
                while not (result := found()):
                    await self.team.next_beat()
        except TimeoutError:
            shown = text.thread_as_text(self.team, [*self.team.all_messages(), *self.team.ephemerals])
            raise TimeoutError(f"nothing like that within {timeout} s; this is what there is:\n{shown}") from None
        return result

    async def wait_connected(self, count: int = 1, timeout: float = 5.0) -> None:
        await self.wait_until(lambda: self.connections >= count or None, timeout)

    # -- reading aloud -----------------------------------------------------------------------------

    def as_text(self, message: Message) -> str:
        return text.as_text(self.team, message)

    def thread_as_text(self, channel: str, thread_ts: str) -> str:
        """A thread with what individual people saw in it, in the order of time."""
        place = self.team.channel_named(channel).id
        hidden = [m for m in self.team.ephemerals if m.channel == place and m.thread_ts == thread_ts]
        return text.thread_as_text(self.team, sorted([*self.messages(channel, thread_ts), *hidden], key=lambda m: m.ts))
