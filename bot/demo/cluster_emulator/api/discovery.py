"""What the server says about itself: versions, groups, kinds, health."""

from __future__ import annotations

from bot.demo.cluster_emulator.objects import Obj
from bot.demo.cluster_emulator.resources import SERVED, Resource

_HEALTH = ("/healthz", "/livez", "/readyz")
# What `kubectl get all` shows.
_ALL = {
    *("pods", "services", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs"),
    "horizontalpodautoscalers",
}
_SUBRESOURCE_VERBS = {"log": ["get"], "eviction": ["create"], "finalize": ["update"]}
_SUBRESOURCE_KINDS = {"scale": ("autoscaling", "v1", "Scale"), "eviction": ("policy", "v1", "Eviction")}


def is_health(path: str) -> bool:
    """Whether the path is one of the health checks, which need no token."""
    return path.rstrip("/") in _HEALTH


def describe(path: str, version: str) -> Obj | None:
    """The answer to a discovery path; None when the path is none."""
    path = path.rstrip("/")
    if path == "/version":
        return _version(version)
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in _groups()]}
    parts = path.split("/")[1:]
    if parts[0] == "api" and parts[1:] == ["v1"]:
        return _resources("", "v1")
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in _groups():
        return {**_group(parts[1]), "kind": "APIGroup", "apiVersion": "v1"}
    if (
        parts[0] == "apis"
        and len(parts) == 3
        and any((each.group, each.version) == tuple(parts[1:]) for each in SERVED)
    ):
        return _resources(parts[1], parts[2])
    return None


def _version(text: str) -> Obj:
    major, minor = text.removeprefix("v").split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": text,
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.25",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _groups() -> list[str]:
    return list(dict.fromkeys(each.group for each in SERVED if each.group))


def _group(name: str) -> Obj:
    versions = list(dict.fromkeys(each.version for each in SERVED if each.group == name))
    known = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": known, "preferredVersion": known[0]}


def _resources(group: str, version: str) -> Obj:
    found = [each for each in SERVED if (each.group, each.version) == (group, version)]
    entries = [entry for each in found for entry in _entries(each)]
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}


def _entries(resource: Resource) -> list[Obj]:
    own: Obj = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        own["shortNames"] = list(resource.short_names)
    if resource.plural in _ALL and resource.group != "metrics.k8s.io":
        own["categories"] = ["all"]
    entries = [own]
    for name in resource.subresources:
        entry: Obj = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
        entry["kind"] = resource.kind
        if name in _SUBRESOURCE_KINDS:
            entry["group"], entry["version"], entry["kind"] = _SUBRESOURCE_KINDS[name]
        entry["verbs"] = _SUBRESOURCE_VERBS.get(name, ["get", "patch", "update"])
        entries.append(entry)
    return entries
