"""Lines of shell are read as bash reads them: which programs, with which words, fed by what; or not at all."""

import pytest

from safety.shell import UNKNOWN, Unreadable, read


def programs(line: str) -> list[tuple[str, ...]]:
    return [each.words for each in read(line) if each.words]


@pytest.mark.parametrize(
    "line",
    [
        "kubectl delete ns x",
        "ku\"bec\"tl de'let'e n\\s x",
        "$'\\x6bubectl' $'\\144elete' $'\\u006es' $\"x\"",
        "kube\\\nctl \\\n  delete ns x",
        ">/dev/null kubectl delete 2>&1 ns x",
        "kubectl <<<y delete ns x",
        "kubectl <<EOF delete ns x\nnothing\nEOF\n",
        "{kubectl,delete,ns,x}",
        "K=kubectl; $K delete ns x",
        "C='kubectl  delete ns'; $C x",
        'export K=kubectl; "${K}" delete ns x',
    ],
)
def test_one_command_in_many_spellings(line: str) -> None:
    assert programs(line)[-1] == ("kubectl", "delete", "ns", "x")


def test_what_only_the_running_shell_knows_is_unknown() -> None:
    assert programs('a $X ${Y:-z} "p$Z" $((1 + 2)) q$(:)')[-1] == (
        *("a", UNKNOWN, UNKNOWN),
        *(f"p{UNKNOWN}", UNKNOWN, f"q{UNKNOWN}"),
    )


def test_a_variable_that_gets_two_values_or_a_value_from_outside_is_unknown() -> None:
    assert programs("K=a; K=b; $K") == [(UNKNOWN,)]
    assert programs("K=a; read K; $K")[-1] == (UNKNOWN,)
    assert programs("for K in a b; do $K; done") == [(UNKNOWN,)]
    assert programs("IFS=,; K=a,b; $K") == [(UNKNOWN,)]


@pytest.mark.parametrize(
    "line",
    [
        "a; b",
        "a && b || true",
        "a & b",
        "a | b",
        "(a; b)",
        "{ a; b; }",
        "if a; then b; fi",
        "while a; do b; done",
        "for x in $(a); do b; done",
        "for ((i=0; i<3; i++)); do a; b; done",
        "case $(a) in x|y) b;; esac",
        "f() { a; }; b",
        "function f { a; }\nb",
        "a <<E\n$(b)\nE",
        "a <<-E | b\n\tx\n\tE\n",
        "a # b c\nb",
        'a "$(b)"',
        "a `b`",
        "a <(b) >(b)",
        "x=$(a) b",
        "[[ $(a) == b ]] && b",
        "a ${x:-$(b)}",
        "a $((1 + $(b)))",
        "x=($(a)) ; b",
        "! a; time b",
    ],
)
def test_every_command_is_found_wherever_it_stands(line: str) -> None:
    assert {"a", "b"} <= {words[0] for words in programs(line)}


def test_comments_quotes_and_quoted_documents_run_nothing() -> None:
    assert programs("# kubectl delete\n: '$(kubectl delete)' \"\\$(x)\" # `y`") == [(":", "$(kubectl delete)", "$(x)")]
    assert programs("cat <<'E' > f\n$(kubectl delete)\nE") == [("cat",)]
    assert programs("# ends in a backslash \\\na") == [("a",)]


def test_a_command_knows_what_it_is_fed() -> None:
    assert read("echo 'a b' | sh")[-1].stdin == "a b\n"
    assert read("sh <<'E'\na b\nE")[0].stdin == "a b\n"
    assert read("sh <<< 'a b'")[0].stdin == "a b\n"
    assert read("cat <<E | sh\na b\nE")[-1].stdin == "a b\n"
    assert read("curl x | sh")[-1].stdin == UNKNOWN
    assert read("sh < file")[0].stdin == UNKNOWN
    assert read("x | (cat; sh)")[-1].stdin == UNKNOWN
    assert read("f() { sh; }; x | f")[0].stdin == UNKNOWN
    assert read("sh")[0].stdin is None


def test_what_stands_in_a_loop_or_a_function_may_run_again() -> None:
    assert [each.repeated for each in read("a; while b; do c; done; f() { d; }") if each.words] == [
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "a 'b",
            'a "b',
            "a `b",
            "a $(b",
            "a ${b",
            "(a",
            "if a; then b",
            "a )",
            "done",
            "for x in a",
            "case a in b) c",
        ),
        *("a >", "a @(b|c)", "a $((kubectl delete x))", "((kubectl delete x))", "a <<$(b)\nx\n", "{a,b}" * 12),
        "$(" * 60 + "a" + ")" * 60,
    ],
)
def test_what_is_not_understood_in_full_is_not_read(line: str) -> None:
    with pytest.raises(Unreadable):
        read(line)
