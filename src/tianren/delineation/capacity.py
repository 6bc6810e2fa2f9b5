"""Carrying capacity: how much farm land and town a place's land and water allow. Science 6."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tianren.delineation.development import CONSERVE, Counts
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters import Parameters
from tianren.raster.blocks import reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster, cell_area
from tianren.science.suitability import capacity, overload

COLUMNS = (
    "level", "code", "label", "purpose", "suitable_m2", "usable_water_m3", "water_allows_m2",
    "capacity_m2", "limited_by", "current_m2", "overload", "people_capacity", "population",
    "population_overload",
)  # fmt: skip
DEMAND_COLUMNS = ("population", "cropland_km2", "built_km2", "available_water_m3")


@dataclass(frozen=True)
class Room:
    """What one unit has: suitable area outside conservation and present use by purpose, m2; water
    that its land yields, m3/a (None where unknown); people (None where unknown)."""

    code: str
    label: str
    suitable: Mapping[str, float]
    current: Mapping[str, float | None]
    yielded: float | None
    usable: float | None = None
    people: float | None = None


@dataclass(frozen=True)
class Rules:
    """What capacity depends on. demand: m3/(m2 a) by purpose; share: of usable water by purpose."""

    usable: float
    share: Mapping[str, float]
    demand: Mapping[str, float]
    density: float  # people a m2 of town


def rules(parameters: Parameters) -> Rules:
    farm = parameters.number("suitability.farm_water_share")
    return Rules(
        parameters.number("suitability.water_share"),
        {"farm": farm, "town": 1.0 - farm},
        {
            "farm": parameters.number("suitability.farm_demand"),
            "town": parameters.number("suitability.town_demand"),
        },
        parameters.number("suitability.town_density") / 1e6,
    )


def rows_of(level: str, rooms: Sequence[Room], known: Rules) -> list[dict[str, Any]]:
    """Capacity and overload of each unit and purpose, as rows of capacity.csv."""
    return [
        _row(level, room, purpose, known) for room in rooms for purpose in sorted(room.suitable)
    ]


def _row(level: str, room: Room, purpose: str, known: Rules) -> dict[str, Any]:
    land = room.suitable[purpose]
    water = _usable(room, purpose, known)
    demand = known.demand[purpose]
    possible = land if water is None else capacity(land, water, demand)
    current = room.current.get(purpose)
    row: dict[str, Any] = {
        "level": level, "code": room.code, "label": room.label, "purpose": purpose,
        "suitable_m2": land,
        "usable_water_m3": "" if water is None else water,
        "water_allows_m2": "" if water is None else water / demand,
        "capacity_m2": possible,
        "limited_by": "water" if possible < land else "land",
        "current_m2": "" if current is None else current,
        "overload": "" if current is None else overload(current, possible),
    }  # fmt: skip
    return {**row, **(_people(room, possible, known) if purpose == "town" else {})}


def _usable(room: Room, purpose: str, known: Rules) -> float | None:
    """What the unit's table says may be used, else a share of what its land yields."""
    if room.usable is not None:
        return room.usable * known.share[purpose]
    return None if room.yielded is None else room.yielded * known.usable * known.share[purpose]


def _people(room: Room, possible: float, known: Rules) -> dict[str, Any]:
    people = possible * known.density
    if room.people is None:
        return {"people_capacity": people}
    return {
        "people_capacity": people,
        "population": room.people,
        "population_overload": overload(room.people, people),
    }


def suitable_cells(
    levels: Raster, best: Raster, units: Raster | None, divisions: int, least: float
) -> Counts:
    """Cells by unit (row 0: in none) of at least that level that are not to be conserved."""
    kernel = partial(_suitable, divisions=divisions, least=least)
    sources = [levels, best] if units is None else [levels, best, units]
    return reduce_blocks(kernel, sources, np.add)


def _suitable(
    levels: Array, best: Array, units: Array | None = None, *, divisions: int, least: float
) -> Counts:
    there = (levels != MISSING) & (levels >= least) & (best != MISSING) & (best != CONSERVE)
    return _by_unit(there.astype(np.int64), units, divisions)


def water_by_unit(yields: Raster, units: Raster | None, divisions: int) -> Counts:
    """Water by unit, m3/a: whole m3 a cell, so that the sum does not depend on the order.

    yields: 10^4 m3/(km2 a), NaN counts as none.
    """
    kernel = partial(_water, divisions=divisions, cell=cell_area(yields.grid))
    sources = [yields] if units is None else [yields, units]
    return reduce_blocks(kernel, sources, np.add)


def _water(yields: Array, units: Array | None = None, *, divisions: int, cell: float) -> Counts:
    amounts = np.rint(np.nan_to_num(yields).astype(np.float64) * cell / 100.0).astype(np.int64)
    return _by_unit(amounts, units, divisions)


def _by_unit(amounts: Counts, units: Array | None, divisions: int) -> Counts:
    found = np.zeros(divisions + 1, dtype=np.int64)
    own = np.zeros(amounts.shape, dtype=np.int64) if units is None else np.maximum(units, 0)
    np.add.at(found, own.ravel(), amounts.ravel())
    return found


def read_demand(rows: Sequence[Mapping[str, str]], source: str) -> dict[str, dict[str, float]]:
    """division -> what the table says of it; UserError names a row that is not a number."""
    found: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, start=2):
        code = str(row.get("division", "")).strip()
        if not code or code in found:
            raise UserError(
                "a row names no division" if not code else f"the division {code} has two rows",
                where=f"{source}, row {number}",
                next_step="give each row the code of one division, in the column division",
            )
        found[code] = {
            column: _amount(row[column], f"{source}, row {number}, {column}")
            for column in DEMAND_COLUMNS
            if str(row.get(column, "")).strip()
        }
    return found


def _amount(text: str, where: str) -> float:
    try:
        value = float(str(text).replace(",", "").replace(" ", ""))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise UserError(
            f"{text!r} is not an amount", where=where, next_step="write a number of zero or more"
        )
    return value


_OVERLOADED = {
    "farm": "farm land exceeds what land and water allow in {n} of {all} units, most in {most}",
    "town": "built-up land exceeds what land and water allow in {n} of {all} units, most in {most}",
}


def about_overload(rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """The units whose present use exceeds what land and water allow, by purpose."""
    found = []
    for purpose, text in _OVERLOADED.items():
        mine = [r for r in rows if r["purpose"] == purpose and r["overload"] != ""]
        over = [r for r in mine if r["overload"] > 1]
        if over:
            worst = sorted(over, key=lambda r: (-r["overload"], r["code"]))
            most = ", ".join(str(r["label"]) for r in worst[:3])
            message = say(text, n=len(over), all=len(mine), most=most)
            found.append(Finding("capacity.overload", purpose, Severity.WARNING, message, "DE20"))
    return found
