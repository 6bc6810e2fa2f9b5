"""The stages of a run as files: what delineation keeps in a Store, under the run's folder."""

from dataclasses import dataclass

from tianren.io.rasters import open_raster, raster_sink
from tianren.project.runs import Run
from tianren.raster.raster import Grid, Kind, Raster, Sink

# Stages that are results in their own right: name -> (file, dtype, nodata).
DELIVERED = {
    "step": ("spatial_step.tif", "uint8", 255.0),
    "cells": ("redline_cells.tif", "int32", 0.0),
    "must": ("must_include.tif", "int32", None),
    "conflicts": ("conflicts.tif", "int32", None),
    "scope": ("scope.tif", "int32", None),
    "frequency": ("robustness/frequency.tif", "float32", None),
}
SMALL = ("origin", "state", "mask")  # codes that fit a byte


@dataclass(frozen=True)
class FileStore:
    """Stages of a run: working copies under work/<prefix>, results where people look for them."""

    run: Run
    grid: Grid
    prefix: str = ""

    def done(self, name: str) -> bool:
        return self.run.done(self._file(name)[0])

    def sink(self, name: str) -> Sink:
        file, kind, nodata = self._file(name)
        tags = {"name": name, "run": self.run.id}
        delivered = name in DELIVERED and not self.prefix
        return raster_sink(
            self.run.path(file), self.grid, dtype=kind, nodata=nodata, tags=tags,
            delivered=delivered,
        )  # fmt: skip

    def raster(self, name: str) -> Raster:
        file, kind, _ = self._file(name)
        form: Kind = "continuous" if kind == "float32" else "category"
        return open_raster(self.run.path(file), name=name, kind=form, grid=self.grid)

    def _file(self, name: str) -> tuple[str, str, float | None]:
        if name in DELIVERED and not self.prefix:
            return DELIVERED[name]
        small = name.removeprefix("first_") in SMALL
        return f"work/{self.prefix}{name}.tif", "uint8" if small else "int32", None
