"""Alembic runs this with the connection that holds the writers' lock."""

from alembic import context

from tianren.project.journal.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
context.run_migrations()
