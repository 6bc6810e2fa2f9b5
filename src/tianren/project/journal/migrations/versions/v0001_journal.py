"""The journal as it begins: the chain, what is sealed beside it, shapes, snapshots."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _word() -> sa.String:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "record",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", _word(), nullable=False),
        sa.Column("subject", _word(), nullable=False),
        sa.Column("place", _word(), nullable=False),
        sa.Column("effective", _word(), nullable=False),
        sa.Column("recorded", _word(), nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("hash", _word(), nullable=False),
    )
    op.create_index("record_subject", "record", ["subject", "number"])
    op.create_index("record_place", "record", ["place", "number"])
    op.create_table(
        "sealed",
        sa.Column(
            "number", sa.Integer, sa.ForeignKey("record.number"), primary_key=True,
            autoincrement=False,
        ),
        sa.Column("label", _word(), primary_key=True),
        sa.Column("salt", _word(), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "shape",
        sa.Column("digest", _word(), primary_key=True),
        sa.Column("wkb", sa.LargeBinary, nullable=False),
        *(sa.Column(side, sa.Float, nullable=False) for side in ("west", "south", "east", "north")),
    )
    op.create_index("shape_bounds", "shape", ["west", "east", "south", "north", "digest"])
    op.create_table(
        "shape_of",
        sa.Column("subject", _word(), primary_key=True),
        sa.Column("digest", _word(), sa.ForeignKey("shape.digest"), primary_key=True),
    )
    op.create_index("shape_of_digest", "shape_of", ["digest"])
    op.create_table(
        "snapshot",
        sa.Column("subject", _word(), primary_key=True),
        sa.Column("place", _word(), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("day", _word(), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("snapshot_place", "snapshot", ["place"])
    _view_for_maps()


def _view_for_maps() -> None:
    """On PostGIS: every shape as a geometry, so that a desktop GIS can open it."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    known = connection.exec_driver_sql("SELECT 1 FROM pg_extension WHERE extname = 'postgis'")
    if known.scalar():
        op.execute(
            "CREATE VIEW shape_on_map AS SELECT o.subject, s.digest, "
            "ST_GeomFromWKB(s.wkb) AS geometry FROM shape s JOIN shape_of o USING (digest)"
        )
