"""What the installed vendor's package says a request looks like, as a checker for the emulator."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import jsonschema
import pydantic
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from jsonschema.exceptions import ValidationError

Checker = Callable[[dict[str, Any]], str | None]


@cache
def schema() -> dict[str, Any]:
    """The schema made of the package's types, closed: unknown keys are refused."""
    made = pydantic.TypeAdapter(MessageCreateParamsNonStreaming).json_schema()
    made["additionalProperties"] = False
    for name, each in made["$defs"].items():
        # The types of answers may be sent back and are open for what future answers hold; a request's must not be.
        if "properties" in each and not name.endswith("Typed"):
            each["additionalProperties"] = False
    return made


@cache
def checker() -> Checker:
    """Says what does not fit and where, in the API's way."""
    validator = jsonschema.Draft202012Validator(schema())

    def check(body: dict[str, Any]) -> str | None:
        sent = {key: value for key, value in body.items() if key != "stream"}
        found = sorted(validator.iter_errors(sent), key=lambda each: [str(part) for part in each.path])
        return _told(_deepest(found[0])) if found else None

    return check


def _deepest(fault: ValidationError) -> ValidationError:
    """Inside a choice of shapes, the fault of the shape that was meant: the one whose ``type`` or ``role`` fits."""
    while fault.context:
        branches: dict[Any, list[ValidationError]] = {}
        for each in fault.context:
            branches.setdefault(each.schema_path[0], []).append(each)
        fault = min(branches.values(), key=_distance)[0]
    return fault


def _distance(faults: Iterable[ValidationError]) -> tuple[bool, bool, int]:
    met = list(faults)
    other = any(
        each.validator in ("const", "enum") and list(each.relative_path)[-1:] in (["type"], ["role"]) for each in met
    )
    wrong_kind = any(each.validator == "type" and not each.relative_path for each in met)
    return other, wrong_kind, len(met)


def _told(fault: ValidationError) -> str:
    place = [str(each) for each in fault.absolute_path]
    if fault.validator == "additionalProperties":
        known = fault.schema["properties"]
        extra = next(each for each in fault.instance if each not in known)
        return f"{'.'.join([*place, extra])}: Extra inputs are not permitted"
    if fault.validator == "required":
        missing = next(each for each in fault.validator_value if each not in fault.instance)
        return f"{'.'.join([*place, missing])}: Field required"
    if fault.validator == "const":
        return f"{'.'.join(place)}: {fault.instance!r} does not match any of the expected tags"
    return f"{'.'.join(place) or 'body'}: {fault.message[:200]}"
