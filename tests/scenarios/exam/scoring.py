"""Asks the engine about a scenario, through the same door as ``investigate --dump``, and compares answer and truth."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.claude_pack import pack
from bot.domain import IncidentReport, Triaged
from bot.flows.triage import triage
from safety.redaction import Redactor
from tests.scenarios.kit import Scenario, Truth, write
from tools.adapters.cluster_dump.reader import DumpReader
from tools.world import Reader

CHARACTERS_OF_A_TOKEN = 2.2
WELL = ("healthy",)


@dataclass(frozen=True, slots=True)
class Score:
    """How one scenario was answered. ``faults`` name what is wrong, by what was asked; none means all is right.

    ``recall`` is the part of the wanted texts that the cited evidence holds; ``tokens`` the size of the pack for a
    model (characters / 2.2); ``seconds`` the processor time of the answer.
    """

    scenario: Scenario
    report: IncidentReport
    faults: dict[str, str]
    recall: float
    tokens: int
    seconds: float

    @property
    def is_incident(self) -> bool:
        return self.scenario.truth.verdict == "incident"

    @property
    def answered(self) -> str:
        cause = self.report.root_cause
        return f"{cause.category} {cause.subject}" if cause else self.report.verdict

    @property
    def is_false_alarm(self) -> bool:
        return not self.is_incident and self.report.verdict == "incident"


async def ask(made: Scenario, folder: Path) -> Score:
    """Write the scenario into the folder, and look at it as at any dump."""
    write(made, folder)
    redactor = Redactor()
    dump = DumpReader(folder)
    world = Reader(dump, redactor, changes=(dump,), metrics=(dump,), at_hand=True)
    began = time.process_time()
    triaged = await triage(redactor.text(made.question), world, dump.observed_at, namespace=made.namespace)
    seconds = time.process_time() - began
    faults = dict(_faults(triaged.report, made.truth))
    tokens = round(len(json.dumps(pack(triaged.report, triaged.objects))) / CHARACTERS_OF_A_TOKEN)
    return Score(made, triaged.report, faults, _recall(triaged, made.truth), tokens, seconds)


def _faults(report: IncidentReport, truth: Truth) -> Iterator[tuple[str, str]]:
    if report.verdict != truth.verdict:
        yield "verdict", f"{report.verdict} instead of {truth.verdict}"
    cause = report.root_cause
    if truth.verdict == "incident":
        if cause is None or cause.category not in truth.categories:
            yield "category", f"{cause.category if cause else None} instead of {' or '.join(truth.categories)}"
        if cause is None or cause.subject not in truth.subjects:
            yield "subject", f"{cause.subject if cause else None} instead of {' or '.join(truth.subjects)}"
    culprits = (truth.culprit, *truth.culprits)
    if report.culprit_change not in culprits:
        yield "culprit", f"{report.culprit_change} instead of {truth.culprit}"
    accused = [each.id for each in report.changes if each.suspected and each.id in truth.innocent]
    if accused:
        yield "accused", f"{', '.join(accused)}, which is innocent"
    remedy = report.remediation
    if remedy.class_ not in truth.remediation:
        yield "remedy", f"{remedy.class_} instead of {' or '.join(truth.remediation)}"
    elif remedy.class_ != "none" and truth.targets and remedy.target not in truth.targets:
        yield "remedy", f"{remedy.class_} of {remedy.target} instead of {' or '.join(truth.targets)}"
    told = _told(report)
    for pattern in truth.must_not_say:
        found = re.search(pattern, told, re.IGNORECASE)
        if found:
            yield "said", f"“{found[0]}”, which must not be said"


def _told(report: IncidentReport) -> str:
    """What the report claims in its own words; evidence only quotes others."""
    parts = [report.symptom, report.explanation, report.remediation.why]
    parts += [report.root_cause.summary] if report.root_cause else []
    parts += [each.summary for each in report.issues_found]
    return "\n".join(parts)


def _recall(triaged: Triaged, truth: Truth) -> float:
    cited = triaged.report.root_cause.evidence if triaged.report.root_cause else ()
    text = "\n".join(each.text for each in triaged.report.evidence if each.id in cited)
    return sum(each in text for each in truth.evidence) / len(truth.evidence) if truth.evidence else 1.0
