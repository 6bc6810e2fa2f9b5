"""Polygons out of the house in the formats that others read: each appears whole or not at all."""

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from geopandas import GeoDataFrame

from tianren.io.rasters import FAULTS, write_failed

WORLD = "EPSG:4326"
DBF_TEXT = 254  # bytes that one text field of a shapefile holds


def write_exchange(
    layer: GeoDataFrame, format_name: str, folder: Path, name: str, **options: Any
) -> list[Path]:
    """Write a layer as folder/name.* in one of FORMATS; returns the files, the main one first.

    options are those of the format's own function. Raises UserError when writing fails, and then
    leaves nothing behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".export-", suffix=".part", dir=folder))
    try:
        made = FORMATS[format_name](layer, work, name, **options)
        for path in made:
            os.replace(path, folder / path.name)  # noqa: PTH105 - same folder's disk
    except (*FAULTS, RuntimeError) as fault:
        raise write_failed(folder / name, fault, int(layer.memory_usage().sum())) from fault
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return [folder / path.name for path in made]


def _gpkg(layer: GeoDataFrame, folder: Path, name: str) -> list[Path]:
    from tianren.io.vectors import write_vector

    path = folder / f"{name}.gpkg"
    write_vector(path, layer, name)
    return [path]


def _shapefile(layer: GeoDataFrame, folder: Path, name: str, day: str = "2000-01-01") -> list[Path]:
    """A shapefile with UTF-8 attributes, said in its .cpg; day: the date in the .dbf's head."""
    import pyogrio

    path = folder / f"{name}.shp"
    pyogrio.write_dataframe(
        _short_texts(layer),
        path,
        driver="ESRI Shapefile",
        encoding="UTF-8",
        layer_options={"DBF_DATE_LAST_UPDATE": day},
    )
    rest = sorted(p for p in folder.glob(f"{name}.*") if p != path)
    return [path, *rest]


def _short_texts(layer: GeoDataFrame) -> GeoDataFrame:
    """Texts cut to what a field holds, between characters, never inside one."""
    out = layer.copy()
    for column in [c for c in out.columns if c != out.geometry.name]:
        if not all(isinstance(v, int | float) for v in out[column]):
            out[column] = [_cut(str(v)) for v in out[column]]
    return out


def _cut(text: str) -> str:
    return text.encode()[:DBF_TEXT].decode(errors="ignore")


def _geojson(layer: GeoDataFrame, folder: Path, name: str) -> list[Path]:
    """RFC 7946: longitude and latitude, right-hand rings, cut at the antimeridian."""
    import pyogrio

    path = folder / f"{name}.geojson"
    pyogrio.write_dataframe(
        layer,
        path,
        driver="GeoJSON",
        layer_options={"RFC7946": "YES", "COORDINATE_PRECISION": "7", "WRITE_NAME": "NO"},
    )
    return [path]


def _geoparquet(layer: GeoDataFrame, folder: Path, name: str) -> list[Path]:
    path = folder / f"{name}.parquet"
    layer.to_parquet(path, index=False)
    return [path]


def _csv(layer: GeoDataFrame, folder: Path, name: str) -> list[Path]:
    """The attributes, with the longitude and latitude of a point inside each polygon.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    points = layer.geometry.representative_point().to_crs(WORLD)
    columns = [c for c in layer.columns if c != layer.geometry.name]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*map(_no_formula, columns), "longitude", "latitude"])
    for values, point in zip(
        layer[columns].itertuples(index=False, name=None), points, strict=True
    ):
        writer.writerow([*map(_no_formula, values), f"{point.x:.6f}", f"{point.y:.6f}"])
    path = folder / f"{name}.csv"
    # The mark at the beginning lets spreadsheets read accents and Chinese.
    path.write_text(stream.getvalue(), encoding="utf-8-sig")
    return [path]


def _no_formula(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in _BEGINS_FORMULA else value


_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _kml(
    layer: GeoDataFrame,
    folder: Path,
    name: str,
    title: str = "",
    name_column: str = "name",
    colours: Mapping[str, str] | None = None,
    colour_column: str = "",
) -> list[Path]:
    """KML 2.2, one placemark a row. colours: value of colour_column -> "#rrggbb" of its fill."""
    root = Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    document = SubElement(root, "Document")
    SubElement(document, "name").text = title or name
    for key, colour in (colours or {}).items():
        _kml_style(document, key, colour)
    world = layer.to_crs(WORLD)
    shape = world.geometry.name
    for row in world.to_dict("records"):
        place = SubElement(document, "Placemark")
        SubElement(place, "name").text = _xml_text(row.pop(name_column, ""))
        if colours and row.get(colour_column) in colours:
            SubElement(place, "styleUrl").text = f"#{row[colour_column]}"
        geometry = row.pop(shape)
        _kml_attributes(place, row)
        _kml_geometry(place, geometry)
    indent(root)
    path = folder / f"{name}.kml"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    path.write_text(head + tostring(root, encoding="unicode") + "\n", encoding="utf-8")
    return [path]


def _kml_attributes(place: Element, row: Mapping[Any, Any]) -> None:
    extended = SubElement(place, "ExtendedData")
    for column, value in row.items():
        data = SubElement(extended, "Data", name=str(column))
        SubElement(data, "value").text = _xml_text(value)


def _xml_text(value: Any) -> str:
    """A value as text without control characters, which XML has no place for."""
    return "".join(c for c in str(value) if c >= " " or c in "\n\t")


def _kml_style(document: Element, key: str, colour: str) -> None:
    style = SubElement(document, "Style", id=key)
    line = SubElement(style, "LineStyle")
    SubElement(line, "color").text = "ff1a1a8b"  # alpha, blue, green, red: the redline's edge
    SubElement(line, "width").text = "2"
    fill = SubElement(style, "PolyStyle")
    SubElement(fill, "color").text = f"80{colour[5:7]}{colour[3:5]}{colour[1:3]}"


def _kml_geometry(parent: Element, geometry: Any) -> None:
    parts = list(getattr(geometry, "geoms", [geometry]))
    holder = SubElement(parent, "MultiGeometry") if len(parts) > 1 else parent
    for part in parts:
        polygon = SubElement(holder, "Polygon")
        _kml_ring(SubElement(polygon, "outerBoundaryIs"), part.exterior)
        for ring in part.interiors:
            _kml_ring(SubElement(polygon, "innerBoundaryIs"), ring)


def _kml_ring(parent: Element, ring: Any) -> None:
    text = " ".join(f"{x:.7f},{y:.7f}" for x, y in _flat(ring.coords))
    SubElement(SubElement(parent, "LinearRing"), "coordinates").text = text


def _flat(coordinates: Sequence[Any]) -> list[tuple[float, float]]:
    return [(point[0], point[1]) for point in coordinates]


FORMATS: Mapping[str, Callable[..., list[Path]]] = {
    "gpkg": _gpkg,
    "shapefile": _shapefile,
    "geojson": _geojson,
    "kml": _kml,
    "geoparquet": _geoparquet,
    "csv": _csv,
}
