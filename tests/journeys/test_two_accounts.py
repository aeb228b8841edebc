"""Reading and changing with two accounts: everything is read as the one, and only the change is sent as the other."""

from pathlib import Path

import yaml

from bot.demo.cluster_emulator import ClusterEmulator
from tests.journeys import acting

READER, WRITER = "ask-claude-reader", "ask-claude"


def _both(cluster: ClusterEmulator, file: Path) -> None:
    """A kubeconfig that reads as one and knows the other by a context of its own."""
    config = yaml.safe_load(cluster.write_kubeconfig(file, READER).read_text(encoding="utf-8"))
    config["users"].append({"name": WRITER, "user": {"token": cluster.token(WRITER)}})
    context = {"cluster": cluster.scenario.cluster_name, "user": WRITER}
    config["contexts"].append({"name": "changes", "context": context})
    file.write_text(yaml.safe_dump(config), encoding="utf-8")


async def test_what_is_read_is_read_by_an_account_that_may_only_read(tmp_path: Path) -> None:
    async with acting.town(tmp_path, kube_writer_context="changes") as town:
        _both(town.cluster, tmp_path / "kubeconfig")
        async with town.serving():
            card = await town.propose(await town.ask())
            await town.click(card)
            assert await town.ended(card) == "SUCCEEDED"
        by = {user: {each.method for each in town.cluster.requests if each.user == user} for user in (READER, WRITER)}
        assert by == {READER: {"GET"}, WRITER: {"PATCH"}}


async def test_without_a_context_for_changes_the_account_that_may_only_read_changes_nothing(tmp_path: Path) -> None:
    async with acting.town(tmp_path) as town:
        _both(town.cluster, tmp_path / "kubeconfig")
        async with town.serving():
            thread = await town.ask()
            before = town.generation
            await town.slack.user("bob").reply(f"restart {acting.DEPLOYMENT}", acting.CHANNEL, thread)
            await town.says("cannot patch resource")
        assert town.generation == before
