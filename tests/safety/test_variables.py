"""Variables whose values are commands, and inputs of operations that ask a look for more."""

from typing import Any

import pytest

from safety.calls import judge_call
from safety.commands.verdict import NoFiles


def refused(line: str) -> bool:
    return bool(judge_call("Bash", {"command": line}, NoFiles()).refused)


DELETES = "kubectl delete ns x"
SUBSTITUTED = f"$({DELETES})"


@pytest.mark.parametrize("name", ["PS0", "PS1", "PS4", "PROMPT"])
@pytest.mark.parametrize("form", ["{0}='{1}' bash -i", "export {0}='{1}'; bash", "env {0}='{1}' bash", "{0}='{1}'; sh"])
def test_what_a_prompt_would_run_is_judged_as_a_command(name: str, form: str) -> None:
    if name == "PROMPT" and form.endswith("; sh"):
        form = "{0}='{1}' zsh -i"
    assert refused(form.format(name, SUBSTITUTED))
    assert refused(form.format(name, "\\" + SUBSTITUTED))
    assert not refused(form.format(name, "\\u@\\h $ "))
    assert not refused(form.format(name, "$(date +%T) "))


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("PROMPT_COMMAND", "history -a"),
        ("EDITOR", "nano"),
        ("GIT_PAGER", "less -FRX"),
        ("KUBECTL_EXTERNAL_DIFF", "diff -u -N"),
        ("GIT_SSH_COMMAND", "ssh -i key"),
        ("CARGO_TARGET_X_RUNNER", "valgrind -q"),
        ("CC", "gcc -O2"),
        ("LESSOPEN", "|lesspipe %s"),
    ],
)
def test_a_variable_that_some_program_starts_is_judged_by_what_it_starts(name: str, harmless: str) -> None:
    for form in (
        "{0}='{1}' git log",
        "export {0}='{1}'",
        "{0}='{1}'; export {0}",
        "set -a; {0}='{1}'",
        "sudo {0}='{1}' ls",
    ):
        assert refused(form.format(name, DELETES)), form
        assert not refused(form.format(name, harmless)), form


def test_a_variable_that_no_program_sees_is_only_text() -> None:
    assert not refused(f"NEXT_COMMAND='{DELETES}'; echo \"$NEXT_COMMAND\"")
    assert refused(f"NEXT_COMMAND='{DELETES}'; $NEXT_COMMAND")


@pytest.mark.parametrize(
    "line",
    [
        "let 'a[{0}]'",
        "declare 'a[{0}]=1'",
        "read 'a[{0}]' <<< x",
        "printf -v 'a[{0}]' x",
        "unset 'a[{0}]'",
        "[[ -v 'a[{0}]' ]]",
        "test -v 'a[{0}]'",
    ],
)
def test_the_index_of_a_variable_runs_what_stands_in_it(line: str) -> None:
    assert refused(line.format(SUBSTITUTED))
    assert not refused(line.format("$(date)"))


def looks(tool: str, **given: Any) -> bool:
    verdict = judge_call(f"mcp__s__{tool}", given, NoFiles())
    return not verdict.refused and not verdict.wanted


@pytest.mark.parametrize(
    "verb", ["fix", "repair", "heal", "remediate", "mitigate", "apply", "sync", "mute", "tune", "defrobnicate"]
)
@pytest.mark.parametrize("form", ["get_and_{0}", "list_then_{0}", "checkAnd{1}", "diagnose_or_{0}_pods"])
def test_a_verb_behind_an_and_has_to_look_as_well(verb: str, form: str) -> None:
    assert not looks(form.format(verb, verb.title()))


@pytest.mark.parametrize(
    "name",
    [
        "get_pods_and_events",
        "list_and_describe",
        "get_fix_versions",
        "find_or_list_pods",
        "resolve_library_id",
        "node_stats",
    ],
)
def test_a_name_whose_every_verb_looks_passes(name: str) -> None:
    assert looks(name)


@pytest.mark.parametrize(
    ("key", "asks", "harmless"),
    [
        ("apply", True, False),
        ("auto_apply", "true", "false"),
        ("force", 1, 0),
        ("dryRun", False, True),
        ("dry-run", "none", "server"),
        ("readOnly", False, True),
        ("autoFix", "yes", "no"),
        ("raw_args", ["drain", "n"], ["--show-labels"]),
        ("extraFlags", "--auto-approve", "-o wide"),
        ("post_command", DELETES, "date"),
        ("pod", f"api-0; {DELETES}", "api-0"),
        ("namespace", f"$({DELETES})", "$(date)"),
        ("on_failure", "rollback", "list"),
        ("httpMethod", "DELETE", "GET"),
    ],
)
def test_an_input_of_a_look_that_asks_for_a_change_is_refused_however_deep(key: str, asks: Any, harmless: Any) -> None:
    assert not looks("get_pods", **{key: asks})
    assert not looks("get_pods", options=[{"more": {key: asks}}])
    assert looks("get_pods", **{key: harmless})
    assert looks("get_pods", options=[{"more": {key: harmless}}])


def test_what_people_wrote_or_search_for_may_quote_a_command() -> None:
    for key in ("query", "pattern", "message", "body"):
        assert looks("search_logs", **{key: f"who ran it; {DELETES}"}), key
