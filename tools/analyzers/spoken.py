"""Names as people and logs speak them: "the tariff service" for Service ``tariffs``, and words for kinds of trouble."""

import itertools
import re
from collections.abc import Iterable, Iterator

from tools.analyzers.addresses import Place, find_place
from tools.evidence import Category
from tools.objects import name_of, namespace_of
from tools.snapshot import Snapshot, Workload

C = Category
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# A name is one only beside a word for what it is; those words themselves name nobody.
_AFTER = frozenset(
    {"service", "api", "server", "backend", "store", "db", "database", "endpoint", "upstream", "cluster", "broker"}
)
_TOO_GENERAL = _AFTER | frozenset({"app", "web", "data", "main", "this", "the", "a", "an", "our", "its", "remote"})
_SHORTEST = 3


def near_forms(word: str) -> frozenset[str]:
    """A name in the singular and the plural, and without a last part that only says what it is."""
    stem = re.sub(r"-(?:service|svc|api|server|app)$", "", word)
    forms = {word, stem}
    for each in (word, stem):
        forms.add(f"{each}s")
        forms.add(f"{each[:-1]}ies" if each.endswith("y") else each)
        forms.add(f"{each[:-3]}y" if each.endswith("ies") else each)
        forms.add(each[:-1] if each.endswith("s") and not each.endswith("ss") else each)
    return frozenset(each for each in forms if len(each) >= _SHORTEST)


def spoken_of(line: str, caller: Workload, snapshot: Snapshot) -> Place | None:
    """The one Service that a line without an address speaks of by a near form of its name; beside the caller first."""
    names = {form for each in _names_in(line) for form in near_forms(each)} - _TOO_GENERAL
    if not names:
        return None
    known = [
        each
        for each in snapshot.of("Service")
        if near_forms(name_of(each)) & names and name_of(each) != caller.ref.name and name_of(each) not in _TOO_GENERAL
    ]
    near = [each for each in known if namespace_of(each) == caller.ref.namespace]
    for found in (near, known):
        if len(found) == 1:
            return find_place(f"{name_of(found[0])}.{namespace_of(found[0])}.svc", caller.ref.namespace, snapshot)
    return None


def _names_in(line: str) -> Iterator[str]:
    """The words right before one that says what they name."""
    words = _WORD.findall(line.lower()[:600])
    for before, after in itertools.pairwise(words):
        if after in _AFTER and before not in _TOO_GENERAL:
            yield before


_KINDS: tuple[tuple[re.Pattern[str], frozenset[Category]], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b"), frozenset(categories))
    for words, categories in (
        (
            r"log|login|logon|authenticat\w*|passwords?|credentials?|unauthori[sz]ed",
            (C.INVALID_CREDENTIALS, C.STALE_CREDENTIALS),
        ),
        (r"out of memory|oom\w*|memory", (C.OOM_KILLED, C.MEMORY_LEAK)),
        (r"images?|pull|registry", (C.IMAGE_NOT_FOUND, C.IMAGE_AUTH, C.IMAGE_REGISTRY_UNREACHABLE)),
        (r"certificates?|tls|ssl|expired", (C.CERTIFICATE_EXPIRED,)),
        (r"disk|full|space|volume", (C.STORAGE_FULL, C.PVC_UNBOUND, C.PVC_MISMATCH)),
        (r"crash\w*|restart\w*|dies|dying", (C.APP_CRASH, C.APP_CONFIG_ERROR, C.MISSING_ENV_VAR, C.OOM_KILLED)),
        (r"slow|latency|timeouts?", (C.SLOW_DEPENDENCY, C.HIGH_LATENCY, C.CPU_THROTTLING, C.TRAFFIC_OVERLOAD)),
        (r"read-only|readonly|writes?", (C.DATABASE_READ_ONLY,)),
    )
)


def kinds_told(words: Iterable[str]) -> frozenset[Category]:
    """The categories that the words of a question speak of, one by one: their order is not known."""
    text = "\n".join(words).lower()
    return frozenset(one for pattern, categories in _KINDS if pattern.search(text) for one in categories)
