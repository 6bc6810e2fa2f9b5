"""Who has what in one strip of the plane: the loops of geo.overlay. Importing this imports numba.

A strip is cut into tiles of some dozens of edges, each tile, at the heights where an edge begins,
ends or crosses another, into slabs. Between two neighbouring edges of a slab nothing changes, so
that a trapezoid belongs to one combination of claims; its area is its width at half height times
its height. Nothing is joined or clipped as a polygon, so no topology can fail.

A place is inside a polygon when an odd number of the polygon's edges lie left of it. Edges are rows
x1 y1 x2 y2 with y1 <= y2; a level edge bounds no trapezoid, but who goes up along a side of a tile
enters or leaves its polygon there. Where one polygon covers a whole tile, those behind it in all
their claims have nothing there, and their edges are passed over.

place (polygons + 1, claims): a polygon's number in the order of a claim; the last row, `nobody`,
comes after all of them, and a polygon that a claim is not about after nobody. code, of that shape:
what each adds to a key.

Arrays are handed on one by one, never in a tuple: numba counts the references of what it takes out
of a tuple, under a lock, and that took more time than all else.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Box = tuple[float, float, float, float]  # west, east, low, high of a tile

PER_TILE = 24  # edges: the work of a tile grows with their square, the number of tiles falls
SAMPLE = 4  # one in so many edges decides where tiles end
ROUNDING = 8e-16  # of a coordinate: places that differ by less are one

CROWDED = 8 * PER_TILE  # edges: a tile with more is cut again,
MOST_PARTS = 32  # into so many parts at most,
ROUNDS = 3  # and so often

# An edge within a tile: its lower end, dx/dy, the height of its upper end, its polygon.
PIECE = np.dtype([("x", "f8"), ("low", "f8"), ("slope", "f8"), ("high", "f8"), ("who", "i8")])
# Where an edge crosses the left side of a tile.
ENTRY = np.dtype([("height", "f8"), ("who", "i8")])
# A piece through a slab: where it is on the lower side and on the upper; order: its place there.
LINE = np.dtype([("piece", "i8"), ("below", "f8"), ("above", "f8"), ("order", "i8")])
# What lies right of a line, which bounds the polygon `who`; area: as far as it was added up.
GAP = np.dtype([("who", "i8"), ("key", "i8"), ("area", "f8")])

# Rows of holders (3, claims), polygons: the first of those that cover the whole tile, who has the
# land at the tile's left side, and who has it where the sweep stands.
BEST, LEFT, HERE = 0, 1, 2

# What a polygon with edges in a tile is there: not yet looked at, behind others, or seen.
UNKNOWN, HIDDEN, SEEN = 1, 2, 3

# A hash table of areas; a place that is free has the key -1.
SUM = np.dtype([("key", "i8"), ("area", "f8")])
SOME = 256  # places of a new table

_NONE = np.empty(0)


@kernel
def strip(
    edges: Floats, owners: Ints, low: float, high: float, place: Ints, code: Ints, room: Ints
) -> Any:
    """The areas by key of the strip low <= y < high: SUM, in no order.

    edges (n, 4) as in_strip gives them; owners (n,) their polygons; place, code: see above; room:
    from room_for, the same for one strip after the other.
    """
    if len(edges) == 0:
        return _table(0)
    bounds, first, members = _tiles(edges)
    events = _bottom_events(edges, low)
    most = max(1, np.max(first[1:] - first[:-1]))
    pieces, rising = np.empty(most, dtype=PIECE), np.empty(most, dtype=np.int64)
    entries, lines = np.empty(most, dtype=ENTRY), np.empty(most, dtype=LINE)
    gaps = np.empty(most + 1, dtype=GAP)
    holders = np.empty((3, place.shape[1]), dtype=np.int64)
    cover, over, state = room[0], room[1], room[2]
    table, used, done = _table(SOME), 0, 0
    for t in range(len(bounds) - 1):
        while done < len(events) and edges[events[done], 0] < bounds[t]:
            _toggle(cover, owners[events[done]])
            done += 1
        begin, end = first[t], first[t + 1]
        _mark(owners, members, begin, end, state, UNKNOWN)
        _best_of_cover(cover, state, place, holders)
        _look(owners, members, begin, end, state, cover, over, place, holders)
        inside, entering = _cut_to_tile(
            edges, owners, members, begin, end, state, bounds[t], bounds[t + 1], pieces, rising,
            entries,
        )  # fmt: skip
        box = (bounds[t], bounds[t + 1], low, high)
        table, used = _slabs(
            pieces, rising, inside, entries, entering, lines, gaps, over, place, code, holders, box,
            table, used,
        )  # fmt: skip
        _clear(over)
        _mark(owners, members, begin, end, state, 0)
    _clear(cover)
    return table[table["key"] >= 0]


@kernel
def room_for(polygons: int) -> Ints:
    """Room for what strip notes of polygons: those over a tile's corner, those over the place where
    the sweep stands (both sets, see _toggle), and what each is in a tile."""
    return np.zeros((3, 2 * polygons + 1), dtype=np.int64)


@kernel
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


@kernel
def touching(edges: Floats, bounds: Floats) -> tuple[Ints, Ints]:
    """The edges of each strip: members[first[s] : first[s + 1]]."""
    inner = bounds[1:-1]
    starts = np.searchsorted(inner, edges[:, 1])
    stops = starts + 1
    for i in range(len(edges)):
        while stops[i] <= len(inner) and inner[stops[i] - 1] < edges[i, 3]:
            stops[i] += 1
    return _listed(starts, stops, len(bounds) - 1)


@kernel
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


@kernel
def in_strip(
    edges: Floats, owners: Ints, members: Ints, low: float, high: float
) -> tuple[Floats, Ints]:
    """Some of the edges cut to a strip, and their polygons."""
    found, whose = np.empty((len(members), 4)), np.empty(len(members), dtype=np.int64)
    for n in range(len(members)):
        i = members[n]
        x1, y1, x2, y2 = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        found[n, 0], found[n, 1], found[n, 2], found[n, 3] = x1, y1, x2, y2
        if y1 < low:
            found[n, 0], found[n, 1] = x1 + (low - y1) * ((x2 - x1) / (y2 - y1)), low
        if y2 > high:
            found[n, 2], found[n, 3] = x1 + (high - y1) * ((x2 - x1) / (y2 - y1)), high
        whose[n] = owners[i]
    return found, whose


@kernel
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


@kernel
def _in_tiles(edges: Floats, bounds: Floats) -> tuple[Ints, Ints]:
    inner = bounds[1:-1]
    starts = np.searchsorted(inner, np.minimum(edges[:, 0], edges[:, 2]))
    stops = starts + 1
    for i in range(len(edges)):
        east = max(edges[i, 0], edges[i, 2])
        while stops[i] <= len(inner) and inner[stops[i] - 1] <= east:
            stops[i] += 1
    return _listed(starts, stops, len(bounds) - 1)


@kernel
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


@kernel
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


@kernel
def _bottom_events(edges: Floats, low: float) -> Ints:
    """The edges that cross the strip's lower side, from left to right."""
    found = np.nonzero(edges[:, 1] == low)[0]
    return found[np.argsort(edges[found, 0])]


# -- a set of polygons, in one array: how many, which (from 1 on), and where each stands there -----


@kernel
def _toggle(polygons: Ints, polygon: int) -> bool:
    """Put a polygon into a set, or take it out; True when it was put in."""
    many, stands = polygons[0], len(polygons) // 2 + 1 + polygon
    at = polygons[stands]
    if at == 0:
        polygons[0], polygons[many + 1], polygons[stands] = many + 1, polygon, many + 1
        return True
    last = polygons[many]
    polygons[at], polygons[len(polygons) // 2 + 1 + last] = last, at
    polygons[0], polygons[stands] = many - 1, 0
    return False


@kernel
def _holds(polygons: Ints, polygon: int) -> bool:
    return bool(polygons[len(polygons) // 2 + 1 + polygon] > 0)


@kernel
def _clear(polygons: Ints) -> None:
    for n in range(1, polygons[0] + 1):
        polygons[len(polygons) // 2 + 1 + polygons[n]] = 0
    polygons[0] = 0


# -- a tile ----------------------------------------------------------------------------------------


@kernel
def _mark(owners: Ints, members: Ints, begin: int, end: int, state: Ints, what: int) -> None:
    """Note of the polygons of a tile's edges what they are there."""
    for m in range(begin, end):
        state[owners[members[m]]] = what


@kernel
def _best_of_cover(cover: Ints, state: Ints, place: Ints, holders: Ints) -> None:
    """The first, in each claim, of the polygons that cover the whole tile."""
    for c in range(place.shape[1]):
        best = len(place) - 1
        for n in range(1, cover[0] + 1):
            polygon = cover[n]
            if state[polygon] == 0 and place[polygon, c] < place[best, c]:
                best = polygon
        holders[BEST, c] = holders[LEFT, c] = best


@kernel
def _look(
    owners: Ints, members: Ints, begin: int, end: int, state: Ints, cover: Ints, over: Ints,
    place: Ints, holders: Ints,
) -> None:  # fmt: skip
    """Which polygons may have something in the tile, and which of them are over its corner."""
    for m in range(begin, end):
        polygon = owners[members[m]]
        if state[polygon] == UNKNOWN:
            state[polygon] = HIDDEN
            for c in range(place.shape[1]):
                if place[polygon, c] < place[holders[BEST, c], c]:
                    state[polygon] = SEEN
            if state[polygon] == SEEN and _holds(cover, polygon):
                _cross(polygon, over, place, holders, LEFT)


@kernel
def _cut_to_tile(
    edges: Floats, owners: Ints, members: Ints, begin: int, end: int, state: Ints, west: float,
    east: float, pieces: Any, rising: Ints, entries: Any,
) -> tuple[int, int]:  # fmt: skip
    """The edges that are seen cut to a tile, and where they cross its left side; how many of both.

    rising: the numbers of the pieces by their lower ends.
    """
    count, entering = 0, 0
    for m in range(begin, end):
        i = members[m]
        who = owners[i]
        if state[who] != SEEN:
            continue
        x1, y1, x2, y2 = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        if min(x1, x2) < west:
            _put_entry(entries, entering, _height_at(x1, y1, x2, y2, west), who)
            entering += 1
        ax, ay = _end(x1, y1, x2, y2, x1, y1, west, east)
        bx, by = _end(x1, y1, x2, y2, x2, y2, west, east)
        if ay < by:
            _put_piece(pieces, rising, count, ax, ay, bx, by, who)
            count += 1
    return count, entering


@kernel
def _put_piece(
    pieces: Any, rising: Ints, count: int, ax: float, ay: float, bx: float, by: float, who: int
) -> None:
    """Add a piece to those before it, and its number by its lower end."""
    slope, at = (bx - ax) / (by - ay), count
    piece = pieces[count]
    piece.x, piece.low, piece.high, piece.who = ax, ay, by, who
    piece.slope = slope if np.isfinite(slope) else 0.0
    while at > 0 and pieces[rising[at - 1]].low > ay:
        rising[at] = rising[at - 1]
        at -= 1
    rising[at] = count


@kernel
def _put_entry(entries: Any, count: int, height: float, who: int) -> None:
    """Add an entry to those before it, by its height."""
    at = count
    while at > 0 and entries[at - 1].height > height:
        entries[at].height, entries[at].who = entries[at - 1].height, entries[at - 1].who
        at -= 1
    entries[at].height, entries[at].who = height, who


@kernel
def _height_at(x1: float, y1: float, x2: float, y2: float, x: float) -> float:
    """The height at which an edge crosses a side of a tile: the same bits for both its tiles."""
    if x == x1:
        return y1
    if x == x2:
        return y2
    return min(max(y1 + (x - x1) * ((y2 - y1) / (x2 - x1)), y1), y2)


@kernel
def _end(
    x1: float, y1: float, x2: float, y2: float, x: float, y: float, west: float, east: float
) -> tuple[float, float]:
    """An end of an edge, or where the edge leaves the tile."""
    if x < west:
        return west, _height_at(x1, y1, x2, y2, west)
    if x > east:
        return east, _height_at(x1, y1, x2, y2, east)
    return x, y


@kernel
def _slabs(
    pieces: Any, rising: Ints, inside: int, entries: Any, entering: int, lines: Any, gaps: Any,
    over: Ints, place: Ints, code: Ints, holders: Ints, box: Box, table: Any, used: int,
) -> tuple[Any, int]:  # fmt: skip
    """Add the trapezoids of a tile, slab by slab, to the table of areas; the table, and how many
    of its places are taken."""
    west, east, bottom, high = box
    slack = ROUNDING * max(abs(west), abs(east))
    count, begun, entered, many = 0, 0, 0, 0  # lines, pieces, entries and gaps
    while bottom < high:
        changed = False
        while entered < entering and entries[entered].height <= bottom:
            _cross(entries[entered].who, over, place, holders, LEFT)
            entered, changed = entered + 1, True
        count = _still(lines, pieces, count, bottom)
        while begun < inside and pieces[rising[begun]].low <= bottom:
            lines[count].piece = rising[begun]
            count, begun = count + 1, begun + 1
        top = min(high, entries[entered].height) if entered < entering else high
        top = min(top, pieces[rising[begun]].low) if begun < inside else top
        top = _first_end(lines, pieces, count, top)
        whole = _sorted(lines, pieces, count, bottom, top, slack)
        between = _NONE if whole else _crossings(lines, count, bottom, top)
        for n in range(len(between) + 1):
            to = top if n == len(between) else between[n]
            if not whole:
                _sorted(lines, pieces, count, bottom, to, slack)
            if changed or not _as_before(gaps, many, lines, pieces, count):
                table = _with_room(table, used + many)
                used = _write(gaps, many, table, used)
                _look_along(gaps, lines, pieces, count, over, place, code, holders)
                many, changed = count + 1, False
            _widen(gaps, lines, count, west, east, to - bottom)
            bottom = to
    table = _with_room(table, used + many)
    return table, _write(gaps, many, table, used)


@kernel
def _still(lines: Any, pieces: Any, count: int, bottom: float) -> int:
    """Leave out those that end below the slab; how many are left."""
    kept = 0
    for a in range(count):
        piece = lines[a].piece
        if pieces[piece].high > bottom:
            lines[kept].piece = piece
            kept += 1
    return kept


@kernel
def _first_end(lines: Any, pieces: Any, count: int, top: float) -> float:
    for a in range(count):
        top = min(top, pieces[lines[a].piece].high)
    return top


@kernel
def _sorted(lines: Any, pieces: Any, count: int, bottom: float, top: float, slack: float) -> bool:
    """Bring lines into their order at half height; False when some cross in the slab."""
    for a in range(count):
        n = lines[a].piece
        piece = pieces[n]
        xb = piece.x + (bottom - piece.low) * piece.slope
        xa = piece.x + (top - piece.low) * piece.slope
        at = a
        while at > 0 and lines[at - 1].below + lines[at - 1].above > xb + xa:
            lines[at].below, lines[at].above = lines[at - 1].below, lines[at - 1].above
            lines[at].piece = lines[at - 1].piece
            at -= 1
        lines[at].below, lines[at].above, lines[at].piece = xb, xa, n
    for a in range(1, count):
        if lines[a].below < lines[a - 1].below - slack:
            return False
        if lines[a].above < lines[a - 1].above - slack:
            return False
    return True


@kernel
def _crossings(lines: Any, count: int, bottom: float, top: float) -> Floats:
    """The heights at which lines cross within a slab, rising, each once.

    From their order on the lower side to that on the upper, each exchange is one crossing.
    """
    found, many = np.empty(2 * count), 0
    for a in range(count):
        at = a
        while at > 0 and lines[lines[at - 1].order].below > lines[a].below:
            lines[at].order = lines[at - 1].order
            at -= 1
        lines[at].order = a
    for a in range(1, count):
        n, at = lines[a].order, a
        while at > 0 and lines[lines[at - 1].order].above > lines[n].above:
            other = lines[at - 1].order
            lines[at].order = other
            at -= 1
            before = lines[n].below - lines[other].below
            after = lines[other].above - lines[n].above
            if many == len(found):
                found = np.concatenate((found, np.empty(many)))
            height = bottom + (top - bottom) * (before / (before + after))
            if bottom < height < top:
                found[many] = height
                many += 1
        lines[at].order = n
    return _each_once(found[:many])


@kernel
def _each_once(heights: Floats) -> Floats:
    heights.sort()
    count = 0
    for height in heights:
        if count == 0 or height > heights[count - 1]:
            heights[count] = height
            count += 1
    return heights[:count]


@kernel
def _as_before(gaps: Any, many: int, lines: Any, pieces: Any, count: int) -> bool:
    """Whether the same polygons are crossed as in the slab below, so that its gaps go on."""
    a = 0
    while a < count and gaps[a + 1].who == pieces[lines[a].piece].who:
        a += 1
    return many == count + 1 == a + 1


@kernel
def _look_along(
    gaps: Any, lines: Any, pieces: Any, count: int, over: Ints, place: Ints, code: Ints,
    holders: Ints,
) -> None:  # fmt: skip
    """Find the key of each gap of a slab, from left to right."""
    for c in range(place.shape[1]):
        holders[HERE, c] = holders[LEFT, c]
    gaps[0].who, gaps[0].key, gaps[0].area = -1, _key(code, holders), 0.0
    for a in range(count):
        who = pieces[lines[a].piece].who
        _cross(who, over, place, holders, HERE)
        gaps[a + 1].who, gaps[a + 1].key, gaps[a + 1].area = who, _key(code, holders), 0.0
    for a in range(count):  # back to how it stands at the left side
        _toggle(over, gaps[a + 1].who)


@kernel
def _key(code: Ints, holders: Ints) -> int:
    """The key of those who have the land where the sweep stands."""
    key = 0
    for c in range(code.shape[1]):
        key += code[holders[HERE, c], c]
    return key


@kernel
def _cross(polygon: int, over: Ints, place: Ints, holders: Ints, row: int) -> None:
    """Enter a polygon, or leave it, and bring a row of holders up to date."""
    entered = _toggle(over, polygon)
    for c in range(place.shape[1]):
        holder = holders[row, c]
        if entered and place[polygon, c] < place[holder, c]:
            holders[row, c] = polygon
        elif holder == polygon and not entered:
            heir = holders[BEST, c]
            for n in range(1, over[0] + 1):
                if place[over[n], c] < place[heir, c]:
                    heir = over[n]
            holders[row, c] = heir


@kernel
def _widen(gaps: Any, lines: Any, count: int, west: float, east: float, thick: float) -> None:
    """Add the trapezoids of a slab to its gaps."""
    x = west
    for a in range(count + 1):
        to = east if a == count else 0.5 * (lines[a].below + lines[a].above)
        if to > x:
            gaps[a].area += (to - x) * thick
            x = to


# -- the table of areas ----------------------------------------------------------------------------


@kernel
def _table(places: int) -> Any:
    table = np.empty(places, dtype=SUM)
    for i in range(places):
        table[i].key, table[i].area = -1, 0.0
    return table


@kernel
def _with_room(table: Any, wanted: int) -> Any:
    """The table, or a larger one, so that no more than half of its places will be taken."""
    while 2 * wanted > len(table):
        larger = _table(2 * len(table))
        for i in range(len(table)):
            if table[i].key >= 0:
                _add(larger, table[i].key, table[i].area)
        table = larger
    return table


@kernel
def _write(gaps: Any, many: int, table: Any, used: int) -> int:
    """Add what gaps hold to the table; how many of its places are taken."""
    for a in range(many):
        if gaps[a].key > 0 and gaps[a].area > 0:
            used += _add(table, gaps[a].key, gaps[a].area)
    return used


@kernel
def _add(table: Any, key: int, area: float) -> int:
    """Add to a key's area; 1 when the key is new."""
    mask = len(table) - 1
    at = (key * 0x9E3779B97F4A7C1) >> 7 & mask
    while table[at].key != key and table[at].key >= 0:
        at = (at + 1) & mask
    table[at].area += area
    if table[at].key == key:
        return 0
    table[at].key = key
    return 1
