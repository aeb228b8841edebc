"""Buttons, menus and inputs: finding one by its action_id, and what it reports when it is used."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.demo.slack_emulator.composing import interactive_elements
from bot.demo.slack_emulator.shapes import Json

_ONE_VALUE = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
_ONE_OPTION = frozenset({"static_select", "radio_buttons", "overflow", "external_select"})
_MANY_OPTIONS = frozenset({"multi_static_select", "checkboxes", "multi_external_select"})


# Elements that do something and hold nothing.
_STATELESS = frozenset({"button", "overflow", "feedback_buttons", "icon_button", "workflow_button"})


@dataclass(frozen=True, slots=True)
class Control:
    """An interactive element and where it sits."""

    element: Json
    block: Json
    attachment_id: int | None = None


def find_control(blocks: list[Json], attachments: list[Json], action_id: str, block_id: str | None = None) -> Control:
    """The element with this action_id, in this block if one is named; the error names those that are there."""
    controls = [Control(element, block) for block in blocks for element in interactive_elements(block)]
    for attachment in attachments:
        inside = list(attachment.get("blocks") or [])
        controls += [Control(e, block, int(attachment["id"])) for block in inside for e in interactive_elements(block)]
    for control in controls:
        if control.element.get("action_id") == action_id and block_id in (None, control.block.get("block_id")):
            return control
    present = [control.element.get("action_id") for control in controls]
    raise LookupError(f"there is no {action_id!r} to click on; there is {present}")


def pressed(control: Control, value: str | None, action_ts: str) -> Json:
    """One entry of `actions` in a block_actions payload."""
    element = control.element
    action: Json = {key: element[key] for key in ("type", "action_id", "text", "value", "style") if key in element}
    action |= {"block_id": control.block["block_id"], "action_ts": action_ts}
    kind = element["type"]
    if kind == "feedback_buttons":
        choices = [element["positive_button"], element["negative_button"]]
        chosen = next((c for c in choices if c["value"] == value), choices[0])
        return action | {"value": chosen["value"], "text": chosen["text"]}
    if kind == "button":
        return action
    return action | _value_part(element, value)


def _value_part(element: Json, value: Any) -> Json:
    kind = str(element["type"])
    if kind in _ONE_OPTION:
        return {"selected_option": _option(element, value)}
    if kind in _MANY_OPTIONS:
        chosen = value if isinstance(value, list) else [value] if value else []
        return {"selected_options": [_option(element, item) for item in chosen]}
    return {_ONE_VALUE.get(kind, "value"): value}


def _option(element: Json, value: Any) -> Json | None:
    if value is None:
        return None
    options = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        options += group["options"]
    found: Json | None = next((option for option in options if option.get("value") == value), None)
    if found is None:
        raise LookupError(f"{value!r} is not one of {[option.get('value') for option in options]}")
    return found


def state_values(blocks: list[Json], given: dict[str, dict[str, Any]]) -> tuple[Json, Json]:
    """`view.state.values` for what somebody typed, and the required fields that are empty."""
    values: Json = {}
    missing: Json = {}
    _check_known(blocks, given)
    for block, element in _inputs(blocks):
        block_id, action_id = str(block["block_id"]), str(element["action_id"])
        typed = given.get(block_id, {}).get(action_id, _initial(element))
        values.setdefault(block_id, {})[action_id] = {"type": element["type"], **_value_part(element, typed or None)}
        if block["type"] == "input" and not block.get("optional") and not typed:
            missing[block_id] = "Please complete this required field."
    return values, missing


def form_state(blocks: list[Json], control: Control, value: str | None, typed: dict[str, dict[str, Any]]) -> Json:
    """What stands in a form at the moment one of its controls is used."""
    filled = {block_id: dict(entries) for block_id, entries in typed.items()}
    if control.element["type"] not in _STATELESS:
        filled.setdefault(str(control.block["block_id"]), {})[str(control.element["action_id"])] = value
    return state_values(blocks, filled)[0]


def _check_known(blocks: list[Json], given: dict[str, dict[str, Any]]) -> None:
    known = {
        str(block["block_id"]): {str(e["action_id"]) for b, e in _inputs(blocks) if b is block} for block in blocks
    }
    for block_id, entries in given.items():
        strangers = set(entries) - known.get(block_id, set())
        if strangers:
            raise LookupError(f"this form has no {block_id}/{sorted(strangers)}; it has {known}")


def _inputs(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    for block in blocks:
        for element in interactive_elements(block):
            if element["type"] not in _STATELESS:
                yield block, element


def _initial(element: Json) -> Any:
    """What the app filled in beforehand."""
    if element.get("initial_option"):
        return element["initial_option"]["value"]
    if element.get("initial_options"):
        return [option["value"] for option in element["initial_options"]]
    names = ("initial_value", "initial_date", "initial_time", "initial_user", "initial_conversation", "initial_channel")
    return next((element[name] for name in names if element.get(name)), None)
