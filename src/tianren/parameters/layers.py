"""The vocabulary of layers that an agency may hold: layers.csv as values."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

# Layers that only say where something is: polygons can serve them, and missing means absent.
PRESENCE = (
    "karst", "natural_coast", "priority_ecosystem", "critical_species_range",
    "vulnerable_species_range", "germplasm_habitat",
)  # fmt: skip
COASTAL = ("coast_type", "shoreline_retreat")  # values of the coast: elsewhere none is meant


@dataclass(frozen=True)
class Layer:
    """One row of layers.csv: what a layer is called, its unit, and where one usually gets it.

    bands: 12 for months, 0 for a series: any number, one after the other in time.
    """

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
        """The names under which its bands travel."""
        return raster_names(self.id, self.bands)


@cache
def layers() -> Mapping[str, Layer]:
    """Every layer that Tianren knows, by id, in the order of the table."""
    text = files("tianren.parameters").joinpath("layers.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({row["id"]: _layer(row) for row in rows})


def raster_names(layer: str, bands: int) -> tuple[str, ...]:
    """The names of a layer's rasters: its own, or temperature_01 ... temperature_12."""
    if bands == 1:
        return (layer,)
    return tuple(f"{layer}_{band:02d}" for band in range(1, bands + 1))


def _layer(row: Mapping[str, str]) -> Layer:
    names = {"en": row["name_en"], "zh_Hans": row["name_zh"], "es": row["name_es"]}
    low, high = (float(row[key]) if row[key] else None for key in ("low", "high"))
    bands = int(row["bands"])
    return Layer(row["id"], row["kind"], row["unit"], bands, low, high, names, row["where_from"])
