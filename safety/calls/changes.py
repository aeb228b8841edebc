"""Which typed action an operation of a server is, if it names one object and says nothing more."""

import re
from collections.abc import Mapping
from typing import Any

from safety.calls.values import DEEDS, KINDS, folded, texts_of
from safety.calls.vocabulary import CHANGING
from safety.commands.table import words
from safety.commands.verdict import Wanted

_NAMES = words(
    "name deployment deploymentname pod podname resourcename statefulset statefulsetname daemonset daemonsetname"
    " workload"
)
_NAMESPACES = words("namespace ns")
_REVISIONS = ("torevision", "revision")
_KNOWN = (
    _NAMES
    | _NAMESPACES
    | KINDS
    | DEEDS
    | words("replicas revision torevision reason justification description explanation apiversion scale")
)
_AROUND = words("kubectl helm oc rollout management manage call")
_WORKLOADS = {
    "deployment": re.compile(r"deploy(?:ments?)?(?:\.apps)?"),
    "stateful_set": re.compile(r"(?:sts|statefulsets?)(?:\.apps)?"),
    "daemon_set": re.compile(r"(?:ds|daemonsets?)(?:\.apps)?"),
}
_POD = re.compile(r"po(?:ds?)?")


def wanted_by(named: list[str], deeds: list[str], given: Mapping[str, Any]) -> Wanted | str | None:
    """The typed action, or why there is none; ``None`` if the operation is like none of them."""
    told = [*named, *deeds, *(each.lower() for each in texts_of(given, KINDS))]
    kind = _kind_of({each for each in told if each in CHANGING} - _AROUND, told)
    if kind is None:
        return None
    name, namespace = _one(given, _NAMES), _one(given, _NAMESPACES)
    if name is None or namespace is None:
        return "name one object and its namespace, so that it is certain what would change"
    strange = next((key for key in given if folded(key) not in _KNOWN), None)
    if strange is not None:
        return f"with {strange} it is not one of the changes that can be judged; leave it out"
    return _in_full(kind, namespace, name, given)


def _kind_of(verbs: set[str], told: list[str]) -> str | None:
    workload = next((kind for kind, one in _WORKLOADS.items() if any(map(one.fullmatch, told))), None)
    on_pod = any(map(_POD.fullmatch, told))
    if workload and verbs == {"restart"}:
        return f"restart_{workload}"
    if workload and verbs and verbs <= {"rollback", "undo"}:
        return f"rollback_{workload}"
    if workload == "deployment" and verbs == {"scale"}:
        return "scale_deployment"
    if on_pod and not workload and verbs in ({"delete"}, {"evict"}):
        return "delete_failed_pod" if "delete" in verbs else "evict_pod"
    return None


def _in_full(kind: str, namespace: str, name: str, given: Mapping[str, Any]) -> Wanted | str:
    numbers = {folded(key): value for key, value in given.items() if type(value) is int}
    if kind == "scale_deployment":
        replicas = numbers.get("replicas", numbers.get("scale"))
        return "name the number of pods" if replicas is None else _with(kind, namespace, name, to_replicas=replicas)
    if kind.startswith("rollback"):
        revision = next((numbers[each] for each in _REVISIONS if each in numbers), None)
        return "name the revision to go back to" if not revision else _with(kind, namespace, name, to_revision=revision)
    return _with(kind, namespace, name)


def _with(kind: str, namespace: str, name: str, **details: int) -> Wanted:
    return Wanted(kind, namespace, name, details=details)


def _one(given: Mapping[str, Any], names: frozenset[str]) -> str | None:
    found = {value for key, value in given.items() if folded(key) in names and isinstance(value, str) and value}
    return found.pop() if len(found) == 1 else None
