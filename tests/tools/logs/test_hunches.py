"""What the last words of a program seem to be about where no rule knows them; and words that say nothing."""

from datetime import UTC, datetime

import pytest

from safety.redaction import Redactor
from tools.logs.hunches import hunch
from tools.logs.read import read_log

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
JAVA = "\n\tat com.example.feed.Feed.next(Feed.java:12)"


def about(log: str) -> str | None:
    found = hunch(read_log(Redactor().text(log), now=NOW))
    return str(found.kind) if found is not None else None


@pytest.mark.parametrize(
    "log",
    [
        "failed to start: env BUCKET_NAME empty",
        "[error] NOTION_BASE was not found in process environment; aborting",
        "Error: please export BROKER_URL before starting the worker",
        "Required property [crypto.mode] is not present",
        "fatal: APP_REALM has to be defined",
        'level=fatal msg="no API endpoint configured, set API_ENDPOINT"',
        "Uncaught Error: DATABASE_URL env var is not defined\n    at Object.<anonymous> (/srv/db.js:3:9)",
    ],
)
def test_a_setting_that_is_not_there(log: str) -> None:
    assert about(log) == "missing_variable"


@pytest.mark.parametrize(
    "log",
    [
        "CRITICAL: DB_POOL_MIN (50) is greater than DB_POOL_MAX (10)",
        "Unrecognized VM option 'UseConcMarkSweepGC'",
        "Invalid maximum heap size: -Xmx4gb",
        "java.lang.IllegalArgumentException: Invalid boolean value 'yess' for property feature.audit",
    ],
)
def test_a_setting_that_is_not_accepted(log: str) -> None:
    assert about(log) == "bad_config"


@pytest.mark.parametrize(
    "log", ["ftp: 530 Login incorrect.", "kinit: Password incorrect while getting initial tickets"]
)
def test_a_login_that_is_refused(log: str) -> None:
    assert about(log) == "authentication_failed"


@pytest.mark.parametrize(
    "log",
    [
        "",
        "FATAL: kernel too old",
        "assertion failed: queue.len() < cap",
        f"java.lang.IllegalStateException: invalid token in expression{JAVA}",
        f"TypeError: Cannot read properties of undefined (reading 'name'){JAVA}",
        f"java.util.NoSuchElementException: No value present{JAVA}",
    ],
)
def test_other_words_are_no_hunch(log: str) -> None:
    assert about(log) is None
