"""What a site of a must-include layer covers: its polygon, a strip along its line, or a circle."""

import math
from typing import Any

import numpy as np

from tianren.errors import UserError
from tianren.geo.circles import QUARTER, radius
from tianren.geo.rules import Rule
from tianren.language import say
from tianren.parameters import Parameters
from tianren.raster.raster import Array

RIVER_KINDS = ("riparian", "headwaters")

# Where a column is not named, the usual ones are tried; case does not matter.
USUAL_COLUMNS = {
    "name": ("name", "orig_name", "site_name", "名称"),
    "status": ("status",),
    "designation": ("desig_eng", "desig"),
    "zone": (),
    "order": ("stream_order", "strahler", "ord_stra", "order"),
    "area": ("rep_area",),
    "realm": ("marine", "realm"),
}


def column_of(rule: Rule, sites: Any, role: str) -> str | None:
    """The column that plays a role: the named one (UserError if it is not there) or a usual one."""
    by_lower = {str(c).casefold(): str(c) for c in sites.columns}
    if role in rule.columns:
        wanted = rule.columns[role]
        if wanted.casefold() not in by_lower:
            raise UserError(
                f"{rule.name} has no column {wanted}",
                where=f"project.toml [must_include.{rule.name}]",
                next_step=f"choose from {', '.join(map(str, sites.columns))}",
            )
        return by_lower[wanted.casefold()]
    return next((by_lower[c] for c in USUAL_COLUMNS[role] if c in by_lower), None)


def footprints(
    rule: Rule, sites: Any, parameters: Parameters, reasons: dict[int, str]
) -> list[Any]:
    """A polygon for each site: its own, a strip along its line, or a circle round its point."""
    import shapely

    shapes = sites.geometry.to_numpy()
    dimension = shapely.get_dimensions(shapes)
    widths = _widths(rule, sites, parameters, dimension, reasons)
    return [
        shapely.buffer(shape, width, quad_segs=QUARTER) if width > 0 else shape
        for shape, width in zip(shapes, widths, strict=True)
    ]


def _widths(
    rule: Rule, sites: Any, parameters: Parameters, dimension: Array, reasons: dict[int, str]
) -> list[float]:
    """The buffer of each site in metres; zero for polygons without a declared buffer."""
    widths = [float(rule.buffer or 0.0)] * len(sites)
    points = np.flatnonzero(dimension == 0)
    lines = np.flatnonzero(dimension == 1)
    if len(points) and rule.buffer is None:
        _circle_radii(rule, sites, points, widths, reasons)
    if len(lines) and rule.buffer is None:
        _strip_widths(rule, sites, lines, widths, parameters, reasons)
    return widths


def _circle_radii(
    rule: Rule, sites: Any, points: Array, widths: list[float], reasons: dict[int, str]
) -> None:
    """Circles of the reported area (km2, as WDPA has it); without one a point does not count."""
    column = column_of(rule, sites, "area")
    for i in points:
        try:
            reported = float(sites[column].iloc[i]) if column else math.nan
        except (TypeError, ValueError):
            reported = math.nan
        if reported > 0:
            widths[i] = radius(reported)
        else:
            reasons.setdefault(int(i), say("a point without a reported area"))


def _strip_widths(
    rule: Rule,
    sites: Any,
    lines: Array,
    widths: list[float],
    parameters: Parameters,
    reasons: dict[int, str],
) -> None:
    """Strips along rivers by stream order, along headwaters and shorelines by one width."""
    if rule.kind == "natural_shoreline":
        width = parameters.number("redline.shoreline_width")
        for i in lines:
            widths[i] = width
    elif rule.kind in RIVER_KINDS:
        orders = _orders(rule, sites, lines)
        for i, order in orders.items():
            widths[i] = _strip(rule, order, parameters)
            if widths[i] == 0:
                reasons.setdefault(i, say("stream order {order} is not a headwater", order=order))
    else:
        raise UserError(
            f"{rule.name} has lines, which cover no area",
            where=f"project.toml [must_include.{rule.name}]",
            by_how_much=f"{len(lines)} of {len(sites)} features",
            next_step="add buffer = metres on each side",
        )


def _orders(rule: Rule, sites: Any, lines: Array) -> dict[int, int]:
    """Stream order of each line."""
    column = column_of(rule, sites, "order")
    if column is None:
        raise UserError(
            f"{rule.name} has no stream order",
            where=f"project.toml [must_include.{rule.name}]",
            next_step="name its column, columns = {order = ..}, or give one width, buffer = metres",
        )
    values = sites[column]
    bad = [i for i in lines if not _is_order(values.iloc[i])]
    if bad:
        raise UserError(
            f"the stream order of {rule.name} is not a number from 1",
            where=f"{column}, feature {bad[0] + 1}",
            by_how_much=f"{values.iloc[bad[0]]!r}, and {len(bad) - 1} more",
            next_step="fill the column or give one width, buffer = metres",
        )
    return {int(i): int(float(values.iloc[i])) for i in lines}


def _is_order(value: Any) -> bool:
    try:
        return float(value) >= 1
    except (TypeError, ValueError):
        return False


def _strip(rule: Rule, order: int, parameters: Parameters) -> float:
    """Metres on each side for a stream order; 0 where it is no headwater."""
    if rule.kind == "headwaters":
        return parameters.number("river.headwater_width") if order == 1 else 0.0
    table = parameters.table("river.riparian_width")
    largest = max(int(key) for key in table)
    return table[str(min(order, largest))]


def river_widths(rule: Rule, parameters: Parameters) -> dict[int, float]:
    """Stream order -> metres on each side, for streams that come without lines of their own."""
    if rule.buffer is not None:
        return dict.fromkeys(range(1, 2 if rule.kind == "headwaters" else 256), rule.buffer)
    widths = {order: _strip(rule, order, parameters) for order in range(1, 256)}
    return {order: width for order, width in widths.items() if width > 0}
