"""The binary form in which kubectl sends the few objects that it makes from its command line."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.demo.cluster_emulator import statuses
from bot.demo.cluster_emulator.api.wire_shapes import KINDS, SHAPES
from bot.demo.cluster_emulator.objects import Obj, stamp

MAGIC = b"k8s\x00"


def read_protobuf(body: bytes) -> Obj:
    """The object of the body; 415 for a kind whose fields are not known here, 400 when it is damaged."""
    if not body.startswith(MAGIC):
        raise statuses.bad_request("provided data does not appear to be a protobuf message, expected prefix k8s")
    try:
        envelope = _message(body[len(MAGIC) :], "Unknown")
        meta, raw = envelope.get("typeMeta", {}), base64.b64decode(envelope.get("raw", ""))
        shape = KINDS.get((meta.get("apiVersion", ""), meta.get("kind", "")))
        if shape is None:
            raise statuses.unsupported_media()
        return {"apiVersion": meta["apiVersion"], "kind": meta["kind"], **_message(raw, shape)}
    except (IndexError, ValueError) as error:
        raise statuses.bad_request(f"error decoding body: {error}") from error


def _message(data: bytes, shape: str) -> Obj:
    """One message. A field that is not known to the shape is left out, as it is by any reader of this form."""
    fields = SHAPES[shape]
    result: Obj = {}
    for number, value in _fields(data):
        if number not in fields:
            continue
        name, kind = fields[number]
        many, kind = kind.endswith("*"), kind.removesuffix("*")
        if kind.startswith("map:"):
            pair = dict(_fields(value))
            text = _value(pair.get(2, b""), kind.removeprefix("map:"))
            result.setdefault(name, {})[pair.get(1, b"").decode()] = text
        elif many:
            result.setdefault(name, []).append(_value(value, kind))
        else:
            result[name] = _value(value, kind)
    return {name: value for name, value in result.items() if value not in ("", None)}


def _value(value: Any, kind: str) -> Any:
    if kind == "bool":
        return bool(value)
    if kind == "int":
        # Negative numbers are sent as the 64 bits that they have.
        return value - 2**64 if value >= 2**63 else value
    if kind == "string":
        return value.decode()
    if kind == "bytes":
        return base64.b64encode(value).decode()
    held = _message(value, kind)
    if kind == "Time":
        return _stamp_of(held)
    if kind == "Quantity":
        return held.get("string", "0")
    if kind == "IntOrString":
        return held.get("text", "") if held.get("type") else held.get("number", 0)
    return held


def _stamp_of(held: Obj) -> str | None:
    """A time; None for the zero that stands for no time."""
    seconds = held.get("seconds", 0)
    return stamp(datetime.fromtimestamp(seconds, UTC)) if seconds > 0 else None


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("unexpected EOF")
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {tag & 7} is not read here")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result, shift = 0, 0
    while True:
        byte = data[at]
        result |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return result, at
