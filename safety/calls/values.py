"""What stands in the input of a tool: every key and value however deep, and what those values would run."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from safety.calls.vocabulary import AWAY, CHANGING, READING, SEARCHES, STEERING
from safety.commands.lines import judge_line, judge_text, judge_words
from safety.commands.names import parts_of
from safety.commands.secrets import holds_credentials, is_secret_kind, printed_by_path
from safety.commands.stores import changed_by_sql
from safety.commands.table import words
from safety.commands.verdict import READS, Files, Verdict, refused
from safety.shell import UNKNOWN

# Keys, folded to small letters without dashes and underscores.
LINES = words("command cmd script shell bash commandline commands args argv arguments clicommand kubectlcommand code")
# Of keys of several words, the last: ``extra_args``, ``post_command``, ``pre_exec``.
_LINE_PARTS = words("command commands cmd script exec shell bash args argv arguments hook run then pipe cli entrypoint")
# What people wrote or search for; it may quote a command.
_PROSE = words(
    "body message messages text content contents comment comments description title summary thought thoughts prompt"
    " question query q search pattern grep jql logql promql expr expression filter regex reason note notes old_string"
    " queries querystring querybody naturallanguagequery instructions subject markdown patch diff keyword keywords"
)
_SIGNS = re.compile(r"[;|&`\s]|[$<>]\(")
STATEMENTS = words("sql statement query statements")
DEEDS = words("action operation verb subcommand method mode op")
KINDS = words("kind resource resourcetype type resourcekind kinds resources")
_OUTPUTS = words("output outputformat format listoutput")
_ADDRESSES = words("url uri path endpoint filepath file uris urls")
_PROGRAMS = (
    "kubectl",
    "helm",
    "terraform",
    "oc",
    "aws",
    "gcloud",
    "az",
    "docker",
    "psql",
    "argocd",
    "flux",
    "istioctl",
)
# In the languages of other stores.
_CHANGES_A_STORE = re.compile(
    r"(?i)\b(?:drop|delete|truncate|alter|update|insert|create|grant|revoke|remove|detach|merge|flush|shutdown|set\s)\w*"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_DEEPEST = 12
_STATEMENT = re.compile(
    r"(?is)\s*(?:drop|delete|truncate|alter|update|insert|create|grant|revoke|with|select|explain|/\*|--|;)(?!\w)"
)


def folded(key: str) -> str:
    """``resource_type``, ``resourceType`` and ``resource-type`` as one."""
    return re.sub(r"[_\-\s]", "", key).lower()


def pairs(given: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every key, as it is written, and its value, JSON in a text opened. What lies too deep is given as a command that
    nobody knows.
    """
    if depth > _DEEPEST:
        yield "command", UNKNOWN
        return
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield str(key), value
            yield from pairs(value, depth + 1)
    elif isinstance(given, list):
        for each in given:
            yield from pairs(each, depth + 1)
    elif isinstance(given, str) and given.lstrip()[:1] in ("{", "["):
        try:
            opened = json.loads(given)
        except (ValueError, RecursionError):
            return
        yield from pairs(opened, depth + 1)


def texts_of(given: Mapping[str, Any], keys: frozenset[str]) -> list[str]:
    """The texts under some keys."""
    return [text for key, text in _texts(given) if folded(key) in keys]


def keyed_texts(given: Mapping[str, Any]) -> Iterator[tuple[list[str], str]]:
    """Every text with the words of its key; those of a list are one text, as a program would be handed them."""
    for key, value in pairs(given):
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            yield parts_of(key), " ".join(value)
        elif isinstance(value, str):
            yield parts_of(key), value


def _texts(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in pairs(given):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield key, each


def judge_values(own: str, named: list[str], given: Mapping[str, Any], files: Files) -> Verdict:
    """What the values themselves say: lines of shell, statements, addresses."""
    verdict = READS
    for written, value in pairs(given):
        key = folded(written)
        is_line = key in LINES or (key not in DEEDS and bool(_LINE_PARTS & set(parts_of(written)[-1:])))
        if is_line:
            verdict += _line(own, named, value, files, given)
        elif key in STATEMENTS and isinstance(value, str):
            word = _statement(named, key, value)
            verdict += refused(f"{own}: {word} may change or delete what the store holds") if word else READS
        elif key in _ADDRESSES and isinstance(value, str):
            verdict += _address(own, value)
        if not is_line and key not in _PROSE:
            verdict += _names(own, value, files)
    return verdict


def _names(own: str, value: Any, files: Files) -> Verdict:
    """What is no prose, and reads as a command, perhaps behind a sign of the shell: the server may hand it to one."""
    texts = value if isinstance(value, list) else [value]
    for each in texts:
        judged = judge_text(each, files) if isinstance(each, str) and _SIGNS.search(each) else READS
        if judged.refused or judged.wanted:
            return refused(f"{own}: {each[:60]!r} holds a command that a shell would run")
    return READS


def _line(own: str, named: list[str], value: Any, files: Files, given: Mapping[str, Any]) -> Verdict:
    program = next((each for each in named if each in _PROGRAMS), None)
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        told = value if program is None or value[0] == program else [program, *value]
        verdict = judge_words(tuple(told), files)
    elif isinstance(value, str) and value.strip():
        is_whole = program is None or re.match(rf"\s*(?:\S*/)?{program}\b", value)
        verdict = judge_line(value if is_whole else f"{_begun(program or '', named, value)} {value}", files)
    else:
        return READS
    if not verdict.known and AWAY & {*named, *map(folded, given)}:
        return verdict + refused(f"{own} would run a program of which nothing is known on another machine")
    return verdict


def _begun(program: str, named: list[str], value: str) -> str:
    """``kubectl_get`` begins the line that its words end, unless they begin with a verb of their own."""
    first = value.split()[0]
    has_verb = first in READING | CHANGING | STEERING
    return " ".join(named) if named[:1] == [program] and named[1:2] == ["get"] and not has_verb else program


def _statement(named: list[str], key: str, text: str) -> str | None:
    """A query of a log may hold any word; one of a store may not."""
    if key == "query" and SEARCHES & set(named):
        return None
    if key != "query" or "sql" in named or _STATEMENT.match(text):
        return changed_by_sql(text)
    found = _CHANGES_A_STORE.search(_QUOTED.sub(" ", text))
    return found[0] if found else None


def _address(own: str, text: str) -> Verdict:
    why = printed_by_path(text) if "/api/v1" in text or "%" in text else None
    if why:
        return refused(f"{own}: {why}")
    return refused(f"{own} would show credentials") if holds_credentials(text) else READS


def secrets_shown(named: list[str], given: Mapping[str, Any]) -> str | None:
    """Why a look would print the contents of Secrets; ``None`` if it would not."""
    why = "it would print the contents of Secrets; their names are shown by list"
    about = [*texts_of(given, KINDS), *(each for each in named if each.startswith("secret"))]
    is_about_them = any(is_secret_kind(each) or re.search(r"\bsecrets?/", each) for each in about)
    if {"value", "values"} & set(named) and is_about_them:
        return why
    if not is_about_them or "describe" in named:
        return None
    outputs = {each.lower().partition("=")[0] for each in texts_of(given, _OUTPUTS)}
    is_list = "list" in named and "get" not in named
    return None if outputs <= {"name", "wide", "table", ""} and (is_list or outputs) else why
