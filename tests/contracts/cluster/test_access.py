"""Who may do what, through kubernetes.aio. Somebody without rights is made with cluster rights."""

from __future__ import annotations

import pytest
from kubernetes.aio import client


async def _may(raw, **attributes):
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    body["spec"] = {"resourceAttributes": attributes}
    status, told = await raw("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    assert status == 201
    return told["status"]["allowed"]


@pytest.mark.row("unauthorized", "status-bodies")
async def test_a_token_that_nobody_issued_is_401(stranger, namespace):
    status, told = await stranger("GET", f"/api/v1/namespaces/{namespace}/pods")
    assert status == 401
    assert told == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


@pytest.mark.row("forbidden")
async def test_what_is_not_allowed_is_403_and_names_user_verb_kind_and_place(nobody, namespace):
    status, told = await nobody("GET", f"/api/v1/namespaces/{namespace}/pods")
    assert (status, told["reason"], told["details"]) == (403, "Forbidden", {"kind": "pods"})
    assert told["message"].startswith('pods is forbidden: User "')
    where = f'cannot list resource "pods" in API group "" in the namespace "{namespace}"'
    assert where in told["message"]
    status, told = await nobody("DELETE", f"/api/v1/namespaces/{namespace}/pods/x")
    assert (status, told["details"]) == (403, {"name": "x", "kind": "pods"})
    _, told = await nobody("GET", "/api/v1/nodes")
    assert 'cannot list resource "nodes" in API group "" at the cluster scope' in told["message"]


@pytest.mark.row("forbidden")
async def test_an_unknown_object_is_forbidden_before_it_is_missing(nobody, namespace):
    body = {"spec": {"replicas": 0}}
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/none/scale"
    status, told = await nobody("PATCH", path, body, content_type="application/merge-patch+json")
    assert status == 403
    assert 'deployments.apps "none" is forbidden' in told["message"]
    assert 'cannot patch resource "deployments/scale" in API group "apps"' in told["message"]


@pytest.mark.row("reviews")
async def test_anybody_who_is_known_can_ask_what_he_may_do(raw, nobody, namespace):
    asked = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": namespace}
    assert await _may(raw, **asked) is True
    assert await _may(nobody, **asked) is False


@pytest.mark.row("reviews")
async def test_the_typed_client_can_ask_for_access_and_for_rules(admin, namespace):
    api = client.AuthorizationV1Api(admin)
    attributes = client.V1ResourceAttributes(
        verb="create", resource="pods", subresource="eviction", namespace=namespace
    )
    spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    answer = await api.create_self_subject_access_review(client.V1SelfSubjectAccessReview(spec=spec))
    assert answer.status.allowed is True
    rules = client.V1SelfSubjectRulesReview(spec=client.V1SelfSubjectRulesReviewSpec(namespace=namespace))
    assert (await api.create_self_subject_rules_review(rules)).status.resource_rules
