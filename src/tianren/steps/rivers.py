"""Rivers that a project has only in its elevation: streams by order, and strips along them."""

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tianren.project.project import Project

_LAND = 1  # realm code


def stream_orders(elevation: Raster, project: "Project", parameters: Parameters) -> Raster:
    """Strahler order of the channels on land, 0 elsewhere; kept in the project's cache.

    A grid above river.streams_largest_grid is a UserError: the flow of water needs it whole.
    """
    _require_small_enough(elevation, parameters)
    area, realm = parameters.number("river.channel_area"), project.realm()
    orders = Raster(
        "stream_orders", elevation.grid, _Orders(elevation, realm, area), kind="category"
    )
    made_from = [Path(getattr(r.source, "path", r.name)).name for r in (elevation, realm)]
    return kept_copy(orders, project.cache_folder / "streams", key=[*made_from, repr(area)])


def river_strips(name: str, orders: Raster, widths: "Mapping[int, float]") -> Raster:
    """0/1 raster of strips along channels. widths: order -> m on each side; others have none."""
    from tianren.delineation.streams import strips

    cells = np.zeros(orders.grid.shape, np.uint8)
    map_blocks(_small, [orders], [ArraySink(cells)])
    found = strips(cells, cell_area(orders.grid) ** 0.5, widths)
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

        heights = np.empty(self.elevation.grid.shape, np.float32)
        map_blocks(_on_land, [self.elevation, self.realm], [ArraySink(heights)])
        return orders_of(heights, cell_area(self.elevation.grid) ** 0.5, self.channel_area)


def _on_land(elevation: Array, realm: Array) -> Array:
    """Elevation of the land; the sea is where rivers end."""
    return np.where(realm == _LAND, elevation, np.float32(np.nan))


def _require_small_enough(elevation: Raster, parameters: Parameters) -> None:
    rows, columns = (s.stop for s in whole(elevation.grid))
    most = parameters.number("river.streams_largest_grid")
    if rows * columns > most:
        raise UserError(
            "the grid is too large to derive streams from elevation",
            where="project.toml [must_include]",
            by_how_much=f"{rows * columns:,} cells, at most {most:,.0f}",
            next_step="give a river layer with stream orders as the source, take a coarser grid, "
            "or, with 10 bytes of memory a cell, raise river.streams_largest_grid",
        )
