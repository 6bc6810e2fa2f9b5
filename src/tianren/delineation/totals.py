"""The numbers of the line: areas, shares, what it holds of each function; every one a Measure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tianren.delineation.conflicts import Conflict
from tianren.delineation.pieces import (
    CATEGORIES,
    Counts,
    MustName,
    Piece,
    Tally,
    Units,
    fixed_point,
    scale_of,
)
from tianren.delineation.redline import (
    CORE,
    CORRIDOR,
    DEDUCTED,
    DROPPED,
    FILLED,
    MUST,
    REALMS,
    Line,
)
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.measures import Measure
from tianren.raster.blocks import reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster

IN_LINE = (CORE, MUST, FILLED, CORRIDOR)  # codes of the step raster that are inside the line
NO_DIVISION = "outside any division"  # a class label in measures.csv: reports translate it
Make = Callable[..., Measure]


@dataclass(frozen=True)
class Ledger:
    """Cells of the whole region, counted.

    step: (realm, code of redline.ORIGINS) -> cells; units: level -> array (units + 1, 2 realms),
    its last row for cells in no unit; inside_units: the same, inside the line; must, conflicts:
    value of the bits -> cells.
    """

    step: Mapping[tuple[int, int], int]
    units: Mapping[str, Counts]
    inside_units: Mapping[str, Counts]
    must: Mapping[int, int]
    conflicts: Mapping[int, int]

    def realm(self, realm: int) -> int:
        """Cells of a realm."""
        return sum(n for (r, _), n in self.step.items() if r == realm)

    def codes(self, codes: Sequence[int], realm: int | None = None) -> int:
        """Cells with any of the codes, in one realm or in both."""
        return sum(n for (r, c), n in self.step.items() if c in codes and realm in (r, None))

    def must_cells(self, bits: int) -> int:
        """Cells where any of the bits is set: overlap counts once."""
        return sum(n for value, n in self.must.items() if value & bits)

    def conflict_cells(self, bits: int) -> int:
        """Cells where any of the bits is set: overlap counts once."""
        return sum(n for value, n in self.conflicts.items() if value & bits)


def count_region(
    realm: Raster, line: Line, must: Raster, conflicts: Raster, levels: Sequence[Units]
) -> Ledger:
    """Count the region once, in one pass."""
    sizes = tuple(len(level.codes) for level in levels)
    kernel = partial(_count, sizes=sizes)
    sources = [realm, line.step, must, conflicts, *(level.raster for level in levels)]
    step, must_cells, conflict_cells, units = reduce_blocks(
        kernel, sources, _add, title=say("Totals")
    )
    return Ledger(
        {(key // 256, key % 256): n for key, n in sorted(step.items())},
        {level.name: counts[0] for level, counts in zip(levels, units, strict=True)},
        {level.name: counts[1] for level, counts in zip(levels, units, strict=True)},
        dict(sorted(must_cells.items())),
        dict(sorted(conflict_cells.items())),
    )


def cells_inside(step: Raster) -> int:
    """Cells of the line by the codes of the spatial step: a second route to the pieces' sum."""
    return int(reduce_blocks(_inside, [step], int.__add__))


def _inside(step: Array) -> int:
    return int(np.count_nonzero(np.isin(step, IN_LINE)))


Part = tuple[dict[int, int], dict[int, int], dict[int, int], list[Counts]]


def _count(
    realm: Array,
    step: Array,
    must: Array,
    conflicts: Array,
    *units: Array,
    sizes: Sequence[int],
) -> Part:
    inside = realm != MISSING
    realm, step = realm[inside], step[inside]
    in_line = np.isin(step, IN_LINE)
    found = []
    for unit, size in zip(units, sizes, strict=True):
        index = np.where(unit[inside] == MISSING, size, unit[inside])
        key = (index * 2 + (realm - 1)).astype(np.int64)
        both = [np.bincount(k, minlength=2 * (size + 1)) for k in (key, key[in_line])]
        found.append(np.stack(both).reshape(2, size + 1, 2).astype(np.int64))
    bits = (_unique(must[inside]), _unique(conflicts[inside]))
    return _unique(realm.astype(np.int64) * 256 + step), *bits, found


def _unique(values: Array) -> dict[int, int]:
    found, cells = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), cells.tolist(), strict=True))


def _add(known: Part, new: Part) -> Part:
    units = [a + b for a, b in zip(known[3], new[3], strict=True)]
    return (*(_merged(a, b) for a, b in zip(known[:3], new[:3], strict=True)), units)  # type: ignore[return-value]


def _merged(known: dict[int, int], new: dict[int, int]) -> dict[int, int]:
    return {key: known.get(key, 0) + new.get(key, 0) for key in known | new}


def held(
    cells: Raster,
    values: Mapping[str, Raster],
    grades: Mapping[str, Raster],
    known_scales: Mapping[str, int] | None = None,
) -> dict[str, tuple[int, int]]:
    """Function -> (sum inside the line, sum over the graded area), in exact whole numbers.

    Negative values count as zero, as they do in grading. known_scales: what
    pieces.scale_of says of each value, where a tally has it already.
    """
    names = tuple(values)
    given = known_scales or {}
    scales = tuple(given[n] if n in given else scale_of(values[n]) for n in names)
    sources = [cells, *(r for name in names for r in (values[name], grades[name]))]
    sums = reduce_blocks(partial(_held, scales=scales), sources, _sum_pairs, title=say("Totals"))
    return dict(zip(names, sums, strict=True))


def _held(cells: Array, *pairs: Array, scales: Sequence[int]) -> list[tuple[int, int]]:
    found = []
    for value, grade, scale in zip(pairs[::2], pairs[1::2], scales, strict=True):
        graded = (grade > 0) & ~np.isnan(value)
        amounts = fixed_point(np.maximum(value[graded], 0), scale)
        inside = amounts[cells[graded] > 0]
        found.append((int(inside.sum()), int(amounts.sum())))
    return found


def _sum_pairs(known: list[tuple[int, int]], new: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(a + c, b + d) for (a, b), (c, d) in zip(known, new, strict=True)]


@dataclass(frozen=True)
class Facts:
    """Everything the measures are made from."""

    place: str
    period: str
    run: str
    cell_m2: float
    ledger: Ledger
    tally: Tally
    pieces: Sequence[Piece]
    levels: Sequence[Units]
    must: Sequence[MustName]
    conflicts: Sequence[Conflict]
    held: Mapping[str, tuple[int, int]]


def measures(facts: Facts) -> list[Measure]:
    """Every number of the line; totals, grades and curves of criteria come from their grading."""
    make = partial(_measure, facts)
    return [
        *_region(facts, make),
        *_by_piece(facts, make),
        *_by_unit(facts, make),
        *_spatial(facts, make),
        *_must(facts, make),
        *_conflicts(facts, make),
        *_held_shares(facts, make),
    ]


def _measure(facts: Facts, indicator: str, value: float, unit: str, **by: str) -> Measure:
    pairs = tuple(by.items())
    return Measure(
        indicator, facts.place, facts.period, value, unit, pairs, method="delineate",
        sources=(facts.run,),
    )  # fmt: skip


def _region(facts: Facts, make: Make) -> list[Measure]:
    """Area of the region and of the line, and its share: in all, on land and at sea."""
    found = [make("redline.area", facts.ledger.codes(IN_LINE) * facts.cell_m2, "m2")]
    whole = sum(facts.ledger.realm(realm) for realm in REALMS)
    found.append(make("region.area", whole * facts.cell_m2, "m2"))
    for realm, name in REALMS.items():
        cells = facts.ledger.realm(realm)
        if not cells:
            continue
        inside = facts.ledger.codes(IN_LINE, realm)
        found.append(make("region.area", cells * facts.cell_m2, "m2", realm=name))
        found.append(make("redline.area", inside * facts.cell_m2, "m2", realm=name))
        found.append(make("redline.share", 100 * inside / cells, "%", realm=name))
    return found


def _by_piece(facts: Facts, make: Make) -> list[Measure]:
    """Area of the line by category, dominant function and level, in cells and so exactly."""
    found = []
    for dimension, key in (("category", "category"), ("function", "dominant"), ("level", "level")):
        cells: dict[str, int] = dict.fromkeys(CATEGORIES, 0) if key == "category" else {}
        for piece in facts.pieces:
            label = str(getattr(piece, key))
            cells[label] = cells.get(label, 0) + int(facts.tally.cells[piece.number])
        found += [
            make("redline.area", n * facts.cell_m2, "m2", **{dimension: label})
            for label, n in cells.items()
        ]
    return found


def _by_unit(facts: Facts, make: Make) -> list[Measure]:
    """Area of each administrative unit, of the line in it, and its share; by realm at a coast.

    What lies in no unit of a level is a row of its own, so that every level adds up to the total.
    """
    coast = all(facts.ledger.realm(realm) for realm in REALMS)
    found = []
    for level in facts.levels:
        whole, inside = facts.ledger.units[level.name], facts.ledger.inside_units[level.name]
        labels = [*_unique_labels(level), NO_DIVISION]
        for index in np.flatnonzero(whole.sum(axis=1)).tolist():
            by = {level.name: labels[index]}
            found += _shares(facts, make, whole[index].sum(), inside[index].sum(), by)
            for realm in REALMS if coast else ():
                more = by | {"realm": REALMS[realm]}
                found += _shares(
                    facts, make, whole[index, realm - 1], inside[index, realm - 1], more
                )
    return found


def _shares(facts: Facts, make: Make, area: Any, line: Any, by: dict[str, str]) -> list[Measure]:
    if not area:
        return []
    return [
        make("region.area", int(area) * facts.cell_m2, "m2", **by),
        make("redline.area", int(line) * facts.cell_m2, "m2", **by),
        make("redline.share", 100 * int(line) / int(area), "%", **by),
    ]


def _unique_labels(level: Units) -> list[str]:
    """Labels, with the code where two units of a level share one."""
    labels = [str(label) for label in level.labels]
    return [
        f"{label} ({code})" if labels.count(label) > 1 else label
        for label, code in zip(labels, level.codes, strict=True)
    ]


def _spatial(facts: Facts, make: Make) -> list[Measure]:
    codes = {"filled": FILLED, "dropped": DROPPED, "deducted": DEDUCTED}
    return [
        make("spatial.change", facts.ledger.codes((code,)) * facts.cell_m2, "m2", change=change)
        for change, code in codes.items()
    ]


def _must(facts: Facts, make: Make) -> list[Measure]:
    """Must-include area in all and by kind; kinds overlap, so they do not add up to it."""
    if not facts.must:
        return []
    everything = (1 << len(facts.must)) - 1
    found = [make("must_include.area", facts.ledger.must_cells(everything) * facts.cell_m2, "m2")]
    for kind in dict.fromkeys(m.kind for m in facts.must):
        bits = sum(1 << i for i, m in enumerate(facts.must) if m.kind == kind)
        area = facts.ledger.must_cells(bits) * facts.cell_m2
        found.append(make("must_include.area", area, "m2", kind=kind))
    return found


def _conflicts(facts: Facts, make: Make) -> list[Measure]:
    """Area in conflict by kind and decision; where two of a kind overlap it counts once."""
    bits: dict[tuple[str, str], int] = {}
    for bit, d in enumerate(facts.conflicts):
        key = (d.kind, d.decision)
        bits[key] = bits.get(key, 0) | 1 << bit
    return [
        make(
            "conflict.area",
            facts.ledger.conflict_cells(mine) * facts.cell_m2,
            "m2",
            kind=kind,
            decision=decision,
        )
        for (kind, decision), mine in bits.items()
    ]


def _held_shares(facts: Facts, make: Make) -> list[Measure]:
    return [
        make("function.held", 100 * inside / total, "%", function=name)
        for name, (inside, total) in facts.held.items()
        if total
    ]


def large_share(measures: Iterable[Measure], limit: float) -> list[Finding]:
    """A line that takes more than `limit` percent of a realm is drawn as asked, and questioned."""
    return [
        Finding("redline.large_share", realm, Severity.WARNING, _large(realm, m.value), "G17")
        for m in measures
        for realm in ("land", "sea")
        if m.indicator == "redline.share" and m.by == (("realm", realm),) and m.value > limit
    ]


def _large(realm: str, share: float) -> str:
    return say(
        "The line takes {share} % of the {realm}; China's takes 31.7 % of its land. Each function "
        "puts the land that holds half of its total into the line; where the layers are coarse, or "
        "the functions are best in different places, the halves add up. Finer layers, or grading "
        "by province, would tell more.",
        share=f"{share:.1f}",
        realm=say(realm),
    )
