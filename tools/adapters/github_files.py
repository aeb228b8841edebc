"""Where a repository on GitHub sets a value: the file and the line, read as it was deployed, with few requests."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import quote

from github import GithubException, UnknownObjectException
from github.Repository import Repository

from tools.adapters.github_client import GitHubAccess
from tools.settings import SetAt, Setting, line_that_sets

# Bounds of one look: files that are read, and searches, which GitHub allows ten of in a minute.
FILES, SEARCHES = 6, 2
_LARGEST = 200_000
_WRITTEN_BY_HAND = (
    *(".yaml", ".yml", ".json", ".toml", ".env", ".properties", ".tf", ".tfvars", ".hcl", ".ini", ".conf", ".tpl"),
    *("Dockerfile", ".jsonnet", ".libsonnet", ".cue", ".kt", ".py", ".go", ".ts", ".js", ".java", ".rb"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: ``files`` are what a change touched; ``is_own`` says that the repository is the service's."""

    settings: tuple[Setting, ...]
    service: str
    files: tuple[str, ...]
    is_own: bool
    environment: str | None = None

    def may_be_in(self, path: str) -> bool:
        """In a repository of many services only what bears the service's name."""
        return self.is_own or re.search(rf"(?i)(?<![a-z0-9]){re.escape(self.service)}(?![a-z0-9])", path) is not None


@dataclass(slots=True)
class _Look:
    """What one look has read so far."""

    repo: Repository
    ref: str
    read: dict[str, str | None]

    def text(self, path: str) -> str | None:
        """A file at the deployed commit; None where it is not there, too large, or no text, or enough was read."""
        if path not in self.read:
            self.read[path] = self._text(path) if len(self.read) < FILES else None
        return self.read[path]

    def _text(self, path: str) -> str | None:
        try:
            found = self.repo.get_contents(quote(path), ref=self.ref)
        except UnknownObjectException:
            return None
        if isinstance(found, list) or found.size > _LARGEST or found.encoding != "base64":
            return None
        return found.decoded_content.decode(errors="replace")

    def set_in(self, path: str, setting: Setting) -> SetAt | None:
        text = self.text(path) if path.endswith(_WRITTEN_BY_HAND) else None
        found = line_that_sets(text, setting) if text is not None else None
        if found is None:
            return None
        line, shown = found
        page = f"{self.repo.html_url}/blob/{quote(self.ref)}/{quote(path)}#L{line}"
        return SetAt(setting, self.repo.full_name, path, line, shown, self.ref, page)


async def where_set(access: GitHubAccess, repository: str, wanted: Wanted) -> SetAt | None:
    """The first setting that exactly one file sets. May raise any ``WorldError``."""
    return await access.ask(repository, lambda repo: _found(repo, wanted))


def _found(repo: Repository, wanted: Wanted) -> SetAt | None:
    repo.complete()  # one request for the default branch and the address of its pages
    look = _Look(repo, _deployed_ref(repo, wanted.environment), {})
    for setting in wanted.settings:
        found = [one for path in wanted.files if (one := look.set_in(path, setting)) is not None]
        if len(found) == 1:
            return found[0]
    for setting in wanted.settings[:SEARCHES]:
        paths = [each for each in _searched(repo, setting) if wanted.may_be_in(each)]
        found = [one for path in paths if (one := look.set_in(path, setting)) is not None]
        # Where two files set the same value, nobody can tell which of them it came from.
        if len(found) == 1:
            return found[0]
    return None


def _deployed_ref(repo: Repository, environment: str | None) -> str:
    """The commit that was deployed last with success; without one the default branch."""
    listed = repo.get_deployments(environment=environment) if environment else repo.get_deployments()
    for each in islice(listed, 3):
        states = [one.state for one in islice(each.get_statuses(), 5) if one.state != "inactive"]
        if states and states[0] == "success" and each.created_at <= datetime.now(UTC):
            return each.sha
    return repo.default_branch


def _searched(repo: Repository, setting: Setting) -> Iterator[str]:
    """Paths of files that hold the value; GitHub searches the default branch alone."""
    wanted = f'"{setting.value}" repo:{repo.full_name}'
    try:
        found = repo.requester.requestJsonAndCheck("GET", "/search/code", parameters={"q": wanted, "per_page": FILES})
    except GithubException as fault:
        # Search has limits of its own, and is missing on some servers: what a change touched was read all the same.
        if fault.status in (403, 404, 422, 429):
            return
        raise
    for each in (found[1] or {}).get("items") or ():
        yield str(each.get("path") or "")
