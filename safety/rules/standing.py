"""Rules that hold whatever the object is like: switches, the floor, and how much was done already."""

from collections.abc import Callable
from dataclasses import dataclass

from safety.actions import AnyAction
from safety.facts import Circumstances
from safety.policy import Policy, protected_because
from safety.rules.case import Judged


@dataclass(frozen=True, slots=True)
class Standing:
    """What these rules look at: no facts, so they are asked even about an object that is gone."""

    action: AnyAction
    policy: Policy
    circumstances: Circumstances


def standing(action: AnyAction, policy: Policy, circumstances: Circumstances) -> list[Judged]:
    """Each of them, with what came of it."""
    asked = Standing(action, policy, circumstances)
    found = [(name, holds, against(asked)) for name, holds, against in _RULES]
    return [Judged(name, reason is None, holds if reason is None else reason) for name, holds, reason in found]


def _kill_switch(asked: Standing) -> str | None:
    by = asked.circumstances.paused_by
    return None if by is None else f"all changes are paused by {by}"


def _mode(asked: Standing) -> str | None:
    if asked.policy.mode_under(asked.circumstances.mode_switch) != "off":
        return None
    where = "by the operator" if asked.circumstances.mode_switch == "off" else "in the policy"
    return f"changes are switched off {where} (mode off)"


def _protected(asked: Standing) -> str | None:
    return protected_because(asked.policy, asked.action.target.namespace)


def _in_flight(asked: Standing) -> str | None:
    return "another change of this object is running right now" if asked.circumstances.in_flight else None


def _denied_recently(asked: Standing) -> str | None:
    denied = asked.circumstances.denied_recently
    if denied is None:
        return "whether the same change was denied within the last hour is not known"
    return "the same change was denied within the last hour; ask again later" if denied else None


# Taking back what was just done must not fail because it was just done.
def _one_more(asked: Standing) -> int:
    return 0 if asked.circumstances.undo_of is None else 1


def _limit_target(asked: Standing) -> str | None:
    most = asked.policy.limits.per_target_per_hour
    return _spent(
        asked.circumstances.recent_on_target, most, _one_more(asked), "made of this object within the last hour"
    )


def _limit_namespace(asked: Standing) -> str | None:
    most = asked.policy.limits.per_namespace_per_hour
    done = asked.circumstances.recent_in_namespace
    return _spent(done, most, _one_more(asked), "made in this namespace within the last hour")


def _limit_incident(asked: Standing) -> str | None:
    most = asked.policy.limits.per_incident
    return _spent(asked.circumstances.in_incident, most, _one_more(asked), "proposed for this incident")


def _spent(done: int, most: int, more: int, what: str) -> str | None:
    if done < most + more:
        return None
    changes = "1 change was" if done == 1 else f"{done} changes were"
    return f"{changes} already {what}; the limit is {most}"


def _limit_pending(asked: Standing) -> str | None:
    waiting, most = asked.circumstances.pending, asked.policy.limits.pending_max
    if waiting is None:
        return "how many proposals wait for an answer is not known"
    if waiting < most:
        return None
    proposals = "1 proposal waits" if waiting == 1 else f"{waiting} proposals wait"
    return f"{proposals} for an answer already; the limit is {most}"


def _breaker(asked: Standing) -> str | None:
    failures, breaker = asked.circumstances.recent_failures, asked.policy.limits.breaker
    if failures is None:
        return "how many changes failed of late is not known"
    if failures < breaker.failures or asked.circumstances.undo_of is not None:
        return None
    minutes = breaker.cooldown.total_seconds() / 60
    changes = "1 change" if failures == 1 else f"{failures} changes"
    return f"{changes} failed within {minutes:g} minutes: look at them first, no more are made until then"


_RULES: tuple[tuple[str, str, Callable[[Standing], str | None]], ...] = (
    ("kill_switch", "changes are not paused", _kill_switch),
    ("mode", "changes are switched on", _mode),
    ("protected", "the namespace is not protected", _protected),
    ("in_flight", "no other change of this object is running", _in_flight),
    ("limit_target", "this object was not changed too often", _limit_target),
    ("limit_namespace", "this namespace was not changed too often", _limit_namespace),
    ("limit_incident", "this incident has not had too many proposals", _limit_incident),
    ("limit_pending", "not too many proposals wait for an answer", _limit_pending),
    ("breaker", "the changes before this one did not fail", _breaker),
    ("denied_recently", "nobody denied the same change within the last hour", _denied_recently),
)
