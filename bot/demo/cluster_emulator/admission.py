"""ValidatingAdmissionPolicies and their bindings: taken only as far as they are understood, asked before every write.

A policy with a part that is not known here is refused when it is created, so that none is taken and then not enforced.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api.requests import Request
from bot.demo.cluster_emulator.cel import CelError, Expression, Unsupported, compiled
from bot.demo.cluster_emulator.objects import Obj, dig, name_of
from bot.demo.cluster_emulator.resources import ADMISSION_BINDINGS, ADMISSION_POLICIES, NAMESPACES, Resource
from bot.demo.cluster_emulator.statuses import Cause
from bot.demo.cluster_emulator.store import Store

_OF_POLICY = {"failurePolicy", "matchConstraints", "matchConditions", "variables", "validations"}
_OF_CONSTRAINTS = {"resourceRules", "matchPolicy", "namespaceSelector", "objectSelector"}
_OF_RULE = {"apiGroups", "apiVersions", "operations", "resources", "scope"}
_OF_VALIDATION = {"expression", "message"}
_OF_BINDING = {"policyName", "validationActions"}


def check_admission(resource: Resource, obj: Obj) -> Iterator[Cause]:
    """Why a policy or a binding is not taken."""
    if resource is ADMISSION_BINDINGS:
        yield from _unknown(dig(obj, "spec", default={}), _OF_BINDING, "spec")
        if "Deny" not in dig(obj, "spec", "validationActions", default=[]):
            yield Cause.required("spec.validationActions", "only Deny, with or without Audit, is supported here")
    elif resource is ADMISSION_POLICIES:
        yield from _check_policy(dig(obj, "spec", default={}))


def _check_policy(spec: Obj) -> Iterator[Cause]:
    yield from _unknown(spec, _OF_POLICY, "spec")
    if spec.get("failurePolicy", "Fail") != "Fail":
        yield Cause.forbidden("spec.failurePolicy", "only Fail is supported here")
    yield from _check_constraints(spec.get("matchConstraints", {}))
    for index, each in enumerate(spec.get("validations", [])):
        yield from _unknown(each, _OF_VALIDATION, f"spec.validations[{index}]")
    for part in ("matchConditions", "variables", "validations"):
        for index, each in enumerate(spec.get(part, [])):
            yield from _check_expression(str(each.get("expression", "")), f"spec.{part}[{index}].expression")


def _check_constraints(constraints: Obj) -> Iterator[Cause]:
    path = "spec.matchConstraints"
    yield from _unknown(constraints, _OF_CONSTRAINTS, path)
    for selector in ("namespaceSelector", "objectSelector"):
        if constraints.get(selector):
            yield Cause.forbidden(f"{path}.{selector}", "not supported here")
    for index, rule in enumerate(constraints.get("resourceRules", [])):
        yield from _unknown(rule, _OF_RULE, f"{path}.resourceRules[{index}]")


def _check_expression(text: str, path: str) -> Iterator[Cause]:
    try:
        compiled(text)
    except Unsupported as why:
        yield Cause.invalid(path, f'"{text}"', f"compilation failed: {why}")


def _unknown(held: Obj, known: set[str], path: str) -> Iterator[Cause]:
    for key in sorted(set(held) - known):
        yield Cause.forbidden(f"{path}.{key}", "not supported here")


def admit(request: Request, store: Store, operation: str, before: Obj | None, after: Obj | None) -> None:
    """422 when a bound policy is against this write, dry runs included. Asked after the rights."""
    for binding in store.all_of(ADMISSION_BINDINGS):
        policy = store.get(ADMISSION_POLICIES, "", str(dig(binding, "spec", "policyName")))
        if policy is None or not _is_about(policy, request, operation):
            continue
        names = _names(request, store, operation, before, after)
        denial = _denial(policy, names)
        if denial is not None:
            why = (
                f"ValidatingAdmissionPolicy '{name_of(policy)}' with binding '{name_of(binding)}'"
                f" denied request: {denial}"
            )
            raise statuses.denied(request.target.resource, request.target.name, why)


def _is_about(policy: Obj, request: Request, operation: str) -> bool:
    resource, sub = request.target.resource, request.target.subresource
    wanted = f"{resource.plural}/{sub}" if sub else resource.plural
    shapes = {wanted, "*/*", f"{resource.plural}/*", f"*/{sub}"} if sub else {wanted, "*", "*/*"}
    for rule in dig(policy, "spec", "matchConstraints", "resourceRules", default=[]):
        if (
            {"*", resource.group} & set(rule.get("apiGroups", []))
            and {"*", resource.version} & set(rule.get("apiVersions", []))
            and {"*", operation} & set(rule.get("operations", []))
            and shapes & set(rule.get("resources", []))
        ):
            return True
    return False


def _names(request: Request, store: Store, operation: str, before: Obj | None, after: Obj | None) -> dict[str, Any]:
    target = request.target
    told: Obj = {
        "operation": operation,
        "resource": {
            "group": target.resource.group,
            "version": target.resource.version,
            "resource": target.resource.plural,
        },
        "userInfo": {"username": request.user.name},
    }
    # What is empty is left out, as a server's own JSON does: reading it without ``has`` is an error there as well.
    optional = {"subResource": target.subresource, "name": target.name, "namespace": target.namespace}
    told |= {key: value for key, value in optional.items() if value}
    home = store.get(NAMESPACES, "", target.namespace) if target.namespace else None
    return {"request": told, "object": after, "oldObject": before, "namespaceObject": home}


def _denial(policy: Obj, names: dict[str, Any]) -> str | None:
    """The message of the first validation that does not hold; what cannot be told counts as not holding."""
    spec = policy["spec"]
    try:
        if not all(_asked(each, names) for each in spec.get("matchConditions", [])):
            return None
        names["variables"] = _Variables(
            {str(each["name"]): compiled(each["expression"]) for each in spec.get("variables", [])}, names
        )
        for each in spec.get("validations", []):
            if not _asked(each, names):
                return str(each.get("message") or f"failed expression: {each['expression']}")
    except CelError as why:
        return f"expression resulted in error: {why}"
    return None


def _asked(part: Obj, names: dict[str, Any]) -> bool:
    answer = compiled(part["expression"])(names)
    if not isinstance(answer, bool):
        raise CelError("the answer must be true or false")
    return answer


class _Variables(dict[str, Any]):
    """Worked out when they are asked for, as on a server; ``in`` knows them all."""

    def __init__(self, made: dict[str, Expression], names: dict[str, Any]) -> None:
        super().__init__(made)
        self._made, self._names = made, names

    def __getitem__(self, name: str) -> Any:
        return self._made[name](self._names)
