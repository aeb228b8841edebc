"""Makes whole pods out of a template and a state: spec with defaults, conditions, container statuses, usual events."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.scenarios.builder.clock import span
from tests.scenarios.builder.core import Core
from tests.scenarios.builder.scenario import JsonObject
from tests.scenarios.builder.states import Doing, Ended, State, Told
from tests.scenarios.builder.templates import name_suffix

# How long the API server keeps events by default.
KEPT = span("1h")
BACK_OFFS = ("10s", "20s", "40s", "1m20s", "2m40s", "5m0s")
TOLERATED = [
    {"effect": "NoExecute", "key": f"node.kubernetes.io/{each}", "operator": "Exists", "tolerationSeconds": 300}
    for each in ("not-ready", "unreachable")
]


@dataclass(frozen=True, slots=True)
class _Place:
    """What the words of an event are filled with."""

    pod: JsonObject
    container: str
    field: str


class Pods(Core):
    """Pods, put on the nodes in turn."""

    def __init__(self, observed_at: str, namespace: str, **more: str) -> None:
        super().__init__(observed_at, namespace, **more)
        self._turn = 0
        self._address = 4

    def pod(
        self,
        name: str,
        template: JsonObject,
        state: State,
        *,
        owner: JsonObject | None = None,
        node: str = "",
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        generate_name: str = "",
    ) -> JsonObject:
        """One pod; without an owner a bare one."""
        spec = copy.deepcopy(template["spec"])
        where = namespace or self.home
        place = self._place(node) if state.scheduled else None
        self._fill_spec(spec, f"{where}/{name}", place)
        made = self.add(
            "Pod",
            name,
            {"spec": spec, "status": {}},
            namespace=where,
            age=state.age,
            labels={**template["metadata"].get("labels", {}), **(labels or {})},
            annotations=template["metadata"].get("annotations"),
            owner=owner,
        )
        if generate_name:
            made["metadata"]["generateName"] = generate_name
        if state.deleted:
            made["metadata"]["deletionTimestamp"] = self.at(_less(state.deleted, state.grace))
            made["metadata"]["deletionGracePeriodSeconds"] = state.grace
        if state.finalizers:
            made["metadata"]["finalizers"] = list(state.finalizers)
        made["status"] = self._status(made, state, place)
        self._tell(made, state)
        return made

    def _place(self, node: str) -> JsonObject:
        nodes = self.of("Node")
        if node:
            return next(each for each in nodes if each["metadata"]["name"] == node)
        usable = [each for each in nodes if not each["spec"].get("taints")] or nodes
        self._turn += 1
        return usable[self._turn % len(usable)]

    def _fill_spec(self, spec: JsonObject, key: str, place: JsonObject | None) -> None:
        spec.setdefault("enableServiceLinks", True)
        spec.setdefault("serviceAccount", "default")
        spec.setdefault("serviceAccountName", "default")
        spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
        spec.setdefault("priority", 0)
        spec["tolerations"] = [*spec.get("tolerations", []), *TOLERATED]
        if place is not None:
            spec["nodeName"] = place["metadata"]["name"]
        if spec.get("automountServiceAccountToken") is False:
            return
        access = f"kube-api-access-{name_suffix(key, 5)}"
        mount = {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": access, "readOnly": True}
        for each in [*spec.get("initContainers", []), *spec["containers"]]:
            each["volumeMounts"] = [*each.get("volumeMounts", []), mount]
        sources = [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            {
                "downwardAPI": {
                    "items": [
                        {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}
                    ]
                }
            },
        ]
        spec["volumes"] = [
            *spec.get("volumes", []),
            {"name": access, "projected": {"defaultMode": 420, "sources": sources}},
        ]

    # ---- status -----------------------------------------------------------------------------------------------------

    def _status(self, pod: JsonObject, state: State, place: JsonObject | None) -> JsonObject:
        spec = pod["spec"]
        status: JsonObject = {"phase": state.phase, "qosClass": _quality(spec)}
        for key, value in (("reason", state.reason), ("message", state.message if state.scheduled else "")):
            status.update({key: value} if value else {})
        if state.scheduled and place is not None:
            host = next(each["address"] for each in place["status"]["addresses"] if each["type"] == "InternalIP")
            status |= {"hostIP": host, "hostIPs": [{"ip": host}], "startTime": self.at(_less(state.age, 1))}
            if self._has_address(state):
                self._address += 1
                octet = 1 + self.of("Node").index(place)
                address = host if spec.get("hostNetwork") else f"10.244.{octet}.{self._address}"
                status |= {"podIP": address, "podIPs": [{"ip": address}]}
        inits = [(each, self._init_doing(each, state)) for each in spec.get("initContainers", [])]
        mains = [(each, self._main_doing(each, state, spec)) for each in spec["containers"]]
        gone = state.doing.how == "gone"
        status["conditions"] = self._conditions(state, inits, mains)
        if state.scheduled and not gone:
            if inits:
                status["initContainerStatuses"] = [self._container(pod, each, doing) for each, doing in inits]
            status["containerStatuses"] = [self._container(pod, each, doing) for each, doing in mains]
        return status

    @staticmethod
    def _has_address(state: State) -> bool:
        begun = not state.blocked or bool(state.inits)
        return begun and state.doing.how != "gone"

    @staticmethod
    def _main_doing(container: JsonObject, state: State, spec: JsonObject) -> Doing:
        focus = state.only or spec["containers"][0]["name"]
        if not state.scheduled or (state.blocked and state.inits):
            return Doing("waiting", state.age, "PodInitializing", ready=False, started=False, image_present=False)
        if state.blocked:
            return state.doing
        if container["name"] == focus:
            return state.doing
        if state.phase in ("Succeeded", "Failed"):
            return Doing("terminated", end=Ended(0, state.doing.ago, "40s", "Completed"), ready=False, started=False)
        return Doing(ago=state.age)

    @staticmethod
    def _init_doing(container: JsonObject, state: State) -> Doing:
        if container["name"] in state.inits:
            return state.inits[container["name"]]
        if container.get("restartPolicy") == "Always":
            return Doing(ago=state.age, started=True)
        if state.blocked and not state.inits:
            return Doing("waiting", state.age, "PodInitializing", ready=False, started=False, image_present=False)
        return Doing("terminated", end=Ended(0, _less(state.age, 4), "3s", "Completed"), started=False)

    def _conditions(
        self, state: State, inits: list[tuple[JsonObject, Doing]], mains: list[tuple[JsonObject, Doing]]
    ) -> list[JsonObject]:
        born = state.age
        since = state.unready_since or (state.doing.last.ago if state.doing.last else born)
        if not state.scheduled:
            return [self._condition("PodScheduled", born, False, "Unschedulable", state.message)]
        rows = []
        over = state.phase in ("Succeeded", "Failed")
        pending = [each["name"] for each, doing in inits if not doing.ready or doing.how == "waiting"]
        rows.append(self._condition("PodReadyToStartContainers", born, not over and self._has_address(state)))
        if pending:
            message = f"containers with incomplete status: [{' '.join(pending)}]"
            rows.append(self._condition("Initialized", born, False, "ContainersNotInitialized", message))
        else:
            rows.append(
                self._condition("Initialized", born, True, "PodCompleted" if state.phase == "Succeeded" else "")
            )
        bad = [each["name"] for each, doing in mains if not doing.ready]
        for kind in ("Ready", "ContainersReady"):
            if state.phase in ("Succeeded", "Failed"):
                reason = "PodCompleted" if state.phase == "Succeeded" else "PodFailed"
                rows.append(self._condition(kind, since, False, reason))
            elif bad:
                message = f"containers with unready status: [{' '.join(bad)}]"
                rows.append(self._condition(kind, since, False, "ContainersNotReady", message))
            else:
                rows.append(self._condition(kind, _less(since, 8), True))
        rows.append(self._condition("PodScheduled", born, True))
        if state.reason == "Evicted":
            message = state.message
            rows.append(self._condition("DisruptionTarget", since, True, "TerminationByKubelet", message))
        return rows

    def _condition(self, kind: str, since: str, good: bool, reason: str = "", message: str = "") -> JsonObject:
        made: JsonObject = {"lastProbeTime": None, "lastTransitionTime": self.at(since), "type": kind}
        made["status"] = "True" if good else "False"
        made.update({"reason": reason} if reason else {})
        made.update({"message": message} if message else {})
        return made

    def _container(self, pod: JsonObject, container: JsonObject, doing: Doing) -> JsonObject:
        key = f"{pod['metadata']['uid']}/{container['name']}"
        begun = doing.how != "waiting" or doing.last is not None
        image = container["image"]
        status: JsonObject = {
            "image": image,
            "imageID": f"{image.rpartition(':')[0] or image}@sha256:{self.digest(image)}" if begun else "",
            "lastState": {},
            "name": container["name"],
            "ready": doing.ready,
            "restartCount": doing.restarts,
            "started": (doing.how == "running") if doing.started is None else doing.started,
        }
        if doing.last is not None:
            status["lastState"] = {"terminated": self._ended(doing.last, f"{key}/{doing.restarts - 1}")}
        current = f"{key}/{doing.restarts}"
        if doing.how == "running":
            status["state"] = {"running": {"startedAt": self.at(_less(doing.ago, 1))}}
        elif doing.end is not None:
            status["state"] = {"terminated": self._ended(doing.end, current)}
        else:
            waiting = {"reason": doing.reason}
            message = doing.message
            if doing.reason == "CrashLoopBackOff":
                pause = BACK_OFFS[min(doing.restarts, len(BACK_OFFS) - 1)]
                where = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})"
                message = f"back-off {pause} restarting failed container={container['name']} pod={where}"
                current = f"{key}/{doing.restarts - 1}"
            status["state"] = {"waiting": {**waiting, **({"message": message} if message else {})}}
        if begun:
            status["containerID"] = f"containerd://{self.digest(current)}"
        return status

    def _ended(self, end: Ended, key: str) -> JsonObject:
        made: JsonObject = {
            "containerID": f"containerd://{self.digest(key)}",
            "exitCode": end.code,
            "finishedAt": self.at(end.ago),
            "reason": end.reason,
            "startedAt": self.at(_more(end.ago, end.lasted)),
        }
        made.update({"message": end.message} if end.message else {})
        made.update({"signal": end.signal} if end.signal else {})
        return made

    # ---- events -----------------------------------------------------------------------------------------------------

    def _tell(self, pod: JsonObject, state: State) -> None:
        spec = pod["spec"]
        names = [each["name"] for each in [*spec.get("initContainers", []), *spec["containers"]]]
        focus = state.only or spec["containers"][0]["name"]
        kind = "initContainers" if focus in state.inits else "containers"
        place = _Place(pod, focus, f"spec.{kind}{{{focus}}}")
        if not state.quiet:
            for told in self._usual(pod, state, names):
                self._put(told, place)
        for told in state.events:
            self._put(told, place)

    def _usual(self, pod: JsonObject, state: State, names: list[str]) -> list[Told]:
        """What the scheduler and the kubelet say when all goes its way; old events are gone."""
        if not state.scheduled or pod["metadata"].get("ownerReferences", [{}])[0].get("kind") == "Node":
            return []
        meta, told = pod["metadata"], []
        bound = f"Successfully assigned {meta['namespace']}/{meta['name']} to {pod['spec']['nodeName']}"
        told.append(Told("Scheduled", bound, state.age, kind="Normal", source="default-scheduler"))
        statuses = pod["status"].get("initContainerStatuses", []) + pod["status"].get("containerStatuses", [])
        for each in statuses:
            if not each.get("containerID"):
                continue
            part = "initContainers" if each["name"] not in names[-len(pod["spec"]["containers"]) :] else "containers"
            field, count = f"spec.{part}{{{each['name']}}}", each["restartCount"] + 1
            last = next(iter(_starts(each)), pod["status"]["startTime"])
            ago = self._ago(last)
            present = f'Container image "{each["image"]}" already present on machine'
            for reason, message in (
                ("Pulled", present),
                ("Created", f"Created container {each['name']}"),
                ("Started", f"Started container {each['name']}"),
            ):
                told.append(Told(reason, message, ago, _less(state.age, 1), count, "Normal", at=field))
        return told

    def _ago(self, at: str) -> str:
        seconds = (self.observed_at - datetime.fromisoformat(at.replace("Z", "+00:00"))).total_seconds()
        return f"{max(seconds, 0):.0f}s"

    def _put(self, told: Told, place: _Place) -> None:
        if span(told.last) > KEPT:
            return
        meta = place.pod["metadata"]
        words = {
            "container": place.container,
            "field": place.field,
            "pod": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
            "podIP": place.pod["status"].get("podIP", ""),
        }
        message, field = (
            re.sub(r"<(\w+)>", lambda found: words.get(found[1], found[0]), text) for text in (told.message, told.at)
        )
        host = place.pod["spec"].get("nodeName", "") if told.source == "kubelet" else ""
        self.event(
            place.pod,
            told.reason,
            message,
            last=told.last,
            first=told.first,
            count=told.count,
            kind=told.kind,
            source=told.source,
            field_path=field,
            host=host,
        )


def _starts(status: JsonObject) -> list[str]:
    """When the last run of a container began, if it ever did."""
    runs = [status["state"].get("running"), status["state"].get("terminated"), status["lastState"].get("terminated")]
    return [each["startedAt"] for each in runs if each]


def _less(ago: str, seconds: float) -> str:
    return f"{max(span(ago).total_seconds() - seconds, 0):.0f}s"


def _more(ago: str, longer: str) -> str:
    return f"{(span(ago) + span(longer)).total_seconds():.0f}s"


def _quality(spec: JsonObject) -> str:
    """The quality-of-service class."""
    resources = [each.get("resources", {}) for each in spec["containers"]]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    whole = all(set(each.get("limits", {})) >= {"cpu", "memory"} for each in resources)
    return "Guaranteed" if whole and all(each["limits"] == each.get("requests") for each in resources) else "Burstable"
