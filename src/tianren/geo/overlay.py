"""Overlap counted once: which claim has each piece of the plane, and how large it is.

Several layers of polygons lie on one another: protected areas that overlap, provinces, ecoregions.
Each piece of land belongs, in each claim, to one polygon: the first in the claim's order of those
that cover it. The areas of all pieces are found without joining a single polygon (geo.slabs), so
that dirt cannot break it, and the sum over the pieces of a claim is the area of its union.
Importing this imports numba.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import local
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.geo import slabs
from tianren.geo.threads import processors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOBODY = -1


@dataclass(frozen=True)
class Claim:
    """Polygons that claim land, and their order: of several on one place the first has it.

    polygons: valid, in one equal-area CRS for all claims. order: their numbers, the first to have
    its land first; as they stand when None. Two claims may share one array of polygons.
    """

    polygons: NDArray[Any]
    order: NDArray[np.integer[Any]] | None = None


@dataclass(frozen=True)
class Pieces:
    """Who has what: owner (rows, claims), the number of the polygon or NOBODY; area (rows,), m2.

    Each combination of owners is one row; rows are in order of owners. What nobody claims in any
    claim has no row.
    """

    owner: Ints
    area: Floats

    def of(self, claim: int, count: int) -> Floats:
        """The area that each of so many polygons of a claim has, m2."""
        mine = self.owner[:, claim]
        areas = np.bincount(mine[mine >= 0], self.area[mine >= 0], minlength=count)
        return areas.astype(np.float64)


def pieces(claims: Sequence[Claim]) -> Pieces:
    """Overlay all claims at once; see Pieces. The same claims give the same bits on any machine
    with any number of processors.

    Raises ValueError when an order is not one of all polygons, when a coordinate is not finite, or
    when the claims have more combinations than 2^62.
    """
    layers, layer_of_claim = _layers(claims)
    sizes = [len(layers[of]) for of in layer_of_claim]
    weights = _weights(sizes)
    place, code = _places(claims, layers, layer_of_claim, weights)
    with ThreadPoolExecutor(processors()) as threads:
        sums = _strips(threads, *_rings(np.concatenate(layers)), place, code)
    return _pieces(sums, weights, sizes)


def _layers(claims: Sequence[Claim]) -> tuple[list[NDArray[Any]], list[int]]:
    """Each array of polygons once, and which of them each claim is about."""
    layers: list[NDArray[Any]] = []
    of = []
    for claim in claims:
        same = [n for n, layer in enumerate(layers) if layer is claim.polygons]
        of.append(same[0] if same else len(layers))
        if not same:
            layers.append(claim.polygons)
    return layers, of


def _places(
    claims: Sequence[Claim], layers: Sequence[NDArray[Any]], layer_of_claim: Sequence[int],
    weights: Sequence[int],
) -> tuple[Ints, Ints]:  # fmt: skip
    """place and code of all polygons as geo.slabs wants them."""
    start = np.concatenate([[0], np.cumsum([len(layer) for layer in layers])])
    nobody = start[-1]
    place = np.full((nobody + 1, len(claims)), nobody + 1, dtype=np.int64)
    code = np.zeros_like(place)
    place[nobody] = nobody
    for c, claim in enumerate(claims):
        count = len(claim.polygons)
        wanted = np.arange(count) if claim.order is None else np.asarray(claim.order)
        if not np.array_equal(np.sort(wanted), np.arange(count)):
            raise ValueError("an order names each polygon of its claim once")
        first = start[layer_of_claim[c]]
        place[first + wanted, c] = np.arange(count)
        code[first : first + count, c] = np.arange(1, count + 1) * weights[c]
    return place, code


def _weights(sizes: Sequence[int]) -> list[int]:
    """What one polygon of each claim counts in a key."""
    weights = [1]
    for size in sizes:
        weights.append(weights[-1] * (size + 1))
    if weights[-1] >= 2**62:
        raise ValueError("the claims have too many combinations: overlay fewer at once")
    return weights[:-1]


POLYGON, MULTIPOLYGON = 3, 6  # shapely's type numbers


def _rings(polygons: NDArray[Any]) -> tuple[Floats, Ints, Ints]:
    """The corners of all rings, where each ring begins in them, and the polygon of each ring."""
    kind = shapely.get_type_id(polygons)
    wrong = ~np.isin(kind, (POLYGON, MULTIPOLYGON))
    if wrong.any():
        raise ValueError(
            f"claim {int(wrong.argmax())} is no polygon: {polygons[wrong][0].geom_type}"
        )
    corners = shapely.get_coordinates(polygons)
    if not np.isfinite(corners).all():
        raise ValueError("a polygon has a coordinate that is not a finite number")
    plain = (kind == POLYGON) & (shapely.get_num_interior_rings(polygons) == 0)
    parts, of = shapely.get_parts(polygons[~plain], return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    owners = np.concatenate([np.flatnonzero(plain), np.flatnonzero(~plain)[of[of_part]]])
    sizes = shapely.get_num_coordinates(np.concatenate([polygons[plain], rings]))
    order = np.argsort(owners, kind="stable")  # as the corners are
    return corners, np.concatenate([[0], np.cumsum(sizes[order])]), owners[order]


class _Part(NamedTuple):
    """The edges of some rings, their polygons, and which of them each strip touches."""

    edges: Floats
    owners: Ints
    first: Ints
    members: Ints

    def cut(self, s: int, low: float, high: float) -> tuple[Floats, Ints]:
        mine = self.members[self.first[s] : self.first[s + 1]]
        return slabs.in_strip(self.edges, self.owners, mine, low, high)


PARTS = 8  # that the edges are sorted into strips by


def _strips(
    threads: ThreadPoolExecutor, corners: Floats, rings: Ints, owners: Ints, place: Ints, code: Ints
) -> list[Any]:
    """The areas of each strip, in the order of the strips; kernels run without a lock."""
    if len(corners) == 0:
        return []
    bounds = _bounds(corners)

    def part(n: int) -> _Part:
        begin, end = (len(owners) * k // PARTS for k in (n, n + 1))
        edges, whose = slabs.edges_of(corners, rings[begin : end + 1], owners[begin:end])
        return _Part(edges, whose, *slabs.touching(edges, bounds))

    parts = list(threads.map(part, range(PARTS)))
    own = local()

    def one(s: int) -> Any:
        if not hasattr(own, "room"):
            own.room = slabs.room_for(len(place))
        found = [each.cut(s, bounds[s], bounds[s + 1]) for each in parts]
        edges, whose = (np.concatenate(some) for some in zip(*found, strict=True))
        return slabs.strip(edges, whose, bounds[s], bounds[s + 1], place, code, own.room)

    return list(threads.map(one, range(len(bounds) - 1)))


def _bounds(corners: Floats) -> Floats:
    """The sides of strips with about as many edges each."""
    height = corners[:, 1]
    count = max(1, round((len(height) / slabs.PER_TILE) ** 0.5))
    inner = np.sort(height[:: slabs.SAMPLE])
    inner = inner[np.linspace(0, len(inner) - 1, count + 1).astype(np.int64)[1:-1]]
    return np.unique(np.concatenate([[height.min() - 1], inner, [height.max() + 1]]))


def _pieces(sums: Sequence[Any], weights: Sequence[int], sizes: Sequence[int]) -> Pieces:
    """The strips' areas added up by key, in the order of the strips."""
    if not sums:
        return Pieces(np.empty((0, len(weights)), dtype=np.int64), np.empty(0))
    table = np.concatenate(sums)
    keys, inverse = np.unique(table["key"], return_inverse=True)
    area = np.bincount(inverse, table["area"], minlength=len(keys))
    owner = np.stack(
        [keys // w % (size + 1) - 1 for w, size in zip(weights, sizes, strict=True)], axis=1
    )
    rows = np.lexsort(owner.T[::-1])
    return Pieces(owner[rows], area[rows].astype(np.float64))
