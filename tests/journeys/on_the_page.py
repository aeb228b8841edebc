"""The story as it is played on the page: bob asks and is refused, alice approves, an alert fires, a proposal expires.

The test plays it, and ``pictures`` plays it again for the README.
"""

import json
from collections.abc import Awaitable, Callable

from tests.browser import Tab

Look = Callable[[str], Awaitable[None]]
NAMESPACE, DEPLOYMENT = "proteus-dev", "proteus-api"


async def ready(page: Tab, url: str) -> None:
    """Bob looks at #incidents, with Block Kit drawn and the app connected."""
    await page.open(url)
    await page.reads("app connected", "#connection")
    await page.until("document.querySelector('#notice').hidden")
    await page.click("#text")


async def bob_asks(page: Tab, look: Look) -> None:
    """He types the command with its completion and reads the thread down to the card."""
    await page.type("/ask")
    await page.reads("/ask-claude", "#completion")
    await page.key("Tab")
    await page.type(f"what's wrong with {NAMESPACE}?")
    await look("command")
    await page.key("Enter")
    await page.click("#messages .replies")
    await page.reads("First findings", "#replies")
    await page.reads("out of memory", "#replies")
    await page.until("document.querySelector('#replies #approve') !== null", 60)
    await page.run("document.querySelector('#replies').scrollTop = 0")
    await look("first-findings")
    await page.click("#replies #details")
    await page.reads("What it means", "dialog.view")
    await page.reads("revision 3", "dialog.view")
    await look("details")
    await page.click("dialog.view .foot button")
    await page.until("document.querySelector('dialog.view') === null")


async def bob_is_refused(page: Tab) -> None:
    await page.click("#replies #approve")
    await page.reads("Run this now?", "dialog.confirm")
    await page.key("Enter")
    await page.reads("not approved", "#replies .mine-only")
    assert "Only visible to you" in await page.text("#replies .mine-only")


async def alice_approves(page: Tab, look: Look) -> None:
    await page.choose("#user", "U0ALICE")
    await page.until("document.querySelector('#replies .mine-only') === null")
    await page.click("#replies #approve")
    await page.reads("Run this now?", "dialog.confirm")
    await look("confirm")
    await page.click("dialog.confirm .primary")
    await page.until("document.querySelector('#replies #approve') === null")
    await page.reads("Verified after", "#replies", 90)
    await page.run("document.querySelector('#replies').scrollTop = document.querySelector('#replies').scrollHeight")
    await look("approved-and-verified")


async def an_alert_fires(page: Tab) -> None:
    """The bot opens a thread under it by itself."""
    await page.click("[data-alert=firing]")
    await page.reads("# alerts", "#title")
    await page.reads("FIRING", "#messages .attachment")
    await page.click("#messages .replies")
    await page.reads("No incident was found", "#replies", 60)


async def time_is_skipped(page: Tab) -> None:
    """An hour passes, so that another change of the same object may be proposed; nobody answers, and it runs out."""
    await page.click("#channels button", "incidents")
    for _ in range(2):
        await skip_half_an_hour(page)
    await page.click("#messages .replies")
    signed = "document.querySelector('#replies').innerText.split('written by rules').length"
    before = await page.run(signed)
    # The thread has gone cold: the first word in it makes the bot look again.
    await page.type("is it well now?")
    await page.key("Enter")
    await page.until(f"{signed} > {before}", 60)
    await page.type(f"restart {DEPLOYMENT}")
    await page.key("Enter")
    await page.until("document.querySelector('#replies #approve') !== null", 60)
    await skip_half_an_hour(page)
    await page.reads("Expired", "#replies", 30)
    await page.until("document.querySelector('#replies #approve') === null")


async def skip_half_an_hour(page: Tab) -> None:
    before = await page.text("#clock")
    await page.click("[data-skip='31']")
    await page.until(f"document.querySelector('#clock').innerText !== {json.dumps(before)}")


async def on_a_small_screen(page: Tab, look: Look) -> None:
    """The thread alone, and a way back from it."""
    await page.size(400, 800)
    assert await page.run("document.documentElement.scrollWidth") == 400
    await page.run("document.querySelector('#replies').scrollTop = document.querySelector('#replies').scrollHeight")
    await look("small-screen")
    await page.click("#close-thread")
    assert await page.run("document.querySelector('#messages').checkVisibility()")
    assert not await page.run("document.querySelector('#thread').checkVisibility()")
