"""The rows of the contract, the tests that check them, and the table of both in the papers.

Run as a program it writes the table: .venv/bin/python -m tests.contracts.cluster.rows
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
PAPER = FOLDER.parents[2] / "docs" / "emulators.md"
START, END = "<!-- contract: begin -->", "<!-- contract: end -->"

ROWS = {
    "list": "lists in a namespace, empty where there is no such namespace",
    "list-everywhere": "lists in all namespaces",
    "labels": "label selectors",
    "fields": "field selectors",
    "bad-selector": "a selector that is not supported is 400",
    "pages": "limit, continue and remainingItemCount; a bad continue token is 400",
    "metadata": "uid, resourceVersion, creationTimestamp, generation",
    "watch": "watch from a version, and its end in time",
    "watch-old": "a watch from too old a version is 410",
    "logs": "logs: tail, since, timestamps, bytes, previous",
    "logs-which": "the log of a pod with two containers wants to be told which",
    "events": "events of an object",
    "deployments": "deployments are read and listed",
    "restart": "the restart annotation rolls a deployment out",
    "strategic": "a strategic merge joins lists by name",
    "json-patch": "JSON patch with its tests",
    "apply": "server-side apply",
    "scale": "the scale subresource",
    "dry-run": "a dry run keeps nothing, and any other value is 422",
    "delete-body": "a body on DELETE takes the place of the query",
    "stale": "a stale version is 409",
    "preconditions": "a delete that names another uid is 409",
    "status-bodies": "Status bodies of 404, 409 and 422",
    "media-type": "415, 405 and the plain 404",
    "unauthorized": "a token that nobody issued is 401",
    "forbidden": "what is not allowed is 403",
    "reviews": "reviews of what one may do oneself",
    "metrics": "metrics of pods and nodes",
    "table": "Table and PartialObjectMetadata",
    "discovery": "discovery with subresources",
    "status-apart": "the status is kept apart",
    "generate-name": "generateName",
    "grace": "a deleted pod is going before it is gone",
    "finalizers": "a finalizer holds what is deleted",
    "eviction": "eviction and disruption budgets",
    "controllers": "Deployment, ReplicaSet, Pods; a deleted pod comes back",
    "rollout": "a rollout takes time",
    "no-op": "an update that changes nothing keeps the version",
    "jobs": "Job and CronJob: completion, failure, a run that is due",
    "autoscalers": "HorizontalPodAutoscaler: its conditions",
    "revisions": "ControllerRevisions of stateful sets and daemon sets",
    "slices": "EndpointSlices of services",
    "nodes": "conditions and addresses of nodes",
    "furnished": "a new namespace has its account and its certificate",
    "describe": "describe",
    "undo": "rollout history and undo",
    "wait": "wait for a condition",
    "create": "create from a command line, in the binary form of the API",
}
CLIENTS = {
    "test_sync_client.py": "kubernetes",
    "test_kubectl.py": "kubectl",
    "test_mcp_server.py": "kubernetes-mcp-server",
}
COLUMNS = ("kubernetes.aio", "kubernetes", "kubectl", "kubernetes-mcp-server")


def _tests() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for path in sorted(FOLDER.glob("test_*.py")):
        if path.name == "test_rows.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield path.name, node.name, tuple(_marked(node))


def _marked(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == "row":
            yield from (str(each.value) for each in mark.args if isinstance(each, ast.Constant))


def checked() -> dict[tuple[str, str], list[str]]:
    """The tests by row and client."""
    found: dict[tuple[str, str], list[str]] = {}
    for file, test, rows in _tests():
        for row in rows or ("",):
            found.setdefault((row, CLIENTS.get(file, COLUMNS[0])), []).append(f"{file}::{test}")
    return found


def table() -> str:
    """The table: how many tests check a row through a client."""
    found = checked()
    lines = [f"| what is checked | {' | '.join(COLUMNS)} |", "| --- |" + " --- |" * len(COLUMNS)]
    for row, told in ROWS.items():
        counts = [len(found.get((row, each), ())) for each in COLUMNS]
        lines.append(f"| {told} | {' | '.join(str(each) if each else '–' for each in counts)} |")
    return "\n".join(lines)


def written(text: str) -> str:
    """The paper with the table as it is now between its markers."""
    before, _, rest = text.partition(START)
    return f"{before}{START}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAPER.write_text(written(PAPER.read_text(encoding="utf-8")), encoding="utf-8")
