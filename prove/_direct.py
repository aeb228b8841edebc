"""The emulator's store without its HTTP and its controllers: the same writes, in one process and at once.

Each real write meets one of the fates of ``Fate``. What the controllers would do is done at once: they have always
caught up, and three pods are ready.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.demo.cluster_emulator.api.requests import Request, Target
from bot.demo.cluster_emulator.api.writing import JSON, STRATEGIC, patch
from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.rbac import User
from bot.demo.cluster_emulator.resources import DEPLOYMENTS, NAMESPACES
from bot.demo.cluster_emulator.statuses import ApiFailure
from bot.demo.cluster_emulator.store import Store
from prove._engine import NAMESPACE
from tools.world import (
    Conflict,
    Forbidden,
    JsonObject,
    LogOptions,
    NotFound,
    Preconditions,
    Rejected,
    Table,
    Unreachable,
    WorldError,
    WriteOptions,
    Written,
)

US = User("ask-claude", "")


class Fate(StrEnum):
    """What becomes of a write on its way."""

    ARRIVES = "arrives"
    LOST = "is lost"
    UNANSWERED = "is applied, and the answer is lost"
    LATE = "is applied later, when nobody waits for it"
    REFUSED = "is refused for good"


class DirectCluster:
    """``ClusterReader`` and ``ClusterWriter`` over a store; ``fates`` says what happens to the next write."""

    name = "yard"

    def __init__(self, names: Sequence[str], rng: random.Random, at: datetime) -> None:
        self.store = Store(VirtualClock(start=at, speed=0))
        self.rng, self.late = rng, list[Callable[[], None]]()
        self.fates: tuple[Fate, ...] = (Fate.ARRIVES,)
        self.down = False
        for each in ("kube-system", NAMESPACE):
            self.store.create(NAMESPACES, {"metadata": {"name": each}})
        for each in names:
            self.settle(self.store.create(DEPLOYMENTS, _deployment(each)))

    def settle(self, obj: JsonObject) -> None:
        """What the controllers would say of it."""
        held = self.store.require(DEPLOYMENTS, NAMESPACE, obj["metadata"]["name"])
        count = held["spec"]["replicas"]
        status = {
            "observedGeneration": held["metadata"]["generation"],
            **dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), count),
        }
        self._keep(held, {**held, "status": status})

    def foreign_write(self, name: str) -> None:
        """Somebody else changes the spec."""
        held = self.store.require(DEPLOYMENTS, NAMESPACE, name)
        limit = int(held["spec"].get("revisionHistoryLimit", 10)) % 50 + 1
        self._keep(held, {**held, "spec": {**held["spec"], "revisionHistoryLimit": limit}})
        self.settle(held)

    def replace(self, name: str) -> None:
        """Somebody deletes it and makes it anew: the same name, another object."""
        self.store.remove(DEPLOYMENTS, NAMESPACE, name)
        self.settle(self.store.create(DEPLOYMENTS, _deployment(name)))

    def deliver_late(self) -> None:
        """One request that was given up for lost arrives."""
        if self.late:
            self.late.pop(self.rng.randrange(len(self.late)))()

    def _keep(self, held: JsonObject, wanted: JsonObject) -> None:
        self.store.update(DEPLOYMENTS, self.store.amended(DEPLOYMENTS, held, wanted))

    # ---- read -----------------------------------------------------------------------------------------------------

    async def uid(self) -> str:
        return str((await self.get("Namespace", None, "kube-system"))["metadata"]["uid"])

    async def version(self) -> str:
        return "v1.36.2"

    async def namespaces(self) -> list[JsonObject]:
        return self.store.all_of(NAMESPACES)

    async def table(self, kind: str, namespace: str | None, **_options: Any) -> Table:
        return Table((), ())

    async def get(self, kind: str, namespace: str | None, name: str) -> JsonObject:
        if self.down:
            raise Unreachable("the cluster does not answer")
        resource = NAMESPACES if kind == "Namespace" else DEPLOYMENTS
        found = self.store.get(resource, namespace or "", name)
        if found is None:
            raise NotFound(f"there is no {kind} {name}")
        return found

    async def list(self, kind: str, namespace: str | None, **_options: Any) -> list[JsonObject]:
        if self.down:
            raise Unreachable("the cluster does not answer")
        return []

    async def log(self, namespace: str, pod: str, container: str, options: LogOptions) -> str:
        return ""

    async def may(self, *_what: Any) -> bool:
        return True

    # ---- written --------------------------------------------------------------------------------------------------

    async def patch(
        self,
        kind: str,
        namespace: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        options: WriteOptions,
    ) -> Written:
        if self.down:
            raise Unreachable("the cluster does not answer")
        request = _request(namespace, name, patch, options)
        if options.dry_run:
            return Written(self._obey(request), options.audit_id)
        fate = self.rng.choice(self.fates)
        match fate:
            case Fate.REFUSED:
                raise Forbidden("no such right")
            case Fate.UNANSWERED:
                self._quietly(request)
            case Fate.LATE:
                self.late.append(lambda: self._quietly(request))
        if fate is not Fate.ARRIVES:
            raise Unreachable("no answer came")
        return Written(self._obey(request), options.audit_id)

    async def delete(self, kind: str, namespace: str, name: str, only: Preconditions, options: WriteOptions) -> Written:
        raise Rejected("nothing is deleted here")

    async def evict(self, namespace: str, name: str, only: Preconditions, options: WriteOptions) -> Written:
        raise Rejected("nothing is evicted here")

    def _quietly(self, request: Request) -> None:
        try:
            self._obey(request)
        except WorldError:
            return

    def _obey(self, request: Request) -> JsonObject:
        try:
            stored = patch(request, self.store)
        except ApiFailure as failure:
            if failure.code == 409 or (failure.code == 422 and request.content_type == JSON):
                raise Conflict(str(failure)) from None
            raise (NotFound if failure.code == 404 else Rejected)(str(failure)) from None
        if "dryRun" not in request.query:
            self.settle(stored)
        return stored


def _request(
    namespace: str, name: str, patch: Mapping[str, Any] | Sequence[Mapping[str, Any]], options: WriteOptions
) -> Request:
    query = {"fieldManager": "ask-claude", **({"dryRun": "All"} if options.dry_run else {})}
    kind = STRATEGIC if isinstance(patch, Mapping) else JSON
    body = json.dumps(patch).encode()
    target = Target(DEPLOYMENTS, namespace, name)
    return Request("PATCH", "", query, US, target, content_type=kind, body=body)


def _deployment(name: str) -> JsonObject:
    labels = {"app": name}
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate"},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": "registry.example.com/yard/app:1"}]},
            },
        },
    }
