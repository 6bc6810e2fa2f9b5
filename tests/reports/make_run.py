"""A synthetic finished run: noise fields in the files and columns of a real run."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from tianren.findings import Finding, Severity
from tianren.measures import COLUMNS, Measure, in_order
from tianren.reports.contents import Description

CRS = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"
RUN = "redline-0badcafe"
CELL = 1000.0
FUNCTIONS = ("water_conservation", "soil_conservation")
CRITERIA = (*FUNCTIONS, "water_erosion")
UNITS = {"water_conservation": "mm/a", "soil_conservation": "t/(hm2 a)", "water_erosion": "1"}
TYPE_CODES = {"water_conservation": "11", "soil_conservation": "13", "water_erosion": "21"}

CUT_LABELS = [(0.5, 5), (0.8, 3)]


@dataclass(frozen=True)
class Fields:
    """The arrays behind the synthetic run, all of one shape."""

    inside: NDArray[np.bool_]
    elevation: NDArray[np.float32]
    values: dict[str, NDArray[np.float32]]
    grades: dict[str, NDArray[np.uint8]]
    cells: NDArray[np.int32]
    frequency: NDArray[np.float32]
    transform: Any


def noise(shape: tuple[int, int], seed: int) -> NDArray[np.float64]:
    """Smooth noise in 0..1: white noise blurred at four scales."""
    source = np.random.default_rng(seed)
    total = sum(
        scale * _spread(ndimage.gaussian_filter(source.normal(size=shape), scale))
        for scale in (2, 4, 8, 14)
    )
    return np.asarray((total - np.min(total)) / np.ptp(total))


def _spread(field: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(field / field.std())


def make_fields(rows: int = 200, columns: int = 300, pieces: int = 25) -> Fields:
    y, x = np.mgrid[0:rows, 0:columns]
    shape = (rows, columns)
    radius = np.hypot((y - rows / 2) / (rows * 0.42), (x - columns / 2) / (columns * 0.42))
    inside = ndimage.binary_opening(radius + 0.5 * (noise(shape, 1) - 0.5) < 1)
    elevation = (3200 * noise(shape, 2) ** 1.6).astype(np.float32)
    values, grades = {}, {}
    for number, name in enumerate(CRITERIA):
        value = np.where(inside, 1 + 900 * noise(shape, 10 + number) ** 1.8, np.nan)
        if name == "water_erosion":
            value = np.where(inside, 0.6 + 4 * noise(shape, 12), np.nan)
        values[name] = value.astype(np.float32)
        grades[name] = _grade(name, value, inside)
    core = sum((grades[name] == 5).astype(int) for name in CRITERIA) + (noise(shape, 7) > 0.7) > 1
    core = ndimage.binary_opening(core, iterations=1) & inside
    labels, _ = ndimage.label(core)
    cells = _largest(labels, pieces)
    frequency = np.clip(ndimage.gaussian_filter((cells > 0).astype(float), 2) * 1.1, 0, 1)
    frequency = np.where(inside, np.round(frequency * 20) / 20, np.nan).astype(np.float32)
    transform = rasterio.transform.from_origin(-columns / 2 * CELL, rows / 2 * CELL, CELL, CELL)
    return Fields(inside, elevation, values, grades, cells, frequency, transform)


def _grade(name: str, value: NDArray[Any], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    out = np.full(value.shape, 255, dtype=np.uint8)
    if name == "water_erosion":
        out[inside] = np.where(value[inside] > 4, 5, np.where(value[inside] > 2, 3, 1))
        return out
    ordered = np.sort(value[inside])[::-1]
    held = np.cumsum(ordered) / ordered.sum()
    high, low = (ordered[np.searchsorted(held, share)] for share in (0.5, 0.8))
    out[inside] = np.where(value[inside] >= high, 5, np.where(value[inside] >= low, 3, 1))
    return out


def _largest(labels: NDArray[Any], count: int) -> NDArray[np.int32]:
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept = [int(i) for i in np.argsort(-sizes, kind="stable")[:count] if sizes[i] > 0]
    numbers = np.zeros(sizes.size, dtype=np.int32)
    numbers[sorted(kept)] = np.arange(1, len(kept) + 1)
    return np.asarray(numbers[labels], dtype=np.int32)


def write_raster(path: Path, cells: NDArray[Any], fields: Fields, nodata: float | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = cells.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype=cells.dtype,
        crs=CRS, transform=fields.transform, nodata=nodata, tiled=True,
        blockxsize=128, blockysize=128, compress="deflate",
    ) as target:  # fmt: skip
        target.write(cells, 1)


def step_of(fields: Fields) -> NDArray[np.uint8]:
    """What became of each cell: 1 core, 6 deducted, 0 outside the line, 255 outside the region."""
    step = np.where(fields.cells > 0, 1, 0).astype(np.int32)
    town = np.zeros(step.shape, dtype=bool)
    rows, columns = step.shape
    town[rows // 2 : rows // 2 + rows // 12, columns // 2 : columns // 2 + columns // 12] = True
    step[town & (step == 0)] = 6
    step[~fields.inside] = 255
    return step.astype(np.uint8)


def piece_table(fields: Fields) -> gpd.GeoDataFrame:
    shapes: dict[int, list[Any]] = {}
    for shape, number in rasterio.features.shapes(
        fields.cells, mask=fields.cells > 0, transform=fields.transform
    ):
        shapes.setdefault(int(number), []).append(shapely.geometry.shape(shape))
    rows = [_piece(fields, n, shapely.union_all(parts)) for n, parts in sorted(shapes.items())]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)


def must_table() -> gpd.GeoDataFrame:
    """Two protected areas and a spring, as the line took them."""
    places = ((-60e3, 10e3, 9e3), (40e3, -30e3, 6e3), (0.0, 50e3, 2e3))
    return gpd.GeoDataFrame(
        {
            "site": ["North Reserve", "Côte Park", "Spring of the Plateaux"],
            "entry": ["protected_areas", "protected_areas", "drinking_water"],
            "kind": ["protected_area", "protected_area", "drinking_water"],
            "level": [1, 2, 3],
        },
        geometry=[shapely.Point(x, y).buffer(radius) for x, y, radius in places],
        crs=CRS,
    )


def _piece(fields: Fields, number: int, geometry: Any) -> dict[str, Any]:
    mine = fields.cells == number
    shares = {n: 100 * float(np.mean(fields.grades[n][mine] == 5)) for n in CRITERIA}
    dominant = max(CRITERIA, key=lambda n: shares[n])
    if number % 6 == 0:
        category, type_code, dominant = "habitat", "12", "biodiversity"
    else:
        category = "barrier" if dominant == "water_erosion" else "key_function"
        type_code = TYPE_CODES[dominant]
    west = geometry.centroid.x < 0
    province, district = ("North Shore", "NS") if west else ("Côte & Plateaux", "CP")
    functions = "; ".join(f"{n} {s:.1f} %" for n, s in shares.items() if s > 0)
    return {
        "code": f"{district}{1 + number % 3}{type_code}{number:04d}",
        "name": f"{province} {dominant.replace('_', ' ')} redline {number}",
        "category": category,
        "type_code": type_code,
        "dominant": dominant,
        "functions": functions,
        "level": 3 if number % 4 else 2,
        "realm": "land",
        "area_m2": float(mine.sum()) * CELL * CELL,
        "province": province,
        "province_code": district,
        "district": f"{province} {1 + number % 3}",
        "district_code": f"{district}{1 + number % 3}",
        "reasons": f"{dominant} is extremely important here",
        "must_include": "protected_areas" if number % 6 == 0 else "",
        "run": RUN,
        "geometry": geometry,
    }


def lorenz(value: NDArray[Any], inside: NDArray[np.bool_]) -> list[tuple[float, float]]:
    ordered = np.sort(value[inside])[::-1].astype(float)
    held = np.concatenate([[0.0], np.cumsum(ordered) / ordered.sum()])
    points = np.linspace(0, 1, 21)
    index = np.round(points * (held.size - 1)).astype(int)
    return [(float(p), float(held[i])) for p, i in zip(points, index, strict=True)]


def make_measures(fields: Fields, pieces: gpd.GeoDataFrame) -> list[Measure]:
    area = CELL * CELL
    land = float(fields.inside.sum()) * area
    total = float(pieces.area_m2.sum())
    place, period = "Synthetia", "2026"

    def one(indicator: str, value: float, unit: str, **by: str) -> Measure:
        return Measure(indicator, place, period, value, unit, tuple(by.items()), method=RUN)

    found = [
        one("redline.area", total, "m2"),
        one("redline.area", total, "m2", realm="land"),
        one("redline.share", 100 * total / land, "%", realm="land"),
        one("region.area", land, "m2"),
        one("region.area", land, "m2", realm="land"),
        one("must_include.area", 0.06 * land, "m2", kind="protected_area"),
        one("conflict.area", 0.011 * land, "m2", kind="built_up", decision="deduct"),
        one("spatial.change", 11e6, "m2", change="filled"),
        one("spatial.change", 43e6, "m2", change="dropped"),
        one("spatial.change", 79e6, "m2", change="deducted"),
        one("robustness.core", 0.7 * total, "m2"),
    ]
    low, high = 0.83 * total, 1.21 * total
    found.append(
        Measure("robustness.area", place, period, total * 1.01, "m2", (("draws", "20"),), low, high)
    )
    for name, effect in (("grading.extremely_important", 0.91), ("soil.c_factor", -0.33)):
        found.append(one("robustness.effect", effect, "1", parameter=name))
    for column in ("category", "dominant", "level", "province", "district"):
        for label, share in pieces.groupby(column).area_m2.sum().items():
            dimension = "function" if column == "dominant" else column
            found.append(one("redline.area", float(share), "m2", **{dimension: str(label)}))
    for name in CRITERIA:
        found += _criterion_measures(one, fields, name)
    return in_order(found)


def _criterion_measures(one: Any, fields: Fields, name: str) -> list[Measure]:
    grade = fields.grades[name]
    kind = "function" if name in FUNCTIONS else "sensitivity"
    found = [
        one("function.area", float((grade == c).sum()) * CELL * CELL, "m2",
            **{kind: name}, grade=str(c), realm="land")
        for c in (5, 3, 1)
    ]  # fmt: skip
    if name not in FUNCTIONS:
        return found
    value = np.nan_to_num(fields.values[name]).astype(float)
    held = 100 * value[fields.cells > 0].sum() / value.sum()
    found += [
        one("function.held", float(held), "%", function=name),
    ]
    found += [
        one(
            "function.lorenz",
            100 * h,
            "%",
            function=name,
            scope="nation",
            best_land_percent=f"{100 * p:.0f}",
        )
        for p, h in lorenz(fields.values[name], fields.inside)
        if 0 < p < 1
    ]
    return found


def make_run(folder: Path, rows: int = 200, columns: int = 300, pieces: int = 25) -> Path:
    """Write a finished run below the folder and return the run's own folder."""
    fields = make_fields(rows, columns, pieces)
    run = folder / "results" / RUN
    for name in CRITERIA:
        write_raster(run / f"values/{name}.tif", fields.values[name], fields, np.nan)
        write_raster(run / f"grades/{name}.tif", fields.grades[name], fields, 255)
    write_raster(run / "factors/elevation.tif", fields.elevation, fields, np.nan)
    write_raster(run / "robustness/frequency.tif", fields.frequency, fields, np.nan)
    write_raster(run / "spatial_step.tif", step_of(fields), fields, 255)
    write_raster(run / "redline_cells.tif", fields.cells, fields, None)
    must_table().to_file(run / "must_include.gpkg", layer="must_include", driver="GPKG")
    table = piece_table(fields)
    table.to_file(run / "redline.gpkg", layer="redline", driver="GPKG")
    _write_table(
        run / "measures.csv", list(COLUMNS), [m.row() for m in make_measures(fields, table)]
    )
    _write_table(run / "findings.csv", list(FINDINGS[0].as_dict()), [f.as_dict() for f in FINDINGS])
    _write_table(run / "decisions.csv", list(DECISIONS[0]), DECISIONS)
    (run / "cuts.json").write_text(json.dumps(_cuts(fields)), encoding="utf-8")
    (run / "criteria.json").write_text(json.dumps(CRITERIA_PLAN), encoding="utf-8")
    (run / "run.toml").write_text(RUN_TOML, encoding="utf-8")
    return run


def _write_table(path: Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


def _cuts(fields: Fields) -> dict[str, Any]:
    found = {}
    for name in FUNCTIONS:
        value, grade = fields.values[name], fields.grades[name]
        thresholds = [float(value[grade == 5].min()), float(value[grade >= 3].min())]
        found[name] = {"0": {"shares": ["1/2", "4/5"], "thresholds": thresholds}}
    return found


FINDINGS = [
    Finding("layers.constant", "soil_erodibility", Severity.NOTE,
            "One soil erodibility of 0.03 is used everywhere: there is no survey",
            "Tianren: How the line is drawn"),
    Finding("water.et_clipped", "water_conservation", Severity.WARNING,
            "Evapotranspiration was clipped to potential evapotranspiration in 4.2 % of the cells",
            "Zhang et al. 2001"),
    Finding("redline.edge", "=HYPERLINK(\"x\")", Severity.NOTE,
            "A <b>subject</b> that looks like a formula & markup", ""),
]  # fmt: skip

DECISIONS = [
    {"kind": "must_include", "name": name, "type": kind, "decision": "include", "reason": reason,
     "area_m2": area, "in_must_include_m2": "0.0", "in_candidate_m2": "0.0", "removed_m2": "0.0"}
    for name, kind, reason, area in (
        ("North Reserve", "protected_area", "designated", "2500000000.0"),
        ("Côte Park", "protected_area", "designated", "1000000000.0"),
        ("Spring of the Plateaux", "drinking_water", "level 1 zone", "120000000.0"),
    )
] + [
    {"kind": "conflict", "name": "built_up", "type": "built_up", "decision": "deduct",
     "reason": "towns stay outside", "area_m2": "640000000.0", "in_must_include_m2": "1000000.0",
     "in_candidate_m2": "80000000.0", "removed_m2": "79000000.0"},
    {"kind": "conflict", "name": "plantations", "type": "plantation", "decision": "keep",
     "reason": "no conflict with the function", "area_m2": "110000000.0",
     "in_must_include_m2": "0.0", "in_candidate_m2": "30000000.0", "removed_m2": "0.0"},
]  # fmt: skip

CRITERIA_PLAN = [
    {"criterion": "water_conservation", "status": "computed", "method": "model", "reason": "",
     "needs": [], "inputs": ["precipitation", "temperature", "landcover"], "unit": "mm/a"},
    {"criterion": "soil_conservation", "status": "computed", "method": "model", "reason": "",
     "needs": [], "inputs": ["precipitation", "elevation", "landcover"], "unit": "t/(hm2 a)"},
    {"criterion": "water_erosion", "status": "computed", "method": "factors", "reason": "",
     "needs": [], "inputs": ["precipitation", "relief"], "unit": "1"},
    {"criterion": "windbreak_sand_fixation", "status": "missing", "method": "model",
     "reason": "one layer is missing", "needs": [
         {"layer": "wind_factor", "unit": "kg/m", "where_from": "the weather service"}],
     "inputs": [], "unit": "t/km2"},
    {"criterion": "coastal_protection", "status": "not_applicable", "method": "",
     "reason": "the region has no coast", "needs": [], "inputs": [], "unit": "1"},
]  # fmt: skip

DESCRIPTION = Description(
    title="Synthetia: ecological conservation redline",
    place="Synthetia",
    crs=CRS,
)

RUN_TOML = """
run = "redline-0badcafe"
step = "delineate"
project = "Synthetia"
tianren = "0.1.0"
day = 2026-06-30
jurisdiction = ""

[settings]
robustness = 20

[[inputs]]
name = "precipitation"
layer = "precipitation"
uri = "data/precipitation.tif"
unit = "mm/month"
period = "1991-2020"
licence = "CC-BY-4.0"
citation = "Weather Service of Synthetia (2021): normals"
note = ""
reason = ""
sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
approximate = false

[[inputs]]
name = "protected_areas"
layer = "protected_areas"
uri = "data/protected.gpkg"
unit = "1"
period = "2026"
licence = "CC0-1.0"
citation = "Register of protected areas (2026)"
note = "circles of the reported area"
reason = ""
sha256 = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
approximate = true

[[parameters]]
id = "grading.extremely_important"
value = "1/2"
unit = "1"
since = "2017-05-27"
jurisdiction = ""
set = ""
source = "Guidelines for delineating Ecological Conservation Redlines (MEP & NDRC 2017, No. 48)"
verified = true

[[parameters]]
id = "grading.important"
value = "4/5"
unit = "1"
since = "2017-05-27"
jurisdiction = ""
set = ""
source = "Guidelines (MEP & NDRC 2017, No. 48), from memory"
verified = false

[[parameters]]
id = "water.runoff"
unit = "%"
since = "0001-01-01"
jurisdiction = ""
set = "A"
source = "Guidelines, annex A"
verified = false
value = { evergreen_broadleaf = 2.67, evergreen_needleleaf = 3.02, mixed = 2.29, steppe = 4.78 }
"""
