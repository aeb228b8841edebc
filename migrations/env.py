"""Runs the migrations over one connection; called by `python -m bot run` at start and by `python -m bot db upgrade`."""

from alembic import context

from bot.adapters.store.tables import metadata


def run() -> None:
    engine = context.config.attributes["engine"]
    try:
        with engine.connect() as connection:
            context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
            with context.begin_transaction():
                context.run_migrations()
    finally:
        engine.dispose()


run()
