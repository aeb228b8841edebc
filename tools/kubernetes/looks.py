"""Reads that may fail: what could not be read becomes a line for a person, never an exception."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from safety.redaction import Redacted
from tools.world import JsonObject, NotFound, Reader, Rejected, Table, WorldError

T = TypeVar("T")
NO_TABLE = Table((), ())


class Looks:
    """Runs reads and keeps what could not be read, each reason once."""

    def __init__(self, world: Reader) -> None:
        self.world = world
        self.not_checked: list[Redacted] = []

    async def attempt(self, what: str, read: Awaitable[T], otherwise: T) -> T:
        try:
            return await read
        except (NotFound, Rejected):
            # Gone since the scan, a kind that this server does not serve: that is an answer, not a blind spot.
            return otherwise
        except WorldError as error:
            self.note(f"{what}: {error}")
            return otherwise

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on these values are taken out wherever they turn up."""
        self.world = dataclasses.replace(self.world, redactor=self.world.redactor.learning(secrets))

    def note(self, text: str) -> None:
        line = self.world.redactor.text(text).clip(300)
        if line not in self.not_checked:
            self.not_checked.append(line)

    async def table(self, kind: str, namespace: str | None) -> Table:
        what = f"{kind}s of {namespace}" if namespace else f"{kind}s of all namespaces"
        return await self.attempt(what, self.world.cluster.table(kind, namespace), NO_TABLE)

    async def listed(
        self, kind: str, namespace: str | None, *, fields: str = "", labels: str = "", limit: int = 500
    ) -> list[JsonObject]:
        """The objects, each with its kind: servers leave it out of the items of a list."""
        read = self.world.cluster.list(kind, namespace, field_selector=fields, label_selector=labels, limit=limit)
        what = f"{kind}s of {namespace}" if namespace else f"{kind}s of all namespaces"
        found = await self.attempt(what, read, list[JsonObject]())
        return [each if each.get("kind") else {"kind": kind, **each} for each in found]

    async def by_name(self, kind: str, names: Iterable[str]) -> list[JsonObject]:
        """Objects of which only the names are known: rows of all namespaces do not say theirs."""
        reads = [self.listed(kind, None, fields=f"metadata.name={name}", limit=3) for name in dict.fromkeys(names)]
        return flat(await asyncio.gather(*reads))


def flat(lists: Iterable[Sequence[T]]) -> list[T]:
    return [each for one in lists for each in one]
