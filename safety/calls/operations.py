"""Operations of servers, judged by the verbs in their names, whatever the server is called.

What looks passes, but for the contents of Secrets. What changes is one of the typed actions, or it is refused.
"""

from collections.abc import Mapping
from typing import Any

from safety.calls.asks import asks_for_more, deeds_of
from safety.calls.changes import wanted_by
from safety.calls.names import changing_words, says_that_it_looks
from safety.calls.values import LINES, STATEMENTS, judge_values, secrets_shown, texts_of
from safety.calls.vocabulary import AS_TOLD, CHANGING, NOTES, NOTING, QUERIES, READING, SETS, STEERING
from safety.commands.files import matters
from safety.commands.names import parts_of
from safety.commands.table import words
from safety.commands.verdict import Files, Verdict, Wanted, refused

CLUSTER_TOOLS = words("kubectl helm oc k8s kubernetes")
_RUNS = words(
    "run exec execute shell bash command cmd kubectl helm oc terraform call sql generic cli aws gcloud az docker query"
)
_WRITES = words("write create edit append add move copy")
_PATHS = words("path filepath file source destination target paths")
_IN_PODS = words("pod pods container containers in attach")


def judge_operation(tool: str, given: Mapping[str, Any], files: Files) -> Verdict:
    """The verdict on ``mcp__server__operation`` and on tools that nobody here knows."""
    own = tool.split("__", 2)[-1] if tool.startswith("mcp__") else tool
    named = _merged(parts_of(own))
    deeds = deeds_of(given)
    inside = judge_values(own, named, given, files)
    if inside.refused:
        return inside
    if _is_reading(named, deeds):
        return _look(own, named, given, inside)
    if _is_line(named, given) or _is_note(named) or _writes_narrowly(named, given, files):
        return inside
    wanted = wanted_by(named, deeds, given)
    if isinstance(wanted, Wanted):
        return Verdict(wanted=(wanted,))
    return refused(f"{own}: {wanted}" if wanted else _not_a_look(own, named, deeds))


def _look(own: str, named: list[str], given: Mapping[str, Any], inside: Verdict) -> Verdict:
    """What only looks by its name, unless its input asks for more."""
    if why := secrets_shown(named, given):
        return refused(f"{own}: {why}")
    if asked := asks_for_more(given):
        return refused(f"{own} only looks by its name, but its input asks it to change something ({asked})")
    if inside.wanted:
        return refused(f"{own} only looks by its name, but its input holds a change")
    return inside


def _not_a_look(own: str, named: list[str], deeds: list[str]) -> str:
    told = [each for each in named if each not in CLUSTER_TOOLS]
    changing = [*changing_words(told), *changing_words(deeds)]
    if changing:
        return f"{own} would {changing[0]} something, and that is none of the changes that the policy can allow"
    return f"{own}: none of the words of its name says that it only looks (list, get, log, top, search …)"


def _is_reading(named: list[str], deeds: list[str]) -> bool:
    """A word that looks and none that changes, in the name and in what is asked of it."""
    told = [each for each in named if each not in CLUSTER_TOOLS]
    if changing_words(deeds):
        return False
    if set(changing_words(told)) - (AS_TOLD if READING & set(deeds) else frozenset()):
        return False
    return says_that_it_looks(told) or bool(READING & set(deeds))


def _merged(parts: list[str]) -> list[str]:
    """``stateful``, ``set`` is one thing, and sets nothing."""
    merged: list[str] = []
    for each in parts:
        if merged and (merged[-1], each) in SETS:
            merged[-1] += each
        else:
            merged.append(each)
    return merged


def _is_note(named: list[str]) -> bool:
    verbs = (CHANGING | STEERING) & set(named)
    return bool(verbs) and verbs <= NOTING and bool(NOTES & set(named))


def _writes_narrowly(named: list[str], given: Mapping[str, Any], files: Files) -> bool:
    """A file is written like any other, at a place that does not matter."""
    verbs = CHANGING & set(named)
    paths = texts_of(given, _PATHS)
    is_file = bool({"file", "files", "directory", "folder"} & set(named)) and verbs <= _WRITES
    return is_file and bool(paths) and not any(matters(each, files) for each in paths)


def _is_line(named: list[str], given: Mapping[str, Any]) -> bool:
    """A tool that runs what it is given: what it is given was judged."""
    runs = _RUNS & set(named)
    others = (CHANGING & set(named)) - _RUNS
    has_line = bool(texts_of(given, LINES) or (QUERIES & set(named) and texts_of(given, STATEMENTS)))
    return bool(runs) and has_line and not others and not _IN_PODS & set(named)
