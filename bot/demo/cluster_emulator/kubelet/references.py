"""What a container needs from secrets and config maps before it can be made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.demo.cluster_emulator.objects import Obj, dig, namespace_of
from bot.demo.cluster_emulator.resources import CLAIMS, CONFIGMAPS, ENDPOINTS, SECRETS, Resource
from bot.demo.cluster_emulator.store import Store

_SOURCES: tuple[tuple[str, str, Resource, str], ...] = (
    ("secretKeyRef", "secretRef", SECRETS, "secret"),
    ("configMapKeyRef", "configMapRef", CONFIGMAPS, "configmap"),
)


def missing_for_env(store: Store, pod: Obj, container: Obj) -> str | None:
    """The kubelet's complaint about the first reference in env or envFrom that leads nowhere."""
    return next(_env_complaints(store, namespace_of(pod), container), None)


def _env_complaints(store: Store, namespace: str, container: Obj) -> Iterator[str]:
    for source in container.get("envFrom", []):
        for _, whole, resource, word in _SOURCES:
            reference = source.get(whole)
            if (
                reference
                and not reference.get("optional")
                and store.get(resource, namespace, reference["name"]) is None
            ):
                yield f'{word} "{reference["name"]}" not found'
    for variable in container.get("env", []):
        for single, _, resource, word in _SOURCES:
            reference = dig(variable, "valueFrom", single)
            if reference and not reference.get("optional"):
                yield from _key_complaint(store, namespace, resource, word, reference)


def _key_complaint(store: Store, namespace: str, resource: Resource, word: str, reference: Obj) -> Iterator[str]:
    held = store.get(resource, namespace, reference["name"])
    if held is None:
        yield f'{word} "{reference["name"]}" not found'
        return
    keys = {*(held.get("data") or {}), *(held.get("stringData") or {})}
    if reference["key"] not in keys:
        title = "Secret" if word == "secret" else "ConfigMap"
        yield f"couldn't find key {reference['key']} in {title} {namespace}/{reference['name']}"


def env_names(store: Store, pod: Obj, container: Obj) -> set[str]:
    """The names of the environment variables that the container will have."""
    names = {str(variable["name"]) for variable in container.get("env", [])}
    for source in container.get("envFrom", []):
        for _, whole, resource, _word in _SOURCES:
            if whole in source:
                held = store.get(resource, namespace_of(pod), source[whole]["name"]) or {}
                names |= {*(held.get("data") or {}), *(held.get("stringData") or {})}
    return names


def missing_for_volumes(store: Store, pod: Obj) -> tuple[str, str] | None:
    """The volume that cannot be mounted and why, as the event says it."""
    for volume in dig(pod, "spec", "volumes", default=[]):
        wanted: tuple[tuple[Resource, str, str | None], ...] = (
            (SECRETS, "secret", dig(volume, "secret", "secretName")),
            (CONFIGMAPS, "configmap", dig(volume, "configMap", "name")),
            (CLAIMS, "persistentvolumeclaim", dig(volume, "persistentVolumeClaim", "claimName")),
        )
        for resource, word, name in wanted:
            optional = dig(volume, word, "optional") or dig(volume, "configMap", "optional")
            if name and not optional and store.get(resource, namespace_of(pod), name) is None:
                return str(volume["name"]), f'{word} "{name}" not found'
    return None


def has_services(store: Store, pod: Obj, names: Iterable[str]) -> bool:
    """Whether each of these services of the pod's namespace has somebody behind it."""
    found = [store.get(ENDPOINTS, namespace_of(pod), name) for name in names]
    return all(any(subset.get("addresses") for subset in dig(each, "subsets", default=[])) for each in found)
