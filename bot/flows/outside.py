"""The one door by which text from outside gets into a report: masked, on one line, and with no marks like ours.

A report is printed, posted and handed on as it is, so what stands in it has to be harmless for all of them.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from safety.redaction import Redacted
from safety.untrusted import one_line, unmarked

Say = Callable[[str], Redacted]
_M = TypeVar("_M", bound=BaseModel)
# What a cluster accepts as a name. It is kept to the letter, since people and later steps find the object by it.
_PART = r"[a-z0-9](?:[-a-z0-9.:]{0,251}[a-z0-9])?"
_NAME = re.compile(rf"(?:[A-Z][A-Za-z]{{1,60}}/)?{_PART}(?:/{_PART})?")
_OBJECTS = frozenset(
    {"namespace", "subject", "affected_pods", "related_deployment", "failing", "target", "explained_by", "ref"}
)
# They say which piece of the report is meant, in our own words or numbers.
_OURS = frozenset({"schema_", "id", "evidence", "verdict", "severity", "class_", "pattern"})
# Text that may be shown as a block of lines.
_PASSAGES = frozenset({("EvidenceRecord", "text"), ("WhereSet", "text")})


def made_harmless(report: _M, say: Say) -> _M:
    """The same report with every text of it clean; names of objects stay as they are."""
    return cast(_M, _model(report, say))


def _model(model: BaseModel, say: Say) -> BaseModel:
    kind = type(model).__name__
    told = {name: _field(kind, name, getattr(model, name), say) for name in type(model).model_fields}
    return type(model)(**told)


def _field(kind: str, name: str, value: Any, say: Say) -> Any:
    match value:
        case BaseModel():
            return _model(value, say)
        case tuple():
            return tuple(_field(kind, name, each, say) for each in value)
        case Enum():
            return value
        case Redacted():
            return unmarked(value) if (kind, name) in _PASSAGES else one_line(unmarked(value))
        case str() if name in _OURS and (kind, name) != ("ReportedChange", "id"):
            return value
        case str():
            return _plain(name, value, say)
    return value


def _plain(name: str, value: str, say: Say) -> str:
    if name in _OBJECTS and _NAME.fullmatch(value):
        return value
    return str(one_line(unmarked(say(value))))
