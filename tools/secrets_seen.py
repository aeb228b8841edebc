"""Values that are secret by where they stand: they may turn up anywhere else, and have to go there too."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from safety.detection.names import names_a_secret
from tools.objects import containers_of, items, mapping, template_of
from tools.world import JsonObject

SHORTEST = 6
_IN_ADDRESS = re.compile(r"://[^\s:/@]{1,64}:([^\s:/@]{6,128})@")
_RANDOM = re.compile(r"(?=[^\s]*[0-9])(?=[^\s]*[A-Za-z])[^\s.:/]{12,512}")


def seen_in(objects: Iterable[JsonObject]) -> set[str]:
    """Values of variables and ConfigMaps whose names say that they are secret, and passwords in addresses."""
    return {value for each in objects for value in _values(each) if len(value) >= SHORTEST}


def _values(obj: JsonObject) -> Iterator[str]:
    for container in containers_of(template_of(obj)):
        for variable in items(container, "env"):
            yield from _of(str(variable.get("name")), variable.get("value"))
    if obj.get("kind") == "ConfigMap":
        for key, value in mapping(obj, "data").items():
            yield from _of(str(key), value)


def _of(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        return
    yield from _IN_ADDRESS.findall(value)
    if names_a_secret(name) and not any(each.isspace() for each in value) and not value.startswith("$("):
        yield value


def values_of(secret: JsonObject) -> set[str]:
    """What a Secret that was written to a file holds, as far as it is no ordinary word: a user or a host may be one."""
    found = set()
    for field in ("data", "stringData"):
        for key, value in mapping(secret, field).items():
            text = _decoded(value) if field == "data" else str(value)
            if len(text) >= SHORTEST and (names_a_secret(str(key)) or _RANDOM.fullmatch(text)):
                found.add(text)
    return found


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
