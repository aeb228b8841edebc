"""Scenarios: reading the YAML files that say what a cluster is like and what has happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.demo.cluster_emulator.kubelet.images import Exit, ImageProfile, LogLine, Served
from bot.demo.cluster_emulator.objects import Obj
from bot.demo.cluster_emulator.rbac import DEFAULT_USERS, Rule, User

SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"
# The C parser is many times faster; it is missing in some builds of the library.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TOP = {"title", "cluster", "include", "images", "users", "history", "expect", "story"}
_DEEDS = {"objects", "workload", "patch", "delete", "node", "crowd"}
_STEP = {"ago", "by", *_DEEDS}
_WORKLOAD = {
    *("kind", "namespace", "name", "image", "replicas", "port", "requests", "limits", "env", "readiness", "liveness"),
    *("annotations", "labels", "service", "progressDeadlineSeconds", "strategy", "revisionHistoryLimit", "paused"),
    *("serviceAccount", "nodeSelector", "tolerations", "podAnnotations", "startup", "initContainers", "volumes"),
}
_WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet")
_IMAGE = {
    *("pull_seconds", "starts_in", "stops_in", "stop_code", "serves", "hangs_after", "memory", "cpu_millicores"),
    *("needs_env", "exits", "logs", "size_bytes", "command_codes", "disk", "shared_cpu_millicores"),
    *("needs_services", "fails_without"),
}
_NODE_DOES = ("stops", "returns")
_DEED_FIELDS = {"crowd": ("namespace", "like", "pods"), "node": ("name", "does")}
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class ScenarioError(Exception):
    """A scenario file that cannot be played; the message says where and what to write instead."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done to the cluster, so many seconds before now."""

    seconds_ago: float
    by: str = ""
    objects: tuple[Obj, ...] = ()
    workload: Obj | None = None
    patch: Obj | None = None
    delete: Obj | None = None
    node: Obj | None = None
    crowd: Obj | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A cluster, its images, its users, and its history up to now."""

    name: str
    title: str
    context: str
    cluster_name: str
    version: str
    images: Mapping[str, ImageProfile]
    users: tuple[User, ...]
    history: tuple[Step, ...]
    expect: Obj = field(default_factory=dict)
    story: Obj = field(default_factory=dict)


def scenario_names() -> list[str]:
    """The scenarios that come with the project."""
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml") if not path.stem.startswith("_"))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read and check one scenario, by name or from a file."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = SCENARIOS / f"{name_or_path}.yaml"
    if not path.is_file():
        raise ScenarioError(f"no scenario {str(name_or_path)!r}; there are: {', '.join(scenario_names())}")
    raw = _read(path)
    parts = [_read(SCENARIOS / f"_{part}.yaml") for part in raw.get("include", [])]
    images = {name: image for each in [*parts, raw] for name, image in each.get("images", {}).items()}
    steps = [step for each in [*parts, raw] for step in each.get("history", [])]
    cluster = _known(raw.get("cluster"), {"context", "name", "version"}, f"{path.name}: cluster")
    history = [_step(step, f"{path.name}: history[{index}]") for index, step in enumerate(steps)]
    return Scenario(
        name=path.stem,
        title=str(raw.get("title", path.stem)),
        context=str(cluster.get("context", "demo")),
        cluster_name=str(cluster.get("name", "demo")),
        version=str(cluster.get("version", "v1.36.2")),
        images={name: _image(name, image or {}, f"{path.name}: images[{name}]") for name, image in images.items()},
        users=tuple(_user(each, f"{path.name}: users") for each in raw["users"]) if "users" in raw else DEFAULT_USERS,
        history=tuple(sorted(history, key=lambda step: -step.seconds_ago)),
        expect=raw.get("expect", {}),
        story=raw.get("story", {}),
    )


def seconds_of(text: object, place: str) -> float:
    """A span such as 45s, 35m, 1h30m or 3d."""
    total, number = 0.0, ""
    for letter in str(text):
        if letter in _UNITS and number:
            total, number = total + float(number) * _UNITS[letter], ""
        elif letter.isdigit() or letter == ".":
            number += letter
        else:
            raise ScenarioError(f"{place}: {text!r} is no span; write for example 45s, 35m, 1h30m or 3d")
    if number:
        raise ScenarioError(f"{place}: {text!r} lacks a unit; write for example 45s, 35m, 1h30m or 3d")
    return total


def _read(path: Path) -> Obj:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name} is not valid YAML: {error}") from error
    return _known(raw, _TOP, path.name)


def _known(raw: Any, allowed: Iterable[str], place: str) -> Obj:
    if not isinstance(raw, dict):
        raise ScenarioError(f"{place} must be a mapping")
    unknown = sorted(set(map(str, raw)) - set(allowed))
    if unknown:
        raise ScenarioError(f"{place}: unknown key {', '.join(unknown)}; known are: {', '.join(sorted(allowed))}")
    return raw


def _need(raw: Obj, keys: Iterable[str], place: str) -> None:
    missing = [key for key in keys if key not in raw]
    if missing:
        raise ScenarioError(f"{place}: {', '.join(missing)} is missing")


def _step(raw: Any, place: str) -> Step:
    step = _known(raw, _STEP, place)
    _need(step, ["ago"], place)
    if len(set(step) & _DEEDS) != 1:
        raise ScenarioError(f"{place}: a step does exactly one of {', '.join(sorted(_DEEDS))}")
    _check_deed(step, place)
    return Step(
        seconds_ago=seconds_of(step["ago"], f"{place}.ago"),
        by=str(step.get("by", "")),
        objects=tuple(step.get("objects", ())),
        workload=step.get("workload"),
        patch=step.get("patch"),
        delete=step.get("delete"),
        node=step.get("node"),
        crowd=step.get("crowd"),
    )


def _check_deed(step: Obj, place: str) -> None:
    for key, fields in _DEED_FIELDS.items():
        if key in step:
            _need(_known(step[key], fields, f"{place}.{key}"), fields, f"{place}.{key}")
    if "workload" in step:
        workload = _known(step["workload"], _WORKLOAD, f"{place}.workload")
        _need(workload, ["namespace", "name", "image"], f"{place}.workload")
        _choice(workload.get("kind", "Deployment"), _WORKLOAD_KINDS, f"{place}.workload.kind")
    if "node" in step:
        _choice(step["node"]["does"], _NODE_DOES, f"{place}.node.does")
    for key in ("patch", "delete"):
        if key in step:
            _need(step[key], ["kind", "name", *(["body"] if key == "patch" else [])], f"{place}.{key}")
    for index, obj in enumerate(step.get("objects", [])):
        _need(obj, ["kind", "metadata"], f"{place}.objects[{index}]")


def _choice(word: object, allowed: tuple[str, ...], place: str) -> None:
    if word not in allowed:
        raise ScenarioError(f"{place} must be one of {', '.join(allowed)}")


def _image(name: str, raw: Any, place: str) -> ImageProfile:
    image = dict(_known(raw, _IMAGE, place))
    try:
        image["serves"] = tuple(Served(int(each["port"]), tuple(each["paths"])) for each in image.get("serves", []))
        image["logs"] = tuple(LogLine(**each) for each in image.get("logs", []))
        for field_name in ("needs_env", "needs_services", "fails_without"):
            image[field_name] = tuple(image.get(field_name, ()))
        if "exits" in image:
            image["exits"] = Exit(**image["exits"])
        for field_name in {"memory", "disk"} & set(image):
            image[field_name] = tuple((float(age), float(size)) for age, size in image[field_name])
        return ImageProfile(name=name, **image)
    except (TypeError, ValueError, KeyError) as error:
        raise ScenarioError(f"{place}: {error}") from error


def _user(raw: Any, place: str) -> User:
    user = _known(raw, {"name", "token", "rules"}, place)
    _need(user, ["name", "token"], place)
    rules = [Rule(**{key: tuple(value) for key, value in rule.items()}) for rule in user.get("rules", [])]
    return User(str(user["name"]), str(user["token"]), tuple(rules))
