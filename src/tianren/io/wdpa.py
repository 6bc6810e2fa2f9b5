"""Records of protected areas and OECMs: the World Database in both schemas, and national lists.

Columns are mapped by their headings (parameters/headings.csv, topic "sites") or as the project
says; values become those of geo.sites. Points and polygons come side by side, no record is left
out and no shape is repaired here: what cannot be read as it stands is remarked on the record.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.area import to_plane, unroll
from tianren.geo.sites import OECM, PA, SITE_COLUMNS, UNREPORTED, declared_realm, plain
from tianren.io.deliveries import delivered
from tianren.io.formats import read_features
from tianren.io.sources import Entry
from tianren.language import say, say_many
from tianren.parameters.headings import columns_by_role, roles_of, usual_headings

# Columns of the World Database beyond those that are counted with: kept for who gives them back.
MORE_COLUMNS = (
    "original_name", "original_designation", "designation_type", "governance_subtype", "ownership",
    "ownership_subtype", "management_plan", "no_take", "no_take_km2", "inland_waters",
    "oecm_assessment", "criteria", "metadata_id", "subnational", "parent_iso3", "iso3",
    "supplementary", "objectives", "said_realm",
)  # fmt: skip
_NUMBERS = ("reported_km2", "reported_sea_km2", "no_take_km2")
_CONSTANT = "="  # columns = {kind = "=OECM"}: the value itself, for every record
_AREAS = {"reported_area": "reported_km2", "reported_sea": "reported_sea_km2",
          "no_take_area": "no_take_km2"}  # fmt: skip


def read_sites(
    entry: Entry, crs: Any, columns: Mapping[str, str] | None = None
) -> tuple[GeoDataFrame, list[Finding]]:
    """All records of a source as geo.sites has them: SITE_COLUMNS, MORE_COLUMNS, remark, geometry.

    Every file, and every layer with places of an archive or a database, is read; `row` numbers the
    records of the source from 1, in the order of its files. crs: the plane to put them in. columns:
    role -> heading, or "=value" for a value that all records have; others are found by their
    headings. Raises UserError for files that cannot be read and headings that are not there.
    """
    findings: list[Finding] = []
    wanted = {**entry.columns, **(columns or {})}
    parts = [
        _placed(_mapped(entry, layer, wanted, findings), CRS.from_user_input(crs))
        for layer in _layers(entry, findings)
    ]
    sites = GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=parts[0].crs)
    sites["year"] = pd.array(sites["year"], dtype="Int64")
    sites["row"] = np.arange(1, len(sites) + 1)
    if not len(sites):
        message = say("the source has no records at all")
        findings.append(Finding("sites.empty", entry.name, Severity.WARNING, message, entry.uri))
    return _named(sites), findings


# --- the layers of a source ----------------------------------------------------------------------


def _layers(entry: Entry, findings: list[Finding]) -> Iterable[GeoDataFrame]:
    """Each layer that the source delivers, with its CRS."""
    with delivered(entry, findings) as layers:
        for named, path in layers:
            layer = read_features(named, path, findings)
            if layer.crs is None:
                raise UserError(
                    "the layer has no CRS",
                    where=f"{path.name} ([{entry.name}] in catalog.toml)",
                    next_step=entry.how_to_say_crs,
                )
            if not len(layer):
                message = say("{name} has no records", name=_called(path, named.sublayer))
                rule = "sites.empty_layer"
                findings.append(Finding(rule, entry.name, Severity.NOTE, message, entry.uri))
            yield layer


def _called(path: Path, layer: str) -> str:
    return f"{path.name}, {layer}" if layer not in ("", path.stem) else path.name


# --- columns -------------------------------------------------------------------------------------


def _mapped(
    entry: Entry, layer: GeoDataFrame, wanted: Mapping[str, str], findings: list[Finding]
) -> GeoDataFrame:
    """The layer with the columns of a site, still in its own CRS."""
    layer = layer.reset_index(drop=True)
    headings = [str(c) for c in layer.columns if c != layer.geometry.name]
    roles = _roles(entry, headings, wanted)
    text = {role: _text(layer, column) for role, column in roles.items()}
    remarks: list[list[str]] = [[] for _ in range(len(layer))]
    out: dict[str, list[Any]] = {
        c: text.get(c, [""] * len(layer)) for c in (*SITE_COLUMNS, *MORE_COLUMNS)
    }
    _originals(text, roles, headings, layer, out)
    for role, column in _AREAS.items():
        unit = _unit(entry, roles.get(role, ""), findings) if role in roles else 1.0
        cells = text.get(role, [""] * len(layer))
        out[column] = [unit * _number(t, r) for t, r in zip(cells, remarks, strict=True)]
    if "kind" in roles:
        out["kind"] = [_kind(t, r) for t, r in zip(out["kind"], remarks, strict=True)]
    else:
        out["kind"] = [PA] * len(layer)
    out["year"] = [_year(t, r) for t, r in zip(out["year"], remarks, strict=True)]
    out["said_realm"] = out["realm"]  # what says none is taken for both, and never claimed to be
    out["realm"] = [declared_realm(t) for t in out["realm"]]
    out["category"] = [t or UNREPORTED for t in out["category"]]
    out["status"] = out["status"] if "status" in roles else ["Designated"] * len(layer)
    for column in ("governance", "management", "verified", "designation"):
        out[column] = [t or UNREPORTED for t in out[column]]
    out |= {"source": [entry.name] * len(layer), "approximate": [entry.approximate] * len(layer)}
    points = int((shapely.get_dimensions(layer.geometry.to_numpy()) == 0).sum())
    _tell_missing(entry, roles, _not_understood(headings, roles), points, findings)
    joined = ["; ".join(r) for r in remarks]
    return GeoDataFrame({**out, "remark": joined}, geometry=layer.geometry.to_numpy(),
                        crs=layer.crs)  # fmt: skip


def _roles(entry: Entry, headings: list[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Role -> heading, or "=value"."""
    known = roles_of("sites")
    for role, heading in wanted.items():
        if role not in known:
            raise UserError(
                f"a site has no {role}", where=entry.where, next_step=f"use {', '.join(known)}"
            )
        if not heading.startswith(_CONSTANT) and heading not in headings:
            raise UserError(
                f"there is no column {heading}",
                where=entry.where,
                next_step=f"use one of {', '.join(headings)}",
            )
    free = [h for h in headings if h not in wanted.values()]
    found = {**_areas_with_unit(free), **columns_by_role("sites", free)}
    return {**{r: h for r, h in found.items() if r not in wanted}, **wanted}


def _areas_with_unit(headings: list[str]) -> dict[str, str]:
    """Areas whose heading ends in a unit, without brackets: area_ha, 面积公顷."""
    bare = {_AT_END.sub("", h): h for h in headings if _AT_END.search(h)}
    found = columns_by_role("sites", bare)
    return {role: bare[short] for role, short in found.items() if role in _AREAS}


def _not_understood(headings: list[str], roles: Mapping[str, str]) -> list[str]:
    """Headings that play no role, of a site or of the place of a point."""
    places = columns_by_role("records", headings)
    known = {*roles.values(), places.get("longitude"), places.get("latitude")}
    return [h for h in headings if h not in known]


def _text(layer: GeoDataFrame, column: str) -> list[str]:
    """The cells of a column as trimmed text in NFC; whole numbers without a point; empty is ""."""
    if column.startswith(_CONSTANT):
        return [column.removeprefix(_CONSTANT)] * len(layer)
    return [_cell(value) for value in layer[column]]


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value)).strip()


_UNREPORTED = plain(UNREPORTED)


def _originals(
    text: Mapping[str, list[str]], roles: Mapping[str, str], headings: list[str],
    layer: GeoDataFrame, out: dict[str, Any],
) -> None:  # fmt: skip
    """Names and designations in their own language stand in where there is no English one; beside
    an English name, the column NAME of the newer schema is the original."""
    for role in ("name", "designation"):
        original = text.get(f"original_{role}")
        if original is not None:
            pairs = zip(out[role], original, strict=True)
            out[role] = [b or a if plain(a) in ("", _UNREPORTED) else a for a, b in pairs]
    if roles.get("name") == "NAME_ENG" and "NAME" in headings:
        out["original_name"] = _text(layer, "NAME")
        out["name"] = [a or b for a, b in zip(out["name"], out["original_name"], strict=True)]


def _tell_missing(
    entry: Entry, roles: Mapping[str, str], others: list[str], points: int,
    findings: list[Finding],
) -> None:  # fmt: skip
    """What a list does not say of its records, and how it is taken; others: headings that were not
    understood."""
    taken = {
        "kind": say("all are taken for protected areas"),
        "status": say("all are taken for designated"),
        "realm": say("all are taken for both land and sea"),
        "year": say("no year is known"),
        "category": say("no IUCN category is known"),
        "reported_area": say("nothing can be compared with what is reported"),
    }
    if "designation" not in roles and "original_designation" not in roles:
        headings = ", ".join(usual_headings("sites", "designation"))
        message = say("no column of designation was found: no national type is known; headings "
                      "that are read: {headings}; name another in [account.columns]",
                      headings=headings)  # fmt: skip
        rule = "sites.no_designation"
        _tell(findings, Finding(rule, entry.name, Severity.WARNING, message, entry.uri))
    if points and "reported_area" not in roles:
        del taken["reported_area"]
        _tell(findings, _points_without_area(entry, others, points))
    for role, how in taken.items():
        if role not in roles:
            message = say("there is no column of {role}: {how}", role=role, how=how)
            rule = f"sites.no_{role}"
            _tell(findings, Finding(rule, entry.name, Severity.NOTE, message, entry.uri))


def _points_without_area(entry: Entry, others: list[str], points: int) -> Finding:
    message = say_many(
        "there is no column of reported_area, and {n} point counts only with one; headings that "
        "were not understood: {headings}; name it in [account.columns.{source}], reported_area = "
        '"its heading"',
        "there is no column of reported_area, and {n} points count only with one; headings that "
        "were not understood: {headings}; name it in [account.columns.{source}], reported_area = "
        '"its heading"',
        points, headings=", ".join(others) or "-", source=entry.name,
    )  # fmt: skip
    return Finding("sites.no_reported_area", entry.name, Severity.WARNING, message, entry.uri)


# --- values --------------------------------------------------------------------------------------


def _number(text: str, remarks: list[str]) -> float:
    """An area, 0 where there is none: the World Database writes 0 for not reported."""
    try:
        number = float(_ungrouped(text)) if text and plain(text) not in _NOTHING else 0.0
    except ValueError:
        number = math.nan
    if number >= 0 and math.isfinite(number):
        return number
    remarks.append(say("the area {value} cannot be read", value=text))
    return 0.0


def _ungrouped(text: str) -> str:
    """A number as float reads it: 45 000, 45'000 and 45,000 with spaces of any width; 45,5 and
    1.200,5 too, whose comma can only be a decimal one."""
    plain_text = re.sub(r"[\s\u2019']", " ", text)
    if re.fullmatch(r"\d{1,3}( \d{3})+([.,]\d+)?", plain_text):
        plain_text = plain_text.replace(" ", "")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain_text):
        return plain_text.replace(",", "")
    if re.fullmatch(r"(\d+|\d{1,3}(\.\d{3})+),\d+", plain_text):
        return plain_text.replace(".", "").replace(",", ".")
    return plain_text


_NOTHING = ("not reported", "not applicable", "not assigned", "0", "-")


def _year(text: str, remarks: list[str]) -> int | None:
    """A year of four digits, at the beginning of a date too; 0 or nothing is unknown."""
    if text == "" or plain(text) in _NOTHING:
        return None
    found = re.match(r"([0-9]{4})(?![0-9])", text)
    if found and int(found[1]) > 0:
        return int(found[1])
    remarks.append(say("the year {value} cannot be read", value=text))
    return None


def _kind(text: str, remarks: list[str]) -> str:
    """PA or OECM; what says neither stays as it is."""
    if not text:
        remarks.append(say("it does not say whether it is a protected area: it is taken for one"))
        return PA
    return _KIND_WORDS.get(plain(text).removesuffix(".0"), text)


_KIND_WORDS = {
    "1": PA, "pa": PA, "protected area": PA, "自然保护地": PA, "área protegida": PA,
    "0": OECM, "oecm": OECM, "other effective area-based conservation measure": OECM,
    "其他有效的区域保护措施": OECM, "omec": OECM,
}  # fmt: skip


_UNITS = {
    "km2": 1.0, "km²": 1.0, "平方公里": 1.0, "平方千米": 1.0,
    "ha": 0.01, "hm2": 0.01, "hm²": 0.01, "公顷": 0.01, "hectares": 0.01, "hectáreas": 0.01,
    "万公顷": 100.0, "万hm2": 100.0, "m2": 1e-6, "m²": 1e-6, "平方米": 1e-6,
    "亩": 1 / 1500, "万亩": 20 / 3,
}  # fmt: skip


# A unit that ends a heading; one in Latin letters stands after no other letter, Chinese apart.
_NAMES = "|".join(sorted(_UNITS, key=len, reverse=True))
_AT_END = re.compile(
    rf"[\s_.,/-]*(?:(?=[^\x00-\x7f])|(?<![^\W_\u3400-\u9fff]))({_NAMES})\s*$", re.IGNORECASE
)


def _unit(entry: Entry, heading: str, findings: list[Finding]) -> float:
    """km2 in the unit of a heading: the one in its brackets or at its end, else km2, which is
    said."""
    found = re.search(r"[(（]\s*([^)）]+?)\s*[)）]", heading) or _AT_END.search(heading)
    unit = found[1].casefold() if found else ""
    if unit in _UNITS:
        return _UNITS[unit]
    if heading.upper() not in ("REP_AREA", "REP_M_AREA", "NO_TK_AREA"):
        message = say("{column} does not say its unit: it is read as km2", column=heading)
        _tell(findings, Finding("sites.unit", entry.name, Severity.WARNING, message, entry.uri))
    return 1.0


def _tell(findings: list[Finding], finding: Finding) -> None:
    """Once for a source, though each of its files may say it."""
    if finding not in findings:
        findings.append(finding)


# --- places --------------------------------------------------------------------------------------


def _placed(sites: GeoDataFrame, crs: CRS) -> GeoDataFrame:
    """The records in the plane; those that cross the antimeridian stay whole, and say so."""
    shapes = shapely.force_2d(sites.geometry.to_numpy())
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    shapes[empty] = None
    source = CRS(sites.crs)
    moved = np.zeros(len(shapes), dtype=bool)
    if source.is_geographic and not empty.all():
        whole = unroll(shapes[~empty])
        moved[~empty] = [a is not b for a, b in zip(whole, shapes[~empty], strict=True)]
    shapes[~empty] = to_plane(shapes[~empty], source, crs)
    out = sites.set_geometry(shapes, crs=None).set_crs(crs, allow_override=True)
    return out.assign(
        remark=[_crossing(r, crosses=m) for r, m in zip(out["remark"], moved, strict=True)]
    )


def _crossing(remark: str, *, crosses: bool) -> str:
    if not crosses:
        return remark
    words = say("it crosses the antimeridian: its longitudes were joined there")
    return f"{remark}; {words}" if remark else words


def _named(sites: GeoDataFrame) -> GeoDataFrame:
    """Records without a number are named by their source and row; a parcel by its site."""
    numbered = [s or f"{source}-{row}" for s, source, row
                in zip(sites["site_id"], sites["source"], sites["row"], strict=True)]  # fmt: skip
    parcels = [p or s for p, s in zip(sites["parcel_id"], numbered, strict=True)]
    remarks = [
        remark if site else "; ".join(filter(None, (remark, say("it has no number"))))
        for remark, site in zip(sites["remark"], sites["site_id"], strict=True)
    ]
    return sites.assign(site_id=numbered, parcel_id=parcels, remark=remarks)
