"""Vector files of the formats that agencies use, opened for what they are."""

import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from geopandas import GeoDataFrame

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.grid import known_crs
from tianren.io.encodings import text_encoding, undecodable
from tianren.io.signatures import offline, require_modest, require_signature, unreadable
from tianren.io.sources import Entry
from tianren.io.tables import WORKBOOKS, read_table
from tianren.language import say
from tianren.parameters.headings import columns_by_role, plain_heading, row_numbers

# The endings of files that may hold polygons or lines; a drawing does not say its CRS.
OF_SHAPES = frozenset((
    ".gpkg", ".sqlite", ".shp", ".geojson", ".json", ".fgb", ".kml", ".kmz", ".gml", ".gpx", ".tab",
    ".mif", ".gdb", ".parquet", ".geoparquet", ".zip",
))  # fmt: skip
FAULTS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, RuntimeError, OSError)


def read_features(entry: Entry, path: Path, findings: list[Finding]) -> GeoDataFrame:
    """The features of one file, with its CRS (or the catalog's) and text decoded."""
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _points(entry, _csv(entry, path, findings))
    if suffix in WORKBOOKS:
        return _points(entry, _rows(entry, path, findings))
    if suffix in (".parquet", ".geoparquet"):
        return _with_crs(entry, _parquet(entry, path))
    geodatabase = suffix == ".gdb" and path.is_dir()
    if not geodatabase:
        require_signature(entry, path)
    if suffix in (".zip", ".kmz"):
        return _with_crs(entry, _archive(entry, path, findings))
    if entry.every_layer and not entry.sublayer and suffix != ".shp":
        layers = {n: _layer(entry, path, n) for n in _layers_with_shapes(entry, path)}
        if layers:
            return _as_one(entry, layers, findings)
    encoding = _encoding(entry, path, findings) if suffix == ".shp" else entry.encoding
    return _with_crs(entry, _ogr(entry, path, encoding))


# The vertices of a GPX's tracks and routes, which GDAL shows as layers of their own.
_VERTICES = ("track_points", "route_points")


def _layers_with_shapes(entry: Entry, path: Path) -> list[str]:
    """The layers of a file that hold shapes: not tables such as QGIS's styles, nor empty ones."""
    try:
        with offline():
            kinds = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
            names = [name for name, kind in kinds if kind is not None]
            if path.suffix.lower() == ".gpx":
                names = [name for name in names if name not in _VERTICES]
            return [n for n in names if _count(path, n)]
    except FAULTS as fault:
        raise unreadable(entry, path, fault) from fault


def _count(path: Path, layer: str) -> int:
    return int(pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"])


def _layer(entry: Entry, path: Path, name: str) -> GeoDataFrame:
    return _with_crs(entry, _ogr(replace(entry, sublayer=name), path, entry.encoding))


def _as_one(
    entry: Entry, layers: Mapping[str, GeoDataFrame], findings: list[Finding]
) -> GeoDataFrame:
    """Several layers in the CRS of the first; that there are several is told."""
    import pandas as pd

    first = next(iter(layers.values()))
    if len(layers) == 1:
        return first
    for name, layer in layers.items():
        if layer.crs is None:
            raise UserError(
                say("the layer has no CRS"),
                where=f"{entry.where}, {name}",
                next_step=entry.how_to_say_crs,
            )
    message = say("{n} layers of the file were read together: {names}", n=len(layers),
                  names=", ".join(layers))  # fmt: skip
    findings.append(Finding("vector.layers", entry.name, Severity.NOTE, message, entry.uri))
    same = [layer.to_crs(first.crs) for layer in layers.values()]
    return GeoDataFrame(pd.concat(same, ignore_index=True), geometry="geometry", crs=first.crs)


def _archive(entry: Entry, path: Path, findings: list[Finding]) -> GeoDataFrame:
    """The one layer of a .zip or .kmz, or all of them as one where the entry takes every layer."""
    suffixes = _IN_KMZ if path.suffix.lower() == ".kmz" else _IN_ZIP
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            require_modest(entry, path, members)
            names = [m.filename for m in members if not m.is_dir()]
            found = _files_of_layers(names, suffixes)
            if entry.every_layer and not entry.sublayer and len(found) > 1:
                layers = {n: _unpacked(entry, archive, n, findings) for n in found}
                return _as_one(entry, layers, findings)
            return _unpacked(entry, archive, _only(entry, found), findings)
    # A wrong checksum, a broken stream, a way of packing that is not known, a password.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise unreadable(entry, path, fault) from fault


_IN_ZIP = (".shp", ".gpkg", ".geojson", ".json", ".fgb", ".kml")
_IN_KMZ = (".kml",)


def _files_of_layers(names: list[str], suffixes: tuple[str, ...]) -> list[str]:
    return [n for n in names if n.lower().endswith(suffixes) and "__MACOSX" not in n]


def _only(entry: Entry, found: list[str]) -> str:
    chosen = [n for n in found if Path(n).stem == entry.sublayer] or found
    if len(chosen) != 1:
        names = ", ".join(Path(n).stem for n in found[:8])
        raise UserError(
            say("the archive holds {n} layers, one is needed", n=len(found)),
            where=entry.where,
            next_step=say("name one: sublayer = ... ({names})", names=names)
            if found
            else say("unpack it and name the layer's file"),
        )
    return chosen[0]


def _unpacked(
    entry: Entry, archive: zipfile.ZipFile, name: str, findings: list[Finding]
) -> GeoDataFrame:
    """The layer, unpacked with its companions under plain names into a folder that goes again."""
    import shutil
    import tempfile

    stem = name[: -len(Path(name).suffix)]
    with tempfile.TemporaryDirectory() as folder:
        for member in archive.infolist():
            if member.filename.startswith(stem + ".") and not member.is_dir():
                target = Path(folder) / ("layer" + member.filename[len(stem) :].lower())
                if target.parent != Path(folder):
                    continue  # a name that leads elsewhere is not a companion
                with archive.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
        inner = Path(folder) / ("layer" + Path(name).suffix.lower())
        sublayer = "" if Path(name).stem == entry.sublayer else entry.sublayer
        plain = replace(entry, sublayer=sublayer)
        return read_features(plain, inner, findings)


def _ogr(entry: Entry, path: Path, encoding: str) -> GeoDataFrame:
    options: dict[str, Any] = {"encoding": encoding} if encoding else {}
    try:
        with offline():
            if entry.sublayer:
                options["layer"] = _sublayer(entry, path)
            layer = pyogrio.read_dataframe(path, **options)
    except UserError:
        raise
    except FAULTS as fault:
        raise unreadable(entry, path, fault) from fault
    except (LookupError, UnicodeDecodeError) as fault:
        raise undecodable(entry, fault) from fault
    except shapely.errors.GEOSException as fault:
        raise _broken_rings(entry, path, options, fault) from fault
    if not isinstance(layer, GeoDataFrame):
        raise UserError(
            say("the file holds a table without geometry"),
            where=entry.where,
            next_step=say("name the layer with geometry: sublayer = ..."),
        )
    return layer.rename_geometry("geometry") if layer.geometry.name != "geometry" else layer


def _broken_rings(entry: Entry, path: Path, options: dict[str, Any], fault: Exception) -> UserError:
    """What is said of shapes that cannot be made, such as rings that do not close: which, and how
    wide each is open."""
    with offline(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of GDAL, about the same rings
        shapes = pyogrio.raw.read(path, **options)[2]
    closed = shapely.from_wkb(shapes, on_invalid="fix")
    broken = np.flatnonzero(shapely.is_missing(shapely.from_wkb(shapes, on_invalid="ignore")))
    first = int(broken[0])
    return UserError(
        say("a ring of a polygon does not close, or has too few points: {why}", why=fault),
        where=say("{where}, feature {n}", where=entry.where, n=first + 1),
        by_how_much=say(
            "{n} of {all} features; the first is open by {open} units of the layer",
            n=len(broken),
            all=len(shapes),
            open=f"{_opening(closed[first]):,.6g}",
        ),
        next_step=say("close it by hand (QGIS: Fix geometries) and look at the result"),
    )


def _opening(closed: Any) -> float:
    """The length of the last edge of a ring, which was put there to close it: of all rings, the
    longest."""
    ends = [shapely.get_coordinates(ring)[-2:] for ring in shapely.get_rings(closed)]
    return max((float(np.hypot(*(b - a))) for a, b in ends), default=0.0)


def _sublayer(entry: Entry, path: Path) -> str:
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    if entry.sublayer not in names:
        raise UserError(
            say("the file has no layer called {name}", name=entry.sublayer),
            where=entry.where,
            next_step=say("use one of {names}", names=", ".join(names)),
        )
    return entry.sublayer


def _parquet(entry: Entry, path: Path) -> GeoDataFrame:
    import geopandas
    import pyarrow as pa

    try:
        return geopandas.read_parquet(path)
    except (pa.ArrowException, ValueError, OSError) as fault:
        raise unreadable(entry, path, fault) from fault


def _with_crs(entry: Entry, layer: GeoDataFrame) -> GeoDataFrame:
    """The file's CRS, or the catalog's where the file does not say."""
    if not entry.crs or layer.crs is not None:
        return layer
    return layer.set_crs(known_crs(entry.crs, where=entry.where))


# --- points as a table -------------------------------------------------------------------------


def _csv(entry: Entry, path: Path, findings: list[Finding]) -> Any:
    """The rows of a text, whatever divides its cells; columns in which all is a number become
    numbers, as in other layers."""
    return _rows(entry, path, findings).apply(_as_numbers)


def _rows(entry: Entry, path: Path, findings: list[Finding]) -> Any:
    """The rows of one file of the source, read as tables are."""
    table, told = read_table(replace(entry, folder=path.parent, uri=path.name))
    findings += told
    return table


def _as_numbers(cells: Any) -> Any:
    import pandas as pd

    numbers = pd.to_numeric(cells, errors="coerce")
    filled = cells != ""
    return numbers if filled.any() and numbers[filled].notna().all() else cells


def _points(entry: Entry, table: Any) -> GeoDataFrame:
    """A table of points: columns of longitude and latitude by their usual names."""
    import geopandas

    x, y = _column(entry, table, "longitude", "x"), _column(entry, table, "latitude", "y")
    crs = known_crs(entry.crs or "EPSG:4326", where=entry.where)
    lon, lat = (_coordinates(table[c], degrees=crs.is_geographic) for c in (x, y))
    bad = lon.isna() | lat.isna()
    if crs.is_geographic:
        bad |= (lon.abs() > 360) | (lat.abs() > 90)
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise UserError(
            "a point has no usable coordinates",
            where=f"{entry.where}, row {row_numbers(table)[row]}, columns {x} and {y}",
            by_how_much=f"{int(bad.sum())} of {len(table)} rows; the first says "
            f"{table[x].iloc[row]!r}, {table[y].iloc[row]!r}",
            next_step="write decimal degrees, or remove those rows",
        )
    shapes = geopandas.points_from_xy(lon, lat)
    return GeoDataFrame(table.reset_index(drop=True), geometry=shapes, crs=crs)


def _coordinates(cells: Any, *, degrees: bool) -> Any:
    """Numbers with a decimal point or comma; of metres "600,123" has two readings and is none."""
    import pandas as pd

    comma = r"^(-?\d+),(\d+)$" if degrees else r"^(-?\d+),(\d{1,2}|\d{4,})$"
    return pd.to_numeric(
        cells.astype(str).str.replace(comma, r"\1.\2", regex=True), errors="coerce"
    )


def _column(entry: Entry, table: Any, role: str, short: str) -> str:
    """The column of a coordinate, by its headings among records (parameters/headings.csv), or x and
    y."""
    columns = [str(column) for column in table.columns]
    found = columns_by_role("records", columns).get(role)
    found = found or next((c for c in columns if plain_heading(c) == short), None)
    if found is not None:
        return found
    raise UserError(
        f"the table has no column of {role}",
        where=entry.where,
        by_how_much=f"its columns are {', '.join(columns[:12])}",
        next_step=f"rename the column to {role}",
    )


# --- encodings ---------------------------------------------------------------------------------


def _encoding(entry: Entry, path: Path, findings: list[Finding]) -> str:
    """Encoding of a Shapefile's table: the catalog's, the .cpg's, else guessed from the text."""
    if entry.encoding:
        return entry.encoding
    if any(path.with_suffix(s).exists() for s in (".cpg", ".CPG")):
        return ""
    table = path.with_suffix(".dbf")
    if not table.exists():
        return ""
    data = table.read_bytes()
    return text_encoding(entry, data[int.from_bytes(data[8:10], "little") :], findings)
