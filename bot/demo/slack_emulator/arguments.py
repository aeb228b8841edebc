"""The arguments of a Web API call, whichever of Slack's encodings they came in."""

import json
from typing import Any

from aiohttp import web

from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Json


class Arguments:
    """Typed access to loosely typed arguments: a form sends lists and objects as JSON in a string."""

    def __init__(self, values: Json) -> None:
        self.values = values

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return None if value is None else str(value)

    def need(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise Refused("invalid_arguments", [f"[ERROR] missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        return str(self.values.get(name, "")).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        value = self.text(name)
        if value is None or value == "":
            return default
        if not value.lstrip("-").isdigit():
            raise Refused("invalid_arguments", [f"[ERROR] must be an integer [json-pointer:/{name}]"])
        return int(value)

    def items(self, name: str, error: str = "invalid_arguments") -> list[Json] | None:
        """A list of objects; None when it was not sent at all."""
        value = self._decoded(name, error)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise Refused(error, [f"[ERROR] must be an array of objects [json-pointer:/{name}]"])
        return value

    def words(self, name: str) -> list[str]:
        """A list of strings; empty when it was not sent."""
        value = self._decoded(name, "invalid_arguments")
        if value is None:
            return []
        if not isinstance(value, list):
            raise Refused("invalid_arguments", [f"[ERROR] must be an array [json-pointer:/{name}]"])
        return [str(item) for item in value]

    def record(self, name: str, error: str = "invalid_arguments") -> Json | None:
        value = self._decoded(name, error)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Refused(error, [f"[ERROR] must be an object [json-pointer:/{name}]"])
        return value

    def _decoded(self, name: str, error: str) -> Any:
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if value == "":
            return None
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise Refused(error, [f"[ERROR] is not valid JSON [json-pointer:/{name}]"]) from None


async def read_arguments(request: web.Request) -> Arguments:
    """Query string first, then the body on top of it."""
    values: Json = dict(request.query)
    if request.method != "POST":
        return Arguments(values)
    if request.content_type == "application/json":
        values.update(_json_object(await request.text()))
    else:
        form = await request.post()
        values.update({key: value for key, value in form.items() if isinstance(value, str)})
    return Arguments(values)


def _json_object(body: str) -> Json:
    if not body:
        return {}
    try:
        decoded = json.loads(body)
    except json.JSONDecodeError:
        raise Refused("invalid_json") from None
    if not isinstance(decoded, dict):
        raise Refused("json_not_object")
    return decoded
