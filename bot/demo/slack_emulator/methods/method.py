"""What a Web API method is: a function, the scope it needs, the kind of token it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.demo.slack_emulator.arguments import Arguments
from bot.demo.slack_emulator.office import Office
from bot.demo.slack_emulator.shapes import Json

TokenKind = Literal["bot", "app"]


@dataclass(frozen=True, slots=True)
class Method:
    """`{kind}` in a scope stands for channels, groups or im, whichever the call's channel is.

    Methods that take a channel under another name than `channel` say so.
    """

    run: Callable[[Office, Arguments], Json]
    scope: str | None = None
    tokens: tuple[TokenKind, ...] = ("bot",)
    channel_argument: str = "channel"
