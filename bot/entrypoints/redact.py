"""``python -m bot redact``: what is read comes out again without its secrets, one line for each, as it comes in."""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from safety.detection.documents import is_key_line
from safety.detection.passage import Open
from safety.redaction import Redactor

LONGEST = 8 << 20
_READ = 1 << 16
_MOST_HELD = 2000
# Bytes that are no UTF-8, and NUL, wait on private characters while rules run, and come out as they were.
_RAW = {0xDC00 + byte: 0xF0000 + byte for byte in range(0x80, 0x100)} | {0: 0xF0000}
_BACK = {private: raw for raw, private in _RAW.items()}
_HAS_RAW = re.compile("[\x00\udc80-\udcff]")
_DOCUMENT = re.compile(r"(?:---|[ -]*\"?apiVersion\"?:|[ ]*\{$)")
_FIELD = re.compile(r"[ -]*\"?(?:data|stringData)\"?:[ ]*\{?\r?$")


def redact_stream(source: BinaryIO, sink: BinaryIO, redactor: Redactor) -> None:
    """Until the end of ``source``. A line longer than ``LONGEST`` bytes is withheld whole, and so is all that a fault
    of a rule hits; nothing passes unseen. Lines are held back only where those that follow decide: below the head of
    a manifest, and where base64 fills whole lines.
    """
    state, held = Open(), list[bytes]()
    for lines in _pieces(source):
        held += lines
        ready = _decided(held)
        _write(sink, _redacted(held[:ready], redactor, state))
        held = held[ready:]
    # What the last newline is followed by: nothing, mostly.
    _write(sink, _redacted(held, redactor, state))


def _pieces(source: BinaryIO) -> Iterator[list[bytes]]:
    """Whole lines with their ends, as many as arrived at once; an overlong one as a stand-in of its first bytes."""
    rest, is_overlong = b"", False
    read = getattr(source, "read1", source.read)
    while piece := read(_READ):
        *whole, rest = (rest + piece).split(b"\n")
        lines = [each + b"\n" for each in whole]
        if lines and is_overlong:
            lines[0], is_overlong = _OVERLONG + b"\n", False
        if is_overlong or len(rest) > LONGEST:
            rest, is_overlong = b"", True
        if lines:
            yield lines
    if rest or is_overlong:
        yield [_OVERLONG if is_overlong else rest]


_OVERLONG = b"\xf5[too long]"  # no UTF-8 begins so, and a line that is truly this goes as well


def _decided(held: Sequence[bytes]) -> int:
    """How many lines can go out now: those below which nothing can change what they are."""
    if len(held) > _MOST_HELD:
        return len(held)
    texts = [each.decode(errors="replace").rstrip("\r\n") for each in held[-_MOST_HELD:]]
    ready = len(texts)
    while ready and len(texts[ready - 1].strip()) >= 40 and is_key_line(texts[ready - 1]):
        ready -= 1
    start = max((at for at, each in enumerate(texts) if _DOCUMENT.match(each)), default=0)
    field = next((at for at in range(start, len(texts)) if _FIELD.match(texts[at])), None)
    if field is not None:
        ready = min(ready, start if _DOCUMENT.match(texts[start]) else field)
    return ready


def _redacted(lines: Sequence[bytes], redactor: Redactor, state: Open) -> Iterator[bytes]:
    texts, ends, raw = [], [], []
    for line in lines:
        body = line.rstrip(b"\n")
        text = body.decode(errors="surrogateescape")
        is_raw = _HAS_RAW.search(text) is not None
        texts.append(text.translate(_RAW) if is_raw else text)
        raw.append(is_raw)
        ends.append(line[len(body) :])
    for line, text, end, is_raw in zip(lines, redactor.lines(texts, state), ends, raw, strict=True):
        if line.startswith(_OVERLONG):
            yield f"[WITHHELD: a line longer than {LONGEST >> 20} MB]".encode() + end
        else:
            shown = text.translate(_BACK) if is_raw else str(text)
            yield shown.encode(errors="surrogateescape") + end


def _write(sink: BinaryIO, lines: Iterator[bytes]) -> None:
    sink.write(b"".join(lines))
    sink.flush()
