"""Amounts of cpu and memory: reading the notations, adding them up, printing them."""

from __future__ import annotations

import re

_SUFFIXES = {
    "": 1.0,
    "m": 1e-3,
    "n": 1e-9,
    "u": 1e-6,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}
_FORM = re.compile(r"^([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([A-Za-z]*)$")
MEBIBYTE = 2**20


def parse_quantity(text: object) -> float:
    """The number behind a quantity such as 250m or 512Mi; ValueError when it is none."""
    match = _FORM.match(str(text).strip())
    if match is None or match.group(2) not in _SUFFIXES:
        raise ValueError(f"not a quantity: {text!r}")
    return float(match.group(1)) * _SUFFIXES[match.group(2)]


def millicores(text: object) -> int:
    """Cpu in thousandths of a core."""
    return round(parse_quantity(text) * 1000)


def bytes_of(text: object) -> int:
    """Memory in bytes."""
    return round(parse_quantity(text))
