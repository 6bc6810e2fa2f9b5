"""Is this activity allowed here? Asked of a country whose line has 50,000 pieces.

A square of 2,000 km: 30 provinces, 2,500 counties of 160 corners each, a line of irregular pieces
of a third of its land, a fiftieth of it in large ones of 5,000 corners, 3,000 protected areas with
core zones, and a run of the line with eleven functions and sensitivities on a grid of 1 km. The
zones are entered into the register as `tianren register adopt` does. Questions: mines, roads and
reservoirs, most of them in or across the line. Warm: the checker is open, another question was
answered before; cold: the command line, from its start to its end.
"""

import argparse
import datetime as dt
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from benchmarks import data, measure
from benchmarks.measure import Goal, at_most, told
from tianren.io.rasters import raster_sink
from tianren.management.register import (
    CORE,
    GENERAL,
    PROTECTED,
    REDLINE,
    UNIT,
    NewZone,
    Warrant,
    enter,
)
from tianren.project.project import Project, open_project
from tianren.project.roles import person_of
from tianren.project.runs import start_run
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import ConstantSource, Raster
from tianren.steps.check_project import ProjectChecker
from tianren.steps.footprint import read_footprint
from tianren.steps.journal import start
from tianren.steps.journal_writing import writing
from tianren.steps.places import Places, place_of
from tianren.steps.register_adopt import wkb_of

PIECES, SIDE = 50_000, 2_000_000.0  # m
STRIPES, PROVINCE = 50, (10, 8)  # counties along a side; of a province, along each
BLOCK, LARGE = 10, 70  # slots along a block; blocks that one large piece fills
SITES = 3_000
CELLS = 2_000  # along a side of the grid
NAMES = (
    "water_conservation", "soil_retention", "biodiversity_maintenance", "windbreak_sand_fixation",
    "coastal_protection", "species_diversity", "soil_erosion", "desertification",
    "rocky_desertification", "salinization", "coastal_erosion",
)  # fmt: skip
DAY = dt.date(2026, 1, 5)
CRS = "+proj=laea +lat_0=36 +lon_0=104 +datum=WGS84 +units=m +no_defs"
PROJECT = f"""
name = "National"
day = {DAY}
jurisdiction = "CN"

[region]
source = "country"

[grid]
crs = "{CRS}"
resolution = 1000

[admin]
levels = [
  {{name = "province", source = "provinces", code = "code", label = "name"}},
  {{name = "county", source = "counties", code = "code", label = "name"}},
]
piece_level = "county"
"""
ASKED = 40
COLD = 4  # questions from the command line
ACTIVITIES = ("mineral_mining", "linear_works", "grazing", "restoration")
Shapes = NDArray[Any]


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure what benchmarks.run was asked for; 50,000 pieces at its usual size."""
    size = min(5 * asked.size, PIECES)
    print(f"\ncheck-project on a line of {size:,} pieces", flush=True)
    measure.prepare("check_project", "national", size)
    found: list[Goal | str] = []
    for function, what, limit in (
        ("warm", "check-project, library, warm, slowest, s", 0.2),
        ("warm_elsewhere", "same with alternatives, slowest, s", 5.0),
        ("cold", "check-project, command line, slowest, s", 3.0),
        ("cold_elsewhere", "same with alternatives, slowest, s", 5.0),
    ):
        took = told("check_project", function, "national", size)
        found.append(at_most(what, float(took.said[-1]), limit))
    return found


# -- what is measured, each in a process of its own ------------------------------------------------


def warm(kind: str, size: int, threads: int) -> float:
    return _asked(size, alternatives=False)


def warm_elsewhere(kind: str, size: int, threads: int) -> float:
    return _asked(size, alternatives=True)


def _asked(size: int, alternatives: bool) -> float:
    """Seconds of all questions but the first, which opens what the others find open."""
    project = open_project(_folder(size))
    prints = [read_footprint(project, path) for path in _footprints(size)]
    checker = ProjectChecker(project, DAY)
    took, busy, touched = [], [], 0
    for n, footprint in enumerate([prints[0], *prints]):
        started, worked = time.perf_counter(), time.process_time()
        activity = ACTIVITIES[n % len(ACTIVITIES)]
        found = checker.check(footprint, activity, alternatives=alternatives)
        took.append(time.perf_counter() - started)
        busy.append(time.process_time() - worked)
        touched += bool(found.touched.held)
    checker.close()
    print(f"{len(took) - 1} questions, {touched} touch a zone; the first took {took[0]:.2f} s")
    _tell(busy[1:], "processor")
    _tell(took[1:], "clock")
    print(max(took[1:]))
    return sum(took[1:])


def cold(kind: str, size: int, threads: int) -> float:
    return _typed(size, "--no-alternatives")


def cold_elsewhere(kind: str, size: int, threads: int) -> float:
    return _typed(size, "--alternatives")


def _typed(size: int, option: str) -> float:
    """Seconds of some questions from the command line, each in a process of its own."""
    took = []
    for n, path in enumerate(_footprints(size)[:COLD]):
        command = [sys.executable, "-m", "tianren", "check-project", str(path), "--project",
                   str(_folder(size)), "--day", DAY.isoformat(), "--json", option,
                   "--activity", ACTIVITIES[n % len(ACTIVITIES)]]  # fmt: skip
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took.append(time.perf_counter() - started)
    _tell(took, "clock")
    print(max(took))
    return sum(took)


def _tell(seconds: list[float], what: str) -> None:
    print(f"{what}: {np.median(seconds):.3f} s in the middle, {max(seconds):.3f} s at most")


# -- the country -----------------------------------------------------------------------------------


def _folder(size: int) -> Path:
    return data.FOLDER / f"national-{size}"


def _footprints(size: int) -> list[Path]:
    return sorted((_folder(size) / "asked").glob("*.gpkg"))


def prepare(kind: str, size: int, threads: int) -> float:
    """The country on first use; its folder gets its name when it is whole."""
    if not _folder(size).exists():
        making = _folder(size).with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        _make(making, size)
        making.rename(_folder(size))
    return 0.0


def _make(folder: Path, size: int) -> None:
    """The project, its run, its register and the questions."""
    folder.mkdir(parents=True)
    (folder / "project.toml").write_text(PROJECT, encoding="utf-8")
    names = ("country", "provinces", "counties")
    entries = (f'[{n}]\nuri = "data/{n}.gpkg"\nkind = "vector"\n' for n in names)
    (folder / "catalog.toml").write_text("\n".join(entries), encoding="utf-8")
    project = open_project(folder)
    run = _run(project)
    start(project, "ann", "Ann Admin", day=DAY)
    units = _units()
    outlines = pieces(size)
    zones = list(_zones(units, outlines, run))
    person = person_of(project, "ann")
    warrant = Warrant("ann", person.require("register.adopt", ""), DAY, "decree 1")
    with writing(project, person) as book:
        outcome = enter({}, [zone for zone, _ in zones], warrant).or_refuse("register", "")
        book.append(outcome.records, {zone.boundary: wkb for zone, wkb in zones})
    for n, shape in enumerate(_asked_for(outlines)):
        (folder / "asked").mkdir(exist_ok=True)
        table = gpd.GeoDataFrame({"n": [n]}, geometry=[shape], crs=CRS)
        table.to_file(folder / "asked" / f"{n:03d}.gpkg")


def _zones(
    units: dict[str, tuple[str, Any]], outlines: Shapes, run: str
) -> Iterator[tuple[NewZone, bytes]]:
    """Everything that is entered, with its WKB."""
    for place, (level, shape) in units.items():
        digest, wkb = wkb_of(shape)
        area, code = round(shape.area), place.rpartition("/")[2]
        yield NewZone(UNIT, f"{level}/{code}", f"{level} {code}", place, 0, digest, area,
                      {place: area}, {"level": level}), wkb  # fmt: skip
    finest = {place: shape for place, (level, shape) in units.items() if level == "county"}
    places = Places(list(finest), np.array(list(finest.values()), dtype=object))
    about = {
        "category": "function", "dominant": NAMES[0], "realm": "land", "run": run,
        "natural_percent": 96.1, "ecosystems": {"forest": 61.2, "grassland": 38.8},
    }  # fmt: skip
    yield from _entered(REDLINE, 3, outlines, places, about)
    areas, cores = _sites(outlines)
    yield from _entered(PROTECTED, GENERAL, shapely.difference(areas, cores), places, {})
    yield from _entered(PROTECTED, CORE, cores, places, {})


def _entered(
    kind: str, level: int, shapes: Shapes, places: Places, about: dict[str, Any]
) -> Iterator[tuple[NewZone, bytes]]:
    parts = places.parts(shapes, [""] * len(shapes))
    for n, (shape, mine) in enumerate(zip(shapes, parts, strict=True)):
        digest, wkb = wkb_of(shape)
        yield NewZone(kind, f"{level}{n:06d}", f"{kind} {n}", place_of(mine), level, digest,
                      round(shape.area), mine, about), wkb  # fmt: skip


def _units() -> dict[str, tuple[str, Any]]:
    """Place -> level and shape: a chessboard that is bent, so that borders meet point by point."""
    found: dict[str, tuple[str, Any]] = {}
    step = SIDE / STRIPES
    wide, high = PROVINCE
    for row in range(STRIPES):
        for column in range(STRIPES):
            province = f"{11 + row // high * (STRIPES // wide) + column // wide}"
            code = f"{province}{row % high:02d}{column % wide:02d}"
            box = shapely.box(column * step, row * step, (column + 1) * step, (row + 1) * step)
            found[f"{province}/{code}"] = ("county", _bent(box))
    counties: dict[str, list[Any]] = {}
    for place, (_, shape) in found.items():
        counties.setdefault(place.partition("/")[0], []).append(shape)
    provinces = {p: ("province", shapely.union_all(own)) for p, own in counties.items()}
    return {**provinces, **found}


def _bent(shape: Any) -> Any:
    """Corners at every km, each moved by waves of its place."""

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = points.T / 1000
        dx = 3000 * np.sin(y / 7) + 900 * np.sin(y / 1.7 + x / 9)
        dy = 3000 * np.sin(x / 6 + 1) + 900 * np.sin(x / 1.9 - y / 8)
        return points + np.c_[dx, dy]

    return shapely.transform(shapely.segmentize(shape, 1000), moved)


def pieces(size: int) -> Shapes:
    """Outlines that do not meet: one in each slot of a board, a large one in some blocks."""
    rng = np.random.default_rng(23)
    blocks = int(np.ceil(np.sqrt((size / 0.85) / BLOCK**2)))
    slot = SIDE / (blocks * BLOCK)
    large = rng.choice(blocks**2, min(LARGE, blocks**2 // 8), replace=False)
    rows, columns = np.divmod(np.arange((blocks * BLOCK) ** 2), blocks * BLOCK)
    free = np.flatnonzero(~np.isin(rows // BLOCK * blocks + columns // BLOCK, large))
    taken = rng.choice(free, size - len(large), replace=False)
    small = np.c_[columns[taken], rows[taken]] + 0.5
    whole = BLOCK * (np.c_[large % blocks, large // blocks] + 0.5)
    found = [_outline(rng, place * slot, slot * 0.49, 60) for place in small]
    found += [_outline(rng, place * slot, slot * BLOCK * 0.49, 5000) for place in whole]
    return shapely.make_valid(np.array(found, dtype=object))


def _outline(rng: np.random.Generator, middle: Any, reach: float, corners: int) -> Any:
    """An irregular outline within reach: sixteen waves around a circle."""
    corners = int(corners * np.exp(rng.normal(0, 0.5)))
    turn = np.linspace(0, 2 * np.pi, max(corners, 8), endpoint=False)
    waves = np.arange(1, 17)
    height, phase = rng.normal(0, 0.4 / waves), rng.uniform(0, 2 * np.pi, 16)
    far = np.exp((height * np.cos(turn[:, None] * waves + phase)).sum(axis=1))
    far *= reach / far.max()
    return shapely.Polygon(middle + far[:, None] * np.c_[np.cos(turn), np.sin(turn)])


def _sites(outlines: Shapes) -> tuple[Shapes, Shapes]:
    """Protected areas about pieces of the line, and their cores."""
    rng = np.random.default_rng(29)
    about = shapely.centroid(outlines[rng.choice(len(outlines), len(outlines) * SITES // PIECES)])
    middles = shapely.get_coordinates(about)
    areas = [_outline(rng, m, float(np.exp(rng.normal(9.2, 0.6))), 200) for m in middles]
    every = shapely.make_valid(np.array(areas, dtype=object))
    return every, shapely.buffer(every, -0.2 * np.sqrt(shapely.area(every)))


def _asked_for(outlines: Shapes) -> Iterator[Any]:
    """Mines, roads and reservoirs: three of four at a piece of the line, some at large ones."""
    rng = np.random.default_rng(31)
    for n in range(ASKED):
        near = outlines[int(rng.integers(len(outlines) - 5 if n % 8 == 1 else 0, len(outlines)))]
        border = shapely.get_coordinates(near)
        place = border[int(rng.integers(len(border)))]
        middle = rng.uniform(0.1 * SIDE, 0.9 * SIDE, 2) if n % 4 == 3 else place
        kind = n % 3
        if kind == 0:
            yield shapely.box(*middle, *(middle + rng.uniform(100, 1500, 2)))
        elif kind == 1:
            steps = np.cumsum(rng.normal(0, 700, (40, 2)), axis=0)
            yield shapely.buffer(shapely.LineString(middle + steps), 12)
        else:
            yield shapely.make_valid(_outline(rng, middle, float(rng.uniform(800, 4000)), 150))


# -- the run of the line ---------------------------------------------------------------------------


def _run(project: Project) -> str:
    """A run of delineate, as far as check-project reads it: values and grades of each function."""
    grid = GeoBox((CELLS, CELLS), Affine(1000, 0, 0, 0, -1000, SIDE), CRS)
    parameters = project.parameters()
    with start_run(project, "delineate", inputs={}, settings={}, parameters=parameters) as run:
        cuts = {}
        for n, name in enumerate(NAMES):
            value = _waves(n)
            _write(run.path(f"values/{name}.tif"), grid, value, "float32")
            _write(run.path(f"grades/{name}.tif"), grid, np.ceil(value / 200), "uint8")
            cuts[name] = {"land": {"total": f"{round(float(value.sum()))}/1"}}
        run.write_json("cuts.json", cuts)
        run.write_json("criteria.json", [{"criterion": n, "status": "computed"} for n in NAMES])
        run.finish([], [], parameters)
        return run.id


def _waves(seed: int) -> NDArray[np.float32]:
    y, x = np.ogrid[0:CELLS, 0:CELLS]
    height = np.sin(x / 37 + seed) * np.cos(y / 53 - seed) + np.sin(x / 5 + y / 7 + seed) / 3
    return np.asarray(np.round((height / 2.7 + 0.5) * 1000), dtype=np.float32)


def _write(path: Path, grid: Any, cells: NDArray[Any], dtype: str) -> None:
    ground = Raster("ground", grid, ConstantSource(0.0))
    sink = raster_sink(path, grid, dtype=dtype)
    map_blocks(lambda w, _: cells[w].astype(dtype), [ground], [sink], with_window=True)
