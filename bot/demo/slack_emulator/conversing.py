"""Messages that are being streamed, "is thinking" lines, and agent sessions, one per thread.

Assumed about the real Slack: a stream expires after five idle minutes; only its end sends a
message_changed event; after a person pressed Stop, appending is refused and ending is not.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Change, Json, Message
from bot.demo.slack_emulator.team import Team

Thread = tuple[str, str]
STREAM_LIFETIME = timedelta(minutes=5)
STATUS_LIFETIME = timedelta(minutes=2)


@dataclass(slots=True)
class Stream:
    """What has been streamed into one message so far."""

    mode: str
    touched_at: datetime
    text: str = ""
    plan_title: str = ""
    tasks: dict[str, Json] = field(default_factory=dict)
    blocks: list[Json] = field(default_factory=list)
    is_open: bool = True
    is_stopped_by_user: bool = False

    def take(self, chunk: Json) -> None:
        match chunk.get("type"):
            case "markdown_text":
                self.text += str(chunk.get("text") or "")
            case "task_update" if chunk.get("id") and chunk.get("title"):
                known = self.tasks.get(str(chunk["id"]), {})
                news = {key: value for key, value in chunk.items() if key not in {"type", "id"} and value is not None}
                self.tasks[str(chunk["id"])] = {**known, **news, "type": "task_card", "task_id": str(chunk["id"])}
            case "plan_update":
                self.plan_title = str(chunk.get("title") or "")
            case "blocks":
                self.blocks += list(chunk.get("blocks") or [])
            case _:
                raise Refused("invalid_chunks", ["[ERROR] unsupported or incomplete chunk [json-pointer:/chunks]"])

    def as_blocks(self) -> list[Json]:
        tasks = list(self.tasks.values())
        blocks: list[Json] = []
        if self.mode == "plan" and (tasks or self.plan_title):
            blocks.append({"type": "plan", "title": self.plan_title or "Working", "tasks": tasks})
        else:
            blocks += tasks
        if self.text:
            blocks.append({"type": "markdown", "text": self.text})
        return blocks + self.blocks


@dataclass(frozen=True, slots=True)
class Status:
    """The line under a thread that says what the app is doing."""

    text: str
    loading_messages: tuple[str, ...]
    set_at: datetime


class Conversing:
    """Open streams, statuses and sessions of the app."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self.streams: dict[Thread, Stream] = {}
        self.sessions: dict[Thread, Json] = {}
        self.titles: dict[Thread, str] = {}
        self.prompts: dict[Thread, list[Json]] = {}
        self._statuses: dict[Thread, Status] = {}
        team.listeners.append(self._clear_status)

    # -- status ------------------------------------------------------------------------------------

    def set_status(self, thread: Thread, text: str, loading_messages: tuple[str, ...]) -> None:
        if text:
            self._statuses[thread] = Status(text, loading_messages, self._team.now())
        else:
            self._statuses.pop(thread, None)
        self._team.announce(Change("status", thread[0]))

    def status_of(self, thread: Thread) -> Status | None:
        status = self._statuses.get(thread)
        return None if status is None or self._team.now() - status.set_at > STATUS_LIFETIME else status

    def _clear_status(self, change: Change) -> None:
        message = change.message
        if change.kind == "posted" and message is not None and message.bot_id == self._team.app.bot_id:
            self._statuses.pop((change.channel, message.thread_ts or ""), None)

    # -- streams -----------------------------------------------------------------------------------

    def stream_of(self, message: Message) -> Stream:
        """The stream that may still be written to."""
        stream = self.streams.get((message.channel, message.ts))
        if stream is None or not self._is_alive(stream):
            raise Refused("message_not_in_streaming_state")
        return stream

    def is_streaming(self, message: Message) -> bool:
        stream = self.streams.get((message.channel, message.ts))
        return stream is not None and self._is_alive(stream)

    def _is_alive(self, stream: Stream) -> bool:
        return stream.is_open and self._team.now() - stream.touched_at <= STREAM_LIFETIME

    def stop(self, channel: str, thread_ts: str, user: str) -> None:
        """A person pressed Stop in a thread."""
        stopped = [m.ts for m in self._team.thread(channel, thread_ts) if self.is_streaming(m)]
        for ts in stopped:
            self.streams[(channel, ts)].is_stopped_by_user = True
        details = {"user": user, "thread_ts": thread_ts, "streaming_message_ts": stopped}
        self._team.announce(Change("session_stopped", channel, details=details))
