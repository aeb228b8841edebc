"""What was changed in a repository on GitHub: merged pull requests, commits, releases, deployments.

A change on the default branch is in force once a deployment contains it: the history is read newest first, and what is
older than a deployed commit is in that deployment. Where the repository records no deployments, nothing is claimed.
"""

import asyncio
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from github.Commit import Commit
from github.Deployment import Deployment
from github.File import File
from github.PullRequest import PullRequest
from github.Repository import Repository

from tools.adapters.github_client import GitHubAccess
from tools.adapters.github_files import Wanted, where_set
from tools.adapters.service_map import ServiceMap
from tools.settings import SetAt, Setting
from tools.world import RecordedChange, Unreachable

# Bounds of one look at one repository: how much is listed, and how much of that is read in full.
_LISTED, _READ_PULLS, _READ_COMMITS = 300, 30, 10
_RELEASES, _DEPLOYMENTS, _FILES = 30, 8, 100
_PATCH, _DIFF = 4_000, 20_000
_KEPT = 500
_OF_PULL = re.compile(r"\(#\d+\)\s*$|^Merge pull request #\d+")


@dataclass(frozen=True, slots=True)
class Touched:
    """The files of a change and their patches, clipped, as a unified diff."""

    files: tuple[str, ...] = ()
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment with its newest status, such as success or failure."""

    id: int
    sha: str
    ref: str
    environment: str
    at: datetime
    state: str
    by: str | None
    description: str


@dataclass(frozen=True, slots=True)
class _Read:
    """All that was listed of a repository; the history is that of the default branch, the newest first."""

    pulls: Sequence[PullRequest]
    history: Sequence[Commit]
    releases: Sequence[Any]
    deployments: Sequence[Deployed]

    def in_force(self, sha: str | None, merged: datetime | None) -> str | None:
        """How far a commit of the default branch came; None where nothing is known."""
        if not self.deployments:
            return None
        order = {each.sha: index for index, each in enumerate(self.history)}
        states = dict[str, str]()
        unsure = False
        for each in self.deployments:
            if each.sha in order and sha in order:
                contains = order[each.sha] <= order[sha]
            else:
                contains = each.sha == sha
                unsure = unsure or (not contains and merged is not None and each.at > merged)
            if contains and states.get(each.environment) != "success":
                states[each.environment] = each.state
        if states:
            return ", ".join(f"{state} in {environment}" for environment, state in states.items())
        return None if unsure else "not deployed yet"


@dataclass(slots=True)
class GitHubChanges:
    """A ``ChangeSource`` over one repository.

    ``environment``: only deployments to it count; without one a deployment to any environment puts a change in force.
    What a merged pull request touched never changes, so it is read once.
    """

    access: GitHubAccess
    repository: str
    services: ServiceMap = field(default_factory=ServiceMap)
    environment: str | None = None
    _known: dict[str, Touched] = field(default_factory=dict)

    async def changes(self, since: datetime, until: datetime) -> Sequence[RecordedChange]:
        """Those of a time span, the newest first, bounded. May raise any ``WorldError``."""
        try:
            async with asyncio.timeout(self.access.deadline):
                return await self._changes(since, until)
        except TimeoutError:
            raise Unreachable(
                f"GitHub gave no answer about {self.repository} in {self.access.deadline:g} s: ask again later"
            ) from None

    @property
    def what(self) -> str:
        return "github"

    async def check(self) -> str:
        """Whether the token can read the repository; one line for people. May raise any ``WorldError``."""
        found = await self.access.ask(self.repository, lambda repo: repo.default_branch)
        return f"{self.repository}: readable, default branch {found}"

    def concerns(self, service: str) -> bool:
        """By the mapping file, else by the repository's own name."""
        mapped = self.services.of(self.repository)
        return service.lower() in mapped or (not mapped and self.repository.lower().endswith(f"/{service.lower()}"))

    async def where_set(self, settings: Sequence[Setting], service: str, files: Sequence[str]) -> SetAt | None:
        """The first of the settings that exactly one file of the service sets. May raise any ``WorldError``."""
        wanted = Wanted(tuple(settings), service, tuple(files), self.concerns(service), self.environment)
        try:
            async with asyncio.timeout(self.access.deadline):
                return await where_set(self.access, self.repository, wanted)
        except TimeoutError:
            raise Unreachable(
                f"GitHub gave no file of {self.repository} in {self.access.deadline:g} s: ask again later"
            ) from None

    async def _changes(self, since: datetime, until: datetime) -> list[RecordedChange]:
        ask = self.access.ask
        # All are awaited even when one fails: a thread cannot be called back.
        listed = await asyncio.gather(
            ask(self.repository, lambda repo: _pulls(repo, since, until)),
            ask(self.repository, lambda repo: _history(repo, since, until)),
            ask(self.repository, lambda repo: _releases(repo, since, until)),
            ask(self.repository, lambda repo: _deployments(repo, self.environment)),
            return_exceptions=True,
        )
        for each in listed:
            if isinstance(each, BaseException):
                raise each
        merged, history, releases, deployments = listed
        read = _Read(cast(Any, merged), cast(Any, history), cast(Any, releases), cast(Any, deployments))
        loose = [each for each in _loose(read) if _aware(each.commit.committer.date) >= since]
        pulls, commits = await asyncio.gather(
            asyncio.gather(*(self._pull(each, read, index) for index, each in enumerate(read.pulls))),
            asyncio.gather(*(self._commit(each, read, index) for index, each in enumerate(loose))),
        )
        found = [*pulls, *commits, *self._released(read), *self._deployed(read, since, until)]
        return sorted(found, key=lambda each: each.at or since, reverse=True)

    # ---- what was listed, read in full where it is new ---------------------------------------------------------------

    async def _pull(self, pull: PullRequest, read: _Read, index: int) -> RecordedChange:
        touched = self._known.get(f"#{pull.number}")
        if touched is None and index < _READ_PULLS:
            number = pull.number
            touched = await self.access.ask(self.repository, lambda repo: _touched(repo.get_pull(number).get_files()))
            self._remember(f"#{number}", touched)
        touched = touched or Touched()
        labels = [each.name for each in pull.labels]
        head = f"branch: {pull.head.ref}\n" if pull.head.ref else ""
        return RecordedChange(
            id=f"{self.repository}#{pull.number}",
            kind="pull_request",
            at=pull.merged_at,
            title=pull.title,
            repo=self.repository,
            author=pull.user.login if pull.user else None,
            files=touched.files,
            services=self.services.services(self.repository, touched.files, labels),
            diff=f"{head}{touched.diff}",
            deployed_by=read.in_force(pull.merge_commit_sha, pull.merged_at),
            url=pull.html_url,
        )

    async def _commit(self, commit: Commit, read: _Read, index: int) -> RecordedChange:
        sha, at = commit.sha, _aware(commit.commit.committer.date)
        touched = self._known.get(sha)
        if touched is None and index < _READ_COMMITS:
            touched = await self.access.ask(self.repository, lambda repo: _touched(repo.get_commit(sha).files))
            self._remember(sha, touched)
        touched = touched or Touched()
        return RecordedChange(
            id=f"{self.repository}@{sha[:12]}",
            kind="commit",
            at=at,
            title=commit.commit.message.partition("\n")[0],
            repo=self.repository,
            author=commit.author.login if commit.author else commit.commit.author.name,
            files=touched.files,
            services=self.services.services(self.repository, touched.files),
            diff=touched.diff,
            deployed_by=read.in_force(sha, at),
            url=commit.html_url,
        )

    def _remember(self, key: str, touched: Touched) -> None:
        while len(self._known) >= _KEPT:
            self._known.pop(next(iter(self._known)))
        self._known[key] = touched

    def _released(self, read: _Read) -> Iterator[RecordedChange]:
        for each in read.releases:
            states = dict[str, str]()
            for one in read.deployments:
                if one.ref == each.tag_name:
                    states.setdefault(one.environment, one.state)
            yield RecordedChange(
                id=f"{self.repository} release {each.tag_name}",
                kind="release",
                at=each.published_at,
                title=each.name or each.tag_name,
                repo=self.repository,
                author=each.author.login if each.author else None,
                services=self.services.services(self.repository),
                deployed_by=", ".join(f"{state} in {where}" for where, state in states.items()) or None,
                url=each.html_url,
            )

    def _deployed(self, read: _Read, since: datetime, until: datetime) -> Iterator[RecordedChange]:
        for each in read.deployments:
            if since <= each.at <= until:
                yield RecordedChange(
                    id=f"{self.repository} deployment {each.id}",
                    kind="deployment",
                    at=each.at,
                    title=f"{each.ref} to {each.environment}{': ' if each.description else ''}{each.description}",
                    repo=self.repository,
                    author=each.by,
                    services=self.services.services(self.repository),
                    deployed_by=f"{each.state} in {each.environment}",
                )


# ---- in the thread --------------------------------------------------------------------------------------------------


def _pulls(repo: Repository, since: datetime, until: datetime) -> list[PullRequest]:
    """The merged ones. A pull request that was touched last before the span was merged before it too."""
    listed = repo.get_pulls(state="closed", sort="updated", direction="desc")
    recent = itertools.takewhile(lambda each: _aware(each.updated_at) >= since, itertools.islice(listed, _LISTED))
    merged = [(each.merged_at, each) for each in recent if each.merged_at and since <= each.merged_at <= until]
    return [each for _, each in sorted(merged, key=lambda one: one[0], reverse=True)]


def _history(repo: Repository, since: datetime, until: datetime) -> list[Commit]:
    # A little more than the span, so that what was deployed just before it is found in the history.
    return list(itertools.islice(repo.get_commits(since=since - timedelta(days=7), until=until), _LISTED))


def _releases(repo: Repository, since: datetime, until: datetime) -> list[Any]:
    listed = itertools.islice(repo.get_releases(), _RELEASES)
    return [each for each in listed if not each.draft and each.published_at and since <= each.published_at <= until]


def _deployments(repo: Repository, environment: str | None) -> list[Deployed]:
    listed = repo.get_deployments(environment=environment) if environment else repo.get_deployments()
    return [_with_state(each) for each in itertools.islice(listed, _DEPLOYMENTS)]


def _with_state(each: Deployment) -> Deployed:
    # A later deployment turns this one "inactive"; how it went itself stands before that.
    newest = next((one for one in each.get_statuses() if one.state != "inactive"), None)
    return Deployed(
        id=each.id,
        sha=each.sha,
        ref=each.ref,
        environment=each.environment,
        at=_aware(each.created_at),
        state=newest.state if newest else "pending",
        by=each.creator.login if each.creator else None,
        description=each.description or "",
    )


def _touched(listed: Iterable[File]) -> Touched:
    files = list(itertools.islice(listed, _FILES))
    diff, left = [], _DIFF
    for each in files:
        if each.patch and len(each.patch) <= min(_PATCH, left):
            diff.append(f"--- a/{each.filename}\n+++ b/{each.filename}\n{each.patch}\n")
            left -= len(each.patch)
    return Touched(tuple(each.filename for each in files), "".join(diff))


# ---- the history ----------------------------------------------------------------------------------------------------


def _loose(read: _Read) -> Iterator[Commit]:
    """Commits of the main line that no pull request brought; those of merged branches hang on second parents."""
    by_sha: Mapping[str, Commit] = {each.sha: each for each in read.history}
    merges = {each.merge_commit_sha for each in read.pulls}
    each = read.history[0] if read.history else None
    while each is not None:
        if each.sha not in merges and not _OF_PULL.search(each.commit.message.partition("\n")[0]):
            yield each
        each = by_sha.get(each.parents[0].sha) if each.parents else None


def _aware(at: datetime | None) -> datetime:
    if at is None:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
