"""F12: in no namespace that is protected or not listed does a change pass, whatever the namespace is called."""

import random
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import ValidationError

from prove.figure import Figure, Proof
from safety.calls import judge_call
from safety.commands.verdict import NoFiles
from safety.drafts import Wish, draft
from safety.facts import Circumstances, Facts, Refusal
from safety.policy import Policy
from safety.validator import Clearance, clear

_AT = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
# A policy as careless as one can be written: its stars reach far into what is protected.
_POLICY = Policy.model_validate(
    {
        "version": 1,
        "mode": "approve",
        "environments": {
            "dev": {"namespaces": ["team-*", "dev-*", "prod-*", "eu-*", "sandbox", "kube-*", "production", "live-*"]}
        },
        "actions": {"restart_deployment": {"environments": ["dev"]}},
        "approvals": {"default": {"users": ["U012AB3CD"]}},
    }
)
_LISTED = ("team-", "dev-", "prod-", "eu-", "kube-", "live-")
_GUARDED = ("prod", "production", "preprod", "prd", "live")
_OWN = (
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "default",
    "istio-system",
    "cert-manager",
    "argocd",
    "flux-system",
)
_HARMLESS = ("team", "dev", "api", "shop", "eu", "us", "web", "sandbox", "blue", "qa", "test", "one", "data", "9")
_LOOK_ALIKES = {
    "p": "рｐ",
    "r": "гｒ",
    "o": "оｏ0",
    "d": "ԁｄ",
    "e": "еｅ",
    "i": "іｉ1",
    "l": "ⅼｌ1",
    "v": "ѵｖ",
    "c": "сｃ",
}


def run(seed: int, cases: int) -> Figure:
    """``cases`` names: near misses of what is protected, look-alikes, capitals, digits, and ordinary ones."""
    rng = random.Random(seed)
    failures, passed = [], 0
    for _ in range(cases):
        name = _name(rng)
        if _passes(name):
            passed += 1
            if not _may_pass(name):
                failures.append(f"a restart in namespace {name!r} was allowed")
    if not passed:
        failures.append("not one name passed, so nothing was told apart")
    return Figure(cases, f"{passed:,} of {cases:,} names passed, {len(failures)} of them wrongly", tuple(failures))


def _name(rng: random.Random) -> str:
    parts = [rng.choice(_HARMLESS) for _ in range(rng.randrange(0, 3))]
    if rng.random() < 0.6:
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(_GUARDED))
    name = rng.choice(("-", "-", "-", "-", "", "_", ".")).join(parts) or rng.choice(_OWN)
    name = rng.choice(_LISTED) + name if rng.random() < 0.4 else name
    for change in rng.sample(_CHANGES, rng.choice((0, 0, 1, 1, 2))):
        name = change(name, rng)
    return name[:80]


def _likened(name: str, rng: random.Random) -> str:
    at = [number for number, char in enumerate(name) if char in _LOOK_ALIKES]
    if not at:
        return name
    chosen = rng.choice(at)
    return name[:chosen] + rng.choice(_LOOK_ALIKES[name[chosen]]) + name[chosen + 1 :]


_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    lambda name, rng: name.upper(),
    lambda name, rng: name.title(),
    lambda name, rng: f"{name}{rng.randrange(100)}",
    lambda name, rng: f"{rng.randrange(10)}{name}",
    lambda name, rng: f"{name}-{rng.randrange(10)}",
    _likened,
    lambda name, rng: name + rng.choice(("\u200b", " ", "\t", "\n", ".", "/", "\u00ad", "-", "--x")),
    lambda name, rng: name.replace("-", rng.choice(("--", "\u2010", "_", "/", "%2d")), 1),
    lambda name, rng: name[: rng.randrange(len(name) + 1)] + rng.choice("abcxyz0189-") + name[len(name) // 2 :],
)


def _passes(name: str) -> bool:
    """All the way: the call as an agent would make it, the action, the rules."""
    given = {"namespace": name, "deployment": "api"}
    verdict = judge_call("mcp__kubernetes__deployment_restart", given, NoFiles())
    if verdict.refused or len(verdict.wanted) != 1:
        return False
    try:
        action = draft(Wish("restart_deployment", verdict.wanted[0].name), _facts(verdict.wanted[0].namespace))
    except ValidationError:
        return False
    if isinstance(action, Refusal):
        return False
    return isinstance(clear(action, _facts(name), _POLICY, _CIRCUMSTANCES), Clearance)


def _may_pass(name: str) -> bool:
    """Told in another way than the rules tell it: bare letters, listed, and no guarded word as a part of it."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    if folded != name or not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name):
        return False
    if name in _OWN or name.startswith("kube-") or not (name == "sandbox" or name.startswith(_LISTED)):
        return False
    return not any(part.strip("0123456789") in _GUARDED for part in name.split("-"))


def _facts(namespace: str) -> Facts:
    return Facts(
        observed_at=_AT,
        cluster="c",
        cluster_name="eks",
        namespace=namespace,
        namespace_labels={},
        namespace_terminating=False,
        uid="u",
        generation=1,
        observed_generation=1,
        resource_version="1",
        desired=3,
        ready=3,
        updated=3,
        available=3,
        strategy="RollingUpdate",
        paused=False,
        deleting=False,
        rollout_under_way=False,
        revision=1,
        template_hash="a",
        revisions=(),
        marker=None,
        autoscalers=(),
    )


_CIRCUMSTANCES = Circumstances(
    now=_AT,
    mode_switch="approve",
    paused_by=None,
    in_flight=False,
    recent_on_target=0,
    recent_in_namespace=0,
    in_incident=0,
    pending=0,
    recent_failures=0,
    drift_24h=0,
    denied_recently=False,
)

PROOF = Proof(
    id="F12",
    claim="no change passes in a namespace that is protected or not listed",
    cases=(2_000, 20_000, 100_000),
    run=run,
)
