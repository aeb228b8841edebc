"""What is said of a call: nothing against it, a change that is refused, or a change that the policy may allow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Which cluster a command would reach: the kubeconfig and context that it names, ``None`` where it names none."""

    kubeconfig: str | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that is one of the typed actions: its kind, its object, and what else it says (``to_revision`` …).

    ``place`` is ``None`` for an operation of a server, which has a cluster of its own.
    """

    kind: str
    namespace: str
    name: str
    place: Place | None = None
    details: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``refused``: every reason against. ``wanted``: changes to ask the policy about.

    ``known`` is false when a program was let through that nobody here knows: beside a wanted change that is not enough.
    """

    refused: tuple[str, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    known: bool = True

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(self.refused + other.refused, self.wanted + other.wanted, self.known and other.known)


READS = Verdict()
STRANGER = Verdict(known=False)


def refused(*reasons: str) -> Verdict:
    """A no with its reasons."""
    return Verdict(refused=reasons)


class Files(Protocol):
    """What is on the disk beside a command. A place that cannot be read answers ``None``."""

    def text(self, path: str) -> str | None:
        """The text of a small file."""

    def real_name(self, program: str) -> str | None:
        """The file name behind a path of a program, links followed."""

    def is_guarded(self, path: str) -> bool:
        """Whether it is a file that says what may be changed, or where."""


class NoFiles:
    """``Files`` of a disk with nothing on it."""

    def text(self, path: str) -> str | None:
        return None

    def real_name(self, program: str) -> str | None:
        return None

    def is_guarded(self, path: str) -> bool:
        return False
