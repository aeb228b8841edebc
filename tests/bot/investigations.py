"""Reports and first passes for tests, with names that no scenario uses."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.domain import EvidenceRecord, IncidentReport, Issue, Remediation, ReportedChange, RootCause, Triaged
from safety.redaction import Redacted, Redactor
from tests.fakes import START as NOW
from tools.evidence import Category, ObjectRef, SeenObject

RED = Redactor()


def red(text: str) -> Redacted:
    return RED.text(text)


def evidence(number: int, text: str, source: str = "kubernetes", ref: str = "") -> EvidenceRecord:
    return EvidenceRecord(
        id=f"E{number}", source=source, ref=ref or f"Pod/orchard/plum-{number}", at=NOW, text=red(text)
    )


def report(
    namespace: str = "orchard",
    deployment: str = "plum",
    category: Category = Category.OOM_KILLED,
    pieces: Sequence[EvidenceRecord] | None = None,
    **changed: Any,
) -> IncidentReport:
    subject = f"Deployment/{namespace}/{deployment}"
    pod = f"{deployment}-6f7c9-abcde"
    if pieces is None:
        pieces = [
            evidence(1, "last state: terminated, reason OOMKilled, exit code 137", ref=f"Pod/{namespace}/{pod}"),
            evidence(2, "memory limit 96Mi", ref=subject),
            evidence(3, "revision 4 created 12 minutes ago", ref=subject),
        ]
    ids = tuple(each.id for each in pieces)
    fields: dict[str, Any] = {
        "verdict": "incident",
        "question": red("what is wrong?"),
        "cluster": "test-cluster",
        "namespace": namespace,
        "observed_at": NOW,
        "symptom": red(f"2 of 3 pods of {deployment} restart again and again"),
        "root_cause": RootCause(
            category=category,
            summary=red(f"the container of {deployment} uses more memory than its limit"),
            subject=subject,
            confidence=0.93,
            evidence=ids[:2],
        ),
        "issues_found": (
            Issue(
                category=category,
                subject=subject,
                summary=red(f"{deployment} is out of memory"),
                namespace=namespace,
                severity="high",
                issue_type="CrashLoopBackOff",
                root_cause=red(f"{deployment} is out of memory"),
                affected_pods=(pod,),
                related_deployment=deployment,
                since=NOW - timedelta(minutes=11),
                recommendations=(red(f"Raise the memory limit of {deployment}."),),
                confidence=0.93,
                evidence=ids[:1],
            ),
        ),
        "failing": (f"Pod/{namespace}/{pod}",),
        "changes": (
            ReportedChange(
                id="C1",
                kind="rollout",
                title=red(f"{deployment} revision 3 to 4: memory limit 256Mi to 96Mi"),
                at=NOW - timedelta(minutes=12),
                by=red("ci-robot"),
                suspected=True,
                why=red("it lowered the limit one minute before the first kill"),
            ),
        ),
        "culprit_change": "C1",
        "remediation": Remediation(
            class_="rollback", target=subject, why=red("revision 3 had enough memory"), allowed=True, to_revision=3
        ),
        "ruled_out": (red("the node has memory to spare"),),
        "not_checked": (red("the pull request: no GitHub token"),),
        "evidence": tuple(pieces),
        "explanation": red(f"{deployment} is killed for memory since revision 4."),
    }
    return IncidentReport(**{**fields, **changed})


def seen(handle: str, kind: str, namespace: str, name: str) -> SeenObject:
    return SeenObject(handle, ObjectRef(kind, namespace, name), f"uid-{handle}", 4)


def triaged(made: IncidentReport | None = None, *objects: SeenObject) -> Triaged:
    return Triaged(
        made or report(),
        objects or (seen("O1", "Deployment", "orchard", "plum"), seen("O2", "Pod", "orchard", "plum-6f7c9-abcde")),
    )
