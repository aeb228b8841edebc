"""Tickets in Jira that were worked on lately: changes somebody carried out, and reports of trouble.

A ticket of a type such as Change or Deployment stands for a change; it is in force when it is done. Any other ticket is
a report: it is listed beside what happened, and never said to have been deployed.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from jira import JIRA, JIRAError

from tools.objects import at, items, mapping
from tools.world import Forbidden, JsonObject, NotFound, RecordedChange, Rejected, Unreachable, WorldError

_MOST = 50
_FIELDS = "summary,status,resolution,issuetype,labels,components,created,updated,resolutiondate,assignee,reporter"
_CHANGE = re.compile(r"(?i)\b(?:change|deployment|release|rollout|maintenance)\b")
_REFUSED = re.compile(r"(?i)won'?t|reject|declin|cancel|duplicate|abandon|withdrawn")
_LABEL = re.compile(r"(?i)^(?:service|app|component)[:/=-](.+)$")


@dataclass(frozen=True, slots=True)
class JiraAccess:
    """Where Jira is; with ``user`` the token is an API token of Jira Cloud, without one a personal access token."""

    url: str
    token: str = field(repr=False)
    user: str | None = None
    seconds: float = 4.0
    deadline: float = 8.0


@dataclass(frozen=True, slots=True)
class JiraChanges:
    """A ``ChangeSource`` over the tickets of some projects, or of all that the token may see."""

    access: JiraAccess
    projects: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        return "jira"

    async def changes(self, since: datetime, until: datetime) -> Sequence[RecordedChange]:
        """Those of a time span, the newest first, bounded. May raise any ``WorldError``."""
        found = await self._asked(lambda client: client.search_issues(self._query(since), **_BOUNDS))
        made = (self._change(each) for each in items(found, "issues"))
        inside = [each for each in made if each.at is not None and since <= each.at <= until]
        return sorted(inside, key=lambda each: each.at or since, reverse=True)

    async def check(self) -> str:
        """Whether the token is known there; one line for people. May raise any ``WorldError``."""
        found = await self._asked(lambda client: client.myself())
        return f"{self.access.url}: signed in as {found.get('displayName')}"

    def _query(self, since: datetime) -> str:
        # Times in JQL are of the user's time zone, spans are of no zone; the day more covers clocks that differ.
        minutes = int((datetime.now(UTC) - since + timedelta(days=1)).total_seconds() // 60)
        quoted = ", ".join(f'"{each}"' for each in self.projects)
        where = f"project in ({quoted}) AND " if quoted else ""
        return f"{where}updated >= -{minutes}m ORDER BY updated DESC"

    async def _asked(self, work: Any) -> JsonObject:
        """Do some reading in a thread of its own: the library blocks."""
        try:
            async with asyncio.timeout(self.access.deadline):
                return await asyncio.to_thread(self._read, work)
        except TimeoutError:
            raise Unreachable(f"Jira gave no answer in {self.access.deadline:g} s: ask again later") from None

    def _read(self, work: Any) -> JsonObject:
        access = self.access
        login: dict[str, Any] = (
            {"basic_auth": (access.user, access.token)} if access.user else {"token_auth": access.token}
        )
        client = None
        try:
            # No retries: the library's own wait for minutes.
            client = JIRA(
                server=access.url, timeout=access.seconds, max_retries=0, logging=False, get_server_info=False, **login
            )
            # Asked for here, so that there is a client to close when the very first answer is a refusal.
            client.deploymentType = client.server_info().get("deploymentType")
            return dict(work(client))
        except JIRAError as fault:
            raise told(fault) from None
        except (requests.RequestException, ValueError, KeyError, TypeError) as fault:
            raise Unreachable(
                f"Jira at {access.url} gave no usable answer ({type(fault).__name__}): check JIRA_URL and the network"
            ) from None
        finally:
            if client is not None:
                client.close()

    def _change(self, issue: JsonObject) -> RecordedChange:
        told_of, key = mapping(issue, "fields"), str(issue.get("key"))
        kind = str(mapping(told_of, "issuetype").get("name") or "")
        is_change = _CHANGE.search(kind) is not None
        who = mapping(told_of, "assignee") or mapping(told_of, "reporter")
        done_at = told_of.get("resolutiondate") if is_change else None
        return RecordedChange(
            id=key,
            kind="ticket",
            at=_time(done_at) or _time(told_of.get("updated" if is_change else "created")),
            title=f"{kind}: {told_of.get('summary') or ''}",
            author=str(who.get("displayName")) if who else None,
            services=tuple(dict.fromkeys(_services(told_of))),
            deployed_by=_progress(told_of, is_change),
            url=f"{self.access.url.rstrip('/')}/browse/{key}",
        )


_BOUNDS: dict[str, Any] = {"maxResults": _MOST, "fields": _FIELDS, "json_result": True}


def _services(told_of: JsonObject) -> Iterator[str]:
    for each in items(told_of, "components"):
        yield str(each.get("name") or "").lower()
    for label in told_of.get("labels") or ():
        named = _LABEL.match(str(label))
        if named:
            yield named[1].lower()


def _progress(told_of: JsonObject, is_change: bool) -> str:
    status = mapping(told_of, "status")
    name = str(status.get("name") or "unknown")
    if not is_change:
        return f"not deployed: a ticket about it ({name})"
    ended = str(mapping(told_of, "resolution").get("name") or "")
    if _REFUSED.search(f"{ended} {name}"):
        return f"not deployed: {ended or name}"
    is_done = mapping(status, "statusCategory").get("key") == "done"
    return f"carried out ({name})" if is_done else f"not deployed yet: {name}"


def _time(text: Any) -> datetime | None:
    """Jira writes zones without a colon: 2026-05-07T11:16:28.000+0000."""
    return at(re.sub(r"([+-]\d{2})(\d{2})$", r"\1:\2", text)) if isinstance(text, str) else None


def told(fault: JIRAError) -> WorldError:
    """The refusal with what to do about it."""
    words, status = str(fault.text or "")[:160], fault.status_code
    answer = fault.response
    wait = str(answer.headers.get("Retry-After") or "") if answer is not None else ""
    if status == 429:
        after = timedelta(seconds=int(wait)) if wait.isdigit() else None
        return Unreachable("Jira's rate limit is used up: ask again later", after)
    if status == 401:
        return Forbidden("Jira refuses JIRA_TOKEN (401): make a new one; Jira Cloud needs JIRA_USER, the e-mail, too")
    if status == 403:
        return Forbidden(f"JIRA_TOKEN may not read this (403 {words}): give its user the right to browse the projects")
    if status == 404:
        return NotFound("there is no Jira at JIRA_URL (404): write the address people open in the browser")
    if status in (400, 422):
        return Rejected(f"Jira does not accept the search ({status} {words}): check JIRA_PROJECTS")
    return Unreachable(f"Jira failed ({status}): ask again later")
