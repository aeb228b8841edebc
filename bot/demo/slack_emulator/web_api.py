"""/api/{method}: checks the token and its scopes, lets planned faults happen, runs the method, keeps a record."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from bot.demo.slack_emulator.arguments import Arguments, read_arguments
from bot.demo.slack_emulator.faults import Fault, Faults
from bot.demo.slack_emulator.methods.method import Method, TokenKind
from bot.demo.slack_emulator.methods.table import METHODS
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.rates import TooOften
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import SCOPE_PREFIX, Json


@dataclass(slots=True)
class Call:
    """One request to the Web API; the answer is filled in when there is one. `at` is by the emulator's clock."""

    method: str
    args: Json
    at: datetime
    status: int | None = None
    answer: Json | None = None
    is_too_many: bool = False

    @property
    def is_ok(self) -> bool:
        return bool(self.answer and self.answer.get("ok"))


class WebApi:
    """Answers Web API calls."""

    def __init__(self, office: Office, faults: Faults) -> None:
        self.calls: list[Call] = []
        self._office = office
        self._faults = faults

    async def respond(self, request: web.Request) -> web.Response:
        name = request.match_info["method"]
        call = Call(name, {}, self._office.team.now())
        self.calls.append(call)
        try:
            args = await read_arguments(request)
            token = _token(request, args)
            call.args = {key: value for key, value in args.values.items() if key != "token"}
            self._office.team.beat()
            await self._faults.wait_if_held(name, "before")
            if request.transport is None or request.transport.is_closing():
                # The caller died while it was held: a request that never arrived does nothing.
                return web.Response(status=499)
            failure = self._faults.next_failure(name)
            body = {"ok": True, **self._run(name, token, args)} if failure is None else None
        except Refused as refused:
            failure, body = None, refused.as_body()
        except TooOften as refused:
            call.is_too_many = True
            failure, body = Fault(status=429, retry_after=refused.retry_after), None
        if body is None:
            return self._failed(call, failure or Fault())
        await self._faults.wait_if_held(name, "after")
        return self._answered(call, 200, body)

    def _run(self, name: str, token: str, args: Arguments) -> Json:
        kind = self._token_kind(token)
        method = METHODS.get(name)
        if method is None:
            raise Refused("unknown_method")
        if kind not in method.tokens:
            raise Refused("not_allowed_token_type")
        self._office.rates.count_call(name, args.text("channel") or "")
        self._check_scope(method, args)
        args.values["token"] = token
        return method.run(self._office, args)

    def _token_kind(self, token: str) -> TokenKind:
        app = self._office.team.app
        if not token:
            raise Refused("not_authed")
        if token == app.bot_token:
            return "bot"
        if token == app.app_token:
            return "app"
        raise Refused("invalid_auth")

    def _check_scope(self, method: Method, args: Arguments) -> None:
        if method.scope is None:
            return
        channel = self._office.team.channels.get(args.text(method.channel_argument) or "")
        kind = SCOPE_PREFIX[channel.kind] if channel else "channels"
        self._office.require_scope(method.scope.replace("{kind}", kind))

    def _failed(self, call: Call, fault: Fault) -> web.Response:
        if fault.error is not None:
            return self._answered(call, 200, {"ok": False, "error": fault.error})
        if fault.status == 429:
            body = {"ok": False, "error": "ratelimited"}
            return self._answered(call, 429, body, {"Retry-After": str(fault.retry_after)})
        return self._answered(call, fault.status or 500, {"ok": False, "error": "internal_error"})

    def _answered(self, call: Call, status: int, body: Json, headers: dict[str, str] | None = None) -> web.Response:
        call.status, call.answer = status, body
        self._office.team.beat()
        scopes = {"x-oauth-scopes": ",".join(self._office.manifest.scopes)}
        return web.json_response(body, status=status, headers={**scopes, **(headers or {})})


def _token(request: web.Request, args: Arguments) -> str:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()
    return args.text("token") or ""
