"""The vocabulary of layers that an agency may hold: parameters/layers.csv as values."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from tianren.errors import UserError


@dataclass(frozen=True)
class Layer:
    """One row of layers.csv: what a layer is called, its unit, and where one usually gets it."""

    id: str
    kind: str
    unit: str
    bands: int
    low: float | None  # plausible range of the values, in the unit
    high: float | None
    name: Mapping[str, str]  # en, zh_Hans, es
    where_from: str

    @property
    def rasters(self) -> tuple[str, ...]:
        """The names under which its bands travel: temperature_01 ... temperature_12, or its id."""
        if self.bands == 1:
            return (self.id,)
        return tuple(f"{self.id}_{band:02d}" for band in range(1, self.bands + 1))


@dataclass(frozen=True)
class LayerInfo:
    """What the catalog says about a layer that is there.

    legend: code -> class, for categories; legend_name: the published legend it follows ("IGBP");
    constant: the one number that stands in for a layer, in its unit, with its reason; approximate:
    the catalog calls it so; source: its name in the catalog.
    """

    layer: str
    source: str = ""
    legend: Mapping[int, str] = field(default_factory=dict)
    legend_name: str = ""
    constant: float | None = None
    unit: str = ""
    reason: str = ""
    approximate: bool = False
    note: str = ""


@cache
def layers() -> Mapping[str, Layer]:
    """Every layer that Tianren knows, by id, in the order of the table."""
    text = files("tianren.parameters").joinpath("layers.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({row["id"]: _layer(row) for row in rows})


def layer(name: str) -> Layer:
    """The layer of that id; UserError with the nearest known id when there is none."""
    found = layers().get(name)
    if found is None:
        import difflib

        near = difflib.get_close_matches(name, layers(), n=1)
        raise UserError(
            f"there is no layer called {name}",
            where="catalog.toml",
            next_step=f"did you mean {near[0]}?" if near else "see the layers: tianren check",
        )
    return found


def _layer(row: Mapping[str, str]) -> Layer:
    names = {"en": row["name_en"], "zh_Hans": row["name_zh"], "es": row["name_es"]}
    low, high = (float(row[key]) if row[key] else None for key in ("low", "high"))
    bands = int(row["bands"])
    return Layer(row["id"], row["kind"], row["unit"], bands, low, high, names, row["where_from"])
