"""The loop, the adapter and the vendor's package together against the emulator: every transcript is legal."""

from bot.adapters.claude import ClaudeModel, Limits
from bot.demo.messages_emulator import Broken, Damage, MessagesEmulator, Reply, Thinking, ToolUse
from bot.domain import Answer
from bot.flows.investigate import Analysts, Budget, Investigator
from safety.redaction import Redactor
from tests.bot.flows.test_investigate import SECRET, look, rules
from tests.bot.investigations import red, triaged
from tests.fakes import FixedClock
from tools.tool import Catalogue
from tools.world import Reader


async def follow_up(emulator: MessagesEmulator, **limits: int) -> Answer:
    clock, redactor = FixedClock(), Redactor([SECRET, "emulator-key"])
    model = ClaudeModel(
        "emulator-key", emulator.url, "claude-sonnet-5-5", redactor, limits=Limits(total=20, read=5), sleep=clock.sleep
    )
    world = Reader(cluster=None, redactor=redactor)  # type: ignore[arg-type]
    flow = Investigator(Analysts(model, rules()), Catalogue(look), world, clock, Budget(**limits))
    answer = await flow.follow_up(triaged(), red("and now?"))
    await model.aclose()
    return answer


async def test_every_kind_of_call_makes_a_legal_transcript() -> None:
    calls = (
        ToolUse("look", {"name": "a"}),
        ToolUse("look", {"name": "a"}),
        ToolUse("look", {"wrong": 1}),
        ToolUse("no_such_tool", {}),
        ToolUse("look", {"name": "forbidden"}),
        ToolUse("propose_remediation", {"action": "restart_deployment", "handle": "O1", "reason": "asked"}),
    )
    async with MessagesEmulator(
        Reply(Thinking("first"), "Looking.", *calls),
        Reply(Thinking("second"), ToolUse("look", {"name": "b"})),
        Broken(Damage.DROPPED),
        Reply("All is well, and proposed."),
    ) as emulator:
        answer = await follow_up(emulator)
    assert emulator.faults == []
    assert emulator.turns_left == 0
    assert answer.text == "All is well, and proposed."
    assert answer.tools_called == ("look", "look")
    assert len(answer.wanted) == 1
    assert SECRET not in str(emulator.requests)


async def test_the_budget_ends_an_endless_loop_legally() -> None:
    async with MessagesEmulator(decide=_greedy) as emulator:
        answer = await follow_up(emulator, turns=3)
    assert emulator.faults == []
    assert answer.text == "That is all I know."
    assert len(emulator.requests) == 4


def _greedy(body: dict[str, object]) -> Reply:
    if body.get("tool_choice") == {"type": "none"}:
        return Reply("That is all I know.")
    return Reply(*[ToolUse("look", {"name": f"{len(str(body))}-{n}"}) for n in range(3)])
