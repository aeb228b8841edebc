"""The proofs themselves: each runs in its small size, and the runner says no when one does not hold."""

from pathlib import Path

import pytest

from prove import __main__ as runner
from prove._paper import paper
from prove.figure import Figure, Proof, Size

PROOFS = runner.proofs()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [each.id for each in PROOFS.values() if each.cases_of(Size.TEST)])
def test_a_proof_holds_in_its_small_size(name: str) -> None:
    proof = PROOFS[name]
    figure = proof.run(runner.SEED, proof.cases_of(Size.TEST))
    assert figure.failures == ()
    assert figure.held


def test_each_proof_has_a_number_of_its_own_and_a_claim() -> None:
    assert all(each.id == name and each.claim for name, each in PROOFS.items())
    assert all(test <= short <= long for test, short, long in (each.cases for each in PROOFS.values()))


def test_a_proof_that_ran_nothing_or_cannot_run_has_failed() -> None:
    def broken(_seed: int, _cases: int) -> Figure:
        raise RuntimeError("no")

    assert not Figure(0, "nothing").held
    ran = runner.carry_out(Proof("F0", "it runs", (1, 1, 1), broken), 1, 1)
    assert not ran.figure.held
    assert "RuntimeError: no" in ran.figure.failures[0]


def test_an_unknown_proof_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        runner.main(["F999"])
    assert "there is no F999" in capsys.readouterr().err


def test_the_last_line_counts_and_the_paper_says_what_failed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert runner.main(["--short", "F19", "--write", str(tmp_path / "proof.md")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 held, 0 failed"
    assert "| F19 |" in (tmp_path / "proof.md").read_text(encoding="utf-8")
    failed = Proof("F0", "a | claim", (1, 1, 1), lambda _seed, _cases: Figure(1, "one", ("it broke",)), "a gap")
    text = paper([(failed, 1, failed.run(1, 1), 0.1)], 7, Size.LONG)
    assert "**failed**" in text
    assert "- F0: it broke" in text
    assert "- F0: a gap" in text
    assert "seed 7" in text
