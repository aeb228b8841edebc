"""Writes ``docs/proof.md`` from a run: what was run, when, on what, what came out, and what is not covered."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from prove.figure import Figure, Proof, Size


def paper(ran: Sequence[tuple[Proof, int, Figure, float]], seed: int, size: Size) -> str:
    """The whole page."""
    held = sum(figure.held for _, _, figure, _ in ran)
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    lines = [
        "# Proof",
        "",
        "Written by `make prove`; do not edit it. Each proof runs the code that ships, many times over, and counts.",
        "",
        f"Run on {at}, {machine}, {versions}, the {size} run, seed {seed}: **{held} held, {len(ran) - held} failed**.",
        "",
        "| | claim | cases | what was seen | | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for proof, cases, figure, seconds in ran:
        word = "held" if figure.held else "**failed**"
        lines.append(
            f"| {proof.id} | {_cell(proof.claim)} | {cases:,} | {_cell(figure.seen)} | {word} | {seconds:.0f} |"
        )
    lines += ["", "## What failed", ""]
    failed = [(proof, figure) for proof, _, figure, _ in ran if not figure.held]
    lines += [f"- {proof.id}: {_cell('; '.join(figure.failures[:3]))}" for proof, figure in failed] or ["Nothing."]
    lines += ["", "## What is not covered", ""]
    lines += [f"- {proof.id}: {proof.not_covered}" for proof, *_ in ran if proof.not_covered]
    lines += [f"- {each}" for each in _NOWHERE]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


_NOWHERE = (
    "The cluster is the emulator of `bot/demo/cluster_emulator`, held to its contract suite; the same suite runs "
    "against a real API server where `CONTRACT_KUBECONFIG` names one, and none was at hand for this run.",
    "Slack is the emulator of `bot/demo/slack_emulator`. No real workspace was used, and no real model was called.",
    "A kill is SIGKILL of a process. Power loss and torn disks were not tried.",
    "Somebody who holds the machine, the database and the key of the checkpoints can forge all of it.",
)
