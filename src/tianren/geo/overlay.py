"""Overlap counted once: which claim has each piece of the plane, and how large it is.

Several layers of polygons lie on one another: protected areas that overlap, provinces, ecoregions.
Each piece of land belongs, in each claim, to one polygon: the first in the claim's order of those
that cover it. The areas of all pieces are found without joining a single polygon (geo.slabs), so
that dirt cannot break it, and the sum over the pieces of a claim is the area of its union.
Importing this imports numba.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

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
    edges, owners = _edges(layers)
    sizes = [len(layer) for layer in layers]
    start = np.concatenate([[0], np.cumsum(sizes)])
    layer = np.repeat(np.arange(len(layers)), sizes).astype(np.int64)
    place, order = _places(claims, layer_of_claim, start)
    weight = _weights([sizes[of] for of in layer_of_claim])
    found = list(_strips(edges, owners, layer, layer_of_claim, place, order, weight))
    return _summed(found, weight, [sizes[of] for of in layer_of_claim])


def _layers(claims: Sequence[Claim]) -> tuple[list[NDArray[Any]], Ints]:
    """Each array of polygons once, and which of them each claim is about."""
    layers: list[NDArray[Any]] = []
    of = np.empty(len(claims), dtype=np.int64)
    for c, claim in enumerate(claims):
        same = [n for n, layer in enumerate(layers) if layer is claim.polygons]
        of[c] = same[0] if same else len(layers)
        if not same:
            layers.append(claim.polygons)
    return layers, of


def _places(claims: Sequence[Claim], layer_of_claim: Ints, start: Ints) -> tuple[Ints, Ints]:
    """place (claims, polygons) and order (claims, places) as geo.slabs wants them."""
    place = np.zeros((len(claims), start[-1]), dtype=np.int64)
    order = np.zeros((len(claims), start[-1]), dtype=np.int64)
    for c, claim in enumerate(claims):
        count = len(claim.polygons)
        wanted = np.arange(count) if claim.order is None else np.asarray(claim.order)
        if not np.array_equal(np.sort(wanted), np.arange(count)):
            raise ValueError("an order names each polygon of its claim once")
        first = start[layer_of_claim[c]]
        place[c, first + wanted] = np.arange(count)
        order[c, :count] = wanted
    return place, order


def _weights(sizes: Sequence[int]) -> Ints:
    """What one polygon of each claim counts in a key."""
    weights = [1]
    for size in sizes[:-1]:
        weights.append(weights[-1] * (size + 1))
    if weights[-1] * (sizes[-1] + 1) >= 2**62:
        raise ValueError("the claims have too many combinations: overlay fewer at once")
    return np.array(weights, dtype=np.int64)


def _edges(layers: Sequence[NDArray[Any]]) -> tuple[Floats, Ints]:
    """Every edge, from its lower to its upper end, and its polygon's number."""
    polygons = np.concatenate(layers)
    if len(polygons) == 0:
        return np.empty((0, 4)), np.empty(0, dtype=np.int64)
    wrong = ~np.isin(shapely.get_type_id(polygons), (POLYGON, MULTIPOLYGON))
    if wrong.any():
        raise ValueError(
            f"claim {int(wrong.argmax())} is no polygon: {polygons[wrong][0].geom_type}"
        )
    _, ends, offsets = shapely.to_ragged_array(polygons, include_z=False)
    if not np.isfinite(ends).all():
        raise ValueError("a polygon has a coordinate that is not a finite number")
    rings, *groups = (np.asarray(o, dtype=np.int64) for o in offsets)
    owner = np.arange(len(rings) - 1)
    for group in groups:  # from rings to parts to polygons
        owner = np.searchsorted(group, owner, side="right") - 1
    return slabs.edges_of(ends, rings, owner)


POLYGON, MULTIPOLYGON = 3, 6  # shapely's type numbers


def _strips(edges: Floats, owners: Ints, *rest: Any) -> Iterator[tuple[Ints, Floats]]:
    """The areas of each strip, in the order of the strips; kernels run without a lock."""
    if len(edges) == 0:
        return iter([])
    bounds = _bounds(edges)
    first, members = slabs.touching(edges, bounds)

    def one(s: int) -> tuple[Ints, Floats]:
        mine = members[first[s] : first[s + 1]]
        return slabs.strip(edges[mine], owners[mine], bounds[s], bounds[s + 1], *rest)

    with ThreadPoolExecutor(processors()) as threads:
        return iter(list(threads.map(one, range(len(bounds) - 1))))


def _bounds(edges: Floats) -> Floats:
    """The sides of strips with about as many edges each."""
    ends = np.sort(edges[:: slabs.SAMPLE, 1])
    count = max(1, round((len(edges) / slabs.PER_TILE) ** 0.5))
    inner = ends[np.linspace(0, len(ends) - 1, count + 1).astype(np.int64)[1:-1]]
    return np.unique(np.concatenate([[edges[:, 1].min() - 1], inner, [edges[:, 3].max() + 1]]))


def _summed(found: Sequence[tuple[Ints, Floats]], weight: Ints, sizes: Sequence[int]) -> Pieces:
    """The strips' areas added up by key, in the order of the strips."""
    if not found:
        return Pieces(np.empty((0, len(weight)), dtype=np.int64), np.empty(0))
    keys, inverse = np.unique(np.concatenate([k for k, _ in found]), return_inverse=True)
    area = np.bincount(inverse, np.concatenate([a for _, a in found]), minlength=len(keys))
    owner = np.stack(
        [keys // w % (size + 1) - 1 for w, size in zip(weight, sizes, strict=True)], axis=1
    )
    rows = np.lexsort(owner.T[::-1])
    return Pieces(owner[rows], area[rows].astype(np.float64))
