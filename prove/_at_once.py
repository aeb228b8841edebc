"""A database connection without a thread of its own: each statement runs at once, so that long runs are quick."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

Job = tuple["asyncio.Future[Any] | None", Callable[[], Any]]


class _NoThread:
    """Where aiosqlite would start one."""

    daemon = True

    def start(self) -> None:
        return None


class _AtOnce:
    """Where aiosqlite would queue what its thread is to do."""

    def put_nowait(self, job: Job) -> None:
        future, function = job
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            if future is not None:
                future.set_exception(error)
            return
        if future is not None:
            future.set_result(result)


class _Connection(aiosqlite.Connection):
    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, 64)
        parts: Any = (_AtOnce(), _NoThread())
        self._tx, self._thread = parts


def at_once(path: str, **options: Any) -> aiosqlite.Connection:
    """A ``driver`` for ``Database``."""
    return _Connection(lambda: sqlite3.connect(path, **options))
