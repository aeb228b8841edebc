"""The commands behind ``python -m bot``: each builds what it needs through wiring, and prints."""

import argparse
import asyncio
import contextlib
import difflib
import io
import json
import sys

import yaml

from bot import guard, wiring
from bot.adapters.checkpoints import ledger_to_check
from bot.adapters.claude import ClaudeModel
from bot.adapters.store.audit import head_at
from bot.adapters.store.database import Busy, Database, StoreUnusable, migrate, must_exist
from bot.config import BadSetting, Settings, read_policy, read_settings
from bot.domain import Answer, AuditHead, Triaged, report_schema
from bot.entrypoints import auditing
from bot.entrypoints.check import Surroundings, check_all
from bot.entrypoints.logs import configure_logging
from bot.entrypoints.redact import redact_stream
from bot.entrypoints.slack.runtime import CannotStart
from bot.entrypoints.terminal import complain, show
from bot.flows.triage import judged, triage
from bot.stores import LedgerUnusable
from safety.policy import Mode
from safety.redaction import Redactor
from safety.untrusted import pasteable
from safety.wall import ACCOUNT, admission_policy
from tools.objects import name_of
from tools.world import ClusterReader, Forbidden, NotFound, WorldError

# Faults that a person can mend: one line on standard error instead of a traceback.
MENDABLE = (BadSetting, StoreUnusable, Busy, CannotStart, LedgerUnusable, WorldError, guard.BadChange)


async def run(_arguments: argparse.Namespace) -> int:
    """Connect to Slack and work until told to stop."""
    await wiring.run(read_settings(), wiring.SystemClock())
    return 0


async def check(_arguments: argparse.Namespace) -> int:
    """One line per connection; 1 if something must be mended."""
    settings = read_settings()
    redactor = Redactor(settings.secrets())
    configure_logging(settings.model_copy(update={"log_level": "error"}), redactor)
    cluster, writer = await wiring.make_reader(settings), await wiring.make_rights(settings)
    surroundings = Surroundings(
        settings=settings,
        slack=wiring.make_slack_client(settings),
        cluster=cluster,
        model=wiring.make_model(settings, redactor),
        mode=_mode(settings),
        changes=wiring.make_sources(settings).changes,
        writer=writer,
    )
    all_ok = True
    try:
        async for line in check_all(surroundings):
            show(f"{'ok  ' if line.ok else 'MEND'}  {line.what:<10} {line.text}")
            all_ok = all_ok and line.ok
    finally:
        await cluster.close()
        await writer.close()
    return 0 if all_ok else 1


def _mode(settings: Settings) -> Mode:
    try:
        return wiring.effective_mode(settings)
    except BadSetting:
        return "off"  # the check of the policy file says what is wrong with it


async def investigate(arguments: argparse.Namespace) -> int:
    """Answer one question about the current cluster, or about one from files."""
    settings = read_settings()
    redactor = Redactor(settings.secrets())
    configure_logging(settings.model_copy(update={"log_level": "error"}), redactor)
    seen = (
        wiring.open_dump(arguments.dump, redactor)
        if arguments.dump is not None
        else await wiring.open_cluster(settings, redactor)
    )
    model = wiring.make_model(settings, redactor)
    books = wiring.make_runbooks(settings, redactor)
    try:
        await _reached(seen.world.cluster)
        await _exists(seen.world.cluster, arguments.namespace)
        question = redactor.text(arguments.question)
        complain("looking …")
        triaged = await triage(
            question,
            seen.world,
            seen.now,
            namespace=arguments.namespace,
            default_namespace=None if arguments.dump is not None else settings.default_namespace,
            thresholds=wiring.thresholds_of(settings),
        )
        head = await _audit_head(settings) if arguments.dump is None else None
        triaged = _as_read_only(triaged, seen, head)
        answer = None
        if arguments.format == "text":
            investigator = wiring.make_investigator(model, seen.world, wiring.SystemClock(), books)
            answer = await investigator.analyse(triaged, question)
    finally:
        await seen.close()
        if isinstance(model, ClaudeModel):
            await model.aclose()
    _print_answer(triaged, answer, seen.world.redactor)
    return 0


async def _reached(cluster: ClusterReader) -> None:
    """Nothing can be said about a cluster that does not answer. One that answers "no" may still be looked at."""
    with contextlib.suppress(Forbidden):
        await cluster.version()


async def _exists(cluster: ClusterReader, namespace: str | None) -> None:
    """A namespace given by option has to be there; without the right to list them it is taken at its word."""
    if namespace is None:
        return
    try:
        existing = sorted(name_of(each) for each in await cluster.namespaces())
    except Forbidden:
        return
    if namespace not in existing:
        near = difflib.get_close_matches(namespace, existing, n=3, cutoff=0.5) or existing[:10]
        raise NotFound(
            f"there is no namespace {namespace} in {cluster.name}; nearest names: {', '.join(near) or 'none at all'}. "
            "Give --namespace one of them, or leave it out to look at all"
        )


async def _audit_head(settings: Settings) -> AuditHead | None:
    """The head of the bot's own log, where there is one here with anything in it."""
    try:
        found = await head_at(settings.database_url)
    except StoreUnusable as fault:
        complain(f"ask-claude: the audit log cannot be read ({fault}), so its head is not in the report")
        return None
    return AuditHead(records=found[0], head=found[1]) if found is not None and found[0] else None


def _as_read_only(triaged: Triaged, seen: wiring.Seen, head: AuditHead | None) -> Triaged:
    """The report as it stands outside Slack: nothing can be approved, and a dump may lack what a cluster has."""
    report, say = triaged.report, seen.world.redactor.text
    if report.remediation.class_ != "none":
        report = judged(report, False, (say("changes are proposed and approved in Slack, never from here"),))
    unseen = tuple(say(each) for each in seen.not_checked)
    more = {"not_checked": (*report.not_checked, *unseen), "audit_head": head}
    return Triaged(report.model_copy(update=more), triaged.objects)


def _print_answer(triaged: Triaged, answer: Answer | None, redactor: Redactor) -> None:
    if answer is None:
        # Names and ids are no redacted text in a report, and may hold a secret all the same.
        told = redactor.tree(triaged.report.model_dump(mode="json", by_alias=True))
        # In ASCII alone, so that no locale can spoil the document.
        show(json.dumps(told, indent=2, ensure_ascii=True))
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if answer.caveat:
        show(f"! {pasteable(answer.caveat)}\n")
    show(pasteable(answer.text))
    head = triaged.report.audit_head
    if head is not None:
        show(f"\naudit log: {head.records} records, head {head.head}")


async def redact(_arguments: argparse.Namespace) -> int:
    """Standard input to standard output, without secrets."""
    try:
        own = read_settings().secrets()
    except BadSetting as fault:
        complain(f"ask-claude: {fault}; the bot's own secrets are not known, other rules hold")
        own = []
    redact_stream(sys.stdin.buffer, sys.stdout.buffer, Redactor(own))
    return 0


async def schema(_arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of a report."""
    show(report_schema().rstrip("\n"))
    return 0


async def database(_arguments: argparse.Namespace) -> int:
    """Bring the schema up to date."""
    settings = read_settings()
    await asyncio.to_thread(migrate, settings.database_url)
    show("the database is up to date")
    return 0


async def audit(arguments: argparse.Namespace) -> int:
    """Check the audit log, show it, or export it."""
    settings: Settings = read_settings()
    redactor = Redactor(settings.secrets())
    must_exist(settings.database_url)
    await asyncio.to_thread(migrate, settings.database_url)
    ledger = None
    if arguments.action == "verify":
        ledger = ledger_to_check(settings, arguments.checkpoints, arguments.pubkey)
    database = Database(settings.database_url)
    try:
        store = wiring.make_stores(database, redactor).audit
        return auditing.printed(*await auditing.answer(arguments, store, ledger))
    finally:
        await database.close()


async def policy(arguments: argparse.Namespace) -> int:
    """Say of one change whether it is allowed, and why; or print the wall. 0 whatever the decision is."""
    if arguments.action == "wall":
        made = admission_policy(read_policy(read_settings().policy_file), arguments.account or ACCOUNT)
        show(yaml.safe_dump_all(made, sort_keys=False, width=118, allow_unicode=True).rstrip("\n"))
        return 0
    show(await guard.explain(arguments.change, arguments.dump, read_settings(), as_json=arguments.format == "json"))
    return 0
