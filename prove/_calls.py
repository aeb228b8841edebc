"""Calls of tools as the samples hold them, and ways to spell one line of shell so that it still means the same."""

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_SAMPLES = Path(__file__).resolve().parents[1] / "tests" / "samples" / "hook"

_DESTRUCTIVE = (
    *("destructive", "destructive-calls", "blind-destructive", "more-destructive"),
    *("later-destructive", "later-destructive-calls"),
)
_HARMLESS = ("harmless", "harmless-calls", "blind-harmless", "more-harmless", "later-harmless", "later-harmless-calls")


@dataclass(frozen=True, slots=True)
class Sample:
    """One call as the hook reads it, and why it has to be stopped (``""`` if it has not)."""

    call: bytes
    why: str = ""
    line: str = ""


def bash(line: str, why: str = "") -> Sample:
    """A line of shell as a call."""
    return Sample(json.dumps({"tool_name": "Bash", "tool_input": {"command": line}}).encode(), why, line)


def destructive(name: str) -> Iterator[Sample]:
    """The lines or calls of a file, each under ``== why``."""
    text = (_SAMPLES / name).read_text(encoding="utf-8")
    for block in re.split(r"(?m)^== ", text)[1:]:
        why, _, body = block.partition("\n")
        body = body.rstrip("\n")
        yield Sample(body.encode(), why) if name.endswith("calls.txt") else bash(_visible(body), why)


def harmless(name: str) -> Iterator[Sample]:
    """The lines or calls of a file, one each; a here-document takes the lines up to its end."""
    lines = iter((_SAMPLES / name).read_text(encoding="utf-8").splitlines())
    for line in lines:
        if not line or line.startswith("== "):
            continue
        document = re.search(r"(?<!<)<<-?\s*'?(\w+)'?", line)
        while document and (more := next(lines)):
            line += "\n" + more
            if more == document[1]:
                break
        yield Sample(line.encode()) if name.endswith("calls.txt") else bash(_visible(line))


def written_down() -> tuple[list[Sample], list[Sample]]:
    """Every sample: those that destroy, and those that do not."""
    bad = [sample for each in _DESTRUCTIVE for sample in destructive(f"{each}.txt")]
    return bad, [sample for each in _HARMLESS for sample in harmless(f"{each}.txt")]


def _visible(text: str) -> str:
    """Letters that nobody could see in a file are written there as ``\\u{200b}``."""
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), text)


# ---- other spellings ------------------------------------------------------------------------------------------------


def spelled(words: tuple[str, ...], rng: random.Random) -> str:
    """A line that runs just these words, among others that do nothing."""
    line = " ".join(_word(each, rng) for each in words)
    line = rng.choice((line, line, f"2>&1 {line}", f"{line} >/dev/null"))
    for _ in range(rng.choice((0, 1, 1, 2))):
        line = rng.choice(_AROUND)(line, rng)
    return line


def _word(word: str, rng: random.Random) -> str:
    if re.search(r"[^\w./:=@,-]", word):
        return _quoted(word)
    return rng.choice(_WORDS)(word, rng)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _split(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word) + 1)
    return f'{word[:at]}"{word[at:]}"' if rng.random() < 0.5 else f"{_quoted(word[:at])}{word[at:]}"


def _escaped(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return f"{word[:at]}\\{word[at:]}"


def _ansi(word: str, rng: random.Random) -> str:
    letters = (rng.choice((char, f"\\x{ord(char):02x}", f"\\{ord(char):03o}", f"\\u{ord(char):04x}")) for char in word)
    return "$'" + "".join(letters) + "'"


def _continued(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return f"{word[:at]}\\\n{word[at:]}"


_WORDS: tuple[Callable[[str, random.Random], str], ...] = (
    lambda word, rng: word,
    lambda word, rng: word,
    lambda word, rng: f'"{word}"',
    lambda word, rng: _quoted(word),
    _split,
    _escaped,
    _ansi,
    _continued,
)
_AROUND: tuple[Callable[[str, random.Random], str], ...] = (
    lambda line, rng: f"true && {line}",
    lambda line, rng: f"false || {line}",
    lambda line, rng: f"echo start; {line}",
    lambda line, rng: f"ls\n{line}",
    lambda line, rng: f"{{ {line}\n}} | cat",
    lambda line, rng: f"{{ {line}\n}} 2>/dev/null",
    lambda line, rng: f"( {line}\n)",
    lambda line, rng: f"if true; then {line}\nfi",
    lambda line, rng: f"if ! {line}\nthen echo no; fi",
    lambda line, rng: f'echo "$( {line}\n)"',
    lambda line, rng: f"X=$( {line}\n)",
    lambda line, rng: f"cat <( {line}\n)",
    lambda line, rng: f"# first\n{line}\n# last\n",
    lambda line, rng: f"timeout {rng.randrange(5, 90)} bash -c {_quoted(line)}",
    lambda line, rng: f"bash -euo pipefail -c {_quoted(line)}",
    lambda line, rng: f"eval {_quoted(line)}",
    lambda line, rng: f"sh <<'END'\n{line}\nEND\n" if "END" not in line else line,
    lambda line, rng: f"bash <<< {_quoted(line)}",
    lambda line, rng: f"echo {_quoted(line)} | bash" if "\\" not in line else line,
    lambda line, rng: f"case a in a) {line}\n;; *) true;; esac",
    lambda line, rng: f"while true; do {line}\nbreak; done",
    lambda line, rng: f"f() {{ {line}\n}}; f",
    lambda line, rng: f"time {line}",
    lambda line, rng: f"cat <<END\n$( {line}\n)\nEND\n" if "END" not in line else line,
)
