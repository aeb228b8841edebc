"""The analyst by rules: the first analysis, later questions, proposals, and that it invents nothing."""

import random
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.offline import OfflineAnalyst
from bot.adapters.offline.analysis import analysis
from bot.adapters.offline.primer import explain
from bot.domain import CARRIED_OUT, Exchange, IncidentReport, Remediation
from bot.ports import ModelReply, ModelRequest, Step, Stop, ToolCall, ToolResult, ToolSpec
from tests.bot.investigations import evidence, red, report, seen, triaged
from tools.evidence import Category, SeenObject

CLOSING = "_No model is connected: this was written by rules from the evidence above._"


def spec(name: str, required: tuple[str, ...], **more: str) -> ToolSpec:
    kinds = {**dict.fromkeys(required, "string"), **more}
    properties = {each: {"type": kind} for each, kind in kinds.items()}
    return ToolSpec(name, name, {"type": "object", "properties": properties, "required": list(required)})


TOOLS = (
    spec("list_events", ("namespace",)),
    spec("list_pods", ("namespace",)),
    spec("list_deployments", (), namespace="string"),
    spec("list_nodes", ()),
    spec("pod_logs", ("namespace", "name"), previous="boolean", container="string"),
    spec("propose_remediation", ("action", "handle", "reason"), to_revision="integer"),
    spec("rollout_history", ("namespace", "deployment")),
)


def request(question: str, made: IncidentReport | None = None, *objects: SeenObject, **changed: Any) -> ModelRequest:
    first = triaged(made, *objects)
    return ModelRequest(first.report, first.objects, red(question), **{"tools": TOOLS, **changed})


async def ask(question: str, made: IncidentReport | None = None, *objects: SeenObject, **changed: Any) -> ModelReply:
    return await OfflineAnalyst().reply(request(question, made, *objects, **changed))


async def called(question: str, made: IncidentReport | None = None, *objects: SeenObject) -> tuple[str, dict[str, Any]]:
    reply = await ask(question, made, *objects)
    assert reply.stop is Stop.TOOLS, reply.text
    [call] = reply.calls
    return call.name, dict(call.arguments)


async def answered(question: str, content: str, is_error: bool = False, made: IncidentReport | None = None) -> str:
    first = await ask(question, made)
    result = ToolResult(first.calls[0].id, first.calls[0].name, red(content), is_error)
    return (await ask(question, made, steps=(Step(first, (result,)),))).text


async def test_it_is_not_connected_and_costs_nothing() -> None:
    analyst = OfflineAnalyst()
    reply = await analyst.reply(request("?"))
    assert (analyst.name, analyst.connected) == ("offline", False)
    assert reply.usage.calls == 0


async def test_the_analysis_begins_with_the_cause_and_ends_with_who_wrote_it() -> None:
    lines = (await ask("what is wrong?", first=True)).text.splitlines()
    assert lines[0] == "*the container of plum uses more memory than its limit.* [E1][E2] (93 % sure)"
    assert lines[-1] == CLOSING
    text = "\n".join(lines)
    assert "• [E1] `Pod/orchard/plum-6f7c9-abcde`: last state: terminated, reason OOMKilled" in text
    assert "*What changed:* plum revision 3 to 4: memory limit 256Mi to 96Mi by ci-robot 12 minutes before" in text
    assert "*Ruled out:* the node has memory to spare" in text
    assert "*Not checked:* the pull request: no GitHub token" in text
    assert "*Next:* roll back `Deployment/orchard/plum` to revision 3" in text
    assert len(lines) <= 12


async def test_standing_in_for_a_model_it_does_not_say_that_none_is_connected() -> None:
    reply = await OfflineAnalyst(standing_in=True).reply(request("?", first=True))
    assert "No model is connected" not in reply.text
    assert "written by rules" in reply.text


async def test_a_healthy_report_is_told_as_no_incident_without_a_next_step() -> None:
    made = report(
        verdict="healthy",
        root_cause=None,
        issues_found=(),
        failing=(),
        changes=(),
        culprit_change=None,
        remediation=Remediation(class_="none", target=None, why=red(""), allowed=False),
        explanation=red("Every pod is ready."),
    )
    text = (await ask("all well?", made, first=True)).text
    assert text.startswith("*No incident was found.* Every pod is ready.")
    assert "*Next:*" not in text
    assert "*What changed:* no change was found." in text


async def test_evidence_of_different_sources_comes_before_more_of_the_same() -> None:
    pieces = [evidence(n, f"pod {n} waits", source="pod") for n in range(1, 5)]
    pieces.append(evidence(5, "starting\nERROR cannot open the store\nbye", source="log"))
    made = report(pieces=pieces)
    cause = made.root_cause
    assert cause is not None
    made = made.model_copy(
        update={"root_cause": cause.model_copy(update={"evidence": tuple(f"E{n}" for n in range(1, 6))})}
    )
    text = (await ask("what is wrong?", made, first=True)).text
    assert "• [E5] `Pod/orchard/plum-5`: ERROR cannot open the store" in text
    assert "• [E4]" not in text


async def test_an_unclear_report_does_not_name_a_cause_nor_blame_a_change() -> None:
    made = report(verdict="inconclusive", root_cause=None, culprit_change=None)
    text = (await ask("what is it?", made, first=True)).text
    assert text.startswith("*The cause is not clear from the evidence.*")
    assert "Nothing ties it to the cause" in text


async def test_a_change_that_is_not_allowed_says_why() -> None:
    wanted = Remediation(
        class_="restart", target="Deployment/orchard/plum", why=red("x"), allowed=False, reasons=(red("protected"),)
    )
    text = (await ask("what should I do?", report(remediation=wanted))).text
    assert "Not allowed from here: protected." in text
    assert "Say “" not in text


@pytest.mark.parametrize(
    ("question", "tool", "arguments"),
    [
        ("What was the last deployment?", "rollout_history", {"namespace": "orchard", "deployment": "plum"}),
        ("what got deployed here", "rollout_history", {"namespace": "orchard", "deployment": "plum"}),
        ("when was plum rolled out?", "rollout_history", {"namespace": "orchard", "deployment": "plum"}),
        (
            "What was the last deployment to this namespace?",
            "rollout_history",
            {"namespace": "orchard", "deployment": "plum"},
        ),
        ("show me the rollout history of cherry", "rollout_history", {"namespace": "orchard", "deployment": "cherry"}),
        ("logs", "pod_logs", {"namespace": "orchard", "name": "plum"}),
        ("can you show me the logs of plum?", "pod_logs", {"namespace": "orchard", "name": "plum"}),
        ("stack trace please", "pod_logs", {"namespace": "orchard", "name": "plum"}),
        ("why did it crash?", "pod_logs", {"namespace": "orchard", "name": "plum", "previous": True}),
        (
            "Why does plum keep restarting",
            "pod_logs",
            {"namespace": "orchard", "name": "plum", "previous": True},
        ),
        ("any events?", "list_events", {"namespace": "orchard"}),
        ("which pods are failing now?", "list_pods", {"namespace": "orchard"}),
        ("is it fixed?", "list_pods", {"namespace": "orchard"}),
        ("log of plum-6f7c9-abcde please", "pod_logs", {"namespace": "orchard", "name": "plum-6f7c9-abcde"}),
        ("which deployments are there?", "list_deployments", {"namespace": "orchard"}),
        ("are the nodes ok?", "list_nodes", {}),
    ],
)
async def test_a_question_that_needs_a_look_calls_the_right_tool(
    question: str, tool: str, arguments: dict[str, Any]
) -> None:
    assert await called(question) == (tool, arguments)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("explain this for a beginner", "the Linux kernel kills it"),
        ("I'm new to kubernetes, what does that mean?", "Here is what that means:"),
        ("what does CrashLoopBackOff mean?", "*CrashLoopBackOff* means"),
        ("what changed?", "*Behind it:* plum revision 3 to 4"),
        ("who deployed that?", "by ci-robot"),
        ("what should we do now?", "Say “roll back plum”"),
        ("how do I fix it?", "*Next:* roll back"),
        ("should we restart it?", "*Next:*"),
        ("is it safe to roll back?", "*Next:*"),
        ("restart or rollback?", "*Next:*"),
        ("don't restart it", "*Next:*"),
        ("how sure are you?", "93 % sure"),
        ("what did you not check?", "*Not checked:*"),
        ("how do you know?", "[E3]"),
        ("show me e2", "memory limit 96Mi"),
        ("what about E9?", "There is no E9"),
        ("what's wrong?", "uses more memory than its limit"),
        ("tl;dr", "uses more memory than its limit"),
        ("Thanks a lot!", "You are welcome"),
        ("hello", "Hello."),
        ("help", "Ask in this thread about"),
        ("???", "Ask in this thread about"),
        ("the weather on Mars", "did not understand that"),
        ("", "did not understand that"),
        ("🤷", "did not understand that"),
    ],
)
async def test_a_question_about_the_report_is_answered_from_it(question: str, words: str) -> None:
    reply = await ask(question)
    assert reply.stop is Stop.END
    assert words in reply.text


@pytest.mark.parametrize(
    "question",
    [
        "restart plum",
        "Please restart the deployment",
        "ok, can you restart it?",
        "I'd like you to bounce plum",
        "go ahead and do a rolling restart of plum",
        "hey Claude, restart `plum`!",
    ],
)
async def test_a_restart_that_is_asked_for_is_proposed_by_handle(question: str) -> None:
    name, arguments = await called(question)
    assert name == "propose_remediation"
    assert (arguments["action"], arguments["handle"]) == ("restart_deployment", "O1")
    assert "asked for in the thread" in arguments["reason"]
    assert "to_revision" not in arguments


@pytest.mark.parametrize(
    ("question", "revision"),
    [
        ("roll back plum", 3),
        ("Roll it back, please", 3),
        ("rollback plum to revision 2", 2),
        ("revert to version 1", 1),
        ("undo the last deployment", 3),
        ("go back to the previous version", 3),
    ],
)
async def test_a_rollback_that_is_asked_for_names_the_revision(question: str, revision: int) -> None:
    name, arguments = await called(question)
    assert (name, arguments["action"], arguments["handle"]) == ("propose_remediation", "rollback_deployment", "O1")
    assert arguments["to_revision"] == revision


async def test_a_change_to_one_of_several_deployments_goes_to_the_one_that_is_named() -> None:
    objects = (seen("O1", "Deployment", "orchard", "plum"), seen("O7", "Deployment", "orchard", "cherry-api"))
    assert (await called("restart cherry-api", None, *objects))[1]["handle"] == "O7"
    assert (await called("restart cherry", None, *objects))[1]["handle"] == "O7"
    rollback = await called("roll back cherry", None, *objects)
    assert rollback[1]["handle"] == "O7"
    assert "to_revision" not in rollback[1]  # the report's revision belongs to another object


async def test_a_change_to_something_nobody_read_is_not_proposed() -> None:
    reply = await ask("restart walnut")
    assert reply.calls == ()
    assert "did not read `walnut`" in reply.text
    objects = (seen("O1", "Deployment", "orchard", "apple"), seen("O2", "Deployment", "orchard", "pear"))
    made = report(root_cause=None, remediation=Remediation(class_="none", target=None, why=red(""), allowed=False))
    assert (await ask("restart it", made, *objects)).text.startswith("Which deployment?")
    none = await ask("restart it", made, seen("O1", "Pod", "orchard", "x"))
    assert "read no deployment" in none.text


@pytest.mark.parametrize(
    "question",
    ["did it work?", "Did that help", "has the rollback gone through?", "was it approved?", "what was done?"],
)
async def test_what_became_of_a_change_is_told_from_the_thread_s_memory(question: str) -> None:
    assert "No change has run from this thread" in (await ask(question)).text
    at = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
    done = Exchange(red(f"(rollback deployment of Deployment/orchard/plum, {CARRIED_OUT})"), red("Verified"), None, at)
    asked = Exchange(red("and now?"), red("look again"), "U0BOB", at)
    told = (await ask(question, history=(asked, done))).text
    assert "• 2026-11-22 10:05:00 UTC rollback deployment of Deployment/orchard/plum" in told
    assert "Verified" in told
    assert "look again" not in told


async def test_after_a_change_ran_here_undoing_it_does_not_go_where_the_old_report_would() -> None:
    at = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
    done = Exchange(red(f"(rollback deployment of Deployment/orchard/plum, {CARRIED_OUT})"), red("Verified"), None, at)
    [call] = (await ask("undo it", history=(done,))).calls
    assert call.arguments["action"] == "rollback_deployment"
    assert "to_revision" not in call.arguments
    [named] = (await ask("roll back plum to revision 2", history=(done,))).calls
    assert named.arguments["to_revision"] == 2


@pytest.mark.parametrize("question", ["restart plum, no wait don't restart", "restart plum... never mind"])
async def test_a_wish_that_is_taken_back_is_none(question: str) -> None:
    assert all(call.name != "propose_remediation" for call in (await ask(question)).calls)


@pytest.mark.parametrize("question", ["delete the pod", "please scale it to 5", "drain the node"])
async def test_what_cannot_be_done_from_here_is_said(question: str) -> None:
    reply = await ask(question)
    assert reply.calls == ()
    assert "I cannot do that" in reply.text


async def test_a_wish_is_told_as_a_wish_and_a_failed_one_as_failed() -> None:
    told = await answered("roll back plum", "noted")
    assert told.startswith("You asked to roll back `Deployment/orchard/plum` to revision 3.")
    assert "A card follows if the rules allow it; a person has to approve it." in told
    assert "I could not propose that: not a deployment" in await answered("restart plum", "not a deployment", True)


async def test_a_log_is_shown_from_its_end_with_the_telling_line_and_cannot_break_out() -> None:
    content = "\n".join(["start", *[f"line {n}" for n in range(40)], "ERROR ``` cannot allocate", "bye"])
    told = await answered("logs of plum", content)
    assert told.startswith("What stands out: `ERROR ʼʼʼ cannot allocate`")
    assert "line 39" in told
    assert "line 5\n" not in told
    assert told.count("```") == 2


async def test_a_tool_that_failed_is_told_and_nothing_is_made_up() -> None:
    told = await answered("any events?", "may not list events", is_error=True)
    assert told == "I could not read this (events of `orchard`): may not list events"


async def test_why_it_crashed_is_told_from_the_report_with_the_log_below() -> None:
    told = await answered("why did it crash?", "fatal: out of memory")
    assert told.startswith("*the container of plum uses more memory than its limit.*")
    assert "fatal: out of memory" in told


async def test_without_a_log_of_before_the_crash_the_present_one_is_asked_for() -> None:
    first = await ask("why did it crash?")
    steps = (Step(first, (ToolResult("rules-1", "pod_logs", red("there is no previous log"), True),)),)
    second = await ask("why did it crash?", steps=steps)
    assert second.calls[0].arguments == {"namespace": "orchard", "name": "plum"}
    steps = (*steps, Step(second, (ToolResult("rules-2", "pod_logs", red("log of plum\nall well"), False),)))
    assert "all well" in (await ask("why did it crash?", steps=steps)).text


async def test_the_last_deployment_is_told_in_a_sentence_with_the_change_behind_the_incident() -> None:
    content = "2 revisions are kept\nrevision 4, created 09:48: lower limits\nrevision 3, created 08:00: first"
    told = await answered("what was the last deployment?", content)
    assert told.startswith("The last deployment of `orchard/plum`: revision 4, created 09:48: lower limits.")
    assert "The change tied to this incident: plum revision 3 to 4" in told


@pytest.mark.parametrize("question", ["last deployment?", "logs?", "events?", "pods?", "why did it crash?"])
async def test_without_tools_the_report_answers_what_it_can(question: str) -> None:
    reply = await ask(question, tools=())
    assert reply.stop is Stop.END
    assert reply.text
    late = await ask(question, final=True)
    assert late.stop is Stop.END


@pytest.mark.parametrize("category", list(Category))
async def test_every_category_can_be_explained_to_a_beginner(category: Category) -> None:
    bullets = explain(category)
    assert len(bullets) >= 2
    text = (await ask("explain this to a junior", report(category=category))).text
    assert all(each in text for each in bullets)


QUESTIONS = (
    "x",
    "last deployment",
    "logs",
    "events",
    "pods",
    "why did it crash",
    "explain for beginners",
    "who",
    "what changed",
    "next",
    "how sure",
    "evidence",
    "hello",
    "help",
    "what is wrong",
)


def made_up(dice: random.Random) -> tuple[IncidentReport, tuple[SeenObject, ...], set[str]]:
    """A report of random words, and the words."""
    words = {"".join(dice.choices("bcdfghjklmnpqrstvwxz", k=9)) for _ in range(14)}
    names = sorted(words)
    dice.shuffle(names)
    namespace, deployment, *rest = names
    pieces = [evidence(n + 1, f"{rest[n]} seen", ref=f"Deployment/{namespace}/{deployment}") for n in range(4)]
    category = dice.choice(list(Category))
    has_cause, has_change = dice.random() < 0.7, dice.random() < 0.7
    changed: dict[str, Any] = {} if has_change else {"changes": (), "culprit_change": None}
    if not has_cause:
        changed |= {"root_cause": None, "verdict": dice.choice(["healthy", "inconclusive"])}
    made = report(
        namespace,
        deployment,
        category,
        pieces,
        symptom=red(rest[4]),
        ruled_out=(red(rest[5]),),
        not_checked=(red(rest[6]),),
        explanation=red(rest[7]),
        **changed,
    )
    return made, (seen("O1", "Deployment", namespace, deployment),), words


@pytest.mark.parametrize("number", range(25))
async def test_reports_with_random_names_are_answered_without_a_name_from_elsewhere(number: int) -> None:
    made, objects, words = made_up(random.Random(number))
    known = made.model_dump_json()
    texts = [(await ask("x", made, *objects, first=True)).text]
    texts += [(await ask(each, made, *objects, tools=())).text for each in QUESTIONS]
    for text in texts:
        assert text
        for quoted in re.findall(r"`([^`\n]+)`", text):
            assert quoted in known, f"{quoted} is not in the report"
        for cited in re.findall(r"\[(E\d+)\]", text):
            assert cited in {each.id for each in made.evidence}
    assert any(word in texts[0] for word in words)


async def test_a_call_to_an_unknown_tool_in_the_steps_is_told_plainly() -> None:
    first = ModelReply("", (ToolCall("c", "strange", {}),), Stop.TOOLS, (await ask("x")).usage)
    step = Step(first, (ToolResult("c", "strange", red("something")),))
    assert "something" in (await ask("logs", steps=(step,))).text


def test_a_symptom_that_only_repeats_the_cause_is_not_said_twice() -> None:
    cause = report().root_cause
    assert cause is not None
    told = analysis(report(symptom=red(f"Deployment/orchard/plum: {cause.summary}")), "by rules")
    assert told.count(str(cause.summary)) == 1
    assert "restart again and again" in analysis(report(), "by rules")


async def test_beside_the_first_findings_the_rules_say_only_what_those_leave_out() -> None:
    text = (await ask("what is wrong?", first=True, findings_shown=True)).text
    assert text.splitlines() == [
        "*What it means:* plum is killed for memory since revision 4.",
        "*Ruled out:* the node has memory to spare",
        "*Not checked:* the pull request: no GitHub token",
    ]
