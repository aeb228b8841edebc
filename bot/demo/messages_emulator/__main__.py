"""Runs the emulator alone: `python -m bot.demo.messages_emulator --port 0` prints its address."""

import argparse
import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import Any

from bot.demo.messages_emulator.ollama_door import OLLAMA_MODELS
from bot.demo.messages_emulator.server import Decide, MessagesEmulator
from bot.demo.messages_emulator.turns import Block, Broken, Damage, Reply, Text, Thinking, ToolUse, Turn, error
from bot.demo.messages_emulator.worst_case import obey


def read_script(text: str) -> list[Turn]:
    """Turns written as JSON: a list of replies, errors and damages; docs/model-emulator.md shows them."""
    return [_turn(each) for each in json.loads(text)]


def _turn(told: dict[str, Any]) -> Turn:
    if "error" in told:
        headers = {name.replace("-", "_"): value for name, value in told.get("headers", {}).items()}
        return error(told["error"], told.get("message", "scripted"), **headers)
    if "damage" in told:
        return Broken(Damage[told["damage"].upper()])
    return Reply(*(_block(each) for each in told["reply"]), stop_reason=told.get("stop_reason"))


def _block(told: dict[str, Any] | str) -> Block:
    if isinstance(told, str):
        return Text(told)
    if "thinking" in told:
        return Thinking(told["thinking"])
    return ToolUse(told["tool"], told.get("input", {}))


def _same(_: dict[str, Any]) -> Reply:
    return Reply("This is an emulator; there is no model here.")


_WAYS: dict[str, Decide] = {"same": _same, "worst-case": obey}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bot.demo.messages_emulator", description="A model on this machine."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port (default: %(default)s)")
    parser.add_argument("--key", default="emulator-key", help="the key clients must send (default: %(default)s)")
    parser.add_argument("--script", type=Path, help="a JSON file with the turns to answer first")
    parser.add_argument("--decide", choices=_WAYS, default="same", help="what to answer after the script")
    parser.add_argument("--ollama", action="store_true", help="answer /v1/messages as Ollama does")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    turns = read_script(options.script.read_text(encoding="utf-8")) if options.script else []
    ollama = OLLAMA_MODELS if options.ollama else None
    emulator = MessagesEmulator(*turns, key=options.key, decide=_WAYS[options.decide], ollama=ollama)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(await emulator.start(options.port), flush=True)
    await stop.wait()
    await emulator.stop()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
