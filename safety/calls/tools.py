"""The tools of an agent: its shell, its files, those that only look, and the operations that servers offer."""

import re
from collections.abc import Mapping
from typing import Any

from safety.calls.operations import judge_operation
from safety.commands.files import matters
from safety.commands.lines import judge_line
from safety.commands.secrets import holds_credentials
from safety.commands.table import words
from safety.commands.verdict import READS, Files, Verdict, refused

_LOOKING = words(
    "Grep Glob LS WebFetch WebSearch Task Agent TodoWrite TodoRead ExitPlanMode EnterPlanMode Skill AskUserQuestion"
    " BashOutput TaskOutput TaskCreate TaskUpdate TaskList TaskGet TaskStop KillShell KillBash SlashCommand ToolSearch"
    " ListMcpResourcesTool ReadMcpResourceTool LSP SendMessage StructuredOutput NotebookRead EnterWorktree ExitWorktree"
)
_WRITING = words("Write Edit MultiEdit NotebookEdit Update")


def judge_call(tool: object, given: object, files: Files) -> Verdict:
    """The verdict on one call. Whatever has not the shape of a call is refused."""
    if not isinstance(tool, str) or not tool.strip() or not isinstance(given, Mapping):
        return refused("the call has no tool_name or no tool_input, so what it would do is not known")
    if not tool.isascii() or not re.fullmatch(r"[\w.:/@ -]+", tool):
        return refused("the name of the tool holds letters that look like others")
    if tool == "Bash":
        command = given.get("command")
        return judge_line(command, files) if isinstance(command, str) else refused("Bash without a command as text")
    if tool == "PowerShell":
        return refused("PowerShell reads lines in a way that cannot be judged here")
    if tool in _LOOKING:
        return READS
    if tool == "Read" or tool in _WRITING:
        return _file(tool, given, files)
    return judge_operation(tool, given, files)


def _file(tool: str, given: Mapping[str, Any], files: Files) -> Verdict:
    path = given.get("file_path") or given.get("notebook_path") or given.get("path")
    if not isinstance(path, str) or not path:
        return refused(f"{tool} without a path as text")
    if tool == "Read":
        return refused(f"Read {path} would show credentials") if holds_credentials(path) else READS
    if matters(path, files):
        return refused(
            f"{tool} {path}: a file there changes this machine, the cluster in reach, or what may be changed"
        )
    return READS
