"""What a vector file must be before GDAL may open it: what its name says, and nothing besides.

GDAL opens a file with whichever driver likes its first bytes. Several drivers read a text that
points to other files, or to an address; nothing is read, and nothing fetched, because a file says
so.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyogrio

from tianren.errors import UserError
from tianren.io.sources import Entry
from tianren.language import say

_SQLITE = re.compile(rb"SQLite format 3\0")
_JSON = re.compile(rb"\s*[{\[]")
_XML = re.compile(rb"\s*<")
_ZIP = re.compile(rb"PK\x03\x04")
_SIGNATURES: Mapping[str, re.Pattern[bytes]] = {
    ".gpkg": _SQLITE,
    ".sqlite": _SQLITE,
    ".shp": re.compile(rb"\x00\x00\x27\x0a"),
    ".geojson": _JSON,
    ".json": _JSON,
    ".fgb": re.compile(rb"fgb\x03"),
    ".kml": _XML,
    ".gml": _XML,
    ".gpx": _XML,
    ".kmz": _ZIP,
    ".zip": _ZIP,
    ".tab": re.compile(rb"\s*!"),
    ".mif": re.compile(rb"\s*version", re.IGNORECASE),
}
# The first element of each kind of XML, without its namespace; GML has one for each trade.
_ROOTS: Mapping[str, tuple[str, ...]] = {".kml": ("kml",), ".gpx": ("gpx",), ".gml": ()}
# Texts that GDAL reads as "the data is over there": VRT, WFS, CSW, WMS, a pipeline of commands.
_POINTERS = re.compile(rb"<OGR\w*DataSource|<VRTDataset|<GDAL_|gdal_streamed_alg", re.IGNORECASE)
_HEAD = 4 * 1024**2  # more than any driver looks at to recognise a file
# An archive that unpacks to more than this, or swells more than this, is not a layer.
_LARGEST_UNPACKED = 8 * 1024**3
_LARGEST_RATIO = 200
# No proxy listens there: what a file asks GDAL to fetch (the CRS of a GeoJSON) cannot be fetched.
OFFLINE = {"GDAL_HTTP_PROXY": "127.0.0.1:1", "GDAL_HTTP_MAX_RETRY": "0"}


@contextmanager
def offline() -> Iterator[None]:
    """Without network for the drivers of vector files, and as before afterwards."""
    before = {name: pyogrio.get_gdal_config_option(name) for name in OFFLINE}
    pyogrio.set_gdal_config_options(OFFLINE)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def require_signature(entry: Entry, path: Path) -> None:
    """Refuse a file that is not what its name says, or that points elsewhere."""
    suffix = path.suffix.lower()
    if suffix not in _SIGNATURES:
        raise UserError(
            say("{name} is not of a vector format that is read here", name=path.name),
            where=entry.where,
            next_step=say(
                "save it as GeoPackage, Shapefile, GeoJSON, KML or GeoParquet, or points "
                "as CSV or XLSX"
            ),
        )
    with path.open("rb") as stream:
        head = stream.read(_HEAD).removeprefix(b"\xef\xbb\xbf")
    if not _SIGNATURES[suffix].match(head) or _points_elsewhere(path, head):
        raise _not_what_it_says(entry, path, head)
    if suffix == ".shp":
        _require_length(entry, path, 2 * int.from_bytes(head[24:28], "big"))
    if suffix in _ROOTS:
        _require_plain_xml(entry, path, _ROOTS[suffix])


def _points_elsewhere(path: Path, head: bytes) -> bool:
    if _SQLITE.match(head):
        return False  # recognised by its first bytes alone
    return path.name.lower().endswith(".gdalg.json") or _POINTERS.search(head) is not None


def _not_what_it_says(entry: Entry, path: Path, head: bytes) -> UserError:
    return UserError(
        say("the file does not hold what its name says ({suffix})", suffix=path.suffix.lower()),
        where=entry.where,
        by_how_much=say(
            "{n} bytes, beginning with {head}", n=f"{path.stat().st_size:,}", head=repr(head[:16])
        ),
        next_step=say("copy or download it again, or save it anew as GeoPackage"),
    )


def _require_length(entry: Entry, path: Path, said: int) -> None:
    """Refuse a Shapefile that is shorter than it says: GDAL would read what is there."""
    found = path.stat().st_size
    if found < said:
        raise UserError(
            say("the Shapefile is truncated"),
            where=entry.where,
            by_how_much=say("{n} of {all} bytes", n=f"{found:,}", all=f"{said:,}"),
            next_step=say("copy or download it again"),
        )


def _require_plain_xml(entry: Entry, path: Path, roots: Sequence[str]) -> None:
    """Refuse a document type: entities can point to other files, or swell to fill the memory."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    try:
        # A document type can only stand before the first element.
        _, first = next(iter(iterparse(path, events=("start",), forbid_dtd=True)))
    except DefusedXmlException as fault:
        raise UserError(
            say("the file declares a document type with entities, which is not read"),
            where=entry.where,
            next_step=say("save it anew as GeoPackage"),
        ) from fault
    except (ParseError, StopIteration) as fault:
        raise unreadable(entry, path, fault) from fault
    if roots and first.tag.rpartition("}")[2] not in roots:
        raise _not_what_it_says(entry, path, f"<{first.tag}".encode())


def require_modest(
    entry: Entry, path: Path, members: Sequence[zipfile.ZipInfo], before: int = 0
) -> int:
    """Refuse an archive that unpacks to far more than a layer; how many bytes it unpacks to.

    before: what archives in it have unpacked to already.
    """
    unpacked = before + sum(m.file_size for m in members)
    ratio = unpacked / max(path.stat().st_size, 1)
    if unpacked > _LARGEST_UNPACKED or ratio > _LARGEST_RATIO:
        raise UserError(
            say("the archive unpacks to far more than a layer"),
            where=entry.where,
            by_how_much=say(
                "{n} bytes, {times} times its size", n=f"{unpacked:,}", times=f"{ratio:,.0f}"
            ),
            next_step=say("unpack it yourself, look at it, and name the layer's file"),
        )
    return unpacked


def unreadable(entry: Entry, path: Path, fault: BaseException) -> UserError:
    """What is said of a layer that cannot be read: truncated, corrupt, or no layer."""
    return UserError(
        say("the layer cannot be read: {why}", why=str(fault).strip().rstrip(".")),
        where=entry.where,
        by_how_much=say("{n} bytes", n=f"{path.stat().st_size:,}") if path.is_file() else "",
        next_step=say("open it in QGIS; if it is truncated, copy or download it again"),
    )
