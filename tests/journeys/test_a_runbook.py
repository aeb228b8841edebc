"""What a team's runbook does not list is not proposed, whoever wants it, and the thread says why."""

from pathlib import Path

from tests.journeys import acting

BOOK = """---
title: Memory of the proteins
match: {category: oom_killed, namespace: "proteus-*"}
allowed_actions: [restart_deployment]
---
1. Ask the owners first.
"""


async def test_a_change_that_the_runbook_does_not_list_gets_no_card(tmp_path: Path) -> None:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "memory.md").write_text(BOOK, encoding="utf-8")
    async with acting.town(tmp_path, "oom-after-release", runbooks=folder) as town, town.serving():
        thread = await town.ask("what is wrong with proteus-api in proteus-dev?")
        said = "\n".join(town.slack.as_text(each) for each in town.slack.messages(acting.CHANNEL, thread))
        assert "the runbook “Memory of the proteins” allows only restart_deployment here" in said
        assert not any(acting.button(each) for each in town.slack.messages(acting.CHANNEL, thread))
        assert not town.writes()
