"""Socket Mode: tickets, hello, several sockets, acks that get lost, redelivery, reconnecting."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator, SocketTiming


async def open_url(slack: SlackEmulator) -> str:
    answer = await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=slack.app_token)
    return str(answer["url"])


async def test_a_ticket_opens_one_socket_and_hello_comes_first(slack: SlackEmulator) -> None:
    url = await open_url(slack)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            hello = await socket.receive_json(timeout=2)
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
            assert hello["connection_info"]["app_id"] == "A0DEMO"
        async with session.get(url.replace("ws://", "http://")) as again:
            assert again.status == 404


async def test_a_ping_comes_back_with_the_same_payload(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await open_url(slack), autoping=False) as socket:
        await socket.receive_json(timeout=2)
        await socket.ping(b"sdk-ping-pong:1.5")
        pong = await socket.receive(timeout=2)
        assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1.5")


async def test_the_eleventh_socket_is_sent_away(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(await open_url(slack)) for _ in range(10)]
        await slack.wait_connected(10)
        async with session.ws_connect(await open_url(slack)) as extra:
            assert (await extra.receive_json(timeout=2))["reason"] == "too_many_websockets"
        for socket in sockets:
            await socket.close()


async def test_payloads_go_round_the_open_sockets(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session:
        first = await session.ws_connect(await open_url(slack))
        second = await session.ws_connect(await open_url(slack))
        await slack.wait_connected(2)
        for socket in (first, second):
            assert (await socket.receive_json(timeout=2))["type"] == "hello"
        await slack.user("bob").say("one", "incidents")
        await slack.user("bob").say("two", "incidents")
        frames = [await socket.receive_json(timeout=2) for socket in (first, second)]
        assert {frame["payload"]["event"]["text"] for frame in frames} == {"one", "two"}
        await first.close()
        await second.close()


async def test_an_event_without_ack_comes_again_as_the_same_event(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any
) -> None:
    app.event("message")(heard.__call__)
    await connect()
    slack.faults.drop_ack(2)
    await slack.user("bob").say("hello", "incidents")
    await heard.wait(3)
    await slack.wait_until(lambda: len(slack.deliveries("events_api")) == 3 or None)
    sent = slack.deliveries("events_api")
    assert len({body["event_id"] for body in heard.bodies}) == 1
    assert len({delivery.envelope["envelope_id"] for delivery in sent}) == 3
    assert [d.envelope["retry_attempt"] for d in sent] == [0, 1, 2]
    assert [d.envelope["retry_reason"] for d in sent] == ["", "timeout", "timeout"]
    assert [d.is_acked for d in sent] == [False, False, True]


async def test_an_event_that_was_acknowledged_comes_once(slack: SlackEmulator) -> None:
    heard = []
    async with aiohttp.ClientSession() as session, session.ws_connect(await open_url(slack)) as socket:
        await socket.receive_json(timeout=2)
        await slack.wait_connected()
        for number, text in enumerate(("one", "two", "three"), start=1):
            await slack.user("bob").say(text, "incidents")
            frame = await socket.receive_json(timeout=2)
            heard.append((frame["payload"]["event"]["text"], frame["retry_attempt"]))
            await socket.send_json({"envelope_id": frame["envelope_id"]})
            await slack.wait_until(lambda wanted=number: len(slack.deliveries("events_api")) >= wanted or None)
    assert heard == [("one", 0), ("two", 0), ("three", 0)]


async def test_after_three_redeliveries_an_event_is_given_up(slack: SlackEmulator, app: AsyncApp, connect: Any) -> None:
    # Bolt does not ack what no listener takes.
    await connect()
    await slack.user("bob").say("hello", "incidents")
    await slack.wait_until(lambda: len(slack.deliveries("events_api")) == 4 or None)
    assert [d.envelope["retry_attempt"] for d in slack.deliveries()] == [0, 1, 2, 3]
    assert not any(d.is_acked for d in slack.deliveries())


async def test_what_happens_while_nobody_is_connected_arrives_later(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any
) -> None:
    app.event("message")(heard.__call__)
    await slack.user("bob").say("anybody there?", "incidents")
    await connect()
    await heard.wait()
    assert heard.events[0]["text"] == "anybody there?"
    await slack.wait_until(lambda: slack.deliveries("events_api") or None)
    assert slack.deliveries("events_api")[0].envelope["retry_attempt"] == 1


async def test_duplicated_events_keep_their_event_id(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any
) -> None:
    app.event("message")(heard.__call__)
    await connect()
    slack.faults.duplicate_events()
    await slack.user("bob").say("hello", "incidents")
    await heard.wait(2)
    assert heard.bodies[0]["event_id"] == heard.bodies[1]["event_id"]


async def test_an_event_that_is_held_back_comes_after_the_next(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await open_url(slack)) as socket:
        assert (await socket.receive_json(timeout=2))["type"] == "hello"
        slack.faults.reorder_events()
        for text in ("first", "second", "third"):
            await slack.user("bob").say(text, "incidents")
        frames = [await socket.receive_json(timeout=2) for _ in range(3)]
        assert [frame["payload"]["event"]["text"] for frame in frames] == ["second", "first", "third"]


async def test_a_delayed_event_is_overtaken(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await open_url(slack)) as socket:
        assert (await socket.receive_json(timeout=2))["type"] == "hello"
        slack.faults.delay_events(0.1)
        for text in ("late", "in time"):
            await slack.user("bob").say(text, "incidents")
        frames = [await socket.receive_json(timeout=2) for _ in range(2)]
        assert [frame["payload"]["event"]["text"] for frame in frames] == ["in time", "late"]


async def test_clearing_the_faults_lets_a_held_event_go(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await open_url(slack)) as socket:
        assert (await socket.receive_json(timeout=2))["type"] == "hello"
        slack.faults.reorder_events()
        await slack.user("bob").say("alone", "incidents")
        slack.faults.clear()
        assert (await socket.receive_json(timeout=2))["payload"]["event"]["text"] == "alone"


async def test_a_disconnect_makes_the_app_connect_again(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any
) -> None:
    app.event("message")(heard.__call__)
    await connect()
    opened = len(slack.calls("apps.connections.open"))
    await slack.disconnect("refresh_requested")
    await slack.wait_until(lambda: len(slack.calls("apps.connections.open")) > opened or None)
    await slack.wait_connected()
    await slack.user("bob").say("still there?", "incidents")
    await heard.wait()
    assert heard.events[0]["text"] == "still there?"


async def test_a_command_is_never_delivered_twice_and_the_person_sees_an_error(
    slack: SlackEmulator, app: AsyncApp, connect: Any
) -> None:
    @app.command("/ask-claude")
    async def ask(ack: Any) -> None:
        await ack()

    await connect()
    slack.faults.drop_ack()
    outcome = await slack.user("bob").slash("/ask-claude x", channel="incidents")
    assert not outcome.is_acked
    assert outcome.shown == '/ask-claude failed with the error "operation_timeout"'
    assert [m.text for m in slack.ephemerals("bob")] == [outcome.shown]
    assert len(slack.deliveries("slash_commands")) == 1


async def test_a_command_fails_at_once_when_nobody_is_connected(slack: SlackEmulator) -> None:
    outcome = await slack.user("bob").slash("/ask-claude x", channel="incidents")
    assert outcome.shown == '/ask-claude failed with the error "dispatch_failed"'


async def test_with_two_sockets_one_stays_open_during_a_refresh(
    slack: SlackEmulator, app: AsyncApp, connect: Any, heard: Any
) -> None:
    app.event("message")(heard.__call__)
    await connect()
    await connect()
    opened = len(slack.calls("apps.connections.open"))
    await slack.disconnect("warning", count=1)
    assert slack.connections >= 1
    await slack.wait_until(lambda: len(slack.calls("apps.connections.open")) > opened or None)
    await slack.wait_connected(2)
    for number in range(4):
        await slack.user("bob").say(str(number), "incidents")
    await heard.wait(4)
    assert {event["text"] for event in heard.events} == {"0", "1", "2", "3"}


async def test_link_disabled_closes_every_socket_and_no_new_one_opens(slack: SlackEmulator) -> None:
    unused = await open_url(slack)
    async with aiohttp.ClientSession() as session, session.ws_connect(await open_url(slack)) as socket:
        await socket.receive_json(timeout=2)
        goodbye = asyncio.create_task(slack.disconnect("link_disabled"))
        assert (await socket.receive_json(timeout=2))["reason"] == "link_disabled"
        assert (await socket.receive(timeout=2)).type is aiohttp.WSMsgType.CLOSE
        await goodbye
        async with session.get(unused.replace("ws://", "http://")) as late:
            assert late.status == 404
    with pytest.raises(SlackApiError, match="forbidden_team"):
        await open_url(slack)
    slack.enable_socket_mode()
    assert (await open_url(slack)).startswith("ws://")


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets"])
async def test_a_socket_that_was_told_to_go_is_closed_in_the_end(manifest: dict[str, Any], reason: str) -> None:
    timing = SocketTiming(warning_grace=0.05, refresh_grace=0.05)
    async with SlackEmulator(manifest, timing=timing) as slack, aiohttp.ClientSession() as session:
        async with session.ws_connect(await open_url(slack)) as socket:
            await socket.receive_json(timeout=2)
            goodbye = asyncio.create_task(slack.disconnect(reason))
            assert (await socket.receive_json(timeout=2))["reason"] == reason
            assert (await socket.receive(timeout=2)).type is aiohttp.WSMsgType.CLOSE
            await goodbye
        assert await open_url(slack), "the app may come back"


async def test_a_socket_hears_events_until_its_grace_has_passed(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await open_url(slack)) as socket:
        await socket.receive_json(timeout=2)
        await slack.disconnect("warning")
        assert (await socket.receive_json(timeout=2))["reason"] == "warning"
        await slack.user("bob").say("one more", "incidents")
        assert (await socket.receive_json(timeout=2))["payload"]["event"]["text"] == "one more"


async def test_only_reasons_of_slacks_own_can_be_given(slack: SlackEmulator) -> None:
    with pytest.raises(ValueError, match="is not a reason"):
        await slack.disconnect("bored")


async def test_stopping_closes_open_sockets(slack: SlackEmulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await open_url(slack)) as socket:
        await socket.receive_json(timeout=2)
        stopping = asyncio.create_task(slack.stop())
        assert (await socket.receive(timeout=2)).type is aiohttp.WSMsgType.CLOSE
        await asyncio.wait_for(stopping, 3)


async def test_stopping_leaves_nothing_behind(slack: SlackEmulator, app: AsyncApp, connect: Any) -> None:
    before = asyncio.all_tasks()
    await slack.user("bob").say("nobody hears this", "incidents")
    assert len(asyncio.all_tasks()) > len(before)
    await slack.stop()
    assert len([task for task in asyncio.all_tasks() if task not in before]) == 0
