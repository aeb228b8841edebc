"""Reads the end of a container's log out of a dump, however long the file is."""

import mmap
import re
from datetime import datetime
from pathlib import Path

from tools.adapters.cluster_dump.files import LOGS
from tools.objects import at
from tools.world import LogOptions

_SEGMENT = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._:]*")
_STAMP = re.compile(r"[^\w]{0,2}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\d*(?:Z|[-+]\d\d:?\d\d)?)")
_NO_LOG = re.compile(r"(?:Create log request error|Request log error): ")


def read_log(folder: Path, namespace: str, pod: str, container: str, options: LogOptions, now: datetime) -> str | None:
    """The newest lines within the bounds; None when the dump holds no such log.

    ``since`` holds where lines begin with a time, and is left alone where they do not.
    """
    if not all(_SEGMENT.fullmatch(each) for each in (namespace, pod, container)):
        return None
    data = _tail_of(folder, namespace, pod, container, options)
    if data is None:
        return None
    text = data.decode(errors="replace").replace("\r\n", "\n").removesuffix("\n")
    lines = text.split("\n") if text else []
    if options.since is not None:
        lines = _since(lines, now - options.since)
    lines = lines[-options.tail_lines :] if options.tail_lines else []
    return "".join(f"{each}\n" for each in lines)


def _tail_of(folder: Path, namespace: str, pod: str, container: str, options: LogOptions) -> bytes | None:
    ending = ".previous.log" if options.previous else ".log"
    own = _inside(folder, folder / LOGS / f"{namespace}__{pod}__{container}{ending}")
    if own is not None:
        size = own.stat().st_size
        with own.open("rb") as file:
            start = max(0, size - options.limit_bytes)
            file.seek(start)
            return _whole_lines(file.read(options.limit_bytes), is_cut=start > 0)
    # kubectl writes what runs now of all containers into one file, and nothing of those that ran before.
    joint = None if options.previous else _inside(folder, folder / namespace / pod / "logs.txt")
    return _section(joint, f"container {container} of pod {namespace}/{pod}", options.limit_bytes) if joint else None


def _inside(folder: Path, path: Path) -> Path | None:
    """The file if it is a plain one below the folder: a dump's links lead nowhere else."""
    found = path.resolve()
    return found if found.is_file() and found.is_relative_to(folder.resolve()) else None


def _section(path: Path, whose: str, limit: int) -> bytes | None:
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        opening = f"==== START logs for {whose} ====".encode()
        begins = held.find(opening)
        if begins < 0:
            return None
        begins = held.find(b"\n", begins) + 1 or len(held)
        ends = held.find(f"==== END logs for {whose} ====".encode(), begins)
        ends = len(held) if ends < 0 else ends
        start = max(begins, ends - limit)
        data = _whole_lines(held[start:ends], is_cut=start > begins)
    return None if _NO_LOG.match(data.decode(errors="replace")) else data


def _whole_lines(data: bytes, is_cut: bool) -> bytes:
    """Without the half line that a cut leaves at the start, unless that line is all there is."""
    _, newline, rest = data.partition(b"\n")
    return rest if is_cut and newline and rest else data


def _since(lines: list[str], cutoff: datetime) -> list[str]:
    stamps = [
        at(found[1].replace(",", ".").replace(" ", "T")) if (found := _STAMP.match(each)) else None for each in lines
    ]
    if not any(stamps):
        return lines
    # Lines without a time, such as those of a stack trace, belong to the line before them.
    first = next((index for index, each in enumerate(stamps) if each is not None and each >= cutoff), len(lines))
    return lines[first:]
