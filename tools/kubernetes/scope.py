"""Which namespace and which deployments a question is about, by names that exist in the cluster."""

import asyncio
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tools.objects import meta
from tools.world import Reader, WorldError

_TOKEN = re.compile(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")
_NAME = r"[\"'`]?([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)[\"'`]?"
_EXPLICIT = (
    re.compile(rf"(?:\bnamespace|\bns|(?<!\S)-n)[\s=:]+{_NAME}"),
    re.compile(rf"{_NAME}\s+namespace\b"),
)
# Words that stand beside "namespace" without naming one, and namespaces whose names are everyday words.
_NOT_NAMES = frozenset(
    {"the", "a", "an", "this", "that", "my", "our", "your", "any", "all", "every", "each", "which", "what", "is", "are"}
    | {"no", "new", "some", "own", "its", "their", "his", "her", "one", "two", "both", "another", "empty", "extra"}
    | {"wrong", "right", "correct", "missing", "single", "separate", "given", "dedicated", "without", "per", "from"}
    | {"in", "of", "for", "and", "or", "to", "other", "same", "whole", "entire", "has", "have", "with", "please", "now"}
)
# Ends with an environment, and stands where people put what they ask about: not as a label, not as a cluster's name.
_ENVIRONED = re.compile(
    r"(?:^|[\s\"'`])((?!non-|pre-)[a-z0-9][-a-z0-9]*-(?:dev|test|qa|uat|stage|staging|sandbox|prod|production))"
    r"(?=[\s\"'`?!,;.]|$)"
)
_LABEL = re.compile(r"(?<![\w./-])[\w./-]+[\"']?\s*[:=]\s*\S+|\bcluster\s+\S+")
_EVERYDAY = frozenset({"default", "test", "system", "monitoring", "logging", "ingress", "web", "app", "prod"})
_TOO_COMMON = frozenset(
    {"pods", "service", "services", "deployment", "deployments", "cluster", "node", "nodes", "error", "errors", "crash"}
    | {"crashing", "image", "images", "failing", "failed", "down", "slow", "what", "which", "when", "with", "from"}
    | {"that", "this", "have", "restart", "rollback", "alert", "alerts"}
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look. ``unknown`` is a namespace that was named and does not exist; ``nearest`` what may be meant.

    ``not_found`` was probably meant as a name, and no namespace or deployment has it: to be said, not to stop at.
    ``beside`` are namespaces that may have been meant instead: the other environments of the one that was named, and
    those that run what the question names and the named one has not.
    """

    namespace: str | None
    focus: frozenset[str] = frozenset()
    unknown: str | None = None
    nearest: tuple[str, ...] = ()
    also_named: tuple[str, ...] = ()
    not_found: str | None = None
    beside: tuple[str, ...] = ()


async def find_scope(
    question: str, world: Reader, *, namespace: str | None = None, default_namespace: str | None = None
) -> Scope:
    """At most six requests. A named namespace goes first, then a named workload's, then the default, then all."""
    text = question.lower()
    tokens = list(dict.fromkeys(_TOKEN.findall(text)))
    wanted = [namespace] if namespace else _explicit(text)
    try:
        existing = [str(meta(each).get("name")) for each in await world.cluster.namespaces()]
    except WorldError:
        # Without the right to list them a name can only be taken at its word.
        return Scope(wanted[0] if wanted else default_namespace, frozenset(tokens))
    named = [each for each in [*wanted, *(token for token in tokens if token not in _EVERYDAY)] if each in existing]
    named = list(dict.fromkeys(named))
    if namespace and namespace not in existing:
        return _unknown(namespace, existing)
    if named:
        beside = (*await _homes(tokens, named[0], existing, world), *siblings(named[0], existing))
        others = tuple(dict.fromkeys(each for each in beside if each not in named))
        return Scope(named[0], frozenset(tokens), also_named=tuple(named[1:]), beside=others)
    found = await _by_workload(tokens, world)
    if found is not None:
        return found
    begun = _begun(tokens, existing)
    if begun is not None and not wanted:
        return Scope(begun, frozenset(tokens))
    unknown = next(iter(wanted), None) or _misspelled(tokens, existing)
    if unknown:
        return _unknown(unknown, existing)
    where = default_namespace if default_namespace in existing else None
    return Scope(where, frozenset(tokens), not_found=_with_environment(text))


_ENVIRONMENTS = frozenset(
    {"dev", "development", "test", "testing", "qa", "uat", "stage", "staging", "sandbox", "preview", "canary"}
    | {"preprod", "prod", "production", "live"}
)


def siblings(name: str, existing: Sequence[str]) -> tuple[str, ...]:
    """Namespaces that differ from this one only in the environment that their names speak of, or do not."""

    def stem(each: str) -> tuple[str, ...]:
        return tuple(part for part in each.split("-") if part not in _ENVIRONMENTS)

    return tuple(each for each in existing if each != name and stem(name) and stem(each) == stem(name))


async def _homes(tokens: Sequence[str], named: str, existing: Sequence[str], world: Reader) -> tuple[str, ...]:
    """Where a workload runs that the question names in full and the named namespace does not have."""
    wanted = [each for each in tokens if "-" in each and each not in existing]
    found = await _by_workload(wanted, world, exact=True) if wanted else None
    return found.beside if found is not None and named not in found.beside else ()


def _explicit(text: str) -> list[str]:
    found = [each for pattern in _EXPLICIT for each in pattern.findall(text)]
    return [each for each in found if each not in _NOT_NAMES]


def _unknown(name: str, existing: Sequence[str]) -> Scope:
    nearest = difflib.get_close_matches(name, existing, n=3, cutoff=0.5)
    return Scope(None, unknown=name, nearest=tuple(nearest))


def _misspelled(tokens: Sequence[str], existing: Sequence[str]) -> str | None:
    """A word with a dash that is nearly a namespace is taken for one, and only ever to ask back."""
    dashed = (each for each in tokens if "-" in each)
    return next((each for each in dashed if difflib.get_close_matches(each, existing, n=1, cutoff=0.85)), None)


def _with_environment(text: str) -> str | None:
    """A name such as "checkout-dev", unless it stands behind a label's name, as in an alert, or behind "cluster"."""
    found = _ENVIRONED.search(_LABEL.sub(" ", text))
    return found[1] if found else None


_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


async def _by_workload(tokens: Sequence[str], world: Reader, *, exact: bool = False) -> Scope | None:
    try:
        tables = await asyncio.gather(*(world.cluster.table(kind, None) for kind in _WORKLOADS))
        kinds = {
            row.get("Name", ""): kind for kind, table in zip(_WORKLOADS, tables, strict=True) for row in table.records()
        }
        match = _named_workload(tokens, set(kinds), exact)
        if match is None:
            return None
        found = await world.cluster.list(kinds[match], None, field_selector=f"metadata.name={match}", limit=5)
    except WorldError:
        return None
    spaces = sorted({str(meta(each).get("namespace")) for each in found})
    # The same name in several namespaces: look at all of them rather than guess.
    home = spaces[0] if len(spaces) == 1 else None
    return Scope(home, frozenset([*tokens, match]), beside=tuple(spaces)) if spaces else None


def _named_workload(tokens: Sequence[str], names: set[str], exact: bool) -> str | None:
    found = next((each for each in tokens if each in names), None)
    return found if found or exact else _begun(tokens, sorted(names))


def _begun(tokens: Sequence[str], names: Sequence[str]) -> str | None:
    """The one name that a word begins, as people leave off "-dev" and "-api"; several candidates are none."""
    for token in tokens:
        begun = [each for each in names if each.startswith(f"{token}-")]
        if len(token) >= 4 and token not in _TOO_COMMON and len(begun) == 1:
            return begun[0]
    return None
