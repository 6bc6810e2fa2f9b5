"""Area of the union of overlapping sites in each unit, against shapely and geopandas.

spread: 100,000 sites of 60 vertices over 30 units, about one and a half on each place; heap: 50,000
sites that hang together as one, about eight on each place. Ours also tells which site has each
piece. All say the area in each unit, and they must agree to 1e-9. Compiling is not counted.
"""

import argparse
import time

import numpy as np
import shapely

from benchmarks import data, measure
from benchmarks.measure import Goal, Measured, at_least, peer, together
from tianren.geo.overlay import NOBODY, Claim, pieces

KINDS = {"spread": (100_000, 2_000_000.0), "heap": (50_000, 600_000.0)}  # sites, extent in m
VERTICES, COLUMNS, ROWS = 60, 6, 5
AGREE = 1e-9


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure what benchmarks.run was asked for."""
    found: list[Goal | str] = []
    for kind, (count, _) in KINDS.items():
        print(f"\nOverlay, {kind}: {count:,} sites of {VERTICES} vertices", flush=True)
        measure.prepare("overlay", kind, count)
        (ours_,) = together("overlay", ["ours"], kind, count, asked.threads, asked.runs)
        if not asked.ours:
            found += _against(kind, ours_)
    return found


def _against(kind: str, mine: Measured) -> list[Goal | str]:
    goals: list[Goal | str] = []
    for script, needs, limit in (
        ("overlay_shapely", ["shapely"], 4.0),
        ("overlay_geopandas", ["geopandas"], 7.0),
    ):
        theirs = peer(script, needs, [str(data.FOLDER), kind])
        if theirs:
            print(f"    {theirs.said[1]}; largest difference {_differ(mine, theirs):.1e}")
            ratio = theirs.seconds / mine.seconds
            goals.append(at_least(f"{script} / overlay, {kind}", ratio, limit))
    return goals


def _differ(one: Measured, two: Measured) -> float:
    """The largest difference of areas by unit, relative; stops where they do not agree."""
    a, b = (np.array(m.said[0].split(), dtype=np.float64) for m in (one, two))
    largest = float(np.max(np.abs(a - b) / np.maximum(b, b.max() * 1e-6)))
    if largest > AGREE:
        raise SystemExit(f"overlay: the two answers differ by {largest:.1e}")
    return largest


def sites(count: int, extent: float) -> np.ndarray:
    """Rounded shapes with bays, of log-normal size, in random places."""
    rng = np.random.default_rng(11)
    angle = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    middle = rng.uniform(0, extent, (count, 2))
    turn = rng.uniform(0, 2 * np.pi, (count, 1))
    bays = 1 + 0.3 * np.sin(3 * angle + turn) + 0.1 * np.sin(7 * angle)
    reach = rng.lognormal(8, 0.6, (count, 1)) * bays
    x, y = middle[:, :1] + reach * np.cos(angle), middle[:, 1:] + reach * np.sin(angle)
    return shapely.polygons(np.stack([x, y], axis=-1))


def units(extent: float) -> np.ndarray:
    """A grid of units that cover all sites, with a vertex every two kilometres."""
    margin = extent / 10
    x = np.linspace(-margin, extent + margin, COLUMNS + 1)
    y = np.linspace(-margin, extent + margin, ROWS + 1)
    boxes = [shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(COLUMNS)
             for j in range(ROWS)]  # fmt: skip
    return shapely.segmentize(np.array(boxes), 2000)


def prepare(kind: str, size: int, threads: int) -> float:
    """Make sites and units, once."""
    file = data.FOLDER / f"overlay_{kind}.npy"
    if not file.exists():
        data.FOLDER.mkdir(parents=True, exist_ok=True)
        extent = KINDS[kind][1]
        for name, shapes in (("units", units(extent)), ("sites", sites(size, extent))):
            target = file if name == "sites" else data.FOLDER / f"overlay_{kind}_units.npy"
            np.save(target, shapely.get_coordinates(shapes).reshape(len(shapes), -1, 2))
    return 0.0


def read(folder: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Sites and units as prepare has left them."""
    names = (f"overlay_{kind}", f"overlay_{kind}_units")
    one, two = (shapely.polygons(np.load(f"{folder}/{name}.npy")) for name in names)
    return one, two


def ours(kind: str, size: int, threads: int) -> float:
    """The pieces of sites and units, and from them the area in each unit."""
    mine, of = read(str(data.FOLDER), kind)
    pieces([Claim(mine[:50]), Claim(of[:2])])  # compile
    started = time.perf_counter()
    found = pieces([Claim(mine), Claim(of)])
    held = found.owner[:, 0] != NOBODY
    area = np.bincount(found.owner[held, 1], found.area[held], minlength=len(of))
    seconds = time.perf_counter() - started
    print(*(repr(float(a)) for a in area))
    return seconds
