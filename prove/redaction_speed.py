"""F18: how fast redaction is, and that no line makes it slower than in proportion to its length."""

import random
import time

from prove._log_lines import lines
from prove._vendor_tokens import planted
from prove.figure import Figure, Lane, Proof
from safety.redaction import Redactor

_KEY = "PRIVATE " + "KEY-----"
UNITS = (
    *("a-", "eyJ-", "token=", "token ", "password: ", "password is ", "\\n", "<token>", "://a:b@", "a@", "a@b.", "+1 "),
    *("4111 ", "cookie=a;", "bearer ", "AKIA", "glpat-", "xoxb-", "sk-", "?sig=", 'password="', "x" * 39 + " "),
    *("A" * 40 + ".", "-----BEGIN RSA " + _KEY, "-----END RSA " + _KEY, "name: password value: ", "kind: Secret "),
    *("[SECRET:3f9a]", "mysql -p ", "pin ", "call ", "1-1", "DE89 3704 ", "basic ", "code=", "heroku=", ":1:a:b:"),
)
# Twice as long may take twice as long; what grows with the square takes four times. The bound is generous on purpose.
QUIET = ("hdfs", "nginx", "kafka", "windows", "metrics", "go_panic", "aws")
WORST_RATIO, NOISE = 3.3, 0.3
# What grows with the square does so every time; what was only disturbed by other work does not.
TRIES = 5


def _seconds(redactor: Redactor, text: str) -> float:
    began = time.process_time()
    redactor.text(text)
    return time.process_time() - began


def _speed(redactor: Redactor, texts: list[str]) -> str:
    """In MB/s: of a process that just started and builds what its patterns need, and of one that has read before."""
    whole = "\n".join(texts)
    redactor.text(whole[: len(whole) // 8])
    first, again = _seconds(redactor, whole), _seconds(redactor, whole)
    return f"{len(whole) / first / 1e6:.1f} MB/s at first and {len(whole) / again / 1e6:.1f} when warm"


def run(seed: int, cases: int) -> Figure:
    """``cases`` kilobytes of each hostile line, and that again twice as long; speeds are printed, never judged."""
    chance, redactor = random.Random(seed), Redactor()
    quiet = [
        each.text
        for each in lines(chance, 22000)
        if each.kind in ("hdfs", "nginx", "kafka", "windows", "metrics", "go_panic", "aws")
    ]
    hot = [each.text for each in lines(chance, 4000)] + [each.line for each in planted(chance, 2600)]
    # Before the hostile lines, which fill what the patterns keep with states that no log needs.
    speeds = f"{_speed(redactor, quiet)} on quiet logs, {_speed(redactor, hot)} where two lines in five hold a secret"
    worst, slowest, failures = 0.0, "", []
    for unit in UNITS:
        line = unit * (cases * 1000 // len(unit))
        for _ in range(TRIES):
            one, two = _seconds(redactor, line), _seconds(redactor, line * 2)
            if two <= WORST_RATIO * one + NOISE:
                break
        else:
            failures.append(f"{unit!r}: {one:.2f} s, twice as long {two:.2f} s, each of {TRIES} times")
        worst, slowest = max((worst, slowest), (two, unit[:12]))
    seen = (
        f"{speeds}; the worst of {len(UNITS)} hostile lines of {2 * cases / 1000:.1f} MB took {worst:.1f} s "
        f"({slowest!r} again and again)"
    )
    return Figure(len(UNITS), seen, tuple(failures))


PROOF = Proof(
    id="F18", claim="redaction takes time in proportion to the text", cases=(0, 250, 500), run=run, lane=Lane.ALONE
)
