"""A name and its value as markup, records, pairs, tables and columns lay them out."""

import re

from safety.detection.names import secret_noun
from safety.detection.rule import Span, has_digit, is_mixed
from safety.detection.values import is_amount, is_name, is_placeholder, is_prose, is_telling, value_at

_COLUMN = re.compile(
    r"[ \t]*(?:[|│][ \t]*)?[\w.-]+(?:[ \t]*[|│][ \t]*|[ \t]{2,})(?P<value>[^\s|│]+)[ \t]*[|│]?[ \t]*\Z"
)
_PAIR = re.compile(r"(?P<quote>[\"'])[ ]?,[ ]?(?P=quote)(?P<value>[^\"'\n]{1,512})(?P=quote)[ ]?[)\]]")
_TUPLE = re.compile(r"[ ]?,[ ]?\"(?P<value>[^\"\n]{1,512})\"[ ]?\}")
_TWO_FIELDS = re.compile(r"[\"']?,[\"']?(?P<value>[^\s\"',;|<>]{6,256})[\"']?[ ]*\Z")
_CELL = re.compile(
    r"</(?:t[dh]|dt|th|b|strong|name|property)>[ ]{0,4}<(?:t[dh]|dd|value|span)[^<>\n]{0,80}>(?:<[a-z]{1,8}[^<>\n]{0,60}>){0,3}"
    r"(?:&\#x27;|&\#39;|&quot;)?(?P<value>[^<&\n]{1,512})"
)
_XML = re.compile(
    r"[\"']?(?:[ ][^<>\n]{0,200})?>[ ]{0,8}(?:<value>|<!\[CDATA\[)?(?P<value>[^<\n]{1,4096}?)(?:\]\]>)?[ ]{0,8}</"
)
_ATTRIBUTE = re.compile(r"[\"']?[ ]{1,4}(?:value|default|content)[ ]?=[ ]?[\"'](?P<value>[^\"'\n]{1,512})[\"']")
_VALUE_FIELD = re.compile(
    r"[\"'\\]{0,6}[\s,]{1,64}(?:\\n[ ]{0,32})?[\"'\\]{0,6}(?:value|Value|default)[\"'\\]{0,6}[ \t]{0,8}[:=][ \t]{0,8}"
)
_NAME_FIELD = re.compile(
    r"(?i)(?:\bname|\bkey|\bvariable|\benv|\bpath)[\"'\\]{0,6}[ \t]{0,8}[:=][ \t\"'\\]{0,8}(?:/[\w.~/-]{0,80})?\Z"
)
_VALUE_BEFORE = re.compile(
    r"(?i)\bvalue[\"'\\]{0,6}[ ]?[:=][ ]?[\"'](?P<value>[^\"'\n]{1,512})[\"'],?[ ]?[\"']?(?:name|key)[\"']?[ ]?[:=][ ]?[\"']\Z"
)
# Nothing looks further: a look that copied the rest of its line would take time with the square of its length.
NEAR = 200


def kind_of(noun: str) -> str:
    """What a mask calls it."""
    return {"session": "SESSION", "pin": "PIN", "pass": "PASSWORD", "password": "PASSWORD", "auth": "BASIC"}.get(
        noun, "SECRET"
    )


def by_markup(line: str, low: int, high: int, noun: str) -> Span | None:
    """``<password>x</password>``, and ``<add key="DbPassword" value="x"/>``."""
    match = _XML.match(line, high) if "<" in line[max(0, low - 42) : low] else None
    match = match or _ATTRIBUTE.match(line, high) or _CELL.match(line, high)
    if line[max(0, low - 5) : low] == "<key>" and not line[high + 6 : high + NEAR].strip():
        return Span(len(line), len(line), "FIELD", 9)
    if match is None or is_placeholder(match["value"]) or is_prose(match["value"]):
        return None
    return Span(match.start("value"), match.end("value"), kind_of(noun), 6)


def by_field(line: str, low: int, high: int, noun: str) -> Span | None:
    """``{"name": "DB_PASSWORD", "value": "x"}`` in either order, and pairs such as ``('password', 'x')``."""
    before = line[max(0, low - 600) : low]
    if _NAME_FIELD.search(before[-120:]):
        field = _VALUE_FIELD.match(line, high)
        value = value_at(line, field.end()) if field else None
        if value is not None and not is_placeholder(value.text):
            return Span(value.start, value.end, kind_of(noun), 6)
        if field is None and not line[high : high + NEAR].strip("\"'\\, \r"):
            return Span(len(line), len(line), "FORM" if "form-data" in before else "FIELD", 9)
        earlier = _VALUE_BEFORE.search(before)
        if earlier is not None and not is_placeholder(earlier["value"]):
            offset = low - len(before)
            return Span(offset + earlier.start("value"), offset + earlier.end("value"), kind_of(noun), 6)
    pair = _PAIR.match(line, high)
    opened = line[max(0, low - 2) : low]
    is_pair = pair is not None and (
        opened in ("('", '("') or (opened in ("['", '["') and is_telling(pair["value"]) and has_digit(pair["value"]))
    )
    erlang = _TUPLE.match(line, high) if line[low - 1 : low] == "{" else None
    if erlang is not None and not is_placeholder(erlang["value"]):
        return Span(erlang.start("value"), erlang.end("value"), kind_of(noun), 6)
    if pair is not None and is_pair and not secret_noun(pair["value"]) and not is_placeholder(pair["value"]):
        return Span(pair.start("value"), pair.end("value"), kind_of(noun), 6)
    return None


def by_column(line: str, low: int, high: int, noun: str) -> Span | None:
    """A line of two columns, the first of which is the name."""
    if low > NEAR or line[:low].strip(" \t|│"):
        return None
    fields = _TWO_FIELDS.match(line, high) if not line[:low].strip(" \t\"'") else None
    if (
        fields is not None
        and is_telling(fields["value"])
        and is_mixed(fields["value"])
        and not is_name(fields["value"])
    ):
        return Span(fields.start("value"), fields.end("value"), kind_of(noun), 6)
    column = _COLUMN.match(line)
    if column is None or noun in ("session", "auth", "pin"):
        return None
    text = column["value"]
    if (
        is_placeholder(text)
        or is_prose(text)
        or is_amount(text)
        or text in ("Opaque", "VALUE", "Value")
        or text.startswith("kubernetes.io/")
    ):
        return None
    return Span(column.start("value"), column.end("value"), kind_of(noun), 6)
