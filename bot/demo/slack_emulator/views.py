"""Modals and Home tabs: the stack of views each person has open, and what the app may do with them."""

import copy

from bot.demo.slack_emulator.composing import with_block_ids
from bot.demo.slack_emulator.limits import Limits
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Change, Json, View
from bot.demo.slack_emulator.team import Team
from bot.demo.slack_emulator.validation import check_view


class Views:
    """Who has which views open; the last of a stack is the one on top."""

    def __init__(self, team: Team, limits: Limits) -> None:
        self._team = team
        self._limits = limits
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def open_by(self, user: str) -> list[View]:
        return list(self._stacks.get(user, []))

    def home_of(self, user: str) -> View | None:
        return self._homes.get(user)

    def find(self, view_id: str) -> View:
        everything = [*self._homes.values(), *(view for stack in self._stacks.values() for view in stack)]
        for view in everything:
            if view_id in (view.id, view.raw.get("external_id") or None):
                return view
        raise Refused("not_found")

    def open(self, user: str, view: Json) -> View:
        opened = self._made(user, view)
        self._stacks[user] = [opened]
        return self._told(opened)

    def push(self, user: str, view: Json) -> View:
        stack = self._stacks.get(user, [])
        if len(stack) >= self._limits.push_depth:
            raise Refused("push_limit_reached")
        if not stack:
            raise Refused("not_found")
        pushed = self._made(user, view, previous=stack[-1])
        stack.append(pushed)
        return self._told(pushed)

    def update(self, old: View, view: Json, known_hash: str | None = None) -> View:
        if known_hash is not None and known_hash != old.raw["hash"]:
            raise Refused("hash_conflict")
        fresh = self._made(old.user, view)
        for name in ("id", "root_view_id", "previous_view_id"):
            fresh.raw[name] = old.raw[name]
        if old.raw["type"] == "home":
            self._homes[old.user] = fresh
        else:
            stack = self._stacks[old.user]
            stack[[entry.id for entry in stack].index(old.id)] = fresh
        return self._told(fresh)

    def publish(self, user: str, view: Json) -> View:
        published = self._made(user, view)
        self._homes[user] = published
        return self._told(published)

    def close(self, view: View) -> None:
        self._stacks[view.user] = [other for other in self._stacks.get(view.user, []) if other.id != view.id]
        self._told(view)

    def clear(self, user: str) -> None:
        self._stacks[user] = []
        self._team.announce(Change("views"))

    def _told(self, view: View) -> View:
        self._team.announce(Change("views"))
        return view

    def _made(self, user: str, view: Json, previous: View | None = None) -> View:
        check_view(view, self._limits)
        team = self._team
        raw: Json = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "submit": None,
            "close": None,
            "clear_on_close": False,
            "notify_on_close": False,
            **copy.deepcopy(view),
            "team_id": team.workspace.team_id,
            "app_id": team.app.id,
            "app_installed_team_id": team.workspace.team_id,
            "bot_id": team.app.bot_id,
            "state": {"values": {}},
            "hash": f"{team.next_ts()}.{team.new_id('')}",
        }
        raw["id"] = team.new_id("V")
        raw["blocks"] = with_block_ids(team, list(view.get("blocks") or []))
        raw["root_view_id"] = previous.raw["root_view_id"] if previous else raw["id"]
        raw["previous_view_id"] = previous.id if previous else None
        return View(user, raw)
