"""What a parsed line consists of: words made of pieces, simple commands, pipelines and groups."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

# Stands in a word for text that only the running shell knows. No word of a shell can hold it.
UNKNOWN = "\0"
DEEPEST = 24


class Unreadable(Exception):
    """The line is not understood in full; the message says where it went wrong."""


@dataclass(frozen=True, slots=True)
class Text:
    """Letters as they are. Quoted ones are neither split nor expanded."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name`` or ``${name}``; with anything else inside the braces the value cannot be told (``name`` is empty).

    ``sets`` is the variable that ``${name:=…}`` gives a value to.
    """

    name: str
    quoted: bool
    sets: str = ""


@dataclass(frozen=True, slots=True)
class Inner:
    """``$(…)``, backquotes, ``<(…)`` and ``>(…)``: a script of its own inside a word."""

    script: tuple["Node", ...]
    is_fed: bool = False


Piece = Text | Variable | Inner


@dataclass(frozen=True, slots=True)
class Word:
    """One word before the shell expands it."""

    pieces: tuple[Piece, ...]

    def plain(self) -> str | None:
        """The word, if it is bare letters: only such a word can be a reserved one."""
        if any(not isinstance(each, Text) or each.quoted for each in self.pieces):
            return None
        return "".join(each.text for each in self.pieces if isinstance(each, Text))


@dataclass(slots=True)
class Redirection:
    """``>`` and its kin. A here-document gets its ``body`` when its lines have been read."""

    operator: str
    target: Word
    body: Word | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """``name=value``; ``is_whole`` is false for ``+=``, arrays and elements of arrays."""

    name: str
    value: Word
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Simple:
    """One program with its words, or assignments alone."""

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages, each feeding the next."""

    stages: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A compound command. ``words`` are those it looks at (a loop's list, a case's subject)."""

    kind: Literal["group", "loop", "function", "test"]
    body: tuple["Node", ...]
    words: tuple[Word, ...] = ()
    redirections: tuple[Redirection, ...] = ()
    names: tuple[str, ...] = field(default=())


Node = Simple | Pipeline | Group


def words_of(node: Node) -> Iterator[Word]:
    """The words that stand directly in a node, those of its redirections included."""
    match node:
        case Pipeline():
            return
        case Simple():
            yield from (each.value for each in node.assignments)
            yield from node.words
        case Group():
            yield from node.words
    for each in node.redirections:
        yield each.target
        if each.body is not None:
            yield each.body


def nodes_of(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Every node, those inside words included."""
    for node in nodes:
        yield node
        match node:
            case Pipeline():
                yield from nodes_of(node.stages)
            case Group():
                yield from nodes_of(node.body)
            case Simple():
                pass
        for word in words_of(node):
            for piece in word.pieces:
                if isinstance(piece, Inner):
                    yield from nodes_of(piece.script)
