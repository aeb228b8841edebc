"""Label and field selectors: parsing what the client asks for, and matching objects against it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.objects import Obj, dig
from bot.demo.cluster_emulator.resources import Resource

Matcher = Callable[[Obj], bool]

_SET = re.compile(r"^(?P<key>[^\s=!,()<>]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s=!,()<>]+)\s*(?P<op>==|=|!=)\s*(?P<values>[^\s=!,()<>]*)$")
_COMPARE = re.compile(r"^(?P<key>[^\s=!,()<>]+)\s*(?P<op>>|<|\bgt\b|\blt\b)\s*(?P<values>-?\d+)$")
_EXISTS = re.compile(r"^(?P<not>!?)\s*(?P<key>[^\s=!,()<>]+)$")
_KNOWN = "in, notin, =, ==, !=, gt, lt"

_METADATA = {"metadata.name", "metadata.namespace"}
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_FIELDS: dict[str, set[str]] = {
    "Pod": {
        *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork"),
        *("status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"),
    },
    "Event": {
        *(f"involvedObject.{field}" for field in _INVOLVED),
        *("reason", "reportingComponent", "source", "type"),
    },
    "Node": {"spec.unschedulable"},
    "Namespace": {"status.phase"},
    "Secret": {"type"},
    "ReplicaSet": {"status.replicas"},
    "Job": {"status.successful"},
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a label selector."""

    key: str
    op: str
    values: frozenset[str]

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether the labels meet this term."""
        value = labels.get(self.key)
        if self.op in ("exists", "!"):
            return (value is not None) == (self.op == "exists")
        if self.op in ("notin", "!="):
            return value is None or value not in self.values
        if self.op in ("gt", "lt"):
            return _compares(value, self.op, int(next(iter(self.values))))
        return value is not None and value in self.values


def _compares(value: str | None, op: str, bound: int) -> bool:
    if value is None or not value.lstrip("-").isdigit():
        return False
    return int(value) > bound if op == "gt" else int(value) < bound


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """A label selector in words; 400 with the server's text when it cannot be read."""
    return tuple(_requirement(term.strip()) for term in re.split(r",(?![^(]*\))", text) if term.strip())


def _requirement(term: str) -> Requirement:
    if match := _SET.match(term):
        values = frozenset(value.strip() for value in match["values"].split(","))
        return Requirement(match["key"], match["op"], values)
    if match := _EQUAL.match(term):
        op = "!=" if match["op"] == "!=" else "="
        return Requirement(match["key"], op, frozenset({match["values"]}))
    if match := _COMPARE.match(term):
        op = {">": "gt", "<": "lt"}.get(match["op"], match["op"])
        return Requirement(match["key"], op, frozenset({match["values"]}))
    if match := _EXISTS.match(term):
        return Requirement(match["key"], "!" if match["not"] else "exists", frozenset())
    words = term.split()
    found = words[1] if len(words) > 1 else term
    raise statuses.bad_request(f"unable to parse requirement: found '{found}', expected: {_KNOWN}")


def label_matcher(text: str) -> Matcher:
    """A test of an object's labels."""
    requirements = parse_labels(text)
    return lambda obj: all(each.matches(dig(obj, "metadata", "labels", default={})) for each in requirements)


def field_matcher(resource: Resource, text: str) -> Matcher:
    """A test of an object's fields; 400 for fields that the kind is not indexed by."""
    terms = [_field_term(resource, term) for term in text.split(",") if term.strip()]
    return lambda obj: all((_field(obj, key) == value) == equal for key, value, equal in terms)


def _field_term(resource: Resource, term: str) -> tuple[str, str, bool]:
    match = re.match(r"^\s*(?P<key>[^=!\s]+)\s*(?P<op>==|=|!=)\s*(?P<value>.*?)\s*$", term)
    if match is None:
        raise statuses.bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    key = match["key"]
    if key not in _METADATA | _FIELDS.get(resource.kind, set()):
        raise statuses.bad_request(f"field label not supported: {key}")
    return key, match["value"], match["op"] != "!="


def _field(obj: Obj, key: str) -> str:
    if key == "source" and obj.get("kind") == "Event":
        return str(dig(obj, "source", "component", default="") or obj.get("reportingComponent", ""))
    if key == "status.successful":
        return str(dig(obj, "status", "succeeded", default=0))
    default: object = False if key in ("spec.unschedulable", "spec.hostNetwork") else ""
    value = dig(obj, *key.split("."), default=0 if key == "status.replicas" else default)
    return str(value).lower() if isinstance(value, bool) else str(value)


def selector_matches(selector: Obj, labels: dict[str, str]) -> bool:
    """Whether labels meet a selector as objects hold it (matchLabels, matchExpressions)."""
    if any(labels.get(key) != value for key, value in dig(selector, "matchLabels", default={}).items()):
        return False
    names = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    return all(
        Requirement(term["key"], names[term["operator"]], frozenset(term.get("values", []))).matches(labels)
        for term in dig(selector, "matchExpressions", default=[])
    )


def selector_text(selector: Obj) -> str:
    """A selector as tables and the scale subresource print it."""
    terms = [f"{key}={value}" for key, value in sorted(dig(selector, "matchLabels", default={}).items())]
    for term in dig(selector, "matchExpressions", default=[]):
        values = ",".join(sorted(term.get("values", [])))
        forms = {
            "In": f"{term['key']} in ({values})",
            "NotIn": f"{term['key']} notin ({values})",
            "Exists": str(term["key"]),
            "DoesNotExist": f"!{term['key']}",
        }
        terms.append(forms[term["operator"]])
    return ",".join(terms)
