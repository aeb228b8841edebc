"""How often each method may be called: Slack's tiers, per method (posting: per channel; webhooks: per address).

A bucket per tier: a minute's worth of calls may come at once, and it fills up again steadily.
Assumed about the real Slack: how large the bursts are that posting and webhooks tolerate, that a refused call
costs nothing, the tier of agents.sessions.*, and the numbers of the methods documented only as "special".
"""

import math
from dataclasses import dataclass
from datetime import datetime

from bot.demo.slack_emulator.shapes import Clock


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many calls at once, and so many more each minute."""

    burst: int
    per_minute: float


TIERS = {1: Allowance(1, 1), 2: Allowance(20, 20), 3: Allowance(50, 50), 4: Allowance(100, 100)}
HUNDREDS = Allowance(600, 600)
POSTS = Allowance(10, 60)
WEBHOOK = Allowance(5, 60)

_METHODS_OF_TIER = {
    2: "chat.startStream chat.stopStream conversations.list reactions.remove usergroups.list usergroups.users.list "
    "users.list",
    3: "agents.sessions.rename apps.connections.open bots.info chat.delete chat.update conversations.history "
    "conversations.info conversations.join conversations.open conversations.replies reactions.add team.info "
    "users.lookupByEmail",
    4: "agents.sessions.setStatus chat.appendStream chat.postEphemeral conversations.members "
    "files.completeUploadExternal files.getUploadURLExternal users.info views.open views.publish views.push "
    "views.update",
}
ALLOWANCES = {name: TIERS[tier] for tier, names in _METHODS_OF_TIER.items() for name in names.split()}


class TooOften(Exception):
    """The call is answered with HTTP 429 and `Retry-After`."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"try again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: datetime

    def take(self, allowance: Allowance, now: datetime) -> None:
        per_second = allowance.per_minute / 60
        grown = max((now - self.filled_at).total_seconds(), 0) * per_second
        self.left, self.filled_at = min(self.left + grown, allowance.burst), now
        # A little slack: refilling in many small steps must not lose a call to rounding.
        if self.left < 1 - 1e-6:
            raise TooOften(math.ceil((1 - self.left) / per_second - 1e-6))
        self.left -= 1


class Rates:
    """Counts the calls of one app in one workspace; switched off it lets everything pass."""

    def __init__(self, clock: Clock, *, is_on: bool) -> None:
        self._clock = clock
        self._is_on = is_on
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def count_call(self, method: str, channel: str) -> None:
        if method == "chat.postMessage":
            self._count((method, channel), POSTS)
        else:
            self._count((method, ""), ALLOWANCES.get(method, HUNDREDS))

    def count_webhook(self, hook: str) -> None:
        self._count(("webhook", hook), WEBHOOK)

    def _count(self, key: tuple[str, str], allowance: Allowance) -> None:
        if not self._is_on:
            return
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(allowance.burst, now))
        bucket.take(allowance, now)
