"""Who is who in Slack. What cannot be read raises, and whoever asked takes it as a no."""

from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.ports import ChatFault, Clock

_KEEP = timedelta(minutes=5)
# One page of Slack's. Whoever comes after it counts as not there.
_MOST_IN_CHANNEL = 1000
# Answers that are about the person; any other is about Slack, and says nothing of who somebody is.
_NOBODY = frozenset(("invalid_arguments", "user_not_found", "user_not_visible", "users_not_found"))


class SlackPeople:
    """``People`` over ``users.info`` and ``usergroups.users.list``; group members are kept for five minutes."""

    def __init__(self, client: AsyncWebClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._members: dict[str, tuple[datetime, tuple[str, ...]]] = {}

    async def is_active_human(self, user: str, team: str) -> bool:
        try:
            found = (await self._client.users_info(user=user))["user"]
        except SlackApiError as error:
            if error.response.get("error") in _NOBODY:
                return False
            code = error.response.get("error") or error.response.status_code
            raise ChatFault(str(code), f"Slack did not say who you are ({code})") from None
        except (SlackClientError, aiohttp.ClientError, TimeoutError, KeyError) as error:
            name = type(error).__name__
            raise ChatFault(name, f"Slack did not say who you are ({name})") from None
        outside = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "is_app_user")
        return found.get("team_id") == team and not any(found.get(each) for each in outside)

    async def members(self, group: str) -> Sequence[str]:
        now = self._clock.now()
        kept = self._members.get(group)
        if kept is not None and now - kept[0] < _KEEP:
            return kept[1]
        found = await self._read(group, self._client.usergroups_users_list(usergroup=group), "users")
        self._members[group] = (now, found)
        return found

    async def in_channel(self, channel: str) -> Sequence[str]:
        asking = self._client.conversations_members(channel=channel, limit=_MOST_IN_CHANNEL)
        return await self._read(channel, asking, "members")

    @staticmethod
    async def _read(what: str, asking: Awaitable[AsyncSlackResponse], key: str) -> tuple[str, ...]:
        try:
            return tuple(str(each) for each in (await asking)[key])
        except (SlackApiError, SlackClientError, aiohttp.ClientError, TimeoutError, KeyError) as error:
            code = error.response.get("error", "") if isinstance(error, SlackApiError) else type(error).__name__
            raise ChatFault(str(code), f"the members of {what} could not be read ({code})") from None
