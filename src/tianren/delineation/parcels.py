"""From the line on a grid to parcels, and control figures from province to township.

A parcel is red when enough of it lies inside the line of the level above; its edges stay the
parcel's own. Areas become whole square metres once, for each parcel; every figure above is a sum of
these, so figures sum to their parent exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.coverage import Fault
from tianren.language import say

Ints = NDArray[np.int64]
SOURCE = "Tianren: How to go from nation to township"
FIGURE_COLUMNS = (
    "level", "code", "label", "parent_level", "parent_code", "parcels", "red_parcels", "area_m2",
    "red_m2", "red_percent", "line_m2", "commission_m2", "omission_m2", "drift_percent",
    "largest_plot", "lon", "lat",
)  # fmt: skip


@dataclass(frozen=True)
class Plots:
    """Parcels judged against the line above. area, line: whole m2 of each parcel, and of the line
    in it; red: whether it is red."""

    codes: Sequence[str]
    area: Ints
    line: Ints
    red: NDArray[np.bool_]

    @property
    def commission(self) -> Ints:
        """Red by parcel, not by the line above, m2."""
        return np.where(self.red, self.area - self.line, 0)

    @property
    def omission(self) -> Ints:
        """Red by the line above, not by parcel, m2."""
        return np.where(self.red, 0, self.line)

    @property
    def red_area(self) -> Ints:
        return np.where(self.red, self.area, 0)


def judge(codes: Sequence[str], areas: Any, inside: Any, share: Fraction) -> Plots:
    """Parcels with areas and the part of each inside the line above, m2, as whole m2 and red or
    not: red where inside / area >= share, compared exactly in whole m2."""
    area = np.rint(np.asarray(areas)).astype(np.int64)
    line = np.minimum(np.rint(np.asarray(inside)).astype(np.int64), area)
    enough = [
        int(b) * share.denominator >= int(a) * share.numerator and b > 0
        for a, b in zip(area, line, strict=True)
    ]
    return Plots(list(codes), area, line, np.array(enough, dtype=bool))


def drift(red: int, line: int) -> Fraction:
    """(red - line) / line, exactly; 0 where both are nothing."""
    if line == 0:
        return Fraction(0) if red == 0 else Fraction(1)
    return Fraction(red - line, line)


def closest_share(plots: Plots, line: int) -> tuple[Fraction, Fraction]:
    """The share of a parcel, in thousandths, at which red area comes closest to the line's, and
    the drift then; the lowest of equals."""
    # The greatest share in thousandths at which each parcel is still red; 0: never.
    until = plots.line * 1000 // np.maximum(plots.area, 1)
    area = np.zeros(1001, dtype=np.int64)
    np.add.at(area, until, plots.area)
    red = np.cumsum(area[::-1])[::-1]
    best = min(range(1, 1001), key=lambda n: (abs(int(red[n]) - line), n))
    return Fraction(best, 1000), drift(int(red[best]), line)


def require_little_drift(
    plots: Plots, line: int, tolerance: float, table: str = "parcels.csv"
) -> None:
    """Refuse parcels that change the line's area by more than the tolerance (%), with advice.

    table: where all parcels are listed.
    """
    off = drift(int(plots.red_area.sum()), line)
    if abs(off) * 100 <= Fraction(str(tolerance)):
        return
    share, then = closest_share(plots, line)
    worst = np.argsort(-(plots.commission + plots.omission), kind="stable")[:3]
    named = ", ".join(plots.codes[n] for n in worst)
    instead = float(share)
    raise UserError(
        "the parcels move the line's area beyond tolerance",
        where="[parcels] in project.toml",
        by_how_much=f"{100 * float(off):+.2f} %, at most {tolerance:g} % is accepted; red "
        f"{int(plots.red_area.sum()) / 1e6:,.1f} km2, the line above {line / 1e6:,.1f} km2",
        next_step=f"use smaller parcels: {named} differ most ({table} lists all); "
        f"or set parcels.red_share: at {instead:.3f} the area changes by {100 * float(then):+.2f} "
        "%; or set parcels.drift_tolerance and say why",
    )


FAULT_NAMES = {"gap": "gaps", "overlap": "overlaps"}


def require_coverage(
    faults: Sequence[Fault], codes: Sequence[str], places: Sequence[str], whole: float,
    limits: Mapping[str, float], table: str = "faults.csv",
) -> list[Finding]:  # fmt: skip
    """What gaps and overlaps there are, where and how much; refused beyond the tolerances.

    places: "lon,lat" of each fault; whole: area of the region, m2; limits: kind -> percent of it;
    table: where all faults are listed.
    """
    findings = []
    for kind, words in FAULT_NAMES.items():
        mine = [n for n, fault in enumerate(faults) if fault.kind == kind]
        if not mine:
            continue
        area = sum(faults[n].area for n in mine)
        largest = mine[0]
        between = _between(faults[largest], codes)
        amount = f"{len(mine)} {words}, {area:,.0f} m2, {100 * area / whole:.3g} % of the region"
        if 100 * area / whole > limits[kind]:
            raise UserError(
                f"the parcel layer has {words}",
                where=f"the largest, {faults[largest].area:,.0f} m2, at {places[largest]}{between}",
                by_how_much=f"{amount}; at most {limits[kind]:g} % is accepted",
                next_step=f"correct the layer ({table} lists every place), or set "
                f"parcels.{kind}_tolerance and say why",
            )
        message = say(
            "{n} {kind} in the parcel layer, {area} m2 in all; the largest, {most} m2, at {place}",
            n=len(mine), kind=say(words), area=f"{area:,.0f}",
            most=f"{faults[largest].area:,.0f}", place=places[largest] + between,
        )  # fmt: skip
        findings.append(Finding(f"parcels.{kind}", "parcels", Severity.WARNING, message, SOURCE))
    return findings


def _between(fault: Fault, codes: Sequence[str]) -> str:
    if fault.first < 0:
        return ""
    return f" ({codes[fault.first]} and {codes[fault.second]})"


@dataclass(frozen=True)
class Level:
    """One level of control figures, from coarse to fine: the unit of each parcel (-1: in none),
    codes and labels of the units, and the unit of the level above that each belongs to."""

    name: str
    codes: Sequence[str]
    labels: Sequence[str]
    of_parcel: Ints
    parent: Ints


def figures(
    plots: Plots, levels: Sequence[Level], nation: str, places: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Control figures of the whole and of every unit of every level; see FIGURE_COLUMNS.

    places: lon, lat of a point inside each parcel. Areas are whole m2; the units of a level sum to
    their parent, parcels outside any unit having a row of their own.
    """
    rows = [_figure(plots, np.ones(len(plots.codes), bool), places,
                    {"level": "whole", "code": "", "label": nation})]  # fmt: skip
    for above, level in zip((None, *levels), levels, strict=False):
        for unit in (-1, *range(len(level.codes))):
            mine = level.of_parcel == unit
            if not mine.any():
                continue
            head = {
                "level": level.name,
                "code": level.codes[unit] if unit >= 0 else "",
                "label": level.labels[unit] if unit >= 0 else "",
                "parent_level": above.name if above else "whole",
                "parent_code": _parent_code(above, level, unit),
            }
            rows.append(_figure(plots, mine, places, head))
    return rows


def _parent_code(above: Level | None, level: Level, unit: int) -> str:
    if above is None or unit < 0 or level.parent[unit] < 0:
        return ""
    return above.codes[int(level.parent[unit])]


def _figure(
    plots: Plots, mine: NDArray[np.bool_], places: Sequence[tuple[str, str]],
    head: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    area, red, line = (int(x[mine].sum()) for x in (plots.area, plots.red_area, plots.line))
    lon, lat, plot = _largest_red(plots, mine, places)
    return {
        **head,
        "parcels": int(mine.sum()),
        "red_parcels": int((plots.red & mine).sum()),
        "area_m2": area,
        "red_m2": red,
        "red_percent": repr(100 * red / area) if area else "",
        "line_m2": line,
        "commission_m2": int(plots.commission[mine].sum()),
        "omission_m2": int(plots.omission[mine].sum()),
        "drift_percent": repr(100 * float(drift(red, line))),
        "largest_plot": plot, "lon": lon, "lat": lat,
    }  # fmt: skip


def _largest_red(
    plots: Plots, mine: NDArray[np.bool_], places: Sequence[tuple[str, str]]
) -> tuple[str, str, str]:
    """Where the line is in a unit: inside its largest red parcel."""
    found = np.where(mine, plots.red_area, 0)
    n = int(found.argmax())
    return (*places[n], plots.codes[n]) if found[n] else ("", "", "")


def about_units(rows: Sequence[Mapping[str, Any]], tolerance: float) -> list[Finding]:
    """The levels whose units drift beyond the tolerance though the whole does not."""
    found = []
    for level in dict.fromkeys(str(r["level"]) for r in rows if r["level"] != "whole"):
        mine = [r for r in rows if r["level"] == level and r["line_m2"]]
        off = [r for r in mine if abs(float(r["drift_percent"])) > tolerance]
        if off:
            worst = max(off, key=lambda r: abs(int(r["red_m2"]) - int(r["line_m2"])))
            message = say(
                "{n} of {all} units change their area by more than {tolerance} %, most {worst} "
                "({drift} %)",
                n=len(off), all=len(mine), tolerance=f"{tolerance:g}",
                worst=worst["label"], drift=f"{float(worst['drift_percent']):+.1f}",
            )  # fmt: skip
            found.append(Finding("parcels.unit_drift", level, Severity.WARNING, message, SOURCE))
    return found
