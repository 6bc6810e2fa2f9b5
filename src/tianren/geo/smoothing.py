"""Smoothing of a coverage: neighbours keep common edges, and no piece moves more area than allowed.

Two passes over the whole coverage, never ring by ring. First corners are cut: a vertex that is only
a bend is replaced by a point on each of its two edges, at most half of the edge away. A bend to the
left gains what a bend to the right loses: a ring of cells loses about half a cell, however long.
Then what is nearly straight is simplified (shapely.coverage_simplify; Visvalingam & Whyatt 1993).
Points where three or more edges meet stay where they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    Pieces = TypeVar("Pieces", bound=Mapping[int, shapely.Geometry] | GeoDataFrame)

Geometries = NDArray[np.object_]
Flags = NDArray[np.bool_]
HALVINGS = 6  # of the tolerance, before smoothing is given up
SOURCE = "Tianren: How the line is drawn"


def smooth(
    pieces: "Pieces",
    tolerance_m: float,
    area_drift: float | Fraction,
    total_drift: float | Fraction | None = None,
) -> "tuple[Pieces, list[Finding]]":
    """The pieces with smoothed edges, and what was done to keep their areas.

    pieces: polygons or multipolygons that share their edges, as `trace` makes them, by label or as
    a GeoDataFrame, in a CRS in metres; the same form and order is returned.
    tolerance_m: how far an edge may move, usually about one cell; 0 smooths nothing.
    area_drift: the share of its area that a piece may gain or lose; a piece that would change more
    keeps its edges, which is a Finding. total_drift: the same for the sum of the pieces (default:
    area_drift); where it is exceeded the tolerance is halved for all, which is a Finding.
    Errors: UserError when the pieces are invalid, overlap, or their edges do not match.
    """
    geometries = _geometries(pieces)
    _check_coverage(geometries)
    limits = _Limits(float(area_drift), float(area_drift if total_drift is None else total_drift))
    if tolerance_m <= 0 or len(geometries) == 0:
        return pieces, []
    for halving in range(HALVINGS):
        tolerance = tolerance_m / 2**halving
        smoothed, kept = _smoothed(geometries, tolerance, limits.piece)
        if smoothed is not None and _drift(geometries, smoothed) <= limits.total:
            return _like(pieces, smoothed), _findings(tolerance_m, tolerance, kept, limits)
    return pieces, [_nothing_smoothed(tolerance_m, limits)]


@dataclass(frozen=True)
class _Limits:
    piece: float
    total: float


def _geometries(pieces: Any) -> Geometries:
    found = list(pieces.values()) if isinstance(pieces, Mapping) else list(pieces.geometry)
    return np.array(found, dtype=object)


def _like(pieces: Any, geometries: Geometries) -> Any:
    if isinstance(pieces, Mapping):
        return dict(zip(pieces, geometries, strict=True))
    return pieces.set_geometry(type(pieces.geometry)(geometries, pieces.index, crs=pieces.crs))


def _check_coverage(geometries: Geometries) -> None:
    if _is_coverage(geometries):
        return
    raise UserError(
        say("the pieces overlap, are invalid, or their edges do not match"),
        by_how_much=say("{n} invalid", n=int(np.count_nonzero(~shapely.is_valid(geometries)))),
        next_step=say("smooth the pieces as they were traced, before anything else changes them"),
    )


def _is_coverage(geometries: Geometries) -> bool:
    valid = shapely.is_valid(geometries) & ~shapely.is_empty(geometries)
    return bool(valid.all() and shapely.coverage_is_valid(geometries))


def _drift(before: Geometries, after: Geometries) -> float:
    area = float(shapely.area(before).sum())
    return abs(float(shapely.area(after).sum()) - area) / area


def _smoothed(
    geometries: Geometries, tolerance: float, limit: float
) -> tuple[Geometries | None, Flags]:
    """The coverage smoothed with one tolerance, and which pieces keep their edges for their area.

    None when a piece drifts too far although its own corners are not cut, or edges would cross.
    """
    area = shapely.area(geometries)
    kept = np.zeros(len(geometries), dtype=bool)
    outline = _Outline.of(geometries)
    while True:
        cut = outline.with_corners_cut(tolerance / 2, kept)
        # Half of the tolerance straightens cut corners, and leaves alone those of whole cells.
        found = np.atleast_1d(shapely.coverage_simplify(cut, tolerance / 2))
        too_far = np.abs(shapely.area(found) - area) > limit * area
        if not too_far.any():
            return (found if _is_coverage(found) else None), kept
        if (too_far & kept).any():
            return None, kept
        kept |= too_far


@dataclass(frozen=True)
class _Outline:
    """The rings of a coverage as flat arrays, their closing vertices left out.

    xy: (n, 2) vertices, ring after ring; ring_ends, part_ends: where rings and polygons end, each
    with a leading 0; part_of: (polygons) the piece of each; single: (pieces) whether it is a
    Polygon; before, after: (n) the vertex before and after on the ring; point: (n) one number for
    equal coordinates; node: (points) whether other than two edges meet there; piece: (n).
    """

    xy: NDArray[np.float64]
    ring_ends: NDArray[np.int64]
    part_ends: NDArray[np.int64]
    part_of: NDArray[np.int64]
    single: Flags
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    point: NDArray[np.int64]
    node: Flags
    piece: NDArray[np.int64]

    @classmethod
    def of(cls, geometries: Geometries) -> "_Outline":
        parts, part_of = shapely.get_parts(geometries, return_index=True)
        _, closed, (closed_ends, part_ends) = shapely.to_ragged_array(parts, include_z=False)
        xy = np.delete(closed, closed_ends[1:] - 1, axis=0)
        ring_ends = closed_ends.astype(np.int64) - np.arange(len(closed_ends))
        before, after = _neighbours(ring_ends)
        _, point = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
        part_of_ring = np.repeat(part_of, np.diff(part_ends))
        return cls(
            xy=xy,
            ring_ends=ring_ends,
            part_ends=part_ends.astype(np.int64),
            part_of=part_of,
            single=shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON,
            before=before,
            after=after,
            point=point,
            node=_nodes(point, point[after]),
            piece=np.repeat(part_of_ring, np.diff(ring_ends)),
        )

    def with_corners_cut(self, reach: float, kept: Flags) -> Geometries:
        """The pieces with each bend replaced by two points, at most `reach` away on its edges.

        kept: (pieces) whose vertices stay, also where a neighbour shares them.
        """
        stays = self.node.copy()
        stays[self.point[kept[self.piece]]] = True
        bends = ~stays[self.point]
        pairs = np.repeat(self.xy[:, None, :], 2, axis=1)
        for side, other in ((0, self.before), (1, self.after)):
            pairs[bends, side] = _towards(self.xy[bends], self.xy[other[bends]], reach)
        return self._rebuilt(pairs.reshape(-1, 2))

    def _rebuilt(self, doubled: NDArray[np.float64]) -> Geometries:
        """Pieces from two points a vertex; a point equal to the one before it is dropped."""
        ends = 2 * self.ring_ends
        before, _ = _neighbours(ends)
        new = (doubled != doubled[before]).any(axis=1)
        lengths = np.add.reduceat(new, ends[:-1], dtype=np.int64)
        xy, open_ends = doubled[new], np.concatenate([[0], np.cumsum(lengths)])
        closed = np.insert(xy, open_ends[1:], xy[open_ends[:-1]], axis=0)
        closed_ends = open_ends + np.arange(len(open_ends))
        parts = shapely.from_ragged_array(
            shapely.GeometryType.POLYGON, closed, (closed_ends, self.part_ends)
        )
        return self._grouped(parts)

    def _grouped(self, parts: Geometries) -> Geometries:
        if self.single.all():
            return parts
        found = np.array(shapely.multipolygons(parts, indices=self.part_of), dtype=object)
        found[self.single] = parts[np.isin(self.part_of, np.flatnonzero(self.single))]
        return found


def _neighbours(ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The index before and after each one, round the ring."""
    index = np.arange(ends[-1])
    before, after = index - 1, index + 1
    before[ends[:-1]] = ends[1:] - 1
    after[ends[1:] - 1] = ends[:-1]
    return before, after


def _nodes(start: NDArray[np.int64], end: NDArray[np.int64]) -> Flags:
    """Whether other than two different edges meet at each point."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    edges = np.unique(low * (high.max() + 1) + high)
    low, high = np.divmod(edges, high.max() + 1)
    degree: Flags = np.bincount(np.concatenate([low, high])) != 2
    return degree


def _towards(
    start: NDArray[np.float64], end: NDArray[np.float64], reach: float
) -> NDArray[np.float64]:
    """The point on each edge `reach` from its start; its middle when that is nearer."""
    length = np.hypot(*(end - start).T)[:, None]
    # The middle is computed so that it is the same, to the bit, from both ends.
    return np.where(
        length <= 2 * reach, (start + end) / 2, start + (end - start) * (reach / length)
    )


def _findings(asked: float, used: float, kept: Flags, limits: _Limits) -> list[Finding]:
    found = []
    if used < asked:
        message = say(
            "edges are smoothed by {used} m, not {asked} m: more would move the area too far"
            " ({piece} % a piece, {total} % in all) or make edges cross",
            used=f"{used:g}",
            asked=f"{asked:g}",
            piece=f"{100 * limits.piece:g}",
            total=f"{100 * limits.total:g}",
        )
        found.append(
            Finding("smoothing.tolerance_reduced", "redline", Severity.NOTE, message, SOURCE)
        )
    if kept.any():
        message = say(
            "{n} of {all} pieces keep the edges of their cells: smoothing by {used} m would change"
            " their area by more than {piece} %",
            n=int(kept.sum()),
            all=len(kept),
            used=f"{used:g}",
            piece=f"{100 * limits.piece:g}",
        )
        found.append(Finding("smoothing.pieces_kept", "redline", Severity.NOTE, message, SOURCE))
    return found


def _nothing_smoothed(asked: float, limits: _Limits) -> Finding:
    message = say(
        "nothing is smoothed: with {asked} m, and with {smallest} m, the area would change by more"
        " than {piece} % a piece or {total} % in all, or edges would cross",
        asked=f"{asked:g}",
        smallest=f"{asked / 2 ** (HALVINGS - 1):g}",
        piece=f"{100 * limits.piece:g}",
        total=f"{100 * limits.total:g}",
    )
    return Finding("smoothing.given_up", "redline", Severity.WARNING, message, SOURCE)
