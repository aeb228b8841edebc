"""Secrets that fill several lines: private keys, manifests of Kubernetes Secrets, blocks of YAML."""

import re
from collections.abc import Iterator, Sequence

from safety.detection.rule import Rule, Span
from safety.detection.values import is_placeholder

_BEGIN = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----|PuTTY-User-Key-File-\d: "
)
END = re.compile(
    r"-----END (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----|---- END SSH2 ENCRYPTED PRIVATE KEY ----|Private-MAC: [0-9a-f]+"
)
_CONTENT = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]{4,}={1,2}")
_HEADERS = re.compile(
    r"(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash|Encryption|Public-Lines|Private-Lines|X-[\w-]+): "
)
_TRIM = " \t\r\"',+|>\\"
_LAST = re.compile(r"[A-Za-z0-9+/]{1,80}={0,2}")


def _key_on_one_line(line: str, start: int, _end: int) -> Iterator[Span]:
    """A private key whose lines are written as ``\\n``, or the first line of one; the latter opens what follows."""
    begin = _BEGIN.match(line, start)
    if begin is None:
        return
    near = line.find("-----END", begin.end(), begin.end() + 16_384)
    end = END.search(line, near if near >= 0 else begin.end(), begin.end() + (16_384 if near >= 0 else 0))
    if end is not None:
        yield Span(start, end.end(), "PEM", 0)
        return
    rest = re.sub(r"\\+[nr]|\s", " ", line[begin.end() : begin.end() + 160]).strip(_TRIM)
    if rest and not begin[0].startswith("PuTTY") and not _CONTENT.match(rest) and not _HEADERS.match(rest):
        return  # a sentence about a key, not a key
    stop = len(line.rstrip(" \t\r\"',")) if rest else begin.end()
    yield Span(start, stop, "PEM", 0)
    yield Span(len(line), len(line), "PEM_OPEN", 9)


def key_content(line: str) -> tuple[int, int] | None:
    """Where in a line a piece of a key stands: its last word, if that is base64; a log may put a time before it."""
    body = line.rstrip(_TRIM)
    body = re.sub(r"(?:\\+[nr])+\Z", "", body).rstrip(_TRIM)
    if not body:
        return None
    if _HEADERS.match(body.strip(_TRIM)):
        return len(line) - len(line.lstrip()), len(body)
    low = max(body.rfind(each) for each in " \t\"'") + 1
    return (low, len(body)) if _CONTENT.fullmatch(body, low) else None


def is_key_line(line: str) -> bool:
    """A line that is nothing but base64, as a private key whose beginning was cut off would show."""
    body = line.strip(_TRIM)
    return _LAST.fullmatch(body) is not None


_KIND = re.compile(r"^(?P<indent>[ ]*(?:- )?)(?P<quote>\"?)kind(?P=quote):[ ]*[\"']?Secret[\"']?,?[ ]*\r?$")
_FIELD = re.compile(r"^(?P<indent>[ ]*(?:- )?)\"?(?:data|stringData)\"?:[ ]*(?P<open>\{?)[ ]*\r?$")
_MEMBER = re.compile(r"^[ ]*\"?(?P<key>[\w.+-]+)\"?:[ ]+(?P<value>[^\r\n]+?),?[ ]*\r?$")


def manifest_spans(lines: Sequence[str]) -> dict[int, Span]:
    """What stands under ``data`` and ``stringData`` of a Secret, line by line."""
    found: dict[int, Span] = {}
    for at, line in enumerate(lines):
        kind = _KIND.match(line)
        if kind is not None:
            found.update(_members_near(lines, at, len(kind["indent"])))
    return found


def _members_near(lines: Sequence[str], kind_at: int, indent: int) -> Iterator[tuple[int, Span]]:
    for step in (-1, 1):
        at = kind_at + step
        while 0 <= at < len(lines) and not _ends_document(lines[at], indent):
            field = _FIELD.match(lines[at])
            if field is not None and len(field["indent"]) == indent:
                yield from _members_under(lines, at + 1, indent)
            if step < 0 and lines[at].startswith(" " * max(0, indent - 2) + "- ") and indent:
                break
            at += step


def _ends_document(line: str, indent: int) -> bool:
    text = line.strip()
    depth = len(line) - len(line.lstrip(" "))
    return text in ("---", "...") or (bool(text) and depth < indent - 2)


def _members_under(lines: Sequence[str], at: int, indent: int) -> Iterator[tuple[int, Span]]:
    while at < len(lines):
        line = lines[at].rstrip()
        depth = len(line) - len(line.lstrip(" "))
        if line and (depth <= indent or line.strip() in ("}", "},", "---")):
            return
        member = _MEMBER.match(line)
        if member is None:
            if line.strip(' "{}[],|>-+'):
                yield at, Span(depth, len(line), "SECRET", 3)
        elif not is_placeholder(member["value"].strip("\"'")) and member["value"] not in ("|", ">", "|-", ">-", "|+"):
            text = member["value"]
            low = member.start("value") + (text[0] in "\"'")
            yield at, Span(low, member.end("value") - (text[-1] in "\"'" and len(text) > 1), "SECRET", 3)
        at += 1


_JSON_FIELD = re.compile(r"(?P<q>\\{0,7}\")(?:data|stringData)(?P=q)[ ]?:[ ]?\{(?P<body>[^{}]{1,200000})\}")
_JSON_KIND = re.compile(r"\\{0,7}\"kind\\{0,7}\"[ ]?:[ ]?\\{0,7}\"Secret\\{0,7}\"")
_FLOW_KIND = re.compile(r"\bkind: ?Secret\b")
_FLOW_FIELD = re.compile(r"\b(?:data|stringData): ?\{(?P<body>[^{}]{1,20000})\}")
_PAIR = re.compile(r":[ ]?(?P<q>\\{0,7}\"|)(?P<value>[^\",\\{}\s][^\",\\{}]*)")


def _secret_in_json(line: str, _start: int, _end: int) -> Iterator[Span]:
    """A whole Secret as JSON on one line, also inside a string of JSON (``last-applied-configuration``)."""
    fields = []
    if _JSON_KIND.search(line):
        fields = list(_JSON_FIELD.finditer(line))
    elif _FLOW_KIND.search(line):
        fields = list(_FLOW_FIELD.finditer(line))
    for field in fields:
        for pair in _PAIR.finditer(field["body"]):
            if not is_placeholder(pair["value"]):
                low = field.start("body") + pair.start("value")
                yield Span(low, low + len(pair["value"].rstrip()), "SECRET", 3)


DOCUMENTS: tuple[Rule, ...] = (
    Rule("PEM", ("-----begin", "---- begin ssh2", "putty-user-key"), _key_on_one_line),
    Rule("MANIFEST", ('"secret"', '"secret\\"', "kind: secret", "kind:secret"), _secret_in_json, is_for_line=True),
)
