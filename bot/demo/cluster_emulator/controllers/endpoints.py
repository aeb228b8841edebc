"""The endpoints and endpoint slice controllers: the addresses of the pods behind each service, in both forms."""

from __future__ import annotations

from bot.demo.cluster_emulator.controllers.workqueue import WorkQueue
from bot.demo.cluster_emulator.kubelet.probes import port_number
from bot.demo.cluster_emulator.objects import (
    Obj,
    clone,
    dig,
    is_going,
    is_true,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from bot.demo.cluster_emulator.resources import ENDPOINTS, PODS, SERVICES, SLICES
from bot.demo.cluster_emulator.store import Change, Store

SERVICE_LABEL = "kubernetes.io/service-name"
MANAGER_LABEL = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"


class EndpointsController:
    """Watches services and pods."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue = WorkQueue(store.clock, self._reconcile)
        store.listeners.append(self._noticed)

    def _noticed(self, change: Change) -> None:
        if change.resource is SERVICES:
            self._queue.add(namespace_of(change.obj), name_of(change.obj))
        elif change.resource is PODS:
            labels = dig(change.obj, "metadata", "labels", default={})
            for service in self._store.all_of(SERVICES, namespace_of(change.obj)):
                if _selects(service, labels):
                    self._queue.add(namespace_of(service), name_of(service))

    def _reconcile(self, namespace: str, name: str) -> None:
        service = self._store.get(SERVICES, namespace, name)
        held = self._store.get(ENDPOINTS, namespace, name)
        if service is None:
            if held is not None:
                self._store.remove(ENDPOINTS, namespace, name)
            for each in self._slices(namespace, name):
                self._store.remove(SLICES, namespace, name_of(each))
            return
        if not dig(service, "spec", "selector"):
            return
        obj: Obj = clone(held) if held else {"metadata": {"name": name, "namespace": namespace}}
        subsets = obj["subsets"] = self._subsets(service)
        if held is None:
            self._store.create(ENDPOINTS, obj)
        else:
            self._store.update(ENDPOINTS, obj)
        self._write_slice(service, subsets)

    def _slices(self, namespace: str, service: str) -> list[Obj]:
        return [
            each
            for each in self._store.all_of(SLICES, namespace)
            if dig(each, "metadata", "labels", SERVICE_LABEL) == service
            and dig(each, "metadata", "labels", MANAGER_LABEL) == MANAGER
        ]

    def _write_slice(self, service: Obj, subsets: list[Obj]) -> None:
        """One slice for each service: none here has more than the hundred addresses that a slice holds."""
        endpoints = [
            {
                "addresses": [address["ip"]],
                "conditions": {"ready": is_ready, "serving": is_ready, "terminating": False},
                "nodeName": address["nodeName"],
                "targetRef": address["targetRef"],
            }
            for subset in subsets
            for field, is_ready in (("addresses", True), ("notReadyAddresses", False))
            for address in subset.get(field, [])
        ]
        ports = [port for subset in subsets for port in subset["ports"]]
        held = self._slices(namespace_of(service), name_of(service))
        if held:
            self._store.update(SLICES, {**held[0], "endpoints": endpoints, "ports": ports})
            return
        labels = {SERVICE_LABEL: name_of(service), MANAGER_LABEL: MANAGER}
        meta: Obj = {"generateName": f"{name_of(service)}-", "namespace": namespace_of(service), "labels": labels}
        meta["ownerReferences"] = [owner_reference(service)]
        made = {"metadata": meta, "addressType": "IPv4", "endpoints": endpoints, "ports": ports}
        self._store.create(SLICES, made)

    def _subsets(self, service: Obj) -> list[Obj]:
        pods = [
            pod
            for pod in self._store.all_of(PODS, namespace_of(service))
            if _selects(service, dig(pod, "metadata", "labels", default={}))
            and dig(pod, "status", "podIP")
            and not is_going(pod)
            and dig(pod, "status", "phase") not in ("Succeeded", "Failed")
        ]
        if not pods:
            return []
        container = dig(pods[0], "spec", "containers", 0, default={})
        ports = [
            {
                **({"name": port["name"]} if port.get("name") else {}),
                "port": port_number(container, port.get("targetPort", port.get("port"))),
                "protocol": port.get("protocol", "TCP"),
            }
            for port in dig(service, "spec", "ports", default=[])
        ]
        subset: Obj = {}
        for field, wanted in (("addresses", True), ("notReadyAddresses", False)):
            found = [_address(pod) for pod in pods if is_true(pod, "Ready") == wanted]
            if found:
                subset[field] = found
        return [{**subset, "ports": ports}]


def _selects(service: Obj, labels: dict[str, str]) -> bool:
    selector = dig(service, "spec", "selector", default={})
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _address(pod: Obj) -> Obj:
    reference = {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)}
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": reference}
