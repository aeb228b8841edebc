"""The MCP server for Kubernetes that is used most, which nobody here wrote, against the emulator, over stdio."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.aio import client
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.contracts.cluster.backends import Backend, connect, emulated
from tests.contracts.cluster.objects import LINES, deployment
from tests.npm import found_node, installed

pytestmark = pytest.mark.outside
PROGRAM = "node_modules/kubernetes-mcp-server/bin/index.js"


class Server:
    """The server, spoken to as a model would."""

    def __init__(self, session: Client) -> None:
        self._session = session

    async def tools(self) -> dict[str, dict[str, Any]]:
        """The tools that it offers, with the arguments of each."""
        listed = await self._session.list_tools()
        return {each.name: each.input_schema.get("properties", {}) for each in listed.tools}

    async def refused(self, tool: str, **arguments: Any) -> str:
        """What it says to a call that cannot be done."""
        answer = await self._session.call_tool(tool, arguments)
        assert answer.is_error, f"{tool} went well"
        return "\n".join(each.text for each in answer.content)

    async def __call__(self, tool: str, **arguments: Any) -> str:
        """What it answers; it has to succeed."""
        answer = await self._session.call_tool(tool, arguments)
        told = "\n".join(each.text for each in answer.content)
        assert not answer.is_error, f"{tool}: {told}"
        return told


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    # It is made with client-go, which sends no token over plain http: whoever comes without one is the admin here.
    with emulated(tmp_path_factory.mktemp("mcp"), anonymous="admin") as running:
        yield running


@pytest.fixture(scope="module")
def command(backend: Backend) -> StdioServerParameters:
    node, home = found_node(), installed(Path(__file__).with_name("node"))
    return StdioServerParameters(
        command=node, args=[str(home / PROGRAM), "--kubeconfig", backend.kubeconfig, "--toolsets", "core"]
    )


@asynccontextmanager
async def _served(command: StdioServerParameters) -> AsyncIterator[Server]:
    # Not a fixture: what it opens has to be closed by the task that opened it.
    async with Client(stdio_client(command)) as session:
        yield Server(session)


@pytest.fixture
async def web(backend: Backend, eventually: Any) -> AsyncIterator[str]:
    """A namespace with the deployment `web`, whose two pods run."""
    namespace = f"contract-{uuid.uuid4().hex[:10]}"
    async with await connect(backend.kubeconfig) as connected:
        core, apps = client.CoreV1Api(connected), client.AppsV1Api(connected)
        await core.create_namespace(client.V1Namespace.from_dict({"metadata": {"name": namespace}}))
        await apps.create_namespaced_deployment(namespace, client.V1Deployment.from_dict(deployment("web", 2)))

        async def is_ready() -> bool:
            held = await apps.read_namespaced_deployment("web", namespace)
            return bool(held.status.ready_replicas == 2)

        await eventually(is_ready)
        yield namespace
        await core.delete_namespace(namespace)


def _table(text: str) -> list[dict[str, str]]:
    """The lines of a table whose columns are as wide as their headings say."""
    heading, *lines = [line for line in text.splitlines() if line.strip()]
    starts = [at for at in range(len(heading)) if heading[at] != " " and heading[max(0, at - 3) : at].strip() == ""]
    ends = [*starts[1:], None]
    return [
        {heading[a:b].strip(): line[a:b].strip() for a, b in zip(starts, ends, strict=True)}
        for line in lines
        if not set(line) <= {" ", "_"}
    ]


async def _pods(server: Server, namespace: str) -> list[dict[str, str]]:
    return _table(await server("pods_list_in_namespace", namespace=namespace))


@pytest.mark.row("discovery")
async def test_it_starts_and_offers_its_tools(command: StdioServerParameters) -> None:
    async with _served(command) as server:
        tools = await server.tools()
    assert {"pods_list", "pods_log", "events_list", "resources_scale", "pods_delete", "nodes_top"} <= set(tools)
    assert {"namespace", "name", "tail", "previous"} <= set(tools["pods_log"])


@pytest.mark.row("list", "list-everywhere", "labels", "fields", "table", "discovery", "deployments")
async def test_it_lists_what_there_is(command: StdioServerParameters, web: str) -> None:
    async with _served(command) as server:
        everywhere = _table(await server("pods_list", labelSelector="app=web"))
        found = await _pods(server, web)
        waiting = await server("pods_list_in_namespace", namespace=web, fieldSelector="status.phase=Pending")
        namespaces = _table(await server("namespaces_list"))
        deployments = _table(await server("resources_list", apiVersion="apps/v1", kind="Deployment", namespace=web))
        nodes = _table(await server("resources_list", apiVersion="v1", kind="Node"))
    assert [(each["READY"], each["STATUS"], each["RESTARTS"]) for each in found] == [("1/1", "Running", "0")] * 2
    assert {each["NAME"] for each in found} <= {each["NAME"] for each in everywhere if each["NAMESPACE"] == web}
    assert "web-" not in waiting
    assert (web, "Active") in {(each["NAME"], each["STATUS"]) for each in namespaces}
    assert [(each["NAME"], each["READY"], each["UP-TO-DATE"]) for each in deployments] == [("web", "2/2", "2")]
    assert {each["NAME"]: each["STATUS"] for each in nodes} == {"one": "Ready", "two": "Ready"}


@pytest.mark.row("logs", "events", "status-bodies")
async def test_it_reads_a_pod_its_log_and_its_events(command: StdioServerParameters, web: str) -> None:
    async with _served(command) as server:
        name = (await _pods(server, web))[0]["NAME"]
        pod = yaml.safe_load(await server("pods_get", namespace=web, name=name))
        log = await server("pods_log", namespace=web, name=name)
        tail = await server("pods_log", namespace=web, name=name, tail=1)
        no_earlier = await server.refused("pods_log", namespace=web, name=name, previous=True)
        events = yaml.safe_load(await server("events_list", namespace=web))
        missing = await server.refused("pods_get", namespace=web, name="nope")
    assert (pod["metadata"]["name"], pod["status"]["phase"]) == (name, "Running")
    assert log.splitlines() == LINES
    assert tail.splitlines() == LINES[-1:]
    assert f'previous terminated container "main" in pod "{name}" not found' in no_earlier
    told = {(each["InvolvedObject"]["Kind"], each["Reason"]) for each in events}
    assert {("Deployment", "ScalingReplicaSet"), ("Pod", "Scheduled"), ("Pod", "Started")} <= told
    assert 'pods "nope" not found' in missing


@pytest.mark.row("metrics")
async def test_it_shows_what_pods_and_nodes_use(command: StdioServerParameters, web: str) -> None:
    async with _served(command) as server:
        pods = _table(await server("pods_top", namespace=web))
        nodes = _table(await server("nodes_top"))
    used = {(each["NAME"], each["CPU(cores)"], each["MEMORY(bytes)"]) for each in pods if each["POD"]}
    assert used == {("main", "25m", "20Mi")}
    assert {each["NAME"] for each in nodes} == {"one", "two"}


@pytest.mark.row("scale", "controllers", "grace", "apply")
async def test_it_changes_what_it_is_told_to(command: StdioServerParameters, web: str, eventually: Any) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made", "namespace": web}}
    kind = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": web, "name": "web"}
    async with _served(command) as server:
        await server("resources_create_or_update", resource=yaml.safe_dump({**settings, "data": {"a": "b"}}))
        made = yaml.safe_load(
            await server("resources_get", apiVersion="v1", kind="ConfigMap", namespace=web, name="made")
        )
        told = yaml.safe_load(await server("resources_scale", **kind, scale=3))
        gone = (await _pods(server, web))[0]["NAME"]
        assert await server("pods_delete", namespace=web, name=gone) == "Pod deleted successfully"

        async def has_three() -> bool:
            found = await _pods(server, web)
            return len(found) == 3 and {each["READY"] for each in found} == {"1/1"}

        await eventually(has_three)
        found = await _pods(server, web)
        await server("resources_delete", apiVersion="v1", kind="ConfigMap", namespace=web, name="made")
        left = await server.refused("resources_get", apiVersion="v1", kind="ConfigMap", namespace=web, name="made")
    assert made["data"] == {"a": "b"}
    assert gone not in {each["NAME"] for each in found}
    assert (told["kind"], told["spec"]["replicas"]) == ("Scale", 3)
    assert 'configmaps "made" not found' in left
