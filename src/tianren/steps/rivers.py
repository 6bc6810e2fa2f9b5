"""The flow of water that an elevation shows: streams by order, strips along them, inflow."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tianren.errors import UserError
from tianren.io.kept import kept_copy
from tianren.parameters import Parameters
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import (
    Array,
    ArraySink,
    ArraySource,
    Raster,
    Window,
    cell_area,
    whole,
)
from tianren.science.terrain import aspect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tianren.project.project import Project

_LAND = 1  # realm code


def stream_orders(elevation: Raster, project: "Project", parameters: Parameters) -> Raster:
    """Strahler order of the channels on land, 0 elsewhere; kept in the project's cache.

    A grid above river.streams_largest_grid is a UserError: the flow of water needs it whole.
    """
    _require_small_enough(elevation, parameters, "project.toml [must_include]")
    area = parameters.number("river.channel_area")
    found = _Orders(elevation, project.realm(), area)
    orders = Raster("stream_orders", elevation.grid, found, kind="category")
    return _kept(orders, elevation, project, repr(area))


def inflow(elevation: Raster, project: "Project", parameters: Parameters) -> dict[str, Raster]:
    """What L of RUSLE needs of the flow of water: inflow_area, m2, and aspect, degree; kept.

    inflow_area: land that drains into each cell, itself not counted, as far as the region reaches;
    aspect: 0 where the land is flat.
    """
    _require_small_enough(elevation, parameters, "project.toml [grid] resolution")
    realm = project.realm()
    area = Raster("inflow_area", elevation.grid, _Inflow(elevation, realm), "m2")
    facing = Raster("aspect", elevation.grid, _Aspect(elevation), "degree")
    return {r.name: _kept(r, elevation, project) for r in (area, facing)}


def _kept(raster: Raster, elevation: Raster, project: "Project", *key: str) -> Raster:
    """A raster made from an elevation inside the region: both lie in files named by content."""
    made_from = (elevation.source, project.realm().source)
    names = [Path(getattr(source, "path", repr(source))).name for source in made_from]
    return kept_copy(raster, project.cache_folder / "streams", key=[*names, *key])


def river_strips(name: str, orders: Raster, widths: "Mapping[int, float]") -> Raster:
    """0/1 raster of strips along channels. widths: order -> m on each side; others have none."""
    from tianren.delineation.streams import strips

    cells = np.zeros(orders.grid.shape, np.uint8)
    map_blocks(_small, [orders], [ArraySink(cells)])
    found = strips(cells, _side(orders), widths)
    return Raster(name, orders.grid, ArraySource(found), kind="category")


def _small(orders: Array) -> Array:
    return orders.astype(np.uint8)


@dataclass(frozen=True)
class _Orders:
    """The streams of an elevation, found when a first window is asked for."""

    elevation: Raster
    realm: Raster
    channel_area: float

    def read(self, window: Window) -> Array:
        return self._cells[window].astype(np.int32)

    @cached_property
    def _cells(self) -> Array:
        from tianren.delineation.streams import stream_orders as orders_of

        heights = _heights(self.elevation, self.realm)
        return orders_of(heights, _side(self.elevation), self.channel_area)


@dataclass(frozen=True)
class _Inflow:
    """The land that drains into each cell, m2; NaN outside the land."""

    elevation: Raster
    realm: Raster

    def read(self, window: Window) -> Array:
        cells = self._cells[window]
        area = (cells - 1.0) * cell_area(self.elevation.grid)
        return np.where(cells > 0, area, np.nan).astype(np.float32)

    @cached_property
    def _cells(self) -> Array:
        from tianren.delineation.streams import contributing_cells, flow

        direction = flow(_heights(self.elevation, self.realm), _side(self.elevation))
        return contributing_cells(direction)


@dataclass(frozen=True)
class _Aspect:
    """Where each cell faces, degrees clockwise from north, 0 on flat land; from a window and the
    cells around it."""

    elevation: Raster

    def read(self, window: Window) -> Array:
        side, (rows, columns) = _side(self.elevation), window
        height, width = self.elevation.grid.shape
        up, left = min(rows.start, 1), min(columns.start, 1)
        wide = (
            slice(rows.start - up, min(rows.stop + 1, height)),
            slice(columns.start - left, min(columns.stop + 1, width)),
        )
        heights = self.elevation.read(wide).astype(np.float64)
        inner = (slice(up, up + rows.stop - rows.start),
                 slice(left, left + columns.stop - columns.start))  # fmt: skip
        facing = np.nan_to_num(aspect(heights, side, side), nan=0.0)
        return np.where(np.isnan(heights), np.nan, facing)[inner].astype(np.float32)


def _side(raster: Raster) -> float:
    return float(cell_area(raster.grid) ** 0.5)


def _heights(elevation: Raster, realm: Raster) -> Array:
    """The elevation of the land as one array; the sea is where rivers end."""
    heights = np.empty(elevation.grid.shape, np.float32)
    map_blocks(_on_land, [elevation, realm], [ArraySink(heights)])
    return heights


def _on_land(elevation: Array, realm: Array) -> Array:
    return np.where(realm == _LAND, elevation, np.float32(np.nan))


def _require_small_enough(elevation: Raster, parameters: Parameters, where: str) -> None:
    rows, columns = (s.stop for s in whole(elevation.grid))
    most = parameters.number("river.streams_largest_grid")
    if rows * columns > most:
        raise UserError(
            "the grid is too large to derive streams from elevation",
            where=where,
            by_how_much=f"{rows * columns:,} cells, at most {most:,.0f}",
            next_step="take a coarser grid, give what is to be derived (a river layer with orders, "
            "slope_length_steepness) or, with 10 bytes of memory a cell, raise "
            "river.streams_largest_grid",
        )
