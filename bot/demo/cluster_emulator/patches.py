"""Three ways to change an object: merge patch, strategic merge patch and JSON patch."""

from __future__ import annotations

from typing import Any

from bot.demo.cluster_emulator.objects import Obj, clone

# Lists that a strategic merge joins by a key; all other lists are replaced. Ports are joined by their own key.
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "conditions": "type",
    "ownerReferences": "uid",
    "taints": "key",
    "topologySpreadConstraints": "topologyKey",
    "addresses": "type",
    "secrets": "name",
    "volumeDevices": "devicePath",
}
_PRIMITIVE_UNIONS = {"finalizers"}


class PatchFailure(Exception):
    """A patch that cannot be applied; `is_unprocessable` tells a failing JSON patch from a malformed one."""

    def __init__(self, message: str, is_unprocessable: bool = False) -> None:
        super().__init__(message)
        self.is_unprocessable = is_unprocessable


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: dictionaries join, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return clone(patch)
    result = clone(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def strategic_merge(target: Any, patch: Any) -> Any:
    """Like a merge patch, but known lists join by their key, and $patch directives are obeyed."""
    if not isinstance(patch, dict):
        return clone(patch)
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: clone(value) for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    result = clone(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        _merge_field(result, key, value, patch)
    return result


def _merge_field(result: Obj, key: str, value: Any, patch: Obj) -> None:
    if key.startswith("$setElementOrder/") or key.startswith("$retainKeys"):
        return
    if key.startswith("$deleteFromPrimitiveList/"):
        field = key.split("/", 1)[1]
        result[field] = [item for item in result.get(field, []) if item not in value]
    elif value is None:
        result.pop(key, None)
    elif isinstance(value, list):
        result[key] = _merge_list(key, result.get(key), value)
    else:
        result[key] = strategic_merge(result.get(key), value)


def _merge_list(field: str, old: Any, new: list[Any]) -> list[Any]:
    old = old if isinstance(old, list) else []
    if field in _PRIMITIVE_UNIONS:
        return [*old, *(item for item in new if item not in old)]
    key = _key_of(field, new or old)
    if key is None:
        return [item for item in clone(new) if not _is_directive(item)]
    if any(_is_directive(item) and item["$patch"] == "replace" for item in new):
        return [clone(item) for item in new if not _is_directive(item)]
    result: list[Any] = clone(old)
    fresh: list[Any] = []
    for item in new:
        if not isinstance(item, dict) or key not in item:
            raise PatchFailure(f"map: {item} does not contain declared merge key: {key}")
        at = next((index for index, held in enumerate(result) if held.get(key) == item[key]), None)
        if _is_directive(item) and item["$patch"] == "delete":
            result = [held for held in result if held.get(key) != item[key]]
        elif at is None:
            fresh.append(clone(item))
        else:
            result[at] = strategic_merge(result[at], item)
    # The real server puts elements that are new in front of those that it knew.
    return fresh + result


def _is_directive(item: Any) -> bool:
    return isinstance(item, dict) and "$patch" in item


def _key_of(field: str, items: list[Any]) -> str | None:
    if field == "ports":
        return "containerPort" if any("containerPort" in item for item in items if isinstance(item, dict)) else "port"
    return _MERGE_KEYS.get(field)


def json_patch(target: Obj, operations: Any) -> Any:
    """RFC 6902."""
    if not isinstance(operations, list):
        raise PatchFailure("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    result: Any = clone(target)
    for operation in operations:
        if not isinstance(operation, dict) or "op" not in operation or "path" not in operation:
            raise PatchFailure("error decoding patch: every operation needs op and path")
        result = _apply(result, operation)
    return result


def _apply(doc: Any, operation: Obj) -> Any:
    op, path = operation["op"], _steps(operation["path"])
    if op == "test":
        if _read(doc, path, operation["path"]) != operation.get("value"):
            raise PatchFailure(f"testing value {operation['path']} failed: test failed", is_unprocessable=True)
        return doc
    if op == "remove":
        _read(doc, path, operation["path"])
        return _write(doc, path, None, op)
    if op == "replace":
        _read(doc, path, operation["path"])
        return _write(doc, path, clone(operation.get("value")), op)
    if op == "add":
        return _write(doc, path, clone(operation.get("value")), op)
    if op in ("copy", "move"):
        source = _steps(operation.get("from", ""))
        value = clone(_read(doc, source, operation.get("from", "")))
        if op == "move":
            doc = _write(doc, source, None, "remove")
        return _write(doc, path, value, "add")
    raise PatchFailure(f"unexpected kind: {op}", is_unprocessable=True)


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise PatchFailure(f"error in path {path}", is_unprocessable=True)
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _read(doc: Any, steps: list[str], path: str) -> Any:
    for step in steps:
        if isinstance(doc, dict) and step in doc:
            doc = doc[step]
        elif isinstance(doc, list) and step.isdigit() and int(step) < len(doc):
            doc = doc[int(step)]
        else:
            raise PatchFailure(f'unable to find "{path}": doc is missing path: missing value', is_unprocessable=True)
    return doc


def _write(doc: Any, steps: list[str], value: Any, op: str) -> Any:
    if not steps:
        return value
    parent = _read(doc, steps[:-1], "/" + "/".join(steps[:-1]))
    last = steps[-1]
    if isinstance(parent, dict):
        if op == "remove":
            del parent[last]
        else:
            parent[last] = value
    elif isinstance(parent, list) and (last == "-" or last.isdigit()) and (last == "-" or int(last) <= len(parent)):
        _write_item(parent, len(parent) if last == "-" else int(last), value, op)
    else:
        raise PatchFailure(f"add operation does not apply: doc is missing path: {last}", is_unprocessable=True)
    return doc


def _write_item(items: list[Any], index: int, value: Any, op: str) -> None:
    if op == "add":
        items.insert(index, value)
    elif op == "remove":
        del items[index]
    else:
        items[index] = value
