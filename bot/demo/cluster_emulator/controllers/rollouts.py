"""The arithmetic of a rollout: how far up and down replica sets may go in one step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.demo.cluster_emulator.objects import Obj, dig, name_of


def share_of(value: object, total: int, round_up: bool) -> int:
    """A number of pods given as a count or as a percentage."""
    if isinstance(value, str) and value.endswith("%"):
        part = total * int(value[:-1]) / 100
        return math.ceil(part) if round_up else math.floor(part)
    return int(str(value))


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many pods there may be and how many must be there."""

    wanted: int
    most: int
    fewest_available: int


def bounds_of(deployment: Obj) -> Bounds:
    """The bounds that a deployment's strategy sets."""
    wanted = int(dig(deployment, "spec", "replicas", default=1))
    if is_recreate(deployment):
        return Bounds(wanted, wanted, 0)
    rolling = dig(deployment, "spec", "strategy", "rollingUpdate", default={})
    surge = share_of(rolling.get("maxSurge", "25%"), wanted, round_up=True)
    missing = share_of(rolling.get("maxUnavailable", "25%"), wanted, round_up=False)
    if surge == 0 and missing == 0:
        missing = 1
    return Bounds(wanted, wanted + surge, wanted - min(missing, wanted))


def is_recreate(deployment: Obj) -> bool:
    """Whether old pods have to be gone before new ones come."""
    return bool(dig(deployment, "spec", "strategy", "type") == "Recreate")


def size_of(replicaset: Obj) -> int:
    """How many pods the replica set is told to have."""
    return int(dig(replicaset, "spec", "replicas", default=0))


def available_in(replicaset: Obj) -> int:
    """How many of them are available."""
    return int(dig(replicaset, "status", "availableReplicas", default=0))


def next_new_size(deployment: Obj, new: Obj, every: Sequence[Obj]) -> int:
    """How big the new replica set may be now."""
    bounds, size = bounds_of(deployment), size_of(new)
    if size >= bounds.wanted:
        return bounds.wanted
    room = bounds.most - sum(size_of(each) for each in every)
    return size + max(0, min(room, bounds.wanted - size))


def next_old_sizes(deployment: Obj, new: Obj, old: Sequence[Obj]) -> dict[str, int]:
    """How small the old replica sets may be now: first their unhealthy pods go, then what availability allows."""
    bounds = bounds_of(deployment)
    sizes = {name_of(each): size_of(each) for each in old}
    total = sum(sizes.values()) + size_of(new)
    new_missing = size_of(new) - available_in(new)
    spare = total - bounds.fewest_available - new_missing
    if spare <= 0:
        return sizes
    for each in old:
        sick = sizes[name_of(each)] - min(available_in(each), sizes[name_of(each)])
        cut = min(spare, sick)
        sizes[name_of(each)] -= cut
        spare -= cut
    available = sum(available_in(each) for each in [*old, new])
    spare = min(spare, available - bounds.fewest_available)
    for each in old:
        cut = max(0, min(spare, sizes[name_of(each)]))
        sizes[name_of(each)] -= cut
        spare -= cut
    return sizes
