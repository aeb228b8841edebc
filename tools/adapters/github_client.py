"""One call to GitHub at a time in a thread of its own, and its refusals in the words of ``tools.world``.

PyGithub blocks, and one client must not be shared between threads: every call gets its own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import requests
import urllib3
from github import Auth, Github, GithubException
from github.Repository import Repository

from tools.world import Forbidden, NotFound, Rejected, Unreachable, WorldError

T = TypeVar("T")
GITHUB = "https://api.github.com"
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Where GitHub is and with which token; ``seconds`` bounds one request and ``deadline`` a whole look."""

    token: str = field(repr=False)
    url: str = GITHUB
    seconds: int = 4
    deadline: float = 8.0
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE), repr=False)

    async def ask(self, repository: str, work: Callable[[Repository], T]) -> T:
        """Do some reading in a thread. Raises a ``WorldError``; waits for a turn, since threads are few."""
        async with self.turns:
            return await asyncio.to_thread(self._asked, repository, work)

    def _asked(self, repository: str, work: Callable[[Repository], T]) -> T:
        # The library's own retries wait for as long as GitHub likes, up to an hour: an answer in time is worth more.
        retry = urllib3.Retry(
            total=1,
            read=0,
            status_forcelist=(502, 503, 504),
            allowed_methods={"GET"},
            backoff_factor=0.2,
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        client = Github(
            auth=Auth.Token(self.token),
            base_url=self.url.rstrip("/"),
            timeout=self.seconds,
            retry=retry,
            per_page=100,
            seconds_between_requests=None,
            lazy=True,
        )
        try:
            return work(client.get_repo(repository))
        except GithubException as fault:
            raise told(fault, repository) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, AssertionError) as fault:
            raise Unreachable(
                f"GitHub at {self.url} gave no usable answer ({type(fault).__name__}): check GITHUB_URL and the network"
            ) from None
        finally:
            client.close()


def told(fault: GithubException, repository: str) -> WorldError:
    """The refusal with what to do about it."""
    data = fault.data if isinstance(fault.data, dict) else {}
    words, headers = str(data.get("message") or "")[:160], {k.lower(): v for k, v in (fault.headers or {}).items()}
    status, wait = fault.status, str(headers.get("retry-after") or "")
    if status == 429 or wait or "rate limit" in words.lower():
        after = timedelta(seconds=int(wait)) if wait.isdigit() else None
        return Unreachable(f"GitHub's rate limit is used up ({repository}): ask again later", after)
    if status == 401:
        return Forbidden(f"GitHub refuses GITHUB_TOKEN (401 {words}): make a new one and set it")
    if status == 403:
        return Forbidden(
            f"GITHUB_TOKEN may not read {repository} (403 {words}): give it read access to contents, pull requests "
            "and deployments"
        )
    if status == 404:
        return NotFound(
            f"GitHub knows no repository {repository}, or GITHUB_TOKEN may not see it: check GITHUB_REPOSITORIES"
        )
    if status in (400, 422):
        return Rejected(f"GitHub does not accept the request for {repository} ({status} {words})")
    return Unreachable(f"GitHub failed ({status} {words}): ask again later")
