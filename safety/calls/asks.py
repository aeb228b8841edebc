"""What an input asks of an operation beside its name: switches that make a look act, and words handed to a program."""

import re
from collections.abc import Mapping
from typing import Any

from safety.calls.names import changing_words, is_compound
from safety.calls.values import keyed_texts, pairs
from safety.calls.vocabulary import AS_TOLD, CHANGING, NOUNS, STEERING
from safety.commands.names import parts_of
from safety.commands.table import words

_ON = frozenset({"true", "yes", "on", "y", "always"})
_OFF = frozenset({"false", "no", "off", "none", "n", "never", "0"})
# Switches of that name change nothing, or only how something is shown.
_OF_THE_LOOK = words(
    "auto use refresh format call change comment link page label tag include wrap strip trim skip exclude ignore empty"
    " generic expose clear zero open pin sign join split complete extend"
)
_SWITCHES = (CHANGING | STEERING | words("yes confirmed destructive danger dangerous write")) - _OF_THE_LOOK
_BEFORE_A_VERB = words("auto automatically do should and then also self allow enable with please")
_KEEPS_SAFE = words("dryrun readonly simulate simulated noop whatif checkmode dryrunonly previewonly")
_WITHOUT = words("skip no without bypass disable ignore")
_CHECKS = words(
    "confirm confirmation confirmations approval approvals check checks validation safety prompt guard guards"
)
_ARGUMENTS = words("arg args argv argument arguments flag flags switch switches param options opts")
_DEEDS = words("action actions operation operations verb verbs subcommand method op then deed deeds")


def deeds_of(given: Mapping[str, Any]) -> list[str]:
    """The words under keys that say what shall be done: ``action``, ``httpMethod``, ``and_then``, ``on_failure``."""
    return [part for parts, text in keyed_texts(given) if _says_a_deed(parts) for part in parts_of(text)]


def _says_a_deed(parts: list[str]) -> bool:
    return bool(_DEEDS & {*parts, "".join(parts)}) or parts == ["mode"] or (parts[:1] == ["on"] and len(parts) > 1)


def asks_for_more(given: Mapping[str, Any]) -> str | None:
    """What in the input of a look asks for a change; ``None`` if nothing does."""
    for key, value in pairs(given):
        parts = parts_of(key)
        if _is_on(parts, value) or _is_unsafe(parts, value):
            return f"{key}: {str(value)[:40].lower()}"
    for parts, text in keyed_texts(given):
        if _ARGUMENTS & set(parts) and (word := _changing_argument(text)):
            return word
    return None


def _is_on(parts: list[str], value: Any) -> bool:
    """``apply: true``, ``auto_apply``, ``restart_unhealthy: yes``."""
    told = [*parts]
    while len(told) > 1 and told[0] in _BEFORE_A_VERB:
        told = told[1:]
    verb = told[0] if told else ""
    if verb not in _SWITCHES and not (is_compound(verb) and verb not in _OF_THE_LOOK):
        return False
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _ON:
        return True
    return str(value).strip() == "1" and verb not in NOUNS


def _is_unsafe(parts: list[str], value: Any) -> bool:
    """``dry_run: false``, ``skip_confirmation: true`` and their kin."""
    if len(parts) > 1 and parts[0] in _WITHOUT and _CHECKS & set(parts[1:]):
        return value is True or (isinstance(value, str) and value.strip().lower() in _ON)
    if parts != ["dry"] and not "".join(parts).startswith(tuple(_KEEPS_SAFE)):
        return False
    return value is False or value == 0 or (isinstance(value, str) and value.strip().lower() in _OFF)


def _changing_argument(text: str) -> str | None:
    """A word that changes among those handed on: the first that is none of the frame, or a flag."""
    told = re.split(r"\s+", text.strip())
    plain = [each for each in told if not each.startswith("-") and re.fullmatch(r"[\w-]+", each)]
    leading = next((each for each in plain if each.lower() not in AS_TOLD), "")
    flags = [each.lstrip("-").partition("=") for each in told if each.startswith("--")]
    asked = [name for name, _, value in flags if _is_on(parts_of(name), value or True)]
    unsafe = [name for name, equals, value in flags if equals and _is_unsafe(parts_of(name), value)]
    changing = changing_words(parts_of(leading)) if leading else []
    return next((each for each in (*changing, *asked, *unsafe)), None)
