"""One authenticated connection to a Kubernetes API server: bounded, throttled, its faults as world errors."""

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
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
    NotFound,
    NotNow,
    Rejected,
    Unreachable,
    WorldError,
)

USER_AGENT = "ask-claude/0.1.0"
_JSON = "application/json"
# What passes by itself. Only reads are sent again, at most twice: of a write it is not known whether it was done.
_AGAIN = frozenset({429, 500, 502, 503, 504})
_BUSY = frozenset({408, 410, 429})
_PAUSES, _LONGEST_PAUSE = (timedelta(seconds=0.1), timedelta(seconds=0.4)), timedelta(seconds=1)
# Why an eviction is refused, as the server itself names it; any other 429 only asks to wait.
_BUDGET = "DisruptionBudget"
_SEGMENT = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._:]*")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one request may take, and how many of them a second this process may send."""

    timeout: timedelta = timedelta(seconds=5)
    requests_per_second: float = 50.0


READS = Limits()
WRITES = Limits(timeout=timedelta(seconds=10))


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: tuple[tuple[str, str | int], ...] = ()
    accept: str = _JSON
    headers: Mapping[str, str] | None = None
    body: Any = None


class Bucket:
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


class Connection:
    """One authenticated client: every answer is bytes, every fault a world error that says what to do next."""

    def __init__(self, configuration: Any, name: str, limits: Limits) -> None:
        self.name = name
        self._client = client.ApiClient(configuration)
        self._client.user_agent = USER_AGENT
        self._host = str(configuration.host)
        self._timeout = limits.timeout
        self._bucket = Bucket(limits.requests_per_second)
        # A server may quote the request in its fault, and a fault is shown to people.
        self._redactor = Redactor()

    async def close(self) -> None:
        await self._client.close()

    async def send(self, request: Request) -> bytes:
        return (await self.ask(request))[0]

    async def ask(self, request: Request) -> tuple[bytes, Mapping[str, str]]:
        """The body of the answer, and its headers."""
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
        return data, headers

    async def send_json(self, request: Request) -> JsonObject:
        return self.parsed(await self.send(request))

    def parsed(self, data: bytes) -> JsonObject:
        """The object that a body is; anything else did not come from a Kubernetes API."""
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Unreachable(f"{self._host} answered, but not like a Kubernetes API; check the kubeconfig's server")
        return found

    async def _answered(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        for pause in _PAUSES if request.method == "GET" else ():
            answer = await self._exchange(request)
            wanted = _retry_after(answer[1]) or pause
            if answer[0] not in _AGAIN or wanted > _LONGEST_PAUSE:
                return answer
            await asyncio.sleep(wanted.total_seconds())
            await self._bucket.take()
        return await self._exchange(request)

    async def _exchange(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
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

    def _fault(self, status: int, headers: Mapping[str, str], data: bytes, request: Request) -> WorldError:
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
            case 422 if isinstance(request.body, list) and _is_failed_test(message, len(causes)):
                return Conflict(f"the object changed since it was read ({message})")
            case 429 if _BUDGET in causes:
                return NotNow(f"{message} {causes[_BUDGET]}".strip())
            case _ if status in _BUSY or status >= 500:
                why = "is busy" if status in _BUSY else f"answered with a fault ({status})"
                return Unreachable(f"the cluster {self.name} {why}: {message}", _retry_after(headers))
            case _:
                return Rejected(message)

    def _said(self, error: BaseException) -> str:
        return str(self._redactor.text(str(error) or type(error).__name__))[:300]


def _status_of(data: bytes) -> tuple[str, dict[str, str]]:
    """The message of a Status body and the causes it lists, by reason; other bodies come as they are."""
    text = data.decode(errors="replace").strip()
    try:
        body = json.loads(text)
    except ValueError:
        return text, {}
    if not isinstance(body, dict):
        return text, {}
    listed = (body.get("details") or {}).get("causes") or ()
    causes = {str(each.get("reason")): str(each.get("message") or "") for each in listed}
    return str(body.get("message") or body.get("reason") or text), causes


def _is_failed_test(message: str, causes: int) -> bool:
    # An invalid object and a policy's refusal are 422 as well; those name the field or the policy.
    lowered = message.lower()
    return not causes and " is invalid" not in lowered and "denied" not in lowered


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    value = headers.get("Retry-After", "")
    return timedelta(seconds=int(value)) if value.isdigit() else None


async def connect(kubeconfig: str | None, context: str | None, name: str | None, limits: Limits) -> Connection:
    """A given file first, then the pod's own service account, then the default kubeconfig."""
    configuration = client.Configuration()
    try:
        if kubeconfig is None and context is None and _is_in_cluster(configuration):
            return Connection(configuration, name or "in-cluster", limits)
        loader = await load_kube_config(
            config_file=_at_home(kubeconfig), context=context, client_configuration=configuration, persist_config=False
        )
    except (ConfigException, OSError) as error:
        where = kubeconfig or "the default place"
        raise Unreachable(
            f"there is no usable kubeconfig in {where}: {error}. "
            "Name an existing file and context, or run inside the cluster with a service account"
        ) from None
    return Connection(configuration, name or str(loader.current_context["context"]["cluster"]), limits)


def _at_home(path: str | None) -> str | None:
    return str(Path(path).expanduser()) if path else None


def _is_in_cluster(configuration: Any) -> bool:
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException:
        return False
    return True


def path_of(kind: str, namespace: str | None, name: str | None = None, subresource: str = "") -> str:
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
