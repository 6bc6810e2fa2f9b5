"""The journal's schema: made and brought up to date by alembic, under the writers' lock."""

import sqlalchemy as sa

from tianren.errors import UserError
from tianren.language import say
from tianren.project.journal.database import Database

REVISION = "0001"  # the newest in migrations/versions


def upgrade(database: Database) -> None:
    """Make the tables, or bring those of an older version up to date; nothing where they are."""
    if revision_of(database) == REVISION:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "tianren.project.journal:migrations")
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, REVISION)


def revision_of(database: Database) -> str:
    """The version of the schema; nothing where there is none."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


def require_schema(database: Database) -> None:
    """Bring an older journal up to date; refuse none at all, and one that is newer than this."""
    found = revision_of(database)
    if not found:
        raise UserError(
            say("there is no journal here yet"),
            where=database.where,
            next_step=say("start one: tianren journal start --as YOU"),
        )
    if found > REVISION:
        raise UserError(
            say("the journal was written by a newer version of Tianren"),
            where=database.where,
            by_how_much=f"schema {found}, this version knows {REVISION}",
            next_step=say("install the newer version"),
        )
    upgrade(database)
