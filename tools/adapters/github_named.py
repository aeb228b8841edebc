"""Repositories on GitHub that workloads name themselves, opened only where somebody allowed their owner."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tools.adapters.github_api import GitHubChanges
from tools.adapters.github_client import GitHubAccess
from tools.adapters.service_map import Mapped, ServiceMap


@dataclass(slots=True)
class GitHubNamed:
    """``owners`` in small letters, as ``owner/*`` in the settings names them: whoever may annotate a workload could
    else have any repository read that the token opens. ``known`` are read anyway.
    """

    access: GitHubAccess
    owners: frozenset[str]
    known: frozenset[str]
    services: ServiceMap = field(default_factory=ServiceMap)
    environment: str | None = None
    _opened: dict[str, GitHubChanges] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Where the pages of repositories are: of the public GitHub not where its API is."""
        place = urlsplit(self.access.url).netloc.lower()
        return place.removeprefix("api.") if place == "api.github.com" else place

    @property
    def setting(self) -> str:
        return "GITHUB_REPOSITORIES"

    def allows(self, repository: str) -> bool:
        return repository in self.known or repository.partition("/")[0] in self.owners

    def open(self, repository: str, workloads: Sequence[str]) -> GitHubChanges | None:
        """The source of its changes and files; None where it is read already or its owner is not allowed."""
        if repository in self.known or not self.allows(repository):
            return None
        made = tuple(Mapped(each, repository) for each in workloads)
        source = self._opened.setdefault(repository, GitHubChanges(self.access, repository))
        source.services = ServiceMap(tuple(dict.fromkeys((*self.services.entries, *made))))
        source.environment = self.environment
        return source
