"""Pods that the API server refuses to make, each with the words it uses."""

from typing import Any

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, container, template
from tests.tools.analyzers.picture import found_by, named, roots_of
from tools.analyzers.admission import refused

APP = template(container("api", f"{REGISTRY}/shop/api:1"))
POST = 'failed to call webhook: Post "https://gate.policy.svc:443/check?timeout=10s"'
QUOTA = "exceeded quota: compute, requested: requests.memory=1Gi, used: requests.memory=7936Mi, limited: 8Gi"
WEBHOOK = f'Internal error occurred: failed calling webhook "pods.gate.example.com": {POST}: '
SECURITY = (
    'pods "api-1" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container '
    '"api" must set securityContext.allowPrivilegeEscalation=false)'
)


def ground() -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    return world


def refuse(world: Cluster, name: str, message: str, *templates: Any, last: str = "2m", ready: int = 1) -> None:
    templates = templates or (APP,)
    ages = ("41d", "12m")[: len(templates)] if len(templates) > 1 else ("41d",)
    made = world.deployment(name, *templates, ages=ages, replicas=3, empty=True, refused=message)
    made.pods(ready, revision=0)
    world.event(
        made.revisions[-1],
        "FailedCreate",
        f"Error creating: {message}",
        last=last,
        count=7,
        source="replicaset-controller",
    )


@pytest.mark.parametrize(
    ("message", "category", "named_"),
    [
        (f'pods "api-1" is forbidden: {QUOTA}', "quota_exceeded", "compute"),
        (
            'pods "api-1" is forbidden: failed quota: compute: must specify limits.cpu for: api',
            "quota_exceeded",
            "compute",
        ),
        (
            'pods "api-1" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
            "quota_exceeded",
            "LimitRange",
        ),
        (SECURITY, "pod_security_denied", "restricted:latest"),
        (
            'admission webhook "validate.kyverno.svc-fail" denied the request: Pod/shop/api was blocked due to '
            "the following policies",
            "pod_security_denied",
            "validate.kyverno.svc-fail",
        ),
        (
            "pods \"api-1\" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'all' denied request: root",
            "pod_security_denied",
            "no-root",
        ),
        (WEBHOOK + 'no endpoints available for service "gate"', "admission_webhook_failure", "pods.gate.example.com"),
        (WEBHOOK + "context deadline exceeded", "admission_webhook_failure", "pods.gate.example.com"),
        (
            'pods "api-1" is forbidden: error looking up service account shop/api: serviceaccount "api" not found',
            "service_account_missing",
            "api",
        ),
        ('pods "api-1" is forbidden: no PriorityClass with name high was found', "bad_rollout_config", "high"),
    ],
)
def test_the_api_servers_words_decide_why_pods_are_refused(message: str, category: str, named_: str) -> None:
    world = ground()
    refuse(world, "api", message)
    found = found_by(world, refused)["Deployment/shop/api"]
    assert found.category == category
    assert named_ in found.summary
    assert found.confidence >= 0.9
    assert found.remedy is None


def test_a_refusal_that_is_over_or_has_no_effect_is_nothing() -> None:
    over = ground()
    refuse(over, "api", "", last="2m", ready=3)
    over.event(over.of("ReplicaSet")[0], "FailedCreate", f"Error creating: pods is forbidden: {QUOTA}", last="4m")
    assert roots_of(over, refused) == []
    old = ground()
    made = old.deployment("api", APP, replicas=3, empty=True)
    made.pods(2)
    old.event(made.revisions[0], "FailedCreate", f"Error creating: pods is forbidden: {QUOTA}", last="55m")
    assert roots_of(old, refused) == []


def test_the_quota_is_cited_with_what_is_used_of_it() -> None:
    world = ground()
    refuse(world, "api", f'pods "api-1" is forbidden: {QUOTA}')
    world.quota("compute", {"requests.memory": "8Gi"}, {"requests.memory": "7936Mi"})
    shown = found_by(world, refused)["Deployment/shop/api"].evidence
    assert any("requests.memory 7936Mi of 8Gi" in each.text for each in shown)


def test_a_release_that_brought_what_is_refused_is_blamed() -> None:
    before = template(container("api", f"{REGISTRY}/shop/api:1"))
    after = template(container("api", f"{REGISTRY}/shop/api:1"), service_account="orders")
    world = ground()
    refuse(
        world, "api", 'error looking up service account shop/orders: serviceaccount "orders" not found', before, after
    )
    found = found_by(world, refused)["Deployment/shop/api"]
    assert found.culprit == "Deployment/shop/api@2"
    assert found.remedy is not None
    assert found.remedy.to_revision == 1


def test_a_release_that_changed_something_else_is_not_blamed_for_a_quota() -> None:
    after = template(container("api", f"{REGISTRY}/shop/api:2"))
    world = ground()
    refuse(world, "api", f'pods "api-1" is forbidden: {QUOTA}', APP, after)
    assert found_by(world, refused)["Deployment/shop/api"].culprit is None


def test_one_webhook_that_several_suffer_from_is_what_has_to_be_mended() -> None:
    world = ground()
    message = WEBHOOK + 'no endpoints available for service "gate"'
    for name in ("api", "web"):
        refuse(world, name, message)
    world.webhook("gate", "pods.gate.example.com", ("policy", "gate", "/check"))
    assert roots_of(world, refused) == [("admission_webhook_failure", "ValidatingWebhookConfiguration/gate")]
    behind = [str(each) for each in found_by(world, refused)["Deployment/shop/api"].because]
    assert behind == ["ValidatingWebhookConfiguration/gate", "Service/policy/gate"]


def test_a_webhook_that_only_one_suffers_from_is_what_has_to_be_mended_as_well() -> None:
    world = ground()
    refuse(world, "api", WEBHOOK + 'no endpoints available for service "gate"')
    world.webhook("gate", "pods.gate.example.com", ("policy", "gate", "/check"))
    assert roots_of(world, refused) == [("admission_webhook_failure", "ValidatingWebhookConfiguration/gate")]


def test_a_webhook_whose_configuration_was_not_read_is_told_by_its_service() -> None:
    world = ground()
    refuse(world, "api", WEBHOOK + "context deadline exceeded")
    assert roots_of(world, refused) == [("admission_webhook_failure", "Service/policy/gate")]


def test_other_controllers_are_refused_too() -> None:
    world = ground()
    made = world.statefulset("db", APP, replicas=2, empty=True)
    words = f'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: {QUOTA}'
    world.event(named(world, "StatefulSet", "db"), "FailedCreate", words, last="1m")
    assert made.name == "db"
    assert roots_of(world, refused) == [("quota_exceeded", "StatefulSet/shop/db")]
