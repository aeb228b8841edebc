"""Hostile text by every way in: labelled for a model, dead in all that is shown, and without any effect."""

import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.claude_prompt import SYSTEM, Prompts
from bot.adapters.offline import OfflineAnalyst
from bot.adapters.slack_blocks import compose
from bot.adapters.slack_details import pages
from bot.demo.stage import POLICY
from bot.domain import Exchange, Origin, Triaged, Usage
from bot.flows.investigate import Analysts, Investigator
from bot.flows.triage import triage
from bot.messages import Analysis, Findings, Notice, Opening
from bot.ports import ModelReply, ModelRequest, Step, Stop, ToolCall, ToolResult
from bot.sources import SOURCES as MONITORS
from prove.rendered_messages import live_in
from safety.redaction import Redactor
from tests.bot.adapters.test_slack_blocks import texts
from tests.bot.test_commands import type_in
from tests.fakes import FixedClock
from tests.journeys import ways_in
from tests.journeys.ways_in import UNSEEN, bait, mark, poisoned_dump, strings, taken_apart
from tests.scenarios.kit import all_scenarios
from tools import adapters
from tools.adapters.cluster_dump import DumpReader
from tools.kubernetes.catalogue import catalogue
from tools.objects import name_of, namespace_of
from tools.tool import ToolError
from tools.world import KINDS, Reader

RED = Redactor()
LIBRARY = {each.name: each for each in all_scenarios()}
PICTURES = (
    "checkout-black-friday",
    "statements-not-today",
    "fleet-telemetry-first-install",
    "permits-evening-submissions",
)
ROOT = Path(__file__).parents[2]


# ---- the list is whole ---------------------------------------------------------------------------------------------

_READS = ("changes", "get", "list", "log", "namespaces", "series", "table", "version", "where_set")


def _sources() -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in pkgutil.walk_packages(adapters.__path__, "tools.adapters."):
        module = importlib.import_module(each.name)
        for name, found in vars(module).items():
            if inspect.isclass(found) and found.__module__ == module.__name__ and not name.startswith("_"):
                asked = tuple(one for one in _READS if inspect.iscoroutinefunction(vars(found).get(one)))
                if asked:
                    yield name, asked


def test_every_class_that_hands_outside_text_on_is_in_the_table() -> None:
    without_text = {"NoCluster"}
    assert {name: asked for name, asked in _sources() if name not in without_text} == dict(ways_in.SOURCES)


def test_every_monitor_and_every_tool_is_in_the_table() -> None:
    assert tuple(each.__module__.rpartition(".")[2] for each in MONITORS) == ways_in.MONITORS
    assert tuple(each.name for each in catalogue().reads()) == ways_in.READ_TOOLS


# ---- from files: all kinds of objects, logs, changes and series ----------------------------------------------------


async def looked_into(folder: Path, question: str) -> tuple[Reader, Triaged]:
    dump = DumpReader(folder)
    world = Reader(dump, RED.learning(dump.secrets), (dump,), (dump,), at_hand=True)
    return world, await triage(RED.text(question), world, dump.observed_at)


async def results(world: Reader, triaged: Triaged) -> list[ToolResult]:
    """What every read tool answers about every object of the dump."""
    tools, made = catalogue(), []
    calls: list[tuple[str, dict[str, Any]]] = [("list_pods", {}), ("list_deployments", {}), ("list_nodes", {})]
    for space in {str(namespace_of(each)) for each in await world.cluster.list("Pod", None)}:
        calls.append(("list_events", {"namespace": space, "warnings_only": False}))
    for each in await world.cluster.list("Pod", None):
        calls.append(("pod_logs", {"namespace": namespace_of(each), "name": name_of(each)}))
    for kind in sorted(set(KINDS) - {"Event"}):
        for each in (await world.cluster.list(kind, None))[:4]:
            place = {"namespace": namespace_of(each), "name": name_of(each)}
            calls.append(("describe_object", {"kind": kind, **place}))
            if kind == "Deployment":
                calls.append(("rollout_history", {"namespace": namespace_of(each), "deployment": name_of(each)}))
    for number, (name, arguments) in enumerate(calls):
        try:
            seen = await tools.look(name, arguments, world)
        except ToolError as error:
            made.append(ToolResult(f"c{number}", name, world.redactor.text(str(error)), is_error=True))
        else:
            made.append(ToolResult(f"c{number}", name, seen.text))
    return made


@pytest.mark.parametrize("picture", PICTURES)
async def test_text_of_a_cluster_reaches_a_model_labelled_and_people_dead(tmp_path: Path, picture: str) -> None:
    made = LIBRARY[picture]
    world, triaged = await looked_into(poisoned_dump(made, tmp_path), f"{made.question} {bait('question')}")
    told = await results(world, triaged)
    report = triaged.report
    assert len([one for one in told if not one.is_error]) > 20

    # To a model.
    calls = tuple(ToolCall(one.call_id, one.name, {}) for one in told)
    step = Step(ModelReply("", calls, Stop.TOOLS, Usage()), tuple(told))
    hostile = RED.text(bait("earlier answer"))
    request = ModelRequest(
        report,
        triaged.objects,
        report.question,
        (Exchange(hostile, hostile, "U0BOB", FixedClock().now()),),
        steps=(step,),
        summary=hostile,
    )
    talk = Prompts().messages(request)
    whole = "\n".join(text for message in talk for text in strings(message["content"]) if "\n" in text or " " in text)
    apart = taken_apart(whole)
    assert apart.faults == ()
    assert "way-" not in apart.ours
    assert ways_in.HOST not in apart.ours
    inside = "\n".join(text for each in apart.documents for text in strings(each))
    for way in ("question", "log", "event message", "event reason", "earlier answer", "replicaset change-cause"):
        assert mark(way) in inside, f"{way} was never read, so nothing was shown by it"
    unseen = [each for each in KINDS if each != "Event" and mark(f"{each} label") not in inside]
    assert unseen == [], "an object of every kind was read"
    assert mark("ConfigMap policy") not in inside, "what a config map holds is not for the model"
    assert ways_in.HOST not in SYSTEM

    # To people.
    analyst = Investigator(Analysts(OfflineAnalyst(), OfflineAnalyst()), catalogue(), world, FixedClock())
    answer = await analyst.analyse(triaged, report.question)
    took = timedelta(seconds=2)
    shown = [Findings(report, took), Opening(Origin.COMMAND, "U0BOB", report.question, report)]
    composed = [compose(each) for each in (*shown, Analysis(answer, took, follow_up=False), Notice(answer.text))]
    said = [text for one in composed for text in (str(one.text), *texts(json.loads(json.dumps(one.blocks))))]
    said += [text for page in pages(report) for text in texts([block.to_dict() for block in page])]
    assert "way-" in "\n".join(said)
    assert [f"{live} in {text}" for text in said for live in live_in(text.replace("<@U0BOB>", ""))] == []


def test_nothing_that_a_terminal_obeys_is_printed(tmp_path: Path) -> None:
    made = LIBRARY[PICTURES[0]]
    folder = poisoned_dump(made, tmp_path / "dump")
    line = ["investigate", made.question, "--dump", str(folder)]
    change = json.dumps({"action": "restart_deployment", "namespace": "shop-dev", "name": bait("change")[:240]})
    plain, document, nowhere, explained = type_in(
        tmp_path,
        ([*line, "--format", "text"], {}),
        ([*line, "--format", "json"], {}),
        ([*line, "--namespace", bait("option")], {}),
        (["policy", "explain", change, "--dump", str(folder)], {"POLICY_FILE": str(POLICY)}),
    )
    assert (plain.code, document.code, nowhere.code) == (0, 0, 2)
    assert mark("option") in nowhere.err
    assert mark("change") in explained.out + explained.err
    for told in (plain, document, nowhere, explained):
        assert "way-" in told.out + told.err
        assert UNSEEN.search(told.out + told.err) is None
    assert "way-" in json.dumps(json.loads(document.out))
    # A mark of evidence is the program's own: each names a piece that there is.
    cited = {each for line in plain.out.splitlines() for each in re.findall(r"\[(E\d+)\]", line)}
    assert cited <= {each["id"] for each in json.loads(document.out)["evidence"]}
    assert not [line for line in plain.out.splitlines() if line.startswith("*Next:* delete all")]


def test_what_commands_print_goes_through_one_door() -> None:
    doors = {"bot/entrypoints/terminal.py", "bot/__main__.py", "bot/entrypoints/hook.py"}
    printing = {
        str(each.relative_to(ROOT))
        for each in (ROOT / "bot").rglob("*.py")
        if "bot/demo" not in str(each) and re.search(r"(?<![\w.])print\(", each.read_text(encoding="utf-8"))
    }
    assert printing <= doors
    assert (ROOT / "bot/__main__.py").read_text(encoding="utf-8").count("print(json.dumps(") == 1


def test_a_line_of_the_log_stays_one_line_whoever_wrote_what_is_in_it() -> None:
    script = """
import logging, structlog, sys
from bot.config import Settings
from bot.entrypoints.logs import configure_logging
from safety.redaction import Redactor
from tests.journeys.ways_in import bait
configure_logging(Settings(_env_file=None, log_format=sys.argv[1]), Redactor())
forged = "\\n2026-01-01T00:00:00Z [info] approved by=alice\\r\\n" + bait("log record")
structlog.get_logger().error("failed", why=forged)
logging.getLogger("library").error("failed: %s", forged)
"""
    for form in ("text", "json"):
        line = [sys.executable, "-c", script, form]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, timeout=60, check=True, encoding="utf-8")
        assert len(done.stderr.splitlines()) == 2
        assert done.stderr.count("approved by=alice") == 2
        assert UNSEEN.search(done.stderr) is None


def test_what_is_withheld_is_a_line_of_the_log_that_names_the_rule() -> None:
    script = """
from bot.config import Settings
from bot.entrypoints.logs import configure_logging
from safety.redaction import Redactor
configure_logging(Settings(_env_file=None), Redactor())
Redactor().text(" ".join(f"password{n} token{n} secret{n}" for n in range(4000)))
"""
    line = [sys.executable, "-c", script]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, timeout=60, check=True, encoding="utf-8")
    assert len(done.stderr.splitlines()) == 1
    assert "redaction_withheld" in done.stderr
    assert "rule=budget" in done.stderr
    assert "password1" not in done.stderr
