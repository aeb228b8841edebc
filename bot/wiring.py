"""Builds everything once; the only module that names concrete parts."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bot.adapters.checkpoints import CheckpointFile, audit_files
from bot.adapters.claude import ClaudeModel
from bot.adapters.offline import OfflineAnalyst
from bot.adapters.slack_chat import SlackChat
from bot.adapters.slack_people import SlackPeople
from bot.adapters.store.alerts import SqlAlerts
from bot.adapters.store.audit import SqlAudit
from bot.adapters.store.database import Database, SingleInstance, migrate
from bot.adapters.store.flags import SqlFlags
from bot.adapters.store.inbox import SqlInbox
from bot.adapters.store.investigations import SqlInvestigations
from bot.adapters.store.outbox import Outbox
from bot.adapters.store.proposals import SqlProposals
from bot.adapters.store.threads import SqlThreads
from bot.config import Settings, read_policy
from bot.domain import Inbound
from bot.entrypoints.logs import configure_logging
from bot.entrypoints.serving import Running, serve
from bot.entrypoints.slack.app import build_app
from bot.entrypoints.slack.intake import Identity, Intake
from bot.entrypoints.slack.runtime import Sockets, check_tokens
from bot.flows.alerts import Alerts
from bot.flows.cards import Press
from bot.flows.console import HELP, Analyst, Console
from bot.flows.conversations import Conversations, Desk, Habits
from bot.flows.deciding import Click
from bot.flows.inbox import Handler, Inbox
from bot.flows.investigate import Analysts, Investigator
from bot.flows.judging import Judge
from bot.flows.policy_record import record_policy
from bot.flows.proposals import WriterFor
from bot.flows.remediation import Conduct, Remediation, remediation
from bot.flows.sealing import Sealing
from bot.flows.summaries import Summaries
from bot.messages import Notice
from bot.ports import Chat, Clock, LanguageModel, People, Place
from bot.runbooks import Runbooks, read_runbooks
from bot.stores import Stores
from safety.approval import Verdict
from safety.policy import Mode
from safety.redaction import Redactor
from tools.adapters.cluster_dump import DumpReader
from tools.adapters.github_api import GitHubChanges
from tools.adapters.github_client import GitHubAccess
from tools.adapters.github_named import GitHubNamed
from tools.adapters.jira_api import JiraAccess, JiraChanges
from tools.adapters.kubernetes_api import KubernetesApi
from tools.adapters.kubernetes_writer import KubernetesWriter
from tools.adapters.no_cluster import NoCluster
from tools.adapters.service_map import ServiceMap
from tools.kubernetes.catalogue import catalogue
from tools.snapshot import Thresholds
from tools.world import ClusterReader, ClusterWriter, Reader, Unreachable, WorldError, Writer

log = structlog.get_logger()


class SystemClock:
    """``Clock`` as the machine has it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Outside:
    """The parts that reach out of the process; a test hands over its own."""

    chat: Chat
    people: People
    cluster: ClusterReader
    writer: ClusterWriter | None
    model: LanguageModel
    sources: "Sources"


@dataclass(frozen=True, slots=True)
class Bot:
    """The whole bot, ready to be served."""

    running: Running
    intake: Intake
    console: Console
    stores: Stores


def make_stores(database: Database, redactor: Redactor) -> Stores:
    return Stores(
        inbox=SqlInbox(database),
        threads=SqlThreads(database),
        investigations=SqlInvestigations(database, redactor),
        proposals=SqlProposals(database, redactor),
        alerts=SqlAlerts(database),
        audit=SqlAudit(database),
        flags=SqlFlags(database),
    )


async def make_reader(settings: Settings) -> KubernetesApi | NoCluster:
    """The cluster to look at; when there is none, a stand-in that says so to whoever asks."""
    try:
        return await KubernetesApi.connect(settings.kubeconfig, settings.kube_context, settings.cluster_name)
    except WorldError as error:
        log.warning("no_cluster", why=str(error))
        return NoCluster(str(error))


async def make_rights(settings: Settings) -> KubernetesApi | NoCluster:
    """The same cluster as whoever changes it sees it, to ask what those credentials may."""
    context = settings.kube_writer_context or settings.kube_context
    return await make_reader(settings.model_copy(update={"kube_context": context}))


@dataclass(frozen=True, slots=True)
class Sources:
    """What records changes outside the cluster, and in words what could and is not connected."""

    changes: tuple[GitHubChanges | JiraChanges, ...] = ()
    unconnected: tuple[str, ...] = ()
    named: GitHubNamed | None = None

    @property
    def repositories(self) -> tuple[GitHubChanges, ...]:
        return tuple(each for each in self.changes if isinstance(each, GitHubChanges))


def make_sources(settings: Settings) -> Sources:
    """The sources that the settings connect. Raises ``Rejected`` for a mapping file that cannot be used."""
    services = ServiceMap.read(settings.service_map)
    changes: list[GitHubChanges | JiraChanges] = []
    absent: list[str] = []
    wanted = dict.fromkeys(each.lower() for each in (*settings.github_repositories, *services.repositories()))
    owners = frozenset(each.removesuffix("/*") for each in wanted if each.endswith("/*"))
    repositories = [each for each in wanted if not each.endswith("/*")]
    named = None
    if settings.github_token is not None and wanted:
        access = GitHubAccess(settings.github_token.get_secret_value(), settings.github_url)
        changes += [GitHubChanges(access, each, services, settings.github_environment) for each in repositories]
        known = frozenset(repositories)
        named = GitHubNamed(access, owners, known, services, settings.github_environment)
    else:
        absent.append("GitHub (GITHUB_TOKEN and GITHUB_REPOSITORIES)")
    if settings.jira_url is not None and settings.jira_token is not None:
        token = settings.jira_token.get_secret_value()
        changes.append(JiraChanges(JiraAccess(settings.jira_url, token, settings.jira_user), settings.jira_projects))
    else:
        absent.append("Jira (JIRA_URL and JIRA_TOKEN)")
    return Sources(tuple(changes), (*absent, "cloud services", "dashboards"), named)


def make_world(cluster: ClusterReader, redactor: Redactor, told: Sources) -> Reader:
    """A cluster that is live, with what is connected beside it."""
    return Reader(
        cluster,
        redactor,
        told.changes,
        unconnected=told.unconnected,
        repositories=told.repositories,
        named=told.named,
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """A cluster to look at and its now; ``not_checked`` says what cannot be seen in it, whatever is asked."""

    world: Reader
    now: datetime
    close: Callable[[], Awaitable[None]]
    not_checked: tuple[str, ...] = ()


async def open_cluster(settings: Settings, redactor: Redactor) -> Seen:
    """The cluster of the kubeconfig as it is now."""
    cluster, sources = await make_reader(settings), make_sources(settings)
    world = make_world(cluster, redactor, sources)
    return Seen(world, SystemClock().now(), cluster.close)


def open_dump(folder: Path, redactor: Redactor) -> Seen:
    """A cluster from files, as it was when they were written. Raises ``BadDump``."""
    dump = DumpReader(folder)
    changes = (dump,) if dump.has_changes else ()
    metrics = (dump,) if dump.has_metrics else ()
    return Seen(
        Reader(dump, redactor.learning(dump.secrets), changes, metrics, at_hand=True),
        dump.observed_at,
        dump.close,
        dump.not_checked(),
    )


def effective_mode(settings: Settings) -> Mode:
    """The stricter of the setting and the policy file."""
    return read_policy(settings.policy_file).mode_under(settings.mode_switch)


async def make_writer(settings: Settings) -> KubernetesWriter | None:
    """The credentials that can change something; not made at all when remediation is off."""
    if effective_mode(settings) == "off":
        return None
    context = settings.kube_writer_context or settings.kube_context
    try:
        return await KubernetesWriter.connect(settings.kubeconfig, context, settings.cluster_name)
    except Unreachable:
        return None


def make_model(settings: Settings, redactor: Redactor) -> ClaudeModel | OfflineAnalyst:
    """Claude when there is a key, else the rules alone."""
    if settings.anthropic_api_key is None:
        return OfflineAnalyst()
    key = settings.anthropic_api_key.get_secret_value()
    return ClaudeModel(key, settings.anthropic_base_url, settings.orchestrator_model, redactor)


def thresholds_of(settings: Settings) -> Thresholds:
    """What is normal life here and no trouble, as somebody set it."""
    return Thresholds(
        restarts=settings.triage_restarts,
        pod_age=timedelta(minutes=settings.triage_pod_age_minutes),
        crash_loops=settings.triage_crashes,
        image_pull=timedelta(seconds=settings.triage_image_pull_seconds),
        pending=timedelta(minutes=settings.triage_pending_minutes),
        scaling_up=timedelta(minutes=settings.triage_scaling_up_minutes),
        not_ready=timedelta(minutes=settings.triage_not_ready_minutes),
        recent=timedelta(minutes=settings.triage_recent_minutes),
    )


def make_investigator(model: LanguageModel, world: Reader, clock: Clock, runbooks: Runbooks) -> Investigator:
    fallback = OfflineAnalyst(standing_in=True)
    return Investigator(Analysts(model, fallback), catalogue(), world, clock, runbooks=runbooks)


def make_runbooks(settings: Settings, redactor: Redactor) -> Runbooks:
    """The team's runbooks; one that cannot be used stops the start with ``BadSetting``."""
    return read_runbooks(settings.runbooks, (each.name for each in catalogue().reads()), redactor)


def build(
    settings: Settings, outside: Outside, stores: Stores, identity: Identity, clock: Clock, redactor: Redactor
) -> Bot:
    """Everything inside the process, from parts that are already there."""
    told = outside.sources
    world = make_world(outside.cluster, redactor, told)
    policy = read_policy(settings.policy_file)
    mode = effective_mode(settings)
    judge = Judge(policy, mode, stores, outside.people, clock, world, redactor, identity.team)
    tools = catalogue()
    writer_for = _writer_for(outside.writer, world)
    conduct = Conduct(timedelta(seconds=settings.verify_seconds))
    changes = remediation(judge, outside.chat, tools, writer_for, conduct)
    runbooks = make_runbooks(settings, redactor)
    investigator = make_investigator(outside.model, world, clock, runbooks)
    idle = timedelta(minutes=settings.thread_idle_minutes)
    habits = Habits(idle, settings.default_namespace, thresholds_of(settings), runbooks)
    conversations = Conversations(stores, outside.chat, clock, world, Desk(investigator, changes.proposals, habits))
    alerts = Alerts(stores, outside.chat, clock, redactor, conversations, changes.lapses)
    inbox = Inbox(stores.inbox, outside.chat, clock, redactor, settings.parallel_threads)
    inbox.gave_up = conversations.gave_up
    inbox.handlers = _handlers(conversations, alerts, changes, outside.chat, redactor)
    console = Console(judge, Analyst(outside.model.name, outside.model.connected))
    intake = Intake(stores, clock, redactor, identity, settings.alert_channels, inbox.wake)
    chat: Any = outside.chat
    return Bot(Running(clock, chat, inbox, changes.lapses, changes.executor), intake, console, stores)


def _writer_for(writer: ClusterWriter | None, world: Reader) -> WriterFor | None:
    if writer is None:
        return None
    return lambda order: Writer(world, writer, order)


def _handlers(
    conversations: Conversations, alerts: Alerts, changes: Remediation, chat: Chat, redactor: Redactor
) -> dict[str, Handler]:
    async def answered(inbound: Inbound) -> None:
        told = inbound.payload
        reason = redactor.text(told["reason"]) if told["reason"] else None
        place = Place(told["team"], told["channel"], told["thread_ts"])
        press = Press(
            str(inbound.id),
            place,
            told["message_ts"],
            told["user"],
            told["user_team"],
            told["value"],
            inbound.received_at,
            told.get("user_name"),
        )
        match told["verdict"]:
            case "undo":
                await changes.undoing.undo(press)
            case "settle":
                await changes.settling.settle(press, reason or redactor.text("no note"))
            case verdict:
                await changes.decisions.decide(Click(press, Verdict(verdict), reason))

    async def invited(inbound: Inbound) -> None:
        told = inbound.payload
        await chat.say(f"in:{inbound.id}:hello", Place(told["team"], told["channel"]), Notice(redactor.text(HELP)))

    return {
        "command": conversations.command,
        "question": conversations.question,
        "reply": conversations.reply,
        "edited": conversations.edited,
        "alert": alerts.take,
        "answered": answered,
        "invited": invited,
    }


@asynccontextmanager
async def opened_stores(settings: Settings, redactor: Redactor) -> AsyncIterator[tuple[Database, Stores]]:
    """The database, migrated and open."""
    await asyncio.to_thread(migrate, settings.database_url)
    database = Database(settings.database_url)
    try:
        yield database, make_stores(database, redactor)
    finally:
        await database.close()


def make_slack_client(settings: Settings) -> Any:
    from slack_sdk.web.async_client import AsyncWebClient

    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    # No retries inside the client: a post that was repeated blindly would stand there twice.
    return AsyncWebClient(token=token, base_url=settings.slack_api_url, timeout=15, retry_handlers=[])


@asynccontextmanager
async def assembled(settings: Settings, clock: Clock, redactor: Redactor) -> AsyncIterator[tuple[Bot, Sockets]]:
    """The bot with its real parts, from settings alone; nothing is taken from Slack before it is served."""
    async with AsyncExitStack() as stack:
        client = make_slack_client(settings)
        greeting = await check_tokens(client, settings)
        stack.enter_context(SingleInstance(settings.database_url))
        database, stores = await stack.enter_async_context(opened_stores(settings, redactor))
        chat = SlackChat(client, Outbox(database), clock)
        sources = make_sources(settings)
        cluster, writer = await make_reader(settings), await make_writer(settings)
        model = make_model(settings, redactor)
        for each in (cluster, writer):
            if each is not None:
                stack.push_async_callback(each.close)
        if isinstance(model, ClaudeModel):
            stack.push_async_callback(model.aclose)
        outside = Outside(chat, SlackPeople(client, clock), cluster, writer, model, sources)
        bot = build(settings, outside, stores, greeting.identity, clock, redactor)
        sealing = Sealing(stores, CheckpointFile.to_sign(*audit_files(settings)), clock, redactor)
        await sealing.check()
        policy, mode = read_policy(settings.policy_file), effective_mode(settings)
        await record_policy(stores, redactor, policy, mode, clock.now())
        app = build_app(client, bot.intake, bot.console)
        assert settings.slack_app_token is not None
        log.info("starting", workspace=greeting.workspace, cluster=cluster.name, model=model.name)
        running = replace(bot.running, sealing=sealing, summaries=_summaries(settings, bot, chat, clock, redactor))
        yield (
            replace(bot, running=running),
            Sockets(app, settings.slack_app_token.get_secret_value(), settings.slack_sockets),
        )


def _summaries(settings: Settings, bot: Bot, chat: Chat, clock: Clock, redactor: Redactor) -> Summaries | None:
    if settings.summary_channel is None:
        return None
    place = Place(bot.intake.identity.team, settings.summary_channel)
    return Summaries(bot.stores, chat, clock, redactor, place, settings.summary_hour)


async def run(settings: Settings, clock: Clock) -> None:
    """``python -m bot run``: until SIGINT or SIGTERM."""
    redactor = Redactor(settings.secrets())
    configure_logging(settings, redactor)
    async with assembled(settings, clock, redactor) as (bot, sockets):
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(bot.running, sockets, stop)
