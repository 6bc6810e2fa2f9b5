"""Species records of any usual kind as one table: where, when, what, and from which row."""

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.degrees import read_axis, read_position
from tianren.geo.grid import known_crs
from tianren.geo.moves import move_between
from tianren.io.darwincore import archive_blocks, plain_blocks
from tianren.io.delimited import TextBlock
from tianren.io.formats import read_features
from tianren.io.rasters import discard, temporary_beside
from tianren.io.roles import (
    COLUMN_RULES,
    UNCERTAINTY_KM,
    find_roles,
    require_roles,
    told_once,
    told_roles,
)
from tianren.io.sources import Entry, source_files
from tianren.io.tables import plain_text, read_table
from tianren.language import say

COLUMNS = (
    "species", "group", "longitude", "latitude", "year", "date", "uncertainty_m", "basis", "status",
    "written", "source", "row",
)  # fmt: skip
_TEXTS = ("species", "group", "date", "basis", "status", "written")
_MISSING = pa.array(["NA", "N/A", "NaN", "nan", "NULL", "null", "None", "none", "\\N", "-"])
_DATUMS = re.compile(
    r"(?i)^(wgs ?_?(19)?84.*|epsg:4326|epsg:4490|cgcs ?2000|unknown|not recorded|)$"
)

Floats = NDArray[np.float64]


def read_records(entry: Entry) -> tuple[pd.DataFrame, list[Finding]]:
    """Every row of a source of records, with the columns COLUMNS, and what was found.

    species, group, date, basis, status, written: categories of text, "" where not said; longitude,
    latitude in degrees (WGS 84), NaN where missing or unreadable; written: coordinates that are
    there and cannot be read, as written; year NaN where not said; date: ISO as far as it goes;
    uncertainty_m NaN where not said; source: the entry's name, with the file's where there are
    several; row: number in the file.
    A Darwin Core Archive, CSV, TSV, XLSX, GeoPackage, Shapefile or GeoJSON of points. A row that
    does not fit its headings is kept with status "malformed". Raises UserError where the file names
    no species or no place.
    """
    findings: list[Finding] = []
    told: list[Finding] = []
    paths = source_files(entry)
    frames = []
    for path in paths:
        name = entry.name if len(paths) == 1 else f"{entry.name}: {path.name}"
        one = entry if len(paths) == 1 else replace(entry, uri=str(path))
        found: list[Finding] = []
        frame = _read_file(one, path, found)
        findings += [f for f in found if f.rule not in COLUMN_RULES]
        if frame is not None:
            told += [f for f in found if f.rule in COLUMN_RULES]
            frames.append(frame.assign(source=pd.Categorical([name]).repeat(len(frame))))
    if not frames:
        raise UserError(
            "there are no records", where=entry.where, next_step="check the file, and sublayer"
        )
    every = stack_records(frames)
    _tell(entry, every, findings)
    findings += told_once(entry, told)
    return every[list(COLUMNS)], findings


def _read_file(entry: Entry, path: Path, findings: list[Finding]) -> pd.DataFrame | None:
    """The rows of one file; None when there are none."""
    blocks = [_typed(entry, block) for block in _blocks(entry, path, findings)]
    parts = [block for block in blocks if block.num_rows]
    if not parts:
        return None
    frame: pd.DataFrame = pa.concat_tables(parts).unify_dictionaries().to_pandas()
    return _placed(entry, path, frame)


def stack_records(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Records of several sources as one table, texts still as categories, one after the other."""
    if len(frames) == 1:
        return frames[0].reset_index(drop=True)
    columns: dict[str, Any] = {
        c: union_categoricals([f[c] for f in frames])
        if isinstance(frames[0][c].dtype, pd.CategoricalDtype)
        else np.concatenate([f[c].to_numpy() for f in frames])
        for c in frames[0].columns
    }
    return pd.DataFrame(columns)


def write_rows(path: Path, frame: pd.DataFrame) -> None:
    """A table of millions of rows as CSV, whole or not at all, without its text in memory."""
    part = temporary_beside(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        frame.to_csv(part, index=False, lineterminator="\n", encoding="utf-8")
        part.replace(path)
    except OSError as fault:
        raise UserError(
            f"the table cannot be written: {fault.strerror}",
            where=str(path),
            next_step="check the folder and the room on its disk",
        ) from fault
    finally:
        discard(part)


def _blocks(entry: Entry, path: Path, findings: list[Finding]) -> Iterator[TextBlock]:
    if path.suffix.lower() in (".xls", ".ods", ".doc", ".docx", ".pdf"):
        raise UserError(
            f"{path.name} is not of a format that records are read from",
            where=entry.where,
            next_step="save it as XLSX, or as CSV in UTF-8",
        )
    if _is_layer(path):
        yield _points(entry, path, findings)
    elif path.suffix.lower() == ".zip":
        yield from archive_blocks(entry, path, findings)
    elif path.suffix.lower() in _TEXT_FILES:
        yield from plain_blocks(entry, lambda: path.open("rb"), findings)
    else:
        table, found = read_table(entry)
        findings += found
        headings = [str(c) for c in table.columns]
        roles = require_roles(entry, find_roles(entry, headings), headings)
        findings += told_roles(entry, roles, headings)
        yield _as_block(table, roles, table.index.to_numpy(dtype=np.int64))


_TEXT_FILES = (".csv", ".tsv", ".txt", ".tab")
_TABLE_FILES = (".xlsx", ".xlsm", ".dbf")


def _is_layer(path: Path) -> bool:
    """Whether a file holds points as geometries; a zip does when there is a layer in it."""
    suffix = path.suffix.lower()
    if suffix != ".zip":
        return suffix not in (*_TEXT_FILES, *_TABLE_FILES)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.lower() for name in archive.namelist()]
    except zipfile.BadZipFile:
        return False
    return any(name.endswith((".shp", ".gpkg", ".geojson")) for name in names)


def _as_block(table: pd.DataFrame, roles: Mapping[str, str], rows: NDArray[np.int64]) -> TextBlock:
    columns = {role: _as_text(table[heading]) for role, heading in roles.items()}
    return TextBlock(columns, rows)


def _as_text(values: "pd.Series[Any]") -> pa.Array:
    cells = ["" if v is None or v != v else plain_text(str(v)) for v in values.tolist()]
    return pa.array([c.removesuffix(".0") for c in cells], pa.string())


def _points(entry: Entry, path: Path, findings: list[Finding]) -> TextBlock:
    """A layer of points: its places are those of the geometry, whatever its columns say."""
    layer = read_features(entry, path, findings)
    kinds = set(layer.geometry.geom_type.dropna())
    if not kinds <= {"Point"}:
        raise UserError(
            f"records are points, the layer holds {', '.join(sorted(kinds - {'Point'}))}",
            where=entry.where,
            next_step="name a layer of points",
        )
    if layer.crs is None:
        raise UserError(
            "the layer has no CRS",
            where=entry.where,
            next_step=entry.how_to_say_crs,
        )
    table = pd.DataFrame(layer.drop(columns=layer.geometry.name))
    table.columns = table.columns.map(str)
    own = find_roles(entry, list(table.columns))
    roles = {role: heading for role, heading in own.items() if role not in _PLACE}
    headings = list(table.columns)
    findings += told_roles(entry, {**roles, "position": layer.geometry.name}, headings)
    places = layer.geometry.to_crs("EPSG:4326")
    there = ~(places.is_empty | places.isna())
    table = table.assign(
        decimalLongitude=_plain_numbers(places.x, there),
        decimalLatitude=_plain_numbers(places.y, there),
    )
    roles |= {"longitude": "decimalLongitude", "latitude": "decimalLatitude"}
    require_roles(entry, roles, headings)
    return _as_block(table, roles, np.arange(1, len(table) + 1, dtype=np.int64))


_PLACE = ("longitude", "latitude", "position")


def _plain_numbers(values: Any, there: Any) -> list[str]:
    return [repr(float(v)) if ok else "" for v, ok in zip(values, there, strict=True)]


# --- from text to values -------------------------------------------------------------------------


def _said(column: "pa.StringArray", otherwise: str) -> "pa.StringArray":
    """The column with its blanks filled."""
    return pc.if_else(pc.equal(column, ""), otherwise, column) if otherwise else column


def _typed(entry: Entry, block: TextBlock) -> pa.Table:
    count = len(block.rows)
    text = {role: _clean(column) for role, column in block.columns.items()}
    empty = pa.array([""] * count, pa.string())
    longitude, latitude, written = _coordinates(text, empty)
    date = text.get("date", empty)
    columns = {
        "species": pa.array([entry.species] * count)
        if entry.species
        else text.get("species", empty),
        "group": _said(text.get("group", empty), entry.group),
        "longitude": pa.array(longitude),
        "latitude": pa.array(latitude),
        "year": pa.array(_years(text.get("year", empty), date)),
        "date": _each(date, iso_date),
        "uncertainty_m": pa.array(_uncertainty(text, empty)),
        "basis": text.get("basis", empty),
        "status": text.get("status", empty),
        "written": written,
        "datum": text.get("datum", empty),
        "row": pa.array(block.rows),
    }
    coded = {n: c.dictionary_encode() if n in (*_TEXTS, "datum") else c for n, c in columns.items()}
    return _with_bad(pa.table(coded), block)


def _uncertainty(text: Mapping[str, pa.Array], empty: pa.Array) -> Floats:
    """In m; where the heading says kilometres, what has no unit of its own is in these."""
    if UNCERTAINTY_KM in text:
        return 1000.0 * _numbers(text[UNCERTAINTY_KM], lambda t: _metres(t) / 1000.0)
    return _numbers(text.get("uncertainty", empty), _metres)


def _with_bad(table: pa.Table, block: TextBlock) -> pa.Table:
    """The rows that did not fit their headings, as records without anything but their text."""
    if not block.bad:
        return table
    count = len(block.bad)
    nothing = pa.array([""] * count, pa.string())
    made: dict[str, Any] = dict.fromkeys(table.column_names, nothing)
    made |= dict.fromkeys(
        ("longitude", "latitude", "year", "uncertainty_m"), pa.array([np.nan] * count)
    )
    made["row"] = pa.array([number for number, _ in block.bad], pa.int64())
    made["written"] = pa.array([plain_text(text)[:80] for _, text in block.bad], pa.string())
    made["status"] = pa.array(["malformed"] * count, pa.string())
    coded = {
        name: made[name].dictionary_encode() if pa.types.is_string(made[name].type) else made[name]
        for name in table.column_names
    }
    return pa.concat_tables([table, pa.table(coded)])


def _clean(column: pa.Array) -> pa.Array:
    """Trimmed, with the words for "nothing" empty."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    column = pc.fill_null(column, "")
    bare = pc.utf8_trim_whitespace(pc.utf8_trim(column, '"'))
    return pc.if_else(pc.is_in(bare, _MISSING), "", bare)


def _coordinates(text: dict[str, pa.Array], empty: pa.Array) -> tuple[Floats, Floats, pa.Array]:
    """Longitudes, latitudes, and as written what is there and cannot be read."""
    lon_text, lat_text = text.get("longitude", empty), text.get("latitude", empty)
    longitude = _numbers(lon_text, lambda t: read_axis(t, "longitude"))
    latitude = _numbers(lat_text, lambda t: read_axis(t, "latitude"))
    said = pc.binary_join_element_wise(lat_text, lon_text, " ")
    if "position" in text:
        alone = _true(pc.and_(pc.equal(lon_text, ""), pc.equal(lat_text, "")))
        both = _positions(pc.if_else(pa.array(alone), text["position"], ""))
        longitude = np.where(alone, both[0], longitude)
        latitude = np.where(alone, both[1], latitude)
        said = pc.if_else(pa.array(alone), text["position"], said)
    unread = np.isnan(longitude) | np.isnan(latitude)
    return longitude, latitude, pc.if_else(pa.array(unread), pc.utf8_trim_whitespace(said), "")


def _positions(text: pa.Array) -> tuple[Floats, Floats]:
    coded = text.dictionary_encode()
    read = [read_position(t) or (np.nan, np.nan) for t in coded.dictionary.to_pylist()]
    values = np.array(read, dtype=np.float64).reshape(-1, 2)[coded.indices.to_numpy()]
    return values[:, 0], values[:, 1]


def _numbers(text: pa.Array, otherwise: Callable[[str], float]) -> Floats:
    """Numbers of cells; what is no plain number is read `otherwise`, NaN where it cannot be."""
    filled = pc.if_else(pc.equal(text, ""), None, text)
    try:
        return np.asarray(pc.cast(filled, pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        coded = text.dictionary_encode()
        words = coded.dictionary.to_pylist()
        values = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce").to_numpy(np.float64)
        rest = [i for i in np.flatnonzero(np.isnan(values)) if words[i]]
        values = values.copy()
        values[rest] = [otherwise(words[i]) for i in rest]
        return np.asarray(values[coded.indices.to_numpy()])


def _metres(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(m|km|米|千米|公里)\.?", text.casefold())
    if not found:
        return _decimal(text)
    return float(found[1]) * (1000.0 if found[2] in ("km", "千米", "公里") else 1.0)


def _decimal(text: str) -> float:
    """A number with a decimal comma; "1,000" has two readings and is none."""
    found = re.fullmatch(r"-?\d+,(\d+)", text)
    return float(text.replace(",", ".")) if found and len(found[1]) != 3 else np.nan


def _years(year: pa.Array, date: pa.Array) -> Floats:
    """The year of its own column, else of the date."""
    given = _numbers(year, _decimal)
    coded = date.dictionary_encode()
    words = [year_of(t) for t in coded.dictionary.to_pylist()]
    dated = np.array(words, dtype=np.float64)[coded.indices.to_numpy()] if words else given
    return np.where(np.isnan(given), dated, given)


def _each(text: pa.Array, read: Callable[[str], str]) -> pa.Array:
    coded = text.dictionary_encode()
    words = pa.array([read(t) for t in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices)


_ISO = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?(?![\d])")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/.\s]\s*(\d{1,2})\s*[-/.\s]\s*(\d{4})(?!\d)")


def iso_date(text: str) -> str:
    """A date as ISO writes it, as far as it is said: "2013", "2013-02", "2013-02-25", or "".

    The first day of a span. Day and month in an order that is not the ISO one are left out, for
    03/05/2012 has two readings; its year stays. Where neither reading is a day of the calendar,
    31/02/2005, the date is given whole, as impossible as it is. A year of two digits is no year.
    """
    found = _ISO.match(text) or _COMPACT.match(text)
    if found:
        return "-".join(f"{int(part):02d}" for part in found.groups() if part)
    years = _YEAR.findall(text)
    if len(years) != 1:
        return ""
    return _impossible(text) or str(years[0])


def _impossible(text: str) -> str:
    """A date with its year last that no calendar has in either order, as ISO would write it."""
    found = _YEAR_LAST.match(text.strip())
    if not found:
        return ""
    year, low, high = int(found[3]), *sorted((int(found[1]), int(found[2])))
    if _exists(year, low, high) or _exists(year, high, low):
        return ""
    return f"{year:04d}-{low:02d}-{high:02d}"


def _exists(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def year_of(text: str) -> float:
    """The year of a date, NaN where none is said."""
    iso = iso_date(text)
    return float(iso[:4]) if iso else np.nan


def _true(mask: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)


# --- afterwards ----------------------------------------------------------------------------------


def _placed(entry: Entry, path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Coordinates of a table in another CRS than degrees, brought to degrees."""
    if not entry.crs or _is_layer(path):
        return frame
    crs = known_crs(entry.crs, where=entry.where)
    move = move_between(crs, "EPSG:4326")
    x, y = move.transform(frame["longitude"].to_numpy(), frame["latitude"].to_numpy())
    lost = ~(np.isfinite(x) & np.isfinite(y))
    return frame.assign(longitude=np.where(lost, np.nan, x), latitude=np.where(lost, np.nan, y))


def _tell(entry: Entry, frame: pd.DataFrame, findings: list[Finding]) -> None:
    other = [str(d) for d in frame["datum"].cat.categories if not _DATUMS.match(str(d))]
    if other and not entry.crs:
        count = int(frame["datum"].isin(other).sum())
        message = say(
            "{n} records say another datum than WGS 84 ({names}); their coordinates were taken as "
            "they are and may be off by some hundred metres",
            n=count,
            names=", ".join(sorted(other)[:5]),
        )
        findings.append(Finding("records.datum", entry.name, Severity.WARNING, message, entry.uri))
