"""The part of CEL that the emulator knows: what expressions mean, what is an error, and what is refused unread."""

from typing import Any

import pytest

from bot.demo.cluster_emulator.cel import CelError, Unsupported, compiled

NAMES: dict[str, Any] = {
    "object": {"spec": {"replicas": 3, "template": {"a": [1, 2]}}, "metadata": {"labels": {"x": "y"}}},
    "request": {"operation": "UPDATE", "namespace": "team-a"},
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("object.spec.replicas <= 5", True),
        ("object.spec.replicas - 5 >= -2 && 1 + 1 == 2", True),
        ("object.spec.replicas - 5 >= -1", False),
        ("object.spec.replicas > 3 || object.spec.replicas < 3", False),
        ("!(1 == 2)", True),
        ("has(object.spec.replicas) && !has(object.spec.paused)", True),
        ('has(request.subResource) ? request.subResource : ""', ""),
        ('request.operation in ["CREATE", "UPDATE"]', True),
        ('"x" in object.metadata.labels && object.metadata.labels["x"] == "y"', True),
        (r"request.namespace.matches(r'^team\-') && !request.namespace.matches(r'(^|[^a-z])prod')", True),
        ('request.namespace.startsWith("team") && request.namespace.endsWith("a")', True),
        ('request.namespace.contains("m-") && size(request.namespace) == 6 && [1, 2].size() == 2', True),
        ('object.spec.all(key, key in ["replicas", "template"])', True),
        ("[1, 2, 3].exists(each, each == 2)", True),
        ("object.spec.template == object.spec.template", True),
        ("object.spec.template.a[1] == 2", True),
        ("nothing == null", True),
        ("true == 1", False),
        ('"a" + "b" == \'ab\' && "b" > "a"', True),
        ('"say \\"it\\"" == \'say "it"\'', True),
        # An error on one side does not matter when the other side decides.
        ("object.nope == 1 || true", True),
        ("true || object.nope == 1", True),
        ("object.nope == 1 && false", False),
        ("[1, 2].exists(each, each == 1 || each.nope)", True),
        ("false && true || true", True),
        ("1 < 2 ? 3 < 2 ? 4 : 5 : 6", 5),
    ],
)
def test_what_an_expression_means(text: str, value: Any) -> None:
    assert compiled(text)(NAMES) == value


@pytest.mark.parametrize(
    "text",
    [
        "object.nope == 1",
        "object.nope == 1 || false",
        "unknown == 1",
        "object.metadata.labels[\"z\"] == 'y'",
        "has(nothing.key)",
        "object.spec.replicas < '3'",
        "true < false",
        "!object.spec.replicas",
        "1 ? 2 : 3",
        "request.namespace.matches(3)",
        "object.spec.replicas.all(key, true)",
        "size(3) == 1",
        "1 + 'a' == 2",
        "nothing[0]",
    ],
)
def test_what_has_no_value_is_an_error(text: str) -> None:
    with pytest.raises(CelError):
        compiled(text)(NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 ==",
        "(1 == 1",
        "1 = 1",
        "object.spec.map(key, key)",
        "object.spec.filter(key, true)",
        "type(object) == map",
        "has(object)",
        "int('3') == 3",
        "quantity('1Gi').isLessThan(quantity('2Gi'))",
        "1.5 < 2",
        "{'a': 1}",
        "object.?spec",
        "authorizer.group('').check('get')",
        "1 == 1 2",
        "a % b",
    ],
)
def test_what_is_not_known_is_refused_and_never_guessed(text: str) -> None:
    with pytest.raises(Unsupported):
        compiled(text)
