"""Who changed what and when: the managedFields of an object, as the API server keeps them."""

from __future__ import annotations

from datetime import datetime

from bot.demo.cluster_emulator.objects import Obj, dig, stamp

# What the server writes by itself says nothing about the one who asked.
_OWN = {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "name", "namespace"}


def note_manager(before: Obj | None, after: Obj, manager: str, door: str, now: datetime) -> None:
    """Note in `after` who changed it. Lists count as one field each, which is coarser than on a real server."""
    fields = _changed(before or {}, after)
    if not fields:
        return
    held: list[Obj] = dig(before, "metadata", "managedFields", default=[])
    mine = next((entry for entry in held if (entry["manager"], entry.get("subresource", "")) == (manager, door)), None)
    others = [entry for entry in held if entry is not mine]
    entry: Obj = {
        "manager": manager,
        "operation": "Update",
        "apiVersion": after["apiVersion"],
        "time": stamp(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": _joined(mine["fieldsV1"] if mine else {}, fields),
    }
    if door:
        entry["subresource"] = door
    trimmed = [{**each, "fieldsV1": _without(each["fieldsV1"], fields)} for each in others]
    after["metadata"] = {**after["metadata"], "managedFields": [*(e for e in trimmed if e["fieldsV1"]), entry]}


def manager_of(field_manager: str, user_agent: str) -> str:
    """The name under which a request's changes are noted."""
    return field_manager or user_agent.split("/", 1)[0] or "unknown"


def _changed(before: Obj, after: Obj) -> Obj:
    found: Obj = {}
    for key, value in after.items():
        if key in _OWN or key in ("apiVersion", "kind") or before.get(key) == value:
            continue
        if isinstance(value, dict):
            old = before.get(key)
            inner = _changed(old if isinstance(old, dict) else {}, value)
            if inner:
                found[f"f:{key}"] = inner
        else:
            found[f"f:{key}"] = {}
    return found


def _joined(left: Obj, right: Obj) -> Obj:
    result = dict(left)
    for key, value in right.items():
        result[key] = _joined(result.get(key, {}), value)
    return result


def _without(held: Obj, taken: Obj) -> Obj:
    left: Obj = {}
    for key, value in held.items():
        if key not in taken:
            left[key] = value
        elif value:
            inner = _without(value, taken[key])
            if inner:
                left[key] = inner
    return left
