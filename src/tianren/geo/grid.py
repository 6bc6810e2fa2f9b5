"""The project's grid: equal-area to 1e-4, proposed from the region, the same for every layer."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import CRS
from pyproj.exceptions import CRSError

from tianren.errors import UserError
from tianren.geo.area import longitudes, to_plane
from tianren.geo.moves import move_between

TOLERANCE = 1e-4  # planar over geodesic area of a cell
_LARGEST_SHIFT = 1e-6  # of a cell: what a file's rounding may move a grid
_SMALLEST_SQUARE = 1_000.0  # m: geodesic area of a smaller cell has too few true digits
# Albers distorts shapes less where a region is wide and off the equator, elsewhere the other does.
_WIDE_KM = 2_000.0
_WIDE_RATIO = 1.25


def area_errors(grid: GeoBox) -> Mapping[str, float]:
    """Planar over geodesic area, minus one, of the corner, edge-middle and centre cells.

    Geodesic areas are on the CRS's own ellipsoid. A cell that is not on the Earth (the corners of
    a world map) is left out.
    """
    rows, columns = grid.shape
    places = {
        "north-west corner": (0, 0),
        "north edge": (0, columns // 2),
        "north-east corner": (0, columns - 1),
        "west edge": (rows // 2, 0),
        "centre": (rows // 2, columns // 2),
        "east edge": (rows // 2, columns - 1),
        "south-west corner": (rows - 1, 0),
        "south edge": (rows - 1, columns // 2),
        "south-east corner": (rows - 1, columns - 1),
    }
    errors = {name: _area_error(grid, *cell) for name, cell in places.items()}
    return {name: error for name, error in errors.items() if math.isfinite(error)}


def _area_error(grid: GeoBox, row: int, column: int) -> float:
    x, y = grid.affine @ (column + 0.5, row + 0.5)
    half = max(abs(grid.affine.a), abs(grid.affine.e), _SMALLEST_SQUARE) / 2
    square = shapely.segmentize(shapely.box(x - half, y - half, x + half, y + half), half / 8)
    crs = _crs(grid)
    degrees, earth = crs.geodetic_crs, crs.get_geod()
    if degrees is None or earth is None:
        return math.nan
    move = move_between(crs, degrees)
    lon, lat = move.transform(*shapely.get_coordinates(square).T)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return math.nan
    true, _ = earth.polygon_area_perimeter(lon, lat)
    return float(square.area * _metres(crs) ** 2 / abs(true) - 1)


def check_equal_area(grid: GeoBox, *, where: str = "project.toml, [grid] crs") -> float:
    """The largest area error of the grid; UserError beyond 1e-4, with a proposal.

    A CRS in degrees, or in another unit than the metre, is refused first: areas are in m2.
    """
    crs = _crs(grid)
    if not crs.is_projected or _metres(crs) != 1.0:
        raise UserError(
            f"the grid's CRS measures in {crs.axis_info[0].unit_name}, areas need metres",
            where=where,
            next_step=f'write crs = "{_proposal(grid)}"',
        )
    errors = area_errors(grid)
    if not errors:
        raise UserError("the grid does not lie on the Earth", where=where, next_step=_MEANT)
    place = max(errors, key=lambda name: abs(errors[name]))
    if abs(errors[place]) > TOLERANCE:
        raise UserError(
            f"the grid is not equal-area: a cell at its {place} is {_percent(errors[place])}",
            where=where,
            by_how_much=f"{abs(errors[place]):.1e}, at most {TOLERANCE:.0e} is accepted",
            next_step=f'write crs = "{_proposal(grid)}"',
        )
    return errors[place]


_MEANT = "check that the numbers and the CRS belong together"


def _percent(error: float) -> str:
    return f"{abs(error) * 100:.3f} % too {'large' if error > 0 else 'small'}"


def _proposal(grid: GeoBox) -> str:
    corners = shapely.box(*grid.boundingbox.bbox)
    return propose_crs([corners], _crs(grid))


def propose_crs(region: Any, crs: Any) -> str:
    """An equal-area CRS for a region, as a PROJ string.

    region: geometries in `crs`. Lambert azimuthal equal-area on the region's centre; Albers, with
    the parallels a sixth in from north and south, where the region is wide and off the equator.
    """
    west, south, east, north = _span(region, CRS.from_user_input(crs))
    lon = round((west + east) / 2, 1)
    lon = lon - 360 if lon > 180 else lon
    lat = round((south + north) / 2, 1)
    if _is_wide(west, south, east, north):
        first, second = (round(south + f * (north - south), 1) for f in (1 / 6, 5 / 6))
        head = f"+proj=aea +lat_1={first:g} +lat_2={second:g} +lat_0={lat:g} +lon_0={lon:g}"
    else:
        head = f"+proj=laea +lat_0={lat:g} +lon_0={lon:g}"
    return f"{head} +datum=WGS84 +units=m +no_defs"


def _span(region: Any, crs: CRS) -> tuple[float, float, float, float]:
    shapes = to_plane(region, crs, CRS.from_epsg(4326))
    west, east = longitudes(shapes)
    _, south, _, north = shapely.total_bounds(shapes)
    return west, float(south), east, float(north)


def _is_wide(west: float, south: float, east: float, north: float) -> bool:
    height = (north - south) * 111.2
    width = (east - west) * 111.2 * math.cos(math.radians((south + north) / 2))
    off_equator = south > 0 or north < 0
    return off_equator and width > _WIDE_KM and width > _WIDE_RATIO * height


def make_grid(region: Any, crs: Any, resolution: float) -> GeoBox:
    """The grid that covers a region, its edges on whole multiples of the resolution (m).

    region: a geometry, or geometries, in the grid's own CRS.
    """
    bounds = shapely.total_bounds(np.asarray(region, dtype=object))
    if not (np.isfinite(bounds).all() and resolution > 0):
        raise UserError(
            "the region has no extent in the grid's CRS",
            where="project.toml, [region] and [grid]",
            by_how_much=f"bounds {', '.join(f'{b:g}' for b in bounds)}",
            next_step="check that the region's layer has polygons and the right CRS",
        )
    west, south = (math.floor(b / resolution + 1e-9) for b in bounds[:2])
    east, north = (math.ceil(b / resolution - 1e-9) for b in bounds[2:])
    corner = Affine(resolution, 0, west * resolution, 0, -resolution, north * resolution)
    return GeoBox((max(north - south, 1), max(east - west, 1)), corner, crs)


def known_crs(text: str, *, where: str) -> CRS:
    """A CRS as people write it; UserError when PROJ does not know it."""
    try:
        return CRS.from_user_input(text)
    except CRSError as fault:
        raise UserError(
            f"{text!r} is not a CRS that PROJ knows",
            where=where,
            next_step='write an EPSG code such as "EPSG:6933", or a PROJ string',
        ) from fault


def same_crs(a: Any, b: Any) -> bool:
    """Whether two CRS mean the same plane, however they are written (WKT loses names in files)."""
    first, second = CRS.from_user_input(a), CRS.from_user_input(b)
    return bool(first.equals(second, ignore_axis_order=True))


def same_grid(a: GeoBox, b: GeoBox, name_a: str = "a", name_b: str = "b") -> None:
    """Refuse two grids that are not one, saying by how much `a` is off `b`."""
    fault = _difference(a, b)
    if fault:
        raise UserError(
            f"{name_a} is not on the grid of {name_b}: {fault}",
            next_step=f"align {name_a} again: delete the project's .cache folder, or bring the "
            "layer in through catalog.toml, which puts it on the project's grid",
        )


def _difference(a: GeoBox, b: GeoBox) -> str:
    if not same_crs(_crs(a), _crs(b)):
        return f"its CRS is {_crs(a).name}, not {_crs(b).name}"
    size, wanted = a.affine.a, b.affine.a
    if not (_close(size, wanted) and _close(a.affine.e, b.affine.e)):
        return f"its cells are {size:g} by {-a.affine.e:g}, not {wanted:g} by {-b.affine.e:g}"
    east = (a.affine.c - b.affine.c) / b.affine.a
    south = (a.affine.f - b.affine.f) / b.affine.e
    if max(abs(east), abs(south)) > _LARGEST_SHIFT:
        return f"it is shifted by {_shift(east, south)}"
    if a.shape != b.shape:
        return f"it has {a.shape[0]} x {a.shape[1]} cells, not {b.shape[0]} x {b.shape[1]}"
    return ""


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9)


def _shift(east: float, south: float) -> str:
    parts = []
    if abs(east) > _LARGEST_SHIFT:
        parts.append(f"{abs(east):.6g} cells {'east' if east > 0 else 'west'}")
    if abs(south) > _LARGEST_SHIFT:
        parts.append(f"{abs(south):.6g} cells {'south' if south > 0 else 'north'}")
    return " and ".join(parts)


def _crs(grid: GeoBox) -> CRS:
    if grid.crs is None:
        raise UserError("a grid needs a CRS", next_step="give the grid's crs")
    return CRS(grid.crs.proj)


def _metres(crs: CRS) -> float:
    return float(crs.axis_info[0].unit_conversion_factor) if crs.axis_info else 1.0
