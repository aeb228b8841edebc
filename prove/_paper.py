"""Writes ``docs/proof.md`` from a run: what was run, when, on what, what came out, and what is not covered."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prove._invariants import as_rows
from prove.figure import Figure, Proof, Size


@dataclass(frozen=True, slots=True)
class Ran:
    """A proof as it went; the seconds of all its parts together."""

    proof: Proof
    cases: int
    figure: Figure
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """All that ran, and how long it took from the start to the end, in seconds."""

    seed: int
    size: Size
    seconds: float
    ran: Sequence[Ran]


def paper(run: Run) -> str:
    """The whole page."""
    ran = sorted(run.ran, key=lambda each: int(each.proof.id.removeprefix("F")))
    held = sum(each.figure.held for each in ran)
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    lines = [
        "# Proof",
        "",
        "Written by `make prove`; do not edit it. Each proof runs the code that ships, many times over, and counts.",
        "",
        f"Run on {at}, {machine}, {versions}, the {run.size} run, seed {run.seed}, in {run.seconds / 60:.0f} minutes: "
        f"**{held} held, {len(ran) - held} failed**.",
        "",
        "Proofs run side by side; the seconds are those of all parts of one together. F10, F18 and F20, which tell how",
        "long something takes, run alone.",
        "",
        "| | claim | cases | what was seen | | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in ran:
        proof, figure = each.proof, each.figure
        word = "held" if figure.held else "**failed**"
        cells = proof.id, _cell(proof.claim), f"{each.cases:,}", _cell(figure.seen), word, f"{each.seconds:.0f}"
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## What failed", ""]
    failed = [(each.proof, each.figure) for each in ran if not each.figure.held]
    lines += [f"- {proof.id}: {_cell('; '.join(figure.failures[:3]))}" for proof, figure in failed] or ["Nothing."]
    lines += ["", "## What must always hold, and what would say if it did not", "", *as_rows()]
    lines += ["", "## What is not covered", ""]
    lines += [f"- {each.proof.id}: {each.proof.not_covered}" for each in ran if each.proof.not_covered]
    lines += [f"- {each}" for each in _NOWHERE]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


_NOWHERE = (
    "F5 (the kills of F4 against a real API server), F15 (a real model and hostile text) and F23 (a backup restored "
    "under load): not measured. There was no API server and no model at hand, and the bot makes no backups.",
    "The cluster is the emulator of `bot/demo/cluster_emulator`, held to its contract suite; the same suite runs "
    "against a real API server where `CONTRACT_KUBECONFIG` names one, and none was at hand for this run.",
    "Slack is the emulator of `bot/demo/slack_emulator`. No real workspace was used, and no real model was called.",
    "A kill is SIGKILL of a process. Power loss and torn disks were not tried.",
    "Somebody who holds the machine, the database and the key of the checkpoints can forge all of it.",
)
