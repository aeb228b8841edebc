"""The read tools: compact, redacted, and clear about what is wrong with a question."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import tools.kubernetes as package
from safety.actions import ACTION_KINDS
from safety.redaction import Redacted, Redactor
from tools.kubernetes.catalogue import catalogue
from tools.kubernetes.describe import describe
from tools.tool import ReadTool, ToolError, WriteTool
from tools.world import WriteOptions

Stage = Any
StageMaker = Callable[..., Awaitable[Stage]]


async def look(made: Stage, tool: str, /, **arguments: Any) -> str:
    seen = await catalogue().look(tool, arguments, made.world)
    assert isinstance(seen.text, Redacted)
    assert len(seen.text) <= 6_000
    return str(seen.text)


def test_every_tool_of_every_module_is_in_the_catalogue() -> None:
    known = {each.name for each in catalogue()}
    for path in Path(package.__path__[0]).glob("*.py"):
        module = __import__(f"tools.kubernetes.{path.stem}", fromlist=["*"])
        for value in vars(module).values():
            if isinstance(value, ReadTool | WriteTool):
                assert value.name in known


def test_the_actions_are_the_only_writes() -> None:
    assert {each.name for each in catalogue() if isinstance(each, WriteTool)} == set(ACTION_KINDS)


async def test_pods_are_listed_with_the_failing_first(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    lines = (await look(made, "list_pods", namespace="proteus-dev")).splitlines()
    assert lines[0] == "6 pods in proteus-dev, 3 failing"
    assert all("CrashLoopBackOff, 0/1 ready, 7 restarts" in each for each in lines[1:4])
    assert len(lines) == 7
    assert len((await look(made, "list_pods", namespace="proteus-dev", only_failing=True)).splitlines()) == 4


async def test_deployments_and_nodes_are_listed(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    assert "proteus-api: 0/3 ready" in await look(made, "list_deployments", namespace="proteus-dev")
    assert (await look(made, "list_nodes")).startswith("3 nodes\n")


async def test_events_are_listed_latest_first(stage: StageMaker) -> None:
    made = await stage("missing-secret")
    text = await look(made, "list_events", namespace="finance-dev")
    assert 'secret "ledger-credentials-v2" not found' in text
    times = [each[:19] for each in text.splitlines()[1:]]
    assert times == sorted(times, reverse=True)


async def test_the_history_says_what_each_revision_changed(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    lines = (await look(made, "rollout_history", namespace="proteus-dev", deployment="proteus-api")).splitlines()
    assert lines[1].startswith("revision 3, created ")
    assert "v2.14.4 → registry.example.com/proteus/proteus-api:v2.14.5" in lines[1]
    assert "adds a response cache" in lines[1]
    assert "nothing earlier is kept" in lines[3]


async def test_the_log_of_a_deployment_is_that_of_its_worst_pod(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    text = await look(made, "pod_logs", namespace="proteus-dev", name="proteus-api", previous=True, tail=5)
    head, *lines = text.splitlines()
    assert head.startswith("previous log of container proteus-api in pod proteus-api-")
    assert len(lines) == 5


async def test_a_log_is_searched_for_plain_text(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    found = await look(made, "pod_logs", namespace="proteus-dev", name="proteus-api", grep="Close To", previous=True)
    assert all("close to the container limit" in each for each in found.splitlines()[1:])
    assert len(found.splitlines()) > 1
    none = await look(made, "pod_logs", namespace="proteus-dev", name="proteus-api", grep=".*", previous=True)
    assert none.splitlines()[0].endswith("0 lines")


async def test_a_wrong_container_is_answered_with_the_right_ones(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    with pytest.raises(ToolError, match="it has proteus-api"):
        await look(made, "pod_logs", namespace="proteus-dev", name="proteus-api", container="side")


async def test_a_pod_is_described_with_its_last_exit_and_its_events(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    pod = next(
        each["Name"] for each in (await made.api.table("Pod", "proteus-dev")).records() if "-api-" in each["Name"]
    )
    text = await look(made, "describe_object", kind="Pod", namespace="proteus-dev", name=pod)
    assert "last exit 137 OOMKilled" in text
    assert "Warning BackOff" in text


async def test_the_values_of_a_config_map_are_not_shown(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    text = await look(made, "describe_object", kind="ConfigMap", namespace="proteus-dev", name="proteus-settings")
    assert "LOG_LEVEL (4 characters)" in text
    assert "info" not in text


async def test_every_kind_can_be_described(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    for kind, namespace, name in (
        ("Namespace", None, "proteus-dev"),
        ("Node", None, (await made.api.table("Node", None)).records()[0]["Name"]),
        ("Deployment", "proteus-dev", "proteus-api"),
        ("Service", "proteus-dev", "proteus-api"),
    ):
        assert name in await look(made, "describe_object", kind=kind, namespace=namespace, name=name)


async def test_a_secret_cannot_be_described(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    with pytest.raises(ToolError, match="cannot take these arguments: kind"):
        await look(made, "describe_object", kind="Secret", namespace="proteus-dev", name="proteus-db")
    assert made.paths == []


def test_values_of_environment_variables_are_left_out_of_any_description() -> None:
    container = {"name": "c", "image": "i", "env": [{"name": "PLAIN", "value": "open sesame"}]}
    template = {"spec": {"containers": [container]}}
    for kind, spec in (
        ("CronJob", {"jobTemplate": {"spec": {"template": template}}}),
        ("StatefulSet", {"template": template}),
        ("Pod", {"containers": [container]}),
    ):
        text = describe(kind, {"metadata": {"name": "n", "namespace": "ns"}, "spec": spec}, Redactor())
        assert "open sesame" not in text


async def test_secrets_in_a_read_are_taken_out(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    note = {"metadata": {"annotations": {"note": "use password=hunter2hunter2 here"}}}
    await made.writer.patch("Deployment", "proteus-dev", "proteus-web", note, WriteOptions("a.1"))
    text = await look(made, "rollout_history", namespace="proteus-dev", deployment="proteus-web")
    assert "hunter2" not in text


UNANSWERABLE: list[tuple[str, dict[str, Any], str]] = [
    ("pod_logs", {"namespace": "proteus-dev", "name": "nope"}, "not found"),
    ("rollout_history", {"namespace": "proteus-dev", "deployment": "nope"}, "not found"),
    ("list_pods", {"namespace": "../x"}, "cannot take these arguments"),
    ("list_events", {"namespace": "proteus-dev", "about": "a,type=Normal"}, "cannot take these arguments"),
    ("pod_logs", {"namespace": "proteus-dev", "name": "x", "tail": 10_000}, "cannot take these arguments"),
    ("list_secrets", {}, "there is no tool called"),
]


async def test_a_question_that_cannot_be_answered_is_told_to_the_model(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    for tool, arguments, words in UNANSWERABLE:
        with pytest.raises(ToolError, match=words):
            await look(made, tool, **arguments)


async def test_a_cluster_out_of_reach_is_told_to_the_model(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    made.emulator.faults.fail("GET", "/pods", 503)
    with pytest.raises(ToolError, match="fault"):
        await look(made, "list_pods")
