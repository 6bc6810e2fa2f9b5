"""A look at a layer's values before use: undeclared nodata, wrong units, unknown codes."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.native import NativeRaster
from tianren.io.pieces import Piece, cover
from tianren.io.units import likely_units
from tianren.language import say
from tianren.parameters.layers import layers
from tianren.raster.raster import Array, Grid, whole

# Numbers that stand for "no data" in the files of this world, when they are far from the values.
_FILLS = (-9999.0, -99999.0, -999.0, -9.0e33, 1.0e20, 9999.0, 32767.0, -32768.0, -32767.0, 65535.0)
_HUGE = 1e30
# More stray values than this, and it is the unit or the layer that is wrong, not the values.
_STRAY = 0.01
_BLOCK = 2048
_FEW = 4_000_000  # cells that are read whole where a sample would do
_PLACE, _PLACES = 64, 5  # cells on a side of a sampled place; places along each side
_REMEMBERED = 64  # distinct stray values


@dataclass
class Survey:
    """What the cells of one band hold under the project's grid. Sums are exact enough to say so."""

    cells: int = 0
    valid: int = 0
    low: float = np.inf
    high: float = -np.inf
    total: float = 0.0
    below: int = 0
    above: int = 0
    strays: Counter[float] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    broken: int = 0  # cells of a category that are not whole numbers from 0

    @property
    def mean(self) -> float:
        return self.total / self.valid if self.valid else np.nan


def survey(native: NativeRaster, band: int, target: Grid, *, sample: bool = False) -> Survey:
    """Read the cells of a band under the grid once, by blocks; of a large one only a sample."""
    found = Survey()
    low, high = plausible(native)
    for rows, columns in _sample(native, target) if sample else _blocks(native, target):
        raw, missing = native.read_raw(band, rows, columns)
        found.cells += raw.size
        if native.is_category:
            _count_codes(found, raw, missing)
        else:
            _count_values(found, raw, native.clean(band, raw, missing), low, high)
    return found


def plausible(native: NativeRaster) -> tuple[float, float]:
    """The range of layers.csv; huge numbers are implausible for any layer."""
    known = layers().get(native.entry.layer)
    low = known.low if known and known.low is not None else -_HUGE
    high = known.high if known and known.high is not None else _HUGE
    return low, high


def _blocks(native: NativeRaster, target: Grid) -> Iterator[tuple[slice, slice]]:
    found = cover(native.grid, target, whole(target))
    for piece in found.pieces if found else ():
        yield from _cut(piece)


def _sample(native: NativeRaster, target: Grid) -> Iterator[tuple[slice, slice]]:
    """Places spread over the cells under the grid, corners and the last rows among them.

    All of them, where they are few.
    """
    found = cover(native.grid, target, whole(target))
    if found is None or found.shape[0] * found.shape[1] <= _FEW:
        yield from _blocks(native, target)
        return
    for piece in found.pieces:
        for rows in _places(piece.rows):
            for columns in _places(piece.columns):
                yield rows, columns


def _places(along: slice) -> Iterator[slice]:
    last = max(along.stop - _PLACE, along.start)
    for start in sorted({int(s) for s in np.linspace(along.start, last, _PLACES)}):
        yield slice(start, min(start + _PLACE, along.stop))


def _cut(piece: Piece) -> Iterator[tuple[slice, slice]]:
    for r in range(piece.rows.start, piece.rows.stop, _BLOCK):
        for c in range(piece.columns.start, piece.columns.stop, _BLOCK):
            yield (
                slice(r, min(r + _BLOCK, piece.rows.stop)),
                slice(c, min(c + _BLOCK, piece.columns.stop)),
            )


def _count_values(found: Survey, raw: Array, values: Array, low: float, high: float) -> None:
    valid = ~np.isnan(values)
    if not valid.any():
        return
    inside = values[valid]
    stored = raw[valid].astype(np.float64)
    below, above = inside < low, inside > high
    # A usual fill is a stray even where no range says so, if it is the band's own extreme.
    fills = np.isin(raw[valid], _as_stored(raw.dtype)) | (np.abs(stored) > _HUGE)
    stray = below | above | (fills & ((inside <= -999) | (inside >= 9999)))
    found.below += int(below.sum())
    found.above += int(above.sum())
    _remember(found.strays, stored[stray])
    found.valid += inside.size
    found.low = min(found.low, float(inside.min()))
    found.high = max(found.high, float(inside.max()))
    with np.errstate(over="ignore"):
        found.total += float(inside.sum(dtype=np.float64))


def _as_stored(dtype: np.dtype[Any]) -> Array:
    """The usual fills as a file of this type holds them."""
    if dtype.kind == "f":
        return np.array(_FILLS).astype(dtype)
    limits = np.iinfo(dtype)
    return np.array([f for f in _FILLS if limits.min <= f <= limits.max]).astype(dtype)


def _is_fill(value: float) -> bool:
    return any(math.isclose(value, fill, rel_tol=1e-6) for fill in _FILLS)


def _remember(seen: Counter[float], values: Array) -> None:
    if not values.size:
        return
    distinct, counts = np.unique(values, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_REMEMBERED]
    seen.update({float(distinct[i]): int(counts[i]) for i in most})


def _count_codes(found: Survey, raw: Array, missing: Array) -> None:
    codes, counts = np.unique(raw[~missing], return_counts=True)
    found.valid += int(counts.sum())
    whole_numbers = (codes == np.floor(codes)) & (codes >= 0) & (codes < 2**31)
    found.broken += int(counts[~whole_numbers].sum())
    good = zip(codes[whole_numbers], counts[whole_numbers], strict=True)
    found.codes.update({int(code): int(count) for code, count in good})
    bad = zip(codes[~whole_numbers], counts[~whole_numbers], strict=True)
    found.strays.update({float(code): int(count) for code, count in bad})


def judge(native: NativeRaster, band: int, found: Survey) -> list[Finding]:
    """Refuse what cannot be meant, say what is odd. Raises UserError with numbers and next step."""
    if native.is_category:
        _judge_codes(native, found)
        return []
    name = native.bands[band].name
    _judge_fills(native, name, found)
    _judge_unit(native, name, found)
    return _strays(native, name, found)


def _judge_fills(native: NativeRaster, name: str, found: Survey) -> None:
    value, count = _likely_fill(native, found)
    if count:
        raise UserError(
            f"{name} holds the value {value:g}, which looks like undeclared nodata",
            where=native.entry.where,
            by_how_much=f"{count:,} of {found.cells:,} cells ({100 * count / found.cells:.2g} %)",
            next_step=f"if it means no data, write missing = [{value!r}] "
            f"in [{native.entry.name}] of catalog.toml",
        )


def _likely_fill(native: NativeRaster, found: Survey) -> tuple[float, int]:
    """The commonest stray value that is a usual fill, or the file type's own extreme."""
    for value, count in sorted(found.strays.items(), key=lambda s: (-s[1], s[0])):
        if _is_fill(value) or abs(value) > _HUGE or _is_extreme(native, value, count, found):
            return value, count
    return 0.0, 0


def _is_extreme(native: NativeRaster, value: float, count: int, found: Survey) -> bool:
    """255 of bytes, 65535 of words: nodata when it is most of what is out of range."""
    if native.dtype.kind not in "iu":
        return False
    limits = np.iinfo(native.dtype)
    return value in (limits.min, limits.max) and 2 * count > found.below + found.above > 0


def _judge_unit(native: NativeRaster, name: str, found: Survey) -> None:
    low, high = plausible(native)
    stray = found.below + found.above
    if not found.valid or (low <= found.mean <= high and stray <= _STRAY * found.valid):
        return
    unit, declared = native.unit, native.entry.unit
    raise UserError(
        f"the values of {name} do not fit the unit {declared}",
        where=native.entry.where,
        by_how_much=f"mean {found.mean:.4g}, from {found.low:.4g} to {found.high:.4g} {unit}; "
        f"plausible are {low:g} to {high:g} {unit}, {stray:,} of {found.valid:,} cells are outside",
        next_step=_unit_advice(native, found),
    )


def _unit_advice(native: NativeRaster, found: Survey) -> str:
    """Units, or a scale, with which the mean would be plausible."""
    low, high = plausible(native)
    how = native.bands[0].conversion
    stored = (found.mean - how.offset) / how.factor
    units = [native.unit] if low <= stored <= high and how.changes else []
    units += likely_units(stored, native.unit, low, high)
    asked = [u for u in dict.fromkeys(units) if u != native.entry.unit]
    where = f"in [{native.entry.name}] of catalog.toml"
    if asked:
        return f'{" or ".join(asked)}? write unit = "{asked[0]}" {where}'
    for scale in (0.1, 0.01, 0.001, 0.0001):
        if low <= found.low * scale and found.high * scale <= high:
            return f"is the scale missing? write scale = {scale:g} {where}"
    return f"check what the layer holds, and its unit {where}"


def _strays(native: NativeRaster, name: str, found: Survey) -> list[Finding]:
    stray = found.below + found.above
    if not stray:
        return []
    low, high = plausible(native)
    message = say(
        "{name} has {n:,} cells ({share:.2g} %) outside {low:g} to {high:g} {unit}: "
        "they go from {least:.6g} to {most:.6g} and were kept",
        name=name, n=stray, share=100 * stray / found.valid, low=low, high=high,
        unit=native.unit, least=found.low, most=found.high,
    )  # fmt: skip
    return [_finding(native, "layer.out_of_range", Severity.WARNING, message)]


def _judge_codes(native: NativeRaster, found: Survey) -> None:
    entry = native.entry
    legend: Mapping[int, str] = entry.legend
    unknown = Counter({c: n for c, n in found.codes.items() if c not in legend})
    if found.broken:
        value, count = found.strays.most_common(1)[0]
        raise UserError(
            f"{entry.layer} is a category but holds {value:g}: codes are whole numbers from 0",
            where=entry.where,
            by_how_much=f"{found.broken:,} of {found.cells:,} cells, {count:,} of them {value:g}",
            next_step=f"if it means no data, write missing = [{value!r}] in [{entry.name}]; "
            "if the layer is a quantity, correct its kind",
        )
    if unknown:
        listed = ", ".join(f"{code} ({count:,} cells)" for code, count in unknown.most_common(8))
        code = unknown.most_common(1)[0][0]
        raise UserError(
            f"{entry.layer} has codes that its legend does not have: {listed}",
            where=entry.where,
            by_how_much=f"{unknown.total():,} of {found.cells:,} cells",
            next_step=f"add them to the legend in [{entry.name}] of catalog.toml, "
            f"or, if {code} means no data, write missing = [{code}]",
        )


def unit_findings(native: NativeRaster) -> list[Finding]:
    """What was done about the unit: converted, or declared otherwise by the file itself."""
    entry, findings = native.entry, []
    if native.bands[0].conversion.changes:
        message = say(
            "{name} was converted from {given} to {unit}",
            name=entry.layer, given=entry.unit, unit=native.unit,
        )  # fmt: skip
        findings.append(_finding(native, "layer.unit_converted", Severity.NOTE, message))
    if native.file_unit and not _same_unit(native.file_unit, entry.unit):
        message = say(
            "the file of {name} says its unit is {file}; catalog.toml says {given}, which was used",
            name=entry.layer, file=native.file_unit, given=entry.unit,
        )  # fmt: skip
        findings.append(_finding(native, "layer.file_unit_differs", Severity.WARNING, message))
    return findings


def _same_unit(a: str, b: str) -> bool:
    from tianren.io.units import plain_unit

    return plain_unit(a).casefold() == plain_unit(b).casefold()


def _finding(native: NativeRaster, rule: str, severity: Severity, message: str) -> Finding:
    return Finding(rule, native.entry.layer, severity, message, native.entry.name)
