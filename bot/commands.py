"""The commands behind ``python -m bot``: each builds what it needs through wiring, and prints."""

import argparse
import asyncio
import contextlib
import json
import sys
from datetime import UTC, datetime

from bot import wiring
from bot.adapters.claude import ClaudeModel
from bot.adapters.store.database import Busy, Database, StoreUnusable, migrate, must_exist
from bot.config import BadSetting, Settings, read_settings
from bot.domain import Answer, IncidentReport, Triaged
from bot.entrypoints.check import Surroundings, check_all
from bot.entrypoints.slack.runtime import CannotStart
from bot.flows.triage import judged, triage
from safety.policy import Mode
from safety.redaction import Redactor
from tools.world import ClusterReader, Forbidden, Reader, WorldError

# Faults that a person can mend: one line on standard error instead of a traceback.
MENDABLE = (BadSetting, StoreUnusable, Busy, CannotStart, WorldError)


async def run(_arguments: argparse.Namespace) -> int:
    """Connect to Slack and work until told to stop."""
    await wiring.run(read_settings())
    return 0


async def check(_arguments: argparse.Namespace) -> int:
    """One line per connection; 1 if something must be mended."""
    settings = read_settings()
    redactor = Redactor(settings.secrets())
    wiring.configure_logging(settings.model_copy(update={"log_level": "error"}), redactor)
    cluster = await wiring.make_reader(settings)
    surroundings = Surroundings(
        settings=settings,
        slack=wiring.make_slack_client(settings),
        cluster=cluster,
        model=wiring.make_model(settings, redactor),
        mode=_mode(settings),
    )
    all_ok = True
    try:
        async for line in check_all(surroundings):
            print(f"{'ok  ' if line.ok else 'MEND'}  {line.what:<10} {line.text}", flush=True)
            all_ok = all_ok and line.ok
    finally:
        await cluster.close()
    return 0 if all_ok else 1


def _mode(settings: Settings) -> Mode:
    try:
        return wiring.effective_mode(settings)
    except BadSetting:
        return "off"  # the check of the policy file says what is wrong with it


async def investigate(arguments: argparse.Namespace) -> int:
    """Answer one question about the current cluster."""
    settings = read_settings()
    redactor = Redactor(settings.secrets())
    wiring.configure_logging(settings.model_copy(update={"log_level": "error"}), redactor)
    clock = wiring.SystemClock()
    cluster = await wiring.make_reader(settings)
    model = wiring.make_model(settings, redactor)
    try:
        await _reached(cluster)
        question = redactor.text(arguments.question)
        namespace = arguments.namespace
        default = settings.default_namespace
        print("looking …", file=sys.stderr)
        triaged = await triage(
            question, Reader(cluster, redactor), clock.now(), namespace=namespace, default_namespace=default
        )
        if triaged.report.remediation.class_ != "none":
            reason = redactor.text("changes are proposed and approved in Slack, never from here")
            triaged = Triaged(judged(triaged.report, False, (reason,)), triaged.objects)
        answer = None
        if arguments.format == "text":
            investigator = wiring.make_investigator(model, cluster, redactor, clock)
            answer = await investigator.analyse(triaged, question)
    finally:
        await cluster.close()
        if isinstance(model, ClaudeModel):
            await model.aclose()
    _print_answer(triaged, answer)
    return 0


async def _reached(cluster: ClusterReader) -> None:
    """Nothing can be said about a cluster that does not answer. One that answers "no" may still be looked at."""
    with contextlib.suppress(Forbidden):
        await cluster.version()


def _print_answer(triaged: Triaged, answer: Answer | None) -> None:
    report: IncidentReport = triaged.report
    if answer is None:
        print(report.model_dump_json(by_alias=True, indent=2))
        return
    if answer.caveat:
        print(f"! {answer.caveat}\n")
    print(answer.text)


async def database(_arguments: argparse.Namespace) -> int:
    """Bring the schema up to date."""
    settings = read_settings()
    await asyncio.to_thread(migrate, settings.database_url)
    print("the database is up to date")
    return 0


async def audit(arguments: argparse.Namespace) -> int:
    """Recompute the chain."""
    settings: Settings = read_settings()
    redactor = Redactor(settings.secrets())
    must_exist(settings.database_url)
    await asyncio.to_thread(migrate, settings.database_url)
    database = Database(settings.database_url)
    try:
        result = await wiring.make_stores(database, redactor).audit.verify()
    finally:
        await database.close()
    fault = result.fault
    if arguments.json:
        found = {"seq": fault.seq, "why": fault.why} if fault else None
        checked = datetime.now(UTC).isoformat(timespec="seconds")
        print(json.dumps({"records": result.count, "head": result.head, "fault": found, "checked_at": checked}))
    elif fault:
        print(f"BROKEN at record {fault.seq}: {fault.why}")
    else:
        print(f"{result.count} records, each sealed to the one before it; head {result.head}")
        print(
            "The chain alone cannot show a tail that was cut off: compare count and head with your last note of them."
        )
    return 1 if fault else 0
