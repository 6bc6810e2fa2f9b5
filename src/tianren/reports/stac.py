"""The run as a STAC 1.0 item, so that a catalogue of catalogues can find it."""

import math
from pathlib import Path
from typing import Any

from tianren.reports.contents import Contents

MEDIA_TYPES = {
    ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    ".gpkg": "application/geopackage+sqlite3",
    ".csv": "text/csv",
    ".json": "application/json",
    ".toml": "application/toml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
    ".html": "text/html",
    ".png": "image/png",
}
ROLES = {
    ".png": "overview",
    ".pdf": "metadata",
    ".html": "metadata",
    ".toml": "metadata",
    ".json": "metadata",
}
PROJECTION = "https://stac-extensions.github.io/projection/v1.1.0/schema.json"


def item(contents: Contents) -> dict[str, Any]:
    """The STAC item of a run: where, when, and every file of it that a reader may want."""
    geometry, box = footprint(contents)
    moment = f"{contents.day.isoformat()}T00:00:00Z"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [PROJECTION],
        "id": contents.run_id,
        "geometry": geometry,
        "bbox": box,
        "properties": {
            "datetime": moment,
            "title": contents.title,
            "description": f"Ecological conservation redline, run {contents.run_id} of Tianren",
            **projection(contents),
        },
        "links": [],
        "assets": assets(contents.folder),
    }


def projection(contents: Contents) -> dict[str, Any]:
    """The grid's CRS: its EPSG code where it has one, always as PROJJSON."""
    if not contents.crs:
        return {"proj:epsg": None}
    from pyproj import CRS

    crs = CRS.from_user_input(contents.crs)
    return {"proj:epsg": crs.to_epsg(), "proj:projjson": crs.to_json_dict()}


def assets(folder: Path) -> dict[str, Any]:
    """Every delivered file of the run, by its path: href, media type, roles."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix in MEDIA_TYPES and p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name.endswith(".stac.json") or name.startswith((".", "exports/", "work/")):
            continue
        found[name] = {
            "href": f"./{name}",
            "type": MEDIA_TYPES[path.suffix],
            "roles": [ROLES.get(path.suffix, "data")],
            "title": path.stem.replace("_", " "),
        }
    return found


def footprint(contents: Contents) -> tuple[dict[str, Any] | None, list[float]]:
    """The run's box in EPSG:4326, densified before it is projected, as geometry and bbox.

    A box that crosses the antimeridian becomes two polygons, and its bbox begins east of its end.
    """
    bounds = _bounds(contents)
    if bounds is None or not contents.crs:
        return None, []
    lon, lat = _ring(contents.crs, bounds)
    south, north = round(min(lat), 6), round(max(lat), 6)
    if max(lon) - min(lon) > 180:
        west = round(min(x for x in lon if x > 0), 6)
        east = round(max(x for x in lon if x <= 0), 6)
        parts = [_box(west, south, 180.0, north), _box(-180.0, south, east, north)]
        return {"type": "MultiPolygon", "coordinates": parts}, [west, south, east, north]
    west, east = round(min(lon), 6), round(max(lon), 6)
    geometry = {"type": "Polygon", "coordinates": _box(west, south, east, north)}
    return geometry, [west, south, east, north]


def _box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def _bounds(contents: Contents) -> tuple[float, float, float, float] | None:
    around = contents.surroundings.region
    frame = around if around is not None else contents.pieces
    if frame is None or len(frame) == 0:
        return None
    left, bottom, right, top = (float(v) for v in frame.total_bounds)
    return left, bottom, right, top


def _ring(crs: str, bounds: tuple[float, float, float, float]) -> tuple[list[float], list[float]]:
    from tianren.geo.moves import move_between

    left, bottom, right, top = bounds
    steps = [n / 20 for n in range(21)]
    sides = [(left + t * (right - left), y) for t in steps for y in (bottom, top)]
    sides += [(x, bottom + t * (top - bottom)) for t in steps for x in (left, right)]
    there = move_between(crs, "EPSG:4326")
    points = [there.transform(x, y) for x, y in sides]
    known = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    return [x for x, _ in known], [y for _, y in known]
