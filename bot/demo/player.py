"""Plays the story as people would: bob asks, alice approves, and everybody looks at what the cluster says afterwards.

It touches only what a person could: the Slack window and the cluster's own API.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.demo.cluster_emulator import ClusterEmulator, Scenario
from bot.demo.slack_emulator import Message, SlackEmulator

CHANNEL = "incidents"
_FINDINGS, _ANSWER, _CARD, _EFFECT = 20.0, 90.0, 20.0, 150.0
_WORKING = ":hourglass_flowing_sand:"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Story:
    """What is asked, and what must come of it."""

    name: str
    question: str
    follow_up: str
    expects_proposal: bool
    namespace: str
    deployment: str | None

    @classmethod
    def of(cls, scenario: Scenario) -> "Story":
        subject = scenario.expect["subject"]
        return cls(
            name=scenario.name,
            question=scenario.story["question"],
            follow_up=scenario.story["follow_up"],
            expects_proposal=scenario.story["expects_proposal"],
            namespace=subject["namespace"],
            deployment=subject["name"] if subject["kind"] == "Deployment" else None,
        )


class _Play:
    """One performance; ``record`` fills up as it goes."""

    def __init__(self, slack: SlackEmulator, cluster: ClusterEmulator, story: Story, say: Say) -> None:
        self._slack, self._cluster, self._story, self._say = slack, cluster, story, say
        self._thread = ""
        self._shown: set[str] = set()
        self.record: dict[str, Any] = {
            "scenario": story.name,
            "first_findings_seconds": 0.0,
            "answer_seconds": 0.0,
            "follow_up_seconds": 0.0,
            "proposal": None,
            "cluster": {"before": None, "after": None},
            "audit": None,
            "messages": [],
            "failure": None,
        }

    async def run(self) -> None:
        before = await self._look()
        self.record["cluster"] = {"before": before, "after": before}
        await self._ask()
        await self._follow_up()
        if self._story.expects_proposal:
            await self._approve()
        else:
            self._nothing_to_approve()
        after = await self._look()
        self.record["cluster"]["after"] = after
        self._judge(before, after)

    async def _ask(self) -> None:
        began = time.monotonic()
        outcome = await self._slack.user("bob").slash(f"/ask-claude {self._story.question}", CHANNEL)
        if not outcome.is_acked:
            raise AssertionError(f"the command was not acknowledged: {outcome.shown}")
        findings = await self._slack.wait_for(lambda each: _reads(each, "First findings"), _FINDINGS)
        self.record["first_findings_seconds"] = round(time.monotonic() - began, 3)
        self._thread = str(findings.raw["thread_ts"])
        await self._slack.wait_for(self._is_answer_after(findings.ts), _ANSWER)
        self.record["answer_seconds"] = round(time.monotonic() - began, 3)
        self._tell()

    async def _follow_up(self) -> None:
        if self._story.expects_proposal:
            await self._slack.wait_for(lambda each: _button(each) is not None, _CARD)
            self._tell()
        began = time.monotonic()
        asked = await self._slack.user("bob").reply(self._story.follow_up, CHANNEL, self._thread)
        await self._slack.wait_for(self._is_answer_after(asked.ts), _ANSWER)
        self.record["follow_up_seconds"] = round(time.monotonic() - began, 3)
        self._tell()

    async def _approve(self) -> None:
        card = await self._slack.wait_for(lambda each: _button(each) is not None, _CARD)
        self.record["proposal"] = {"id": (_button(card) or "").partition(":")[0], "state": "PENDING"}
        self._say("  (bob, who is not on call, clicks Approve)")
        await self._slack.user("bob").click(CHANNEL, card.ts, "approve")
        await self._slack.wait_until(lambda: self._slack.ephemerals("bob"), _CARD)
        self._tell()
        self._say("  (alice, who is on call, clicks Approve)")
        await self._slack.user("alice").click(CHANNEL, card.ts, "approve")
        decided = await self._slack.wait_for(
            lambda each: each.ts == card.ts and each.text.rsplit(": ", 1)[-1] in _ENDS, _EFFECT
        )
        self.record["proposal"]["state"] = decided.text.rsplit(": ", 1)[-1]
        await self._slack.wait_for(
            lambda each: each.raw.get("thread_ts") == self._thread and any(part in each.text for part in _VERDICTS),
            _EFFECT,
        )
        self._shown.discard(card.ts)
        self._tell()

    def _nothing_to_approve(self) -> None:
        if any(_button(each) for each in self._slack.messages(CHANNEL, self._thread)):
            raise AssertionError("something was proposed although nothing should be changed")

    def _is_answer_after(self, ts: str) -> Callable[[Message], bool]:
        """The analyst's answer: signed by whoever wrote it, and not a line that says it is still at work."""

        def found(message: Message) -> bool:
            signed = "written by" in self._slack.as_text(message)
            in_thread = message.raw.get("thread_ts") == self._thread and message.ts > ts
            return in_thread and signed and not message.text.startswith(_WORKING)

        return found

    # ---- the cluster, as its own API shows it --------------------------------------------------------------------

    async def _look(self) -> dict[str, Any] | None:
        if self._story.deployment is None:
            return None
        path = f"/apis/apps/v1/namespaces/{self._story.namespace}/deployments/{self._story.deployment}"
        headers = {"Authorization": f"Bearer {self._cluster.token()}"}
        async with aiohttp.ClientSession() as session, session.get(self._cluster.url + path, headers=headers) as answer:
            deployment = await answer.json()
        spec, status = deployment["spec"], deployment.get("status", {})
        return {
            "revision": deployment["metadata"]["annotations"].get("deployment.kubernetes.io/revision"),
            "generation": deployment["metadata"]["generation"],
            "image": spec["template"]["spec"]["containers"][0]["image"],
            "replicas": spec["replicas"],
            "ready": status.get("readyReplicas", 0),
            "updated": status.get("updatedReplicas", 0),
            "marked_by": deployment["metadata"]["annotations"].get("ask-claude.io/proposal"),
        }

    def _judge(self, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        """True only if the cluster says so: the change is there, on the right object, and the pods are well."""
        if not self._story.expects_proposal or before is None or after is None:
            if before is not None and after is not None and before["generation"] != after["generation"]:
                raise AssertionError("the cluster was changed although nobody approved anything")
            return
        proposal = self.record["proposal"]
        if proposal["state"] != "SUCCEEDED":
            raise AssertionError(f"the proposal ended as {proposal['state']}")
        if after["generation"] != before["generation"] + 1 or after["marked_by"] != proposal["id"]:
            raise AssertionError("the cluster does not carry exactly this one change")
        if not after["ready"] == after["updated"] == after["replicas"]:
            raise AssertionError("the pods are not all well afterwards")

    # ---- showing it ----------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Print what is new in the thread, as a person would read it."""
        for message in self._thread_now():
            if message.ts not in self._shown:
                self._shown.add(message.ts)
                self._say(self._slack.as_text(message) + "\n")

    def _thread_now(self) -> list[Message]:
        thread = self._slack.messages(CHANNEL, self._thread)
        private = [each for each in self._slack.ephemerals("bob") if each.raw.get("thread_ts") == self._thread]
        return sorted([*thread, *private], key=lambda each: each.ts)

    def keep_messages(self) -> None:
        if self._thread:
            self.record["messages"] = [
                {"author": author, "ts": each.ts, "text": text, "only_for": each.visible_to}
                for each in self._thread_now()
                for author, _, text in [self._slack.as_text(each).partition("  ")]
            ]


_ENDS = ("SUCCEEDED", "FAILED", "STALE", "BLOCKED", "UNKNOWN", "DENIED", "EXPIRED", "CANCELLED")
_VERDICTS = ("Verified after", "It got no better", "Not well yet", "could not be seen", "Not run", "Failed:")


def _reads(message: Message, beginning: str) -> bool:
    return message.text.startswith(beginning)


def _button(message: Message) -> str | None:
    """The value behind the Approve button, if this message has one."""
    for block in message.raw.get("blocks") or []:
        for element in block.get("elements") or []:
            if isinstance(element, dict) and element.get("action_id") == "approve":
                return str(element.get("value"))
    return None


async def play(slack: SlackEmulator, cluster: ClusterEmulator, story: Story, say: Say) -> dict[str, Any]:
    """Perform the story and answer its record; ``failure`` says what did not come true, or is None."""
    performance = _Play(slack, cluster, story, say)
    try:
        await performance.run()
    except (AssertionError, TimeoutError) as failure:
        performance.record["failure"] = str(failure)
    performance.keep_messages()
    return performance.record
