"""The tables of the journal. The lines are the journal; all else is an index to them, or sealed."""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()


def _word() -> String:
    """Text that sorts by its bytes on every store."""
    return String().with_variant(String(collation="C"), "postgresql")


# number, line, hash: the chain. The other columns repeat what the line says, to be looked up.
record = Table(
    "record",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", _word(), nullable=False),
    Column("subject", _word(), nullable=False),
    Column("place", _word(), nullable=False),
    Column("effective", _word(), nullable=False),
    Column("recorded", _word(), nullable=False),
    Column("line", Text, nullable=False),
    Column("hash", _word(), nullable=False),
    Index("record_subject", "subject", "number"),
    Index("record_place", "place", "number"),
)

# What is about a person. To erase it is to delete its row; the chain holds its digest.
sealed = Table(
    "sealed",
    metadata,
    Column("number", Integer, ForeignKey("record.number"), primary_key=True, autoincrement=False),
    Column("label", _word(), primary_key=True),
    Column("salt", _word(), nullable=False),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Shapes by the SHA-256 of their WKB, in the plane of the journal; a record's body names them.
shape = Table(
    "shape",
    metadata,
    Column("digest", _word(), primary_key=True),
    Column("wkb", LargeBinary, nullable=False),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    # All that is asked of bounds: the row itself lies behind its WKB.
    Index("shape_bounds", "west", "east", "south", "north", "digest"),
)

# Which subjects have, or had, a shape.
shape_of = Table(
    "shape_of",
    metadata,
    Column("subject", _word(), primary_key=True),
    Column("digest", _word(), ForeignKey("shape.digest"), primary_key=True),
    Index("shape_of_digest", "digest"),
)

# The state of a subject after a record of it, so that a long history need not be read again.
snapshot = Table(
    "snapshot",
    metadata,
    Column("subject", _word(), primary_key=True),
    Column("place", _word(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("day", _word(), nullable=False),
    Column("state", Text, nullable=False),
    Index("snapshot_place", "place"),
)
