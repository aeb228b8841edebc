"""Which symptom a question speaks of, by its words: answers that fail, or answers that are late."""

import re

from tools.snapshot import Snapshot

_SLOW = re.compile(
    r"slow(?:ly|er|ness)?|latenc(?:y|ies)|lag(?:s|gy|ging)?|seconds|secs|minutes|takes?|taking|long|late|delay(?:s|ed)?|"
    r"hangs?|hanging|timeouts?|timing|spinner|p9[59]|crawl\w*|sluggish|forever|wait(?:s|ing)?|\d{1,3}s"
)
# The "t" is what is left of "can't" and "doesn't".
_FAILS = re.compile(
    r"5\d\d|5xx|5\d\ds|429s?|errors?|fail(?:s|ed|ing|ures?)?|reject(?:s|ed|ing|ions?)?|refus(?:e|es|ed|ing)|broken|"
    r"denied|cannot|unable|nobody|none|down|drop(?:s|ped|ping)?|unavailable|exceptions?|crash\w*|throttl\w*|limit\w*|"
    r"complain\w*|outage|t|lost|losing|missing|stuck|queue\w*|never|nothing|wrong(?:ly)?|vanish\w*|disappear\w*"
)
_TOO_MANY = frozenset({"too", "many", "requests"})


def asks_of_slowness(snapshot: Snapshot) -> bool:
    """Whether the question speaks of answers that come late."""
    return any(_SLOW.fullmatch(each) for each in snapshot.focus)


def asks_of_failures(snapshot: Snapshot) -> bool:
    """Whether the question speaks of requests that fail or are turned away, or of answers that come late."""
    fails = any(_FAILS.fullmatch(each) for each in snapshot.focus) or snapshot.focus >= _TOO_MANY
    return fails or asks_of_slowness(snapshot)
