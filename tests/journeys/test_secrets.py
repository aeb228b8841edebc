"""What a program writes into its log by mistake goes nowhere else."""

from pathlib import Path

from bot.demo.cluster_emulator.scenarios import SCENARIOS
from tests.journeys.acting import CHANNEL, Town
from tests.journeys.acting import town as a_town

LOGGED = (
    "gh" + "p_" + "a1B2" * 9,
    "Tr0ub4dor-and-3-horses",
    ".".join(("ey" + "JhbGciOiJIUzI1NiJ9", "ey" + "JzdWIiOiJib2IifQ", "c2lnbmF0dXJl")),
)
LINE = f"cache stats token={LOGGED[0]} password={LOGGED[1]} Authorization: Bearer {LOGGED[2]}"


async def test_secrets_in_the_logs_of_a_failing_pod_are_neither_shown_nor_stored(tmp_path: Path) -> None:
    story = (SCENARIOS / "oom-after-release.yaml").read_text(encoding="utf-8")
    for text in ("cache stats", "heap is close to the container limit"):
        assert text in story
        story = story.replace(text, LINE)
    scenario = tmp_path / "leaky.yaml"
    scenario.write_text(story, encoding="utf-8")
    async with a_town(tmp_path, scenario) as town:
        async with town.serving():
            thread = await town.ask("What's wrong with proteus-dev?")
            asked = await town.slack.user("bob").reply("show the logs of proteus-api", CHANNEL, thread)
            answer = await town.answer(thread, after=asked.ts)
            assert "cache stats" in town.slack.as_text(answer), "the line itself is shown"
            await town.idle()
        assert leaked(town) == []


def leaked(town: Town) -> list[str]:
    said = "\n".join(town.everything_said())
    stored = b"".join(each.read_bytes() for each in town.database.parent.glob("bot.db*"))
    return [each for each in LOGGED if each in said or each.encode() in stored]
