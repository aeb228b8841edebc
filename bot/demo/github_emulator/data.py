"""What the emulator knows: repositories with their files, pull requests, commits, releases and deployments.

Times are written as spans before the start (``ago: 40m``), so that a file stays true whenever it is served. Every
merged pull request is one commit of the default branch, as a squash merge leaves it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

JsonObject = dict[str, Any]
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class BadData(Exception):
    """The file cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the default branch."""

    sha: str
    parent: str | None
    at: datetime
    author: str
    message: str
    files: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository; ``commits`` are those of the default branch, the newest first."""

    name: str
    default_branch: str
    files: Mapping[str, str]
    commits: tuple[Commit, ...]
    pulls: tuple[JsonObject, ...]
    releases: tuple[JsonObject, ...]
    deployments: tuple[JsonObject, ...]

    def index_of(self, ref: str) -> int | None:
        """Where a branch, tag or commit points in ``commits``."""
        if ref in (self.default_branch, "HEAD", f"heads/{self.default_branch}"):
            return 0 if self.commits else None
        tagged = next((each["sha"] for each in self.releases if each["tag"] == ref), ref)
        found = (index for index, each in enumerate(self.commits) if each.sha.startswith(tagged))
        return next(found, None)


def read_data(text: str, now: datetime | None = None) -> tuple[Repository, ...]:
    """The repositories of a file. Raises ``BadData``."""
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as fault:
        raise BadData(f"not YAML: {fault}") from None
    told = found.get("repositories") if isinstance(found, dict) else None
    if not isinstance(told, dict):
        raise BadData('must have "repositories", a mapping from owner/name')
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    return tuple(_repository(str(name), held or {}, moment) for name, held in told.items())


def before(moment: datetime, span: Any) -> datetime:
    """A time so long before another; spans are written as 90s, 40m, 3h, 2d or 1w."""
    parts = _SPAN.findall(str(span))
    if not parts:
        raise BadData(f"{span!r} is not a span such as 40m or 3d")
    return moment - timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def _repository(name: str, held: JsonObject, now: datetime) -> Repository:
    if name.count("/") != 1:
        raise BadData(f"{name!r} is not owner/name")
    pulls = tuple(_pull(name, each, now) for each in held.get("pulls") or ())
    commits = _history(name, held, pulls, now)
    releases = [
        {**each, "id": index, "at": before(now, each["ago"]), "sha": _sha_of(each, pulls, commits)}
        for index, each in enumerate(held.get("releases") or (), 1)
    ]
    deployments = [
        {**each, "id": index, "at": before(now, each["ago"]), "sha": _sha_of(each, pulls, commits)}
        | {"statuses": [{**one, "at": before(now, one.get("ago", each["ago"]))} for one in each.get("statuses") or ()]}
        for index, each in enumerate(held.get("deployments") or (), 1)
    ]
    return Repository(
        name=name,
        default_branch=str(held.get("default_branch") or "main"),
        files={str(path): str(text) for path, text in (held.get("files") or {}).items()},
        commits=commits,
        pulls=tuple(sorted(pulls, key=lambda each: each["number"], reverse=True)),
        releases=tuple(sorted(releases, key=lambda each: each["at"], reverse=True)),
        deployments=tuple(sorted(deployments, key=lambda each: each["at"], reverse=True)),
    )


def _pull(repository: str, told: JsonObject, now: datetime) -> JsonObject:
    if "number" not in told or "title" not in told:
        raise BadData(f"{repository}: a pull request needs a number and a title")
    merged = before(now, told["merged"]) if told.get("merged") else None
    closed = merged or (before(now, told["closed"]) if told.get("closed") else None)
    opened = before(now, told["opened"]) if told.get("opened") else (closed or now) - timedelta(hours=5)
    number = told["number"]
    return {
        **told,
        "opened_at": opened,
        "merged_at": merged,
        "closed_at": closed,
        "updated_at": closed or opened,
        "sha": str(told.get("sha") or sha(f"{repository}#{number}")),
        "head_sha": sha(f"{repository}#{number} head"),
        "branch": told.get("branch") or f"change-{number}",
        "files": tuple(told.get("files") or ()),
    }


def _history(repository: str, held: JsonObject, pulls: tuple[JsonObject, ...], now: datetime) -> tuple[Commit, ...]:
    made = list(_unordered(repository, held, pulls, now))
    made.sort(key=lambda each: each.at, reverse=True)
    older = [*(each.sha for each in made[1:]), None]
    return tuple(
        Commit(each.sha, parent, each.at, each.author, each.message, each.files)
        for each, parent in zip(made, older, strict=bool(made))
    )


def _unordered(repository: str, held: JsonObject, pulls: tuple[JsonObject, ...], now: datetime) -> Iterator[Commit]:
    for index, each in enumerate(held.get("commits") or ()):
        name = str(each.get("sha") or sha(f"{repository} commit {index}"))
        at = before(now, each["ago"])
        yield Commit(name, None, at, str(each["author"]), str(each["message"]), tuple(each.get("files") or ()))
    for each in pulls:
        if each["merged_at"]:
            message = f"{each['title']} (#{each['number']})"
            yield Commit(each["sha"], None, each["merged_at"], str(each["author"]), message, each["files"])


def _sha_of(told: JsonObject, pulls: tuple[JsonObject, ...], commits: tuple[Commit, ...]) -> str:
    """The commit a release or deployment is of: given, or the merge of a pull request, or the head."""
    if "pull" in told:
        return next(str(each["sha"]) for each in pulls if each["number"] == told["pull"])
    return str(told.get("sha") or (commits[0].sha if commits else sha("nothing")))


def sha(text: str) -> str:
    """Forty hex digits that stay the same for the same text."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
