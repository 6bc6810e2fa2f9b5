"""Records in a national redline, against geopandas.sjoin: the same points, the same answer.

400 irregular pieces of 250 vertices each, as pieces of a redline are; 20 million points all over
their extent, the first 2 million for the peer, whose time is scaled. One in 50 points lies exactly
on a vertex. Building the index is part of our time; compiling is not.
"""

import argparse
import time

import numpy as np
import shapely

from benchmarks import data, measure
from benchmarks.measure import Goal, at_least, peer, together
from tianren.geo.points import index_polygons, inside

POINTS, PEER_POINTS = 20_000_000, 2_000_000
PIECES, VERTICES = 20, 250  # pieces in a row and in a column; vertices each
POINTS_FILE, PIECES_FILE = data.FOLDER / "points.npy", data.FOLDER / "points_pieces.wkb"


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure what benchmarks.run was asked for."""
    print(f"\nPoints in polygons, {POINTS:,} points, {PIECES**2} pieces", flush=True)
    measure.prepare("points", "redline", POINTS)
    work = ("redline", POINTS, asked.threads, asked.runs)
    (found,) = together("points", ["ours"], *work)
    print(f"    {'; '.join(found.said)}")
    if asked.ours:
        return []
    theirs = peer("points_geopandas", ["geopandas"], [str(data.FOLDER), str(PEER_POINTS)])
    if not theirs:
        return []
    print(f"    {'; '.join(theirs.said)}")
    if theirs.said[0] != found.said[0]:
        raise SystemExit("points: the two answers differ")
    scaled = theirs.seconds * POINTS / PEER_POINTS
    return [at_least("geopandas.sjoin / points in polygons", scaled / found.seconds, 20.0)]


def redline() -> np.ndarray:
    """Pieces whose outlines wander: a sum of waves round a centre."""
    rng = np.random.default_rng(7)
    angle = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    shapes = []
    for row in range(PIECES):
        for column in range(PIECES):
            waves = range(2, 30)
            wander = sum(rng.normal() / k * np.cos(k * angle + rng.uniform(0, 7)) for k in waves)
            radius = 20_000 * np.clip(1 + 0.25 * wander, 0.1, 1.9)
            x, y = 80_000 * (column + 0.5), 80_000 * (row + 0.5)
            ring = np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])
            shapes.append(shapely.Polygon(ring))
    return np.array(shapes, dtype=object)


def prepare(kind: str, size: int, threads: int) -> float:
    """Make the points and the pieces, once."""
    if PIECES_FILE.exists():
        return 0.0
    data.FOLDER.mkdir(parents=True, exist_ok=True)
    shapes = redline()
    rng = np.random.default_rng(8)
    points = rng.uniform(0, 80_000 * PIECES, (2, size))
    vertices = shapely.get_coordinates(shapes)
    points[:, ::50] = vertices[rng.integers(0, len(vertices), points[:, ::50].shape[1])].T
    np.save(POINTS_FILE, points)
    PIECES_FILE.write_bytes(shapely.to_wkb(shapely.multipolygons(shapes)))
    return 0.0


def ours(kind: str, size: int, threads: int) -> float:
    """Index the pieces, then ask of all points whether they are inside."""
    points = np.load(POINTS_FILE)
    shapes = shapely.get_parts(shapely.from_wkb(PIECES_FILE.read_bytes()))
    inside(points[0, :1000], points[1, :1000], shapes)  # compile
    started = time.perf_counter()
    found = inside(points[0], points[1], index_polygons(shapes))
    seconds = time.perf_counter() - started
    print(f"{int(found[:PEER_POINTS].sum())} of the first {PEER_POINTS} inside")
    print(f"{size / seconds / 1e6:.1f} million points a second")
    return seconds
