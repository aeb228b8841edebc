"""Who may do what: tokens, rules, refusals, reviews."""

from __future__ import annotations

import json

import pytest
from kubernetes.aio import client

WEB = "/apis/apps/v1/namespaces/proteus-dev/deployments/proteus-web"
MERGE = {"Content_Type": "application/merge-patch+json"}


async def test_without_a_known_token_there_is_only_401(raw):
    status, told = await raw("GET", "/api/v1/pods", user="")
    assert (status, told["message"], told["reason"]) == (401, "Unauthorized", "Unauthorized")


async def test_the_bot_reads_everything_but_secrets(bot):
    core = client.CoreV1Api(bot)
    assert (await core.list_namespaced_pod("proteus-dev")).items
    with pytest.raises(client.ApiException) as told:
        await core.list_secret_for_all_namespaces()
    assert told.value.status == 403
    assert json.loads(told.value.body)["message"] == (
        'secrets is forbidden: User "ask-claude" cannot list resource "secrets" in API group "" at the cluster scope'
    )


async def test_a_refusal_names_the_object_the_verb_and_the_namespace(raw):
    status, told = await raw("DELETE", "/api/v1/namespaces/proteus-dev/services/x", user="ask-claude")
    assert (status, told["details"]) == (403, {"name": "x", "kind": "services"})
    assert told["message"] == (
        'services "x" is forbidden: User "ask-claude" cannot delete resource "services" in API group "" '
        'in the namespace "proteus-dev"'
    )
    status, told = await raw("PATCH", f"{WEB}/scale", {}, user="ask-claude", **MERGE)
    assert status == 403
    assert told["message"] == (
        'deployments.apps "proteus-web" is forbidden: User "ask-claude" cannot patch resource '
        '"deployments/scale" in API group "apps" in the namespace "proteus-dev"'
    )


async def test_a_dry_run_needs_the_same_leave_as_the_deed(raw):
    body = {"metadata": {"labels": {"a": "b"}}}
    assert (await raw("PATCH", f"{WEB}?dryRun=All", body, user="ask-claude", **MERGE))[0] == 200
    assert (await raw("PATCH", f"{WEB}?dryRun=All", body, user="ask-claude-reader", **MERGE))[0] == 403


@pytest.mark.parametrize(
    ("verb", "group", "resource", "subresource", "allowed"),
    [
        ("patch", "apps", "deployments", "", True),
        ("create", "", "pods", "eviction", True),
        ("patch", "apps", "statefulsets", "", True),
        ("delete", "", "pods", "", True),
        ("patch", "", "pods", "", False),
        ("delete", "apps", "deployments", "", False),
        ("create", "", "pods", "exec", False),
        ("get", "", "pods", "log", True),
        ("get", "", "secrets", "", False),
    ],
)
async def test_the_bot_can_ask_what_it_may_do(bot, verb, group, resource, subresource, allowed):
    attributes = client.V1ResourceAttributes(
        verb=verb, group=group, resource=resource, subresource=subresource, namespace="proteus-dev"
    )
    spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    review = client.V1SelfSubjectAccessReview(spec=spec)
    answer = await client.AuthorizationV1Api(bot).create_self_subject_access_review(review)
    assert answer.status.allowed is allowed


async def test_a_rules_review_lists_the_rules_of_a_namespace(bot):
    review = client.V1SelfSubjectRulesReview(spec=client.V1SelfSubjectRulesReviewSpec(namespace="proteus-dev"))
    answer = await client.AuthorizationV1Api(bot).create_self_subject_rules_review(review)
    found = {(tuple(rule.verbs), tuple(rule.resources)) for rule in answer.status.resource_rules}
    assert (("patch",), ("deployments", "statefulsets", "daemonsets")) in found


async def test_every_request_is_recorded_with_its_user(emulator, raw):
    await raw("PATCH", f"{WEB}?dryRun=All", {"spec": {"replicas": 2}}, user="ask-claude", **MERGE)
    seen = emulator.requests[-1]
    assert (seen.method, seen.path, seen.query, seen.user) == ("PATCH", WEB, {"dryRun": "All"}, "ask-claude")
    assert json.loads(seen.body) == {"spec": {"replicas": 2}}
