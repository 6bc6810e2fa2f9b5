"""Sites out of the house in the schema of the World Database, with the table of their sources.

The schema is the newer one (SITE_ID, SITE_PID, SITE_TYPE, REALM ...) or, for tools that know only
that, the older (WDPAID, WDPA_PID, PA_DEF, MARINE ...). Points stay points with their reported area.
"""

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.area import to_plane, unroll
from tianren.geo.repair import repaired
from tianren.geo.sites import BOTH, LAND, OECM, PA, SEA, UNREPORTED, parts_in, plain
from tianren.io.exchange import DBF_TEXT, WORLD
from tianren.io.rasters import FAULTS, write_failed
from tianren.language import say, say_many

if TYPE_CHECKING:
    from pandas import DataFrame

    from tianren.io.source_rows import Rows
    from tianren.io.sources import Entry

NEWER, OLDER = "newer", "older"  # schemas
_OF_NEWER = (
    ("SITE_ID", "site_id"), ("SITE_PID", "parcel_id"), ("SITE_TYPE", "kind"), ("NAME_ENG", "name"),
    ("NAME", "original_name"), ("DESIG", "original_designation"), ("DESIG_ENG", "designation"),
    ("DESIG_TYPE", "designation_type"), ("IUCN_CAT", "category"), ("INT_CRIT", "criteria"),
    ("REALM", "realm"), ("REP_M_AREA", "reported_sea_km2"), ("GIS_M_AREA", "gis_sea_km2"),
    ("REP_AREA", "reported_km2"), ("GIS_AREA", "gis_km2"), ("NO_TAKE", "no_take"),
    ("NO_TK_AREA", "no_take_km2"), ("STATUS", "status"), ("STATUS_YR", "year"),
    ("GOV_TYPE", "governance"), ("GOVSUBTYPE", "governance_subtype"), ("OWN_TYPE", "ownership"),
    ("OWNSUBTYPE", "ownership_subtype"), ("MANG_AUTH", "management"),
    ("MANG_PLAN", "management_plan"), ("VERIF", "verified"), ("METADATAID", "metadata_id"),
    ("PRNT_ISO3", "parent_iso3"), ("ISO3", "iso3"), ("SUPP_INFO", "supplementary"),
    ("CONS_OBJ", "objectives"), ("INLND_WTRS", "inland_waters"), ("OECM_ASMT", "oecm_assessment"),
)  # fmt: skip
_RENAMED = {"SITE_ID": "WDPAID", "SITE_PID": "WDPA_PID", "SITE_TYPE": "PA_DEF", "NAME_ENG": "NAME",
            "NAME": "ORIG_NAME", "REALM": "MARINE", "PRNT_ISO3": "PARENT_ISO"}  # fmt: skip
_ONLY_NEWER = ("GOVSUBTYPE", "OWNSUBTYPE", "INLND_WTRS", "OECM_ASMT")
_OF_OLDER = (
    *((_RENAMED.get(c, c), role) for c, role in _OF_NEWER if c not in _ONLY_NEWER),
    ("SUB_LOC", "subnational"),
)
_SCHEMAS = {NEWER: _OF_NEWER, OLDER: _OF_OLDER}
_WORDS = {
    "SITE_TYPE": {PA: "PA", OECM: "OECM"},
    "PA_DEF": {PA: "1", OECM: "0"},
    "REALM": {LAND: "Terrestrial", BOTH: "Coastal", SEA: "Marine"},
    "MARINE": {LAND: "0", BOTH: "1", SEA: "2"},
}
_NUMBERS = ("REP_AREA", "REP_M_AREA", "GIS_AREA", "GIS_M_AREA", "NO_TK_AREA")
_MEASURED = ("GIS_AREA", "GIS_M_AREA")  # which points do not have


def write_wdpa(
    folder: Path,
    name: str,
    sites: GeoDataFrame,
    sources: "Mapping[str, Entry]",
    *,
    region: GeoDataFrame | None = None,
    format_name: str = "gpkg",
    schema: str = NEWER,
    delivered: Mapping[str, "Rows"] | None = None,
) -> tuple[list[Path], list[Finding]]:
    """Write sites in the schema of the World Database; returns the files and what there is to know.

    sites: SITE_COLUMNS and MORE_COLUMNS (as far as they are there), points or polygons, in an
    equal-area plane; sources: of the catalog, by name; region: by whose sea the marine area of
    coastal sites is measured (without it that is empty); delivered: source -> the rows of the table
    of sources that came with it, the others are made from the catalog. format_name "gpkg" gives one
    file with the layers WDPA_poly, WDPA_point and WDPA_source; "shapefile" gives NAME-polygons.shp,
    NAME-points.shp and NAME-sources.csv. Raises UserError for sites without number or when writing
    fails, and then leaves nothing behind. Names and types that are not in Latin letters go to the
    columns of the original; numbers of national lists that are text stay text: both are told.
    """
    _require(format_name, ("gpkg", "shapefile"), "format")
    _require(schema, tuple(_SCHEMAS), "schema")
    measured = _measured(sites, region)
    numbers = _metadata_numbers(measured)
    in_place, findings = _local_in_place(name, measured.assign(metadata_id=numbers), schema)
    table = _table(in_place, schema)
    findings += _text_numbers(name, table)
    points = shapely.get_dimensions(table.geometry.to_numpy()) == 0
    layers = {
        "poly": _multi(table[~points]),
        "point": _multi(table[points].drop(columns=list(_MEASURED))),
        "source": _sources(measured, numbers, sources, delivered or {}),
    }
    write = _geopackage if format_name == "gpkg" else _shapefiles
    findings += _shortened(name, layers) if format_name == "shapefile" else []
    return _whole(folder, name, write, layers), findings


def _require(value: str, known: Sequence[str], what: str) -> None:
    if value not in known:
        raise UserError(f"there is no {what} {value}", next_step=f"use one of {', '.join(known)}")


# --- the table -----------------------------------------------------------------------------------


def _measured(sites: GeoDataFrame, region: GeoDataFrame | None) -> GeoDataFrame:
    """The sites with the areas of their polygons, km2; of the sea empty where it is not known."""
    sites = sites.reset_index(drop=True)
    area = shapely.area(sites.geometry.to_numpy()) / 1e6
    sea = np.select([sites["realm"] == LAND, sites["realm"] == SEA], [0.0, area], np.nan)
    if region is not None and SEA in set(region["realm"]):
        marine = parts_in(sites.assign(place=np.arange(len(sites))), region, SEA)
        sea = np.zeros(len(sites))
        sea[marine["place"].to_numpy()] = shapely.area(marine.geometry.to_numpy()) / 1e6
    return sites.assign(gis_km2=area, gis_sea_km2=sea)


def _table(sites: GeoDataFrame, schema: str) -> GeoDataFrame:
    columns: dict[str, Any] = {}
    for heading, role in _SCHEMAS[schema]:
        values = sites[role] if role in sites.columns else [""] * len(sites)
        columns[heading] = _column(heading, list(values))
    for heading in ("REALM", "MARINE"):
        if heading in columns:
            told = zip(columns[heading], _realm_told(sites), strict=True)
            columns[heading] = [word if said else UNREPORTED for word, said in told]
    shapes = _degrees(sites.geometry.to_numpy(), CRS(sites.crs))
    return GeoDataFrame(columns, geometry=shapes, crs=WORLD)


_LOCAL = (("name", "original_name"), ("designation", "original_designation"))


def _local_in_place(
    name: str, sites: GeoDataFrame, schema: str
) -> tuple[GeoDataFrame, list[Finding]]:
    """The sites with names and types that are not in Latin letters as the original ones, of which
    none in English is known."""
    headings = {role: heading for heading, role in _SCHEMAS[schema]}
    findings = []
    for english, original in _LOCAL:
        own = sites[original] if original in sites.columns else [""] * len(sites)
        pairs = [(str(e), str(o)) for e, o in zip(sites[english], own, strict=True)]
        moved = [not _latin(e) and (_nothing(o) or o == e) for e, o in pairs]
        sites = sites.assign(**{
            english: ["" if m else e for (e, _), m in zip(pairs, moved, strict=True)],
            original: [e if m else o for (e, o), m in zip(pairs, moved, strict=True)],
        })  # fmt: skip
        if any(moved):
            told = _told_local(sum(moved), headings[original], headings[english])
            findings.append(Finding("sites.local_text", name, Severity.NOTE, told))
    return sites, findings


def _told_local(n: int, original: str, english: str) -> str:
    return say_many(
        "{n} site has a text that is not in Latin letters: it is in {original}, and {english}, "
        "which the World Database asks for, says nothing; give the list a column {english}",
        "{n} sites have texts that are not in Latin letters: they are in {original}, and "
        "{english}, which the World Database asks for, says nothing; give the list a column "
        "{english}",
        n, original=original, english=english,
    )  # fmt: skip


def _latin(text: str) -> bool:
    return all("LATIN" in unicodedata.name(c, "") for c in text if c.isalpha() and not c.isascii())


def _nothing(text: str) -> bool:
    return plain(text) in ("", plain(UNREPORTED))


def _text_numbers(name: str, table: GeoDataFrame) -> list[Finding]:
    """Numbers of national lists, which the World Database does not take."""
    column = str(table.columns[0])
    texts = [str(v) for v in table[column] if not _is_number(v)]
    if not texts:
        return []
    message = say_many(
        "{n} site has a text for its number in {column} ({first}): the World Database takes only "
        "numbers, which UNEP-WCMC gives; the whole column is written as text",
        "{n} sites have a text for their number in {column} ({first}): the World Database takes "
        "only numbers, which UNEP-WCMC gives; the whole column is written as text",
        len(texts), column=column, first=", ".join(texts[:5]),
    )  # fmt: skip
    return [Finding("sites.text_number", name, Severity.NOTE, message)]


def _is_number(value: Any) -> bool:
    return str(value).isascii() and str(value).isdecimal()


def _realm_told(sites: GeoDataFrame) -> list[bool]:
    """Whether the record itself says its realm: one that does not is only taken for both."""
    if "said_realm" not in sites.columns:
        return [True] * len(sites)
    pairs = zip(sites["realm"], sites["said_realm"], strict=True)
    return [realm != BOTH or plain(said) not in ("", plain(UNREPORTED)) for realm, said in pairs]


def _column(heading: str, values: list[Any]) -> Any:
    if heading in _WORDS:
        return [_WORDS[heading].get(v, str(v)) for v in values]
    if heading in _NUMBERS:
        return pd.to_numeric(pd.Series(values), errors="coerce")
    if heading == "STATUS_YR":
        return [0 if pd.isna(v) or v == "" else int(v) for v in values]
    if heading == "METADATAID":
        return [int(v) for v in values]
    if heading in ("SITE_ID", "WDPAID") and all(map(_is_number, values)):
        return [int(v) for v in values]
    if heading in ("NAME_ENG", "NAME", "ORIG_NAME", "PRNT_ISO3", "PARENT_ISO", "ISO3"):
        return [str(v) for v in values]
    return [str(v) or UNREPORTED for v in values]


def _multi(layer: GeoDataFrame) -> GeoDataFrame:
    """Each geometry as a collection of its kind, so that a layer has one type."""
    shapes = layer.geometry.to_numpy()
    many = [
        shapely.multipoints(shapely.get_parts(s))
        if shapely.get_dimensions(s) == 0
        else shapely.multipolygons(shapely.get_parts(s))
        for s in shapes
    ]
    return layer.set_geometry(np.array(many, dtype=object), crs=layer.crs).reset_index(drop=True)


# --- places --------------------------------------------------------------------------------------


def _degrees(shapes: Any, plane: CRS) -> Any:
    """The shapes in longitude and latitude, cut in two at the antimeridian where they cross it."""
    world = to_plane(shapes, plane, CRS(WORLD))
    out = np.array([_cut_at_180(a) if a is not b else a
                    for a, b in zip(unroll(world), world, strict=True)], dtype=object)  # fmt: skip
    polygons = shapely.get_dimensions(out) == 2
    broken = polygons & ~shapely.is_valid(out)
    out[broken] = [repaired(shape) for shape in out[broken]]
    return out


def _cut_at_180(shape: Any) -> Any:
    """A shape whose longitudes go on beyond 180 as its two halves, within 180 W to 180 E."""
    west = shapely.intersection(shape, shapely.box(-180, -90, 180, 90))
    east = shapely.intersection(shape, shapely.box(180, -90, 540, 90))
    back = shapely.transform(east, lambda xy: xy - np.array([360.0, 0.0]))
    parts = [*shapely.get_parts(west), *shapely.get_parts(back)]
    return shapely.multipolygons([p for p in parts if p.geom_type == "Polygon"])


# --- the sources ---------------------------------------------------------------------------------


def _metadata_numbers(sites: GeoDataFrame) -> list[int]:
    """The number of each site's row in the table of sources: its own where it has one that no other
    source uses, else a new one."""
    pairs = _pairs(sites)
    numbers: dict[tuple[str, str], int] = {}
    for pair in sorted(set(pairs)):
        own = int(pair[1]) if _is_number(pair[1]) else 0
        free = own and own not in numbers.values()
        numbers[pair] = own if free else 0
    following = max(numbers.values(), default=0) + 1
    for pair in sorted(p for p, n in numbers.items() if n == 0):
        numbers[pair], following = following, following + 1
    return [numbers[pair] for pair in pairs]


def _pairs(sites: GeoDataFrame) -> list[tuple[str, str]]:
    own = sites["metadata_id"] if "metadata_id" in sites.columns else [""] * len(sites)
    return [(str(s), str(m)) for s, m in zip(sites["source"], own, strict=True)]


_OF_SOURCES = (
    "METADATAID", "DATA_TITLE", "RESP_PARTY", "VERIFIER", "YEAR", "UPDATE_YR", "CHAR_SET",
    "REF_SYSTEM", "SCALE", "LINEAGE", "CITATION", "DISCLAIMER", "LANGUAGE",
)  # fmt: skip
_COUNTER = "FID"  # of rows, which a file makes for itself


def _sources(
    sites: GeoDataFrame, numbers: Sequence[int], sources: "Mapping[str, Entry]",
    delivered: "Mapping[str, Rows]",
) -> "DataFrame":  # fmt: skip
    """The table of sources: one row for each number, as it was delivered, else from the catalog;
    columns beyond those of the schema come after."""
    rows = dict(sorted(zip(numbers, _pairs(sites), strict=True)))
    known = [delivered.get(name, {}).get(own) for name, own in rows.values()]
    every = dict.fromkeys(c for given in known if given is not None for c in given)
    more = [c for c in every if c not in (*_OF_SOURCES, _COUNTER)]
    made: list[tuple[Any, ...]] = []
    for number, (name, own) in rows.items():
        given = delivered.get(name, {}).get(own)
        made.append(
            (*_source_row(number, name, own, sources[name]), *[UNREPORTED] * len(more))
            if given is None
            else (number, *(given.get(c, "") or UNREPORTED for c in (*_OF_SOURCES[1:], *more)))
        )
    return pd.DataFrame(made, columns=[*_OF_SOURCES, *more])


def _source_row(number: int, name: str, own: str, entry: "Entry") -> tuple[Any, ...]:
    lineage = entry.uri + (f" (METADATAID {own})" if own else "")
    unknown = UNREPORTED
    return (number, name, unknown, unknown, entry.period or unknown, entry.period or unknown,
            "UTF-8", "WGS 84", unknown, lineage, entry.citation or unknown,
            entry.licence or unknown, unknown)  # fmt: skip


# --- files ---------------------------------------------------------------------------------------


def _whole(folder: Path, name: str, write: Any, layers: "Mapping[str, Any]") -> list[Path]:
    """All files, or none: written apart, then put in their place."""
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".export-", suffix=".part", dir=folder))
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    try:
        made = write(work, name, layers)
        for path in made:
            os.replace(path, folder / path.name)  # noqa: PTH105 - same folder's disk
    except (*FAULTS, RuntimeError) as fault:
        size = sum(int(layer.memory_usage().sum()) for layer in layers.values())
        raise write_failed(folder / name, fault, size) from fault
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
        shutil.rmtree(work, ignore_errors=True)
    return [folder / path.name for path in made]


def _geopackage(folder: Path, name: str, layers: "Mapping[str, Any]") -> list[Path]:
    path = folder / f"{name}.gpkg"
    for part, layer in layers.items():
        if len(layer) or part == "poly":
            pyogrio.write_dataframe(
                layer, path, layer=f"WDPA_{part}", driver="GPKG", append=path.exists(),
                **({"geometry_type": "MultiPolygon"} if part == "poly" else {}),
            )  # fmt: skip
    return [path]


def _shapefiles(folder: Path, name: str, layers: "Mapping[str, Any]") -> list[Path]:
    for part, stem in (("poly", "polygons"), ("point", "points")):
        if len(layers[part]):
            pyogrio.write_dataframe(
                _fitted(layers[part]), folder / f"{name}-{stem}.shp", driver="ESRI Shapefile",
                encoding="UTF-8", layer_options={"DBF_DATE_LAST_UPDATE": "2000-01-01"},
            )  # fmt: skip
    layers["source"].map(_no_formula).to_csv(
        folder / f"{name}-sources.csv", index=False, encoding="utf-8-sig"
    )
    return sorted(folder.iterdir(), key=lambda p: (p.suffix != ".shp", p.name))


def _no_formula(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    risky = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if risky else value


def _fitted(layer: GeoDataFrame) -> GeoDataFrame:
    texts = {c: [v.encode()[:DBF_TEXT].decode(errors="ignore") for v in layer[c]]
             for c in _texts(layer)}  # fmt: skip
    return layer.assign(**texts)


def _texts(layer: "DataFrame") -> list[str]:
    return [str(c) for c in layer.columns
            if c != "geometry" and all(isinstance(v, str) for v in layer[c])]  # fmt: skip


def _shortened(name: str, layers: "Mapping[str, Any]") -> list[Finding]:
    """Texts that a shapefile has no room for."""
    long = [
        f"{layer.iloc[i, 0]} {column}"
        for part, layer in layers.items() if part != "source"
        for column in _texts(layer)
        for i, value in enumerate(layer[column]) if len(value.encode()) > DBF_TEXT
    ]  # fmt: skip
    if not long:
        return []
    message = say(
        "{n} texts are longer than the {room} bytes that a shapefile holds and were cut: {first}",
        n=len(long),
        room=DBF_TEXT,
        first=", ".join(long[:5]),
    )
    return [Finding("sites.text_cut", name, Severity.WARNING, message)]
