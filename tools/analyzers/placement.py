"""Reads why no node takes a pod: the scheduler's words, and what labels, taints and room the nodes themselves show."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tools.evidence import Category
from tools.objects import condition, items, labels_of, mapping, matches, name_of, part, quantity
from tools.snapshot import Snapshot
from tools.world import JsonObject

C = Category
ALL = 1_000_000  # a reason without a number is about every node
# Nodes that are of no use to ordinary pods by intention; they are never why a pod of a team waits.
_RESERVED = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master", "virtual-kubelet.io/provider")
# Put there by the cluster itself, for as long as the node is not well.
OF_CONDITIONS = "node.kubernetes.io/"
_CORDONED = "node.kubernetes.io/unschedulable"

# What kube-scheduler's filters say, of 1.22 and later; the first that is contained counts.
_WORDS: tuple[tuple[str, Category], ...] = (
    ("unbound immediate persistentvolumeclaims", C.PVC_UNBOUND),
    ("available persistent volumes to bind", C.PVC_UNBOUND),
    ("ephemeral volume controller to create", C.PVC_UNBOUND),
    ("non-existent p", C.PVC_UNBOUND),
    ('persistentvolumeclaim "', C.PVC_UNBOUND),
    ("enough free storage", C.INSUFFICIENT_RESOURCES),
    ("max volume count", C.INSUFFICIENT_RESOURCES),
    ("insufficient ", C.INSUFFICIENT_RESOURCES),
    ("too many pods", C.INSUFFICIENT_RESOURCES),
    ("free ports", C.PORT_CONFLICT),
    ("volume node affinity", C.NODE_SELECTOR_MISMATCH),
    ("available volume zone", C.NODE_SELECTOR_MISMATCH),
    ("affinity/selector", C.NODE_SELECTOR_MISMATCH),
    ("match node selector", C.NODE_SELECTOR_MISMATCH),
    ("requested node name", C.NODE_SELECTOR_MISMATCH),
    ("topology spread", C.ANTI_AFFINITY_CONFLICT),
    ("affinity rules", C.ANTI_AFFINITY_CONFLICT),
    ("affinity/anti-affinity", C.ANTI_AFFINITY_CONFLICT),
    ("were unschedulable", C.NODE_CORDONED),
    ("taint", C.TAINT_NOT_TOLERATED),
)
_ORDER = (
    *(C.PVC_UNBOUND, C.INSUFFICIENT_RESOURCES, C.PORT_CONFLICT, C.NODE_SELECTOR_MISMATCH),
    *(C.ANTI_AFFINITY_CONFLICT, C.NODE_CORDONED, C.TAINT_NOT_TOLERATED),
)
_FIRST = (C.TAINT_NOT_TOLERATED, C.NODE_CORDONED)
_HEAD = re.compile(r"^\d+/\d+ nodes are (?:un)?available:?\s*")
_NEXT = re.compile(r",\s+(?=\d+ )|\.\s+|\.$")
_ONE = re.compile(r"(?:(\d+) )?(.+)")
_TAINT = re.compile(r"taint \{([^:}]+):")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of the scheduler, and how many nodes it holds for."""

    nodes: int
    category: Category
    text: str

    @property
    def taint(self) -> str:
        """The key of the taint it names; newer schedulers name none."""
        found = _TAINT.search(self.text)
        return found[1] if found else ""


def reasons_of(message: str) -> tuple[Reason, ...]:
    """What ``FailedScheduling`` gives as reasons; those of preemption, which come after, say nothing new."""
    text = re.split(r"\s*preemption:", " ".join(message.split()))[0]
    found = []
    for each in _NEXT.split(_HEAD.sub("", text)):
        match = _ONE.fullmatch(each.strip())
        category = next((one for word, one in _WORDS if match and word in match[2].lower()), None)
        if match and category:
            found.append(Reason(int(match[1]) if match[1] else ALL, category, match[2]))
    return tuple(found)


def telling(reasons: Iterable[Reason], pod: JsonObject, snapshot: Snapshot, wanted: int | None) -> Reason | None:
    """The reason that a person would have to change.

    Nodes kept for the control plane never count. A pod that asks for certain nodes is meant to be refused by the
    others, and one whose replicas keep apart by the nodes its siblings have: what the rest of the nodes say tells more.
    """
    found = [each for each in reasons if not _is_reserved(each, pod, snapshot)] or list(reasons)
    fitting = [each for each in snapshot.of("Node") if accepts(pod, each, snapshot)]
    is_known = bool(snapshot.objects.get("Node"))
    picky = [each for each in found if each.category is C.NODE_SELECTOR_MISMATCH]
    rest = [each for each in found if each.category is not C.NODE_SELECTOR_MISMATCH]
    if is_known:
        rest = [each for each in rest if _holds_for(each, pod, fitting)] or ([] if picky else rest)
    # Taints and cordons are looked at before labels: without the nodes nobody knows whether theirs would fit.
    if (picky and rest and (is_known or any(each.category not in _FIRST for each in rest))) or not picky:
        found = rest
    apart = [each for each in found if each.category is C.ANTI_AFFINITY_CONFLICT]
    others = [each for each in found if each.category is not C.ANTI_AFFINITY_CONFLICT]
    if apart and others and wanted is not None and wanted <= sum(each.nodes for each in found):
        found = others
    return max(found, key=lambda each: (each.nodes, -_ORDER.index(each.category)), default=None)


def _holds_for(reason: Reason, pod: JsonObject, fitting: Iterable[JsonObject]) -> bool:
    """Whether a taint or cordon is on any node whose labels the pod asks for; other reasons come after the labels."""
    if reason.category is C.NODE_CORDONED:
        return any(is_cordoned(each) for each in fitting)
    if reason.category is C.TAINT_NOT_TOLERATED:
        return any(set(untolerated(pod, each)) - set(_RESERVED) for each in fitting)
    return True


def _is_reserved(reason: Reason, pod: JsonObject, snapshot: Snapshot) -> bool:
    if reason.category is not C.TAINT_NOT_TOLERATED:
        return False
    if reason.taint:
        return reason.taint in _RESERVED
    refused = [set(untolerated(pod, each)) for each in snapshot.of("Node")]
    refused = [each for each in refused if each]
    return bool(refused) and all(each & set(_RESERVED) for each in refused)


# ---- what nodes show ------------------------------------------------------------------------------------------------


def untolerated(pod: JsonObject, node: JsonObject) -> Iterator[str]:
    """The keys of a node's taints that keep the pod away; being cordoned is told apart from them."""
    tolerations = items(pod, "spec", "tolerations")
    for taint in items(node, "spec", "taints"):
        if taint.get("effect") == "PreferNoSchedule" or taint.get("key") == _CORDONED:
            continue
        if not any(_tolerates(each, taint) for each in tolerations):
            yield str(taint.get("key"))


def _tolerates(toleration: JsonObject, taint: JsonObject) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    if toleration["key"] != taint.get("key"):
        return False
    return toleration.get("operator") == "Exists" or (toleration.get("value") or "") == (taint.get("value") or "")


def accepts(pod: JsonObject, node: JsonObject, snapshot: Snapshot) -> bool:
    """Whether the node has the labels that the pod and its volumes ask for; room and taints are not looked at."""
    labels = labels_of(node)
    wanted = mapping(pod, "spec", "nodeSelector")
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    required = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    if not _fits_terms(mapping(pod, "spec", *required), node):
        return False
    return all(_fits_terms(mapping(each, "spec", "nodeAffinity", "required"), node) for each in _volumes(pod, snapshot))


def _volumes(pod: JsonObject, snapshot: Snapshot) -> Iterator[JsonObject]:
    """The PersistentVolumes behind the pod's claims."""
    namespace = part(pod, "metadata", "namespace")
    for volume in items(pod, "spec", "volumes"):
        name = part(volume, "persistentVolumeClaim", "claimName")
        claim = snapshot.find("PersistentVolumeClaim", namespace, name) if name else None
        found = snapshot.find("PersistentVolume", None, str(part(claim, "spec", "volumeName"))) if claim else None
        if found is not None:
            yield found


def _fits_terms(selector: JsonObject, node: JsonObject) -> bool:
    terms = items(selector, "nodeSelectorTerms")
    return not terms or any(_fits_term(each, node) for each in terms)


def _fits_term(term: JsonObject, node: JsonObject) -> bool:
    labels, fields = labels_of(node), {"metadata.name": name_of(node)}
    for key, values in (("matchExpressions", labels), ("matchFields", fields)):
        if not all(_fits(each, values) for each in items(term, key)):
            return False
    return bool(items(term, "matchExpressions") or items(term, "matchFields"))


def _fits(expression: JsonObject, values: Mapping[str, str]) -> bool:
    if expression.get("operator") not in ("Gt", "Lt"):
        return matches({"matchExpressions": [expression]}, values)
    limit, value = str((expression.get("values") or [""])[0]), values.get(str(expression.get("key")), "")
    if not (limit.isdigit() and value.isdigit()):
        return False
    return int(value) > int(limit) if expression["operator"] == "Gt" else int(value) < int(limit)


def is_cordoned(node: JsonObject) -> bool:
    return bool(part(node, "spec", "unschedulable"))


def is_unwell(node: JsonObject) -> bool:
    """Not ready, or under a pressure for which the cluster keeps pods away."""
    pressed = any(
        condition(node, each).get("status") == "True" for each in ("DiskPressure", "MemoryPressure", "PIDPressure")
    )
    return pressed or condition(node, "Ready").get("status") in ("False", "Unknown")


# ---- room -----------------------------------------------------------------------------------------------------------


def asked_for(pod: JsonObject, resource: str) -> float:
    """How much of a resource the scheduler keeps for a pod: its containers together, or its largest init one."""

    def of(container: JsonObject) -> float:
        resources = mapping(container, "resources")
        value = part(resources, "requests", resource)
        return quantity(value if value is not None else part(resources, "limits", resource)) or 0.0

    main = sum(of(each) for each in items(pod, "spec", "containers"))
    first = [each for each in items(pod, "spec", "initContainers") if each.get("restartPolicy") != "Always"]
    beside = sum(of(each) for each in items(pod, "spec", "initContainers") if each.get("restartPolicy") == "Always")
    return max(main + beside, *(of(each) for each in first), 0.0)


def largest(snapshot: Snapshot, resource: str) -> float | None:
    """The most that any one node offers of it when it is empty; None where no node was read."""
    nodes = list(snapshot.of("Node"))
    return max((quantity(part(each, "status", "allocatable", resource)) or 0.0 for each in nodes), default=None)


def amount(value: float, resource: str) -> str:
    """A quantity as people write it: ``1.5 CPU``, ``12.0Gi``, ``2 nvidia.com/gpu``."""
    if resource == "cpu":
        return f"{value:g} CPU"
    if resource in ("memory", "ephemeral-storage"):
        return f"{value / 2**30:.1f}Gi of {resource}" if value >= 2**30 else f"{value / 2**20:.0f}Mi of {resource}"
    return f"{value:g} {resource}"
