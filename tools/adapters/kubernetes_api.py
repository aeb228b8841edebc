"""The Kubernetes API as tools.world reads it: raw JSON, server-side tables and bounded logs."""

from collections.abc import Sequence

from tools.adapters.kubernetes_connection import READS, Connection, Limits, Request, connect, path_of
from tools.world import JsonObject, LogOptions, Table

__all__ = ["MOST_ROWS", "PAGE", "READS", "KubernetesApi", "Limits"]

PAGE = 500
MOST_ROWS = 20_000
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_JSON = "application/json"
_ANY = "application/json, */*"


def _selectors(field_selector: str, label_selector: str) -> list[tuple[str, str | int]]:
    pairs = (("fieldSelector", field_selector), ("labelSelector", label_selector))
    return [(key, value) for key, value in pairs if value]


class KubernetesApi:
    """A ``ClusterReader`` over HTTP. It has no method that changes anything."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def connect(
        cls,
        kubeconfig: str | None = None,
        context: str | None = None,
        name: str | None = None,
        limits: Limits = READS,
    ) -> "KubernetesApi":
        """Sends no request: the first call tells whether the cluster can be reached."""
        return cls(await connect(kubeconfig, context, name, limits))

    @property
    def name(self) -> str:
        return self._connection.name

    async def close(self) -> None:
        await self._connection.close()

    async def uid(self) -> str:
        return str((await self.get("Namespace", None, "kube-system"))["metadata"]["uid"])

    async def version(self) -> str:
        return str((await self._connection.send_json(Request("GET", "/version")))["gitVersion"])

    async def namespaces(self) -> list[JsonObject]:
        return await self.list("Namespace", None, limit=MOST_ROWS)

    async def table(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 0
    ) -> Table:
        columns: tuple[str, ...] = ()
        rows: list[tuple[str, ...]] = []
        query = [("includeObject", "None"), *_selectors(field_selector, label_selector)]
        most = limit or MOST_ROWS
        more = ""
        while True:
            page = await self._page(path_of(kind, namespace), query, min(PAGE * 4, most - len(rows)), more, _TABLE)
            columns = columns or tuple(str(each["name"]) for each in page.get("columnDefinitions") or ())
            rows += [tuple("" if one is None else str(one) for one in row["cells"]) for row in page.get("rows") or ()]
            more = str((page.get("metadata") or {}).get("continue") or "")
            if not more or len(rows) >= most:
                return Table(columns, tuple(rows), truncated=bool(more))

    async def get(self, kind: str, namespace: str | None, name: str) -> JsonObject:
        return await self._connection.send_json(Request("GET", path_of(kind, namespace, name)))

    async def list(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 500
    ) -> list[JsonObject]:
        items: list[JsonObject] = []
        query = _selectors(field_selector, label_selector)
        more = ""
        while True:
            page = await self._page(path_of(kind, namespace), query, min(PAGE, limit - len(items)), more, _JSON)
            items += page.get("items") or ()
            more = str((page.get("metadata") or {}).get("continue") or "")
            if not more or len(items) >= limit:
                return items

    async def log(self, namespace: str, pod: str, container: str, options: LogOptions) -> str:
        query: list[tuple[str, str | int]] = [
            ("container", container),
            ("tailLines", options.tail_lines),
            ("limitBytes", options.limit_bytes),
        ]
        if options.previous:
            query.append(("previous", "true"))
        if options.since is not None:
            query.append(("sinceSeconds", max(1, int(options.since.total_seconds()))))
        path = path_of("Pod", namespace, pod, "log")
        data = await self._connection.send(Request("GET", path, tuple(query), _ANY))
        return data.decode(errors="replace")

    async def may(
        self, verb: str, resource: str, namespace: str | None, group: str = "", subresource: str = ""
    ) -> bool:
        attributes = {"verb": verb, "resource": resource, "group": group, "subresource": subresource}
        if namespace is not None:
            attributes["namespace"] = namespace
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = await self._connection.send_json(Request("POST", path, body=review))
        return bool((answer.get("status") or {}).get("allowed"))

    async def _page(
        self, path: str, query: Sequence[tuple[str, str | int]], limit: int, more: str, accept: str
    ) -> JsonObject:
        bounded = (*query, ("limit", limit), *([("continue", more)] if more else []))
        return await self._connection.send_json(Request("GET", path, bounded, accept))
