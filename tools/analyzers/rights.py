"""Calls to the API server that it forbids: the workload's service account lacks a right."""

from collections.abc import Iterator

from tools.analyzers.interface import Claim, cited, count_words, find_blame, finding, said, seen
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.logs.reading import Sign, SignKind
from tools.objects import items, mapping, part
from tools.snapshot import LogTail, Pod, Snapshot, Workload
from tools.world import JsonObject


def forbidden(snapshot: Snapshot) -> Iterator[Finding]:
    """The program asks the API server for something, and its log says that its account may not have it."""
    for workload in snapshot.workloads:
        told = [
            (pod, tail, sign)
            for pod in workload.members or workload.pods
            for tail in pod.logs
            for sign in tail.reading.standing(SignKind.ACCESS_FORBIDDEN)
            if sign.detail("account") and _is_own(pod, str(sign.detail("account")))
        ]
        if told:
            yield finding(workload, _claim(workload, told, snapshot))


def _claim(workload: Workload, told: list[tuple[Pod, LogTail, Sign]], snapshot: Snapshot) -> Claim:
    pods = tuple(dict.fromkeys(pod for pod, _, _ in told))
    sign = told[0][2]
    namespace, _, account = str(sign.detail("account")).partition(":")
    resource = sign.detail("resource") or sign.target or "a resource"
    verb, group = sign.detail("verb") or "use", sign.detail("group") or ""
    where = f" in namespace {sign.detail('namespace')}" if sign.detail("namespace") else " of the whole cluster"
    right = f"{verb} {resource}{f' of the API group {group}' if group else ''}{where}"
    suffers = any(pod in workload.pods for pod in pods)
    bound = _bindings(namespace, account, snapshot)
    return Claim(
        category=Category.RBAC_FORBIDDEN,
        summary=f"{count_words(workload, pods)}: service account {account} may not {right}",
        explanation=f"The program calls the Kubernetes API as service account {namespace}/{account}, and the "
        f"API server answers that this account may not {right}. {_bound_words(account, bound, snapshot)}"
        "Somebody has to give it the right with a Role and a RoleBinding (or the cluster-wide kinds), or correct "
        "serviceAccountName. A restart does not change what the account may do.",
        evidence=cited(
            (said(tail, one, snapshot) for _, tail, one in told),
            (each.evidence for each in pods),
            [_binding(each, snapshot) for each in bound],
        ),
        confidence=0.9 if suffers else 0.75,
        pods=pods,
        since=sign.first_at,
        blame=find_blame(
            workload,
            pods,
            lambda release, _older: any("serviceAccount" in each.label for each in release.differences),
            snapshot.thresholds,
        )
        if suffers
        else None,
        because=(ObjectRef("ServiceAccount", namespace, account),),
    )


def _is_own(pod: Pod, account: str) -> bool:
    """Whether the account is the pod's own: programs also log what others were forbidden."""
    name = part(pod.raw, "spec", "serviceAccountName")
    return not pod.raw or (
        account == f"{pod.ref.namespace}:{name}" if name else account.startswith(f"{pod.ref.namespace}:")
    )


def _bindings(namespace: str, account: str, snapshot: Snapshot) -> list[JsonObject]:
    return [
        each
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for each in snapshot.of(kind)
        for one in items(each, "subjects")
        if one.get("kind") == "ServiceAccount" and one.get("name") == account and one.get("namespace") == namespace
    ]


def _bound_words(account: str, bound: list[JsonObject], snapshot: Snapshot) -> str:
    if not snapshot.objects.get("RoleBinding") and not snapshot.objects.get("ClusterRoleBinding"):
        return ""  # they are not read from a live cluster
    if not bound:
        return f"No RoleBinding or ClusterRoleBinding that was read names {account}. "
    roles = ", ".join(sorted({f"{part(each, 'roleRef', 'kind')} {part(each, 'roleRef', 'name')}" for each in bound}))
    return f"It is bound to {roles}, which does not give that. "


def _binding(each: JsonObject, snapshot: Snapshot) -> Evidence:
    role = mapping(each, "roleRef")
    return seen(snapshot, each, f"binds {role.get('kind')} {role.get('name')}")
