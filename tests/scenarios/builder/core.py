"""The ground of a scenario: a moment, a namespace, and what was put in: objects, events, logs, changes."""

import hashlib
import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.scenarios.builder.clock import course, fitted, iso, iso_micro, log_text, span
from tests.scenarios.builder.scenario import JsonObject, Scenario, Truth

SPACE = uuid.UUID("6f1c2a7e-93b4-4d0e-8a51-20c7be5d9f34")
GROUPS = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ControllerRevision": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "StorageClass": "storage.k8s.io/v1",
    "VolumeAttachment": "storage.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
    "MutatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "Gateway": "gateway.networking.k8s.io/v1",
    "GatewayClass": "gateway.networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "Lease": "coordination.k8s.io/v1",
    "PriorityClass": "scheduling.k8s.io/v1",
}
SCOPED_TO_CLUSTER = {
    "Namespace",
    "Node",
    "PersistentVolume",
    "StorageClass",
    "VolumeAttachment",
    "IngressClass",
    "ClusterRole",
    "ClusterRoleBinding",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "GatewayClass",
    "PriorityClass",
}
# The scheduler records through events.k8s.io: such events carry no first and last time in core/v1.
NEW_STYLE = {"default-scheduler": ("Binding", "Scheduling")}


class Core:
    """Collects what a scenario is made of; ``namespace`` is meant wherever none is named."""

    def __init__(self, observed_at: str, namespace: str, *, version: str = "v1.31.4") -> None:
        self.observed_at = datetime.fromisoformat(observed_at.replace("Z", "+00:00"))
        self.home = namespace
        self.version = version
        self.objects: list[JsonObject] = []
        self.logs: dict[tuple[str, str, str], str] = {}
        self.previous_logs: dict[tuple[str, str, str], str] = {}
        self.changes: list[JsonObject] | None = None
        self.metrics: list[JsonObject] | None = None
        self.dice = random.Random(f"{observed_at}/{namespace}")
        self._version = self.dice.randrange(80_000_000, 900_000_000)

    # ---- times and names --------------------------------------------------------------------------------------------

    def at(self, ago: str) -> str:
        """The time ``ago`` before the observation, as Kubernetes prints it."""
        return iso(self.observed_at - span(ago))

    def uid(self, kind: str, namespace: str | None, name: str) -> str:
        return str(uuid.uuid5(SPACE, f"{self.observed_at}/{kind}/{namespace}/{name}"))

    def digest(self, what: str) -> str:
        return hashlib.sha256(what.encode()).hexdigest()

    # ---- objects ----------------------------------------------------------------------------------------------------

    def add(
        self,
        kind: str,
        name: str,
        body: Mapping[str, Any],
        *,
        namespace: str | None = None,
        age: str = "60d",
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        owner: JsonObject | None = None,
        generation: int | None = None,
    ) -> JsonObject:
        """Puts an object in, with complete metadata; ``body`` is everything beside it (spec, status, data …)."""
        where = None if kind in SCOPED_TO_CLUSTER else namespace or self.home
        self._version += self.dice.randrange(3, 900)
        metadata: JsonObject = {
            "creationTimestamp": self.at(age),
            "name": name,
            "resourceVersion": str(self._version),
            "uid": self.uid(kind, where, name),
        }
        for key, value in (
            ("namespace", where),
            ("labels", dict(labels or {})),
            ("annotations", dict(annotations or {})),
            ("generation", generation),
        ):
            if value:
                metadata[key] = value
        if owner is not None:
            metadata["ownerReferences"] = [self.owned_by(owner)]
        made = {"apiVersion": GROUPS.get(kind, "v1"), "kind": kind, "metadata": metadata, **body}
        self.objects.append(made)
        return made

    @staticmethod
    def owned_by(owner: JsonObject) -> JsonObject:
        return {
            "apiVersion": owner["apiVersion"],
            "blockOwnerDeletion": True,
            "controller": True,
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }

    def of(self, kind: str, namespace: str | None = None) -> list[JsonObject]:
        """The objects of a kind that were put in so far."""
        return [
            each
            for each in self.objects
            if each["kind"] == kind and (namespace is None or each["metadata"].get("namespace") == namespace)
        ]

    # ---- events -----------------------------------------------------------------------------------------------------

    def event(
        self,
        about: JsonObject,
        reason: str,
        message: str,
        *,
        last: str,
        first: str = "",
        count: int = 1,
        kind: str = "Warning",
        source: str = "",
        field_path: str = "",
        host: str = "",
    ) -> JsonObject:
        """An Event about an object, ``first`` and ``last`` seen so long ago; ``source`` told it."""
        meta = about["metadata"]
        where = meta.get("namespace", "default")
        drawn = f"{self.dice.getrandbits(60):016x}"
        involved = {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": meta["name"],
            "resourceVersion": meta["resourceVersion"],
            "uid": meta["uid"],
            **({"namespace": meta["namespace"]} if "namespace" in meta else {}),
            **({"fieldPath": field_path} if field_path else {}),
        }
        body: JsonObject = {
            "involvedObject": involved,
            "message": message,
            "reason": reason,
            "type": kind,
            "reportingComponent": source,
            "reportingInstance": host,
        }
        begin = first or last
        if source in NEW_STYLE:
            moment = self.observed_at - span(begin)
            body |= {"action": NEW_STYLE[source][reason == "FailedScheduling"], "eventTime": iso_micro(moment)}
            body |= {"firstTimestamp": None, "lastTimestamp": None, "source": {}, "reportingInstance": f"{source}-cp-1"}
            if count > 1:
                seen = iso_micro(self.observed_at - span(last))
                body["series"] = {"count": count, "lastObservedTime": seen}
        else:
            body |= {
                "count": count,
                "eventTime": None,
                "firstTimestamp": self.at(begin),
                "lastTimestamp": self.at(last),
            }
            body["source"] = {"component": source, **({"host": host} if host else {})}
        return self.add("Event", f"{meta['name']}.{drawn}", body, namespace=where, age=begin)

    # ---- logs, changes, metrics -------------------------------------------------------------------------------------

    def log(
        self, pod: JsonObject, script: str, *, style: str = "iso", container: str = "", previous: bool = False
    ) -> None:
        """What a container of a pod printed (see ``log_text``); ``previous`` is about the run before this one.

        Where that run is over, the script is moved to end with it, and lines from before it began are left out.
        """
        name = container or pod["spec"]["containers"][0]["name"]
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"], name)
        begin, end = self._run(pod, name, previous)
        text = log_text(self.observed_at, fitted(self.observed_at, script, begin, end), style, "/".join(key))
        # While a container waits to be started again, both logs are those of the run that ended last.
        waits = any(
            each["name"] == name and "waiting" in each["state"]
            for each in [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
        )
        for target in (self.logs, self.previous_logs) if waits else (self.previous_logs if previous else self.logs,):
            target[key] = text

    @staticmethod
    def _run(pod: JsonObject, container: str, previous: bool) -> tuple[datetime | None, datetime | None]:
        """When the run that a log is of began, and ended if it is over."""
        status = pod["status"]
        rows = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
        found = next((each for each in rows if each["name"] == container), None)
        if found is None:
            return None, None
        now = None if previous else found["state"].get("terminated")
        over = now or (found["lastState"].get("terminated") if previous or "waiting" in found["state"] else None)
        if over is None:
            return None, None
        begin, end = (datetime.fromisoformat(over[each].replace("Z", "+00:00")) for each in ("startedAt", "finishedAt"))
        return begin, end

    def change(
        self,
        change_id: str,
        kind: str,
        ago: str,
        title: str,
        *,
        repo: str = "",
        author: str = "",
        files: Sequence[str] = (),
        services: Sequence[str] = (),
        diff: str = "",
        deployed_by: str = "",
    ) -> str:
        """A change somebody made outside the cluster; answers its id. Fields left empty are left out."""
        made: JsonObject = {"id": change_id, "kind": kind, "at": self.at(ago), "title": title}
        for key, value in (
            ("repo", repo),
            ("author", author),
            ("files", list(files)),
            ("services", list(services)),
            ("diff", diff),
            ("deployed_by", deployed_by),
        ):
            if value:
                made[key] = value
        self.changes = [*(self.changes or []), made]
        return change_id

    def series(
        self,
        metric: str,
        unit: str,
        *marks: tuple[str, float],
        step: str = "1m",
        noise: float = 0.02,
        **labels: str,
    ) -> None:
        """A measured line through marks ``(ago, value)``; the namespace is among the labels unless given."""
        points = course(self.observed_at, *marks, step=step, noise=noise)
        named = {"namespace": self.home, **labels}
        self.metrics = [*(self.metrics or []), {"metric": metric, "labels": named, "unit": unit, "points": points}]

    # ---- the end ----------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Completes what depends on everything else; the floors above add to it."""

    def scenario(
        self, name: str, family: str, question: str, truth: Truth, *, notes: str, namespace: str | None = ""
    ) -> Scenario:
        """The finished scenario; ``namespace`` is the one asked about, None for all, the home one if left out."""
        self.finish()
        return Scenario(
            name=name,
            family=family,
            question=question,
            namespace=self.home if namespace == "" else namespace,
            observed_at=self.observed_at,
            objects=tuple(self.objects),
            logs=dict(self.logs),
            previous_logs=dict(self.previous_logs),
            truth=truth,
            changes=None if self.changes is None else tuple(self.changes),
            metrics=None if self.metrics is None else tuple(self.metrics),
            notes=notes,
        )
