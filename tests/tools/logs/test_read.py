"""What a log says: entries, templates, what came first, and what stands at its end."""

from datetime import UTC, datetime

import pytest

from tools.logs.read import read_log
from tools.logs.reading import Level, LogReading, SignKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def read(*lines: str) -> LogReading:
    return read_log("\n".join(lines), now=NOW)


def test_the_first_error_before_the_crash_is_shown_and_not_the_last_line() -> None:
    reading = read(
        "2026-11-23T10:00:00Z INFO starting api",
        "2026-11-23T10:00:01Z WARN cache is cold",
        "2026-11-23T10:00:02Z ERROR cannot open the ledger: dial tcp 10.0.0.1:5432: connect: connection refused",
        "2026-11-23T10:00:02Z ERROR component ledger did not start",
        "2026-11-23T10:00:02Z INFO closing listeners",
        "2026-11-23T10:00:03Z FATAL exiting",
    )
    assert reading.first_error is not None
    assert reading.first_error.message.startswith("cannot open the ledger")
    assert reading.first_error.at == datetime(2026, 11, 23, 10, 0, 2, tzinfo=UTC)
    assert reading.exit_line is not None
    assert reading.exit_line.level is Level.FATAL
    assert [each.split("Z ")[1] for each in reading.summary()] == [
        "ERROR cannot open the ledger: dial tcp 10.0.0.1:5432: connect: connection refused",
        "FATAL exiting",
    ]
    (sign,) = reading.standing()
    assert (sign.kind, sign.target) == (SignKind.CONNECTION_REFUSED, "10.0.0.1:5432")


def test_a_python_traceback_is_one_entry_and_its_headline_is_the_exception() -> None:
    reading = read(
        "Traceback (most recent call last):",
        '  File "/app/main.py", line 10, in <module>',
        "    main()",
        '  File "/app/settings.py", line 4, in main',
        '    os.environ["DATABASE_URL"]',
        "KeyError: 'DATABASE_URL'",
    )
    (entry,) = reading.entries
    assert entry.headline == "KeyError: 'DATABASE_URL'"
    assert {(each.kind, each.target) for each in reading.standing()} == {
        (SignKind.MISSING_VARIABLE, "DATABASE_URL"),
        (SignKind.UNCAUGHT, "KeyError"),
    }
    uncaught = next(each for each in reading.signs if each.kind is SignKind.UNCAUGHT)
    assert uncaught.detail("frame") == "/app/settings.py:4"


def test_five_thousand_alike_lines_are_one_template() -> None:
    reading = read(
        *(
            f"2026-11-23T10:{at // 60 % 60:02}:{at % 60:02}Z INFO served /item/{at} in {at % 9} ms"
            for at in range(5_000)
        )
    )
    (template,) = reading.templates
    assert template.count == 5_000
    assert reading.signs == ()
    assert reading.first_error is None


def test_an_error_that_was_dealt_with_is_not_the_first_one() -> None:
    reading = read(
        "2026-11-23T10:00:00Z INFO listening on :8080",
        "2026-11-23T10:00:01Z ERROR cannot render the banner",
        "2026-11-23T10:00:02Z INFO GET /orders 200 12ms",
        "2026-11-23T10:00:03Z ERROR writing the ledger: no space left on device",
        "2026-11-23T10:00:03Z FATAL exiting",
    )
    assert reading.first_error is not None
    assert reading.first_error.message.startswith("writing the ledger")


def test_an_error_long_before_the_end_is_another_story() -> None:
    reading = read(
        "2026-11-23T08:00:00Z ERROR report 7 was lost",
        "2026-11-23T10:00:03Z ERROR report 8 was lost",
    )
    assert reading.first_error is not None
    assert reading.first_error.number == 1


def test_the_first_error_is_one_of_the_last_run() -> None:
    reading = read(
        "Starting worker 1.0",
        "fatal error: no space left on device",
        "Starting worker 1.1",
        "worker started",
        "Starting worker 1.1",
        "error: LEDGER_URL is not set",
    )
    assert reading.first_error is not None
    assert "LEDGER_URL" in reading.first_error.headline
    (sign,) = reading.standing()
    assert (sign.kind, sign.target) == (SignKind.MISSING_VARIABLE, "LEDGER_URL")
    old = next(each for each in reading.signs if each.kind is SignKind.DISK_FULL)
    assert not old.is_last_run


def test_a_success_with_another_target_heals_nothing() -> None:
    reading = read(
        "2026-11-23T10:00:01Z ERROR dial tcp 10.0.0.1:5432: connect: connection refused",
        "2026-11-23T10:00:02Z INFO connected to redis at 10.0.0.2:6379",
    )
    (sign,) = reading.standing()
    assert sign.target == "10.0.0.1:5432"
    healed = read(
        "2026-11-23T10:00:01Z ERROR dial tcp 10.0.0.1:5432: connect: connection refused",
        "2026-11-23T10:00:02Z INFO connected to redis at 10.0.0.2:6379",
        "2026-11-23T10:00:03Z INFO connected to database",
    )
    assert healed.standing() == ()


def test_a_sign_counts_how_often_and_from_when_to_when() -> None:
    reading = read(*(f"2026-11-23T10:00:0{at}Z ERROR dial tcp: lookup db: no such host" for at in range(1, 8)))
    (sign,) = reading.signs
    assert (sign.count, sign.number, sign.last_number) == (7, 0, 6)
    assert sign.first_at == datetime(2026, 11, 23, 10, 0, 1, tzinfo=UTC)
    assert sign.last_at == datetime(2026, 11, 23, 10, 0, 7, tzinfo=UTC)
    assert (sign.target, sign.detail("cause")) == ("db", "unknown")


def test_the_kubernetes_api_names_who_may_not_do_what() -> None:
    reading = read(
        'E1123 10:00:00.1       1 main.go:1] configmaps is forbidden: User "system:serviceaccount:ops:scaler" cannot '
        'update resource "configmaps" in API group "" in the namespace "shop"'
    )
    (sign,) = reading.standing()
    assert sign.target == "configmaps"
    assert sign.detail("account") == "ops:scaler"
    assert sign.detail("verb") == "update"
    assert sign.detail("namespace") == "shop"


@pytest.mark.parametrize(
    ("line", "level", "at"),
    [
        ('{"level":"warn","ts":1795428000,"msg":"x"}', Level.WARN, "2026-11-23T10:00:00+00:00"),
        ('{"level":50,"time":1795428000000,"msg":"x"}', Level.ERROR, "2026-11-23T10:00:00+00:00"),
        ('{"@timestamp":"2026-11-23T10:00:00Z","log.level":"ERROR","message":"x"}', Level.ERROR, "2026-11-23T10:00:00"),
        ('{"t":{"$date":"2026-11-23T10:00:00.000+00:00"},"s":"E","msg":"x"}', Level.ERROR, "2026-11-23T10:00:00"),
        ('time="2026-11-23T10:00:00Z" level=warning msg=x', Level.WARN, "2026-11-23T10:00:00"),
        ("E1123 10:00:00.000000       1 main.go:9] x", Level.ERROR, "2026-11-23T10:00:00"),
        ("2026-11-23 10:00:00,123 - shop.cart - ERROR - x", Level.ERROR, "2026-11-23T10:00:00.123"),
        ("WARNING:shop.cart:x", Level.WARN, None),
        ("2026/11/23 10:00:00 [error] 29#29: *1 x", Level.ERROR, "2026-11-23T10:00:00"),
        ("2026-11-23 10:00:00.123 UTC [7] FATAL:  x", Level.FATAL, "2026-11-23T10:00:00.123"),
        ("2026-11-23T12:00:00.123+02:00 ERROR x", Level.ERROR, "2026-11-23T10:00:00.123"),
        ("2026-11-23 10:00:00.123 ERROR 1 --- [main] c.e.App : x", Level.ERROR, "2026-11-23T10:00:00.123"),
        ("10:00:00.123 [main] WARN  c.e.App - x", Level.WARN, None),
        ("[2026-11-23 10:00:00 +0000] [1] [ERROR] x", Level.ERROR, "2026-11-23T10:00:00"),
        ("[2026-11-23 10:00:00,123: ERROR/MainProcess] x", Level.ERROR, "2026-11-23T10:00:00.123"),
        ("[2026-11-23T10:00:00Z ERROR shop::cart] x", Level.ERROR, "2026-11-23T10:00:00"),
        ("2026-11-23T10:00:00.123Z\terror\tcart/main.go:10\tx", Level.ERROR, "2026-11-23T10:00:00.123"),
        ("E, [2026-11-23T10:00:00.123456 #1] ERROR -- : x", Level.ERROR, "2026-11-23T10:00:00.123456"),
        ("1:M 23 Nov 2026 10:00:00.123 # x", Level.WARN, "2026-11-23T10:00:00.123"),
        ("2026-11-23T10:00:00.000000Z 0 [ERROR] [MY-010119] [Server] x", Level.ERROR, "2026-11-23T10:00:00"),
        ("Nov 23 10:00:00 node1 kubelet[812]: x", Level.INFO, "2026-11-23T10:00:00"),
        ("2026.11.23 10:00:00.123456 [ 1 ] {} <Error> Application: x", Level.ERROR, "2026-11-23T10:00:00.123456"),
        ("[2026-11-23 10:00:00.123][1][critical][main] [source/server.cc:1] x", Level.FATAL, "2026-11-23T10:00:00.123"),
        ("fail: Shop.Cart[0] x", Level.ERROR, None),
        ("ERRO[0003] x", Level.ERROR, None),
        ("10:00AM ERR x", Level.ERROR, None),
        ("\x1b[31merror\x1b[0m: x", Level.ERROR, None),
        ("ERROR x", Level.ERROR, None),
    ],
)  # fmt: skip
def test_a_line_says_its_level_and_its_time(line: str, level: Level, at: str | None) -> None:
    (entry,) = read(line).entries
    assert entry.level is level
    moment = datetime.fromisoformat(at) if at else None
    assert entry.at == (moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment)
    assert entry.message.endswith("x")
    assert len(entry.message) <= len("Application: x")


def test_a_time_without_a_year_lies_in_the_past() -> None:
    (entry,) = read("Dec 31 23:59:59 node1 kubelet[812]: x").entries
    assert entry.at == datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    (unknown,) = read_log("Dec 31 23:59:59 node1 kubelet[812]: x", now=None).entries
    assert unknown.at is None


def test_stamps_of_the_kubelet_do_not_hide_what_belongs_together() -> None:
    reading = read(
        "2026-11-23T10:00:00.100000001Z Traceback (most recent call last):",
        '2026-11-23T10:00:00.100000002Z   File "/app/a.py", line 3, in <module>',
        "2026-11-23T10:00:00.100000003Z ValueError: no such plan",
        "2026-11-23T10:00:01.5Z bye",
    )
    trace, bye = reading.entries
    assert trace.headline.endswith("ValueError: no such plan")
    assert trace.at == datetime(2026, 11, 23, 10, 0, 0, 100_000, tzinfo=UTC)
    assert bye.message == "bye"


TRACES = {
    "java": (
        "2026-11-23 10:00:00,000 ERROR [main] c.e.A - failed",
        "java.lang.IllegalStateException: no plan",
        "\tat c.e.A.run(A.java:3)",
        "\tSuppressed: java.io.IOException: also",
        "Caused by: java.io.IOException: gone",
        "\t... 3 more",
    ),
    "python": (
        "2026-11-23 10:00:00,000 ERROR failed",
        "Traceback (most recent call last):",
        '  File "/app/a.py", line 3, in run',
        "KeyError: 1",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        '  File "/app/a.py", line 5, in run',
        "ValueError: no",
    ),
    "go": (
        "panic: no plan",
        "",
        "goroutine 1 [running]:",
        "main.main()",
        "\t/src/main.go:3 +0x1d",
        "exit status 2",
    ),
    "node": (
        "/app/a.js:3",
        "    throw new Error('no plan');",
        "    ^",
        "",
        "Error: no plan",
        "    at main (/app/a.js:3:9)",
        "",
        "Node.js v20.1.0",
    ),
    "ruby": (
        "/app/a.rb:3:in `run': no plan (RuntimeError)",
        "\tfrom /app/a.rb:9:in `<main>'",
    ),
    "dotnet": (
        "Unhandled exception. System.Exception: no plan",
        " ---> System.IO.IOException: gone",
        "   at A.Run() in /src/A.cs:line 3",
        "   --- End of inner exception stack trace ---",
        "   at A.Main() in /src/A.cs:line 9",
    ),
    "rust": (
        "thread 'main' panicked at src/main.rs:3:5:",
        "no plan",
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
    ),
    "php": (
        "PHP Fatal error:  Uncaught Exception: no plan in /app/a.php:3",
        "Stack trace:",
        "#0 {main}",
        "  thrown in /app/a.php on line 3",
    ),
    "spring": (
        "***************************",
        "APPLICATION FAILED TO START",
        "***************************",
        "",
        "Description:",
        "",
        "Web server failed to start. Port 8080 was already in use.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_is_kept_whole(name: str) -> None:
    lines = TRACES[name]
    reading = read("2026-11-23 10:00:00,000 INFO before", *lines, "2026-11-23 10:00:00,000 INFO after")
    before, *traces, after = reading.entries
    assert (before.message, after.message) == ("before", "after")
    joined = "\n".join(each.text for each in traces)
    assert joined == "\n".join(each for each in lines if each)
    assert len(traces) == (2 if name == "spring" else 1)
    assert traces[-1].is_trace
    assert traces[-1].level >= Level.ERROR


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("go", "/src/main.go:3"),
        ("node", "/app/a.js:3"),
        ("ruby", "/app/a.rb:3"),
        ("dotnet", "/src/A.cs:3"),
        ("rust", "src/main.rs:3"),
        ("php", "/app/a.php:3"),
    ],
)
def test_what_nobody_caught_names_its_own_line(name: str, frame: str) -> None:
    sign = next(each for each in read(*TRACES[name]).standing() if each.kind is SignKind.UNCAUGHT)
    assert sign.detail("frame") == frame


_FAILS = """Traceback (most recent call last):
  File "/srv/prices/store.py", line 31, in get
    return self.client.get(key)
redis.exceptions.ConnectionError: Error -2 connecting to cache.shopp.svc:6379. Name or service not known.
"""


def test_the_same_traceback_again_and_again_is_counted_as_often() -> None:
    told = read_log(
        "[2026-03-11 09:10:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)\n" + 4 * _FAILS, now=NOW
    )
    (sign,) = told.standing(SignKind.DNS_FAILURE)
    assert (sign.count, sign.last_at, len(told.entries)) == (4, None, 5)


def test_a_traceback_that_came_of_another_stays_with_it() -> None:
    between = "\nDuring handling of the above exception, another exception occurred:\n\n"
    assert len(read_log(_FAILS + between + _FAILS, now=NOW).entries) == 1


def test_a_level_to_the_right_of_a_gap_begins_an_entry_of_its_own() -> None:
    """As Rust's tracing writes: two blanks after the time of an INFO or a WARN, one after that of an ERROR."""
    reading = read(
        "2026-11-23T10:00:00.125Z  INFO till::http: GET /cart 200 4ms",
        "2026-11-23T10:00:01.125Z  WARN till::limiter: shedding load: in-flight 64/64",
        "2026-11-23T10:00:02.125Z ERROR till::store: connection refused",
        "2026-11-23T10:00:02.126Z     at till::store::open",
        "2026-11-23T10:00:03.125Z  WARN till::limiter: shedding load: in-flight 64/64",
    )
    assert [each.level for each in reading.entries] == [Level.INFO, Level.WARN, Level.ERROR, Level.WARN]
    assert "till::store::open" in reading.entries[2].text


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("getaddrinfo: Name or service not known (rabbit.mesaging:5672)", "rabbit.mesaging"),
        ('dispatch failed err="name resolution timed out" host="hooks.partner.example"', "hooks.partner.example"),
        ("name or service not known (app/main.py:12)", None),
        ("temporary failure in name resolution", None),
    ],
)
def test_a_name_that_stands_beside_a_failed_look_up_is_its_target(line: str, name: str | None) -> None:
    (sign,) = read(f"2026-11-23T10:00:00Z ERROR {line}").signs
    assert (sign.kind, sign.target) == (SignKind.DNS_FAILURE, name)
