"""What a log says: entries, templates, what came first, and what stands at its end."""

from datetime import UTC, datetime

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
