"""What the tests of the bot share: a clock, a fresh database, an emulated Slack, a guarded cluster."""

from tests.bot.guarded import here  # noqa: F401
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
