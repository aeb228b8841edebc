"""The second wall: an admission policy that holds the bot's account to the rules inside the cluster itself.

It is made of the same patterns as the floor and of the same policy file, and it knows nothing of the bot: whoever holds
the token of that account meets it. Pure; the values are those of the manifest.
"""

from typing import Any

from safety.floor import FLOOR_NAMESPACES, FLOOR_PATTERNS, name_pattern, token_pattern
from safety.policy import Policy, ScaleRule

NAME = "ask-claude-changes"
ACCOUNT = "system:serviceaccount:ask-claude:ask-claude-writer"
# The annotations that a change may set on a controller itself.
ANNOTATIONS = ("ask-claude.io/proposal", "ask-claude.io/aborted", "kubernetes.io/change-cause")
_CHANGED = ("replicas", "template")
# What a template must not gain on its way back: another identity, or a hold on the node.
_POWERS = ("serviceAccountName", "serviceAccount", "hostNetwork", "hostPID", "hostIPC")


def admission_policy(policy: Policy, account: str = ACCOUNT) -> list[dict[str, Any]]:
    """A ValidatingAdmissionPolicy and its binding (admissionregistration.k8s.io/v1)."""
    meta = {"name": NAME}
    kind = {"apiVersion": "admissionregistration.k8s.io/v1"}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["*"],
                    "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"],
                    "resources": ["*/*"],
                }
            ]
        },
        "matchConditions": [
            {"name": "the-account", "expression": f"request.userInfo.username == {_text(account)}"},
            # Asking what one may do is a create as well.
            {"name": "no-question", "expression": 'request.resource.group != "authorization.k8s.io"'},
        ],
        "variables": _variables(),
        "validations": [*_where(policy), *_what(policy)],
    }
    binding = {"policyName": NAME, "validationActions": ["Deny", "Audit"]}
    return [
        {**kind, "kind": "ValidatingAdmissionPolicy", "metadata": meta, "spec": spec},
        {**kind, "kind": "ValidatingAdmissionPolicyBinding", "metadata": meta, "spec": binding},
    ]


def _variables() -> list[dict[str, str]]:
    controllers = 'request.resource.resource in ["daemonsets", "deployments", "statefulsets"]'
    return [
        _named("namespace", 'has(request.namespace) ? request.namespace : ""'),
        _named("part", 'has(request.subResource) ? request.subResource : ""'),
        _named(
            "isUpdate",
            'request.operation == "UPDATE" && request.resource.group == "apps"'
            f' && {controllers} && variables.part == ""',
        ),
        _named(
            "isRemoval",
            'request.resource.group == "" && request.resource.resource == "pods" &&'
            ' ((request.operation == "DELETE" && variables.part == "")'
            ' || (request.operation == "CREATE" && variables.part == "eviction"))',
        ),
    ]


def _where(policy: Policy) -> list[dict[str, str]]:
    protected = policy.protected
    patterns = [
        *map(name_pattern, (*FLOOR_NAMESPACES, *protected.namespaces)),
        *FLOOR_PATTERNS,
        *map(token_pattern, protected.tokens),
    ]
    # A prefix of a whole pattern is one alternative of the same expression: one match for each request.
    whole = "|".join(f"({each})" for each in patterns)
    found = [
        _rule('variables.namespace != ""', "what belongs to no namespace is not for ask-claude to change"),
        _rule(f"!variables.namespace.matches({_raw(whole)})", "this namespace is protected"),
    ]
    if protected.require_label is not None:
        found.append(
            _rule(_labelled(protected.require_label), f"the namespace does not carry {protected.require_label}")
        )
    return found


def _labelled(label: str) -> str:
    key, has_value, value = label.partition("=")
    labels = "namespaceObject.metadata.labels"
    there = f"has({labels}) && {_text(key)} in {labels}"
    return f"{there} && {labels}[{_text(key)}] == {_text(value)}" if has_value else there


def _what(policy: Policy) -> list[dict[str, str]]:
    allowed = policy.rule_for("scale_deployment")
    scale = allowed if isinstance(allowed, ScaleRule) else ScaleRule(environments=("none",))
    step = "object.spec.replicas - oldObject.spec.replicas"
    powers = " && ".join(_same_power(each) for each in _POWERS)
    return [
        _rule(
            "variables.isUpdate || variables.isRemoval",
            "ask-claude may only update daemon sets, deployments and stateful sets, delete pods and evict them",
        ),
        _of_updates(
            f"{_same_but('object.spec', 'oldObject.spec', _CHANGED)}"
            f" && {_same_but('oldObject.spec', 'object.spec', _CHANGED)}",
            "of a spec only the replicas or the template may change",
        ),
        _of_updates(
            "object.spec.template == oldObject.spec.template || !has(object.spec.replicas)"
            " || object.spec.replicas == oldObject.spec.replicas",
            "replicas and template may not change together",
        ),
        _of_updates(
            "!has(object.spec.replicas) || object.spec.replicas == oldObject.spec.replicas ||"
            ' (request.resource.resource == "deployments"'
            f" && {step} <= {scale.max_step} && {step} >= -{scale.max_step}"
            f" && object.spec.replicas >= {scale.min} && object.spec.replicas <= {scale.max})",
            "this number of replicas is too far from now, too small, too large, or of another kind than a deployment",
        ),
        _of_updates(powers, "the template may not gain another service account or a hold on the node"),
        _of_updates(
            " && ".join(_same_field(each) for each in ("labels", "ownerReferences", "finalizers")),
            "labels, owners and finalizers may not change",
        ),
        _of_updates(
            f"(!has(object.metadata.annotations) || {_same_notes('object', 'oldObject')})"
            f" && (!has(oldObject.metadata.annotations) || {_same_notes('oldObject', 'object')})",
            "of the annotations only the marks of a change may change",
        ),
    ]


def _same_but(one: str, other: str, free: tuple[str, ...]) -> str:
    return f"{one}.all(key, key in {_list(free)} || (key in {other} && {one}[key] == {other}[key]))"


def _same_notes(one: str, other: str) -> str:
    held = f"{other}.metadata.annotations"
    own = f"{one}.metadata.annotations"
    same = f"(has({held}) && key in {held} && {own}[key] == {held}[key])"
    return f"{own}.all(key, key in {_list(ANNOTATIONS)} || {same})"


def _same_field(name: str) -> str:
    one, other = f"object.metadata.{name}", f"oldObject.metadata.{name}"
    return f"(has({one}) ? (has({other}) && {one} == {other}) : !has({other}))"


def _same_power(name: str) -> str:
    one, other = f"object.spec.template.spec.{name}", f"oldObject.spec.template.spec.{name}"
    return f"(!has({one}) || (has({other}) && {one} == {other}))"


def _of_updates(expression: str, message: str) -> dict[str, str]:
    return _rule(f"!variables.isUpdate || ({expression})", message)


def _named(name: str, expression: str) -> dict[str, str]:
    return {"name": name, "expression": expression}


def _rule(expression: str, message: str) -> dict[str, str]:
    return {"expression": expression, "message": message}


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(_text, values)) + "]"


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _raw(value: str) -> str:
    # A raw string knows no escapes; neither a pattern of the floor nor one of the file can hold a quote mark.
    if "'" in value:
        raise ValueError("a name with a quote mark is no namespace")
    return f"r'{value}'"
