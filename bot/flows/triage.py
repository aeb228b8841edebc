"""Evidence first: collect in parallel, analyze, rank. No model."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal

from bot.domain import (
    EvidenceRecord,
    IncidentReport,
    Issue,
    Remediation,
    ReportedChange,
    RootCause,
    Triaged,
)
from safety.redaction import Redacted
from tools.analyzers import analyze
from tools.analyzers.interface import release_id
from tools.evidence import Evidence, EvidenceId, Finding, ObjectRef, SeenObject
from tools.kubernetes.releases import change_words
from tools.kubernetes.rows import is_failing
from tools.kubernetes.scope import Scope, find_scope
from tools.kubernetes.snapshot import take
from tools.snapshot import Deployment, Snapshot, Workload
from tools.world import Reader

MOST_OBJECTS = 20
MOST_CHANGES = 10
RELEASES_OF_ONE = 3
Say = Callable[[str], Redacted]
Severity = Literal["critical", "high", "medium", "low"]
_OUTSIDE = "Anything outside the cluster: source code, cloud services, dashboards."


async def triage(
    question: Redacted,
    world: Reader,
    now: datetime,
    *,
    namespace: str | None = None,
    default_namespace: str | None = None,
) -> Triaged:
    """Look at what the question is about and say what is wrong there, with the evidence for each claim.

    Whether the suggested change is allowed is not judged here: ``judged`` fills that in.
    """
    scope = await find_scope(question, world, namespace=namespace, default_namespace=default_namespace)
    say = world.redactor.text
    if scope.unknown is not None:
        return Triaged(_no_such_namespace(question, world.cluster.name, scope, now, say), ())
    snapshot = await take(world, scope.namespace, now, focus=scope.focus)
    joined = analyze(snapshot)
    findings = [*_ranked(joined.roots, scope), *(each for each, _ in joined.symptoms)]
    report = _Writer(question, scope, snapshot, findings, say).report()
    return Triaged(report, _objects(snapshot, findings, scope))


def judged(report: IncidentReport, allowed: bool, reasons: Sequence[Redacted]) -> IncidentReport:
    """The same report with the validator's word on the suggested change."""
    remediation = report.remediation.model_copy(update={"allowed": allowed, "reasons": tuple(reasons)})
    return report.model_copy(update={"remediation": remediation})


def _ranked(findings: Sequence[Finding], scope: Scope) -> list[Finding]:
    """What was asked about goes first; the order of the analyzers holds otherwise."""
    return sorted(findings, key=lambda each: each.subject.name not in scope.focus)


def _objects(snapshot: Snapshot, findings: Sequence[Finding], scope: Scope) -> tuple[SeenObject, ...]:
    subjects = [each.subject for each in findings]

    def order(each: Deployment) -> tuple[int, bool, bool, ObjectRef]:
        place = subjects.index(each.ref) if each.ref in subjects else len(subjects)
        return place, each.ref.name not in scope.focus, each.available >= each.desired, each.ref

    chosen = sorted(snapshot.deployments, key=order)[:MOST_OBJECTS]
    return tuple(
        SeenObject(f"O{index}", each.ref, each.uid, each.generation) for index, each in enumerate(chosen, start=1)
    )


def _no_such_namespace(question: Redacted, cluster: str, scope: Scope, now: datetime, say: Say) -> IncidentReport:
    near = f" Did you mean {' or '.join(scope.nearest)}?" if scope.nearest else ""
    return IncidentReport(
        verdict="inconclusive",
        question=question,
        cluster=cluster,
        namespace=None,
        observed_at=now,
        symptom=say(f"There is no namespace {scope.unknown} in this cluster.{near}"),
        root_cause=None,
        remediation=_nothing(say("Nothing was looked at, so nothing is suggested."), say),
        not_checked=(say(f"Everything: the namespace {scope.unknown} does not exist."),),
        explanation=say(
            f"The question names the namespace {scope.unknown}, and the cluster has none of that name.{near} "
            "Ask again with the right name, or without one to look at all namespaces."
        ),
    )


def _nothing(why: Redacted, say: Say) -> Remediation:
    return Remediation(class_="none", target=None, why=why, allowed=False, reasons=(say("there is nothing to run"),))


class _Writer:
    """Writes one report from one snapshot: every id it cites is numbered in the order of its first use."""

    def __init__(
        self, question: Redacted, scope: Scope, snapshot: Snapshot, findings: Sequence[Finding], say: Say
    ) -> None:
        self._question, self._scope, self._snapshot, self._findings = question, scope, snapshot, findings
        self._say = say
        self._cited: dict[EvidenceId, Evidence] = {}
        self._workloads = {each.ref: each for each in snapshot.workloads}
        self._unexplained = self._unexplained_states()

    def report(self) -> IncidentReport:
        root = self._findings[0] if self._findings else None
        snapshot = self._snapshot
        causes = [self._issue(each) for each in self._findings]
        if root is None:
            # Nothing is claimed, so nothing cites these: they show what was looked at.
            for each in snapshot.deployments[:5]:
                self._cite(each.evidence)
        return IncidentReport(
            verdict=self._verdict(),
            question=self._question,
            cluster=snapshot.cluster,
            namespace=snapshot.namespace or (root.subject.namespace if root else None),
            observed_at=snapshot.observed_at,
            symptom=self._symptom(root),
            root_cause=self._root_cause(root) if root else None,
            issues_found=tuple(causes),
            failing=tuple(dict.fromkeys(str(pod) for each in self._findings for pod in each.affected)),
            changes=tuple(self._changes()),
            culprit_change=root.culprit if root else None,
            remediation=self._remediation(root),
            ruled_out=tuple(self._say(each) for each in self._ruled_out()),
            not_checked=tuple(self._not_checked()),
            evidence=tuple(self._records()),
            explanation=self._explanation(root),
        )

    def _verdict(self) -> Literal["incident", "healthy", "inconclusive"]:
        if self._findings:
            return "incident"
        return "inconclusive" if self._snapshot.blind or self._unexplained else "healthy"

    def _unexplained_states(self) -> Counter[str]:
        """States of pods that no finding speaks of; pods that failed for good long ago are remains, not trouble."""
        explained = {pod.name for each in self._findings for pod in each.affected}
        families = {_family(each) for each in explained}
        read = [pod for each in self._snapshot.workloads for pod in each.pods]
        families |= {_family(pod.ref.name) for pod in read if pod.phase == "Failed"}
        return Counter(
            each.status
            for each in self._snapshot.rows
            if is_failing(each) and each.status != "Evicted" and _family(each.name) not in families
        )

    def _cite(self, seen: Evidence) -> str:
        """The number of a piece of evidence: pieces are numbered in the order of their first use."""
        self._cited.setdefault(seen.id, seen)
        return f"E{list(self._cited).index(seen.id) + 1}"

    def _records(self) -> Iterator[EvidenceRecord]:
        for index, each in enumerate(self._cited.values(), 1):
            yield EvidenceRecord(id=f"E{index}", source=each.source, ref=each.ref, at=each.at, text=each.text)

    def _root_cause(self, root: Finding) -> RootCause:
        return RootCause(
            category=root.category,
            summary=root.summary,
            subject=str(root.subject),
            confidence=root.confidence,
            evidence=tuple(self._cite(each) for each in root.evidence),
        )

    def _issue(self, found: Finding) -> Issue:
        return Issue(
            category=found.category,
            subject=str(found.subject),
            summary=found.summary,
            severity=_severity(self._workloads.get(found.subject)),
            affected=tuple(str(each) for each in found.affected),
            since=found.since,
            evidence=tuple(self._cite(each) for each in found.evidence),
        )

    def _symptom(self, root: Finding | None) -> Redacted:
        where = f"namespace {self._snapshot.namespace}" if self._snapshot.namespace else "all namespaces"
        if self._scope.not_found:
            where = f"{self._scope.not_found} was not found. In {where}"
        if root is not None:
            return self._say(f"{root.subject}: {self._states(root)}").clip(200)
        if self._snapshot.blind:
            return self._say(f"The pods of {where} could not be listed.")
        if self._unexplained:
            return self._say(f"{where}: {_counted(self._unexplained)}, and nothing that was seen says why.")
        return self._say(f"{where}: {len(self._snapshot.rows)} pods, none of them failing.")

    def _states(self, root: Finding) -> str:
        affected = {each.name for each in root.affected}
        rows = [each for each in self._snapshot.rows if each.name in affected]
        if not rows:
            return str(root.summary)
        restarts = sum(each.restarts for each in rows)
        workload = self._workloads.get(root.subject)
        deployment = workload.deployment if workload else None
        serving = f"; {deployment.available} of {deployment.desired} pods available" if deployment else ""
        told = f", {restarts} restarts" if restarts else ""
        return f"{_counted(Counter(each.status for each in rows))}{told}{serving}"

    def _changes(self) -> Iterator[ReportedChange]:
        culprits = {each.culprit for each in self._findings}
        made = []
        for deployment in self._snapshot.deployments:
            for release in deployment.releases[:RELEASES_OF_ONE]:
                identity = release_id(deployment.ref, release)
                is_suspected = identity in culprits
                is_oldest = release is deployment.releases[-1] and not release.differences
                changed = "the oldest that is kept" if is_oldest else f"changed: {change_words(release.differences, 3)}"
                why = f"{'tied to the cause; ' if is_suspected else ''}{changed}"
                made.append(
                    ReportedChange(
                        id=identity,
                        kind="rollout",
                        title=self._say(f"{deployment.ref}: {release.title}").clip(200),
                        at=release.created_at,
                        by=release.by,
                        suspected=is_suspected,
                        why=self._say(why).clip(400),
                    )
                )
        made.sort(key=lambda each: (not each.suspected, -(each.at.timestamp() if each.at else 0)))
        yield from made[:MOST_CHANGES]

    def _remediation(self, root: Finding | None) -> Remediation:
        remedy = root.remedy if root else None
        if remedy is None:
            why = (
                "Nothing that can be run from here would remove the cause; the explanation says what a person can do."
                if root
                else "Nothing needs to be changed."
                if self._verdict() == "healthy"
                else "Too little is known to suggest a change."
            )
            return _nothing(self._say(why), self._say)
        return Remediation(
            class_=remedy.class_,
            target=str(remedy.target),
            why=remedy.why,
            allowed=False,
            reasons=(self._say("not judged yet"),),
            to_revision=remedy.to_revision,
        )

    def _ruled_out(self) -> Iterator[str]:
        snapshot = self._snapshot
        if snapshot.blind:
            return
        failing = {pod.name for each in self._findings for pod in each.affected}
        well = [each for each in snapshot.rows if each.name not in failing and not is_failing(each)]
        if well:
            yield f"{'The other ' if failing else ''}{len(well)} pods: running, finished or just starting"
        if snapshot.nodes and all(each.status == "Ready" for each in snapshot.nodes):
            yield f"The nodes: all {len(snapshot.nodes)} are Ready"
        subjects = {each.subject for each in self._findings}
        others = [each for each in snapshot.deployments if each.ref not in subjects]
        if others and all(each.available >= each.desired for each in others):
            yield f"{len(others)} {'other ' if subjects else ''}deployments: all have the pods they want"
        yield from _families(snapshot)

    def _not_checked(self) -> Iterator[Redacted]:
        if self._scope.not_found:
            yield self._say(f"{self._scope.not_found}: no namespace and no deployment has that name.")
        yield from self._snapshot.not_checked
        if self._snapshot.truncated:
            yield self._say("The rest of the pods: there are more than are listed in one scan.")
        for each in self._scope.also_named:
            yield self._say(f"Namespace {each}: the question names more than one; ask about it on its own.")
        if any(each.status != "Ready" for each in self._snapshot.nodes):
            odd = ", ".join(f"{each.name} ({each.status})" for each in self._snapshot.nodes if each.status != "Ready")
            yield self._say(f"Why these nodes are not plainly Ready: {odd}").clip(300)
        yield self._say(_OUTSIDE)

    def _explanation(self, root: Finding | None) -> Redacted:
        if root is not None:
            return self._say(f"{self._aside(root)}{root.explanation}{self._others()}")
        if self._snapshot.blind:
            return self._say(
                f"The pods could not be looked at, so nothing can be said of them. {self._snapshot.not_checked[0]}"
            )
        if self._unexplained:
            return self._say(
                f"Some pods are not well ({_counted(self._unexplained)}), but their events, states and logs do not "
                "tell a cause that is known here. Read the pods in full and their logs."
            )
        looked = (
            f"{len(self._snapshot.rows)} pods, {len(self._snapshot.deployments or self._snapshot.scanned)} deployments"
        )
        return self._say(
            f"Looked at {looked} and {len(self._snapshot.nodes)} nodes: no pod crashes, waits for an image or a node, "
            f"or fails its probes beyond what is normal during starts and rollouts.{self._still_moving()}"
        )

    def _still_moving(self) -> str:
        """What is no incident yet and still worth knowing: said rather than left out."""
        snapshot, notes = self._snapshot, []
        limits = snapshot.thresholds
        recent = [each for each in snapshot.rows if each.restarted_ago and each.restarted_ago <= limits.recent]
        if recent:
            names = ", ".join(f"{each.name} ({each.restarts}×)" for each in recent[:3])
            notes.append(f" Restarted lately, not often enough to call it trouble: {names}.")
        short = [each for each in snapshot.deployments if each.available < each.desired or each.updated < each.desired]
        if short:
            words = ", ".join(f"{each.ref.name} ({each.available} of {each.desired} available)" for each in short[:3])
            notes.append(f" Not at full strength, as during a rollout: {words}; ask again in a few minutes.")
        return "".join(notes)

    def _aside(self, root: Finding) -> str:
        named = [each.ref.name for each in self._snapshot.deployments if each.ref.name in self._scope.focus]
        if not named or root.subject.name in named:
            return ""
        return f"{', '.join(named)} itself looks well. What is not well nearby is {root.subject}. "

    def _others(self) -> str:
        rest = [str(each.subject) for each in self._findings[1:]]
        return f" Besides, {len(rest)} more have a fault of their own: {', '.join(rest[:5])}." if rest else ""


def _families(snapshot: Snapshot) -> Iterator[str]:
    """Causes that a person would think of next, said only where every failing pod was read."""
    pods = [pod for each in snapshot.workloads for pod in each.pods]
    if not pods:
        return
    if not any(each.unschedulable for each in pods):
        yield "Room on the nodes: no pod waits for one"
    if not any("Image" in container.reason for pod in pods for container in pod.containers):
        yield "Images: all were pulled"
    if not any(each.missing for workload in snapshot.workloads for each in workload.events()):
        yield "Configuration: no missing Secret or ConfigMap is reported"


def _family(pod: str) -> str:
    """What the pods of one controller have in common in their names."""
    return pod.rsplit("-", 1)[0]


def _severity(workload: Workload | None) -> Severity:
    deployment = workload.deployment if workload else None
    if deployment is None:
        return "medium"
    if deployment.available == 0 and deployment.desired > 0:
        return "critical"
    return "high" if deployment.available < deployment.desired else "medium"


def _counted(states: Counter[str]) -> str:
    return ", ".join(f"{count} × {state}" for state, count in sorted(states.items()))
