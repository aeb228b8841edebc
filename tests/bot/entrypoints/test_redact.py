"""``python -m bot redact``: one line out for each line in, whatever comes in."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.entrypoints.redact import LONGEST, redact_stream
from safety.redaction import Redactor

ROOT = Path(__file__).resolve().parents[3]
RED = Redactor()
KEY = "PRIVATE " + "KEY-----"
BODY = [("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw" * 2)[:64]] * 8 + ["abcd1234=="]
SECRET = "Tr0ub4dor" + "-9x"


class Arriving(io.RawIOBase):
    """Bytes that arrive in the pieces given, as from a pipe."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def read1(self, _size: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def through(*pieces: bytes) -> bytes:
    sink = io.BytesIO()
    redact_stream(Arriving(*pieces), sink, RED)  # type: ignore[arg-type]
    return sink.getvalue()


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_as_many_lines_come_out_as_go_in_whatever_the_bytes(data: bytes) -> None:
    out = through(data)
    assert out.count(b"\n") == data.count(b"\n")
    assert out.endswith(b"\n") == data.endswith(b"\n")


def test_what_holds_no_secret_comes_out_byte_for_byte() -> None:
    data = b"plain\r\n\r\n\xff\xfe\x00 not text\n  caf\xc3\xa9 \xe2\x9c\x93\nno end"
    assert through(data) == data


def test_ends_of_lines_stay_where_a_secret_goes() -> None:
    out = through(f"password={SECRET}\r\nnext\n".encode())
    assert SECRET.encode() not in out
    assert out.endswith(b"]\r\nnext\n")


@pytest.mark.parametrize("lead", ["", "2026-03-04T10:11:12Z stdout F ", "    "])
def test_a_private_key_over_many_lines_goes_line_by_line_in_whatever_pieces_it_arrives(lead: str) -> None:
    lines = ["before", f"-----BEGIN RSA {KEY}", *BODY, f"-----END RSA {KEY}", "after"]
    data = "".join(f"{lead}{each}\n" for each in lines).encode()
    for size in (7, 64, 1000, len(data)):
        out = through(*(data[at : at + size] for at in range(0, len(data), size))).decode()
        assert not any(each in out for each in BODY)
        assert len(out.splitlines()) == len(lines)
        assert out.splitlines()[0] == f"{lead}before"
        assert out.splitlines()[-1] == f"{lead}after"


def test_a_key_whose_beginning_was_cut_off_goes_though_its_end_comes_later() -> None:
    data = "".join(f"{each}\n" for each in ["first", *BODY[1:], f"-----END RSA {KEY}", "last"]).encode()
    out = through(*(data[at : at + 65] for at in range(0, len(data), 65))).decode()
    assert not any(each in out for each in BODY)
    assert out.startswith("first\n")
    assert out.endswith("last\n")


def test_a_manifest_of_a_secret_whose_kind_comes_last_goes_though_it_arrives_in_pieces() -> None:
    end = b"kind: Secret\nmetadata:\n  name: db\n---\nkind: Pod\n"
    data = b"apiVersion: v1\ndata:\n  color: cGVhY2hwdWZm\n  shape: cm91bmQtMTIz\n" + end
    out = through(*(data[at : at + 20] for at in range(0, len(data), 20)))
    assert b"cGVhY2hwdWZm" not in out
    assert b"cm91bmQtMTIz" not in out
    assert out.endswith(end)


def test_a_line_without_end_is_withheld_and_the_next_one_is_not() -> None:
    out = through(b"x" * (LONGEST // 2), b"y" * (LONGEST // 2), b"z" * 100, b"tail\nnext\n")
    assert out == b"[WITHHELD: a line longer than 8 MB]\nnext\n"


def test_a_line_goes_out_before_the_next_one_comes() -> None:
    program = [sys.executable, "-m", "bot", "redact"]
    environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(program, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"token={SECRET} a\n".encode())
        process.stdin.flush()
        line = process.stdout.readline()
        assert SECRET.encode() not in line
        assert line.startswith(b"token=[SECRET:")
        rest, _ = process.communicate(b"plain\n", timeout=60)
    assert rest == b"plain\n"
    assert process.returncode == 0


class Faulty(Redactor):
    """A redactor one of whose rules breaks."""

    def __init__(self) -> None:
        super().__init__(["known-" + "secret"])
        self._own = object()  # type: ignore[assignment]


def test_where_a_rule_breaks_nothing_passes() -> None:
    sink = io.BytesIO()
    redact_stream(io.BytesIO(f"password={SECRET}\nplain\n".encode()), sink, Faulty())
    assert sink.getvalue().count(b"[WITHHELD:") == 2
    assert sink.getvalue().count(b"\n") == 2
