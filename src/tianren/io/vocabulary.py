"""The layers the program knows (parameters/layers.csv) and the legends it knows by name."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tianren.errors import UserError
from tianren.parameters.crosswalks import legend, legend_names


@dataclass(frozen=True)
class KnownLayer:
    """One row of layers.csv: its kind, unit, number of bands and plausible range."""

    id: str
    kind: str
    unit: str
    bands: int
    low: float | None
    high: float | None
    where_from: str


@cache
def known_layers() -> Mapping[str, KnownLayer]:
    """The vocabulary of layers, by id."""
    return {row["id"]: _layer(row) for row in _rows("layers.csv")}


def _layer(row: Mapping[str, str]) -> KnownLayer:
    return KnownLayer(
        row["id"],
        row["kind"],
        row["unit"],
        int(row["bands"]),
        float(row["low"]) if row["low"] else None,
        float(row["high"]) if row["high"] else None,
        row["where_from"],
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = files("tianren.parameters").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def named_legend(name: str, *, where: str = "catalog.toml") -> tuple[str, Mapping[int, str]]:
    """The id of a known product's legend and code -> class: "IGBP", "ESA WorldCover" ..."""
    wanted = _plain(name).removeprefix("esa")
    for known in legend_names():
        if _plain(known) == wanted:
            return known, legend(known)
    raise UserError(
        f"there is no legend called {name}",
        where=where,
        next_step=f"use one of {', '.join(legend_names())}, or write the classes: "
        'legend = {1 = "forest", 2 = "water"}',
    )


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
