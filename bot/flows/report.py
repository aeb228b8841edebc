"""Writes the incident report from one picture: every claim with the evidence it rests on, numbered by first use."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.domain import EvidenceRecord, IncidentReport, Issue, Remediation, ReportedChange, RootCause, WhereSet
from bot.flows.closing import Remains, next_door, not_checked, ruled_out
from bot.flows.outside import made_harmless
from bot.flows.recommendations import recommendations
from safety.redaction import Redacted
from tools.analyzers.causes import Joined
from tools.evidence import Change, Evidence, EvidenceId, Finding, ObjectRef
from tools.kubernetes.rows import is_failing, is_suspicious
from tools.kubernetes.scope import Scope
from tools.settings import SetAt
from tools.snapshot import Snapshot

MOST_CHANGES = 10
MOST_ISSUES = 20
# Below this a finding is a guess: it is listed, and is never called the cause.
SURE_ENOUGH = 0.5
Say = Callable[[str], Redacted]
Severity = Literal["critical", "high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a report is written from."""

    question: Redacted
    scope: Scope
    snapshot: Snapshot
    joined: Joined
    changes: tuple[Change, ...]
    place: SetAt | None = None
    namesakes: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*self.joined.roots, *(found for found, _ in self.joined.symptoms))


def write(picture: Picture) -> IncidentReport:
    """The report; building one that cites evidence that does not exist raises ``ValueError``."""
    return made_harmless(_Writer(picture).report(), picture.snapshot.say)


def no_such_namespace(question: Redacted, cluster: str, scope: Scope, now: datetime, say: Say) -> IncidentReport:
    """The answer when the question names a namespace that the cluster does not have."""
    near = f" Did you mean {' or '.join(scope.nearest)}?" if scope.nearest else ""
    made = IncidentReport(
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
    return made_harmless(made, say)


def _nothing(why: Redacted, say: Say) -> Remediation:
    return Remediation(class_="none", target=None, why=why, allowed=False, reasons=(say("there is nothing to run"),))


class _Writer:
    """Writes one report; every id it cites is numbered in the order of its first use."""

    def __init__(self, picture: Picture) -> None:
        self._picture, self._snapshot = picture, picture.snapshot
        self._say = picture.snapshot.say
        self._cited: dict[EvidenceId, Evidence] = {}
        self._unexplained = _unexplained_states(picture)
        self._workloads = {each.ref: each for each in picture.snapshot.workloads}
        roots = picture.joined.roots
        self._root = roots[0] if roots and roots[0].confidence >= SURE_ENOUGH else None

    def report(self) -> IncidentReport:
        root, snapshot, picture = self._root, self._snapshot, self._picture
        cause = self._root_cause(root) if root else None
        issues = tuple(self._issues())
        if not picture.findings:
            # Nothing is claimed, so nothing cites these: they show what was looked at.
            for each in snapshot.deployments[:5]:
                self._cite(each.evidence)
        for found in picture.namesakes[:2]:
            self._cite(found.evidence[0])
        return IncidentReport(
            verdict=self._verdict(),
            question=picture.question,
            cluster=snapshot.cluster,
            namespace=snapshot.namespace or (root.subject.namespace if root else None),
            observed_at=snapshot.observed_at,
            symptom=self._symptom(root),
            root_cause=cause,
            issues_found=issues,
            failing=tuple(self._failing()),
            changes=tuple(self._reported(each) for each in picture.changes[:MOST_CHANGES]),
            culprit_change=root.culprit if root else None,
            where_set=self._where_set(),
            remediation=self._remediation(root),
            ruled_out=tuple(self._say(each) for each in ruled_out(self._remains())),
            not_checked=tuple(self._say(each).clip(300) for each in not_checked(self._remains(), picture.scope)),
            evidence=tuple(self._records()),
            explanation=self._say(f"{self._explanation(root)}{next_door(picture.namesakes)}"),
        )

    def _verdict(self) -> Literal["incident", "healthy", "inconclusive"]:
        if self._root is not None:
            return "incident"
        is_open = self._snapshot.blind or self._unexplained or self._picture.findings
        return "inconclusive" if is_open else "healthy"

    def _remains(self) -> Remains:
        return Remains(self._snapshot, self._picture.findings, frozenset(self._failing()))

    def _cite(self, seen: Evidence) -> str:
        self._cited.setdefault(seen.id, seen)
        return f"E{list(self._cited).index(seen.id) + 1}"

    def _records(self) -> Iterator[EvidenceRecord]:
        for index, each in enumerate(self._cited.values(), 1):
            yield EvidenceRecord(id=f"E{index}", source=each.source, ref=each.ref, at=each.at, text=each.text)

    def _root_cause(self, root: Finding) -> RootCause:
        return RootCause(
            category=root.category,
            summary=self._say(root.summary),
            subject=str(root.subject),
            confidence=root.confidence,
            evidence=tuple(self._cite(each) for each in root.evidence),
        )

    def _issues(self) -> Iterator[Issue]:
        for each in self._picture.joined.roots:
            yield self._issue(each, None)
        room = max(0, MOST_ISSUES - len(self._picture.joined.roots))
        for each, cause in itertools.islice(self._picture.joined.symptoms, room):
            yield self._issue(each, cause)

    def _issue(self, found: Finding, cause: Finding | None) -> Issue:
        pods = [each for each in found.affected if each.kind == "Pod"]
        top = self._top(found.subject)
        blamed = [each.id for each in self._picture.changes[:MOST_CHANGES] if each.id == found.culprit]
        return Issue(
            namespace=found.subject.namespace,
            severity=self._severity(found),
            issue_type=self._state_of(pods) or str(found.category),
            category=found.category,
            subject=str(found.subject),
            summary=self._say(found.summary),
            root_cause=self._say(cause.summary if cause else found.summary),
            affected_pods=tuple(dict.fromkeys(each.name for each in pods)),
            related_deployment=top.name if top.kind == "Deployment" else None,
            recent_changes=tuple(blamed),
            recommendations=recommendations(found, cause, self._say),
            since=found.since,
            confidence=found.confidence,
            explained_by=str(cause.subject) if cause else None,
            evidence=tuple(self._cite(each) for each in found.evidence),
        )

    def _state_of(self, pods: list[ObjectRef]) -> str | None:
        names = {each.name for each in pods}
        counted = Counter(each.status for each in self._snapshot.rows if each.name in names)
        return counted.most_common(1)[0][0] if counted else None

    def _top(self, ref: ObjectRef) -> ObjectRef:
        """The controller that a person would name for a pod; everything else names itself."""
        behind = self._snapshot.workload_behind(ref) if ref.kind == "Pod" else None
        return behind.ref if behind is not None else ref

    def _failing(self) -> list[str]:
        """Top controllers of what suffers, and broken objects themselves, each once and in the order of weight."""
        found: dict[str, None] = {}
        for each in self._picture.findings:
            if each.confidence < SURE_ENOUGH:
                continue
            is_alone = each.subject.kind == "Pod"
            found.setdefault(str(each.subject))
            for one in each.affected:
                if not (is_alone and one == each.subject):
                    found.setdefault(str(each.subject if one.kind == "Pod" and is_alone else self._top(one)))
        return list(found)

    def _severity(self, found: Finding) -> Severity:
        workloads = {self._top(each) for each in (found.subject, *found.affected)}
        states = [one for each in workloads if (one := self._workloads.get(each)) and one.desired]
        if any(each.ready == 0 for each in states):
            return "critical"
        if found.subject.kind == "Node" or any(each.ready < (each.desired or 0) for each in states):
            return "high"
        return "medium" if found.confidence >= SURE_ENOUGH else "low"

    def _symptom(self, root: Finding | None) -> Redacted:
        where = f"namespace {self._snapshot.namespace}" if self._snapshot.namespace else "all namespaces"
        if self._picture.scope.not_found:
            where = f"{self._picture.scope.not_found} was not found. In {where}"
        if root is not None:
            return self._say(f"{root.subject}: {self._states(root)}").clip(200)
        if self._snapshot.blind:
            return self._say(f"The pods of {where} could not be listed.")
        if self._unexplained:
            return self._say(f"{where}: {_counted(self._unexplained)}, and nothing that was seen says why.")
        if self._picture.findings:
            return self._say(f"{where}: {self._picture.findings[0].summary}").clip(200)
        but = "".join(f" But {each.subject} is failing." for each in self._picture.namesakes[:1])
        return self._say(f"{where}: {len(self._snapshot.rows)} pods, none of them failing.{but}").clip(200)

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
            to_replicas=remedy.replicas,
        )

    def _where_set(self) -> WhereSet | None:
        place, say = self._picture.place, self._say
        if place is None:
            return None
        return WhereSet(
            what=say(place.setting.what),
            repository=place.repository,
            path=place.path,
            line=place.line,
            text=say(place.text).clip(300),
            ref=place.ref,
            url=place.url,
        )

    def _reported(self, change: Change) -> ReportedChange:
        return ReportedChange(
            id=change.id,
            kind=change.kind,
            title=change.title,
            at=change.at,
            by=change.by,
            suspected=change.suspected,
            why=self._say(f"tied to the cause; {change.why}") if change.suspected else change.why,
            url=next((each.url for each in self._snapshot.recorded if each.id == change.id), None),
            series=change.series,
        )

    def _explanation(self, root: Finding | None) -> Redacted:
        snapshot = self._snapshot
        if root is not None:
            return self._say(f"{self._aside(root)}{root.explanation}{self._others(root)}")
        if snapshot.blind:
            return self._say(
                f"The pods could not be looked at, so nothing can be said of them. {snapshot.not_checked[0]}"
            )
        if self._unexplained:
            return self._say(
                f"Some pods are not well ({_counted(self._unexplained)}), but their events, states and logs do not "
                "tell a cause that is known here. Read the pods in full and their logs."
            )
        if self._picture.findings:
            guess = self._picture.findings[0]
            return self._say(f"Nothing shows a cause for certain. The best guess: {guess.summary}. {guess.explanation}")
        looked = f"{len(snapshot.rows)} pods, {len(snapshot.deployments or snapshot.scanned)} deployments"
        return self._say(
            f"Looked at {looked} and {len(snapshot.nodes)} nodes: no pod crashes, waits for an image or a node, "
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
        asked = [each for each in snapshot.deployments if snapshot.namespace in (None, each.ref.namespace)]
        short = [each for each in asked if each.available < each.desired or each.updated < each.desired]
        if short:
            words = ", ".join(f"{each.ref.name} ({each.available} of {each.desired} available)" for each in short[:3])
            notes.append(f" Not at full strength, as during a rollout: {words}; ask again in a few minutes.")
        return "".join(notes)

    def _aside(self, root: Finding) -> str:
        """Somebody asked about a workload by its name, and what is wrong is another."""
        focus, symptoms = self._picture.scope.focus, self._picture.joined.symptoms
        explained = {found.subject.name for found, cause in symptoms if cause.subject == root.subject}
        explained |= {self._top(each).name for each in root.affected}
        here = self._snapshot.namespace
        known = [each.ref for each in self._snapshot.deployments if each.ref.name in focus]
        named = [each.name for each in known if here in (None, each.namespace)]
        if here != root.subject.namespace and root.subject.namespace in self._picture.scope.beside:
            return _next_door(root.subject, str(here), self._snapshot)
        if not named or root.subject.name in named or explained & set(named):
            return ""
        return f"{', '.join(named)} itself looks well. What is not well nearby is {root.subject}. "

    def _others(self, root: Finding) -> str:
        explained = [str(found.subject) for found, cause in self._picture.joined.symptoms if cause == root]
        rest = [str(each.subject) for each in self._picture.joined.roots[1:] if each.confidence >= SURE_ENOUGH]
        told = f" It also explains what is seen at {', '.join(explained[:5])}." if explained else ""
        return told + (f" Besides, {len(rest)} more have a fault of their own: {', '.join(rest[:5])}." if rest else "")


def _next_door(found: ObjectRef, here: str, snapshot: Snapshot) -> str:
    """What was meant runs elsewhere than where it was asked about."""
    is_here = any(each.ref == ObjectRef(found.kind, here, found.name) for each in snapshot.workloads)
    asked = f"In namespace {here} {found.name} is well" if is_here else f"Namespace {here} has no {found.name}"
    return f"{asked}; what was found fails in namespace {found.namespace}. "


def _unexplained_states(picture: Picture) -> Counter[str]:
    """States of pods that no finding speaks of; pods that failed for good long ago are remains, not trouble."""
    families = {_family(each.name) for found in picture.findings for each in found.affected}
    families |= {_family(pod.ref.name) for pod in picture.snapshot.pods if pod.phase == "Failed"}
    explained = {each.ref for each in picture.snapshot.workloads} & {each.subject for each in picture.findings}
    families |= {
        _family(pod.ref.name) for each in picture.snapshot.workloads for pod in each.members if each.ref in explained
    }
    return Counter(
        each.status
        for each in picture.snapshot.rows
        if is_failing(each) and is_suspicious(each, picture.snapshot.thresholds)
        if each.status != "Evicted" and _family(each.name) not in families
    )


def _family(pod: str) -> str:
    """What the pods of one controller have in common in their names."""
    return pod.rsplit("-", 1)[0]


def _counted(states: Counter[str]) -> str:
    return ", ".join(f"{count} × {state}" for state, count in sorted(states.items()))
