"""Pods under the controller that a person would name, also in files that somebody wrote by hand."""

from typing import Any

from safety.redaction import Redactor
from tools.evidence import ObjectRef
from tools.kubernetes.objects import pod_from
from tools.kubernetes.releases import releases_of
from tools.kubernetes.workloads import Parts, group
from tools.world import JsonObject

REDACTOR = Redactor()
API = ObjectRef("Deployment", "shop", "api")


def made(kind: str, name: str, **more: Any) -> JsonObject:
    return {"kind": kind, "metadata": {"name": name, "namespace": "shop", **more}, "spec": {}, "status": {}}


def deployment(name: str = "api", app: str = "api") -> JsonObject:
    template = {"metadata": {"labels": {"app": app}}, "spec": {"containers": []}}
    return made("Deployment", name) | {"spec": {"selector": {"matchLabels": {"app": app}}, "template": template}}


def top_of(pod: JsonObject, **objects: tuple[JsonObject, ...]) -> ObjectRef:
    parts = Parts([pod_from(pod, REDACTOR)], (), objects, (), frozenset())
    return next(each.ref for each in group(parts) if each.members)


def test_a_reference_without_a_controller_mark_counts_when_it_is_the_only_one() -> None:
    pod = made("Pod", "api-6b-x", ownerReferences=[{"kind": "ReplicaSet", "name": "api-6b"}], labels={"app": "api"})
    assert top_of(pod, Deployment=(deployment(),)) == API


def test_a_replica_set_that_was_not_kept_leads_to_the_deployment_it_is_named_after() -> None:
    owner = {"kind": "ReplicaSet", "name": "api-6b", "controller": True}
    pod = made("Pod", "api-6b-x", ownerReferences=[owner], labels={"app": "api"})
    assert top_of(pod, Deployment=(deployment(),)) == API
    assert top_of(pod, Deployment=(deployment(app="other"),)) == ObjectRef("ReplicaSet", "shop", "api-6b")


def test_a_pod_without_owner_belongs_to_what_selects_it_and_names_it() -> None:
    pod = made("Pod", "api-x", labels={"app": "api"})
    assert top_of(pod, Deployment=(deployment(),)) == API
    assert top_of(pod, Deployment=(deployment("web", "web"),)) == ObjectRef("Pod", "shop", "api-x")
    assert top_of(made("Pod", "api-x"), Deployment=(deployment(),)) == ObjectRef("Pod", "shop", "api-x")


def test_releases_are_found_by_name_where_no_uid_was_written_down() -> None:
    template = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "c", "image": "i:2"}]}}
    annotations = {"deployment.kubernetes.io/revision": "2"}
    own = made("ReplicaSet", "api-6b", annotations=annotations) | {"spec": {"template": template}}
    other = made("ReplicaSet", "apis-6b", annotations=annotations) | {"spec": {"template": template}}
    assert [each.replica_set for each in releases_of(deployment(), [own, other], REDACTOR)] == ["api-6b"]
