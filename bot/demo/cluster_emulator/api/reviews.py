"""What the caller may do: access reviews and rules reviews of oneself."""

from __future__ import annotations

from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.objects import Obj, dig
from bot.demo.cluster_emulator.rbac import Ask


def review(request: Request) -> Obj:
    """Answer the review that was posted."""
    body = request.object_body()
    kind = request.target.resource.kind
    answer: Obj = {"kind": kind, "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": body.get("spec", {})}
    answer["status"] = _access(request, body) if kind == "SelfSubjectAccessReview" else _rules(request, body)
    return answer


def _access(request: Request, body: Obj) -> Obj:
    wanted = dig(body, "spec", "resourceAttributes", default={})
    if not wanted:
        return {"allowed": True} if dig(body, "spec", "nonResourceAttributes", "verb") == "get" else {"allowed": False}
    ask = Ask(
        verb=wanted.get("verb", ""),
        group=wanted.get("group", ""),
        resource=wanted.get("resource", ""),
        subresource=wanted.get("subresource", ""),
        namespace=wanted.get("namespace", ""),
        name=wanted.get("name", ""),
    )
    if request.user.may(ask):
        return {"allowed": True, "reason": f'RBAC: allowed for user "{request.user.name}"'}
    return {"allowed": False}


def _rules(request: Request, body: Obj) -> Obj:
    namespace = dig(body, "spec", "namespace", default="")
    rules = [rule.as_resource_rule() for rule in request.user.rules_in(namespace)]
    own = {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"]}
    own["resources"] = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    paths = ["/healthz", "/livez", "/readyz", "/version", "/api", "/api/*", "/apis", "/apis/*"]
    open_paths = [{"verbs": ["get"], "nonResourceURLs": paths}]
    return {"resourceRules": [own, *rules], "nonResourceRules": open_paths, "incomplete": False}
