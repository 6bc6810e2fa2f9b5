"""A Measure: the one row that every room returns. Its indicator must be in the registry."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tianren.errors import UserError

COLUMNS = (
    "indicator",
    "place",
    "period",
    "by",
    "value",
    "unit",
    "low",
    "high",
    "method",
    "sources",
)


@dataclass(frozen=True)
class Indicator:
    """One row of parameters/indicators.csv."""

    id: str
    name: Mapping[str, str]  # en, zh_Hans, es
    unit: str
    definition: str
    formula: str
    targets: str


@cache
def indicators() -> Mapping[str, Indicator]:
    """The one registry of indicators, by id."""
    text = files("tianren.parameters").joinpath("indicators.csv").read_text(encoding="utf-8")
    return {row["id"]: _indicator(row) for row in csv.DictReader(text.splitlines())}


def _indicator(row: Mapping[str, str]) -> Indicator:
    names = {"en": row["name_en"], "zh_Hans": row["name_zh"], "es": row["name_es"]}
    return Indicator(
        row["id"], names, row["unit"], row["definition"], row["formula"], row["targets"]
    )


@dataclass(frozen=True)
class Measure:
    """One number with everything needed to trace it.

    by: what the number is broken down by, as (dimension, class) pairs, for instance
    (("function", "water_conservation"), ("realm", "land")); empty for a total.
    method: formula or step; sources: names of the layers and parameters behind it.
    """

    indicator: str
    place: str
    period: str
    value: float
    unit: str
    by: tuple[tuple[str, str], ...] = ()
    low: float | None = None
    high: float | None = None
    method: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = indicators().get(self.indicator)
        if known is None:
            raise UserError(
                f"the indicator {self.indicator} is not in the registry",
                where="parameters/indicators.csv",
                next_step="add it there with its unit and definition",
            )
        if known.unit != self.unit:
            raise UserError(
                f"the indicator {self.indicator} is measured in {known.unit}, not in {self.unit}",
                where="parameters/indicators.csv",
                next_step="convert the value where it is made",
            )

    @property
    def by_text(self) -> str:
        """The breakdown as one cell of a table: "function=water_conservation; realm=land"."""
        return "; ".join(f"{dimension}={label}" for dimension, label in self.by)

    def row(self) -> dict[str, str]:
        """The measure as one row of measures.csv; repr() of a float reads back exactly."""
        return {
            "indicator": self.indicator,
            "place": self.place,
            "period": self.period,
            "by": self.by_text,
            "value": repr(float(self.value)),
            "unit": self.unit,
            "low": "" if self.low is None else repr(float(self.low)),
            "high": "" if self.high is None else repr(float(self.high)),
            "method": self.method,
            "sources": " | ".join(self.sources),
        }


def by_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """A breakdown as a table has it, "function=carbon; realm=land", as pairs; a class may itself
    hold a semicolon."""
    parts = re.split(r";\s*(?=[a-z_]+\s*=)", text)
    pairs = (part.partition("=") for part in parts if part.strip())
    return tuple((dimension.strip(), label.strip()) for dimension, _, label in pairs)


def in_order(measures: Iterable[Measure]) -> list[Measure]:
    """Measures sorted so that a table is the same whatever order they were made in."""
    return sorted(measures, key=lambda m: (m.indicator, m.place, m.period, m.by))
