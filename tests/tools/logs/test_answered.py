"""Requests that a log says were answered: their status, how long they took, and whom they waited for."""

from datetime import UTC, datetime

import pytest

from tools.logs.read import read_log

NOW = datetime(2026, 3, 11, 9, 42, tzinfo=UTC)
T = "2026-03-11T09:40:00Z"

Found = tuple[int | None, float | None, str | None, float | None]


def answered(line: str) -> list[Found]:
    return [(each.status, each.took, each.waited_for, each.waited) for each in read_log(line, now=NOW).answers]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"{T} INFO GET /crossings 200 in 9951 ms (own 41 ms, upstream harbour 9910 ms)", (200, 9951, "harbour", 9910)),
        (
            f"{T} Completed 200 OK in 8531ms (Views: 12.3ms | ActiveRecord: 8490.1ms)",
            (200, 8531, "active record", 8490.1),
        ),
        (
            '10.1.1.1 - - [11/Mar/2026:09:40:00 +0000] "GET / HTTP/1.1" 502 157 "-" "curl" rt=9.5 urt="9.25"',
            (502, 9500, "urt", 9250),
        ),
        (
            f'{{"ts":"{T}","level":"info","msg":"request","path":"/a","status":503,"duration_ms":9800,"db_ms":9700}}',
            (503, 9800, "db", 9700),
        ),
        (
            f'{{"ts":"{T}","level":"info","msg":"GET /quote 200","ms":6200,"timings":{{"db":12,"pricing":6100}}}}',
            (200, 6200, "pricing", 6100),
        ),
        (
            f"time={T} level=INFO msg=done route=/quote code=200 elapsed=6.5s pricing_upstream=6.25s render=40ms",
            (200, 6500, "pricing", 6250),
        ),
        (f"{T} INFO checkout done in 7.5 s, 7.25 s waiting for ledger", (None, 7500, "ledger", 7250)),
        (f"{T} POST /pay -> 503 (12ms)", (503, 12, None, None)),
        (f"{T} INFO finished call grpc.code=Unavailable grpc.method=Get", (503, None, None, None)),
        (f"{T} WARN limiter: rejecting, 4 in flight, status=503", (503, None, None, None)),
    ],
)
def test_an_answer_is_read_in_the_spellings_of_many_servers(line: str, found: Found) -> None:
    assert answered(line) == [found]


@pytest.mark.parametrize(
    "line",
    [
        f"{T} GET /healthz 500 1ms",
        f"{T} WARN GET https://rates.example/v2 returned 503 in 12 ms",
        f"{T} INFO exit code=200 items",
        f"{T} INFO export done in 95.2 s rows=90000",
        f"{T} ERROR 500 rows could not be read",
    ],
    ids=["a probe", "a call of somebody else", "no request", "a batch", "a count"],
)
def test_what_is_no_answer_of_the_program_itself_is_none(line: str) -> None:
    assert answered(line) == []


def test_an_access_log_tells_its_time_behind_who_asked() -> None:
    line = '10.1.1.1 - - [11/Mar/2026:09:40:00 +0000] "GET / HTTP/1.1" 502 157'
    (one,) = read_log(line, now=NOW).answers
    assert one.at == datetime(2026, 3, 11, 9, 40, tzinfo=UTC)
    assert one.is_error
