"""The story of one incident, told through the real Bolt app: command, thread, button, form."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.demo.slack_emulator import SlackEmulator

APPROVE: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Roll back *checkout-api*?"}},
    {
        "type": "actions",
        "block_id": "proposal",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "style": "primary",
                "text": {"type": "plain_text", "text": "Approve"},
                "value": "p1",
                "confirm": {
                    "title": {"type": "plain_text", "text": "Sure?"},
                    "text": {"type": "plain_text", "text": "This changes production."},
                    "confirm": {"type": "plain_text", "text": "Yes"},
                    "deny": {"type": "plain_text", "text": "No"},
                },
            },
            {"type": "button", "action_id": "deny", "text": {"type": "plain_text", "text": "Deny"}, "value": "p1"},
        ],
    },
]
REASON: dict[str, Any] = {
    "type": "modal",
    "callback_id": "reason",
    "title": {"type": "plain_text", "text": "Why not?"},
    "submit": {"type": "plain_text", "text": "Send"},
    "private_metadata": "p1",
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


def register(app: AsyncApp) -> None:
    """The smallest app that plays its part in the story."""

    @app.command("/ask-claude")
    async def ask(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        parent = await client.chat_postMessage(
            channel=body["channel_id"], text=f"<@{body['user_id']}> asked: {body['text']}"
        )
        await client.chat_postMessage(
            channel=body["channel_id"], thread_ts=parent["ts"], text="A proposal", blocks=APPROVE
        )

    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text=f"Approved by <@{body['user']['id']}>"
        )

    @app.action("deny")
    async def deny(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=REASON)

    @app.view("reason")
    async def reason(ack: Any, body: dict[str, Any], client: Any) -> None:
        text = body["view"]["state"]["values"]["why"]["text"]["value"]
        if len(text) < 5:
            await ack(response_action="errors", errors={"why": "Say a little more."})
            return
        await ack()
        await client.chat_postMessage(channel="C0INCIDENTS", text=f"Denied: {text}")


async def test_a_command_leads_to_a_thread_and_an_approval(slack: SlackEmulator, app: AsyncApp, connect: Any) -> None:
    register(app)
    await connect()
    outcome = await slack.user("bob").slash("/ask-claude What is wrong with @alice?", channel="incidents")
    assert outcome.is_acked
    proposal = await slack.wait_for(lambda m: m.text == "A proposal")
    assert proposal.thread_ts is not None
    assert [m.text for m in slack.messages("incidents")] == ["<@U0BOB> asked: What is wrong with <@U0ALICE|alice>?"]
    clicked = await slack.user("alice").click("incidents", proposal.ts, "approve")
    assert clicked.is_acked
    assert clicked.confirm is not None
    done = await slack.wait_for(lambda m: m.text == "Approved by <@U0ALICE>")
    assert done.ts == proposal.ts
    assert done.blocks == []
    assert "Approved by @alice" in slack.thread_as_text("incidents", proposal.thread_ts)


async def test_a_denial_asks_for_a_reason_in_a_form(slack: SlackEmulator, app: AsyncApp, connect: Any) -> None:
    register(app)
    await connect()
    alice = slack.user("alice")
    await alice.slash("/ask-claude checkout is slow", channel="incidents")
    proposal = await slack.wait_for(lambda m: m.text == "A proposal")
    assert (await alice.click("incidents", proposal.ts, "deny")).is_acked
    view = await slack.wait_until(lambda: next(iter(slack.views("alice")), None))
    assert view.raw["private_metadata"] == "p1"

    empty = await alice.submit(view.id, {})
    assert empty.errors == {"why": "Please complete this required field."}
    short = await alice.submit(view.id, {"why": {"text": "no"}})
    assert short.errors == {"why": "Say a little more."}
    assert slack.views("alice") == [view]

    assert (await alice.submit(view.id, {"why": {"text": "Not during the sale"}})).errors is None
    await slack.wait_for(lambda m: m.text == "Denied: Not during the sale")
    assert slack.views("alice") == []
