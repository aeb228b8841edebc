"""Stands where a cluster should be: every look answers why there is none, so that people are told so."""

from typing import NoReturn

from tools.world import JsonObject, LogOptions, Table, Unreachable


class NoCluster:
    """A ``ClusterReader`` that reaches nothing. ``why`` says what is missing and how to mend it."""

    def __init__(self, why: str) -> None:
        self._why = why

    @property
    def name(self) -> str:
        return "no cluster"

    def _refuse(self) -> NoReturn:
        raise Unreachable(self._why)

    async def close(self) -> None:
        """Nothing was opened."""

    async def uid(self) -> str:
        self._refuse()

    async def version(self) -> str:
        self._refuse()

    async def namespaces(self) -> list[JsonObject]:
        self._refuse()

    async def table(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 0
    ) -> Table:
        self._refuse()

    async def get(self, kind: str, namespace: str | None, name: str) -> JsonObject:
        self._refuse()

    async def list(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 500
    ) -> list[JsonObject]:
        self._refuse()

    async def log(self, namespace: str, pod: str, container: str, options: LogOptions) -> str:
        self._refuse()

    async def may(
        self, verb: str, resource: str, namespace: str | None, group: str = "", subresource: str = ""
    ) -> bool:
        self._refuse()
