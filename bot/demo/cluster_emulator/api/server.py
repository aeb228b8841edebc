"""The HTTP server: one door for all requests, which checks who comes, lets trouble happen, and answers."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api import discovery
from bot.demo.cluster_emulator.api.logs import read_log
from bot.demo.cluster_emulator.api.metrics import read_metrics
from bot.demo.cluster_emulator.api.openapi import openapi
from bot.demo.cluster_emulator.api.reading import list_objects, matcher_of, show
from bot.demo.cluster_emulator.api.requests import Request, Target, is_log, parse_target
from bot.demo.cluster_emulator.api.reviews import review
from bot.demo.cluster_emulator.api.subresources import evict, scale_of, write_scale
from bot.demo.cluster_emulator.api.watching import Watch
from bot.demo.cluster_emulator.api.writing import APPLY, create, patch, remove, remove_many, replace
from bot.demo.cluster_emulator.cluster import Cluster
from bot.demo.cluster_emulator.faults import Failure, Faults, failure_body
from bot.demo.cluster_emulator.objects import Obj
from bot.demo.cluster_emulator.rbac import User, refusal
from bot.demo.cluster_emulator.statuses import ApiFailure

NOT_FOUND_TEXT = b"404 page not found\n"
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    user: str


class ApiServer:
    """Serves one cluster."""

    def __init__(self, cluster: Cluster, users: Iterable[User], version: str, anonymous: str = "") -> None:
        self.cluster = cluster
        self.faults = Faults()
        self.requests: list[Recorded] = []
        self.stopping = asyncio.Event()
        self._users = {user.token: user for user in users}
        self._version = version
        self._anonymous = next((user for user in self._users.values() if user.name == anonymous), None)

    def application(self) -> web.Application:
        """The web application."""
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, raw: web.Request) -> web.StreamResponse:
        body = await raw.read()
        user = self._who(raw)
        query = dict(raw.query)
        self.requests.append(Recorded(raw.method, raw.path, query, body, user.name if user else ""))
        failure = await self.faults.before(raw.method, raw.path_qs)
        if failure is not None:
            return _failed(failure)
        # The clock is looked at after a request was held, not before.
        self.cluster.clock.catch_up()
        if discovery.is_health(raw.path):
            return web.Response(body=b"ok", headers={"Content-Type": _TEXT})
        try:
            response = await self._answer(raw, user, query, body)
        except ApiFailure as refused:
            response = _status(refused)
        if not response.prepared:
            # A server takes the caller's id, or makes one, and names it in every answer.
            response.headers["Audit-Id"] = raw.headers.get("Audit-Id") or str(uuid.uuid4())
        if await self.faults.after(raw.method, raw.path_qs) and raw.transport is not None:
            raw.transport.close()
        return response

    def _who(self, raw: web.Request) -> User | None:
        header = raw.headers.get("Authorization", "")
        if not header:
            return self._anonymous
        return self._users.get(header.removeprefix("Bearer ").strip())

    async def _answer(
        self, raw: web.Request, user: User | None, query: dict[str, str], body: bytes
    ) -> web.StreamResponse:
        if user is None:
            raise statuses.unauthorized()
        described = discovery.describe(raw.path, self._version) or openapi(raw.path)
        if described is not None:
            return _json(described)
        target = parse_target(raw.path)
        if target is None:
            return web.Response(status=404, body=NOT_FOUND_TEXT, headers={"Content-Type": _TEXT})
        request = Request(
            method=raw.method,
            path=raw.path,
            query=query,
            user=user,
            target=target,
            accept=raw.headers.get("Accept", ""),
            content_type=raw.headers.get("Content-Type", ""),
            body=body,
            user_agent=raw.headers.get("User-Agent", ""),
        )
        if not user.may(request.ask):
            raise statuses.forbidden(target.resource, target.name, refusal(user, request.ask))
        if request.verb == "watch":
            return await Watch(request, self.cluster.store).stream(raw, self.stopping)
        if is_log(target) and request.verb == "get":
            return web.Response(body=read_log(request, self.cluster.agents), headers={"Content-Type": "text/plain"})
        makes = request.verb == "create" or self._applies_anew(request)
        return _json(self._obey(request), 201 if makes else 200)

    def _applies_anew(self, request: Request) -> bool:
        target = request.target
        if request.verb != "patch" or not request.content_type.startswith(APPLY):
            return False
        return self.cluster.store.get(target.resource, target.namespace, target.name) is None

    def _obey(self, request: Request) -> Obj:
        target, store = request.target, self.cluster.store
        if target.resource.group == "metrics.k8s.io":
            if request.method != "GET":
                raise statuses.method_not_allowed()
            return read_metrics(request, self.cluster.agents)
        if target.resource.group == "authorization.k8s.io":
            if request.method != "POST":
                raise statuses.method_not_allowed()
            return review(request)
        if target.subresource in ("scale", "eviction"):
            return self._beside(request)
        if request.verb == "get":
            return show(request, store, store.require(target.resource, target.namespace, target.name))
        if request.verb == "list":
            return list_objects(request, store)
        return self._change(request, target)

    def _change(self, request: Request, target: Target) -> Obj:
        store = self.cluster.store
        if request.verb == "deletecollection":
            matches = matcher_of(request, target.resource)
            listed = list_objects(request, store)
            remove_many(
                request, store, [each for each in store.all_of(target.resource, target.namespace) if matches(each)]
            )
            return listed
        single = {"update": replace, "patch": patch, "delete": remove}
        if request.verb == "create" and not target.name and (target.namespace or not target.resource.namespaced):
            return create(request, store)
        if request.verb in single and target.name and not (request.verb == "delete" and target.subresource):
            return single[request.verb](request, store)
        raise statuses.method_not_allowed()

    def _beside(self, request: Request) -> Obj:
        target, store = request.target, self.cluster.store
        if target.subresource == "eviction" and request.method == "POST":
            return evict(request, store)
        if target.subresource == "scale" and request.method == "GET":
            return scale_of(target.resource, store.require(target.resource, target.namespace, target.name))
        if target.subresource == "scale" and request.method in ("PUT", "PATCH"):
            return write_scale(request, store)
        raise statuses.method_not_allowed()


def _json(body: Obj, status: int = 200) -> web.Response:
    # No charset: some clients compare the content type for equality.
    text = json.dumps(body, separators=(",", ":")).encode()
    return web.Response(status=status, body=text, headers={"Content-Type": "application/json"})


def _status(refused: ApiFailure) -> web.Response:
    return _json(refused.body, refused.code)


def _failed(failure: Failure) -> web.Response:
    response = _json(failure_body(failure), failure.status)
    if failure.retry_after is not None:
        response.headers["Retry-After"] = str(failure.retry_after)
    return response
