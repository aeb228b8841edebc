"""What a call of an agent's tool would do: a shell line, a file that is written, or an operation of a server by its verb.

A server's name says nothing: a tool is judged by the words of its own name and by what it is given.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from safety.commands.development import parts_of
from safety.commands.files import matters
from safety.commands.lines import judge_line, judge_words
from safety.commands.secrets import holds_credentials, is_secret_kind, printed_by_path
from safety.commands.stores import changed_by_sql
from safety.commands.verdict import READS, Files, Verdict, Wanted, refused

_LOOKING = frozenset(
    {
        *("Grep", "Glob", "LS", "WebFetch", "WebSearch", "Task", "Agent", "TodoWrite", "TodoRead", "ExitPlanMode", "Skill"),
        *("EnterPlanMode", "AskUserQuestion", "BashOutput", "TaskOutput", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet"),
        *("TaskStop", "KillShell", "KillBash", "SlashCommand", "ListMcpResourcesTool", "ReadMcpResourceTool", "ToolSearch"),
        *("LSP", "SendMessage", "StructuredOutput", "NotebookRead", "EnterWorktree", "ExitWorktree"),
    }
)
_WRITING = frozenset({"Write", "Edit", "MultiEdit", "NotebookEdit", "Update"})

READING_VERBS = frozenset(
    {
        *("list", "get", "log", "logs", "top", "search", "describe", "read", "watch", "view", "show", "find", "query"),
        *("fetch", "status", "history", "explain", "lookup", "count", "stats", "stat", "health", "ping", "version", "info"),
        *("events", "whoami", "summarize", "summary", "analyze", "analyse", "tail", "head", "preview", "render", "validate"),
        *("plan", "resolve", "trace", "browse", "inspect", "check", "diff", "compare", "discover", "wait", "lint", "test"),
        *("usage", "metrics", "download", "export", "think", "thinking", "sequentialthinking", "ls", "cat", "grep", "tree"),
        *("exists", "verify", "monitor", "observe", "detect", "calculate", "convert", "translate", "select", "retrieve"),
        *("ps", "who", "display", "print", "current", "open", "snapshot", "screenshot", "navigate", "examine", "diagnose"),
    }
)
# Such a word at the beginning of a name says what follows is looked at: ``get_restart_count``.
_PURE = frozenset({"list", "get", "describe", "read", "show", "view", "search", "find", "fetch", "query", "lookup", "watch"})
CHANGING_VERBS = frozenset(
    {
        *("create", "update", "delete", "remove", "destroy", "apply", "patch", "replace", "scale", "restart", "rollback"),
        *("undo", "exec", "execute", "run", "start", "stop", "terminate", "reboot", "drain", "cordon", "uncordon", "taint"),
        *("evict", "kill", "install", "uninstall", "upgrade", "set", "edit", "put", "post", "send", "write", "add", "attach"),
        *("detach", "modify", "enable", "disable", "invoke", "trigger", "cancel", "deploy", "promote", "sync", "merge", "close"),
        *("push", "rename", "move", "copy", "cp", "reset", "rotate", "revoke", "grant", "approve", "label", "annotate", "expose"),
        *("forward", "portforward", "proxy", "debug", "rollout", "redeploy", "resize", "suspend", "resume", "pause", "unpause"),
        *("purge", "prune", "wipe", "clean", "cleanup", "clear", "drop", "truncate", "flush", "import", "restore", "backup"),
        *("insert", "upsert", "save", "upload", "publish", "release", "submit", "register", "deregister", "associate"),
        *("disassociate", "assume", "manage", "management", "switch", "use", "configure", "change", "increase", "decrease"),
        *("shutdown", "halt", "poweroff", "failover", "force", "recreate", "bounce", "recycle", "mutate", "untaint", "bind"),
        *("unbind", "mount", "unmount", "format", "erase", "nuke", "abort", "retry", "rerun", "dispatch", "assign", "unassign"),
        *("shell", "bash", "ssh", "command", "cmd", "call", "generic", "eval", "evaluate", "connect", "login", "impersonate"),
        *("autoscale", "reconcile", "provision", "decommission", "allocate", "reload", "refresh", "commit", "fork", "silence"),
        *("reply", "comment", "react", "acknowledge", "ack", "snooze", "transition", "link", "click", "type", "fill", "tag"),
        *("untag", "undeploy", "teardown", "spin", "launch", "kubectl", "helm", "terraform", "attachment", "reapply", "bulk"),
    }
)
# Things that people leave for people; to write one changes no cluster.
_NOTES = frozenset(
    {
        *("issue", "issues", "comment", "comments", "message", "messages", "ticket", "tickets", "note", "notes", "page"),
        *("reaction", "review", "thread", "entity", "entities", "observation", "observations", "relation", "relations"),
        *("worklog", "todo", "todos", "reminder", "draft", "canvas", "mail", "email", "report", "document", "doc", "memory"),
        *("incident", "incidents", "alert", "alerts", "postmortem", "timeline"),
    }
)
_NOTING = frozenset(
    {"create", "add", "update", "post", "send", "write", "edit", "reply", "comment", "react", "save", "append", "link",
     "acknowledge", "ack", "transition", "assign"}
)
_LINES = frozenset({"command", "cmd", "script", "shell", "bash", "commandline", "commands", "args", "argv", "arguments"})
_STATEMENTS = frozenset({"sql", "statement", "query", "statements"})
_DEEDS = frozenset({"action", "operation", "verb", "subcommand", "sub_command", "subCommand", "method", "mode", "op"})
_KINDS = frozenset({"kind", "resource", "resourcetype", "resource_type", "type", "resourcekind", "kinds", "resources"})
_OUTPUTS = frozenset({"output", "outputformat", "format", "list_output"})
_RESTARTS = frozenset({"restart", "rollout"})
_CLUSTER_TOOLS = frozenset({"kubectl", "helm", "oc"})
_DEEPEST = 12


def judge_call(tool: object, given: object, files: Files) -> Verdict:
    """The verdict on one call. Whatever has not the shape of a call is refused."""
    if not isinstance(tool, str) or not tool.strip() or not isinstance(given, Mapping):
        return refused("the call has no tool_name or no tool_input, so what it would do is not known")
    if not tool.isascii() or not re.fullmatch(r"[\w.:/@ -]+", tool):
        return refused("the name of the tool holds letters that look like others")
    if tool == "Bash":
        command = given.get("command")
        return judge_line(command, files) if isinstance(command, str) else refused("Bash without a command as text")
    if tool == "Read":
        return _read(given)
    if tool in _LOOKING:
        return READS
    if tool in _WRITING:
        return _writes(tool, given, files)
    return _operation(tool, given, files)


def _read(given: Mapping[str, Any]) -> Verdict:
    path = given.get("file_path") or given.get("path") or given.get("notebook_path")
    if not isinstance(path, str):
        return refused("Read without a path as text")
    return refused(f"Read {path} would show credentials") if holds_credentials(path) else READS


def _writes(tool: str, given: Mapping[str, Any], files: Files) -> Verdict:
    path = given.get("file_path") or given.get("notebook_path") or given.get("path")
    if not isinstance(path, str) or not path:
        return refused(f"{tool} without a path as text")
    if matters(path, files):
        return refused(f"{tool} {path}: a file there changes this machine, the cluster in reach, or what may be changed")
    return READS


# ---- operations of servers, by verb ---------------------------------------------------------------------------------


def _operation(tool: str, given: Mapping[str, Any], files: Files) -> Verdict:
    own = tool.split("__", 2)[-1] if tool.startswith("mcp__") else tool
    words = parts_of(own)
    deeds = [part for text in _texts_of(given, _DEEDS) for part in parts_of(text)]
    inside = _inside(own, words, given, files)
    if inside.refused:
        return inside
    if _is_reading(words, deeds):
        why = _prints_secrets(words, given)
        return refused(f"{own}: {why}") if why else inside
    if _is_line(words, given):
        return inside
    wanted = _wanted(words, deeds, given)
    if isinstance(wanted, Wanted):
        return Verdict(wanted=(wanted,))
    if _is_note(words):
        return inside
    return refused(wanted or _not_a_look(own, words, deeds))


def _not_a_look(own: str, words: list[str], deeds: list[str]) -> str:
    changing = [each for each in (*words, *deeds) if each in CHANGING_VERBS]
    if changing:
        return f"{own} would {changing[0]} something, and that is none of the changes that the policy can allow"
    return f"{own}: none of the words of its name says that it only looks (list, get, log, top, search …)"


def _is_reading(words: list[str], deeds: list[str]) -> bool:
    """A word that looks and none that changes, in the name and in what is asked of it."""
    named = [each for each in words if each not in _CLUSTER_TOOLS]
    if any(each in CHANGING_VERBS for each in deeds):
        return False
    if named[:1] and named[0] in _PURE and not ({"and", "or"} & set(named)):
        return True
    if any(each in CHANGING_VERBS for each in named):
        return False
    return any(each in READING_VERBS for each in (*named, *deeds))


def _is_note(words: list[str]) -> bool:
    verbs = {each for each in words if each in CHANGING_VERBS}
    return bool(verbs) and verbs <= _NOTING and bool(_NOTES & set(words))


def _is_line(words: list[str], given: Mapping[str, Any]) -> bool:
    """A tool that runs what it is given: what it is given was judged."""
    runs = {"run", "exec", "execute", "shell", "bash", "command", "cmd", "kubectl", "helm", "terraform", "call", "sql", "generic"}
    others = {each for each in words if each in CHANGING_VERBS} - runs
    has_line = bool(list(_texts_of(given, _LINES)) or "sql" in words and list(_texts_of(given, _STATEMENTS)))
    inside_pod = bool({"pod", "pods", "container", "containers", "in"} & set(words))
    return has_line and not others and bool(runs & set(words)) and not inside_pod


def _inside(own: str, words: list[str], given: Mapping[str, Any], files: Files) -> Verdict:
    """What the values themselves say: shell lines, statements, methods and addresses."""
    verdict = READS
    for name, value in _pairs(given):
        folded = name.lower().replace("-", "_")
        if folded in _LINES:
            verdict += _line(words, value, files)
        elif folded in _STATEMENTS and isinstance(value, str) and (word := _statement(words, folded, value)):
            verdict += refused(f"{own}: {word} may change or delete what the store holds")
        elif folded in ("url", "uri", "path", "endpoint") and isinstance(value, str):
            why = printed_by_path(value) if "/api/v1" in value or "%" in value else None
            verdict += refused(f"{own}: {why}") if why else READS
            verdict += refused(f"{own} would show credentials") if holds_credentials(value) else READS
    return verdict


def _line(words: list[str], value: Any, files: Files) -> Verdict:
    texts = [str(each) for each in value] if isinstance(value, list) else [value] if isinstance(value, str) else []
    program = next((each for each in words if each in ("kubectl", "helm", "terraform", "oc", "aws", "gcloud", "docker", "psql")), None)
    if not texts:
        return READS
    if isinstance(value, list):
        first = texts if program is None or texts[0] == program else [program, *texts]
        return judge_words(tuple(first), files)
    line = texts[0] if program is None or re.match(rf"\s*(?:\S*/)?{program}\b", texts[0]) else f"{program} {texts[0]}"
    return judge_line(line, files)


def _statement(words: list[str], name: str, text: str) -> str | None:
    """A query of a log may hold any word; one of a store may not."""
    is_sql = name != "query" or {"sql", "execute"} & set(words) or re.match(
        r"(?is)\s*(?:drop|delete|truncate|alter|update|insert|create|grant|revoke|with|select|explain|/\*|--|;)\b", text
    )
    return changed_by_sql(text) if is_sql else None


def _prints_secrets(words: list[str], given: Mapping[str, Any]) -> str | None:
    outputs = {each.lower() for each in _texts_of(given, _OUTPUTS)}
    kinds = [*_texts_of(given, _KINDS), *(each for each in words if each.startswith("secret"))]
    secret = any(is_secret_kind(each) for each in kinds) or any("secret/" in each or "secrets/" in each for each in kinds)
    values = "value" in words or "values" in words
    if "secret" in words and values:
        return "it would print the contents of Secrets"
    if not secret or "describe" in words:
        return None
    is_list = "list" in words and "get" not in words
    if outputs & {"yaml", "json"} or not (is_list or outputs & {"name", "wide", "table"}):
        return "it would print the contents of Secrets; their names are shown by list"
    return None


# ---- operations that are typed actions ------------------------------------------------------------------------------


def _wanted(words: list[str], deeds: list[str], given: Mapping[str, Any]) -> Wanted | str | None:
    """The typed action that an operation names, or why it names none."""
    told = [*words, *deeds]
    kinds = [each.lower() for each in _texts_of(given, _KINDS)]
    on_deployment = bool({"deployment", "deployments"} & set(told)) or any(re.match(r"deploy(?:ments?)?\b", each) for each in kinds)
    on_pod = bool({"pod", "pods"} & set(told)) or any(re.match(r"pods?$", each) for each in kinds)
    verbs = {each for each in told if each in CHANGING_VERBS}
    kind = _kind_of(verbs, on_deployment, on_pod)
    if kind is None:
        return None
    name = _one(given, ("name", "deployment", "deployment_name", "deploymentname", "pod", "pod_name", "podname", "resource_name", "resourcename"))
    namespace = _one(given, ("namespace", "ns"))
    if name is None or namespace is None:
        return "name one object and its namespace, so that it is certain what would change"
    if strange := _more_than_asked(given, kind):
        return f"with {strange} it is not one of the changes that can be judged; leave it out"
    return _with_details(kind, namespace, name, given)


def _kind_of(verbs: set[str], on_deployment: bool, on_pod: bool) -> str | None:
    changes: dict[str, Callable[[], bool]] = {
        "restart_deployment": lambda: on_deployment and "restart" in verbs and verbs <= _RESTARTS | _CLUSTER_TOOLS,
        "rollback_deployment": lambda: on_deployment and bool(verbs & {"rollback", "undo"})
        and verbs <= {"rollback", "undo", "rollout"} | _CLUSTER_TOOLS,
        "scale_deployment": lambda: on_deployment and "scale" in verbs and verbs <= {"scale"} | _CLUSTER_TOOLS,
        "delete_failed_pod": lambda: on_pod and not on_deployment and "delete" in verbs and verbs <= {"delete"} | _CLUSTER_TOOLS,
        "evict_pod": lambda: on_pod and verbs == {"evict"},
    }
    return next((kind for kind, is_it in changes.items() if is_it()), None)


def _more_than_asked(given: Mapping[str, Any], kind: str) -> str | None:
    known = {
        *("namespace", "ns", "name", "deployment", "deployment_name", "deploymentname", "pod", "pod_name", "podname"),
        *("resource_name", "resourcename", "replicas", "revision", "to_revision", "torevision", "reason", "justification"),
        *("description", "explanation", "apiversion", "api_version", "scale", "wait", "timeout"),
    }
    return next((each for each in given if each.lower() not in known | {d.lower() for d in _DEEDS} | _KINDS), None)


def _with_details(kind: str, namespace: str, name: str, given: Mapping[str, Any]) -> Wanted | str:
    numbers = {key.lower(): value for key, value in given.items() if isinstance(value, int) and not isinstance(value, bool)}
    if kind == "scale_deployment":
        replicas = numbers.get("replicas", numbers.get("scale"))
        return "name the number of pods" if replicas is None else Wanted(kind, namespace, name, details={"to_replicas": replicas})
    if kind == "rollback_deployment":
        revision = numbers.get("to_revision", numbers.get("revision", numbers.get("torevision")))
        return "name the revision to go back to" if not revision else Wanted(kind, namespace, name, details={"to_revision": revision})
    return Wanted(kind, namespace, name)


def _one(given: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    found = {value for key, value in given.items() if key.lower() in names and isinstance(value, str) and value}
    return found.pop() if len(found) == 1 else None


# ---- values ---------------------------------------------------------------------------------------------------------


def _pairs(given: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every key and value, however deep; a value that is JSON in a text is opened."""
    if depth > _DEEPEST:
        return
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield str(key), value
            yield from _pairs(value, depth + 1)
    elif isinstance(given, list):
        for each in given:
            yield from _pairs(each, depth + 1)
    elif isinstance(given, str) and given.lstrip()[:1] in ("{", "["):
        try:
            yield from _pairs(json.loads(given), depth + 1)
        except (ValueError, RecursionError):
            return


def _texts_of(given: Mapping[str, Any], names: frozenset[str]) -> Iterator[str]:
    lowered = {each.lower() for each in names}
    for key, value in _pairs(given):
        if key.lower() in lowered:
            yield from [value] if isinstance(value, str) else [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
