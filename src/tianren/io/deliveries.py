"""What an agency delivers as one source: files, a folder, an archive, an archive of archives.

Protected Planet packs a country's records as an archive of three, each with a Shapefile of polygons
and one of points, or as a file geodatabase. All their layers with places are read as they came.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyogrio
from geopandas import GeoDataFrame

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.formats import FAULTS, read_features
from tianren.io.signatures import offline, require_modest, require_signature, unreadable
from tianren.io.sources import Entry, source_files
from tianren.language import say

DATABASES = (".gdb", ".gpkg")
_KINDS = (".shp", ".geojson", ".fgb", ".parquet", ".kml", ".zip", *DATABASES)
_BESIDE = (".dbf", ".shx", ".prj", ".cpg", ".csv")  # of a Shapefile; tables, to be named
_DEEPEST = 3  # archives in archives: Protected Planet packs two deep


@contextmanager
def delivered(entry: Entry, findings: list[Finding]) -> Iterator[list[tuple[Entry, Path]]]:
    """Each layer with places of a source: the entry that names it, and its file.

    Archives are unpacked into a folder that goes when the block ends. Raises UserError where there
    is no layer, or none of the name that the entry says, and for an archive that swells too much.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [
            inner
            for n, path in enumerate(source_files(entry))
            for inner in _files(entry, path, Path(folder) / str(n), findings)
        ]
        layers = [one for path in files for one in _layers(entry, path, findings)]
        if not layers:
            raise _no_layer(entry, files)
        yield layers


def is_delivery(path: Path) -> bool:
    """Whether a file stands for several: a folder, an archive with archives or a geodatabase."""
    if path.is_dir():
        return path.suffix.lower() != ".gdb"
    if path.suffix.lower() != ".zip":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = [Path(m.filename) for m in archive.infolist() if _wanted(m.filename)]
    except zipfile.BadZipFile:
        return False  # reading it says what is wrong with it
    return any(p.suffix.lower() == ".zip" or ".gdb" in str(p.parent).lower() for p in names)


def delivered_layer(entry: Entry, findings: list[Finding]) -> list[GeoDataFrame]:
    """The parts of the one layer that is meant of a delivery; refused where there are others."""
    with delivered(entry, findings) as layers:
        names = dict.fromkeys(named.sublayer or path.stem for named, path in layers)
        if len(names) > 1:
            raise UserError(
                say("it holds {n} layers, one is needed", n=len(names)),
                where=entry.where,
                next_step=say("name one: sublayer = ... ({names})", names=", ".join(names)),
            )
        return [read_features(named, path, findings) for named, path in layers]


def _files(entry: Entry, path: Path, room: Path, findings: list[Finding]) -> list[Path]:
    """The files that hold layers; archives are unpacked into a room of their own."""
    if path.suffix.lower() == ".zip":
        unpack(entry, path, room)
        return _inside(entry, room, room, findings)
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return _inside(entry, path, room, findings)
    return [path]


def _inside(entry: Entry, folder: Path, room: Path, findings: list[Finding]) -> list[Path]:
    """The files of a folder and of those in it; tables, which have no places, are named only."""
    files = [p for p in sorted(folder.rglob("*"))
             if not any(q.suffix.lower() == ".gdb" for q in p.parents)]  # fmt: skip
    tables = [p for p in files if p.suffix.lower() == ".csv" and not is_of_sources(p)]
    _tell_tables(entry, [p.name for p in tables], findings)
    found = []
    for n, path in enumerate(p for p in files if p.suffix.lower() in _KINDS):
        packed = path.suffix.lower() == ".zip"
        found += _files(entry, path, room / f"in {n}", findings) if packed else [path]
    return found


def is_of_sources(path: Path, layer: str = "") -> bool:
    """Whether a CSV, or a layer of a database, is the table of sources of Protected Planet: it is
    read where the records are handed on (io.source_rows)."""
    if layer:
        with offline():
            headings = [str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]]
    else:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            headings = stream.readline().replace('"', "").split(",")
    return "METADATAID" in {heading.strip().upper() for heading in headings}


def _tell_tables(entry: Entry, names: list[str], findings: list[Finding]) -> None:
    if names:
        message = say("tables without places are not read: {names}", names=", ".join(names))
        findings.append(Finding("sites.tables", entry.name, Severity.NOTE, message, entry.uri))


# --- archives ------------------------------------------------------------------------------------


def unpack(entry: Entry, path: Path, room: Path) -> None:
    """Unpack what can be read of an archive, and of the archives in it, each into a folder."""
    _unpacked(entry, path, path, room, 0, 1)


def _unpacked(
    entry: Entry, outer: Path, path: Path, room: Path, before: int, depth: int
) -> int:  # fmt: skip
    """How many bytes an archive in `outer` unpacks to, with those unpacked before it."""
    require_signature(entry, path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and _wanted(m.filename)]
            size = require_modest(entry, outer, members, before)
            archive.extractall(room, members)  # whose names cannot lead out of the room
    # A wrong checksum, a broken stream, a way of packing that is not known, a password.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise unreadable(entry, path, fault) from fault
    for inner in [p for p in sorted(room.rglob("*")) if p.suffix.lower() == ".zip"]:
        if depth == _DEEPEST:
            raise _too_deep(entry, inner)
        beside = inner.with_suffix(".unpacked")
        size = _unpacked(entry, outer, inner, beside, size, depth + 1)
        inner.unlink()
    return size


def _wanted(name: str) -> bool:
    """Whether a member of an archive is of use: a layer, what belongs to one, an archive."""
    path = Path(name)
    if "__MACOSX" in path.parts or path.name.startswith("."):
        return False
    in_database = any(p.suffix.lower() == ".gdb" for p in path.parents)
    return in_database or path.suffix.lower() in (*_KINDS, *_BESIDE)


def _too_deep(entry: Entry, inner: Path) -> UserError:
    return UserError(
        say("the archive holds archives in archives"),
        where=entry.where,
        by_how_much=say("{name} would be the level {n}", name=inner.name, n=_DEEPEST + 1),
        next_step=say("unpack it yourself, look at it, and name the layer's file"),
    )


# --- layers of a file ----------------------------------------------------------------------------


def _layers(entry: Entry, path: Path, findings: list[Finding]) -> list[tuple[Entry, Path]]:
    """The layers of a file that the entry means: all with places, or those of the name it says."""
    if path.suffix.lower() in DATABASES:
        names = _with_places(entry, path, findings)
        return [(replace(entry, sublayer=n), path) for n in names if entry.sublayer in ("", n)]
    if entry.sublayer in ("", path.stem):
        return [(replace(entry, sublayer=""), path)]
    return []


def _with_places(entry: Entry, path: Path, findings: list[Finding]) -> list[str]:
    """The layers with places of a database; its tables are named only."""
    if path.is_file():
        require_signature(entry, path)
    try:
        with offline():
            layers = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    except FAULTS as fault:
        raise unreadable(entry, path, fault) from fault
    tables = [name for name, kind in layers if not kind and not is_of_sources(path, name)]
    _tell_tables(entry, tables, findings)
    return [name for name, kind in layers if kind]


def _no_layer(entry: Entry, files: list[Path]) -> UserError:
    if entry.sublayer and files:
        names = ", ".join(dict.fromkeys(path.stem for path in files))
        return UserError(
            say("there is no layer called {name}", name=entry.sublayer),
            where=entry.where,
            next_step=say("use one of the layers in {names}, or leave sublayer out", names=names),
        )
    return UserError(
        say("there is no layer in it"),
        where=entry.where,
        next_step=say("put the records there, as {kinds}", kinds=", ".join(_KINDS)),
    )
