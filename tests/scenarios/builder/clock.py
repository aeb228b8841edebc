"""Times of a scenario, relative to the moment it is looked at: spans in words, stamps and lines of logs."""

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
SPAN = re.compile(r"(\d+(?:\.\d+)?)(d|h|m|s)")


def span(words: str) -> timedelta:
    """``"1h30m"``, ``"12m"``, ``"3d"``, ``"2.5s"`` or ``"0"``; anything else is a mistake of the author."""
    if words == "0":
        return timedelta()
    if not re.fullmatch(rf"(?:{SPAN.pattern})+", words):
        raise ValueError(f"not a span of time: {words!r}")
    return timedelta(seconds=sum(float(number) * UNITS[unit] for number, unit in SPAN.findall(words)))


def iso(at: datetime) -> str:
    """As Kubernetes prints it: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_micro(at: datetime) -> str:
    """As Kubernetes prints a MicroTime."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def stamp(at: datetime, style: str) -> str:
    """One time as a log writes it. Styles: iso, java, python, go, klog, access, postgres, mysql, epoch, syslog."""
    at = at.astimezone(UTC)
    milli = f"{at.microsecond // 1000:03d}"
    match style:
        case "iso":
            return at.strftime("%Y-%m-%dT%H:%M:%S.") + milli + "Z"
        case "java":
            return at.strftime("%Y-%m-%d %H:%M:%S.") + milli
        case "python":
            return at.strftime("%Y-%m-%d %H:%M:%S,") + milli
        case "go":
            return at.strftime("%Y/%m/%d %H:%M:%S")
        case "klog":
            return at.strftime("%m%d %H:%M:%S.%f")
        case "access":
            return at.strftime("%d/%b/%Y:%H:%M:%S +0000")
        case "postgres":
            return at.strftime("%Y-%m-%d %H:%M:%S.") + milli + " UTC"
        case "mysql":
            return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case "epoch":
            return f"{at.timestamp():.3f}"
        case "syslog":
            return at.strftime("%b %d %H:%M:%S")
    raise ValueError(f"not a style of stamps: {style!r}")


LINE = re.compile(r"^-((?:\d+(?:\.\d+)?[dhms])+|0)\|(.*)$")
BLANK = re.compile(r"<(int|float|hex|pick|ip):?([^<>]*)>|<t>")


def fitted(observed_at: datetime, script: str, begin: datetime | None, end: datetime | None) -> str:
    """A log script moved so that its last time is ``end``, without what then is before ``begin``; as it is without an end."""
    lines = script.strip("\n").splitlines()
    times = [observed_at - span(found[1]) for line in lines if (found := LINE.match(line))]
    if begin is None or end is None or not times:
        return script
    moved, kept, keep = end - max(times), [], True
    for line in lines:
        if found := LINE.match(line):
            at = observed_at - span(found[1]) + moved
            keep = at >= begin
            line = f"-{(observed_at - at).total_seconds():.0f}s|{found[2]}"
        kept += [line] if keep else []
    return "\n".join(kept)


def log_text(observed_at: datetime, script: str, style: str, seed: str) -> str:
    """Writes a log from a script.

    A line that begins with ``-14m30s|`` is at that time before the observation, with ``<t>`` replaced by the stamp;
    any other line stands as it is (the rest of a stack trace). ``<int:1-9>``, ``<float:0.1-2>``, ``<hex:8>``,
    ``<pick:a,b>`` and ``<ip>`` are drawn anew each time, the same on every run.
    """
    dice = random.Random(seed)
    written, at = [], datetime.min.replace(tzinfo=UTC)
    for line in script.strip("\n").splitlines():
        found = LINE.match(line)
        if found:
            at = max(at, observed_at - span(found[1])) + timedelta(microseconds=dice.randrange(1000, 400_000))
            line = found[2]
        written.append(BLANK.sub(partial(_fill, at, style, dice), line))
    return "\n".join(written) + "\n"


def _fill(at: datetime, style: str, dice: random.Random, blank: re.Match[str]) -> str:
    kind, rest = str(blank[1] or "t"), str(blank[2])
    match kind:
        case "t":
            return stamp(at, style)
        case "int":
            low, high = rest.split("-")
            return str(dice.randint(int(low), int(high)))
        case "float":
            low, high = rest.split("-")
            return f"{dice.uniform(float(low), float(high)):.3f}"
        case "hex":
            return "".join(dice.choice("0123456789abcdef") for _ in range(int(rest or "8")))
        case "pick":
            return dice.choice(rest.split(","))
    return f"10.{dice.randint(0, 63)}.{dice.randint(0, 255)}.{dice.randint(2, 254)}"


def chatter(begin: str, until: str, every: str, *lines: str) -> str:
    """Ordinary lines of a log script, in turn, from ``begin`` ago to ``until`` ago."""
    step, left, last = span(every).total_seconds(), span(begin).total_seconds(), span(until).total_seconds()
    written, turn = [], 0
    while left >= last:
        written.append(f"-{left:.0f}s|{lines[turn % len(lines)]}")
        left, turn = left - step, turn + 1
    return "\n".join(written) + "\n"


def course(
    observed_at: datetime, *marks: tuple[str, float], step: str = "1m", noise: float = 0.02
) -> list[list[object]]:
    """Points of a metric along straight lines between marks ``(ago, value)``, with some noise, the same each run."""
    dice = random.Random(repr(marks))
    return [
        [iso(at), round(value * (1 + dice.uniform(-noise, noise)), 4)]
        for at, value in _between([(observed_at - span(ago), value) for ago, value in marks], span(step))
    ]


def _between(marks: Sequence[tuple[datetime, float]], step: timedelta) -> Iterator[tuple[datetime, float]]:
    for (begin, low), (end, high) in itertools.pairwise(marks):
        at = begin
        while at < end:
            yield at, low + (high - low) * ((at - begin) / (end - begin))
            at += step
    yield marks[-1]
