"""A team's runbooks: files that say for which incidents they are, what to do, and what to leave alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bot.config import BadSetting
from bot.domain import IncidentReport
from bot.front_matter import FrontMatter, read_front_matter
from safety.actions import ACTION_KINDS
from safety.redaction import Redacted, Redactor
from tools.evidence import Category

_KEYS = frozenset({"title", "match", "skip_tools", "allowed_actions"})
_MATCHES = frozenset({"category", "kind", "namespace"})
_ACTIONS = frozenset(ACTION_KINDS)


@dataclass(frozen=True, slots=True)
class Runbook:
    """One file. An incident fits when each of the three lists that is not empty has what it is about.

    ``skip_tools`` are not offered to a model in such an incident. ``allowed_actions`` are all that may be proposed in
    it, within what the policy allows; None leaves that to the policy.
    """

    name: str
    title: Redacted
    steps: Redacted
    categories: frozenset[str]
    kinds: frozenset[str]
    namespaces: tuple[str, ...]
    skip_tools: frozenset[str]
    allowed_actions: frozenset[str] | None

    def fits(self, report: IncidentReport) -> bool:
        cause = report.root_cause
        if cause is None:
            return False
        kind, _, rest = cause.subject.partition("/")
        namespace = rest.split("/")[0] if "/" in rest else ""
        return (
            (not self.categories or cause.category.value in self.categories)
            and (not self.kinds or kind in self.kinds)
            and (not self.namespaces or any(fnmatchcase(namespace, each) for each in self.namespaces))
        )

    @property
    def narrowness(self) -> tuple[int, int]:
        """The more a file asks for, the more it is meant: then the one with fewer categories."""
        asked = sum(map(bool, (self.categories, self.kinds, self.namespaces)))
        return asked, -len(self.categories)

    def against(self, kind: str) -> str | None:
        """Why this kind of change is not proposed where the runbook holds, or None."""
        if self.allowed_actions is None or kind in self.allowed_actions:
            return None
        allowed = ", ".join(sorted(self.allowed_actions)) or "no change at all"
        return f"the runbook “{self.title}” allows only {allowed} here"


class Runbooks:
    """All files of a folder."""

    def __init__(self, books: Sequence[Runbook] = ()) -> None:
        self._books = tuple(books)

    def __len__(self) -> int:
        return len(self._books)

    def fitting(self, report: IncidentReport) -> Runbook | None:
        """The narrowest that fits; of equals the first by name."""
        found = [each for each in self._books if each.fits(report)]
        return max(found, key=lambda each: each.narrowness, default=None)


def read_runbooks(folder: Path, tools: Iterable[str], redactor: Redactor) -> Runbooks:
    """Every ``*.md`` of the folder but its README, by name. A missing folder holds none.

    Raises ``BadSetting`` with file and line where one cannot be used.
    """
    known = frozenset(tools)
    paths = sorted(each for each in folder.glob("*.md") if each.name != "README.md")
    return Runbooks([_runbook(read_front_matter(each), known, redactor) for each in paths])


def _runbook(file: FrontMatter, tools: frozenset[str], redactor: Redactor) -> Runbook:
    file.only(_KEYS)
    match = file.settings.get("match")
    if not isinstance(match, dict) or not match or set(match) - _MATCHES:
        raise file.fault("match", f"has to say for what it is: any of {', '.join(sorted(_MATCHES))}")
    if not file.body:
        raise BadSetting(f"{file.path}: the steps are missing; write them below the settings")
    asked = {name: _names(file, "match", match.get(name)) for name in _MATCHES}
    _known(file, "match", asked["category"], {each.value for each in Category}, "a category")
    skipped = _names(file, "skip_tools", file.settings.get("skip_tools"))
    _known(file, "skip_tools", skipped, tools, "a read tool")
    allowed = file.settings.get("allowed_actions")
    actions = None if allowed is None else frozenset(_names(file, "allowed_actions", allowed))
    _known(file, "allowed_actions", actions or (), _ACTIONS, "an action")
    title = file.settings.get("title", file.path.stem.replace("-", " "))
    return Runbook(
        file.path.stem,
        redactor.text(str(title)),
        redactor.text(file.body),
        frozenset(asked["category"]),
        frozenset(asked["kind"]),
        tuple(asked["namespace"]),
        frozenset(skipped),
        actions,
    )


def _names(file: FrontMatter, key: str, value: Any) -> list[str]:
    several = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not all(isinstance(each, str) for each in several):
        raise file.fault(key, "has to be a name or a list of names")
    return several


def _known(file: FrontMatter, key: str, names: Iterable[str], known: Iterable[str], what: str) -> None:
    among = frozenset(known)
    for name in names:
        if name not in among:
            raise file.fault(key, f"{name} is not {what}; there are {', '.join(sorted(among))}")
