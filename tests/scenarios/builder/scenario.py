"""What a scenario is, what is true about it, where all of them are kept, and how one is written out as a dump."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

JsonObject = dict[str, Any]
HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a report on the scenario should say, and what it must not.

    ``verdict`` is incident, healthy or inconclusive. ``categories``, ``subjects`` and ``remediation`` (restart,
    rollback, scale, delete-pod, none) are what is accepted, the best first. A subject reads ``Kind/namespace/name``, or
    ``Kind/name`` where the kind has no namespace. ``culprit`` is the id of a change, or of a rollout as
    ``Kind/namespace/name@revision``; ``culprits`` are further ids of the same deed (a pull request and its release).
    ``innocent`` are ids that must not be blamed. ``targets`` are what a remediation other than none may be aimed at:
    a rollback aimed at a ConfigMap undoes the change of its content. ``must_not_say`` are patterns (case is ignored)
    that must not match the report, ``evidence`` texts that the cited evidence must hold.
    """

    verdict: str
    categories: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    culprit: str | None = None
    culprits: tuple[str, ...] = ()
    innocent: tuple[str, ...] = ()
    remediation: tuple[str, ...] = ("none",)
    targets: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One picture of a cluster with a question and the truth about it; times in it are absolute.

    ``logs`` and ``previous_logs`` map (namespace, pod, container) to text; ``namespace`` is the one asked about,
    None for all. ``changes`` or ``metrics`` of None mean that the source is not connected, which is not the same as
    an empty one. ``notes`` tell a person what happened and what is hard about it.
    """

    name: str
    family: str
    question: str
    namespace: str | None
    observed_at: datetime
    objects: tuple[JsonObject, ...]
    logs: Mapping[tuple[str, str, str], str]
    previous_logs: Mapping[tuple[str, str, str], str]
    truth: Truth
    changes: tuple[JsonObject, ...] | None = None
    metrics: tuple[JsonObject, ...] | None = None
    notes: str = field(default="")


_MAKERS: list[Callable[[], Scenario]] = []


def scenario(make: Callable[[], Scenario]) -> Callable[[], Scenario]:
    """Enters a function without arguments that makes one scenario into the library."""
    _MAKERS.append(make)
    return make


def all_scenarios() -> Sequence[Scenario]:
    """Every scenario of ``tests/scenarios/*.py``, by name."""
    for path in sorted(HERE.glob("*.py")):
        if not path.name.startswith(("test_", "__")):
            import_module(f"tests.scenarios.{path.stem}")
    unique = {(make.__module__, make.__qualname__): make for make in _MAKERS}
    return sorted((make() for make in unique.values()), key=lambda each: each.name)


def write(made: Scenario, folder: Path) -> None:
    """Writes the dump of one scenario into ``folder``, which is made if it is not there."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    listing = {"apiVersion": "v1", "items": list(made.objects), "kind": "List", "metadata": {"resourceVersion": ""}}
    _write_json(folder / "cluster.json", listing)
    for texts, ending in ((made.logs, ".log"), (made.previous_logs, ".previous.log")):
        for key, text in texts.items():
            (folder / "logs" / ("__".join(key) + ending)).write_text(text, encoding="utf-8")
    if made.changes is not None:
        _write_json(folder / "changes.json", {"changes": list(made.changes)})
    if made.metrics is not None:
        _write_json(folder / "metrics.json", {"series": list(made.metrics)})
    at = made.observed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    (folder / "meta.yaml").write_text(yaml.safe_dump({"observed_at": at}), encoding="utf-8")


def _write_json(path: Path, document: JsonObject) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
