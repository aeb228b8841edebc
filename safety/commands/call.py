"""One program that is about to be started, as its model sees it, and how models ask about what it starts in turn."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from safety.commands.verdict import STRANGER, Files, Verdict, refused
from safety.shell import UNKNOWN

DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is the same for every command of one line.

    ``line`` judges a text as a line of shell, ``words`` the words of one program. ``is_remote`` means that the line
    runs on another machine, where no program is a harmless local one. ``through`` are the programs that start this
    one, the outermost first. ``stdin`` is what the whole line is fed; ``written`` are the files it writes itself, and
    ``folders`` those it goes to.
    """

    files: Files
    line: Callable[["Surroundings", str], Verdict]
    words: Callable[["Call"], Verdict]
    is_remote: bool = False
    depth: int = 0
    through: tuple[str, ...] = ()
    stdin: str | None = None
    written: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()

    def text_of(self, path: str) -> str | None:
        """A file that the line names, looked for wherever the line goes to."""
        places = (path, *(posixpath.normpath(posixpath.join(each, path)) for each in self.folders))
        return next((text for each in places if (text := self.files.text(each)) is not None), None)


@dataclass(frozen=True, slots=True)
class Call:
    """A program's name, folded and without its path, and its words. ``stdin`` is as in ``shell.Command``.

    ``assigned`` are the variables set for it alone, ``path`` is its name as it was written.
    """

    name: str
    args: tuple[str, ...]
    around: Surroundings
    stdin: str | None = None
    assigned: Mapping[str, str] = field(default_factory=dict)
    path: str = ""

    def runs_line(self, text: str, is_remote: bool = False, *, is_fed: bool = True) -> Verdict:
        """The verdict on a text that this program hands to a shell, which is fed what this program is fed."""
        if UNKNOWN in text and not text.strip(UNKNOWN + " \n;"):
            return refused(f"{self.name} would run text that is not known before it runs")
        around = replace(self._deeper(is_remote), stdin=self.stdin if is_fed else None)
        return self.around.line(around, text)

    def runs_words(self, words: tuple[str, ...], is_remote: bool = False) -> Verdict:
        """The verdict on a program that this one starts."""
        if not words:
            return STRANGER
        return self.around.words(Call(words[0], words[1:], self._deeper(is_remote), self.stdin, self.assigned))

    def _deeper(self, is_remote: bool) -> Surroundings:
        around = self.around
        return replace(
            around,
            depth=around.depth + 1,
            through=(*around.through, self.name),
            is_remote=around.is_remote or is_remote,
        )
