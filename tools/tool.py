"""One way to make a tool: @tool, ReadTool, WriteTool, Catalogue, ToolError."""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, ValidationError

from safety.redaction import Redacted
from tools.world import Reader, WorldError, Writer

A = TypeVar("A", bound=BaseModel)


class ToolError(Exception):
    """The tool cannot do this; the message is for the model, which may try something else."""


class ReadArgs(BaseModel):
    """Arguments of a read tool; the field descriptions are read by the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a read tool saw: compact redacted text, where it came from, and when it happened if that is known."""

    source: str
    ref: str
    text: Redacted
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write did, in one line for people, with the object as the server stored it (empty for a dry run).

    ``audit_id`` is where the server's own audit log has it, as the server said.
    """

    text: str
    stored: dict[str, Any]
    audit_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReadTool:
    """A tool the model may run."""

    name: str
    description: str
    args: type[BaseModel]
    run: Callable[[Any, Reader], Awaitable[Seen]]


@dataclass(frozen=True, slots=True)
class WriteTool:
    """A tool the model can only propose; ``args`` is one of the typed actions of ``safety.actions``."""

    name: str
    description: str
    args: type[BaseModel]
    run: Callable[[Any, Writer], Awaitable[Outcome]]


@overload
def tool(function: Callable[[A, Reader], Awaitable[Seen]]) -> ReadTool: ...
@overload
def tool(function: Callable[[A, Writer], Awaitable[Outcome]]) -> WriteTool: ...
def tool(function: Any) -> ReadTool | WriteTool:
    """Make a tool of ``async (args, world) -> …``; the world it asks for says what it may do, no other flag does."""
    hints = get_type_hints(function)
    args_name, world_name = list(inspect.signature(function).parameters)
    description = inspect.cleandoc(function.__doc__ or "")
    if not description:
        raise TypeError(f"tool {function.__name__} needs a docstring: it is what the model reads")
    match hints[world_name], hints["return"]:
        case world, result if world is Reader and result is Seen:
            return ReadTool(function.__name__, description, hints[args_name], function)
        case world, result if world is Writer and result is Outcome:
            return WriteTool(function.__name__, description, hints[args_name], function)
        case _:
            raise TypeError(f"tool {function.__name__}: (args, Reader) -> Seen or (args, Writer) -> Outcome")


class Catalogue:
    """Every tool by name. Names are unique and iteration is sorted, so that prompts keep a stable prefix."""

    def __init__(self, *tools: ReadTool | WriteTool) -> None:
        self._tools = {each.name: each for each in sorted(tools, key=lambda each: each.name)}
        if len(self._tools) != len(tools):
            raise ValueError("two tools have the same name")

    def __iter__(self) -> Iterator[ReadTool | WriteTool]:
        return iter(self._tools.values())

    def reads(self) -> list[ReadTool]:
        return [each for each in self if isinstance(each, ReadTool)]

    def write(self, name: str) -> WriteTool:
        found = self._tools.get(name)
        if not isinstance(found, WriteTool):
            raise ToolError(f"there is no write tool called {name}")
        return found

    async def look(self, name: str, arguments: dict[str, Any], world: Reader) -> Seen:
        """Run one read tool; every fault the model can mend comes back as ``ToolError``."""
        found = self._tools.get(name)
        if not isinstance(found, ReadTool):
            raise ToolError(
                f"there is no tool called {name}; there are: {', '.join(each.name for each in self.reads())}"
            )
        try:
            args = found.args.model_validate(arguments)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise ToolError(f"{name} cannot take these arguments: {faults}") from None
        try:
            return await found.run(args, world)
        except WorldError as error:
            raise ToolError(str(error)) from None
