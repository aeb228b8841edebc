"""``python -m bot check``: is everything around the bot in order? One line each, with what to do about it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import yaml
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.store.database import Busy, StoreUnusable, migrate
from bot.config import BadSetting, Settings, read_policy
from bot.entrypoints.slack.runtime import CannotStart, Greeting, check_tokens
from bot.ports import LanguageModel, ModelFault
from safety.policy import Mode, Policy
from tools.world import ClusterReader, Forbidden, WorldError

_SOURCES = {"github": "GITHUB_TOKEN and GITHUB_REPOSITORIES", "jira": "JIRA_URL and JIRA_TOKEN"}
MANIFEST = Path(__file__).resolve().parents[2] / "manifest.yml"
# What the first pass reads: verb, resource, API group.
_READS = (
    ("list", "namespaces", ""),
    ("list", "pods", ""),
    ("list", "events", ""),
    ("get", "pods/log", ""),
    ("list", "deployments", "apps"),
    ("list", "replicasets", "apps"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was checked."""

    what: str
    ok: bool
    text: str


class Checked(Protocol):
    """A source of changes that can say whether it is reachable; ``what`` names it in a line."""

    @property
    def what(self) -> str: ...

    async def check(self) -> str:
        """One line for people. May raise any ``WorldError``."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is checked."""

    settings: Settings
    slack: AsyncWebClient
    cluster: ClusterReader
    model: LanguageModel
    mode: Mode
    changes: Sequence[Checked] = ()
    # The cluster by the credentials for changes; None where they are those for reading.
    writer: ClusterReader | None = None


async def check_all(around: Surroundings) -> AsyncIterator[Line]:
    """Every check, in the order in which things are needed. None of them raises."""
    yield await _database(around.settings)
    async for line in _slack(around):
        yield line
    async for line in _cluster(around):
        yield line
    for what, needed in _SOURCES.items():
        async for line in _source(around, what, needed):
            yield line
    yield await _model(around)
    yield _policy(around)


async def _database(settings: Settings) -> Line:
    try:
        await asyncio.to_thread(migrate, settings.database_url)
    except (StoreUnusable, Busy) as error:
        return Line("database", False, str(error))
    return Line("database", True, settings.database_url)


async def _slack(around: Surroundings) -> AsyncIterator[Line]:
    try:
        greeting = await check_tokens(around.slack, around.settings)
    except CannotStart as error:
        yield Line("slack", False, str(error))
        return
    yield Line("slack", True, f"both tokens work in workspace {greeting.workspace}")
    yield _scopes(greeting)
    for channel in around.settings.alert_channels:
        yield await _membership(around.slack, channel)


def _scopes(greeting: Greeting) -> Line:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    wanted = set(manifest["oauth_config"]["scopes"]["bot"])
    missing = sorted(wanted - greeting.scopes)
    if missing:
        return Line(
            "scopes", False, f"missing: {', '.join(missing)}; update the app from manifest.yml and reinstall it"
        )
    return Line("scopes", True, f"all {len(wanted)} scopes of manifest.yml are granted")


async def _source(around: Surroundings, what: str, needed: str) -> AsyncIterator[Line]:
    connected = [each for each in around.changes if each.what == what]
    if not connected:
        yield Line(what, True, f"not connected: changes there are not seen (set {needed})")
    for each in connected:
        try:
            yield Line(what, True, await each.check())
        except WorldError as error:
            yield Line(what, False, str(error))


async def _membership(client: AsyncWebClient, channel: str) -> Line:
    try:
        found: dict[str, Any] = (await client.conversations_info(channel=channel))["channel"]
    except (SlackApiError, SlackClientError, aiohttp.ClientError, TimeoutError) as error:
        code = error.response.get("error") if isinstance(error, SlackApiError) else type(error).__name__
        return Line("channel", False, f"{channel}: {code}; use its id (C…) in ALERT_CHANNELS and invite @ask-claude")
    if not found.get("is_member"):
        return Line("channel", False, f"#{found.get('name')}: not a member; type /invite @ask-claude there")
    return Line("channel", True, f"#{found.get('name')}: alerts are taken here")


async def _cluster(around: Surroundings) -> AsyncIterator[Line]:
    cluster = around.cluster
    try:
        version = await cluster.version()
    except WorldError as error:
        yield Line("cluster", False, str(error))
        return
    yield Line("cluster", True, f"{cluster.name} answers, version {version}")
    try:
        missing = [f"{verb} {what}" for verb, what, group in _READS if not await _may(cluster, verb, what, group)]
    except (WorldError, Forbidden) as error:
        yield Line("rights", False, f"could not be asked: {error}")
        return
    text = f"may not {', '.join(missing)}: give it the role in the README" if missing else "may read what triage needs"
    yield Line("rights", not missing, text)
    if around.mode != "off":
        yield await _changes(around)


async def _changes(around: Surroundings) -> Line:
    """The patch right is asked for where the policy allows changes: rights per namespace are the better kind."""
    listed = {
        each for one in _policy_of(around).environments.values() for each in one.namespaces if not each.endswith("*")
    }
    writer = around.writer or around.cluster
    try:
        if await writer.uid() != await around.cluster.uid():
            return Line("changes", False, "KUBE_WRITER_CONTEXT is another cluster than the one that is read")
        if await writer.may("patch", "deployments", None, "apps"):
            return Line("changes", True, "may patch deployments in every namespace; the policy still decides where")
        lacking = [each for each in sorted(listed) if not await writer.may("patch", "deployments", each, "apps")]
    except WorldError as error:
        return Line("changes", False, f"could not be asked: {error}")
    if lacking:
        text = f"may not patch deployments in {', '.join(lacking)}: bind deploy/changes-in-one-namespace.yaml there"
        return Line("changes", False, text)
    where = f"in {', '.join(sorted(listed))}" if listed else "nowhere yet; the policy lists no namespace by name"
    return Line("changes", True, f"may patch deployments {where}")


def _policy_of(around: Surroundings) -> Policy:
    return read_policy(around.settings.policy_file)


async def _may(cluster: ClusterReader, verb: str, what: str, group: str) -> bool:
    resource, _, subresource = what.partition("/")
    return await cluster.may(verb, resource, None, group, subresource)


async def _model(around: Surroundings) -> Line:
    check = getattr(around.model, "check", None)
    if check is None:
        return Line("model", True, "none connected: answers are written by rules (set ANTHROPIC_API_KEY for Claude)")
    try:
        return Line("model", True, str(await check()))
    except ModelFault as fault:
        return Line("model", False, str(fault))


def _policy(around: Surroundings) -> Line:
    try:
        policy = _policy_of(around)
    except BadSetting as error:
        return Line("policy", False, str(error))
    namespaces = [each for environment in policy.environments.values() for each in environment.namespaces]
    if around.mode == "off":
        return Line("policy", True, "remediation is off: nothing can be changed")
    if not namespaces:
        return Line("policy", True, f"{around.settings.policy_file}: no namespace is listed, so nothing may be changed")
    return Line("policy", True, f"changes may be proposed in {', '.join(namespaces)}")
