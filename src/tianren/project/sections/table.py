"""What every table of project.toml shares, and the marks that say which keys name a source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table whose unknown keys are refused and whose values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Names:
    """The mark of a key that names a source of the catalog of one of these kinds."""

    kinds: frozenset[str]


RASTERS = frozenset({"category", "continuous", "flux", "count"})
Vector = Annotated[str, Names(frozenset({"vector"}))]
RasterName = Annotated[str, Names(RASTERS)]
Layer = Annotated[str, Names(RASTERS | {"vector"})]
TableName = Annotated[str, Names(frozenset({"table"}))]
Records = Annotated[str, Names(frozenset({"records"}))]

Named = tuple[list[str | int], str, frozenset[str]]  # keys, source, kinds


def sources_named(value: Any, keys: list[str | int]) -> Iterator[Named]:
    """Every source that a table and those in it name: where it stands, and which kinds serve."""
    for name, field in type(value).model_fields.items():
        marks = [m for m in field.metadata if isinstance(m, Names)] or _marks(field.annotation)
        yield from _named(getattr(value, name), [*keys, name], marks)


def _named(value: Any, keys: list[str | int], marks: list[Names]) -> Iterator[Named]:
    if isinstance(value, Table):
        yield from sources_named(value, keys)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named(item, [*keys, key], marks)
    elif isinstance(value, tuple):
        for item in value:
            yield from _named(item, keys, marks)
    elif isinstance(value, str) and value and marks:
        yield keys, value, marks[0].kinds


def _marks(annotation: Any) -> list[Names]:
    """The marks inside tuple[Vector, ...], dict[str, RasterName] and the like."""
    found = [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Names)]
    for inner in getattr(annotation, "__args__", ()):
        found += _marks(inner)
    return found
