"""The pieces of the line: what is in each, its category, code, name and reasons.

Counting is by whole cells, so it is exact and does not depend on blocks or workers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation.must_include import kind_name
from tianren.delineation.redline import CORRIDOR, FILLED, REALMS, Line, class_parts
from tianren.errors import UserError
from tianren.language import say
from tianren.parameters import Parameters
from tianren.raster.blocks import reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster

# Their order settles ties.
FUNCTIONS = {
    "water_conservation": "water conservation",
    "soil_conservation": "soil conservation",
    "windbreak_sand_fixation": "windbreak and sand fixation",
    "biodiversity": "biodiversity maintenance",
    "coastal_protection": "coastal protection",
    "carbon": "carbon sequestration",
}
SENSITIVITIES = {
    "water_erosion": "water erosion",
    "desertification": "desertification",
    "rocky_desertification": "rocky desertification",
    "salinisation": "salinisation",
    "coastal_erosion": "coastal erosion",
}
CRITERIA = {**FUNCTIONS, **SENSITIVITIES}
CATEGORIES = ("key_function", "barrier", "habitat")
NO_CRITERION = "none"  # the dominant function of a piece without a single cell of class 5

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """One administrative level: the code and label of each unit, and where each is (its index)."""

    name: str
    codes: Sequence[str]
    labels: Sequence[str]
    raster: Raster


@dataclass
class Tally:
    """What was counted in each piece; arrays of (pieces + 1), row 0 is not a piece.

    cells; classes: redline.class_number; extreme, important: criterion -> cells graded 5 and 3;
    known, highest, total: criterion -> cells with a value, the highest, and their sum in 2^-40 of
    the criterion's scale; must: bit -> cells; steps: code of redline.ORIGINS -> cells;
    units: level -> {(piece, unit): cells}.
    """

    cells: Counts
    classes: Counts
    extreme: dict[str, Counts] = field(default_factory=dict)
    important: dict[str, Counts] = field(default_factory=dict)
    known: dict[str, Counts] = field(default_factory=dict)
    highest: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    total: dict[str, list[int]] = field(default_factory=dict)
    must: list[Counts] = field(default_factory=list)
    steps: dict[int, Counts] = field(default_factory=dict)
    units: dict[str, dict[tuple[int, int], int]] = field(default_factory=dict)
    scales: dict[str, int] = field(default_factory=dict)

    def mean(self, criterion: str, piece: int) -> float:
        """The mean value of a criterion over the piece's cells that have one."""
        cells = int(self.known[criterion][piece])
        total = self.total[criterion][piece]
        return math.ldexp(total / cells, self.scales[criterion] - 40) if cells else math.nan

    def units_of(self, level: str) -> dict[int, list[tuple[int, int]]]:
        """Piece -> its (unit, cells), largest first, ties by unit."""
        found: dict[int, list[tuple[int, int]]] = {}
        for (piece, unit), cells in self.units[level].items():
            found.setdefault(piece, []).append((unit, cells))
        return {piece: sorted(us, key=lambda u: (-u[1], u[0])) for piece, us in found.items()}


def tally(
    line: Line,
    must: Raster,
    must_bits: int,
    levels: Sequence[Units],
    grades: Mapping[str, Raster],
    values: Mapping[str, Raster],
) -> Tally:
    """Count everything the attributes of the pieces need, in one pass over the rasters.

    values: criterion -> value; a criterion without one (graded by rules alone) has no mean.
    """
    scales = {name: scale_of(raster) for name, raster in values.items()}
    names = (tuple(grades), tuple(values), tuple(level.name for level in levels))
    kernel = partial(_count, names=names, must_bits=must_bits, scales=scales)
    sources = [line.cells, line.classes, line.step, must]
    sources += [level.raster for level in levels]
    sources += [*grades.values(), *values.values()]
    empty = _empty(line.pieces, names, must_bits, scales)
    return reduce_blocks(kernel, sources, _add, initial=empty, title=say("Pieces"))


def scale_of(raster: Raster) -> int:
    """The power of two above every |value|: sums in 2^-40 of it are exact integers."""
    largest = float(reduce_blocks(_largest, [raster], max))
    return math.frexp(largest)[1] if largest > 0 else 0


def _largest(values: Array) -> float:
    return float(np.max(np.abs(values), initial=0.0, where=~np.isnan(values)))


def fixed_point(values: Array, scale: int) -> Counts:
    """Values as whole multiples of 2^(scale - 40): their sum is the same in any order."""
    return np.rint(values.astype(np.float64) * 2.0 ** (40 - scale)).astype(np.int64)


Names = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _empty(pieces: int, names: Names, must_bits: int, scales: Mapping[str, int]) -> Tally:
    def zeros() -> Counts:
        return np.zeros(pieces + 1, dtype=np.int64)

    grades, values, levels = names
    return Tally(
        zeros(),
        zeros(),
        {n: zeros() for n in grades},
        {n: zeros() for n in grades},
        {n: zeros() for n in values},
        {n: np.full(pieces + 1, -math.inf) for n in values},
        {n: [0] * (pieces + 1) for n in values},
        [zeros() for _ in range(must_bits)],
        {},
        {n: {} for n in levels},
        dict(scales),
    )


def _count(
    cells: Array, *rasters: Array, names: Names, must_bits: int, scales: Mapping[str, int]
) -> tuple[Counts, Tally] | None:
    """The tally of one window, over the pieces that are in it: (their numbers, the tally)."""
    inside = cells > 0
    if not inside.any():
        return None
    ids, at = _numbered(cells[inside])
    found = _empty(len(ids) - 1, names, must_bits, scales)
    grade_names, value_names, level_names = names
    classes, step, must, *rest = (raster[inside] for raster in rasters)
    rest_names = iter(rest)
    found.cells = _per_piece(at, len(ids))
    np.maximum.at(found.classes, at, classes)
    for code in np.unique(step).tolist():
        found.steps[code] = _per_piece(at[step == code], len(ids))
    for bit in range(must_bits):
        found.must[bit] = _per_piece(at[must >> bit & 1 == 1], len(ids))
    for name in level_names:
        found.units[name] = _pairs(ids, at, next(rest_names))
    for name in grade_names:
        grade = next(rest_names)
        found.extreme[name] = _per_piece(at[grade == 5], len(ids))
        found.important[name] = _per_piece(at[grade == 3], len(ids))
    for name in value_names:
        _count_values(found, name, at, next(rest_names))
    return ids.astype(np.int64), found


def _per_piece(at: Array, pieces: int) -> Counts:
    return np.bincount(at, minlength=pieces).astype(np.int64)


def _count_values(found: Tally, name: str, at: Array, values: Array) -> None:
    """Cells with a value, the highest, and the exact sum, for each piece of the window."""
    there = ~np.isnan(values)
    at, values = at[there], values[there]
    sums = np.zeros(len(found.cells), dtype=np.int64)
    np.add.at(sums, at, fixed_point(values, found.scales[name]))
    np.maximum.at(found.highest[name], at, values)
    found.known[name] = _per_piece(at, len(found.cells))
    found.total[name] = sums.tolist()


def _numbered(cells: Array) -> tuple[Array, Array]:
    """The piece numbers in a window, ascending, and for each cell the index of its number."""
    first = int(cells.min())
    there = np.zeros(int(cells.max()) - first + 1, dtype=bool)
    there[cells - first] = True
    ids = np.flatnonzero(there)
    index = np.zeros(len(there), dtype=np.int64)
    index[ids] = np.arange(len(ids))
    return ids + first, index[cells - first]


def _pairs(ids: Array, at: Array, unit: Array) -> dict[tuple[int, int], int]:
    """(piece, unit) -> cells; cells in no unit are unit -1."""
    known = np.where(unit == MISSING, -1, unit).astype(np.int64) + 1
    units, unit_at = _numbered(known)
    keys, cells = _counted(at * len(units) + unit_at, len(ids) * len(units))
    pieces, of = np.divmod(keys, len(units))
    pairs = zip(ids[pieces].tolist(), (units[of] - 1).tolist(), cells.tolist(), strict=True)
    return {(piece, unit): n for piece, unit, n in pairs}


def _counted(keys: Array, limit: int) -> tuple[Array, Array]:
    """Each key that occurs, with how often; without a sort where the keys are few."""
    if limit > 4 * len(keys) + 65536:
        return np.unique(keys, return_counts=True)
    counts = np.bincount(keys, minlength=limit)
    found = np.flatnonzero(counts)
    return found, counts[found]


def _add(known: Tally, part: tuple[Counts, Tally] | None) -> Tally:
    if part is None:
        return known
    ids, new = part
    known.cells[ids] += new.cells
    known.classes[ids] = np.maximum(known.classes[ids], new.classes)
    for mine, theirs in (
        (known.extreme, new.extreme),
        (known.important, new.important),
        (known.known, new.known),
    ):
        for name, counts in theirs.items():
            mine[name][ids] += counts
    for name, highest in new.highest.items():
        known.highest[name][ids] = np.maximum(known.highest[name][ids], highest)
        for i, total in zip(ids.tolist(), new.total[name], strict=True):
            known.total[name][i] += total
    for bit, counts in enumerate(new.must):
        known.must[bit][ids] += counts
    for code, counts in new.steps.items():
        known.steps.setdefault(code, np.zeros_like(known.cells))[ids] += counts
    for level, pairs in new.units.items():
        for pair, n in pairs.items():
            known.units[level][pair] = known.units[level].get(pair, 0) + n
    return known


@dataclass(frozen=True)
class Piece:
    """One piece of the line as its row of the polygon layer says it."""

    number: int
    code: str
    name: str
    category: str
    type_code: str
    dominant: str
    functions: str
    level: int
    realm: str
    area_m2: float
    units: Mapping[str, tuple[str, str]]  # level -> code, label of the unit with most of the piece
    all_units: str
    reasons: str
    must_include: str

    def row(self, run: str) -> dict[str, Any]:
        """The columns of layer `redline`, in order."""
        levels: dict[str, str] = {}
        for level, (code, label) in self.units.items():
            levels |= {level: label, f"{level}_code": code}
        first = ("code", "name", "category", "type_code", "dominant", "functions", "level", "realm")
        return {
            **{key: getattr(self, key) for key in (*first, "area_m2")},
            **levels,
            "units": self.all_units,
            "reasons": self.reasons,
            "must_include": self.must_include,
            "piece": self.number,
            "run": run,
        }


@dataclass(frozen=True)
class MustName:
    """What a must bit stands for."""

    kind: str
    name: str
    level: int


def describe(
    counts: Tally,
    levels: Sequence[Units],
    piece_level: str,
    must: Sequence[MustName],
    parameters: Parameters,
    cell_m2: float,
    landscapes: Units | None = None,
) -> list[Piece]:
    """The pieces in the order of their numbers (row-major order of their first cells).

    levels: administrative levels; piece_level: the one whose units name and number the pieces.
    landscapes: natural geographic units, counted with the levels, which name pieces instead.
    """
    codes = parameters.table("redline.type_codes")
    by_level = {level.name: counts.units_of(level.name) for level in levels}
    places = _Places(levels, piece_level, landscapes, counts)
    found = []
    for piece in range(1, len(counts.cells)):
        index, realm, level = class_parts(int(counts.classes[piece]))
        division, number, place = places.of(piece, index, realm)
        dominant = dominant_of(counts, piece)
        type_code = f"{int(codes[dominant]):02d}"
        found.append(
            Piece(
                piece,
                f"{division}{type_code}{number:04d}",
                _name(place, dominant),
                category_of(dominant),
                type_code,
                dominant,
                _functions(counts, piece),
                level,
                REALMS[realm],
                int(counts.cells[piece]) * cell_m2,
                {lv.name: _main_unit(lv, by_level[lv.name].get(piece, [])) for lv in levels},
                _all_units(levels, by_level, piece, cell_m2),
                _reasons(counts, piece, must),
                ", ".join(_must_kinds(counts, piece, must)),
            )
        )
    return found


class _Places:
    """Names and numbers pieces: numbers count up within each division."""

    def __init__(
        self, levels: Sequence[Units], piece_level: str, landscapes: Units | None, counts: Tally
    ) -> None:
        self.division = next((level for level in levels if level.name == piece_level), None)
        self.landscapes = landscapes
        self.natural = {} if landscapes is None else counts.units_of(landscapes.name)
        self.numbers: dict[str, int] = {}

    def of(self, piece: int, index: int, realm: int) -> tuple[str, int, str]:
        """The division's code, the piece's number in it, and the place it is named after."""
        code, place = _place(self.division, index, realm)
        if self.landscapes is not None:
            place = _main_unit(self.landscapes, self.natural.get(piece, []))[1] or place
        self.numbers[code] = self.numbers.get(code, 0) + 1
        return code, self.numbers[code], place


def dominant_of(counts: Tally, piece: int) -> str:
    """The function or sensitivity with the largest class-5 area; ties by the order of CRITERIA."""
    areas = {name: int(counts.extreme[name][piece]) for name in CRITERIA if name in counts.extreme}
    best = max(areas, key=lambda name: areas[name], default=NO_CRITERION)
    return best if areas.get(best, 0) > 0 else NO_CRITERION


def category_of(dominant: str) -> str:
    """The report's category: functions, barriers, or species' habitats and natural landscapes."""
    if dominant in ("biodiversity", NO_CRITERION):
        return "habitat"
    return "key_function" if dominant in FUNCTIONS else "barrier"


def _place(division: Units | None, index: int, realm: int) -> tuple[str, str]:
    """Code and name of the division that a piece is numbered in."""
    if division is not None and index >= 0:
        return str(division.codes[index]), str(division.labels[index])
    return ("S", say("Sea")) if REALMS[realm] == "sea" else ("0", say("Outside any division"))


def _name(place: str, dominant: str) -> str:
    if dominant == NO_CRITERION:
        return say("{place} natural landscape ecological conservation redline", place=place)
    return say(
        "{place} {function} ecological conservation redline",
        place=place,
        function=say(CRITERIA[dominant]),
    )


def _share(cells: int, counts: Tally, piece: int) -> float:
    return 100 * cells / int(counts.cells[piece])


def _functions(counts: Tally, piece: int) -> str:
    """The criteria that are extreme in the piece with their shares, largest first."""
    shares = _extreme_shares(counts, piece)
    return "; ".join(f"{name} {share:.1f} %" for name, share in shares)


def _extreme_shares(counts: Tally, piece: int) -> list[tuple[str, float]]:
    found = [
        (name, _share(int(counts.extreme[name][piece]), counts, piece))
        for name in CRITERIA
        if name in counts.extreme and counts.extreme[name][piece]
    ]
    return sorted(found, key=lambda pair: -pair[1])


def _must_cells(counts: Tally, piece: int, must: Sequence[MustName]) -> list[tuple[MustName, int]]:
    pairs = [(m, int(cells[piece])) for m, cells in zip(must, counts.must, strict=True)]
    return [(m, n) for m, n in pairs if n]


def _must_kinds(counts: Tally, piece: int, must: Sequence[MustName]) -> list[str]:
    return list(dict.fromkeys(m.kind for m, _ in _must_cells(counts, piece, must)))


def _reasons(counts: Tally, piece: int, must: Sequence[MustName]) -> str:
    """What made the piece red, as sentences for a table."""
    parts = [
        _graded_reason(name).format(criterion=say(CRITERIA[name]), share=f"{share:.1f}")
        for name, share in _extreme_shares(counts, piece)
    ]
    for m, cells in _must_cells(counts, piece, must):
        share = f"{_share(cells, counts, piece):.1f}"
        text = say("{kind} ({name}): {share} % of the piece", kind=kind_name(m.kind),
                   name=m.name, share=share)  # fmt: skip
        parts.append(text)
    for code, what in ((FILLED, say("filled hole")), (CORRIDOR, say("corridor"))):
        if code in counts.steps and counts.steps[code][piece]:
            share = f"{_share(int(counts.steps[code][piece]), counts, piece):.1f}"
            parts.append(say("{what}: {share} % of the piece", what=what, share=share))
    return "; ".join(parts)


def _graded_reason(name: str) -> str:
    if name in FUNCTIONS:
        return say("{criterion}: extremely important in {share} % of the piece")
    return say("{criterion}: extremely sensitive in {share} % of the piece")


def _main_unit(level: Units, units: list[tuple[int, int]]) -> tuple[str, str]:
    """Code and label of the unit with most of the piece; empty where it lies in none."""
    known = [unit for unit, _ in units if unit >= 0]
    return (str(level.codes[known[0]]), str(level.labels[known[0]])) if known else ("", "")


def _all_units(
    levels: Sequence[Units],
    by_level: Mapping[str, Mapping[int, list[tuple[int, int]]]],
    piece: int,
    cell_m2: float,
) -> str:
    """Every unit the piece reaches into, with its area, at levels where there is more than one."""
    parts = []
    for level in levels:
        units = [(u, n) for u, n in by_level[level.name].get(piece, []) if u >= 0]
        if len(units) > 1:
            listed = ", ".join(f"{level.labels[u]} {n * cell_m2 / 1e6:.1f} km2" for u, n in units)
            parts.append(f"{level.name}: {listed}")
    return "; ".join(parts)


def check_pieces(
    areas: Sequence[float],
    geometries: Sequence[Any],
    mask_m2: float,
    drift_percent: float,
) -> None:
    """Refuse a polygon layer whose pieces do not sum to the totals, or overlap, or are not valid.

    areas: area of each piece by cells, m2; geometries: its polygon; mask_m2: area of the line's
    cells; drift_percent: how far smoothing may move a piece's area. Raises UserError.
    """
    import shapely

    if not math.isclose(math.fsum(areas), mask_m2, rel_tol=1e-12, abs_tol=1e-6):
        raise _refused(say("the pieces do not sum to the line"), math.fsum(areas), mask_m2)
    shapes = np.asarray(geometries, dtype=object)
    for bad in np.flatnonzero(~shapely.is_valid(shapes)).tolist():
        raise _bad_piece(say("piece {n} is not a valid polygon", n=bad + 1), shapes[bad])
    drawn = shapely.area(shapes)
    for i, (polygon, cells) in enumerate(zip(drawn.tolist(), areas, strict=True)):
        if abs(polygon - cells) > drift_percent / 100 * cells + 1e-6 * cells:
            raise _refused(say("the polygon of piece {n} is not its area", n=i + 1), polygon, cells)
    if abs(math.fsum(drawn) - mask_m2) > drift_percent / 100 * mask_m2 + 1e-6:
        raise _refused(say("the polygons do not sum to the line"), math.fsum(drawn), mask_m2)
    overlap = 0.0  # a valid coverage has none; only where it is not one is the union made
    if not shapely.coverage_is_valid(shapes):
        overlap = math.fsum(drawn) - float(shapely.area(shapely.union_all(shapes)))
    if overlap > 1e-6 * mask_m2:
        raise _refused(say("the polygons overlap"), math.fsum(drawn) - overlap, math.fsum(drawn))


def _refused(what: str, found: float, wanted: float) -> UserError:
    return UserError(
        what,
        where="redline.gpkg",
        by_how_much=f"{found / 1e6:,.6f} km2, not {wanted / 1e6:,.6f} km2",
        next_step="this is a fault of Tianren: please report it with the project's run.toml",
    )


def _bad_piece(what: str, shape: Any) -> UserError:
    import shapely

    return UserError(
        what,
        where="redline.gpkg",
        by_how_much=str(shapely.is_valid_reason(shape)),
        next_step="this is a fault of Tianren: please report it with the project's run.toml",
    )
