"""What every namespace has a moment after it was made: an account named default, and the cluster's certificate."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.workqueue import WorkQueue
from bot.demo.cluster_emulator.objects import is_going, name_of, namespace_of
from bot.demo.cluster_emulator.resources import CONFIGMAPS, NAMESPACES, SERVICEACCOUNTS
from bot.demo.cluster_emulator.store import Change, Store

DEFAULT = "default"


ROOT = "kube-root-ca.crt"


class NamespaceFurnisher:
    """Watches namespaces and what it put into them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store.clock, self._reconcile)
        store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource is NAMESPACES and change.kind == "ADDED":
            self._queue.add("", name_of(change.obj))
        elif change.resource in (SERVICEACCOUNTS, CONFIGMAPS) and change.kind == "DELETED":
            self._queue.add("", namespace_of(change.obj))

    def _reconcile(self, _: str, name: str) -> None:
        namespace = self._store.get(NAMESPACES, "", name)
        if namespace is None or is_going(namespace):
            return
        if self._store.get(SERVICEACCOUNTS, name, DEFAULT) is None:
            self._store.create(SERVICEACCOUNTS, {"metadata": {"name": DEFAULT, "namespace": name}})
        if self._store.get(CONFIGMAPS, name, ROOT) is None:
            # Served without TLS, this cluster has no certificate to show.
            self._store.create(CONFIGMAPS, {"metadata": {"name": ROOT, "namespace": name}, "data": {"ca.crt": ""}})
