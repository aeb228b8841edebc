"""Stores that give out no more connections: told by themselves or by who asks them, and who takes more than before."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tools.analyzers.addresses import behind, setting_with
from tools.analyzers.interface import Claim, cited, finding_on, seen
from tools.analyzers.stores import is_store
from tools.analyzers.troubles import Trouble
from tools.evidence import Category, Evidence, Finding, Remedy
from tools.objects import name_of
from tools.snapshot import Difference, Pod, Release, Snapshot, Workload

# With these words a server refuses; a pool of the caller's own says that it is exhausted or that it waited.
_BY_SERVER = re.compile(
    r"(?i)too many (?:clients|connections)|remaining connection slots|53300|max number of clients|"
    r"no more connections allowed|max_client_conn|max_user_connections|connection limit|maxclients"
)
_BEFORE = timedelta(hours=1)
_AFTER = timedelta(minutes=3)
_MORE = 2


def used_up(trouble: Trouble) -> Workload | None:
    """The store whose own limit is reached: it says so itself, or refuses who asks it."""
    if _BY_SERVER.search(trouble.sign.line) is None:
        return None
    place = trouble.place
    if is_store(trouble.workload) and (place is None or place.behind is None):
        return trouble.workload
    return place.behind if place is not None and place.behind is not None and is_store(place.behind) else None


def without_room(store: Workload, told: Sequence[Trouble], snapshot: Snapshot) -> Finding:
    """A store of ours whose connections are all taken, with those of its clients that have grown just before."""
    callers = tuple(dict.fromkeys(each.workload.ref for each in told if each.workload.ref != store.ref))
    since = min((each.since for each in told if each.since), default=None)
    grown = list(_grown(store, since, snapshot))
    widened = list(_widened(store, since, snapshot))
    names = ", ".join(each.name for each in callers[:3])
    more = ", ".join(f"{load.ref.name} ({len(young)} more pods)" for load, young in grown[:2])
    words = f" Shortly before, {more} began to use it." if more else ""
    words += "".join(f" {load.ref.name} takes more each since its revision {new.number}." for load, new, _ in widened)
    claim = Claim(
        category=Category.CONNECTION_POOL_EXHAUSTED,
        summary=f"{store.ref.kind} {store.ref.name} gives out no more connections: all it allows are in use"
        + (f" (refused: {names})" if names else ""),
        explanation="The store has a limit of connections, and all are taken, so that whoever asks for one is refused. "
        f"Look at who holds them.{words} Let the clients take fewer each (smaller pools, fewer replicas), put a pooler "
        "before the store, or raise its limit if it has the memory. A restart of those refused does not help.",
        evidence=cited(
            [line for each in told[:3] for line in each.lines(snapshot)],
            [_count(load, young, snapshot) for load, young in grown if load.raw],
            [new.evidence for _, new, _ in widened],
        ),
        confidence=0.84,
        pods=(),
        since=since,
        affected=callers,
        because=(*(load.ref for load, _ in grown), *(load.ref for load, _, _ in widened)),
        remedy=_back(widened, snapshot) if not grown else None,
    )
    return finding_on(store.ref, claim)


def _back(widened: Sequence[tuple[Workload, Release, Release]], snapshot: Snapshot) -> Remedy | None:
    """Going back, where one client alone began to take more, and with its running revision."""
    if len(widened) != 1:
        return None
    load, new, old = widened[0]
    why = f"revision {new.number} lets each pod take more connections; revision {old.number} is still kept"
    return Remedy("rollback", load.ref, snapshot.say(why), to_revision=old.number)


_POOL = re.compile(r"(?i)pool|max_?conn|conn\w*_?(?:max|limit|count|size)")


def _widened(
    store: Workload, since: datetime | None, snapshot: Snapshot
) -> Iterator[tuple[Workload, Release, Release]]:
    """The clients whose running revision, made shortly before, lets each pod take more connections than the last."""
    for load in snapshot.workloads if since is not None else ():
        new, old = load.releases[:2] if len(load.releases) > 1 else (None, None)
        if since is None or new is None or old is None or new.created_at is None or new.came_back:
            continue
        is_just_before = since - _BEFORE <= new.created_at <= since + _AFTER
        if is_just_before and any(map(_is_wider, new.differences)) and _is_client(load, store, snapshot):
            yield load, new, old


def _is_wider(changed: Difference) -> bool:
    before, after = str(changed.before), str(changed.after)
    is_pool = changed.topic == "environment" and _POOL.search(changed.label) is not None
    return is_pool and before.isdigit() and after.isdigit() and int(after) > int(before)


def _count(load: Workload, young: Sequence[Pod], snapshot: Snapshot) -> Evidence:
    began = min(each.created_at for each in young if each.created_at)
    words = f"{len(young)} of its {len(load.members)} pods were made at {began:%Y-%m-%d %H:%M} UTC"
    return seen(snapshot, load.raw, words, began, part=":grown")


def _grown(store: Workload, since: datetime | None, snapshot: Snapshot) -> Iterator[tuple[Workload, list[Pod]]]:
    """The clients that were given more pods of the same revision shortly before."""
    for load in snapshot.workloads if since is not None else ():
        young = [
            each
            for each in load.members
            if since is not None and each.created_at and since - _BEFORE <= each.created_at <= since + _AFTER
        ]
        older = {each.template_hash for each in load.members if each not in young}
        scaled = [each for each in young if each.template_hash in older]
        if len(scaled) >= _MORE and _is_client(load, store, snapshot):
            yield load, scaled


def _is_client(load: Workload, store: Workload, snapshot: Snapshot) -> bool:
    return any(
        _uses(load, name_of(each), store, snapshot)
        for each in snapshot.of("Service", store.ref.namespace)
        if any(one.ref == store.ref for one in behind(each, snapshot))
    )


def _uses(load: Workload, name: str, store: Workload, snapshot: Snapshot) -> bool:
    """Whether its settings name the Service; beside the store it is enough that its logs do."""
    if setting_with(load, name, snapshot):
        return True
    told = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    return load.ref.namespace == store.ref.namespace and any(
        told.search(tail.text) for pod in load.members for tail in pod.logs
    )
