"""Who has what in one strip of the plane: the loops of geo.overlay. Importing this imports numba.

A strip is cut into tiles of some dozens of edges, each tile, at the heights where an edge begins,
ends or crosses another, into slabs. Between two neighbouring edges of a slab nothing changes, so
that a trapezoid belongs to one combination of claims; its area is its width at half height times
its height. Nothing is joined or clipped as a polygon, so no topology can fail.

A place is inside a polygon when an odd number of the polygon's edges lie left of it. Edges are rows
x1 y1 x2 y2 with y1 <= y2; a level edge bounds no trapezoid, but who goes up along a side of a tile
enters or leaves its polygon there. A polygon's place is its number in the order of a claim. Where
one polygon covers a whole tile, those behind it in all their claims have nothing there, and their
edges are passed over.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tianren.geo.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PER_TILE = 24  # edges: the work of a tile grows with their square, the number of tiles falls
SAMPLE = 4  # one in so many edges decides where tiles end
ROUNDING = 8e-16  # of a coordinate: places that differ by less are one


CROWDED = 8 * PER_TILE  # edges: a tile with more is cut again,
MOST_PARTS = 32  # into so many parts at most,
ROUNDS = 3  # and so often


class Claims(NamedTuple):
    """What strip is given of claims and polygons."""

    layer: Ints
    claim_layer: Ints
    place: Ints
    order: Ints
    weight: Ints


class Tile(NamedTuple):
    """Room for what is worked out in one tile, used again for the next."""

    pieces: Floats  # (n, 4) x at the lower end, lower end, slope dx/dy, upper end
    who: Ints  # the pieces' polygons, by number within the tile
    entry: Floats  # heights at which edges cross the left side
    entry_who: Ints
    ids: Ints  # the polygons themselves, by number within the tile
    over: Ints  # polygons over the place where the sweep stands, the first many[0] of them
    many: Ints
    at: Ints  # where in over each polygon is, or -1
    active: Ints  # the pieces through a slab, from left to right
    below: Floats  # where they are at the slab's lower side
    above: Floats
    order: Ints  # active pieces by their place on the lower, then on the upper side
    best: Ints  # (claims,) first places of those that cover the whole tile
    rank: Ints  # (n + 1, claims) places; the row after the last polygon stands for the best
    code: Ints  # (n + 1, claims) what each adds to a key
    left: Ints  # (claims,) numbers of those that have the land at the left side
    holder: Ints  # (claims,) and where the sweep stands


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
    bounds, first, members = _tiles(edges)
    events = _bottom_events(edges, low)
    tile = _room(first, len(claim_layer))
    claims = Claims(layer, claim_layer, place, order, weight)
    cover = np.empty(len(layer), dtype=np.int64)  # polygons over the tile's lower left corner
    where = np.full(len(layer), -1, dtype=np.int64)  # their places in cover
    local = np.full(len(layer), -1, dtype=np.int64)  # numbers within the tile
    covering, done, used = 0, 0, 0
    for t in range(len(bounds) - 1):
        while done < len(events) and edges[events[done], 0] < bounds[t]:
            covering = _toggle(cover, where, covering, owners[events[done]])
            done += 1
        mine = members[first[t] : first[t + 1]]
        count = _number(owners, mine, local, tile.ids)
        _best_of_cover(cover[:covering], local, claims, tile.best)
        wanted = _wanted(tile, count, where, local, claims)
        pieces, entries = _cut_to_tile(edges, owners, mine, local, bounds[t], bounds[t + 1], tile)
        keys, areas, used = _slabs(
            tile, pieces, entries, wanted, low, high, bounds[t], bounds[t + 1], keys, areas, used
        )
        for i in mine:
            local[owners[i]] = -1
    known = keys >= 0
    return keys[known], areas[known]


@compiled
def _room(first: Ints, claims: int) -> Tile:
    edges = 1
    for t in range(len(first) - 1):
        edges = max(edges, first[t + 1] - first[t])
    numbers = np.empty((7, edges), dtype=np.int64)
    places = np.empty((3, edges), dtype=np.float64)
    ranks = np.empty((2, edges + 1, claims), dtype=np.int64)
    some = np.empty((3, claims), dtype=np.int64)
    return Tile(
        np.empty((edges, 4)), numbers[0], places[0], numbers[1], numbers[2], numbers[5],
        np.zeros(1, dtype=np.int64), numbers[6], numbers[3],
        places[1], places[2], numbers[4], some[0], ranks[0], ranks[1], some[1], some[2],
    )  # fmt: skip


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
def _tiles(edges: Floats) -> tuple[Floats, Ints, Ints]:
    """Sides of tiles, and the edges of each: members[first[t] : first[t + 1]].

    Edges that end on a tile's left side are among its own. Where edges are many, though few of them
    end there, tiles are cut again.
    """
    bounds = _tile_bounds(edges)
    first, members = _in_tiles(edges, bounds)
    for _ in range(ROUNDS):
        finer = _finer(bounds, first)
        if len(finer) == len(bounds):
            break
        bounds = finer
        first, members = _in_tiles(edges, bounds)
    return bounds, first, members


@compiled
def _in_tiles(edges: Floats, bounds: Floats) -> tuple[Ints, Ints]:
    inner = bounds[1:-1]
    starts = np.searchsorted(inner, np.minimum(edges[:, 0], edges[:, 2]))
    stops = np.searchsorted(inner, np.maximum(edges[:, 0], edges[:, 2]), side="right") + 1
    return _listed(starts, stops, len(bounds) - 1)


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
def _finer(bounds: Floats, first: Ints) -> Floats:
    """Tiles with too many edges cut into equal parts; the same bounds when none has."""
    parts = np.minimum((first[1:] - first[:-1]) // CROWDED + 1, MOST_PARTS)
    found = np.empty(parts.sum() + 1)
    found[0], count = bounds[0], 1
    for t in range(len(parts)):
        step = (bounds[t + 1] - bounds[t]) / parts[t]
        for n in range(1, parts[t] + 1):
            x = bounds[t + 1] if n == parts[t] else bounds[t] + n * step
            if n == parts[t] or found[count - 1] < x < bounds[t + 1]:
                found[count] = x
                count += 1
    return found[:count]


@compiled
def _bottom_events(edges: Floats, low: float) -> Ints:
    """The edges that cross the strip's lower side, from left to right."""
    found = np.nonzero(edges[:, 1] == low)[0]
    return found[np.argsort(edges[found, 0])]


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
def _number(owners: Ints, mine: Ints, local: Ints, ids: Ints) -> int:
    """Number the polygons of a tile's edges from 0, in local and in ids; how many."""
    count = 0
    for i in mine:
        if local[owners[i]] < 0:
            local[owners[i]], ids[count] = count, owners[i]
            count += 1
    return count


@compiled
def _best_of_cover(cover: Ints, local: Ints, claims: Claims, best: Ints) -> None:
    """The first place of each claim among the polygons that cover the whole tile."""
    best[:] = len(claims.layer)
    for polygon in cover:
        if local[polygon] < 0:
            for c in range(len(best)):
                if claims.claim_layer[c] == claims.layer[polygon]:
                    best[c] = min(best[c], claims.place[c, polygon])


@compiled
def _wanted(tile: Tile, count: int, where: Ints, local: Ints, claims: Claims) -> int:
    """Number anew the polygons that may have something, in local and ids; how many.

    Their edges alone count; over says how it stands at the tile's lower left corner.
    """
    kept = 0
    for n in range(count):
        polygon = tile.ids[n]
        local[polygon] = -1
        if _ranked(polygon, kept, tile, claims):
            local[polygon], tile.ids[kept] = kept, polygon
            tile.at[kept] = -1
            kept += 1
    for c in range(len(tile.best)):
        tile.rank[kept, c], tile.code[kept, c], tile.left[c] = tile.best[c], 0, kept
        if tile.best[c] < len(claims.layer):
            tile.code[kept, c] = (claims.order[c, tile.best[c]] + 1) * claims.weight[c]
    tile.many[0] = 0
    for n in range(kept):
        if where[tile.ids[n]] >= 0:
            _cross(tile, n, tile.left, kept, 0)
    return kept


@compiled
def _ranked(polygon: int, number: int, tile: Tile, claims: Claims) -> bool:
    """Note a polygon's places and codes; False when it comes first in none of its claims."""
    wanted = False
    for c in range(len(tile.best)):
        mine = claims.claim_layer[c] == claims.layer[polygon]
        tile.rank[number, c] = claims.place[c, polygon] if mine else len(claims.layer) + 1
        tile.code[number, c] = 0
        if mine:
            own = claims.order[c, claims.place[c, polygon]]
            tile.code[number, c] = (own + 1) * claims.weight[c]
        wanted |= tile.rank[number, c] < tile.best[c]
    return wanted


@compiled
def _cut_to_tile(
    edges: Floats, owners: Ints, mine: Ints, local: Ints, west: float, east: float, tile: Tile
) -> tuple[int, int]:
    """The wanted edges cut to a tile, and where they cross its left side; how many of both."""
    count, entries = 0, 0
    for i in mine:
        number = local[owners[i]]
        if number < 0:
            continue
        x1, y1, x2, y2 = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        if min(x1, x2) < west:
            tile.entry[entries] = _height_at(x1, y1, x2, y2, west)
            tile.entry_who[entries] = number
            entries = _risen(tile.entry, tile.entry_who, entries)
        ax, ay = _end(x1, y1, x2, y2, x1, y1, west, east)
        bx, by = _end(x1, y1, x2, y2, x2, y2, west, east)
        if ay < by:
            _put(tile, count, ax, ay, bx, by, number)
            count += 1
    return count, entries


@compiled
def _put(
    tile: Tile, count: int, ax: float, ay: float, bx: float, by: float, number: int
) -> None:  # fmt: skip
    """Add a piece to those before it, by its lower end."""
    pieces, at = tile.pieces, count
    while at > 0 and pieces[at - 1, 1] > ay:
        for k in range(4):
            pieces[at, k] = pieces[at - 1, k]
        tile.who[at] = tile.who[at - 1]
        at -= 1
    slope = (bx - ax) / (by - ay)
    pieces[at, 0], pieces[at, 1], pieces[at, 3] = ax, ay, by
    pieces[at, 2] = slope if np.isfinite(slope) else 0.0
    tile.who[at] = number


@compiled
def _risen(heights: Floats, who: Ints, last: int) -> int:
    """Move the last height to its place among those before it; how many there are now."""
    height, number, at = heights[last], who[last], last
    while at > 0 and heights[at - 1] > height:
        heights[at], who[at] = heights[at - 1], who[at - 1]
        at -= 1
    heights[at], who[at] = height, number
    return last + 1


@compiled
def _height_at(x1: float, y1: float, x2: float, y2: float, x: float) -> float:
    """The height at which an edge crosses a side of a tile: the same bits for both its tiles."""
    if x == x1:
        return y1
    if x == x2:
        return y2
    return min(max(y1 + (x - x1) * ((y2 - y1) / (x2 - x1)), y1), y2)


@compiled
def _end(
    x1: float, y1: float, x2: float, y2: float, x: float, y: float, west: float, east: float
) -> tuple[float, float]:
    """An end of an edge, or where the edge leaves the tile."""
    if x < west:
        return west, _height_at(x1, y1, x2, y2, west)
    if x > east:
        return east, _height_at(x1, y1, x2, y2, east)
    return x, y


@compiled
def _slabs(
    tile: Tile, pieces: int, entries: int, polygons: int, low: float, high: float, west: float,
    east: float, keys: Ints, areas: Floats, used: int,
) -> tuple[Ints, Floats, int]:  # fmt: skip
    """Add the trapezoids of a tile, slab by slab, to the table of areas."""
    heights = _heights(tile, pieces, entries, low, high)
    slack = ROUNDING * max(abs(west), abs(east))
    active, begun, entered = 0, 0, 0
    for s in range(len(heights) - 1):
        bottom, top = heights[s], heights[s + 1]
        while entered < entries and tile.entry[entered] <= bottom:
            _cross(tile, tile.entry_who[entered], tile.left, polygons, 0)
            entered += 1
        active = _still(tile, active, bottom)
        while begun < pieces and tile.pieces[begun, 1] <= bottom:
            tile.active[active] = begun
            active, begun = active + 1, begun + 1
        between = heights[s : s + 2]
        if not _sorted(tile, active, bottom, top, slack):
            between = _crossings(tile, active, bottom, top)
        for n in range(len(between) - 1):
            if len(between) > 2:
                _sorted(tile, active, between[n], between[n + 1], slack)
            thick = between[n + 1] - between[n]
            keys, areas, used = _row(tile, active, polygons, thick, west, east, keys, areas, used)
    return keys, areas, used


@compiled
def _heights(tile: Tile, pieces: int, entries: int, low: float, high: float) -> Floats:
    """Every height at which an edge begins, ends or comes in, rising, each once."""
    found = np.empty(2 + 2 * pieces + entries)
    found[0], found[1] = low, high
    for i in range(pieces):
        found[2 + 2 * i], found[3 + 2 * i] = tile.pieces[i, 1], tile.pieces[i, 3]
    for i in range(entries):
        found[2 + 2 * pieces + i] = tile.entry[i]
    return _each_once(found)


@compiled
def _each_once(heights: Floats) -> Floats:
    heights.sort()
    count = 1
    for height in heights[1:]:
        if height > heights[count - 1]:
            heights[count] = height
            count += 1
    return heights[:count]


@compiled
def _still(tile: Tile, active: int, bottom: float) -> int:
    """Leave out of the active pieces those that end below the slab; how many are left."""
    kept = 0
    for a in range(active):
        if tile.pieces[tile.active[a], 3] > bottom:
            tile.active[kept] = tile.active[a]
            kept += 1
    return kept


@compiled
def _sorted(tile: Tile, active: int, bottom: float, top: float, slack: float) -> bool:
    """Bring active pieces into their order at half height; False when some cross in the slab."""
    below, above = tile.below, tile.above
    for a in range(active):
        n = tile.active[a]
        x, slope = tile.pieces[n, 0], tile.pieces[n, 2]
        xb = x + (bottom - tile.pieces[n, 1]) * slope
        xa = x + (top - tile.pieces[n, 1]) * slope
        at = a
        while at > 0 and below[at - 1] + above[at - 1] > xb + xa:
            below[at], above[at] = below[at - 1], above[at - 1]
            tile.active[at] = tile.active[at - 1]
            at -= 1
        below[at], above[at], tile.active[at] = xb, xa, n
    for a in range(1, active):
        if below[a] < below[a - 1] - slack or above[a] < above[a - 1] - slack:
            return False
    return True


@compiled
def _crossings(tile: Tile, active: int, bottom: float, top: float) -> Floats:
    """The heights at which active pieces cross, with those of the slab itself.

    From their order on the lower side to that on the upper, each exchange is one crossing.
    """
    order, below, above = tile.order, tile.below, tile.above
    found = np.empty(2 * active + 2)
    found[0], found[1], count = bottom, top, 2
    for a in range(active):
        at = a
        while at > 0 and below[order[at - 1]] > below[a]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = a
    for a in range(1, active):
        n, at = order[a], a
        while at > 0 and above[order[at - 1]] > above[n]:
            other = order[at - 1]
            order[at] = other
            at -= 1
            before, after = below[n] - below[other], above[other] - above[n]
            if count == len(found):
                found = np.concatenate((found, np.empty(count)))
            height = bottom + (top - bottom) * (before / (before + after))
            if bottom < height < top:
                found[count] = height
                count += 1
        order[at] = n
    return _each_once(found[:count])


@compiled
def _row(
    tile: Tile, active: int, polygons: int, thick: float, west: float, east: float, keys: Ints,
    areas: Floats, used: int,
) -> tuple[Ints, Floats, int]:  # fmt: skip
    """Add the trapezoids of one slab, from left to right."""
    key = 0
    for c in range(len(tile.holder)):
        tile.holder[c] = tile.left[c]
        key += tile.code[tile.left[c], c]
    x = west
    for a in range(active + 1):
        to = east if a == active else 0.5 * (tile.below[a] + tile.above[a])
        if to > x:
            if key > 0:
                if 2 * used >= len(keys):
                    keys, areas = _grown(keys, areas)
                used += _add(keys, areas, key, (to - x) * thick)
            x = to
        if a < active:
            key = _cross(tile, tile.who[tile.active[a]], tile.holder, polygons, key)
    for a in range(active):  # back to how it stands at the left side
        _step(tile, tile.who[tile.active[a]])
    return keys, areas, used


@compiled
def _step(tile: Tile, number: int) -> bool:
    """Step into a polygon or out of it; True when it was entered."""
    at, many = tile.at[number], tile.many[0]
    if at < 0:
        tile.over[many], tile.at[number] = number, many
        tile.many[0] = many + 1
        return True
    last = tile.over[many - 1]
    tile.over[at], tile.at[last] = last, at
    tile.at[number], tile.many[0] = -1, many - 1
    return False


@compiled
def _cross(tile: Tile, number: int, holder: Ints, polygons: int, key: int) -> int:
    """Enter a polygon, or leave it, and bring the holders up to date; the key from there on."""
    if _step(tile, number):
        return _enter(tile, number, holder, key)
    for c in range(len(holder)):
        if holder[c] == number:
            heir = polygons
            for n in tile.over[: tile.many[0]]:
                if tile.rank[n, c] < tile.rank[heir, c]:
                    heir = n
            key += tile.code[heir, c] - tile.code[number, c]
            holder[c] = heir
    return key


@compiled
def _enter(tile: Tile, number: int, holder: Ints, key: int) -> int:
    for c in range(len(holder)):
        if tile.rank[number, c] < tile.rank[holder[c], c]:
            key += tile.code[number, c] - tile.code[holder[c], c]
            holder[c] = number
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
