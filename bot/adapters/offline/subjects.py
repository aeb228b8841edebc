"""What a question is about: which of the objects of the report it names, or the one the report is about."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.adapters.offline.intents import plain
from bot.domain import IncidentReport
from tools.evidence import SeenObject

_WORD = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_AFTER = re.compile(
    r"\b(?:of|for|from|restart|bounce|revert|back)\s+(?:the\s+|my\s+|our\s+)?(?:pods?\s+|deployment\s+|service\s+|app\s+)?"
    r"([a-z0-9][a-z0-9-]{2,}[a-z0-9])"
)
_COMMON = """
    the this that these those pod pods deployment deployments service app last latest logs log events event
    namespace container what when which who why how did does is are was were show tell give get list see
    please for from with and back roll rollback restart revision version release again now previous history
    cluster node status change changes changed happened yesterday today beginner there here them they first
    failing broken crash crashed loop
"""
_NO_NAMES = frozenset(_COMMON.split())


@dataclass(frozen=True, slots=True)
class Named:
    """Kind, namespace and name of an object, read from ``Kind/namespace/name``."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


def read(ref: str) -> Named | None:
    """``Kind/namespace/name`` as its parts; anything else is None."""
    parts = ref.split("/")
    return Named(*parts) if len(parts) == 3 and all(parts) else None


class Subjects:
    """Every object that the report or the first pass names."""

    def __init__(self, report: IncidentReport, objects: Sequence[SeenObject]) -> None:
        self._report = report
        self.deployments = [each for each in objects if each.ref.kind == "Deployment"]
        self._known = list(dict.fromkeys(each for ref in _refs(report, objects) if (each := read(ref))))

    def deployment(self, question: str) -> SeenObject | None:
        """The deployment a question names, or the only sensible one when it names none."""
        names = {each.ref.name: each for each in self.deployments}
        if (name := named(question, names)) is not None:
            return names[name]
        if spoken(question) is not None:
            return None
        return self._obvious_deployment()

    def workload(self, question: str) -> Named | None:
        """The deployment to read about: a wrong guess does no harm here, so a name nobody saw is taken as it is."""
        found = self.deployment(question)
        if found is not None and found.ref.namespace:
            return Named("Deployment", found.ref.namespace, found.ref.name)
        known = {each.name: each for each in self._known if each.kind == "Deployment"}
        if (name := named(question, known)) is not None:
            return known[name]
        said, namespace = spoken(question), self.namespace(question)
        if said is not None and namespace is not None:
            return Named("Deployment", namespace, said)
        return next(iter(known.values()), None)

    def pod_named(self, question: str) -> Named | None:
        """The pod a question names in full."""
        text = plain(question)
        return next((each for each in self._known if each.kind == "Pod" and each.name in text), None)

    def failing_pod(self) -> Named | None:
        """A pod that failed when the report was made."""
        return next((each for ref in self._report.failing if (each := read(ref)) and each.kind == "Pod"), None)

    def namespace(self, question: str) -> str | None:
        """The namespace a question names, or the one the report is about."""
        spaces = {each.namespace: each.namespace for each in self._known}
        about = read(self._report.root_cause.subject) if self._report.root_cause else None
        return named(question, spaces) or self._report.namespace or (about.namespace if about else None)

    def _obvious_deployment(self) -> SeenObject | None:
        meant = [self._report.remediation.target, self._report.root_cause.subject if self._report.root_cause else None]
        for ref in meant:
            for each in self.deployments:
                if str(each.ref) == ref:
                    return each
        return self.deployments[0] if len(self.deployments) == 1 else None


def named(question: str, names: Iterable[str]) -> str | None:
    """The one name that the question holds, whole or in part; two that fit equally well are none."""
    text = plain(question)
    words = [each for each in _WORD.findall(text) if each not in _NO_NAMES and len(each) >= 3]
    known = list(dict.fromkeys(names))
    whole = [each for each in known if each in words]
    if whole:
        return max(whole, key=len)
    partly = [each for each in known if any(word in each.split("-") or each.startswith(f"{word}-") for word in words)]
    return partly[0] if len(partly) == 1 else None


def spoken(question: str) -> str | None:
    """A name somebody spelled out after "of", "for" and the like, known or not."""
    return next((each for each in _AFTER.findall(plain(question)) if each not in _NO_NAMES), None)


def _refs(report: IncidentReport, objects: Sequence[SeenObject]) -> Iterable[str]:
    yield from (str(each.ref) for each in objects)
    if report.root_cause is not None:
        yield report.root_cause.subject
    if report.remediation.target is not None:
        yield report.remediation.target
    yield from report.failing
    for issue in report.issues_found:
        yield issue.subject
        yield from (f"Pod/{issue.namespace}/{each}" for each in issue.affected_pods)
    yield from (each.ref for each in report.evidence)
