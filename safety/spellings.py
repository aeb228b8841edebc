"""How the policy file may spell its values: time spans, names, ids. What nobody can read for sure is refused."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from safety.floor import folded

_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s)?")
_NAMESPACES = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:-\*)?")
_CLUSTERS = re.compile(r"[\w./:@-]*\*?")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9./_-]*[A-Za-z0-9])?(?:=[A-Za-z0-9._-]{0,63})?")


def _span(value: object) -> object:
    """``30m``, ``1h30m``, ``90s`` … A bare number is refused: nobody can see its unit."""
    if isinstance(value, timedelta):
        return value
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not any(found.groups()):
        raise ValueError("write a time span with its unit, such as 30m, 5m or 1h")
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _allowed_namespace(value: str) -> str:
    if not _NAMESPACES.fullmatch(value):
        raise ValueError(f"{value!r} must be a namespace or a prefix such as team-*; a bare * would allow everything")
    return value


def _cluster(value: str) -> str:
    if not value or not _CLUSTERS.fullmatch(value):
        raise ValueError(f"{value!r} must be a cluster name, a prefix such as dev-*, or *")
    return value


def _protected_namespace(value: str) -> str:
    if not value.strip():
        raise ValueError("an empty name protects nothing")
    return folded(value)


def _token(value: str) -> str:
    token = folded(value)
    if not re.fullmatch(r"[a-z]+(?:[a-z0-9]*[a-z])?", token):
        raise ValueError(f"{value!r} is not one word; trailing digits of a name are ignored, so leave them out")
    return token


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError(f"{value!r} must be a label such as example.com/remediation=allowed")
    return value


def _user(value: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{2,20}", value):
        raise ValueError(f"{value!r} is not a user id; write the id (U012AB3CD), names can change hands")
    return value


def _group(value: str) -> str:
    if not re.fullmatch(r"S[A-Z0-9]{2,20}", value):
        raise ValueError(f"{value!r} is not a user group id such as S012AB3CD")
    return value


Span = Annotated[timedelta, BeforeValidator(_span)]
AllowedNamespace = Annotated[str, AfterValidator(_allowed_namespace)]
ClusterName = Annotated[str, AfterValidator(_cluster)]
ProtectedName = Annotated[str, AfterValidator(_protected_namespace)]
Token = Annotated[str, AfterValidator(_token)]
Label = Annotated[str, AfterValidator(_label)]
UserId = Annotated[str, AfterValidator(_user)]
GroupId = Annotated[str, AfterValidator(_group)]
