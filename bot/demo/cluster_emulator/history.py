"""Plays a scenario's history: what was done days, hours and minutes ago, with everything that followed from it."""

from __future__ import annotations

from datetime import timedelta

from bot.demo.cluster_emulator.cluster import Cluster
from bot.demo.cluster_emulator.defaults import apply_defaults
from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.managed_fields import manager_of, note_manager
from bot.demo.cluster_emulator.objects import Obj, clone, dig, name_of
from bot.demo.cluster_emulator.patches import strategic_merge
from bot.demo.cluster_emulator.resources import NAMESPACES, PODS, SERVICES, Resource, resource_of_kind
from bot.demo.cluster_emulator.scenarios import Scenario, ScenarioError, Step
from bot.demo.cluster_emulator.statuses import ApiFailure
from bot.demo.cluster_emulator.validation import validate
from bot.demo.cluster_emulator.workloads import written_out


def play(scenario: Scenario, cluster: Cluster) -> None:
    """Bring the cluster to now."""
    clock = cluster.clock
    now = clock.start
    first = max((step.seconds_ago for step in scenario.history), default=0.0)
    clock.begin_at(now - timedelta(seconds=first + 1))
    addresses = iter(range(1, 65000))
    for step in scenario.history:
        clock.run_until(now - timedelta(seconds=step.seconds_ago))
        try:
            _take(step, cluster, addresses.__next__)
        except ApiFailure as failure:
            raise ScenarioError(
                f"{scenario.name}: the step {step.seconds_ago:g} s ago was refused: {failure}"
            ) from failure
    clock.run_until(now)


def _take(step: Step, cluster: Cluster, next_number: object) -> None:
    for obj in [*step.objects, *(written_out(step.workload) if step.workload else [])]:
        _apply(cluster, obj, step.by, next_number)
    if step.patch is not None:
        _patch(cluster, step.patch, step.by)
    if step.node is not None:
        move = {"stops": cluster.silence, "returns": cluster.revive}[step.node["does"]]
        move(str(step.node["name"]))
    if step.crowd is not None:
        _gather(cluster, step.crowd)
    if step.delete is not None:
        resource = _resource(step.delete)
        obj = cluster.store.require(resource, step.delete.get("namespace", ""), step.delete["name"])
        delete(cluster.store, resource, obj)


def _gather(cluster: Cluster, crowd: Obj) -> None:
    """Many pods like one that is there, in a namespace of their own: extras, which stay as they are."""
    named = str(crowd["like"])
    model = next((pod for pod in cluster.store.all_of(PODS) if name_of(pod).startswith(named)), None)
    if model is None:
        raise ScenarioError(f"crowd: there is no pod whose name begins with {named!r}")
    meta = {key: value for key, value in model["metadata"].items() if key not in ("ownerReferences", "generateName")}
    meta["namespace"] = crowd["namespace"]
    names = (f"{named}-{number:05d}" for number in range(int(crowd["pods"])))
    made = ({**model, "metadata": {**meta, "name": name, "uid": cluster.store.new_uid()}} for name in names)
    cluster.store.stand(PODS, made)


def _resource(raw: Obj) -> Resource:
    resource = resource_of_kind(raw["kind"])
    if resource is None:
        raise ScenarioError(f"no kind {raw['kind']!r} is served")
    return resource


def _apply(cluster: Cluster, raw: Obj, by: str, next_number: object) -> None:
    resource, store = _resource(raw), cluster.store
    namespace = dig(raw, "metadata", "namespace", default="")
    if resource.namespaced and store.get(NAMESPACES, "", namespace) is None:
        raise ScenarioError(f"{raw['kind']} {raw['metadata']['name']}: there is no namespace {namespace!r} yet")
    held = store.get(resource, namespace, raw["metadata"]["name"])
    if held is None:
        obj = clone(raw)
        if resource is SERVICES and callable(next_number):
            number = next_number()
            obj.setdefault("spec", {}).setdefault("clusterIP", f"10.96.{number // 250}.{number % 250 + 1}")
        made = store.prepare(resource, obj)
        apply_defaults(resource, made)
        validate(resource, made)
        note_manager(None, made, manager_of(by, ""), "", cluster.clock.now)
        store.keep(resource, made)
        return
    _change(cluster, resource, held, raw, by)


def _patch(cluster: Cluster, raw: Obj, by: str) -> None:
    resource = _resource(raw)
    held = cluster.store.require(resource, raw.get("namespace", ""), raw["name"])
    _change(cluster, resource, held, raw["body"], by)


def _change(cluster: Cluster, resource: Resource, held: Obj, patch: Obj, by: str) -> None:
    changed = strategic_merge(held, patch)
    apply_defaults(resource, changed)
    validate(resource, changed, held)
    changed = cluster.store.amended(resource, held, changed)
    note_manager(held, changed, manager_of(by, ""), "", cluster.clock.now)
    cluster.store.update(resource, changed)
