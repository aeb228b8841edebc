"""A small cluster for the proofs: a few deployments, other people who change them, and who counts what we did."""

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock, load_scenario
from bot.demo.cluster_emulator.resources import DEPLOYMENTS
from bot.demo.cluster_emulator.store import Change, Store
from bot.lifecycle import FINAL_STATES, ProposalState
from prove._engine import NAMESPACE
from tools.kubernetes.facts import MARKER
from tools.kubernetes.templates import RESTARTED_AT

# In these nothing may have happened, and nothing may happen any more.
WITHOUT_EFFECT = {each.value for each in FINAL_STATES} - {ProposalState.SUCCEEDED.value}
_IMAGE = "registry.example.com/yard/app:1"
_SCENARIO = f"""
title: a yard
cluster: {{context: yard, name: yard, version: v1.36.2}}
include: [platform]
images:
  {_IMAGE}: {{starts_in: 1, cpu_millicores: 10, memory: [[0, 20]], logs: [{{at: 0.5, text: up}}]}}
history:
  - ago: 80d
    objects: [{{kind: Namespace, metadata: {{name: {NAMESPACE}}}}}]
"""
_WORKLOAD = """
  - ago: 9d
    workload: {{namespace: {namespace}, name: {name}, image: "{image}", replicas: 3, labels: {{app: {name}}}}}
"""


@contextmanager
def yard(names: list[str], speed: float) -> Iterator[ClusterEmulator]:
    """An emulated cluster with these deployments, three pods each; not started yet."""
    text = _SCENARIO + "".join(_WORKLOAD.format(namespace=NAMESPACE, name=each, image=_IMAGE) for each in names)
    text += "expect: {category: healthy, status: Running, pods: 0}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "yard.yaml"
        path.write_text(text, encoding="utf-8")
        yield ClusterEmulator(load_scenario(path), clock=VirtualClock(speed=speed))


def deployment(cluster: ClusterEmulator, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cluster.store.require(DEPLOYMENTS, NAMESPACE, name)
    return found


def foreign_write(cluster: ClusterEmulator, name: str) -> None:
    """Somebody else changes the object: another generation, the same pods."""
    held = deployment(cluster, name)
    spec = {**held["spec"], "revisionHistoryLimit": int(held["spec"].get("revisionHistoryLimit", 10)) % 50 + 1}
    cluster.store.update(DEPLOYMENTS, cluster.store.amended(DEPLOYMENTS, held, {**held, "spec": spec}))


class Ledger:
    """Counts effects as the cluster sees them, each held against the database at that very moment."""

    def __init__(self, store: Store, database: Path) -> None:
        self.effects: Counter[str] = Counter()
        self.failures: list[str] = []
        # Effects before which nothing was written down, as another process would find the database at that moment.
        self.unrecorded: list[str] = []
        self._database = database
        store.listeners.append(self._see)

    def _see(self, change: Change) -> None:
        if change.resource is not DEPLOYMENTS or change.before is None:
            return
        if _ours(change.obj) == _ours(change.before):
            return
        proposal = str((change.obj["metadata"].get("annotations") or {}).get(MARKER))
        self.effects[proposal] += 1
        state, intents, sent = self._stored(proposal)
        if state in WITHOUT_EFFECT:
            self.failures.append(f"late: {proposal} took effect when it was {state} already")
        if not (intents and sent):
            self.unrecorded.append(f"{proposal} took effect with {intents} intents and {sent} sends on record")
            self.failures.append(self.unrecorded[-1])

    def _stored(self, proposal: str) -> tuple[str | None, int, int]:
        """Its state, and how many records of an intent and of a send it has that bind the change approved."""
        connection = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=10)
        try:
            row = connection.execute("SELECT state, digest FROM proposals WHERE id = ?", (proposal,)).fetchone()
            state, bound = row or (None, None)
            records = connection.execute("SELECT type, payload FROM audit WHERE proposal = ?", (proposal,)).fetchall()
        finally:
            connection.close()
        kinds = Counter(kind for kind, payload in records if json.loads(payload).get("digest") == bound)
        return state, kinds["execution.intent"], kinds["execution.sent"]

    def judged(self, states: dict[str, str]) -> list[str]:
        """Every proposal that does not end as it should: double, wrongly said to be done, or done and denied."""
        found = list(self.failures)
        for proposal, state in states.items():
            count = self.effects[proposal]
            if count > 1:
                found.append(f"double: {proposal} took effect {count} times")
            if state == ProposalState.SUCCEEDED.value and count != 1:
                found.append(f"{proposal} is SUCCEEDED and took effect {count} times")
            if state in WITHOUT_EFFECT and count:
                found.append(f"{proposal} is {state} and took effect {count} times")
        return found


def _ours(obj: dict[str, Any]) -> Any:
    """What nobody but us changes in the yard."""
    restarted = (obj["spec"]["template"]["metadata"].get("annotations") or {}).get(RESTARTED_AT)
    return restarted, obj["spec"]["replicas"]
