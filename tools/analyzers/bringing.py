"""What a release changed, and whether that can bring a fault at all: going back must not bring the same again."""

import re
from collections.abc import Callable

from tools.evidence import Category
from tools.snapshot import Difference, Pod, Release, Topic

C = Category
_PROGRAM: frozenset[Topic] = frozenset({"image", "environment", "command", "config source", "other"})
_PROBES: frozenset[Topic] = frozenset({"liveness probe", "readiness probe", "startup probe"})
_PROBED = _PROGRAM | _PROBES | frozenset[Topic]({"ports", "cpu limit", "cpu request", "memory limit"})
_ROOM: frozenset[Topic] = frozenset(
    {"scheduling", "memory request", "cpu request", "memory limit", "cpu limit", "other"}
)
# To these what is written on a pod matters: others choose by it.
_OF_LABELS = frozenset({C.ANTI_AFFINITY_CONFLICT, C.TAINT_NOT_TOLERATED, C.NODE_SELECTOR_MISMATCH})
# A fault that is not here may come of any change.
_BRINGS: dict[Category, frozenset[Topic]] = {
    C.VOLUME_PERMISSION_DENIED: frozenset({"config source", "other"}),
    **dict.fromkeys(
        (C.MISSING_SECRET, C.MISSING_CONFIGMAP), frozenset[Topic]({"environment", "config source", "other"})
    ),
    **dict.fromkeys((C.OOM_KILLED, C.MEMORY_LEAK), _PROGRAM | frozenset[Topic]({"memory limit"})),
    **dict.fromkeys(
        (C.APP_CRASH, C.APP_CONFIG_ERROR, C.MISSING_ENV_VAR, C.INIT_CONTAINER_FAILED, C.JOB_FAILED, C.PORT_CONFLICT),
        _PROGRAM | frozenset[Topic]({"memory limit", "ports"}),
    ),
    C.RBAC_FORBIDDEN: _PROGRAM,
    **dict.fromkeys(
        (
            *(C.LIVENESS_PROBE_FAILING, C.LIVENESS_PROBE_MISCONFIG),
            *(C.READINESS_PROBE_FAILING, C.READINESS_PROBE_MISCONFIG),
        ),
        _PROBED,
    ),
    C.INSUFFICIENT_RESOURCES: _ROOM,
    **dict.fromkeys(_OF_LABELS, frozenset[Topic]({"scheduling", "other"})),
}
# What is written on a pod for others to read, and how it is put somewhere and stopped, is nothing its programs see.
_UNSEEN = ("annotation ", "label ", "terminationGracePeriodSeconds", "schedulerName", "priority")


def can_bring(release: Release, category: Category) -> bool:
    """Whether anything in it can have brought such a fault."""
    topics = _BRINGS.get(category)
    if topics is None:
        return True
    return any(
        each.topic in topics and (category in _OF_LABELS or not each.label.startswith(_UNSEEN))
        for each in release.differences
    )


def is_of(changed: Difference, container: str) -> bool:
    """Whether a difference is one of this container; of the only one of a pod the label does not tell the name."""
    owner = _owner(changed)
    return owner is None or owner == container


def read_by(pod: Pod, container: str) -> Callable[[Difference], bool]:
    """Which differences a container of this pod can meet.

    An init container ends before what comes after it begins: only itself, those before it and the pod as a whole
    matter to it.
    """
    inits = [each.name for each in pod.containers if each.is_init]
    if container not in inits:
        return lambda _: True
    before = {*inits[: inits.index(container) + 1]}

    def concerns(changed: Difference) -> bool:
        owner = _owner(changed)
        return owner in before if owner is not None else not changed.label.startswith(_UNSEEN)

    return concerns


def _owner(changed: Difference) -> str | None:
    """The container that a difference is about, where its label tells one: "migrate: image", "container migrate"."""
    head, colon, _ = changed.label.partition(": ")
    if colon:
        return head
    return changed.label.removeprefix("container ") if changed.label.startswith("container ") else None


def is_named(changed: Difference, text: str) -> bool:
    """Whether a log speaks of a variable that a release changed or of the value it now has, or of a new argument."""
    if changed.topic == "command":
        before = set(_PART.findall(str(changed.before)))
        return any(_is_told(each, text) for each in _PART.findall(str(changed.after)) if each not in before)
    if changed.topic != "environment":
        return False
    label, value = changed.label.rpartition("env ")[2], str(changed.after)
    return _is_told(value, text) or (len(label) > _SHORTEST and label.lower() in text.lower())


# Arguments without their dashes, and the values after an equals sign. Words with a digit or a sign in them tell more.
_PART = re.compile(r"[A-Za-z0-9_./][\w./:-]{2,}")
_SHORTEST = 3


def _is_told(value: str, text: str) -> bool:
    if value == "none" or len(value) < _SHORTEST or (len(value) == _SHORTEST and value.isalpha()):
        return False
    return re.search(rf"(?<![\w.]){re.escape(value)}(?![\w.]*\w)", text) is not None
