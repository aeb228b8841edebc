"""The proofs themselves: each runs in its small size, and the runner says no when one does not hold."""

from pathlib import Path

import pytest

from prove import __main__ as runner
from prove._catalogue import proofs
from prove._invariants import INVARIANTS
from prove._paper import Ran, Run, paper
from prove._pool import Part, parts_of, run_in, side_by_side
from prove.figure import Figure, Lane, Proof, Share, Size, Split

# A bound on a hang; what is counted takes as long as the machine lets it.
pytestmark = pytest.mark.timeout(900)
PROOFS = proofs()
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", [each.id for each in PROOFS.values() if each.cases_of(Size.TEST)])
def test_a_proof_holds_in_its_small_size(name: str) -> None:
    proof = PROOFS[name]
    figure = proof.run(runner.SEED, proof.cases_of(Size.TEST))
    assert figure.failures == ()
    assert figure.held


def test_each_proof_has_a_number_of_its_own_and_a_claim() -> None:
    assert all(each.id == name and each.claim for name, each in PROOFS.items())
    assert all(test <= short <= long for test, short, long in (each.cases for each in PROOFS.values()))


def test_every_invariant_names_proofs_and_tests_that_exist() -> None:
    assert [each.id for each in INVARIANTS] == [f"I{number}" for number in range(1, 18)]
    for each in INVARIANTS:
        assert each.proofs
        assert set(each.proofs) <= set(PROOFS), each.id
        for file, _, name in (one.partition("::") for one in each.tests):
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name


def test_the_shares_of_a_proof_are_all_of_it_and_each_case_is_in_one() -> None:
    for proof in PROOFS.values():
        cases = proof.cases_of(Size.LONG)
        shares = [each.share for each in parts_of(proof, 1, cases)]
        if proof.split is not None:
            numbers = sorted(number for each in shares if each is not None for number in each.of_cases(cases))
            assert numbers == list(range(cases))
            assert len(shares) > 1


def test_what_a_proof_says_does_not_depend_on_how_it_is_shared() -> None:
    split = PROOFS["F14"].split
    assert split is not None
    in_two = split.whole(80, [split.part(7, 80, Share(number, 2)) for number in range(2)])
    assert in_two == split.run(7, 80)


def test_a_proof_that_ran_nothing_or_cannot_run_has_failed() -> None:
    def broken(_seed: int, _cases: int) -> Figure:
        raise RuntimeError("no")

    assert not Figure(0, "nothing").held
    proof = Proof("F0", "it runs", (1, 1, 1), broken)
    ran = runner.put_together(proof, 1, [run_in(Part(proof, 1, 1))])
    assert not ran.figure.held
    assert "RuntimeError: no" in ran.figure.failures[0]


def test_one_part_that_cannot_run_fails_the_whole_proof() -> None:
    def part(_seed: int, _cases: int, share: Share) -> int:
        if share.number:
            raise RuntimeError("no")
        return 1

    split = Split(1, part, lambda cases, parts: Figure(cases, f"{len(parts)} parts"))
    proof = Proof("F0", "it runs", (1, 2, 2), split.run, split=split)
    ran = runner.put_together(proof, 2, [run_in(each) for each in parts_of(proof, 1, 2)])
    assert not ran.figure.held
    assert ran.figure.failures[0].startswith("F0 2/2: ")


def test_a_part_that_hangs_is_ended_and_has_failed() -> None:
    told: list[str] = []
    proof = PROOFS["F9"]
    (done,) = side_by_side([Part(proof, 1, 10_000)], lambda now: told.extend(map(str, now)), hangs=0.0)
    assert done.failure is not None
    assert done.failure.startswith("no end within")
    assert told == ["F9"]


def test_what_tells_durations_runs_when_nothing_else_does() -> None:
    together: list[tuple[str, ...]] = []
    wanted = [PROOFS[name] for name in ("F20", "F16", "F19", "F17")]
    parts = [Part(each, 1, 60) for each in wanted]
    ended = [each.part.proof.id for each in side_by_side(parts, lambda now: together.append(tuple(map(str, now))))]
    assert PROOFS["F20"].lane is Lane.ALONE
    assert ended[-1] == "F20"
    assert all(each == ("F20",) for each in together if "F20" in each)
    assert max(len(each) for each in together) == 2


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
    text = paper(Run(7, Size.LONG, 61.0, [Ran(failed, 1, failed.run(1, 1), 0.1)]))
    assert "**failed**" in text
    assert "- F0: it broke" in text
    assert "- F0: a gap" in text
    assert "the long run, seed 7, in 1 minutes: **0 held, 1 failed**" in text
