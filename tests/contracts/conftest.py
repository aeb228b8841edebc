"""The suites of the contracts run on the same database and the same emulated Slack as the tests of the bot."""

from tests.fixtures import (  # noqa: F401
    chat,
    client,
    clock,
    database,
    database_file,
    database_url,
    fresh_file,
    outbox,
    slack,
    stores,
    workspace,
)
