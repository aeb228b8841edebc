"""Programs of everyday work on code: git, GitHub, make, package tools. What deploys or loses work widely is refused."""

import re
from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, is_known, take_apart
from safety.commands.names import CHANGING_WORDS, MILD, changing_word, parts_of
from safety.commands.recipes import rule_of_make, script_of_package
from safety.commands.secrets import printed_by_path
from safety.commands.table import words
from safety.commands.verdict import READS, STRANGER, Verdict, refused
from safety.commands.wrappers import scan

_GIT = Grammar(
    words("-C -c --git-dir --work-tree --namespace --exec-path --config-env --super-prefix"), stops_early=True
)
_RUNS = re.compile(
    r"(?:pager|editor|sshcommand|alias\.|textconv|command|external|hook|fsmonitor|askpass|helper|gpg|program"
    r"|cmd|driver|process|clean|smudge|proxy|uploadpack|receivepack)",
    re.IGNORECASE,
)


def _git(call: Call) -> Verdict:
    parsed = take_apart(call.args, _GIT)
    for each in parsed.values("-c", "--config-env"):
        name, _, value = each.partition("=")
        if not is_known(each) or _RUNS.search(name):
            return refused(f"git -c {name} would start another program".replace("\0", "…")) if value != "cat" else READS
    if parsed.has("--exec-path"):
        return refused("git --exec-path would start other programs")
    if not parsed.rest:
        return READS
    verb, *rest = parsed.rest
    if not is_known(verb):
        return refused("what git would do is not known before it runs")
    return _git_verb(call, verb, rest)


def _git_verb(call: Call, verb: str, rest: list[str]) -> Verdict:
    flags = {each for each in rest if each.startswith("-")}
    short = "".join(each[1:] for each in flags if not each.startswith("--"))
    told = [each for each in rest if not each.startswith("-")]
    lost: dict[str, bool] = {
        "clean": "n" not in short and "--dry-run" not in flags,
        "reset": "--hard" in flags or "--merge" in flags,
        "checkout": bool({".", "*", ":/"} & set(told)) or "-f" in flags or "--force" in flags,
        "restore": bool({".", "*", ":/"} & set(told)) and "--staged" not in flags,
        "switch": bool({"-f", "--force", "--discard-changes"} & flags),
        "rm": "r" in short or bool({".", "*"} & set(told)),
        "push": bool(re.search("[fd]", short))
        or any(each.startswith(("--force", "--delete", "--mirror", "--prune")) for each in flags)
        or any(each.startswith((":", "+")) for each in told),
        "filter-branch": True,
        "filter-repo": True,
        "update-ref": "-d" in flags,
        "reflog": told[:1] in (["expire"], ["delete"]),
        "daemon": True,
        "instaweb": True,
    }
    if lost.get(verb):
        return refused(f"git {verb} {' '.join(rest[:3])} would lose work or history widely".replace("\0", "…"))
    return _git_starts(call, verb, rest, told)


def _git_starts(call: Call, verb: str, rest: list[str], told: list[str]) -> Verdict:
    """git commands that start other programs."""
    if verb == "submodule" and told[:1] == ["foreach"]:
        return call.runs_line(" ".join(told[1:]))
    if verb == "bisect" and told[:1] == ["run"]:
        return call.runs_words(tuple(rest[rest.index("run") + 1 :]))
    if verb == "config" and len(told) > 1 and _RUNS.search(told[0]) and not told[0].startswith(("user", "get")):
        value = told[-1].lstrip("!")
        return (
            call.runs_line(value)
            if told[-1].startswith("!")
            else refused(f"git config {told[0]} names a program to start")
        )
    for at, each in enumerate(rest):
        if each in ("--exec", "-x", "--upload-pack", "--receive-pack", "--extcmd", "--tree-filter") or (
            each.startswith(
                ("--exec=", "--upload-pack=", "--receive-pack=", "--extcmd=", "--open-files-in-pager", "-O")
            )
            and (verb in ("rebase", "difftool", "fetch", "clone", "pull", "ls-remote", "archive", "grep", "push"))
        ):
            value = each.partition("=")[2] or (rest[at + 1] if at + 1 < len(rest) else "")
            return (
                call.runs_line(value)
                if verb in ("rebase", "difftool") and value
                else refused(f"git {verb} {each} starts a program")
            )
    if any(each.startswith("ext::") for each in told):
        return refused("git would start a program to reach that repository")
    return READS


_GH = words(
    "pr_list pr_view pr_diff pr_checks pr_status pr_create pr_comment"
    " pr_edit pr_checkout pr_review pr_ready pr_reopen"
    " issue_list issue_view issue_status issue_create issue_comment"
    " issue_edit issue_reopen issue_close run_list run_view"
    " run_watch run_download workflow_list workflow_view release_list"
    " release_view release_download repo_view repo_list"
    " repo_clone search_issues search_prs search_code search_repos"
    " search_commits auth_status label_list gist_list gist_view"
    " browse status cache_list ruleset_list ruleset_view org_list"
    " project_list variable_list secret_list extension_list"
)


def _gh(call: Call) -> Verdict:
    valued = words(
        "-R --repo -H --hostname -L --limit -q --jq -t --template --json -X --method -f -F --field --raw-field --input"
    )
    parsed = take_apart(call.args, Grammar(valued - (words("-t") if "create" in call.args else frozenset())))
    told = parsed.words
    if not told or parsed.has("--help", "--version") or told[0] in ("help", "version"):
        return READS
    if told[0] == "api":
        has_data = parsed.has("-f", "-F", "--field", "--raw-field", "--input")
        is_query = told[1:2] == ("graphql",) and "mutation" not in " ".join(call.args)
        method = (parsed.value("-X", "--method") or ("POST" if has_data else "GET")).upper()
        return (
            READS
            if method in ("GET", "HEAD") or is_query
            else refused(f"gh api {method} would change what GitHub holds")
        )
    if " ".join(told[:2]) in _GH or " ".join(told[:1]) in _GH:
        return READS
    return refused(f"gh {' '.join(told[:2])} may deploy, delete or hand out something".replace("\0", "…"))


def _glab(call: Call) -> Verdict:
    told = [each for each in call.args if not each.startswith("-")]
    looks = {"list", "view", "diff", "status", "trace", "lint", "show", "create", "note", "checkout", "get"}
    if not told or (len(told) > 1 and told[0] in ("mr", "issue", "ci", "pipeline", "repo") and told[1] in looks):
        return READS
    return refused(f"{call.name} {' '.join(told[:2])} may deploy, delete or hand out something")


_MAKE = Grammar(words("-C --directory -f --file --makefile -j --jobs -I -o -W -l --eval"))


def _make(call: Call) -> Verdict:
    parsed = take_apart(call.args, _MAKE)
    if parsed.has("--eval") or parsed.value("-f", "--file", "--makefile") in ("-", "/dev/stdin"):
        return refused(f"{call.name} would run rules that are not in a file")
    if parsed.has("-n", "--dry-run", "--just-print", "--recon", "-q", "--question"):
        return READS
    for each in parsed.words:
        name, equals, value = each.partition("=")
        if equals and re.search(r"[;|&`]|\$\(", value):
            return refused(f"{call.name} {name}=… may put a command into a rule")
        if equals and (verdict := scan(call, (value, *value.split()))).refused:
            return verdict
        if not equals and (
            changing := [part for part in parts_of(each) if part in CHANGING_WORDS - {"format", "reset"}]
        ):
            return refused(f"{call.name} {each}: its name says that it would {changing[0]} something")
    folder = parsed.value("-C", "--directory")
    targets = [each for each in parsed.words if "=" not in each and is_known(each)]
    return sum((rule_of_make(call, each, f"{folder}/" if folder else "") for each in targets), STRANGER)


_RUN_SCRIPTS = frozenset({"run", "run-script", "rum", "exec", "x", "dlx", "start", "stop", "restart"})


def _packages(call: Call) -> Verdict:
    """npm, pip, cargo, go …: they fetch, build and test; their scripts are told by their names."""
    told = [each for each in call.args if not each.startswith("-")]
    if told[:1] and told[0] in ("exec", "x", "dlx"):
        return call.runs_words(tuple(told[1:])) if told[1:] else STRANGER
    if told[:1] and told[0] in (
        "publish",
        "unpublish",
        "deprecate",
        "owner",
        "token",
        "yank",
        "login",
        "logout",
        "deploy",
    ):
        return refused(f"{call.name} {told[0]} would change what a registry holds")
    named = (
        told[1:2]
        if told[:1] and told[0] in _RUN_SCRIPTS
        else told[:1]
        if call.name in ("just", "task", "rake", "invoke")
        else []
    )
    for each in named:
        if changing := [part for part in parts_of(each) if part in CHANGING_WORDS - {"format"}]:
            return refused(f"{call.name} {each}: its name says that it would {changing[0]} something")
    return sum((script_of_package(call, each) for each in named), STRANGER)


def stranger(call: Call) -> Verdict:
    """A program that nobody here knows: a local one passes, unless its own words say that it changes something."""
    if word := changing_word(call.name):
        return refused(f"{call.name}: its name says that it would {word} something, and what it does is not known")
    told = [each for each in call.args if not each.startswith("-") and is_known(each)][:4]
    flags = [each.partition("=")[0] for each in call.args if each.startswith("--")]
    for each in (*told[:3], *flags):
        parts = parts_of(each) if len(each) < 60 and "/" not in each and "." not in each else []
        if changing := [part for part in parts[:1] if part in CHANGING_WORDS - MILD]:
            return refused(
                f"{call.name} {each}: that says it would {changing[0]} something, and what it does is not known"
            )
    for each in call.args:
        if "/api/v1/" in each and (why := printed_by_path(each)):
            return refused(f"{call.name}: {why}")
    return STRANGER


DEVELOPMENT: dict[str, Callable[[Call], Verdict]] = {
    "git": _git,
    "gh": _gh,
    "hub": _gh,
    "glab": _glab,
    **dict.fromkeys(("make", "gmake", "ninja"), _make),
    **dict.fromkeys(
        (
            *("npm", "yarn", "pnpm", "pip", "pip3", "pipx", "cargo", "go", "gem", "composer", "mvn", "mvnw", "gradle"),
            *(
                "gradlew",
                "dotnet",
                "just",
                "task",
                "rake",
                "invoke",
                "nox",
                "tox",
                "pytest",
                "ruff",
                "mypy",
                "black",
                "eslint",
            ),
            *(
                "tsc",
                "jest",
                "vitest",
                "prettier",
                "golangci-lint",
                "shellcheck",
                "yamllint",
                "pre-commit",
                "flake8",
                "isort",
            ),
        ),
        _packages,
    ),
}
