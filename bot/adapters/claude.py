"""Claude over the Messages API, streamed; one reply at a time, with every fault of the way turned into one line.

The vendor's package takes over a second to import, so it is imported on first use and off the event loop.
"""

import asyncio
import hashlib
import importlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from bot.adapters.claude_prompt import SYSTEM, Prompts
from bot.domain import Usage
from bot.ports import ModelFault, ModelReply, ModelRequest, Stop, StreamSink, ToolCall
from safety.actions import canonical_json
from safety.redaction import Redactor

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import Message

T = TypeVar("T")

_STOPS = {
    "end_turn": Stop.END,
    "stop_sequence": Stop.END,
    "tool_use": Stop.TOOLS,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "pause_turn": Stop.PAUSED,
    "refusal": Stop.REFUSED,
}
# What the accumulator of the vendor's stream trips over when events are missing or out of order.
_GARBLED = (LookupError, AttributeError, TypeError, AssertionError)
_LONG_PROMPT_CHARS = 330_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one reply may take and how often it is asked for again; ``read`` is the gap between two chunks."""

    total: float = 80
    read: float = 30
    connect: float = 5
    retries: int = 2
    longest_wait: float = 20
    first_tokens: int = 1_500
    later_tokens: int = 4_000


class ClaudeModel:
    """The analyst behind an API key. One client per process, made on first use; ``aclose`` when done."""

    def __init__(
        self,
        api_key: str,
        base_url: str | None,
        model: str,
        redactor: Redactor,
        *,
        limits: Limits | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._model = model
        self._redactor = redactor
        self._guard = Redactor([api_key])
        self._limits = limits or Limits()
        self._sleep = sleep
        self._prompts = Prompts()
        self._client: anthropic.AsyncAnthropic | None = None
        self._opening = asyncio.Lock()

    @property
    def name(self) -> str:
        return self._model

    @property
    def connected(self) -> bool:
        return True

    async def reply(self, request: ModelRequest, sink: StreamSink | None = None) -> ModelReply:
        """One reply, asked for again when that may help. Raises ``ModelFault`` only."""
        body = self._body(request)
        self._refuse_own_secrets(body)
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._persist(lambda: self._attempt(body, sink), sink)
        except TimeoutError:
            raise ModelFault("Claude gave no answer in time", kind="timeout", retryable=True) from None

    async def check(self) -> str:
        """Whether key and model work, as one line; raises ``ModelFault`` whose text says what to mend."""
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._persist(self._look_up, None)
        except TimeoutError:
            raise ModelFault("Claude gave no answer in time", kind="timeout", retryable=True) from None

    async def aclose(self) -> None:
        """Give the connections back. A later reply opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    # ---- asking ---------------------------------------------------------------------------------------------------

    async def _persist(self, attempt: Callable[[], Awaitable[T]], sink: StreamSink | None) -> T:
        """Try, and again as long as the fault is of the kind that passes; a longer wait than we have ends it."""
        for tried in range(self._limits.retries + 1):
            try:
                return await attempt()
            except _Fault as fault:
                wait = fault.wait if fault.wait is not None else min(8.0, 0.5 * 2**tried) * random.uniform(0.75, 1)
                if not fault.retryable or tried == self._limits.retries or wait > self._limits.longest_wait:
                    raise ModelFault(str(fault), kind=fault.kind, retryable=fault.retryable) from None
                if sink is not None and fault.text_was_heard:
                    sink.restart()
            await self._sleep(wait)
        raise AssertionError("the last attempt either answers or raises")

    async def _attempt(self, body: dict[str, Any], sink: StreamSink | None) -> ModelReply:
        client = await self._open()
        heard = _Heard(sink)
        try:
            async with client.messages.stream(**body) as stream:
                message = await _read(stream, heard)
        except _faults() as error:
            self._translate(error, heard.any, len(json.dumps(body)))
        if message is None or message.stop_reason is None:
            raise _Fault("Claude's answer broke off", "truncated", retryable=True, text_was_heard=heard.any)
        return replace(_reply(message), prompt_sha256=_hash(body))

    async def _look_up(self) -> str:
        client = await self._open()
        try:
            found = await client.models.retrieve(self._model)
        except _faults() as error:
            self._translate(error, False, 0)
        if found.lifecycle == "retired":
            raise _Fault(f"the model {self._model} is retired; set ORCHESTRATOR_MODEL to another", "model")
        until = f" until {found.retires_at:%Y-%m-%d}, then set ORCHESTRATOR_MODEL" if found.retires_at else ""
        return f"Claude answers: the key is accepted and {self._model} is available{until}"

    async def _open(self) -> "anthropic.AsyncAnthropic":
        async with self._opening:
            if self._client is None:
                await asyncio.to_thread(importlib.import_module, "anthropic")
                self._client = self._made()
            return self._client

    def _made(self) -> "anthropic.AsyncAnthropic":
        import anthropic
        import httpx2

        limits = self._limits
        try:
            return anthropic.AsyncAnthropic(
                api_key=self._api_key,
                base_url=self._base_url,
                timeout=anthropic.Timeout(limits.total, connect=limits.connect, read=limits.read),
                max_retries=0,  # one place retries, with our budget and our clock
            )
        except (anthropic.AnthropicError, httpx2.InvalidURL, ValueError):
            raise _Fault("ANTHROPIC_BASE_URL is not an address that can be called", "config") from None

    # ---- what is sent ---------------------------------------------------------------------------------------------

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": self._limits.first_tokens if request.first else self._limits.later_tokens,
            "system": [{"type": "text", "text": SYSTEM}],
            "messages": self._prompts.messages(request),
            **_depth(self._model, request.first),
        }
        if request.form is not None:
            form = {"type": "json_schema", "schema": dict(request.form)}
            body["output_config"] = {**body.get("output_config", {}), "format": form}
        if request.tools:
            body["tools"] = [
                {"name": each.name, "description": each.description, "input_schema": dict(each.input_schema)}
                for each in sorted(request.tools, key=lambda each: each.name)
            ]
            body["cache_control"] = {"type": "ephemeral"}
        if request.tools and request.final:
            body["tool_choice"] = {"type": "none"}  # the tools stay: earlier messages use them
        return body

    def _refuse_own_secrets(self, body: dict[str, Any]) -> None:
        """The last look before anything leaves: no text may hold a secret of this process, whoever let it in."""
        text = json.dumps(body, ensure_ascii=False)
        for redactor in (self._redactor, self._guard):
            if redactor.holds_own(text):
                raise ModelFault(
                    "the request held one of the bot's own secrets and was not sent", kind="leak", retryable=False
                )

    # ---- what comes back instead ----------------------------------------------------------------------------------

    def _translate(self, error: Exception, heard: bool, sent_chars: int) -> NoReturn:
        import anthropic
        import httpx2

        match error:
            case anthropic.APIStatusError():
                fault = self._from_status(error, sent_chars)
            case anthropic.APITimeoutError() | httpx2.TimeoutException():
                fault = _Fault("Claude could not be reached (no answer in time)", "timeout", retryable=True)
            case anthropic.APIConnectionError() | httpx2.HTTPError() | httpx2.StreamError():
                fault = _Fault("Claude could not be reached (the connection failed)", "connection", retryable=True)
            case _:
                fault = _Fault("Claude's answer was garbled", "garbled", retryable=True)
        fault.text_was_heard = heard
        raise fault from None

    def _from_status(self, error: "anthropic.APIStatusError", sent_chars: int) -> "_Fault":
        """Branches on the API's own words for the fault, never on its sentences."""
        status, word = error.status_code, error.type or _WORDS.get(error.status_code, "")
        if (error.error_code or "").endswith("spend_limit_reached"):
            word = "billing_error"
        if status == 413 or (word == "invalid_request_error" and sent_chars > _LONG_PROMPT_CHARS):
            return _Fault("the conversation is too long for the model", "too_long")
        if word == "not_found_error":
            return _Fault(f"the model {self._model} is not known to this key; check ORCHESTRATOR_MODEL", "model")
        if word == "invalid_request_error":
            said = self._guard.text(self._redactor.text(error.api_message or "")).clip(160)
            return _Fault(f"Claude did not accept the request: {said}", "request")
        kind, text, passes = _BY_WORD.get(word) or (_BY_WORD["api_error"] if status >= 500 else _STRANGE)
        wait = _retry_after(error)
        return _Fault(
            text, kind, retryable=passes and error.response.headers.get("x-should-retry") != "false", wait=wait
        )


# The API's word for a fault -> our kind, what people read, and whether it passes by itself.
_BY_WORD = {
    "authentication_error": ("auth", "Claude did not accept the key; check ANTHROPIC_API_KEY", False),
    "permission_error": ("permission", "the key in ANTHROPIC_API_KEY is not allowed to use this model", False),
    "billing_error": ("billing", "the account behind ANTHROPIC_API_KEY has no credit or reached its limit", False),
    "rate_limit_error": ("rate_limit", "Claude could not be reached (rate limit)", True),
    "overloaded_error": ("overloaded", "Claude could not be reached (overloaded)", True),
    "timeout_error": ("timeout", "Claude could not be reached (no answer in time)", True),
    "conflict_error": ("server", "Claude could not be reached (a fault on its side)", True),
    "api_error": ("server", "Claude could not be reached (a fault on its side)", True),
}
_STRANGE = ("request", "Claude did not accept the request", False)
# For gateways and proxies that answer without the API's own error body.
_WORDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    408: "timeout_error",
    409: "conflict_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class _Fault(Exception):
    """One failed attempt; ``wait`` is how long the server asked us to wait."""

    def __init__(
        self,
        message: str,
        kind: str,
        *,
        retryable: bool = False,
        wait: float | None = None,
        text_was_heard: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable
        self.wait = wait
        self.text_was_heard = text_was_heard


class _Heard:
    """Passes text on and remembers that there was some."""

    def __init__(self, sink: StreamSink | None) -> None:
        self._sink = sink
        self.any = False

    def text(self, piece: str) -> None:
        self.any = True
        if self._sink is not None:
            self._sink.text(piece)


def _faults() -> tuple[type[Exception], ...]:
    """Everything a request or its stream may raise: a dropped stream raises httpx2's errors, a bad chunk ValueError."""
    import anthropic
    import httpx2

    return (anthropic.APIError, httpx2.HTTPError, httpx2.StreamError, ValueError, *_GARBLED)


async def _read(stream: Any, heard: _Heard) -> "Message | None":
    begun = False
    async for event in stream:
        begun = begun or event.type == "message_start"
        if event.type == "text":
            heard.text(event.text)
    return await stream.get_final_message() if begun else None


def _hash(body: dict[str, Any]) -> str:
    """Of the request as it was made: the model, the system prompt, the messages, the tools and the limits."""
    return f"sha256:{hashlib.sha256(canonical_json(body).encode()).hexdigest()}"


def _retry_after(error: "anthropic.APIStatusError") -> float | None:
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    return None


def _depth(model: str, first: bool) -> dict[str, Any]:
    """How much to think. Models differ in what they accept; one that is not known is asked nothing special."""
    effort = {"output_config": {"effort": "low" if first else "medium"}}
    if first and model.startswith("claude-sonnet-5-5"):
        return {"thinking": {"type": "between_tools"}, **effort}
    if model.startswith(("claude-sonnet-5", "claude-opus-5", "claude-haiku-5-5", "claude-fable-5", "claude-mythos-5")):
        return {"thinking": {"type": "adaptive", "display": "summarized"}, **effort}
    return {}


def _reply(message: "Message") -> ModelReply:
    blocks = tuple(each.to_dict(mode="json") for each in message.content)
    calls = tuple(
        ToolCall(each.id, each.name, each.input if isinstance(each.input, dict) else {})
        for each in message.content
        if each.type == "tool_use"
    )
    used = message.usage
    read, written = used.cache_read_input_tokens or 0, used.cache_creation_input_tokens or 0
    details = message.stop_details
    return ModelReply(
        text="".join(each.text for each in message.content if each.type == "text"),
        calls=calls,
        stop=_STOPS.get(message.stop_reason or "", Stop.TOOLS if calls else Stop.END),
        usage=Usage(used.input_tokens + read + written, used.output_tokens, read, 1),
        blocks=blocks,
        refusal=details.category if details is not None else None,
    )
