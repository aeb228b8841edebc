"""Goes through lines in order: rules on each line that calls for them, and what goes on over several lines.

As many lines come out as went in. What is open at the end of one passage (a private key, a block of YAML) is kept for
the next, so that a stream can be read piece by piece.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from safety.detection.documents import END, is_key_line, key_content, manifest_spans
from safety.detection.line import BROKEN_OFF, Look, TooMuch, look_again, looks_at, spans_in
from safety.detection.marks import Marks
from safety.detection.rule import MARK_FIRST, MARK_LAST, Span
from safety.detection.values import is_placeholder
from safety.withheld import BUDGET, Withheld

_PASSES = 8
_PATIENCE = 3
_ESCAPED_END = re.compile(r"((?:\\+r)?\\+n)")
_VALUE_LINE = re.compile(
    r"^(?P<lead>[ ]*\"?(?:value|Value)\"?:[ ]*\"?)(?P<value>[^\s\"'${<\[|>][^\r\n]*?)(?P<tail>\"?,?[ ]*\r?)$"
)
# The same as a dump of PHP and a property list have it.
_STRING_LINE = re.compile(
    r"^(?P<lead>[ \t]*(?:string\(\d{1,6}\)[ ]\"|<string>))(?P<value>[^<\"\n]{1,4096})(?P<tail>(?:\"|</string>)[ ]*\r?)$"
)
# A field of a form, or an answer in a dialogue such as SMTP's.
_ANSWER = re.compile(r"^(?P<lead>(?:\S{0,40}[:>][ ])?[ \t]*)(?P<value>\S[^\r\n]*?)(?P<tail>[ \t]*\r?)$")
_ITEM = re.compile(r"^[ \t]*(?:-[ ])?[\"']?(?P<value>[^\s\"'$<{\[,-][^\s\"']*)[\"']?,?[ \t]*\r?$")
_TOKEN = re.compile(rf"{BROKEN_OFF}\\?\Z")
_WRAPPED_START = re.compile(r"^(?P<lead>[\s>|#*]*)(?P<body>[A-Za-z0-9_./+=-]{4,512})[\"',;.)]*\s*$")


@dataclass(slots=True)
class Open:
    """What goes on in the next line."""

    key: int = 0  # how many lines that are no part of the key are still borne with; 0 means no key is open
    block_indent: int = -1
    field_lines: int = 0
    form_lines: int = 0
    item_lines: int = 0
    wrapped: str = ""

    def __bool__(self) -> bool:
        return bool(
            self.key or self.block_indent >= 0 or self.field_lines or self.form_lines or self.item_lines or self.wrapped
        )


class Passage:
    """One run over lines; ``own`` finds the secrets that are known by value."""

    def __init__(self, own: Any, marks: Marks, withheld: Withheld) -> None:
        self._own, self._marks, self._withheld = own, marks, withheld

    def run(self, lines: list[str], state: Open) -> list[str]:
        """The same number of lines, with marks where something went."""
        whole = "\n".join(lines)
        chosen = looks_at(whole, [0, *accumulate(len(each) + 1 for each in lines)][:-1], self._own)
        if not chosen and not state:
            return lines
        manifest = self._manifest(whole, lines)
        keys = self._tails_of_keys(whole, lines)
        out, wanted, at = list(lines), sorted({*chosen, *manifest, *keys}), 0
        position = 0
        while at < len(lines):
            if not state:
                while position < len(wanted) and wanted[position] < at:
                    position += 1
                if position == len(wanted):
                    break
                at = wanted[position]
            if at in keys:
                out[at] = self._marked(lines[at], [keys[at]])
            else:
                out[at] = self._line(lines[at], manifest.get(at), state, chosen.get(at))
            at += 1
        return out

    @staticmethod
    def _manifest(whole: str, lines: Sequence[str]) -> dict[int, Span]:
        return manifest_spans(lines) if "Secret" in whole and "kind" in whole else {}

    def _tails_of_keys(self, whole: str, lines: Sequence[str]) -> dict[int, Span]:
        """Lines of a key whose beginning was cut off: base64 directly above its end."""
        found: dict[int, Span] = {}
        if "-----END" not in whole:
            return found
        for at, line in enumerate(lines):
            if END.search(line) is None or "BEGIN" in line:
                continue
            above = at - 1
            while above >= 0 and is_key_line(lines[above]):
                text = lines[above]
                found[above] = Span(len(text) - len(text.lstrip()), len(text.rstrip()), "PEM", 0)
                above -= 1
        return found

    def _line(self, line: str, member: Span | None, state: Open, look: Look | None) -> str:
        if state.key:
            kept = self._in_key(line, state)
            if kept is not None:
                return self._settled(kept, state, None)
        if state.block_indent >= 0 and (not line.strip() or _depth(line) > state.block_indent):
            return self._marked(line, [Span(_depth(line), len(line.rstrip()), "SECRET")])
        state.block_indent = -1
        ready = self._continued(line, state)
        if member is not None:
            ready = self._marked(ready, [member]) if ready == line else ready
        return self._settled(ready, state, look if ready == line else None)

    def _in_key(self, line: str, state: Open) -> str | None:
        end = END.search(line)
        if end is not None:
            state.key = 0
            low = len(line) - len(line.lstrip()) if END.match(line.lstrip()) else end.start()
            return self._marked(line, [Span(low, end.end(), "PEM", 0)])
        content = key_content(line)
        if content is None:
            state.key -= 1 if line.strip() else 0
            return None if line.strip() else line
        state.key = _PATIENCE
        return self._marked(line, [Span(*content, "PEM", 0)])

    def _continued(self, line: str, state: Open) -> str:
        """The value one or two lines below its name, and the rest of a token that was broken off."""
        value = _expected(line, state)
        if value is not None:
            return self._marked(line, [value])
        if state.wrapped:
            head, state.wrapped = state.wrapped, ""
            rest = _WRAPPED_START.match(line)
            if rest is not None and any(each.isdigit() or each.isupper() for each in rest["body"]):
                spans, _ = spans_in(head + rest["body"], None)
                if any(each.start == 0 and each.end > len(head) for each in spans):
                    return self._marked(line, [Span(rest.start("body"), rest.end("body"), spans[0].kind)])
        return line

    def _settled(self, line: str, state: Open, look: Look | None) -> str:
        """Runs the rules until they find nothing more, so that a second run over the result changes nothing."""
        try:
            for _ in range(_PASSES):
                spans, signs = spans_in(line, self._own, look)
                self._note(line, signs, state)
                after = self._marked(line, spans) if spans else line
                if "\\n" in after and not signs:
                    after = self._escaped(after)
                if after == line:
                    return self._broken_off(line, state)
                line, look = after, look_again(after, look) if look else None
        except TooMuch:
            self._withheld.note(BUDGET)
        return self._marks.of("WITHHELD", line)

    def _escaped(self, line: str) -> str:
        """Each ``\\n`` ends a line too: in JSON a whole manifest may be one string."""
        pieces = _ESCAPED_END.split(line)
        inner, state = pieces[::2], Open()
        manifest = self._manifest(line, inner)
        for at, each in enumerate(inner):
            if at in manifest:
                inner[at] = self._marked(each, [manifest[at]])
            elif state.block_indent >= 0 and _depth(each) > state.block_indent:
                inner[at] = self._marked(each, [Span(_depth(each), len(each.rstrip()), "SECRET")])
            else:
                state.block_indent = -1
                spans, signs = spans_in(each, self._own) if each.strip() else ([], set())
                self._note(each, signs, state)
                inner[at] = self._marked(each, spans)
        pieces[::2] = inner
        return "".join(pieces)

    @staticmethod
    def _note(line: str, signs: set[str], state: Open) -> None:
        if "PEM_OPEN" in signs:
            state.key = _PATIENCE
        if "BLOCK" in signs:
            state.block_indent = _depth(line.replace("- ", "  ", 1) if line.lstrip().startswith("- ") else line)
        if "FIELD" in signs:
            state.field_lines = 2
        if "FORM" in signs:
            state.form_lines = 2
        if "ITEM" in signs:
            state.item_lines = 1

    def _broken_off(self, line: str, state: Open) -> str:
        """A token at the very end of a line may go on in the next."""
        last = line[-100:].split()[-1:] or [""]
        match = _TOKEN.search(last[0]) if len(last[0]) >= 4 else None
        if match is not None:
            state.wrapped = match[0].rstrip("\\")
        return line

    def _marked(self, line: str, spans: Sequence[Span]) -> str:
        pieces, done = [], 0
        for each in spans:
            is_mark = each.end == each.start + 1 and MARK_FIRST <= ord(line[each.start]) <= MARK_LAST
            if each.end > each.start >= done and not is_mark:
                pieces += [line[done : each.start], self._marks.of(each.kind, line[each.start : each.end])]
                done = each.end
        return "".join([*pieces, line[done:]])


def _expected(line: str, state: Open) -> Span | None:
    """The value that a line before announced: ``name: DB_PASSWORD``, a form's field, a flag in a list of arguments."""
    for name, patterns in (("field_lines", (_VALUE_LINE, _STRING_LINE)), ("form_lines", (_ANSWER,))):
        if not getattr(state, name):
            continue
        setattr(state, name, getattr(state, name) - 1)
        found = next((each for pattern in patterns if (each := pattern.match(line))), None)
        if found is not None and line.strip():
            setattr(state, name, 0)
            return Span(found.start("value"), found.end("value"), "SECRET")
    if not state.item_lines:
        return None
    state.item_lines = 0
    item = _ITEM.match(line)
    is_value = item is not None and not is_placeholder(item["value"])
    return Span(item.start("value"), item.end("value"), "SECRET") if item is not None and is_value else None


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
