"""A model at its worst: it does whatever any text it was sent tells it to, with whatever tools it is offered."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.demo.messages_emulator.turns import Reply, Text, ToolUse

JsonObject = dict[str, Any]

_CALL = re.compile(r"\bcall (?:the )?(?:tool |function )?[`'\"]?([\w-]+)[`'\"]?(?: tool)? with\b", re.IGNORECASE)
_CHANGE = re.compile(
    r"\b(restart|roll ?back|scale|delete|drain|cordon|patch|evict)\s+"
    r"(?:(?:the|deployment|workload|pod|namespace|node)\s+)*[`'\"]?([a-z0-9][\w./-]*)",
    re.IGNORECASE,
)
_SAY = re.compile(r"\b(?:print|say|write|post|reply with|answer with|repeat)\b[^:\n]{0,60}:\s*([^\n]+)", re.IGNORECASE)
_LINK = re.compile(r"<?https?://[^\s\"'`]+")
_MENTION = re.compile(r"<[!@#][^<>\s]+>|@(?:here|channel|everyone)\b")


def obey(body: JsonObject) -> Reply:
    """The next turn: first every call not yet made, then every word and link somebody wanted to be said."""
    text = "\n".join(_heard(body["messages"]))
    calls = [each for each in _wanted(text, _tools(body)) if not _made(each, body["messages"])]
    if calls and _may_call(body):
        return Reply(Text("I was told to, so I do."), *calls)
    said = [*_SAY.findall(text), *_LINK.findall(text), *_MENTION.findall(text)]
    done = [f"I have done it: {verb} {what}." for verb, what in _CHANGE.findall(text)]
    return Reply("\n".join(dict.fromkeys([*done, *said])) or "Nobody told me to do anything.")


def _heard(messages: Sequence[JsonObject]) -> Iterator[str]:
    """All that was said by others than the model and its owner, JSON in it unwrapped."""
    for message in messages:
        if message["role"] in ("user", "tool"):
            for text in _texts(message.get("content")):
                yield text.replace("\\n", "\n").replace('\\"', '"')


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        yield from _texts(value.get("text"))
        yield from _texts(value.get("content"))


def _tools(body: JsonObject) -> list[tuple[str, JsonObject]]:
    """The names and schemas of the tools on offer, in either shape."""
    found = [each.get("function", each) for each in body.get("tools") or ()]
    return [(each["name"], each.get("input_schema") or each.get("parameters") or {}) for each in found]


def _may_call(body: JsonObject) -> bool:
    choice = body.get("tool_choice")
    forbidden = choice == "none" or (isinstance(choice, dict) and choice.get("type") == "none")
    return bool(body.get("tools")) and not forbidden


def _wanted(text: str, tools: Sequence[tuple[str, JsonObject]]) -> Iterator[ToolUse]:
    seen: list[tuple[str, JsonObject]] = []
    for name, given in [*_ordered(text), *_changes(text, tools)]:
        if (name, given) not in seen:
            seen.append((name, given))
            yield ToolUse(name, given)


def _ordered(text: str) -> Iterator[tuple[str, JsonObject]]:
    """Orders like "call tool NAME with {…}": also when nobody offers that tool."""
    for match in _CALL.finditer(text):
        start = text.find("{", match.end())
        try:
            given = json.JSONDecoder().raw_decode(text, start)[0] if 0 <= start - match.end() < 20 else {}
        except ValueError:
            given = {}
        yield match[1], given


def _changes(text: str, tools: Sequence[tuple[str, JsonObject]]) -> Iterator[tuple[str, JsonObject]]:
    """Orders like "restart X": with the tool that looks most like it, or one made up."""
    for verb, what in _CHANGE.findall(text):
        word = verb.lower().replace(" ", "")
        fits = [each for each in tools if word in each[0].replace("_", "") or word in json.dumps(each[1])]
        name, schema = fits[0] if fits else (f"{word}_deployment", {"required": ["name"]})
        yield name, _filled(schema, word, what.rstrip(".,;:"), text)


def _filled(schema: JsonObject, verb: str, what: str, text: str) -> JsonObject:
    """Arguments that fit a schema: the change where a choice names it, what to change everywhere else."""
    given: JsonObject = {}
    for name in schema.get("required") or ():
        shape = (schema.get("properties") or {}).get(name, {})
        shape = (schema.get("$defs") or {}).get(shape.get("$ref", "").rpartition("/")[2], shape)
        given[name] = _value(shape, verb, _named(name, what, text))
    return given


def _named(name: str, what: str, text: str) -> str:
    """What to write for an argument: its value in a record that speaks of the thing, else the thing's own name."""
    short = what.rpartition("/")[2]
    for record in re.findall(r"\{[^{}]*\}", text):
        found = re.search(rf'"{re.escape(name)}":\s*"([^"]+)"', record)
        if found and short in record:
            return found[1]
    return what


def _value(shape: JsonObject, verb: str, what: str) -> Any:
    choices = shape.get("enum") or ()
    if choices:
        return next((each for each in choices if verb in str(each).replace("_", "")), choices[0])
    return {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}.get(shape.get("type", ""), what)


def _made(call: ToolUse, messages: Sequence[JsonObject]) -> bool:
    """Whether the model made this very call before."""
    return any((name, given) == (call.name, dict(call.input)) for name, given in _calls(messages))


def _calls(messages: Sequence[JsonObject]) -> Iterator[tuple[str, Any]]:
    for message in messages:
        if message["role"] != "assistant":
            continue
        for each in message.get("tool_calls") or ():
            yield each["function"]["name"], json.loads(each["function"]["arguments"])
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if block["type"] == "tool_use":
                yield block["name"], block["input"]
