"""Boundaries of labelled pieces as valid polygons that share their edges, from runs of cells.

The lines between two rows are swept from north to south. Where a boundary turns, or where three or
more pieces meet, each piece with a boundary there gets a vertex; each vertex learns its next one,
with the piece on its left hand. What is kept is the runs and the vertices, never the cells.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tianren.raster.patches import ROWS, class_band, each_band, numbered
from tianren.raster.raster import Array, Grid, Raster, Window

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

    from tianren.raster.rings import Vertices
    from tianren.raster.runs import Band, Ints  # importing these imports numba: when used


def trace(
    labels: Raster, *, size: int = ROWS, workers: int | None = None
) -> "dict[int, Polygon | MultiPolygon]":
    """The boundary of each label, in the grid's CRS, by ascending label.

    labels: codes; 0 and MISSING are outside. A label whose cells are 4-connected, as `label` makes
    them, is a Polygon, with a hole where other cells lie in it; any other is a MultiPolygon. Edges
    run along the cells, without a vertex on a straight edge except where another piece has one: the
    polygons are a valid coverage, and their areas are those of the cells. size: rows in a band.
    """
    pieces = each_band(labels, size, workers, _pieces)
    numbers, count = numbered([p.band for p in pieces])
    codes = np.zeros(count + 1, dtype=np.int32)
    for piece, number in zip(pieces, numbers, strict=True):
        codes[number] = piece.codes
    bands = [p.band for p in pieces]
    pieces.clear()
    return _by_label(_polygons(_vertices(bands, numbers), labels.grid), codes[1:])


@dataclass(frozen=True)
class _Pieces:
    """A band of labels. codes: (components) int32, the label of each of the band's components."""

    band: "Band"
    codes: "Ints"


def _pieces(window: Window, cells: Array) -> _Pieces:
    from tianren.raster.runs import NONE

    band, keys = class_band(window, cells)
    codes = np.zeros(band.count, dtype=np.int32)
    codes[band.of[band.of != NONE]] = keys[band.of != NONE]
    return _Pieces(band, codes)


def _vertices(bands: "list[Band]", numbers: "list[Ints]") -> "Vertices":
    """Sweep the bands from north to south. Each is forgotten then: the vertices need the room."""
    from tianren.raster import rings

    columns = bands[0].window[1].stop
    sweep = rings.Sweep(columns)
    while bands:
        band, number = bands.pop(0), numbers.pop(0)
        ids = np.append(number, np.int32(0))[band.of]  # NONE is -1: the number 0 at the end
        sweep.add(band.runs.first, band.runs.starts, ids)
    return sweep.finish()


def _polygons(vertices: "Vertices", grid: Grid) -> NDArray[np.object_]:
    """The polygon of each piece 1..n: its first ring is the shell, the others are its holes."""
    import shapely

    a = grid.affine
    affine = np.array([a.a, a.b, a.c, a.d, a.e, a.f])
    coordinates, ring_ends, piece_ends = vertices.rings(affine)
    del vertices  # the polygons need the room
    return shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, coordinates, (ring_ends, piece_ends)
    )


def _by_label(polygons: NDArray[np.object_], codes: "Ints") -> "dict[int, Polygon | MultiPolygon]":
    """One geometry a label: the polygon of its only piece, else a MultiPolygon of its pieces."""
    import shapely

    order = np.argsort(codes, kind="stable")
    labels, starts = np.unique(codes[order], return_index=True)
    if len(labels) == len(codes):
        return dict(zip(labels.tolist(), polygons[order], strict=True))
    groups = np.split(polygons[order], starts[1:])
    joined = (g[0] if len(g) == 1 else shapely.multipolygons(g) for g in groups)
    return dict(zip(labels.tolist(), joined, strict=True))
