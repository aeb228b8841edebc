"""Trigger ids: what a click hands the app so that it may open one modal, within three seconds, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.team import Team


@dataclass(slots=True)
class _Trigger:
    user: str
    issued_at: datetime
    is_exchanged: bool = False


class Triggers:
    """The trigger ids that were handed out."""

    def __init__(self, team: Team, lifetime_seconds: float) -> None:
        self._team = team
        self._lifetime = timedelta(seconds=lifetime_seconds)
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user: str) -> str:
        number = len(self._issued) + 1
        trigger_id = f"{number}.{number}.{self._team.new_id('').lower()}"
        self._issued[trigger_id] = _Trigger(user, self._team.now())
        return trigger_id

    def exchange(self, trigger_id: str) -> str:
        """The user it belongs to, if it may still be used."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.is_exchanged:
            raise Refused("exchanged_trigger_id")
        if self._team.now() - trigger.issued_at > self._lifetime:
            raise Refused("expired_trigger_id")
        trigger.is_exchanged = True
        return trigger.user
