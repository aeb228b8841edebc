"""Who is who in Slack. What cannot be read is a no."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import ChatFault, Clock

_KEEP = timedelta(minutes=5)


class SlackPeople:
    """``People`` over ``users.info`` and ``usergroups.users.list``; group members are kept for five minutes."""

    def __init__(self, client: AsyncWebClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._members: dict[str, tuple[datetime, tuple[str, ...]]] = {}

    async def is_active_human(self, user: str, team: str) -> bool:
        try:
            found = (await self._client.users_info(user=user))["user"]
        except (SlackApiError, SlackClientError, aiohttp.ClientError, TimeoutError, KeyError):
            return False
        outside = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "is_app_user")
        return found.get("team_id") == team and not any(found.get(each) for each in outside)

    async def members(self, group: str) -> Sequence[str]:
        now = self._clock.now()
        kept = self._members.get(group)
        if kept is not None and now - kept[0] < _KEEP:
            return kept[1]
        try:
            answer = await self._client.usergroups_users_list(usergroup=group)
            found = tuple(str(each) for each in answer["users"])
        except (SlackApiError, SlackClientError, aiohttp.ClientError, TimeoutError, KeyError) as error:
            code = error.response.get("error", "") if isinstance(error, SlackApiError) else type(error).__name__
            raise ChatFault(str(code), f"the members of {group} could not be read ({code})") from None
        self._members[group] = (now, found)
        return found
