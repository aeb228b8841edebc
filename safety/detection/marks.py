"""What stands in the place of something that went: a mask such as ``[EMAIL:3f9a]``.

The four digits are the beginning of an HMAC of the value, under a key of the process that is nowhere written down.
Equal values get equal masks, so a reader can still tell that two lines speak of the same thing; nobody can go back.
While rules run, a mask is one private character: to rules it is opaque, and a second run sees nothing new in it.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence

from safety.detection.line import KINDS
from safety.detection.rule import MARK_FIRST, MARK_LAST, MARKS

_A_MASK = re.compile(rf"\[(?:{'|'.join(sorted(KINDS, key=len, reverse=True))}):(?:[0-9a-f]{{4}}|redacted)\]")
_A_MARK = re.compile(f"[{MARKS}]")
# Our marks must not come from outside; half a surrogate pair and NUL are text that no store or socket takes.
_UNWANTED = re.compile(f"[{MARKS}\ud800-\udfff\x00]")
# An unseen character between two plain ones has no use but to break a word in two for whoever looks for it.
_UNSEEN = re.compile("(?<=[!-~])[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+(?=[!-~])")


class Marks:
    """The masks of one text. ``key`` is at least 16 bytes and secret."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._mark_of: dict[str, str] = {}
        self._mask_of: dict[str, str] = {}
        self._made: dict[tuple[str, str], str] = {}

    def of(self, kind: str, value: str) -> str:
        """The mark for a value; a value with marks in it is taken as it would be shown."""
        made = self._made.get((kind, value))
        if made is None:
            made = self._made[kind, value] = self._mark(mask(kind, self.shown(value), self._key))
        return made

    def _mark(self, text: str) -> str:
        mark = self._mark_of.get(text)
        if mark is None:
            if MARK_FIRST + len(self._mark_of) > MARK_LAST:
                raise OverflowError("more masks than marks")
            mark = chr(MARK_FIRST + len(self._mark_of))
            self._mark_of[text] = mark
            self._mask_of[mark] = text
        return mark

    def taken_up(self, text: str) -> str:
        """Text from outside, with masks of an earlier run as marks."""
        if not text.isascii():
            text = _UNSEEN.sub("", _UNWANTED.sub("\ufffd", text))
        elif "\x00" in text:
            text = text.replace("\x00", "\ufffd")
        return _A_MASK.sub(lambda match: self._mark(match[0]), text) if "[" in text else text

    def taken_up_all(self, lines: Sequence[str]) -> list[str]:
        """The same of many lines, each of which is looked at only where there is something to take up."""
        return [self.taken_up(each) if "[" in each or not each.isascii() or "\x00" in each else each for each in lines]

    def shown_all(self, lines: list[str]) -> list[str]:
        """The same of many lines."""
        return [self.shown(each) for each in lines] if self._mask_of else lines

    def shown(self, text: str) -> str:
        """Text with masks instead of marks."""
        if text.isascii():
            return text
        return _A_MARK.sub(lambda match: self._mask_of.get(match[0], "\ufffd"), text)


def mask(kind: str, value: str, key: bytes) -> str:
    """``[KIND:3f9a]``."""
    return f"[{kind}:{hmac.digest(key, value.encode(errors='replace'), hashlib.sha256)[:2].hex()}]"


def is_mask(text: str) -> bool:
    return _A_MASK.fullmatch(text) is not None
