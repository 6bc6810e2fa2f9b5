"""Raster: a named source on a Grid, with a unit, read by window. Nodata has died at the door.

A quantity is float32, missing is NaN. A category is int32 with a legend, missing is MISSING.
The engine reads through Source and writes through Sink; which driver is behind them is io's
business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

Grid: TypeAlias = GeoBox
Window = tuple[slice, slice]  # rows, columns: start and stop set, no step
Array = NDArray[Any]
Kind = Literal["continuous", "flux", "count", "category"]

MISSING = int(np.iinfo(np.int32).min)  # the missing category; codes are >= 0


class Source(Protocol):
    """Something that can be read by window. Must be safe to read from several threads."""

    def read(self, window: Window) -> Array:
        """The cells of the window: float32 with NaN, or int32 with MISSING."""
        ...


class Sink(Protocol):
    """Something that takes each window once, in any order, and appears whole or not at all."""

    def write(self, window: Window, cells: Array) -> None: ...

    def close(self) -> None:
        """Make what was written visible under its final name."""
        ...

    def abandon(self) -> None:
        """Leave nothing behind."""
        ...


@dataclass(frozen=True)
class ArraySource:
    """A whole array in memory as a Source: for tests, notebooks and small things."""

    cells: Array

    def read(self, window: Window) -> Array:
        found = self.cells[window]
        if found.shape != window_shape(window):  # compiled loops would read beyond its end
            raise ValueError(f"{found.shape} cells where the grid has {window_shape(window)}")
        return found


@dataclass(frozen=True)
class ConstantSource:
    """One number everywhere: a declared constant that stands in for a layer a country lacks."""

    value: float
    category: bool = False

    def read(self, window: Window) -> Array:
        kind = np.int32 if self.category else np.float32
        return np.full(window_shape(window), self.value, dtype=kind)


@dataclass(frozen=True)
class Raster:
    """A named source on a grid, with its unit and kind. legend: code -> class, for categories."""

    name: str
    grid: Grid
    source: Source
    unit: str = "1"
    kind: Kind = "continuous"
    legend: Mapping[int, str] = field(default_factory=dict)

    def read(self, window: Window | None = None) -> Array:
        """The cells of a window, or of the whole grid."""
        return self.source.read(whole(self.grid) if window is None else window)

    @property
    def is_category(self) -> bool:
        return self.kind == "category"

    def to_xarray(self) -> Any:
        """The whole raster as an xarray.DataArray with coordinates and CRS, for notebooks."""
        import xarray

        axes = {name: axis.values for name, axis in self.grid.coordinates.items()}
        place = xarray.Variable((), 0, {"crs_wkt": self.grid.crs.to_wkt()})  # as CF has it
        return xarray.DataArray(
            self.read(),
            coords={**axes, "spatial_ref": place},
            dims=tuple(axes),
            name=self.name,
            attrs={"units": self.unit, "grid_mapping": "spatial_ref"},
        )


@dataclass
class ArraySink:
    """A whole array in memory as a Sink."""

    cells: Array

    def write(self, window: Window, cells: Array) -> None:
        self.cells[window] = cells

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def whole(grid: Grid) -> Window:
    """The window that covers the grid."""
    rows, columns = grid.shape
    return slice(0, rows), slice(0, columns)


def window_shape(window: Window) -> tuple[int, int]:
    rows, columns = window
    return rows.stop - rows.start, columns.stop - columns.start


def cell_area(grid: Grid) -> float:
    """Area of one cell, m2; true because a project's grid is equal-area (geo.grid checks it)."""
    return abs(float(grid.affine.determinant))
