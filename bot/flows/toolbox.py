"""What a model may do while it answers one question: look with the read tools, or ask for a change. Never change.

Every call gets one result, in the order of the calls: the refused, the repeated, the late and the failed ones too.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain import WantedChange
from bot.ports import ToolCall, ToolResult, ToolSpec
from bot.provenance import Prompted
from safety.actions import TARGET_KINDS, ActionKind, canonical_json
from safety.redaction import Redacted
from tools.evidence import SeenObject
from tools.tool import Catalogue, ToolError
from tools.world import Reader, WorldError

PROPOSE = "propose_remediation"
Progress = Callable[[Redacted], None]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one question may cost, and when a model that keeps failing is left alone."""

    turns: int = 6
    tool_calls: int = 16
    seconds: float = 90
    last_word_seconds: float = 30
    tool_seconds: float = 15
    result_chars: int = 6_000
    answer_chars: int = 12_000
    wanted: int = 3
    faults_in_a_row: int = 3
    rest: timedelta = timedelta(seconds=60)


class ProposeArgs(BaseModel):
    """What a model has to say to ask for a change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: ActionKind = Field(description="What to do.")
    handle: str = Field(description="The handle (O1, O2 …) of an object from the pack.", max_length=20)
    reason: str = Field(description="Why, in one sentence, with evidence ids.", min_length=1, max_length=600)
    to_revision: int | None = Field(None, ge=1, description="Only for a rollback: the revision to go back to.")
    to_replicas: int | None = Field(None, ge=0, description="Only for scaling: how many replicas, at most 2 from now.")


_PROPOSE_SPEC = ToolSpec(
    PROPOSE,
    "Ask for a change to one object. Nothing runs: a person sees the proposal and decides. "
    "Use it only when the person asks for the change or the evidence clearly calls for it.",
    ProposeArgs.model_json_schema(),
)
# What a tool stumbles over when the cluster answers in a shape nobody expected; the model can look elsewhere.
_STUMBLES = (LookupError, TypeError, ValueError, AttributeError)


class Toolbox:
    """The tools for one question, and the account of what was done with them."""

    def __init__(
        self,
        catalogue: Catalogue,
        world: Reader,
        objects: Sequence[SeenObject],
        limits: Budget,
        progress: Progress | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._world = world
        self._objects = {each.handle: each for each in objects}
        self._limits = limits
        self._progress = progress
        self._seen: set[str] = set()
        self._failed_once: set[str] = set()
        self._tried = 0
        self._called: list[str] = []
        self._heard: list[Redacted] = []
        self._missed: list[Redacted] = []
        self._wanted: list[WantedChange] = []
        self._prompted: Prompted | None = None

    @property
    def called(self) -> tuple[str, ...]:
        """The names of the tools that were run, in order."""
        return tuple(self._called)

    @property
    def heard(self) -> tuple[Redacted, ...]:
        """What the tools answered, as the model got it."""
        return tuple(self._heard)

    @property
    def missed(self) -> tuple[Redacted, ...]:
        """The errors of calls that failed; they repeat what the model asked for and show nothing."""
        return tuple(self._missed)

    @property
    def wanted(self) -> tuple[WantedChange, ...]:
        return tuple(self._wanted)

    @property
    def spent(self) -> bool:
        return self._tried >= self._limits.tool_calls

    def specs(self) -> tuple[ToolSpec, ...]:
        """What is offered, sorted by name so that the prompt keeps a stable prefix."""
        reads = (
            ToolSpec(each.name, each.description, each.args.model_json_schema()) for each in self._catalogue.reads()
        )
        return tuple(sorted((*reads, _PROPOSE_SPEC), key=lambda each: each.name))

    def say(self, line: str) -> None:
        """Tell whoever waits what is going on, in one short line."""
        if self._progress is not None:
            self._progress(self._world.redactor.text(line).clip(150))

    async def run(
        self, calls: Sequence[ToolCall], seconds: float, prompted: Prompted | None = None
    ) -> tuple[ToolResult, ...]:
        """All calls of one reply side by side, each bounded in time; one result each, in the order of the calls."""
        self._prompted = prompted
        refusals = [self._refusal(call) for call in calls]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._one(call, refusal, seconds))
                for call, refusal in zip(calls, refusals, strict=True)
            ]
        return tuple(each.result() for each in tasks)

    def _refusal(self, call: ToolCall) -> str | None:
        """Why this call is not even tried. Decided before anything runs, so that twins in one reply are caught too."""
        if _spelled(call) in self._seen:
            return (
                "this call was already made with the same arguments; its answer stands above. "
                "Look elsewhere, or answer with what is known."
            )
        if self.spent:
            return "the budget for tools is used up; answer with what is known."
        self._seen.add(_spelled(call))
        self._tried += 1
        return None

    async def _one(self, call: ToolCall, refusal: str | None, seconds: float) -> ToolResult:
        if refusal is not None:
            return self._error(call, refusal)
        try:
            async with asyncio.timeout(min(seconds, self._limits.tool_seconds)):
                content = await self._do(call)
        except TimeoutError:
            return self._failed(call, f"{call.name} gave no answer in time.")
        except (ToolError, WorldError) as error:
            return self._failed(call, str(error) or type(error).__name__)
        except _STUMBLES as error:
            return self._failed(call, f"{call.name} failed on what it found ({type(error).__name__}).")
        heard = content.clip(self._limits.result_chars)
        self._heard.append(heard)
        return ToolResult(call.id, call.name, heard)

    async def _do(self, call: ToolCall) -> Redacted:
        if call.name == PROPOSE:
            return self._propose(call.arguments)
        self.say(_doing(call))
        seen = await self._catalogue.look(call.name, dict(call.arguments), self._world)
        self._called.append(call.name)
        return seen.text if seen.text.strip() else self._world.redactor.text("(nothing was found)")

    def _propose(self, arguments: Mapping[str, Any]) -> Redacted:
        try:
            args = ProposeArgs.model_validate(arguments)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise ToolError(f"{PROPOSE} cannot take these arguments: {faults}") from None
        target = self._objects.get(args.handle)
        kind = TARGET_KINDS[args.action]
        if target is None or target.ref.kind != kind:
            fitting = (each for each in self._objects.values() if each.ref.kind == kind)
            known = ", ".join(f"{each.handle} = {each.ref}" for each in fitting) or "none"
            raise ToolError(f"{args.handle} is not a {kind.lower()} this investigation read. There are: {known}")
        _check_extras(args)
        reason = self._world.redactor.text(args.reason)
        change = WantedChange(args.action, args.handle, reason, args.to_revision, to_replicas=args.to_replicas)
        self._want(replace(change, prompted=self._prompted))
        return self._world.redactor.text(
            f"noted: {args.action} on {target.ref}. A card follows if the rules allow it; nothing runs before a person "
            "approves. Say so in the answer."
        )

    def _want(self, change: WantedChange) -> None:
        if len(self._wanted) >= self._limits.wanted:
            raise ToolError("enough changes are proposed for one question; a person decides on those first")
        same = [each for each in self._wanted if (each.kind, each.handle) == (change.kind, change.handle)]
        if same:
            raise ToolError("this change is already proposed; a person decides")
        self._wanted.append(change)

    def _failed(self, call: ToolCall, message: str) -> ToolResult:
        """What failed may be tried once more: the cluster may have been away. The budget still counts both."""
        if _spelled(call) not in self._failed_once:
            self._failed_once.add(_spelled(call))
            self._seen.discard(_spelled(call))
        return self._error(call, message)

    def _error(self, call: ToolCall, message: str) -> ToolResult:
        text = self._world.redactor.text(message).clip(self._limits.result_chars)
        self._missed.append(text)
        return ToolResult(call.id, call.name, text, is_error=True)


def _check_extras(args: ProposeArgs) -> None:
    if args.to_revision is not None and not args.action.startswith("rollback"):
        raise ToolError("to_revision belongs to a rollback only")
    if (args.to_replicas is not None) != (args.action == "scale_deployment"):
        raise ToolError("to_replicas belongs to scale_deployment, and that needs it")


def _spelled(call: ToolCall) -> str:
    return f"{call.name} {canonical_json(call.arguments)}"


def _doing(call: ToolCall) -> str:
    """``reading pod logs (shop/web-1)`` for whoever waits."""
    words = call.name.replace("_", " ")
    for verb in ("list ", "get ", "read "):
        words = words.removeprefix(verb)
    where = "/".join(str(each) for each in call.arguments.values() if isinstance(each, str) and each)
    return f"reading {words} ({where})" if where else f"reading {words}"
