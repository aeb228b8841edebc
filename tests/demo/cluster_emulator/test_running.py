"""Running it: in real time, alone from the command line, and stopping without leftovers."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import yaml

from bot.demo.cluster_emulator import ClusterEmulator, VirtualClock
from bot.demo.cluster_emulator.objects import dig
from bot.demo.cluster_emulator.resources import PODS

CHECKOUT = Path(__file__).resolve().parents[3]


async def test_a_running_clock_keeps_up_with_real_time_and_its_speed():
    emulator = ClusterEmulator("healthy", clock=VirtualClock(speed=1000))
    await emulator.start()
    try:
        pod = emulator.store.all_of(PODS, "billing-dev")[0]
        headers = {"Authorization": f"Bearer {emulator.token('admin')}"}
        path = f"{emulator.url}/api/v1/namespaces/billing-dev/pods"
        async with aiohttp.ClientSession(headers=headers) as session:
            watching = f"{path}?watch=true&timeoutSeconds=10&resourceVersion={emulator.store.version}"
            async with session.delete(f"{path}/{pod['metadata']['name']}") as answer:
                assert answer.status == 200
            async with session.get(watching) as stream:
                while True:
                    line = await asyncio.wait_for(stream.content.readline(), 5)
                    if b'"type":"DELETED"' in line:
                        break
        assert (emulator.clock.now - emulator.clock.start).total_seconds() >= 1
    finally:
        await emulator.stop()


async def test_the_clock_stands_still_until_the_emulator_is_started():
    emulator = ClusterEmulator("healthy")
    assert emulator.clock.now == emulator.clock.start
    assert abs((datetime.now(UTC) - emulator.clock.start).total_seconds()) < 5


@pytest.mark.parametrize("turns", range(5))
async def test_a_clock_that_is_woken_in_the_moment_of_its_end_ends(turns):
    clock = VirtualClock(speed=1)
    following = asyncio.create_task(clock.follow())
    await asyncio.sleep(0.01)
    clock.call_later(60, lambda: None)
    for _ in range(turns):
        await asyncio.sleep(0)
    following.cancel()
    done, _ = await asyncio.wait({following}, timeout=2)
    following.cancel()
    assert done


async def test_two_emulators_run_side_by_side_in_one_loop():
    pair = [ClusterEmulator(name, clock=VirtualClock(speed=0)) for name in ("healthy", "failing-probe")]
    for each in pair:
        await each.start()
    assert pair[0].url != pair[1].url
    async with aiohttp.ClientSession() as session:
        for each in pair:
            async with session.get(f"{each.url}/healthz") as answer:
                assert await answer.text() == "ok"
    for each in pair:
        await each.stop()


async def test_the_kubeconfig_names_the_scenarios_context_and_is_private(emulator, tmp_path):
    path = emulator.write_kubeconfig(tmp_path / "config")
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert config["current-context"] == "demo"
    assert dig(config, "clusters", 0, "name") == "dev-eks"
    assert dig(config, "clusters", 0, "cluster", "server") == emulator.url
    assert dig(config, "users", 0, "name") == "ask-claude"
    assert path.stat().st_mode & 0o077 == 0


async def _alone(*words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "bot", "demo", "cluster", *words)
    return await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, stdout=pipe, stderr=pipe)


async def test_it_runs_alone_and_ends_when_it_is_told_to(tmp_path):
    kubeconfig = tmp_path / "config"
    process = await _alone("--scenario", "healthy", "--kubeconfig", str(kubeconfig), "--anonymous-as", "nobody")
    assert process.stdout is not None
    try:
        url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
        assert dig(yaml.safe_load(kubeconfig.read_text()), "clusters", 0, "cluster", "server") == url
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/livez") as answer:
                assert answer.status == 200
            async with session.get(f"{url}/api/v1/pods") as answer:
                assert 'User "nobody" cannot list' in (await answer.json())["message"]
    finally:
        process.terminate()
        _, told = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    assert str(kubeconfig) in told.decode()
    assert "get pods --all-namespaces     (as nobody)" in told.decode()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--scenario", "nope"), "oom-after-release"),
        (("--anonymous-as", "eve"), "no user 'eve' in this cluster; there are: admin"),
    ],
)
async def test_what_it_cannot_run_is_explained(words, complaint):
    process = await _alone(*words)
    said, told = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, said) == (2, b"")
    assert complaint in told.decode()


async def test_a_port_that_is_taken_is_told():
    emulator = ClusterEmulator("healthy", clock=VirtualClock(speed=0))
    await emulator.start()
    try:
        process = await _alone("--scenario", "healthy", "--port", emulator.url.rsplit(":", 1)[1])
        _, told = await asyncio.wait_for(process.communicate(), 20)
    finally:
        await emulator.stop()
    assert process.returncode == 2
    assert "address already in use" in told.decode()
