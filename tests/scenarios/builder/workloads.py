"""Controllers with their revisions and pods; their status is counted from the pods when the scenario is finished."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios.builder.clock import span
from tests.scenarios.builder.pods import Pods
from tests.scenarios.builder.scenario import JsonObject
from tests.scenarios.builder.states import State, running
from tests.scenarios.builder.tallies import allowance, counts_of, finish_daemonset, finish_statefulset, is_owned
from tests.scenarios.builder.templates import labelled, name_suffix, template_hash

STALLED = 'ReplicaSet "{}" has timed out progressing.'


@dataclass(slots=True)
class Workload:
    """A controller that was put in; ``revisions`` are its ReplicaSets or ControllerRevisions, the oldest first."""

    cluster: "Workloads"
    object: JsonObject
    revisions: list[JsonObject]
    templates: list[JsonObject]
    ages: list[str]
    made: list[JsonObject] = field(default_factory=list)
    refused: str = ""
    unavailable_since: str = ""

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    def rollout(self, revision: int = -1) -> str:
        """The id of one of its rollouts."""
        meta, kind = self.object["metadata"], self.object["kind"]
        found = self.revisions[revision]
        number = (
            found["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
            if kind == "Deployment"
            else (found["revision"])
        )
        return f"{kind}/{meta['namespace']}/{meta['name']}@{number}"

    def refusals(self, first: str, last: str, count: int) -> None:
        """Events that tell that the newest ReplicaSet may not make its pods, in the words of ``refused``."""
        message = f"Error creating: {self.refused}"
        source = "replicaset-controller"
        self.cluster.event(
            self.revisions[-1], "FailedCreate", message, first=first, last=last, count=count, source=source
        )

    def pods(self, count: int, state: State | None = None, *, revision: int = -1, node: str = "") -> list[JsonObject]:
        """Adds pods of a revision in a state; well and as old as the revision if none is given."""
        state = state or running(self.ages[revision])
        return [self.cluster.pod_of(self, state, revision, node) for _ in range(count)]


class Workloads(Pods):
    """Deployments, StatefulSets and DaemonSets."""

    def __init__(self, observed_at: str, namespace: str, **more: str) -> None:
        super().__init__(observed_at, namespace, **more)
        self.workloads: list[Workload] = []

    # ---- deployments ------------------------------------------------------------------------------------------------

    def deployment(
        self,
        name: str,
        *templates: JsonObject,
        ages: Sequence[str] = ("41d",),
        replicas: int = 2,
        first_revision: int = 1,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        age: str = "",
        pods: State | None = None,
        empty: bool = False,
        refused: str = "",
        unavailable_since: str = "",
        causes: Sequence[str] = (),
        **spec: Any,
    ) -> Workload:
        """A Deployment with one ReplicaSet for each template, the oldest first, rolled out ``ages`` ago.

        Its pods are made at once, all well or in the state ``pods``, unless ``empty``: then add them with
        ``workload.pods``. ``unavailable_since`` says that the rollout was complete once and since when
        pods are missing, ``refused`` is the message of
        a ReplicaFailure condition (``<set>`` in it stands for the ReplicaSet's name), ``spec`` are further fields by their API names.
        """
        where, mine = namespace or self.home, {"app": name, **(labels or {})}
        selector = {"matchLabels": {"app": name}}
        bodies = [labelled(each, mine) for each in templates]
        spec = {
            "progressDeadlineSeconds": 600,
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "selector": selector,
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"},
            "template": bodies[-1],
            **spec,
        }
        newest = first_revision + len(templates) - 1
        made = self.add(
            "Deployment",
            name,
            {"spec": spec, "status": {}},
            namespace=where,
            age=age or ages[0],
            labels=mine,
            annotations={"deployment.kubernetes.io/revision": str(newest), **(annotations or {})},
            generation=newest + len(templates),
        )
        sets = []
        for number, (body, ago) in enumerate(zip(bodies, ages, strict=True)):
            cause = causes[number] if number < len(causes) else ""
            sets.append(self._replica_set(made, body, ago, first_revision + number, cause))
        workload = Workload(self, made, sets, bodies, list(ages))
        workload.unavailable_since = unavailable_since
        workload.refused = refused.replace("<set>", sets[-1]["metadata"]["name"])
        self.workloads.append(workload)
        if not empty:
            workload.pods(replicas, pods)
        return workload

    def _replica_set(self, owner: JsonObject, body: JsonObject, ago: str, number: int, cause: str) -> JsonObject:
        drawn = template_hash(body)
        stamped = {"pod-template-hash": drawn}
        replicas, name = owner["spec"]["replicas"], owner["metadata"]["name"]
        inside = copy.deepcopy(body)
        inside["metadata"]["labels"] |= stamped
        selector = {"matchLabels": {**owner["spec"]["selector"]["matchLabels"], **stamped}}
        notes = {
            "deployment.kubernetes.io/desired-replicas": str(replicas),
            "deployment.kubernetes.io/max-replicas": str(replicas + max(1, -(-replicas // 4))),
            "deployment.kubernetes.io/revision": str(number),
        }
        if cause:
            notes["kubernetes.io/change-cause"] = cause
        return self.add(
            "ReplicaSet",
            f"{name}-{drawn}",
            {"spec": {"replicas": 0, "selector": selector, "template": inside}, "status": {}},
            namespace=owner["metadata"]["namespace"],
            age=ago,
            labels=inside["metadata"]["labels"],
            annotations=notes,
            owner=owner,
            generation=1,
        )

    # ---- the others -------------------------------------------------------------------------------------------------

    def statefulset(
        self,
        name: str,
        *templates: JsonObject,
        ages: Sequence[str] = ("120d",),
        replicas: int = 1,
        claims: Sequence[JsonObject] = (),
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        pods: State | None = None,
        empty: bool = False,
        **spec: Any,
    ) -> Workload:
        """A StatefulSet with a ControllerRevision for each template; ``claims`` are its volumeClaimTemplates."""
        mine = {"app": name, **(labels or {})}
        bodies = [labelled(each, mine) for each in templates]
        body = {
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "podManagementPolicy": "OrderedReady",
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"app": name}},
            "serviceName": f"{name}-headless",
            "template": bodies[-1],
            "updateStrategy": {"rollingUpdate": {"partition": 0}, "type": "RollingUpdate"},
            **spec,
        }
        if claims:
            body["volumeClaimTemplates"] = list(claims)
        return self._versioned(
            "StatefulSet", name, body, (bodies, ages), mine, namespace, None if empty else pods or True
        )

    def daemonset(
        self,
        name: str,
        *templates: JsonObject,
        ages: Sequence[str] = ("120d",),
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        pods: State | None = None,
        empty: bool = False,
        **spec: Any,
    ) -> Workload:
        """A DaemonSet with a pod on each node that is there by now."""
        mine = {"app": name, **(labels or {})}
        bodies = [labelled(each, mine) for each in templates]
        body = {
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"app": name}},
            "template": bodies[-1],
            "updateStrategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}, "type": "RollingUpdate"},
            **spec,
        }
        return self._versioned(
            "DaemonSet", name, body, (bodies, ages), mine, namespace, None if empty else pods or True
        )

    def _versioned(
        self,
        kind: str,
        name: str,
        spec: JsonObject,
        history: tuple[list[JsonObject], Sequence[str]],
        labels: Mapping[str, str],
        namespace: str | None,
        pods: State | bool | None,
    ) -> Workload:
        bodies, ages = history
        made = self.add(
            kind,
            name,
            {"spec": spec, "status": {}},
            namespace=namespace,
            age=ages[0],
            labels=labels,
            annotations={"deprecated.daemonset.template.generation": str(len(bodies))} if kind == "DaemonSet" else None,
            generation=len(bodies),
        )
        revisions = []
        for number, (body, ago) in enumerate(zip(bodies, ages, strict=True), 1):
            data = {"data": {"spec": {"template": {"$patch": "replace", **body}}}, "revision": number}
            drawn = template_hash(body)
            marks = {
                **labels,
                "controller.kubernetes.io/hash" if kind == "StatefulSet" else "controller-revision-hash": drawn,
            }
            version = self.add(
                "ControllerRevision", f"{name}-{drawn}", data, namespace=namespace, age=ago, labels=marks, owner=made
            )
            revisions.append(version)
        workload = Workload(self, made, revisions, bodies, list(ages))
        self.workloads.append(workload)
        if pods is not None:
            state = pods if isinstance(pods, State) else None
            if kind == "StatefulSet":
                workload.pods(spec["replicas"], state)
            else:
                for node in self.of("Node"):
                    workload.pods(1, state, node=node["metadata"]["name"])
        return workload

    # ---- pods of a controller ---------------------------------------------------------------------------------------

    def pod_of(self, workload: Workload, state: State, revision: int, node: str) -> JsonObject:
        owner, meta = workload.revisions[revision], workload.object["metadata"]
        kind, body = workload.object["kind"], workload.templates[revision]
        number = len(workload.made)
        if kind == "Deployment":
            prefix = f"{owner['metadata']['name']}-"
            labels = {"pod-template-hash": owner["metadata"]["labels"]["pod-template-hash"]}
        else:
            prefix = f"{meta['name']}-"
            drawn = owner["metadata"]["name"].rpartition("-")[2]
            labels = {"controller-revision-hash": drawn, "pod-template-generation": str(owner["revision"])}
        name = prefix + name_suffix(f"{meta['uid']}/{revision}/{number}", 5)
        if kind == "StatefulSet":
            name = f"{meta['name']}-{number}"
            labels = {
                "apps.kubernetes.io/pod-index": str(number),
                "controller-revision-hash": owner["metadata"]["name"],
                "statefulset.kubernetes.io/pod-name": name,
            }
            body = self._with_claims(body, workload.object, name)
        made = self.pod(
            name,
            body,
            state,
            owner=owner if kind == "Deployment" else workload.object,
            node=node,
            namespace=meta["namespace"],
            labels=labels,
            generate_name=prefix,
        )
        workload.made.append(made)
        return made

    @staticmethod
    def _with_claims(body: JsonObject, owner: JsonObject, pod: str) -> JsonObject:
        body = copy.deepcopy(body)
        for claim in owner["spec"].get("volumeClaimTemplates", []):
            word = claim["metadata"]["name"]
            volume = {"name": word, "persistentVolumeClaim": {"claimName": f"{word}-{pod}"}}
            body["spec"]["volumes"] = [*body["spec"].get("volumes", []), volume]
        return body

    def finish(self) -> None:
        super().finish()
        for workload in self.workloads:
            match workload.object["kind"]:
                case "Deployment":
                    self._finish_deployment(workload)
                case "StatefulSet":
                    finish_statefulset(workload.object, workload.revisions, workload.made)
                case "DaemonSet":
                    finish_daemonset(workload.object, workload.revisions, workload.made, len(self.of("Node")))

    def _finish_deployment(self, workload: Workload) -> None:
        spec, meta = workload.object["spec"], workload.object["metadata"]
        for owned in workload.revisions:
            mine = [each for each in workload.made if is_owned(each, owned)]
            owned["spec"]["replicas"] = len(mine)
            owned["status"] = {**counts_of(mine), "observedGeneration": 1}
        newest = workload.revisions[-1]
        if workload.refused:
            newest["spec"]["replicas"] = spec["replicas"]
            refusal = self._of_status("ReplicaFailure", "True", workload)
            del refusal["lastUpdateTime"]
            newest["status"]["conditions"] = [refusal]
        counts = counts_of(workload.made)
        updated = counts_of([each for each in workload.made if is_owned(each, newest)])["replicas"]
        status: JsonObject = {"observedGeneration": meta["generation"]}
        if counts["replicas"]:
            status |= counts
        status.pop("fullyLabeledReplicas", None)
        if updated:
            status["updatedReplicas"] = updated
        missing = spec["replicas"] - counts.get("availableReplicas", 0)
        if missing > 0:
            status["unavailableReplicas"] = max(missing, counts["replicas"] - counts.get("availableReplicas", 0))
        enough = counts.get("availableReplicas", 0) >= spec["replicas"] - allowance(spec)
        status["conditions"] = [
            self._of_status("Available", "True" if enough else "False", workload),
            self._progress(workload, updated == counts["replicas"] == spec["replicas"] and missing <= 0),
        ]
        if workload.refused:
            status["conditions"].append(self._of_status("ReplicaFailure", "True", workload))
        workload.object["status"] = status

    def _of_status(self, kind: str, status: str, workload: Workload) -> JsonObject:
        reason, message, ago = "MinimumReplicasAvailable", "Deployment has minimum availability.", workload.ages[0]
        if kind == "ReplicaFailure":
            reason, message, ago = "FailedCreate", workload.refused, workload.ages[-1]
        elif status == "False":
            reason, message = "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
            ago = workload.unavailable_since or workload.ages[-1]
        at = self.at(ago)
        made = {"lastTransitionTime": at, "message": message, "reason": reason, "status": status, "type": kind}
        return {**made, "lastUpdateTime": at}

    def _progress(self, workload: Workload, done: bool) -> JsonObject:
        name, spec = workload.revisions[-1]["metadata"]["name"], workload.object["spec"]
        deadline, age = spec["progressDeadlineSeconds"], span(workload.ages[-1]).total_seconds()
        # A rollout that once was complete stays NewReplicaSetAvailable, whatever becomes of its pods later.
        done = done or bool(workload.unavailable_since)
        status, since, ago = "True", workload.ages[0], workload.ages[-1]
        if spec.get("paused"):
            reason, message, status, since = "DeploymentPaused", "Deployment is paused", "Unknown", ago
        elif done:
            reason, message = "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
        elif age > deadline:
            reason, message, status = "ProgressDeadlineExceeded", STALLED.format(name), "False"
            since = ago = f"{age - deadline:.0f}s"
        else:
            reason, message = "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
        return {
            "lastTransitionTime": self.at(since),
            "lastUpdateTime": self.at(ago),
            "message": message,
            "reason": reason,
            "status": status,
            "type": "Progressing",
        }
