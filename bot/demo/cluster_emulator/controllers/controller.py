"""What the workload controllers share: watch one kind and what it owns, look again at whichever changed."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.events import EventRecorder
from bot.demo.cluster_emulator.controllers.workqueue import WorkQueue
from bot.demo.cluster_emulator.objects import Obj, is_going, name_of, namespace_of, owner_of
from bot.demo.cluster_emulator.resources import Resource
from bot.demo.cluster_emulator.store import Change, Store


class Controller:
    """Calls ``_reconcile`` with an object of ``watched`` after it, or an object of ``owned`` that it owns, changed."""

    watched: Resource
    owned: Resource

    def __init__(self, store: Store, events: EventRecorder) -> None:
        self._store = store
        self._events = events
        self._queue = WorkQueue(store.clock, self._look)
        store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource is self.watched and change.kind != "DELETED":
            self._queue.add(namespace_of(change.obj), name_of(change.obj))
        elif change.resource is self.owned:
            owner = owner_of(change.obj)
            if owner is not None and owner["kind"] == self.watched.kind:
                self._queue.add(namespace_of(change.obj), owner["name"])

    def _look(self, namespace: str, name: str) -> None:
        found = self._store.get(self.watched, namespace, name)
        if found is not None and not is_going(found):
            self._reconcile(found)

    def _reconcile(self, obj: Obj) -> None:
        """Bring the cluster one step nearer to what the object asks for."""
        raise NotImplementedError
