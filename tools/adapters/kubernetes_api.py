"""The Kubernetes API as tools.world sees it: raw JSON, server-side tables, bounded logs, and patches.

Two classes, because they hold different rights: ``KubernetesApi`` only reads, ``KubernetesWriter`` only patches.
"""

import asyncio
import json
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio import client
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from safety.redaction import Redactor
from tools.world import (
    KINDS,
    Conflict,
    Forbidden,
    JsonObject,
    LogOptions,
    NotFound,
    Rejected,
    Table,
    Unreachable,
    WorldError,
    WriteOptions,
)

USER_AGENT = "ask-claude/0.1.0"
FIELD_MANAGER = "ask-claude"
PAGE = 500
MOST_ROWS = 20_000

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_JSON = "application/json"
_ANY = "application/json, */*"
# What passes by itself. Only reads are sent again, at most twice: of a write it is not known whether it was done.
_AGAIN = frozenset({429, 500, 502, 503, 504})
_PAUSES, _LONGEST_PAUSE = (timedelta(seconds=0.1), timedelta(seconds=0.4)), timedelta(seconds=1)
_SEGMENT = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._:]*")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one request may take, and how many of them a second this process may send."""

    timeout: timedelta = timedelta(seconds=5)
    requests_per_second: float = 50.0


READS = Limits()
WRITES = Limits(timeout=timedelta(seconds=10))


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: tuple[tuple[str, str | int], ...] = ()
    accept: str = _JSON
    headers: Mapping[str, str] | None = None
    body: Any = None


class _Bucket:
    """Lets a burst of one second's worth through and then one request at a time; callers queue in order."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._tokens = per_second
        self._last: float | None = None

    async def take(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._last is not None:
            self._tokens = min(self._per_second, self._tokens + (now - self._last) * self._per_second)
        self._last = now
        self._tokens -= 1
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._per_second)


class _Connection:
    """One authenticated client: every answer is bytes, every fault a world error that says what to do next."""

    def __init__(self, configuration: Any, name: str, limits: Limits) -> None:
        self.name = name
        self._client = client.ApiClient(configuration)
        self._client.user_agent = USER_AGENT
        self._host = str(configuration.host)
        self._timeout = limits.timeout
        self._bucket = _Bucket(limits.requests_per_second)
        # A server may quote the request in its fault, and a fault is shown to people.
        self._redactor = Redactor()

    async def close(self) -> None:
        await self._client.close()

    async def send(self, request: _Request) -> bytes:
        await self._bucket.take()
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                status, headers, data = await self._answered(request)
        except TimeoutError:
            seconds = self._timeout.total_seconds()
            raise Unreachable(f"the cluster {self.name} did not answer within {seconds:g} seconds; try again") from None
        except ConfigException as error:
            raise Forbidden(f"the login for the cluster {self.name} cannot be renewed: {self._said(error)}") from None
        except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
            raise Unreachable(
                f"the certificate of the cluster {self.name} is not accepted: {self._said(error)}. "
                "Check the certificate authority in the kubeconfig"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(
                f"cannot reach the cluster {self.name} at {self._host}: {self._said(error)}. "
                "Check the kubeconfig, the network and the VPN"
            ) from None
        if status >= 400:
            raise self._fault(status, headers, data, request)
        return data

    async def send_json(self, request: _Request) -> JsonObject:
        data = await self.send(request)
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Unreachable(f"{self._host} answered, but not like a Kubernetes API; check the kubeconfig's server")
        return found

    async def _answered(self, request: _Request) -> tuple[int, Mapping[str, str], bytes]:
        for pause in _PAUSES if request.method == "GET" else ():
            answer = await self._exchange(request)
            wanted = _retry_after(answer[1]) or pause
            if answer[0] not in _AGAIN or wanted > _LONGEST_PAUSE:
                return answer
            await asyncio.sleep(wanted.total_seconds())
            await self._bucket.take()
        return await self._exchange(request)

    async def _exchange(self, request: _Request) -> tuple[int, Mapping[str, str], bytes]:
        method, url, headers, body, post = await self._client.param_serialize(
            method=request.method,
            resource_path=request.path,
            query_params=list(request.query),
            header_params={"Accept": request.accept, **(request.headers or {})},
            body=request.body,
            auth_settings=["BearerToken"],
        )
        timeout = aiohttp.ClientTimeout(total=self._timeout.total_seconds())
        answer = await self._client.call_api(method, url, headers, body, post, _request_timeout=timeout)
        return answer.status, answer.headers, await answer.read()

    def _fault(self, status: int, headers: Mapping[str, str], data: bytes, request: _Request) -> WorldError:
        said, causes = _status_of(data)
        message = str(self._redactor.text(said))[:600]
        match status:
            case 401:
                return Forbidden(f"the cluster {self.name} does not accept these credentials ({message}); renew them")
            case 403:
                return Forbidden(f"{message}. Give the bot's role this right, or ask about what it may see")
            case 404:
                return NotFound(message)
            case 409:
                return Conflict(message)
            case 422 if isinstance(request.body, list) and _is_failed_test(message, causes):
                return Conflict(f"the object changed since it was read ({message})")
            case 408 | 410 | 429:
                return Unreachable(f"the cluster {self.name} is busy: {message}", _retry_after(headers))
            case _ if status >= 500:
                return Unreachable(
                    f"the cluster {self.name} answered with a fault ({status}): {message}", _retry_after(headers)
                )
            case _:
                return Rejected(message)

    def _said(self, error: BaseException) -> str:
        return str(self._redactor.text(str(error) or type(error).__name__))[:300]


def _status_of(data: bytes) -> tuple[str, int]:
    """The message of a Status body and how many causes it lists; other bodies come as they are."""
    text = data.decode(errors="replace").strip()
    try:
        body = json.loads(text)
    except ValueError:
        return text, 0
    if not isinstance(body, dict):
        return text, 0
    return str(body.get("message") or body.get("reason") or text), len((body.get("details") or {}).get("causes") or ())


def _is_failed_test(message: str, causes: int) -> bool:
    # An invalid object and a policy's refusal are 422 as well; those name the field or the policy.
    lowered = message.lower()
    return not causes and " is invalid" not in lowered and "denied" not in lowered


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    value = headers.get("Retry-After", "")
    return timedelta(seconds=int(value)) if value.isdigit() else None


async def _connect(kubeconfig: str | None, context: str | None, name: str | None, limits: Limits) -> _Connection:
    """A given file first, then the pod's own service account, then the default kubeconfig."""
    configuration = client.Configuration()
    try:
        if kubeconfig is None and context is None and _is_in_cluster(configuration):
            return _Connection(configuration, name or "in-cluster", limits)
        loader = await load_kube_config(
            config_file=_at_home(kubeconfig), context=context, client_configuration=configuration, persist_config=False
        )
    except (ConfigException, OSError) as error:
        where = kubeconfig or "the default place"
        raise Unreachable(
            f"there is no usable kubeconfig in {where}: {error}. "
            "Name an existing file and context, or run inside the cluster with a service account"
        ) from None
    return _Connection(configuration, name or str(loader.current_context["context"]["cluster"]), limits)


def _at_home(path: str | None) -> str | None:
    return str(Path(path).expanduser()) if path else None


def _is_in_cluster(configuration: Any) -> bool:
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException:
        return False
    return True


def _path(kind: str, namespace: str | None, name: str | None = None, subresource: str = "") -> str:
    where = KINDS.get(kind)
    if where is None:
        raise Rejected(f"{kind} is not a kind that can be read here; there are: {', '.join(sorted(KINDS))}")
    parts = ["apis", where.group, where.version] if where.group else ["api", where.version]
    if namespace is not None and where.namespaced:
        parts += ["namespaces", namespace]
    elif where.namespaced and name is not None:
        raise Rejected(f"a {kind} lives in a namespace: name it")
    parts += [where.plural, *([name] if name is not None else []), *([subresource] if subresource else [])]
    # Servers decode %2F before they route, so quoting would not keep a name in its place.
    if not all(_SEGMENT.fullmatch(each) for each in parts):
        raise Rejected(f"not a name of a {kind}")
    return "/" + "/".join(parts)


def _selectors(field_selector: str, label_selector: str) -> list[tuple[str, str | int]]:
    pairs = (("fieldSelector", field_selector), ("labelSelector", label_selector))
    return [(key, value) for key, value in pairs if value]


class KubernetesApi:
    """A ``ClusterReader`` over HTTP. It has no method that changes anything."""

    def __init__(self, connection: _Connection) -> None:
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
        return cls(await _connect(kubeconfig, context, name, limits))

    @property
    def name(self) -> str:
        return self._connection.name

    async def close(self) -> None:
        await self._connection.close()

    async def uid(self) -> str:
        return str((await self.get("Namespace", None, "kube-system"))["metadata"]["uid"])

    async def version(self) -> str:
        return str((await self._connection.send_json(_Request("GET", "/version")))["gitVersion"])

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
            page = await self._page(_path(kind, namespace), query, min(PAGE * 4, most - len(rows)), more, _TABLE)
            columns = columns or tuple(str(each["name"]) for each in page.get("columnDefinitions") or ())
            rows += [tuple("" if one is None else str(one) for one in row["cells"]) for row in page.get("rows") or ()]
            more = str((page.get("metadata") or {}).get("continue") or "")
            if not more or len(rows) >= most:
                return Table(columns, tuple(rows), truncated=bool(more))

    async def get(self, kind: str, namespace: str | None, name: str) -> JsonObject:
        return await self._connection.send_json(_Request("GET", _path(kind, namespace, name)))

    async def list(
        self, kind: str, namespace: str | None, *, field_selector: str = "", label_selector: str = "", limit: int = 500
    ) -> list[JsonObject]:
        items: list[JsonObject] = []
        query = _selectors(field_selector, label_selector)
        more = ""
        while True:
            page = await self._page(_path(kind, namespace), query, min(PAGE, limit - len(items)), more, _JSON)
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
        path = _path("Pod", namespace, pod, "log")
        data = await self._connection.send(_Request("GET", path, tuple(query), _ANY))
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
        answer = await self._connection.send_json(_Request("POST", path, body=review))
        return bool((answer.get("status") or {}).get("allowed"))

    async def _page(
        self, path: str, query: Sequence[tuple[str, str | int]], limit: int, more: str, accept: str
    ) -> JsonObject:
        bounded = (*query, ("limit", limit), *([("continue", more)] if more else []))
        return await self._connection.send_json(_Request("GET", path, bounded, accept))


class KubernetesWriter:
    """A ``ClusterWriter`` over HTTP, on credentials of its own. A patch is all it can send."""

    def __init__(self, connection: _Connection) -> None:
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
        return cls(await _connect(kubeconfig, context, name, limits))

    async def close(self) -> None:
        await self._connection.close()

    async def patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        options: WriteOptions,
    ) -> JsonObject:
        is_merge = isinstance(patch, Mapping)
        content = "application/strategic-merge-patch+json" if is_merge else "application/json-patch+json"
        query: list[tuple[str, str | int]] = [("fieldManager", FIELD_MANAGER)]
        if options.dry_run:
            query.append(("dryRun", "All"))
        headers = {"Content-Type": content, "Audit-ID": options.audit_id}
        body = dict(patch) if isinstance(patch, Mapping) else [dict(each) for each in patch]
        path = _path(kind, namespace, name)
        return await self._connection.send_json(_Request("PATCH", path, tuple(query), headers=headers, body=body))
