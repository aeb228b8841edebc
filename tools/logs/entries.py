"""Lines put together: a stack trace belongs to the line that began it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tools.logs.lines import Line, read_line
from tools.logs.reading import Entry, Level
from tools.logs.stamps import KUBELET, moment_of

HEAD_LINES = 120
TAIL_LINES = 80
_EXCEPTION = re.compile(
    r"(?<![\w.$])(?:[A-Za-z_$][\w$]{0,80}[.:\\]{1,2}){0,12}(?:[A-Z][\w$]{0,80})?(?:Error|Exception|Exit|Interrupt|"
    r"Fault|"
    r"Warning|NotFound|Refused|Timeout|Failure|Unauthorized|Expired)\b"
)
_JAVA = re.compile(
    r"(?:\s{0,8}at [\w$.<>/@ ]{1,300}\(|Caused by: |\s{0,8}\.\.\. \d{1,5} (?:more|common)|\s{0,8}Suppressed: )"
)
_BEGINS_FREE = re.compile(
    r"panic: |fatal error: (?:all goroutines|concurrent map|stack|unexpected signal|runtime|out of memory)|"
    r"thread '[^']{0,80}' (?:\(\d{1,20}\) )?panicked at |runtime: |SIG[A-Z]{3,5}: |APPLICATION "
    r"FAILED TO START|"
    r"(?:/|file:|node:|[A-Za-z]:\\)[^\s:]{1,300}:\d{1,6}$|PHP Fatal error|#\s?A fatal error has been detected|"
    r"<--- Last few GCs|Unhandled exception|\*\*\* Terminating app"
)
_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = ("The above exception was the direct cause", "During handling of the above exception")
_FRAME = re.compile(r"\s{0,12}(?:at |File \"|from |\.{3} \d|#\d{1,4} |\^|~|\d{1,4}: )")
_LOUD = re.compile(
    r"(?:panic|fatal|uncaught|unhandled|aborted|aborting|segmentation fault|traceback|emerg|killed)\b|"
    r"(?:[\w$-]{1,40}[:!] |\[[\w -]{1,20}\] |(?!no|with|zero)[\w-]{1,20} )?(?:error|err|err!|exception|failure|"
    r"failed)"
    r"(?:[:!\]]| (?:while|in|when|reading|loading|connecting|opening|creating|processing|during|occurred|parsing|"
    r"starting|"
    r"to|at|on line|code)\b)|"
    r"(?:[\w$-]{1,40}[:!] |\[[\w -]{1,20}\] )?(?:fatal\b|panic:|failed to|cannot|could not|can't|unable to|"
    r"uncaught)\b",
    re.IGNORECASE,
)
_LEVEL_AFTER_GAP = re.compile(r"[ \t]{1,4}(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)\b")
_ENDS_FREE = re.compile(r"Node\.js v\d|exit status \d")
_NEW_LIFE = re.compile(r"(?:starting|started|listening|booting|restarting)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Open:
    """An entry that is being put together. ``free``: all lines without a head belong to it, whatever they look "
    "like."""

    first: Line
    at: datetime | None
    stamp: str
    lines: list[str]
    in_traceback: bool = False
    free: bool = False
    ended: bool = False
    left_out: int = 0
    exceptions: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        if len(self.lines) >= HEAD_LINES + TAIL_LINES:
            del self.lines[HEAD_LINES]
            self.left_out += 1
        self.lines.append(text)


def entries_of(raw: Sequence[str], now: datetime | None) -> tuple[Entry, ...]:
    """The entries of these lines, in their order."""
    stamped = bool(raw) and all(KUBELET.match(each) for each in raw if each.strip())
    done: list[_Open] = []
    blank = 0
    for each in raw:
        outer = KUBELET.match(each) if stamped else None
        line = read_line(_after_stamp(each, outer) if outer else each, now)
        if not line.text.strip():
            blank += 1
            continue
        current = done[-1] if done else None
        if current is not None and _belongs(current, line, blank):
            _join(current, line)
        else:
            done.append(_begin(line, outer[0] if outer else "", now))
        blank = 0
    return tuple(_closed(number, each) for number, each in enumerate(done))


def _after_stamp(raw: str, stamp: re.Match[str]) -> str:
    """The line without its stamp. A level that some loggers put to the right of a gap is no indented continuation."""
    rest = raw[stamp.end() :]
    return rest.lstrip() if _LEVEL_AFTER_GAP.match(rest) else rest


def _begin(line: Line, stamp: str, now: datetime | None) -> _Open:
    opened = _Open(line, moment_of(stamp.strip(), now) or line.at, stamp, [line.text])
    opened.free = _BEGINS_FREE.search(line.text, 0, 400) is not None
    opened.in_traceback = line.text.endswith(_TRACEBACK)
    return opened


def _belongs(current: _Open, line: Line, blank: int) -> bool:
    text = line.text
    if line.is_header and not text[:1].isspace() and not (current.free and line.at is None):
        return False
    is_bad = current.first.level is not None and current.first.level >= Level.WARN
    if text.startswith((*_CHAINED, _TRACEBACK)):
        if text.startswith(_TRACEBACK) and _is_told_to_its_end(current):
            return False
        return (is_bad and not blank) or bool(current.exceptions) or current.in_traceback
    if (current.free and not current.ended) or current.in_traceback or _JAVA.match(text):
        return _NEW_LIFE.match(text) is None
    return (text[:1].isspace() and not blank) or _is_rest_of_trace(current, text, is_bad, blank)


def _is_told_to_its_end(current: _Open) -> bool:
    """Whether a Python traceback is over, and no line says that the next one belongs to it."""
    return bool(current.exceptions) and not current.in_traceback and not current.lines[-1].startswith(_CHAINED)


def _is_rest_of_trace(current: _Open, text: str, is_bad: bool, blank: int) -> bool:
    """A line at the margin that still is part of a trace: the exception's name, a closing brace, pydantic's "
    "fields."""
    if current.exceptions and text[0] in "}])":
        return True
    if current.exceptions and "validation error" in current.exceptions[-1]:
        return True
    found = _EXCEPTION.match(text)
    # Spring leaves a blank line before the exception; only a full class name is taken across one.
    return is_bad and len(current.lines) == 1 and found is not None and (not blank or found[0].count(".") > 1)


def _join(current: _Open, line: Line) -> None:
    text = line.text
    current.add(text)
    if text.endswith(_TRACEBACK):
        current.in_traceback = True
    elif current.in_traceback and not text[0].isspace() and not text.startswith(_CHAINED):
        # The line at the margin that ends a traceback names the exception.
        current.exceptions.append(text)
        current.in_traceback = False
    elif (found := _EXCEPTION.search(text, 0, 300)) is not None and not _FRAME.match(text) and found.start() < 40:
        current.exceptions.append(text.strip())
    if _BEGINS_FREE.search(text, 0, 400) is not None:
        current.free = True
    current.ended = current.ended or _ENDS_FREE.match(text) is not None


def _closed(number: int, opened: _Open) -> Entry:
    first = opened.first
    if opened.left_out:
        opened.lines.insert(HEAD_LINES, f"… {opened.left_out} lines left out")
    headline, root = _headline(opened)
    is_trace = bool(opened.exceptions) or opened.free or any(_FRAME.match(each) for each in opened.lines[1:])
    level = first.level
    if level is None:
        loud = (is_trace and len(opened.lines) > 1) or _LOUD.match(first.message) or _EXCEPTION.match(first.message)
        level = Level.ERROR if loud else Level.INFO
    return Entry(
        number=number,
        text="\n".join(opened.lines),
        first_line=opened.stamp + first.text,
        message=first.message,
        headline=opened.stamp + headline,
        level=max(level, Level.ERROR) if opened.free else level,
        is_level_told=first.level is not None,
        at=opened.at,
        root=root if root and root not in headline else None,
        is_trace=is_trace,
    )


def _headline(opened: _Open) -> tuple[str, str | None]:
    """The line that says most, and the innermost cause when it is another one."""
    first, found = opened.first.text, opened.exceptions
    lines = opened.lines
    if _TRACEBACK in first or any(each.startswith(_TRACEBACK) for each in lines[1:]):
        # Python prints the cause first and what came of it after.
        own = found[-1] if found else lines[-1]
        return (own if first.endswith(_TRACEBACK) else first), (found[0] if found else None)
    causes = [each.strip() for each in lines if each.lstrip().startswith(("Caused by:", "---> ", "[cause]:"))]
    if re.match(r"(?:/|file:|node:)\S{1,300}:\d{1,6}$", first):
        return (found[0] if found else first), (causes[-1] if causes else None)
    if "panicked at" in first and first.endswith(":") and len(lines) > 1:
        return f"{first} {lines[1].strip()}", None
    if "APPLICATION FAILED TO START" in "\n".join(lines[:3]):
        said = [each for each in lines[1:] if not each.startswith(("*", "Description:", "APPLICATION"))]
        return (said[0] if said else first), None
    if first.startswith("{") and opened.first.message:
        # Of a JSON line what it says; the rest would push that out of what can be shown.
        level = f"{opened.first.level.name} " if opened.first.level is not None else ""
        first = level + opened.first.message.splitlines()[0]
    return first, (causes[-1] if causes else _sole(found, first))


def _sole(found: list[str], first: str) -> str | None:
    return found[0] if found and found[0] not in first else None
