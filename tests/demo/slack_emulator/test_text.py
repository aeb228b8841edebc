"""Reading messages aloud: markup resolved, blocks as lines."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack_emulator import SlackEmulator
from bot.demo.slack_emulator.blocks_as_text import block_lines
from bot.demo.slack_emulator.text import plain


@pytest.mark.parametrize(
    ("wire", "read"),
    [
        ("<@U0BOB> and <@U0BOB|bob>", "@bob and @bob"),
        ("<#C0ALERTS|alerts> <#C0ALERTS>", "#alerts #alerts"),
        ("<!subteam^S0ONCALL> <!here>", "@oncall @here"),
        ("<https://example.com/a|the log>", "the log (https://example.com/a)"),
        ("<https://example.com/a>", "https://example.com/a"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("<!date^1700000000^{date_num} {time}|then>", "2023-11-14 22:13"),
        ("<!date^1700000000^{date_short_pretty} {unknown}^https://example.com|then>", "Nov 14, 2023 {unknown}"),
        ("<@U0GHOST>", "@U0GHOST"),
    ],
)
async def test_markup_becomes_what_people_read(slack: SlackEmulator, wire: str, read: str) -> None:
    assert plain(slack.team, wire) == read


def button(text: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": text}}


LINES: list[tuple[dict[str, Any], list[str]]] = [
    ({"type": "header", "text": {"type": "plain_text", "text": "Found it"}}, ["# Found it"]),
    ({"type": "section", "text": {"type": "mrkdwn", "text": "a\nb"}, "accessory": button("Go")}, ["a", "b", "[ Go ]"]),
    ({"type": "actions", "elements": [button("Approve"), button("Deny")]}, ["[ Approve ] [ Deny ]"]),
    (
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}, {"type": "plain_text", "text": "b"}]},
        ["a · b"],
    ),
    ({"type": "markdown", "text": "**bold**\n- one"}, ["**bold**", "- one"]),
    ({"type": "alert", "level": "error", "text": {"type": "mrkdwn", "text": "no"}}, ["(error) no"]),
    (
        {"type": "plan", "title": "Plan", "tasks": [{"title": "Look", "status": "complete", "output": "seen"}]},
        ["Plan", "  [x] Look", "      seen"],
    ),
    (
        {
            "type": "table",
            "rows": [
                [{"type": "raw_text", "text": "pod"}, {"type": "raw_text", "text": "restarts"}],
                [{"type": "raw_text", "text": "checkout-1"}, {"type": "raw_text", "text": "4"}],
            ],
        },
        ["pod         restarts", "checkout-1  4"],
    ),
    (
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "see "}, {"type": "emoji", "name": "x"}],
                },
                {
                    "type": "rich_text_list",
                    "elements": [{"elements": [{"type": "link", "url": "https://example.com"}]}],
                },
            ],
        },
        ["see :x:", "- https://example.com"],
    ),
    ({"type": "hologram"}, ["(hologram block)"]),
]


@pytest.mark.parametrize(("block", "lines"), LINES)
def test_a_block_becomes_lines(block: dict[str, Any], lines: list[str]) -> None:
    assert block_lines(block, str) == lines


async def test_a_thread_reads_like_a_conversation(slack: SlackEmulator, client: AsyncWebClient) -> None:
    alert = await slack.monitor("Alertmanager").post(
        {
            "attachments": [
                {
                    "title": "[FIRING:1] HighErrorRate",
                    "title_link": "http://alertmanager.example.com",
                    "fields": [{"title": "Severity", "value": "critical"}],
                    "actions": [{"type": "button", "text": "Runbook", "url": "https://example.com"}],
                }
            ]
        }
    )
    await client.reactions_add(channel="C0ALERTS", timestamp=alert.ts, name="eyes")
    await slack.user("bob").reply("what is it, @ask-claude?", "alerts", alert.ts)
    await client.chat_postEphemeral(channel="C0ALERTS", user="U0BOB", text="Only you", thread_ts=alert.ts)
    shown = slack.thread_as_text("alerts", alert.ts)
    heads = [line.split("  ")[0].strip(" |") for line in shown.splitlines() if not line.startswith(("  |   ", "   "))]
    assert heads[0] == "Alertmanager"
    for expected in (
        "  | [FIRING:1] HighErrorRate (http://alertmanager.example.com)",
        "  | Severity: critical",
        "  | [ Runbook ]",
        "  :eyes: 1",
        "  |   what is it, @ask-claude?",
        "(only visible to bob)",
    ):
        assert expected in shown
