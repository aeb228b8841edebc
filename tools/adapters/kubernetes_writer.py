"""The Kubernetes API as tools.world changes it, on credentials of its own: one object at a time, as it was read.

It can send three things: a patch, a delete and an eviction. Every one of them names the version it was decided on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tools.adapters.kubernetes_connection import WRITES, Connection, Limits, Request, connect, path_of
from tools.world import JsonObject, Preconditions, WriteOptions, Written

FIELD_MANAGER = "ask-claude"
_JSON = "application/json"


class KubernetesWriter:
    """A ``ClusterWriter`` over HTTP."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def connect(
        cls,
        kubeconfig: str | None = None,
        context: str | None = None,
        name: str | None = None,
        limits: Limits = WRITES,
    ) -> "KubernetesWriter":
        """Sends no request."""
        return cls(await connect(kubeconfig, context, name, limits))

    async def close(self) -> None:
        await self._connection.close()

    async def patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        options: WriteOptions,
    ) -> Written:
        is_merge = isinstance(patch, Mapping)
        content = "application/strategic-merge-patch+json" if is_merge else "application/json-patch+json"
        query: list[tuple[str, str | int]] = [("fieldManager", FIELD_MANAGER)]
        if options.dry_run:
            query.append(("dryRun", "All"))
        body = dict(patch) if isinstance(patch, Mapping) else [dict(each) for each in patch]
        request = Request(
            "PATCH", path_of(kind, namespace, name), tuple(query), _JSON, _headers(content, options), body
        )
        data, headers = await self._connection.ask(request)
        return Written(self._connection.parsed(data), _audit_id(headers))

    async def delete(self, kind: str, namespace: str, name: str, only: Preconditions, options: WriteOptions) -> Written:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", **_delete_options(only, options)}
        request = Request("DELETE", path_of(kind, namespace, name), (), _JSON, _headers(_JSON, options), body)
        return await self._removed(request)

    async def evict(self, namespace: str, name: str, only: Preconditions, options: WriteOptions) -> Written:
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": _delete_options(only, options),
        }
        path = path_of("Pod", namespace, name, "eviction")
        return await self._removed(Request("POST", path, (), _JSON, _headers(_JSON, options), body))

    async def _removed(self, request: Request) -> Written:
        _, headers = await self._connection.ask(request)
        return Written({}, _audit_id(headers))


def _delete_options(only: Preconditions, options: WriteOptions) -> JsonObject:
    # A server reads a body, even an empty one, in place of the query: an option there would be lost without a word,
    # and with dryRun in the query the object would be gone.
    made: JsonObject = {"preconditions": {"uid": only.uid, "resourceVersion": only.resource_version}}
    return {**made, "dryRun": ["All"]} if options.dry_run else made


def _audit_id(headers: Mapping[str, str]) -> str | None:
    """Bounded, because it is written down: whoever stands between may answer anything."""
    return headers.get("Audit-Id", "")[:128] or None


def _headers(content: str, options: WriteOptions) -> dict[str, str]:
    return {"Content-Type": content, "Audit-ID": options.audit_id}
