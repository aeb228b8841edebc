"""A request as the API server understands it: who wants which verb on which object, in which form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api.protobuf import read_protobuf
from bot.demo.cluster_emulator.objects import Obj
from bot.demo.cluster_emulator.rbac import Ask, User
from bot.demo.cluster_emulator.resources import PODS, Resource, find_resource

PROTOBUF = "application/vnd.kubernetes.protobuf"
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, free of the web framework."""

    method: str
    path: str
    query: dict[str, str]
    user: User
    target: Target
    accept: str = ""
    content_type: str = ""
    body: bytes = b""
    user_agent: str = ""
    dry_run: bool = field(default=False)

    @property
    def verb(self) -> str:
        """The verb that rules speak of."""
        if self.method in ("GET", "HEAD"):
            if self.target.name:
                return "get"
            return "watch" if self.query.get("watch") in ("true", "1") else "list"
        if self.method == "DELETE" and not self.target.name:
            return "deletecollection"
        return _VERBS.get(self.method, self.method.lower())

    @property
    def ask(self) -> Ask:
        """What has to be allowed."""
        target = self.target
        where = (target.namespace, target.name)
        return Ask(self.verb, target.resource.group, target.resource.plural, target.subresource, *where)

    def whole(self, key: str) -> int:
        """A whole number of the query, 0 when it is not there; 400 when it is none."""
        text = self.query.get(key) or "0"
        try:
            return int(text)
        except ValueError:
            raise statuses.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None

    def json(self) -> Any:
        """The body; 400 when it cannot be read, 415 when it is of a form, or a kind in a form, that is not served."""
        if self.content_type.split(";")[0].strip() == PROTOBUF:
            return read_protobuf(self.body)
        if self.content_type and not any(each in self.content_type for each in ("json", "yaml")):
            raise statuses.unsupported_media()
        try:
            if "yaml" in self.content_type:
                return yaml.safe_load(self.body)
            return json.loads(self.body)
        except (ValueError, yaml.YAMLError) as error:
            raise statuses.bad_request(f"error decoding body: {error}") from error

    def object_body(self) -> Obj:
        """The body, which has to be one object."""
        body = self.json()
        if not isinstance(body, dict):
            raise statuses.bad_request("the body of the request must be an object")
        return body


def parse_target(path: str) -> Target | None:
    """What the path names; None when nothing is served there."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource = find_resource(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
        return None
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in resource.subresources:
        return None
    if resource.namespaced and name and not namespace:
        return None
    return Target(resource, namespace, name, subresource)


def is_log(target: Target) -> bool:
    """Whether the path names a pod's log."""
    return target.resource is PODS and target.subresource == "log"
