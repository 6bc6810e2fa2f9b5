"""Cumulative-share cuts: which land holds the first half of a service, exactly and without a sort.

Values sorted from high to low, a cell belongs to a share while what lies before it is less than
that share of the total: `cum_before < share`; ties stand with the first of them. That needs no sort
of a country: a non-negative float32 orders like its bit pattern, so a histogram over the upper 16
bits finds the bins where the cuts fall, and a histogram over the lower 16 bits of those bins alone
finds the cuts. That is two passes over the input, or one where a sample told the bins beforehand.

Sums are exact, and so independent of the order of cells, blocks and workers: values whose upper 16
bits agree share an exponent, hence their mantissas add up as integers. Totals are Python integers
in units of a power of two, shares are rationals, and a comparison is never rounded.

Values are densities (per area). Negative values count as 0, missing cells are left out, and a zone
whose total is 0 has no grades.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.kernels import kernel
from tianren.language import say
from tianren.raster.blocks import SIZE, Progress, Workers
from tianren.raster.histogram import (
    Curve,
    GroupedHistogram,
    Ladder,
    PlainHistogram,
    exponent_of,
    line,
    mantissa_of,
)
from tianren.raster.raster import MISSING, Array, Raster

GRADES = (5, 3, 1)  # extremely important, important, ordinary


@dataclass(frozen=True)
class Cuts:
    """Where the cumulative shares of one zone fall. Best land first in every tuple.

    shares: as asked, ascending; thresholds: the lowest value (float32, exact) of each share's
    class; reached: the share of the total that land at or above the threshold holds; total: sum of
    value x weight; cells: cells with a value; class_cells, class_weights: cells and weight (true
    area, or cells) of each class, one class more than shares. With a total of 0 nothing is graded:
    thresholds, reached and the classes are empty.
    """

    shares: tuple[Fraction, ...]
    thresholds: tuple[float, ...]
    reached: tuple[Fraction, ...]
    total: Fraction
    cells: int
    class_cells: tuple[int, ...]
    class_weights: tuple[Fraction, ...]
    curve: Curve = field(default_factory=Curve, repr=False)

    @property
    def graded(self) -> bool:
        """Whether there are grades: not where the total is 0."""
        return bool(self.thresholds)

    def record(self) -> dict[str, Any]:
        """Plain values for JSON; from_record gives back an equal Cuts (up to the curve's units)."""
        return {
            "shares": [str(s) for s in self.shares],
            "thresholds": list(self.thresholds),
            "reached": [str(r) for r in self.reached],
            "total": str(self.total),
            "cells": self.cells,
            "class_cells": list(self.class_cells),
            "class_weights": [str(w) for w in self.class_weights],
            "curve": self.curve.record(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Cuts":
        return cls(
            shares=_fractions(record["shares"]),
            thresholds=tuple(record["thresholds"]),
            reached=_fractions(record["reached"]),
            total=Fraction(record["total"]),
            cells=record["cells"],
            class_cells=tuple(record["class_cells"]),
            class_weights=_fractions(record["class_weights"]),
            curve=Curve.from_record(record["curve"]),
        )


class LorenzPoint(NamedTuple):
    """The poorest `area` share of the land holds `service` of the total, at least `low` of it.

    service is the chord within a bin: the most that it can be. The best `1 - area` of the land
    holds `1 - service`.
    """

    area: float
    service: float
    low: float


def share_cuts(
    value: Raster,
    shares: Sequence[Fraction],
    *,
    zones: Raster | None = None,
    weight: Raster | None = None,
    size: int = SIZE,
    workers: Workers = None,
    progress: Progress | None = None,
    title: str = "",
) -> dict[int, Cuts]:
    """The cuts of each zone, by zone code (0 without zones), decoding the input at most twice.

    value: float32 density per area; shares: ascending, each in (0, 1]; zones: category, cells where
    it is missing are left out; weight: category-like int32 up to 2**24, or float32, never negative:
    the true area of a cell where it differs.
    UserError where a value is infinite or a weight is missing, infinite or negative.
    """
    wanted = _checked(shares)
    work = {"size": size, "workers": workers, "progress": progress, "title": title}
    if zones is None and weight is None:
        reader: PlainHistogram | GroupedHistogram = PlainHistogram(value, wanted, work)
    else:
        reader = GroupedHistogram(value, zones, weight, work)
    curves = reader.curves()
    targets = [
        (zone, cut) for zone, curve in curves.items() for cut in sorted(_cut_bins(curve, wanted))
    ]
    ladders = reader.ladders(targets) if targets else {}
    return {zone: _cuts(curve, wanted, ladders, zone) for zone, curve in curves.items()}


def grade(
    values: Array,
    cuts: Mapping[int, Cuts],
    zones: Array | None = None,
    grades: Sequence[int] = GRADES,
) -> NDArray[np.int32]:
    """The grade of each cell of a block, int32: best first as in `grades`, one more than shares.

    values: float32; zones: int32 of the same shape, when the cuts are by zone. MISSING where the
    value or the zone is missing, or where the zone has no grades.
    """
    usable = {zone: c for zone, c in sorted(cuts.items()) if c.graded}
    if any(len(c.shares) != len(grades) - 1 for c in usable.values()):
        raise ValueError(f"{len(grades)} grades need {len(grades) - 1} shares")
    codes = np.array(list(usable), dtype=np.int64)
    thresholds = np.array([c.thresholds for c in usable.values()], dtype=np.float32)
    found = np.full(values.shape, MISSING, dtype=np.int32)
    if len(codes):
        _grade_cells(
            line(values, np.float32),
            None if zones is None else line(zones, np.int32),
            codes,
            thresholds.reshape(len(codes), -1),
            np.array(grades, dtype=np.int32),
            found.reshape(-1),
        )
    return found


def rank(cuts: Cuts, value: float) -> tuple[float, float]:
    """In which share of the total a value falls: the share that strictly better land holds.

    Two bounds, because the distribution is kept by bins of under 1 % of the value.
    ValueError where the zone has no grades.
    """
    if not cuts.graded:
        raise ValueError("the total is 0: there is no rank")
    at = float(np.float32(max(value, 0.0)))
    home = int(np.float32(at).view(np.uint32)) >> 16
    curve, unit = cuts.curve, Fraction(2) ** cuts.curve.mass_unit
    above = sum(m for b, m in zip(curve.bins, curve.masses, strict=True) if b > home) * unit
    here = sum(m for b, m in zip(curve.bins, curve.masses, strict=True) if b == home) * unit
    low, high = above / cuts.total, (above + here) / cuts.total
    for threshold, reached in zip(cuts.thresholds, cuts.reached, strict=True):
        if at >= threshold:
            high = min(high, reached)
        else:
            low = max(low, reached)
    return float(low), float(high)


def lorenz(cuts: Cuts, areas: Sequence[float] | None = None) -> list[LorenzPoint]:
    """How little the poorest land holds: the Lorenz curve at shares of the area (by 1 %).

    Monotone and convex. Within a bin of under 1 % of the value it is bounded by the chord from
    above and by the bin's lowest and highest value from below. ValueError where the zone has no
    grades.
    """
    if not cuts.graded:
        raise ValueError("the total is 0: there is no Lorenz curve")
    asked = np.linspace(0, 1, 101) if areas is None else np.asarray(areas, dtype=float)
    x, y = _shares_up_to(cuts.curve.weights), _shares_up_to(cuts.curve.masses)
    k = np.clip(np.searchsorted(x, asked, side="left") - 1, 0, len(x) - 2)
    mean = float(cuts.total / (sum(cuts.curve.weights) * Fraction(2) ** cuts.curve.weight_unit))
    lowest = _edge(cuts.curve.bins, 0)[k] / mean
    highest = _edge(cuts.curve.bins, 0xFFFF)[k] / mean
    chord = np.interp(asked, x, y)
    low = np.maximum(y[k] + (asked - x[k]) * lowest, y[k + 1] - (x[k + 1] - asked) * highest)
    low = np.clip(low, 0.0, chord)
    return [LorenzPoint(*map(float, point)) for point in zip(asked, chord, low, strict=True)]


def cuts_findings(
    cuts: Mapping[int, Cuts],
    subject: str,
    *,
    total_limit: Fraction,
    area_limit: Fraction,
    labels: Mapping[int, str] | None = None,
) -> list[Finding]:
    """What is wrong with the cuts of one criterion, zone by zone.

    total_limit: grading.top_class_total_limit; area_limit: grading.top_class_area_limit;
    labels: zone code -> name.
    """
    found = []
    for zone, c in sorted(cuts.items()):
        place = (labels or {}).get(zone, "" if len(cuts) == 1 and zone == 0 else f"zone {zone}")
        found += _findings_of(
            c, f"{subject}, {place}" if place else subject, total_limit, area_limit
        )
    return found


def _findings_of(
    cuts: Cuts, subject: str, total_limit: Fraction, area_limit: Fraction
) -> list[Finding]:
    source = "grading by cumulative service value; the limits are a design choice"

    def finding(rule: str, message: str, **values: object) -> Finding:
        return Finding(rule, subject, Severity.WARNING, say(message, **values), source)

    if not cuts.graded:
        return [
            finding("grading.no_total", "no grades: the total over {n} cells is 0", n=cuts.cells)
        ]
    found = []
    reached = cuts.reached[0]
    if reached > total_limit:
        message = (
            "the top class holds {reached:.1%} of the total, not {share:.1%}, because cells share "
            "one value (limit {limit:.0%})"
        )
        shares = {"share": float(cuts.shares[0]), "limit": float(total_limit)}
        found.append(finding("grading.ties", message, reached=float(reached), **shares))
    area = cuts.class_weights[0] / sum(cuts.class_weights)
    if area > area_limit:
        message = (
            "the top class takes {area:.1%} of the graded area: the values hardly differ "
            "(limit {limit:.0%})"
        )
        limits = {"area": float(area), "limit": float(area_limit)}
        found.append(finding("grading.wide_top_class", message, **limits))
    return found


def _checked(shares: Sequence[Fraction]) -> tuple[Fraction, ...]:
    wanted = tuple(Fraction(s) for s in shares)
    if not wanted or list(wanted) != sorted(set(wanted)) or not 0 < wanted[0] <= wanted[-1] <= 1:
        raise UserError(
            f"the shares {', '.join(str(s) for s in shares)} are not ascending within (0, 1]",
            where="grading",
            next_step="give for instance 1/2 and 4/5",
        )
    return wanted


def _cut_bins(curve: Curve, shares: Sequence[Fraction]) -> set[int]:
    """The bins where the cuts fall: the lowest with less than the share of the total above it."""
    total, above, cut = sum(curve.masses), 0, {}
    for home, mass in zip(reversed(curve.bins), reversed(curve.masses), strict=True):
        for share in shares:
            if above * share.denominator < share.numerator * total:
                cut[share] = home
        above += mass
    return set(cut.values())


def _cuts(
    curve: Curve,
    shares: tuple[Fraction, ...],
    ladders: Mapping[tuple[int, int], Ladder],
    zone: int,
) -> Cuts:
    total, cells = sum(curve.masses), sum(curve.cells)
    unit, weight_unit = Fraction(2) ** curve.mass_unit, Fraction(2) ** curve.weight_unit
    if total == 0:
        return Cuts(shares, (), (), Fraction(0), cells, (), (), curve)
    steps = [_step(curve, ladders, zone, share, total) for share in shares]
    every = [*steps, _Step(0.0, total, cells, sum(curve.weights))]
    before = [_Step(0.0, 0, 0, 0), *steps]
    return Cuts(
        shares=shares,
        thresholds=tuple(s.threshold for s in steps),
        reached=tuple(Fraction(s.mass, total) for s in steps),
        total=total * unit,
        cells=cells,
        class_cells=tuple(b.cells - a.cells for a, b in zip(before, every, strict=True)),
        class_weights=tuple(
            (b.weight - a.weight) * weight_unit for a, b in zip(before, every, strict=True)
        ),
        curve=curve,
    )


class _Step(NamedTuple):
    """A threshold, and what lies at or above it."""

    threshold: float
    mass: int
    cells: int
    weight: int


def _step(
    curve: Curve,
    ladders: Mapping[tuple[int, int], Ladder],
    zone: int,
    share: Fraction,
    total: int,
) -> _Step:
    """The cut of one share: down the bins, then down the ladder of the bin where it falls."""
    (home,) = _cut_bins(curve, [share])
    first = curve.bins.index(home) + 1
    above = sum(curve.masses[first:])
    ladder = ladders[zone, home]
    mantissas = mantissa_of(home) + ladder.lows
    masses = np.cumsum(mantissas * ladder.weights)  # whole numbers, in the unit of the bin
    shift = exponent_of(home) - 1
    # Best first, a value belongs to the share while what lies before it is less than the share.
    k = _first_false(
        len(masses),
        lambda n: (
            (above + ((int(masses[n - 1]) if n else 0) << shift)) * share.denominator
            < share.numerator * total
        ),
    )
    bits = np.uint32(home << 16 | int(ladder.lows[k - 1]))
    return _Step(
        float(bits.view(np.float32)),
        above + (int(masses[k - 1]) << shift),
        sum(curve.cells[first:]) + int(ladder.cells[:k].sum()),
        sum(curve.weights[first:]) + int(ladder.weights[:k].sum()),
    )


def _first_false(length: int, holds: Any) -> int:
    """How many of the first positions satisfy a test that, once false, stays false."""
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            low = middle + 1
        else:
            high = middle
    return low


def _edge(bins: Sequence[int], low: int) -> NDArray[np.float64]:
    """The value with these lower 16 bits in each bin."""
    return (np.array(bins, dtype=np.uint32) << 16 | low).view(np.float32).astype(np.float64)


def _shares_up_to(parts: Sequence[int]) -> NDArray[np.float64]:
    """0, then the share of the sum reached after each part: exact sums, rounded once."""
    total = sum(parts)
    return np.array([0.0, *(float(Fraction(part, total)) for part in accumulate(parts))])


def _fractions(texts: Sequence[str]) -> tuple[Fraction, ...]:
    return tuple(Fraction(t) for t in texts)


@kernel
def _grade_cells(values, zones, codes, thresholds, grades, found):  # type: ignore[no-untyped-def]
    """The grade of each cell: the first whose threshold the value reaches, else the last."""
    last = thresholds.shape[1]
    row = 0
    for i in range(values.size):
        value = values[i]
        if value != value:
            continue
        if zones is None:
            if codes[0] != 0:
                continue
        elif codes[row] != zones[i]:
            at = np.searchsorted(codes, zones[i])
            if at == codes.size or codes[at] != zones[i]:
                continue
            row = at
        grade = last
        for k in range(last):
            if value >= thresholds[row, k]:
                grade = k
                break
        found[i] = grades[grade]
