"""Label and field selectors as an API server reads them; ``Rejected`` for what it would not take."""

import re
from collections.abc import Callable

from tools.objects import labels_of, part
from tools.world import JsonObject, Rejected

Test = Callable[[JsonObject], bool]

_COMMA = re.compile(r",(?![^(]*\))")
_IN_SET = re.compile(r"([^\s=!,()<>]+)\s+(in|notin)\s*\(([^()]*)\)")
_COMPARED = re.compile(r"([^\s=!,()<>]+)\s*(==|=|!=|<|>)\s*([^\s=!,()<>]*)")
_THERE = re.compile(r"(!?)\s*([^\s=!,()<>]+)")
_FIELD = re.compile(r"\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*")

_OF_ALL = frozenset({"metadata.name", "metadata.namespace"})
_OF_KIND = {
    "Pod": frozenset(
        {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork"}
        | {"status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"}
    ),
    "Event": frozenset(
        {f"involvedObject.{each}" for each in ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")}
        | {"involvedObject.resourceVersion", "reason", "reportingComponent", "source", "type"}
    ),
    "Node": frozenset({"spec.unschedulable"}),
    "Namespace": frozenset({"status.phase"}),
    "Secret": frozenset({"type"}),
    "ReplicaSet": frozenset({"status.replicas"}),
    "Job": frozenset({"status.successful"}),
}
# What the server compares with where the field is not there.
_ABSENT = {
    "spec.unschedulable": "false",
    "spec.hostNetwork": "false",
    "status.replicas": "0",
    "status.successful": "0",
}


def by_labels(selector: str) -> Test:
    tests = [_label_test(each.strip()) for each in _COMMA.split(selector) if each.strip()]
    return lambda obj: all(test(labels_of(obj)) for test in tests)


def _label_test(term: str) -> Callable[[dict[str, str]], bool]:
    if found := _IN_SET.fullmatch(term):
        key, operator, listed = found.groups()
        values = {each.strip() for each in listed.split(",")}
        return (lambda of: of.get(key) in values) if operator == "in" else (lambda of: of.get(key) not in values)
    if found := _COMPARED.fullmatch(term):
        return _comparison(*found.groups())
    if found := _THERE.fullmatch(term):
        is_wanted, key = not found[1], found[2]
        return lambda of: (key in of) == is_wanted
    raise Rejected(f"unable to parse requirement: {term}")


def _comparison(key: str, operator: str, value: str) -> Callable[[dict[str, str]], bool]:
    match operator:
        case "!=":
            return lambda of: of.get(key) != value
        case "<" | ">":
            if not _is_whole(value):
                raise Rejected(f"for the {operator} operator the value must be an integer, not {value!r}")
            bound = int(value)
            return lambda of: (
                _is_whole(of.get(key, "")) and (int(of[key]) < bound if operator == "<" else int(of[key]) > bound)
            )
        case _:
            return lambda of: of.get(key) == value


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,18}", text, re.ASCII) is not None


def by_fields(kind: str, selector: str) -> Test:
    terms = [_field_term(kind, each) for each in selector.split(",") if each.strip()]
    return lambda obj: all((_field(obj, key) == value) == is_equal for key, value, is_equal in terms)


def _field_term(kind: str, term: str) -> tuple[str, str, bool]:
    found = _FIELD.fullmatch(term)
    if found is None:
        raise Rejected(f"invalid selector: '{term}'; can't understand '{term}'")
    if found[1] not in _OF_ALL | _OF_KIND.get(kind, frozenset()):
        raise Rejected(f"field label not supported: {found[1]}")
    return found[1], found[3], found[2] != "!="


def _field(obj: JsonObject, key: str) -> str:
    match key:
        case "source":
            value = part(obj, "source", "component") or obj.get("reportingComponent")
        case "status.successful":
            value = part(obj, "status", "succeeded")
        case _:
            value = part(obj, *key.split("."))
    if value is None:
        return _ABSENT.get(key, "")
    return str(value).lower() if isinstance(value, bool) else str(value)
