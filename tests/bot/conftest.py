"""What the tests of the bot share: a clock, a fresh database, an emulated Slack."""

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
