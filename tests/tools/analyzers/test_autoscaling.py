"""Autoscalers that cannot say how many, and workloads that have none although they are needed."""

import dataclasses
from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, container, running, template
from tests.tools.analyzers.picture import found_by, named, picture, roots_of
from tools.analyzers.autoscaling import cannot_scale, scaled_to_zero
from tools.evidence import Finding

APP = template(container("api", f"{REGISTRY}/shop/api:1", port=8080))
NO_METRICS = (
    "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for "
    "resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource "
    "(get pods.metrics.k8s.io)"
)
NO_REQUEST = "failed to get cpu utilization: missing request for cpu in container api of Pod api-1"
NOT_READY = "unable to get metrics for resource cpu: did not receive metrics for targeted pods (pods might be unready)"
NO_TARGET = 'the HPA controller was unable to get the target\'s current scale: deployments.apps "apo" not found'


def ground() -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    return world


def scaled(kind: str, status: str, reason: str, message: str, **more: Any) -> Cluster:
    world = ground()
    world.deployment("api", APP, replicas=2)
    world.autoscaler("api", current=2, cpu=None, conditions=[(kind, status, reason, message)], **more)
    return world


@pytest.mark.parametrize(
    ("kind", "reason", "message", "words"),
    [
        ("ScalingActive", "FailedGetResourceMetric", NO_METRICS, "metrics-server"),
        ("ScalingActive", "FailedGetResourceMetric", NO_REQUEST, "a request for that resource"),
        ("ScalingActive", "FailedGetResourceMetric", NOT_READY, "look at the pods first"),
        ("ScalingActive", "FailedGetExternalMetric", "unable to get external metric shop/queue", "cannot be read"),
        ("AbleToScale", "FailedGetScale", NO_TARGET, "scaleTargetRef"),
        ("AbleToScale", "FailedUpdateScale", "the HPA controller was unable to update the target scale", "cannot set"),
    ],
)
def test_an_autoscaler_says_itself_why_it_cannot_scale(kind: str, reason: str, message: str, words: str) -> None:
    found = found_by(scaled(kind, "False", reason, message), cannot_scale)["HorizontalPodAutoscaler/shop/api"]
    assert found.category == "hpa_cannot_scale"
    assert words in found.explanation
    assert reason in found.summary


def test_the_release_that_brought_a_container_without_a_request_is_blamed_and_taken_back() -> None:
    world = ground()
    app = container("api", f"{REGISTRY}/shop/api:1", port=8080)
    after = template(app, container("shipper", f"{REGISTRY}/base/shipper:2", cpu=None))
    world.deployment("api", template(app), after, ages=("9d", "50m"), replicas=2, first_revision=4)
    message = NO_REQUEST.replace("container api", "container shipper")
    told = [("ScalingActive", "False", "FailedGetResourceMetric", message)]
    world.autoscaler("api", current=2, cpu=None, conditions=told)
    found = found_by(world, cannot_scale)["HorizontalPodAutoscaler/shop/api"]
    assert found.culprit == "Deployment/shop/api@5"
    assert found.remedy is not None
    assert (found.remedy.class_, str(found.remedy.target), found.remedy.to_revision) == (
        "rollback",
        "Deployment/shop/api",
        4,
    )


def test_pods_that_are_not_ready_are_named_as_the_possible_cause() -> None:
    world = scaled("ScalingActive", "False", "FailedGetResourceMetric", NOT_READY)
    found = found_by(world, cannot_scale)["HorizontalPodAutoscaler/shop/api"]
    assert [str(each) for each in found.because] == ["Deployment/shop/api"]


@pytest.mark.parametrize(
    ("condition", "more"),
    [
        (("ScalingActive", "True", "ValidMetricFound", "ok"), {}),
        (("ScalingLimited", "True", "TooManyReplicas", "the desired replica count is more than the maximum"), {}),
        (("ScalingActive", "False", "ScalingDisabled", "scaling is disabled since the replica count is zero"), {}),
        (("ScalingActive", "False", "FailedGetResourceMetric", NO_METRICS), {"since": "2m"}),
        (("ScalingActive", "False", "FailedGetResourceMetric", NO_METRICS), {"age": "3m", "since": "3m"}),
    ],
    ids=["well", "at its limit", "at zero", "for a moment", "just made"],
)
def test_an_autoscaler_that_is_limited_resting_or_new_is_nothing(condition: Any, more: dict[str, str]) -> None:
    assert roots_of(scaled(*condition, **more), cannot_scale) == []


def empty(*, event: str = "", **more: Any) -> Cluster:
    """A Deployment with no replicas behind a Service."""
    world = ground()
    made = world.deployment("api", APP, replicas=0, **more)
    world.service("api", 80, target=8080)
    if event:
        words = event.format(set=made.revisions[-1]["metadata"]["name"])
        world.event(made.object, "ScalingReplicaSet", words, last="22m", kind="Normal", source="deployment-controller")
    return world


@pytest.mark.parametrize(
    "words", ["Scaled down replica set {set} to 0 from 3", "Scaled down replica set {set} from 3 to 0"]
)
def test_a_deployment_that_was_scaled_to_nothing_lately_goes_back_to_what_it_had(words: str) -> None:
    found = found_by(empty(event=words), scaled_to_zero)["Deployment/shop/api"]
    assert found.category == "scaled_to_zero"
    assert found.remedy is not None
    assert (found.remedy.class_, found.remedy.replicas) == ("scale", 3)


def test_a_route_or_a_program_that_calls_it_shows_that_it_is_needed() -> None:
    routed = empty()
    routed.ingress("shop", "shop.example.com", {"/": ("api", 80)})
    found = found_by(routed, scaled_to_zero)["Deployment/shop/api"]
    assert found.remedy is not None
    assert (found.remedy.class_, found.remedy.replicas) == ("scale", 1)
    assert any("leads to service api" in each.text for each in found.evidence)
    called = empty()
    (pod,) = called.deployment("web", template(container("web", "web:1")), replicas=1).made
    called.log(
        pod, "-2m|<t> ERROR POST http://api:80/orders failed: dial tcp 10.96.0.9:80: connect: connection refused"
    )
    assert ("scaled_to_zero", "Deployment/shop/api") in roots_of(called, scaled_to_zero)


def test_what_its_autoscaler_wants_or_what_was_applied_last_tells_how_many() -> None:
    world = empty()
    world.autoscaler("api", current=0, least=4)
    found = found_by(world, scaled_to_zero)["Deployment/shop/api"]
    assert found.remedy is not None
    assert found.remedy.replicas == 4
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"spec": {"replicas": 5}}'}
    noted = empty(annotations=applied, event="Scaled down replica set {set} to 0")
    noted.autoscaler("api", current=0, least=4)
    remedy = found_by(noted, scaled_to_zero)["Deployment/shop/api"].remedy
    assert remedy is not None
    assert remedy.replicas == 5


@pytest.mark.parametrize("quiet", ["nobody asks", "keda", "other colour", "no service", "replaced"])
def test_a_workload_that_rests_on_purpose_or_that_nobody_needs_is_nothing(quiet: str) -> None:
    event = "Scaled down replica set {set} to 0 from 3"
    if quiet == "nobody asks":
        world = empty()
    elif quiet == "keda":
        world = empty(event=event, annotations={"autoscaling.keda.sh/paused-replicas": "0"})
    elif quiet == "no service":
        world = empty(event=event)
        world.objects = [each for each in world.objects if each["kind"] != "Service"]
    elif quiet == "replaced":
        world = empty(event="Scaled down replica set api-before to 0 from 3")
    else:
        world = empty(event=event)
        world.deployment("api-green", APP, replicas=2, labels={"app": "api"}, empty=True).pods(2, running())
        named(world, "Deployment", "api-green")["spec"]["template"]["metadata"]["labels"]["app"] = "api"
    assert roots_of(world, scaled_to_zero) == []


def _asked(world: Cluster) -> list[Finding]:
    return list(scaled_to_zero(dataclasses.replace(picture(world), focus=frozenset({"api"}))))


def test_being_asked_about_is_no_need_of_its_own_and_supports_another() -> None:
    world = empty()
    assert [each.subject.name for each in _asked(world)] == ["api"]
    assert list(scaled_to_zero(picture(world))) == []
    world.objects = [each for each in world.objects if each["kind"] != "Service"]
    assert _asked(world) == []


def test_that_something_counts_on_it_is_said_only_where_that_was_seen() -> None:
    (found,) = _asked(empty(event="Scaled down replica set {set} to 0 from 3"))
    assert "counts on it" not in found.explanation
    routed = empty()
    routed.ingress("shop", "shop.example.com", {"/": ("api", 80)})
    assert "counts on it" in found_by(routed, scaled_to_zero)["Deployment/shop/api"].explanation


def _scaled_object(status: str = "True", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "api", "namespace": "shop", "uid": "5c0a", "resourceVersion": "7"},
        "spec": {"scaleTargetRef": {"name": "api"}, **spec},
        "status": {"conditions": [{"type": "Ready", "status": status}]},
    }


@pytest.mark.parametrize("mark", ["its object", "its autoscaler", "its label", "its event"])
def test_what_its_scaler_lets_rest_while_there_is_nothing_to_do_is_well_even_when_asked_about(mark: str) -> None:
    world = empty(event="Scaled down replica set {set} to 0 from 1")
    if mark == "its object":
        world.objects.append(_scaled_object(minReplicaCount=0))
    elif mark == "its autoscaler":
        world.autoscaler("api", current=0)
        named(world, "HorizontalPodAutoscaler", "api")["metadata"]["name"] = "keda-hpa-api"
    elif mark == "its label":
        named(world, "Deployment", "api")["metadata"].setdefault("labels", {})["scaledobject.keda.sh/name"] = "api"
    else:
        world.event(
            _scaled_object(),
            "KEDAScaleTargetDeactivated",
            "Deactivated apps/v1.Deployment shop/api from 1 to 0",
            last="22m",
            kind="Normal",
            source="keda-operator",
        )
    assert _asked(world) == []


@pytest.mark.parametrize("broken", ["not ready", "wants one"])
def test_a_scaler_that_cannot_start_it_or_wants_more_excuses_nothing(broken: str) -> None:
    world = empty(event="Scaled down replica set {set} to 0 from 1")
    made = _scaled_object("False") if broken == "not ready" else _scaled_object(minReplicaCount=1)
    world.objects.append(made)
    assert [each.subject.name for each in _asked(world)] == ["api"]
