"""Which line of a file sets a value: settings as a cluster has them, found in YAML, JSON, .env and such by rules."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A file that is longer is generated, and nobody set the value there by hand.
MOST_LINES = 5_000
_KEY = re.compile(r"""^\s*(?:-\s+|export\s+|ENV\s+)*["']?([A-Za-z_][\w./-]*)["']?\s*[:=]\s*(.*)$""")
_NAMED = re.compile(r"""^\s*-?\s*["']?name["']?\s*[:=]\s*["']?([\w.-]+)""")
_FILE = re.compile(r"^\+\+\+ (?:b/)?(\S.*)$")
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_INLINE = re.compile(r"""([\w-]+)["']?\s*[:=]\s*\{""")
_OUTER = frozenset({"limits", "requests", "livenessProbe", "readinessProbe", "startupProbe"})
_INDENT = re.compile(r"^[ ]*(?:- )?")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and the names it may stand behind; ``within`` are names of what may enclose it, to tell it from others.

    ``what`` says it to people, such as ``memory limit``. Raw and untrusted, as it comes from the cluster.
    """

    what: str
    value: str
    keys: tuple[str, ...]
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAt:
    """Where a setting is written: ``line`` counts from 1, ``ref`` is a commit or branch, ``url`` a page that shows it.

    Without a ``url`` it was read in the record of a change and not in the repository; a record may lack the line.
    """

    setting: Setting
    repository: str
    path: str
    line: int | None
    text: str
    ref: str | None = None
    url: str | None = None

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class _Line:
    """One line with its number in the file, and whether a change added it."""

    number: int
    text: str
    added: bool = True


def line_that_sets(text: str, setting: Setting) -> tuple[int, str] | None:
    """The number of the line in a whole file, and the line; None where nothing sets it or several do alike."""
    lines = [_Line(number, each) for number, each in enumerate(text.splitlines()[:MOST_LINES], 1)]
    found = _best(lines, setting)
    return (found.number, found.text.strip()) if found is not None else None


def set_in_diff(diff: str, setting: Setting, files: Sequence[str] = ()) -> tuple[str, int | None, str] | None:
    """Path, line in the new file, and the line: of what a unified diff adds, the first file that sets the value.

    A piece of a diff without its headers is that of the change's only file, at a line that nobody knows.
    """
    if "+++ " not in diff and "@@" not in diff:
        added = [_Line(0, each[1:], each.startswith("+")) for each in diff.splitlines() if not each.startswith("-")]
        found = _best(added, setting) if len(files) == 1 else None
        return (files[0], None, found.text.strip()) if found is not None else None
    for path, lines in _files(diff):
        found = _best(lines, setting)
        if found is not None:
            return path, found.number, found.text.strip()
    return None


def _files(diff: str) -> Iterator[tuple[str, list[_Line]]]:
    path, number, lines = "", 0, list[_Line]()
    for each in diff.splitlines():
        if named := _FILE.match(each):
            if path:
                yield path, lines
            path, number, lines = named[1], 0, []
        elif hunk := _HUNK.match(each):
            number = int(hunk[1])
        elif number and not each.startswith(("-", "\\")):
            lines.append(_Line(number, each[1:], each.startswith("+")))
            number += 1
    if path:
        yield path, lines


def _best(lines: Sequence[_Line], setting: Setting) -> _Line | None:
    """The one that fits best; where two fit equally well nobody can tell which of them it is."""
    scored = [
        (points, each) for index, each in enumerate(lines) if each.added and (points := _fit(lines, index, setting))
    ]
    if not scored:
        return None
    most = max(points for points, _ in scored)
    best = [each for points, each in scored if points == most]
    return best[0] if len(best) == 1 else None


def _fit(lines: Sequence[_Line], index: int, setting: Setting) -> int:
    """0 where the line does not set it; else the more, the more of what encloses it fits."""
    shown = re.sub(r"(?:^|\s)#.*$", "", lines[index].text)
    found = _pair(setting.value).search(shown)
    if found is None:
        return 0
    path = found[1].split(".")
    key = path[-1]
    if key == "value":
        key = _name_beside(lines, index) or key
    if key not in setting.keys:
        return 0
    around = {*_around(lines, index), *path, *_INLINE.findall(shown[: found.start()])}
    if setting.within and around & _OUTER:
        return 3 if around & set(setting.within) else 0
    return 2 if not setting.within or around & set(setting.within) else 1


def _pair(value: str) -> re.Pattern[str]:
    """A name and this value, alone or as the end of a name such as that of an image, with nothing behind it."""
    quoted = rf"""["']?(?:[\w./:@-]{{1,200}}[:@])?{re.escape(value)}["']?"""
    return re.compile(rf"""(?<![\w.-])["']?([A-Za-z_][\w./-]{{0,80}})["']?\s*[:=]\s*{quoted}(?=\s*(?:[,;}}\])]|$))""")


def _name_beside(lines: Sequence[_Line], index: int) -> str | None:
    """The name in the same item of a list, as variables are written: the line before or after."""
    for near in (index - 1, index + 1):
        named = _NAMED.match(lines[near].text) if 0 <= near < len(lines) else None
        if named is not None:
            return named[1]
    return None


def _around(lines: Sequence[_Line], index: int) -> Iterator[str]:
    """The names of what encloses a line, the nearest first, by their indentation."""
    depth = _depth(lines[index].text)
    for each in reversed(lines[:index]):
        if not each.text.strip() or _depth(each.text) >= depth:
            continue
        depth = _depth(each.text)
        named = _KEY.match(each.text) or re.match(r"""^\s*["']?([\w.-]+)["']?\s*[:{]""", each.text)
        if named is not None:
            yield named[1]
        if depth == 0:
            return


def _depth(text: str) -> int:
    found = _INDENT.match(text)
    return found.end() if found else 0
