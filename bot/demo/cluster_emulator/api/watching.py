"""WATCH: a stream of changes from a version on, until the time is up or the client goes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator

from aiohttp import web

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api.reading import form_of, matcher_of
from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.objects import Obj
from bot.demo.cluster_emulator.selectors import Matcher
from bot.demo.cluster_emulator.statuses import ApiFailure, Cause
from bot.demo.cluster_emulator.store import Change, Store
from bot.demo.cluster_emulator.tables import as_table, partial_metadata

DEFAULT_SECONDS = 1800.0
# The bookmark that ends the beginning of a watch which began with what was there, as newer clients list.
INITIAL_END = "k8s.io/initial-events-end"


def _event(kind: str, obj: Obj) -> bytes:
    return json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"


class Watch:
    """One open watch."""

    def __init__(self, request: Request, store: Store) -> None:
        self._request = request
        self._store = store
        self._resource = request.target.resource
        # The query is read here, so that a bad one is refused before the stream begins.
        self._matches: Matcher = matcher_of(request, self._resource)
        for key in ("resourceVersion", "timeoutSeconds"):
            request.whole(key)
        self._sends_initial = self._request.query.get("sendInitialEvents") == "true"
        if self._sends_initial and self._request.query.get("resourceVersionMatch") != "NotOlderThan":
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            raise statuses.invalid("ListOptions.meta.k8s.io", "", [Cause.forbidden("resourceVersionMatch", why)])
        self._queue: asyncio.Queue[Change] = asyncio.Queue()

    async def stream(self, raw: web.Request, stopping: asyncio.Event) -> web.StreamResponse:
        """Answer with the stream."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        self._store.listeners.append(self._queue.put_nowait)
        try:
            try:
                first = list(self._beginning())
            except ApiFailure as failure:
                first = [_event("ERROR", failure.body)]
                stopping = asyncio.Event()
                stopping.set()
            await response.prepare(raw)
            # A client that goes ends its watch that way.
            with contextlib.suppress(ConnectionResetError):
                for line in first:
                    await response.write(line)
                await self._follow(response, stopping)
                await response.write_eof()
        finally:
            self._store.listeners.remove(self._queue.put_nowait)
        return response

    def _beginning(self) -> Iterator[bytes]:
        version = self._request.query.get("resourceVersion", "")
        if self._sends_initial:
            yield from self._everything()
            yield _event("BOOKMARK", self._end_of_beginning())
            return
        if version in ("", "0"):
            yield from self._everything()
            return
        for change in self._store.changes_since(self._request.whole("resourceVersion")):
            yield from self._lines(change)

    def _everything(self) -> Iterator[bytes]:
        for obj in self._store.all_of(self._resource, self._request.target.namespace):
            if self._matches(obj):
                yield _event("ADDED", self._shown(obj))

    def _end_of_beginning(self) -> Obj:
        meta = {"resourceVersion": str(self._store.version), "annotations": {INITIAL_END: "true"}}
        return {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": meta}

    async def _follow(self, response: web.StreamResponse, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + (self._request.whole("timeoutSeconds") or DEFAULT_SECONDS)
        stopped = asyncio.ensure_future(stopping.wait())
        waiting = asyncio.ensure_future(self._queue.get())
        try:
            while not stopping.is_set() and (left := ends - loop.time()) > 0:
                if waiting.done():
                    waiting = asyncio.ensure_future(self._queue.get())
                await asyncio.wait({waiting, stopped}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    continue
                for line in self._lines(waiting.result()):
                    await response.write(line)
        finally:
            waiting.cancel()
            stopped.cancel()

    def _lines(self, change: Change) -> Iterator[bytes]:
        namespace = self._request.target.namespace
        if change.resource is not self._resource:
            return
        if namespace and change.obj["metadata"].get("namespace") != namespace:
            return
        name = self._request.target.name
        if name and change.obj["metadata"]["name"] != name:
            return
        was = change.before is not None and self._matches(change.before)
        now = change.kind != "DELETED" and self._matches(change.obj)
        kind = {(False, True): "ADDED", (True, True): "MODIFIED", (True, False): "DELETED"}.get((was, now))
        if kind is not None:
            yield _event(kind, self._shown(change.obj))

    def _shown(self, obj: Obj) -> Obj:
        form = form_of(self._request.accept)
        if form == "Table":
            include = self._request.query.get("includeObject", "Metadata")
            return as_table(self._resource.kind, [obj], include, self._store.clock.now)
        return partial_metadata(obj) if form.startswith("PartialObjectMetadata") else obj
