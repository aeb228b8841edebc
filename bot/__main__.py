"""``python -m bot``: reads the command line and hands over. Heavy parts are imported by the command that needs them."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from bot.entrypoints.cli import parser

if TYPE_CHECKING:
    from bot.entrypoints.hook import Caller
    from safety.commands.verdict import Wanted


def main(argv: list[str] | None = None) -> int:
    """The exit status: 0 fine, 1 the answer is no, 2 it could not be done."""
    if (sys.argv[1:] if argv is None else argv) == ["hook", "pre-tool-use"]:
        return _hook()
    arguments = parser().parse_args(argv)
    if arguments.command == "demo" and arguments.alone:
        return _cluster_alone(arguments)
    if arguments.command == "demo":
        from bot.demo.stage import demo

        return _guarded(lambda: demo(arguments))
    from bot import commands

    choice: dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, int]]] = {
        "run": commands.run,
        "check": commands.check,
        "investigate": commands.investigate,
        "redact": commands.redact,
        "schema": commands.schema,
        "db": commands.database,
        "audit": commands.audit,
        "policy": commands.policy,
    }
    return _guarded(lambda: choice[arguments.command](arguments))


def _hook() -> int:
    """What the policy needs is imported when a change is asked for, so that every other answer is quick."""
    try:
        from bot.entrypoints.hook import run

        return run(_ask)
    except BaseException as fault:  # noqa: BLE001 - an installation that is broken must not let everything through
        reason = f"BLOCKED: the check could not be started ({type(fault).__name__}), so nothing runs"
        denied = {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason}
        print(json.dumps({"hookSpecificOutput": denied}))
        return 0


def _ask(wanted: "Wanted", caller: "Caller") -> tuple[str, ...]:
    from bot.guard import reasons_against

    return reasons_against(wanted, caller)


def _cluster_alone(arguments: argparse.Namespace) -> int:
    """The emulated cluster needs nothing of the rest, so nothing of it is imported."""
    from bot.demo.cluster_emulator.alone import Wishes, run_alone

    wishes = Wishes(
        scenario=arguments.scenario,
        port=arguments.port,
        kubeconfig=arguments.kubeconfig,
        user=arguments.user,
        anonymous=arguments.anonymous_as,
        speed=arguments.speed,
    )
    return asyncio.run(run_alone(wishes))


def _guarded(command: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Faults that people can mend are one line, not a traceback."""
    from bot.commands import MENDABLE
    from bot.entrypoints.terminal import complain

    try:
        return asyncio.run(command())
    except MENDABLE as fault:
        complain(f"ask-claude: {fault}")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the output has had enough; what is still in the buffer must not raise once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
