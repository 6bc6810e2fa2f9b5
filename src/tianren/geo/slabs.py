"""Who has what in one strip of the plane: the loops of geo.overlay. Importing this imports numba.

A strip is cut into tiles of some two dozen edges, each tile, at the heights where an edge begins,
ends or crosses another, into slabs. Between two neighbouring edges of a slab nothing changes, so
that a trapezoid belongs to one combination of claims; its area is its width at half height times
its height. Nothing is joined or clipped as a polygon, so no topology can fail.

A place is inside a polygon when an odd number of the polygon's edges lie left of it. Edges are rows
x1 y1 x2 y2 with y1 <= y2; a level edge bounds no trapezoid, but who goes up along a side of a tile
enters or leaves its polygon there. A polygon's place is its number in the order of a claim.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.geo.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PER_TILE = 24  # edges: the work of a tile grows with their square, the number of tiles falls
SAMPLE = 4  # one in so many edges decides where tiles end


@compiled
def strip(
    edges: Floats, owners: Ints, low: float, high: float, layer: Ints, claim_layer: Ints,
    place: Ints, order: Ints, weight: Ints,
) -> tuple[Ints, Floats]:  # fmt: skip
    """Areas by key of the strip low <= y < high: (keys, areas), keys as they come.

    edges (n, 4) touch the strip and are cut to it in place; owners (n,) their polygons; layer
    (polygons,); claim_layer (claims,); place (claims, polygons); order (claims, polygons): the
    polygon at each place; weight (claims,): a key is the sum of (polygon + 1) * weight.
    """
    keys, areas = np.full(256, -1, dtype=np.int64), np.zeros(256)
    if len(edges) == 0:
        return keys[:0], areas[:0]
    _cut_to_strip(edges, low, high)
    bounds = _tile_bounds(edges)
    first, members = _tiles(edges, bounds)
    events = _bottom_events(edges, low)
    cover = np.empty(len(layer), dtype=np.int64)  # polygons over the tile's lower left corner
    where = np.full(len(layer), -1, dtype=np.int64)  # their places in cover
    local = np.full(len(layer), -1, dtype=np.int64)  # numbers within the tile
    covering, done, used = 0, 0, 0
    for t in range(len(bounds) - 1):
        while done < len(events) and edges[events[done], 0] < bounds[t]:
            covering = _toggle(cover, where, covering, owners[events[done]])
            done += 1
        inside = members[first[t] : first[t + 1]]
        pieces, piece_owner, entry, entry_owner = _cut_to_tile(
            edges, owners, inside, bounds[t], bounds[t + 1]
        )
        ids = _number(piece_owner, entry_owner, local)
        best = _best_of_cover(cover[:covering], local, layer, claim_layer, place)
        left = np.empty(len(ids), dtype=np.bool_)
        for i in range(len(ids)):
            left[i] = where[ids[i]] >= 0
        heights = _heights(pieces, piece_owner, entry, low, high)
        keys, areas, used = _slabs(
            heights, pieces, local[piece_owner], entry, local[entry_owner], left, ids, best,
            bounds[t], bounds[t + 1], layer, claim_layer, place, order, weight, keys, areas, used,
        )  # fmt: skip
        for i in range(len(ids)):
            local[ids[i]] = -1
    known = keys >= 0
    return keys[known], areas[known]


@compiled
def edges_of(ends: Floats, rings: Ints, ring_owner: Ints) -> tuple[Floats, Ints]:
    """The edges of all rings, each upward, and their polygons; rings: where each ring begins."""
    edges, owners = np.empty((len(ends), 4)), np.empty(len(ends), dtype=np.int64)
    count = 0
    for r in range(len(rings) - 1):
        for i in range(rings[r], rings[r + 1] - 1):
            ax, ay, bx, by = ends[i, 0], ends[i, 1], ends[i + 1, 0], ends[i + 1, 1]
            if ax == bx and ay == by:
                continue
            if ay > by:
                ax, ay, bx, by = bx, by, ax, ay
            edges[count, 0], edges[count, 1], edges[count, 2], edges[count, 3] = ax, ay, bx, by
            owners[count] = ring_owner[r]
            count += 1
    return edges[:count], owners[:count]


@compiled
def touching(edges: Floats, bounds: Floats) -> tuple[Ints, Ints]:
    """The edges of each strip: members[first[s] : first[s + 1]]."""
    inner = bounds[1:-1]
    starts = np.searchsorted(inner, edges[:, 1])
    stops = np.searchsorted(inner, edges[:, 3]) + 1
    return _listed(starts, stops, len(bounds) - 1)


@compiled
def _listed(starts: Ints, stops: Ints, count: int) -> tuple[Ints, Ints]:
    """Which rows belong to each of so many groups, row i to groups starts[i] to stops[i] - 1."""
    first = np.zeros(count + 1, dtype=np.int64)
    for i in range(len(starts)):
        for g in range(starts[i], stops[i]):
            first[g + 1] += 1
    first = np.cumsum(first)
    members = np.empty(first[-1], dtype=np.int64)
    free = first[:-1].copy()
    for i in range(len(starts)):
        for g in range(starts[i], stops[i]):
            members[free[g]] = i
            free[g] += 1
    return first, members


@compiled
def _cut_to_strip(edges: Floats, low: float, high: float) -> None:
    for i in range(len(edges)):
        x1, y1, x2, y2 = edges[i]
        if y1 < low:
            edges[i, 0], edges[i, 1] = x1 + (low - y1) * ((x2 - x1) / (y2 - y1)), low
        if y2 > high:
            edges[i, 2], edges[i, 3] = x1 + (high - y1) * ((x2 - x1) / (y2 - y1)), high


@compiled
def _tile_bounds(edges: Floats) -> Floats:
    """The sides of the tiles, from the first end of an edge to the last."""
    ends = np.sort(edges[::SAMPLE, 0])
    inner = ends[PER_TILE // SAMPLE :: PER_TILE // SAMPLE]
    west = min(edges[:, 0].min(), edges[:, 2].min())
    east = max(edges[:, 0].max(), edges[:, 2].max())
    bounds = np.empty(len(inner) + 2)
    bounds[0], count = west, 1
    for x in inner:
        if bounds[count - 1] < x < east:
            bounds[count] = x
            count += 1
    bounds[count] = east
    return bounds[: count + 1]


@compiled
def _tiles(edges: Floats, bounds: Floats) -> tuple[Ints, Ints]:
    """The edges of each tile, those that end on its left side with them."""
    inner = bounds[1:-1]
    starts = np.searchsorted(inner, np.minimum(edges[:, 0], edges[:, 2]))
    stops = np.searchsorted(inner, np.maximum(edges[:, 0], edges[:, 2]), side="right") + 1
    return _listed(starts, stops, len(bounds) - 1)


@compiled
def _bottom_events(edges: Floats, low: float) -> Ints:
    """The edges that cross the strip's lower side, from left to right."""
    found = np.nonzero(edges[:, 1] == low)[0]
    return found[np.argsort(edges[found, 0], kind="mergesort")]


@compiled
def _toggle(cover: Ints, where: Ints, covering: int, polygon: int) -> int:
    """Put a polygon into the cover, or take it out; the new number of covering polygons."""
    at = where[polygon]
    if at < 0:
        cover[covering], where[polygon] = polygon, covering
        return covering + 1
    last = cover[covering - 1]
    cover[at], where[last] = last, at
    where[polygon] = -1
    return covering - 1


@compiled
def _cut_to_tile(
    edges: Floats, owners: Ints, inside: Ints, left: float, right: float
) -> tuple[Floats, Ints, Floats, Ints]:
    """Edges cut to a tile, their polygons; where they cross its left side, and those polygons'."""
    pieces, piece_owner = np.empty((len(inside), 4)), np.empty(len(inside), dtype=np.int64)
    entry, entry_owner = np.empty(len(inside)), np.empty(len(inside), dtype=np.int64)
    count, entries = 0, 0
    for i in inside:
        x1, y1, x2, y2 = edges[i]
        if min(x1, x2) < left:
            entry[entries], entry_owner[entries] = _height_at(edges[i], left), owners[i]
            entries += 1
        ax, ay = _end(edges[i], x1, y1, left, right)
        bx, by = _end(edges[i], x2, y2, left, right)
        if ay < by:
            pieces[count] = ax, ay, bx, by
            piece_owner[count] = owners[i]
            count += 1
    rising = np.argsort(entry[:entries], kind="mergesort")
    return pieces[:count], piece_owner[:count], entry[rising], entry_owner[rising]


@compiled
def _height_at(edge: Floats, x: float) -> float:
    """The height at which an edge crosses a side of a tile: the same bits for both its tiles."""
    x1, y1, x2, y2 = edge
    if x in (x1, x2):
        return float(y1 if x == x1 else y2)
    return float(min(max(y1 + (x - x1) * ((y2 - y1) / (x2 - x1)), y1), y2))


@compiled
def _end(edge: Floats, x: float, y: float, left: float, right: float) -> tuple[float, float]:
    if x < left:
        return left, _height_at(edge, left)
    if x > right:
        return right, _height_at(edge, right)
    return x, y


@compiled
def _number(piece_owner: Ints, entry_owner: Ints, local: Ints) -> Ints:
    """Number the polygons of a tile's edges from 0; local is set for them."""
    ids = np.empty(len(piece_owner) + len(entry_owner), dtype=np.int64)
    count = 0
    for owner in np.concatenate((piece_owner, entry_owner)):
        if local[owner] < 0:
            local[owner], ids[count] = count, owner
            count += 1
    return ids[:count]


@compiled
def _best_of_cover(cover: Ints, local: Ints, layer: Ints, claim_layer: Ints, place: Ints) -> Ints:
    """The first place of each claim among the polygons that cover the whole tile."""
    best = np.full(len(claim_layer), len(layer), dtype=np.int64)
    for polygon in cover:
        if local[polygon] < 0:
            for c in range(len(claim_layer)):
                if claim_layer[c] == layer[polygon]:
                    best[c] = min(best[c], place[c, polygon])
    return best


@compiled
def _heights(pieces: Floats, piece_owner: Ints, entry: Floats, low: float, high: float) -> Floats:
    """Every height at which something changes in a tile, rising, each once."""
    found = np.empty(2 + 2 * len(pieces) + len(entry) + 16)
    found[0], found[1] = low, high
    count = 2
    for i in range(len(pieces)):
        found[count], found[count + 1] = pieces[i, 1], pieces[i, 3]
        count += 2
    found[count : count + len(entry)] = entry
    count += len(entry)
    for i in range(len(pieces)):
        for j in range(i):
            if piece_owner[i] != piece_owner[j]:
                crossing = _crossing(pieces[i], pieces[j])
                if not np.isnan(crossing):
                    if count == len(found):
                        found = np.concatenate((found, np.empty(count)))
                    found[count] = crossing
                    count += 1
    return np.unique(found[:count])


@compiled
def _crossing(a: Floats, b: Floats) -> float:
    """The height at which two edges cross strictly between their ends; NaN when they do not."""
    low, high = max(a[1], b[1]), min(a[3], b[3])
    if low >= high or max(a[0], a[2]) < min(b[0], b[2]) or max(b[0], b[2]) < min(a[0], a[2]):
        return np.nan
    before, after = _at(a, low) - _at(b, low), _at(a, high) - _at(b, high)
    if before * after >= 0.0:
        return np.nan
    height = low + (high - low) * (before / (before - after))
    return height if low < height < high else np.nan


@compiled
def _at(piece: Floats, y: float) -> float:
    return float(piece[0] + (y - piece[1]) * ((piece[2] - piece[0]) / (piece[3] - piece[1])))


@compiled
def _slabs(
    heights: Floats, pieces: Floats, piece_local: Ints, entry: Floats, entry_local: Ints,
    left: Any, ids: Ints, best: Ints, west: float, east: float, layer: Ints, claim_layer: Ints,
    place: Ints, order: Ints, weight: Ints, keys: Ints, areas: Floats, used: int,
) -> tuple[Ints, Floats, int]:  # fmt: skip
    """Add the trapezoids of a tile, slab by slab, to the table of areas."""
    xs, who = np.empty(len(pieces)), np.empty(len(pieces), dtype=np.int64)
    entered = 0
    for s in range(len(heights) - 1):
        low, high = heights[s], heights[s + 1]
        while entered < len(entry) and entry[entered] <= low:
            left[entry_local[entered]] = not left[entry_local[entered]]
            entered += 1
        active = _active(pieces, piece_local, low, high, xs, who)
        inside, first = left.copy(), _first_here(best, left, ids, layer, claim_layer, place)
        x = west
        for i in range(active + 1):
            to = xs[i] if i < active else east
            if to > x:
                key = _key(first, order, weight)
                if key > 0:
                    if 2 * used >= len(keys):
                        keys, areas = _grown(keys, areas)
                    used += _add(keys, areas, key, (to - x) * (high - low))
                x = to
            if i < active:
                inside[who[i]] = not inside[who[i]]
                _move(first, who[i], inside, best, ids, layer, claim_layer, place)
    return keys, areas, used


@compiled
def _active(
    pieces: Floats, piece_local: Ints, low: float, high: float, xs: Floats, who: Ints
) -> int:
    """The edges through a slab, by their place at half height: into xs and who; how many."""
    count, middle = 0, 0.5 * (low + high)
    for i in range(len(pieces)):
        if pieces[i, 1] <= low and pieces[i, 3] >= high:
            x, at = _at(pieces[i], middle), count
            while at > 0 and xs[at - 1] > x:
                xs[at], who[at] = xs[at - 1], who[at - 1]
                at -= 1
            xs[at], who[at] = x, piece_local[i]
            count += 1
    return count


@compiled
def _first_here(
    best: Ints, inside: Any, ids: Ints, layer: Ints, claim_layer: Ints, place: Ints
) -> Ints:
    """The first place of each claim, with the tile's own polygons that are inside."""
    first = best.copy()
    for n in range(len(ids)):
        if inside[n]:
            for c in range(len(claim_layer)):
                if claim_layer[c] == layer[ids[n]]:
                    first[c] = min(first[c], place[c, ids[n]])
    return first


@compiled
def _move(
    first: Ints, number: int, inside: Any, best: Ints, ids: Ints, layer: Ints, claim_layer: Ints,
    place: Ints,
) -> None:  # fmt: skip
    """Bring the first places up to date after one polygon was entered or left."""
    polygon = ids[number]
    for c in range(len(claim_layer)):
        if claim_layer[c] != layer[polygon]:
            continue
        if inside[number]:
            first[c] = min(first[c], place[c, polygon])
        elif first[c] == place[c, polygon]:
            first[c] = best[c]
            for n in range(len(ids)):
                if inside[n] and layer[ids[n]] == claim_layer[c]:
                    first[c] = min(first[c], place[c, ids[n]])


@compiled
def _key(first: Ints, order: Ints, weight: Ints) -> int:
    key = 0
    for c in range(len(first)):
        if first[c] < order.shape[1]:
            key += (order[c, first[c]] + 1) * weight[c]
    return key


@compiled
def _add(keys: Ints, areas: Floats, key: int, area: float) -> int:
    """Add to a key's area in the hash table; 1 when the key is new."""
    mask = len(keys) - 1
    at = (key * 0x9E3779B97F4A7C1) >> 7 & mask
    while keys[at] != key and keys[at] >= 0:
        at = (at + 1) & mask
    areas[at] += area
    if keys[at] == key:
        return 0
    keys[at] = key
    return 1


@compiled
def _grown(keys: Ints, areas: Floats) -> tuple[Ints, Floats]:
    larger, held = np.full(2 * len(keys), -1, dtype=np.int64), np.zeros(2 * len(keys))
    for i in range(len(keys)):
        if keys[i] >= 0:
            _add(larger, held, keys[i], areas[i])
    return larger, held
