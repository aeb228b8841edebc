"""Disruption budgets: how many of a budget's pods may go now, kept in its status."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.rollouts import share_of
from bot.demo.cluster_emulator.controllers.workqueue import WorkQueue
from bot.demo.cluster_emulator.objects import Obj, condition, dig, is_true, name_of, namespace_of, stamp
from bot.demo.cluster_emulator.resources import BUDGETS, PODS
from bot.demo.cluster_emulator.selectors import selector_matches
from bot.demo.cluster_emulator.store import Change, Store


def covers(budget: Obj, pod: Obj) -> bool:
    """Whether a budget is about this pod."""
    labels = dig(pod, "metadata", "labels", default={})
    return selector_matches(dig(budget, "spec", "selector", default={}), labels)


def counts_of(store: Store, budget: Obj) -> tuple[int, int, int]:
    """How many pods of the budget there should be, how many are healthy, and how many have to be."""
    pods = [pod for pod in store.all_of(PODS, namespace_of(budget)) if covers(budget, pod)]
    healthy = sum(1 for pod in pods if is_true(pod, "Ready"))
    least, most_out = dig(budget, "spec", "minAvailable"), dig(budget, "spec", "maxUnavailable")
    if least is not None:
        return len(pods), healthy, share_of(least, len(pods), round_up=True)
    return len(pods), healthy, len(pods) - share_of(1 if most_out is None else most_out, len(pods), round_up=True)


class BudgetController:
    """Watches budgets and pods."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store.clock, self._reconcile)
        store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource is BUDGETS and change.kind != "DELETED":
            self._queue.add(namespace_of(change.obj), name_of(change.obj))
        elif change.resource is PODS:
            for budget in self._store.all_of(BUDGETS, namespace_of(change.obj)):
                if covers(budget, change.obj):
                    self._queue.add(namespace_of(budget), name_of(budget))

    def _reconcile(self, namespace: str, name: str) -> None:
        budget = self._store.get(BUDGETS, namespace, name)
        if budget is None:
            return
        expected, healthy, wanted = counts_of(self._store, budget)
        allowed = max(0, healthy - wanted) if expected else 0
        word, reason = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
        before = condition(budget, "DisruptionAllowed")
        same = before is not None and before["status"] == word
        turned = before["lastTransitionTime"] if same and before else stamp(self._store.clock.now)
        generation = dig(budget, "metadata", "generation", default=1)
        entry = {"type": "DisruptionAllowed", "status": word, "reason": reason, "message": ""}
        status: Obj = {
            "expectedPods": expected,
            "currentHealthy": healthy,
            "desiredHealthy": wanted,
            "disruptionsAllowed": allowed,
            "observedGeneration": generation,
            "conditions": [{**entry, "lastTransitionTime": turned, "observedGeneration": generation}],
        }
        self._store.update(BUDGETS, {**budget, "status": status})
