"""Reads the files of a dump: JSON in any of its encodings, lists in lists, and kubectl's folder of a namespace each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.world import JsonObject, WorldError

CLUSTER, CHANGES, METRICS, META = "cluster.json", "changes.json", "metrics.json", "meta.yaml"
NODES, PODS, LOGS = "nodes.json", "pods.json", "logs"
# What `kubectl cluster-info dump` writes for each namespace, in the words of its file names.
OF_A_NAMESPACE = (
    PODS,
    "events.json",
    "deployments.json",
    "replicasets.json",
    "services.json",
    "daemonsets.json",
    "replication-controllers.json",
)
_DEEPEST_LIST = 20


class BadDump(WorldError):
    """The folder or a file in it cannot be used; the message names it and says what to do."""


@dataclass(slots=True)
class Contents:
    """Every object of a dump as it was written, and what its layout says beyond the objects."""

    is_kubectl: bool
    objects: list[JsonObject] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def take(self, path: Path, folder: Path, namespace: str | None, *, is_known: bool) -> None:
        """The objects of one file. What kubectl does not write need not hold any: it is named and left out."""
        try:
            found = list(_objects(path))
        except BadDump:
            if is_known:
                raise
            self.foreign.append(str(path.relative_to(folder)))
            return
        self.objects += found if namespace is None else (_in_namespace(each, namespace) for each in found)


def read_contents(folder: Path) -> Contents:
    """All objects of either layout. ``BadDump`` if the folder is none."""
    try:
        if not folder.is_dir():
            raise BadDump(f"there is no folder {folder}; give --dump a folder that holds {CLUSTER} or a kubectl dump")
        if (folder / CLUSTER).is_file():
            return _flat(folder)
        spaces = [each for each in sorted(folder.iterdir()) if _is_namespace(each)]
        if not spaces and not (folder / NODES).is_file():
            raise BadDump(
                f"{folder} is not a dump: it holds neither {CLUSTER} nor what "
                f"`kubectl cluster-info dump --all-namespaces --output-directory={folder}` writes "
                f"({NODES}, NAMESPACE/{PODS})"
            )
        return _by_namespace(folder, spaces)
    except OSError as error:
        raise BadDump(f"{folder} cannot be read: {error.strerror}; check the rights of its files") from None


def _is_namespace(folder: Path) -> bool:
    return folder.is_dir() and any((folder / each).is_file() for each in OF_A_NAMESPACE)


def _flat(folder: Path) -> Contents:
    path = folder / CLUSTER
    if not path.read_bytes().strip():
        raise BadDump(f"{path} is empty; write it with `kubectl get … --all-namespaces -o json > {path}`")
    contents = Contents(is_kubectl=False, objects=list(_objects(path)))
    if not contents.objects:
        raise BadDump(f"{path} holds no objects, so nothing can be said about the cluster")
    return contents


def _by_namespace(folder: Path, spaces: list[Path]) -> Contents:
    contents = Contents(is_kubectl=True, namespaces=[each.name for each in spaces])
    top = [each for each in sorted(folder.glob("*.json")) if each.name not in (CHANGES, METRICS) and each.is_file()]
    if folder / NODES not in top:
        contents.lacking.append(NODES)
    for path in top:
        contents.take(path, folder, None, is_known=path.name == NODES)
    for space in spaces:
        contents.lacking += [f"{space.name}/{each}" for each in OF_A_NAMESPACE[:-1] if not (space / each).is_file()]
        for path in sorted(each for each in space.glob("*.json") if each.is_file()):
            contents.take(path, folder, space.name, is_known=path.name in OF_A_NAMESPACE)
    return contents


def _in_namespace(obj: JsonObject, namespace: str) -> JsonObject:
    metadata = obj.get("metadata")
    return {**obj, "metadata": {"namespace": namespace, **metadata}} if isinstance(metadata, dict) else obj


def read_json(path: Path) -> Any:
    """The document; None for an empty file. ``BadDump`` names the file and the line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadDump(f"{path} cannot be read: {error.strerror}; check its rights") from None
    text = data.decode(json.detect_encoding(data), errors="replace")
    if not text.strip():
        return None
    try:
        found = json.loads(text)
        if "\\ud" in text.lower():
            # Half a surrogate pair can be written in JSON and nowhere else.
            found = json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
        return found
    except json.JSONDecodeError as error:
        raise BadDump(f"{path}, line {error.lineno}: not JSON ({error.msg}); write the file again") from None
    except (RecursionError, ValueError):
        raise BadDump(f"{path}: not JSON that can be read (nested too deeply, or a number too long)") from None


def _objects(path: Path) -> Iterator[JsonObject]:
    found = read_json(path)
    if found is None:
        return
    if isinstance(found, list):
        found = {"kind": "List", "items": found}
    if not isinstance(found, dict) or not isinstance(found.get("kind"), str):
        raise BadDump(f"{path}: not a list of Kubernetes objects; it must be what `kubectl get … -o json` prints")
    yield from _flattened(found, 0)


def _flattened(obj: JsonObject, depth: int) -> Iterator[JsonObject]:
    """The objects of a list, of lists in it, and of typed lists, whose items leave out what they are."""
    kind, inside = obj.get("kind"), obj.get("items")
    if not isinstance(kind, str) or depth > _DEEPEST_LIST:
        return
    if not kind.endswith("List") or not isinstance(inside, list | type(None)):
        yield obj
        return
    version, single = obj.get("apiVersion"), kind.removesuffix("List")
    filled = {"apiVersion": version, "kind": single} if single else {}
    for each in inside or ():
        if isinstance(each, dict):
            yield from _flattened({**filled, **each}, depth + 1)
