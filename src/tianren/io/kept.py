"""Working copies on the project's grid, named by the hash of everything that made them."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianren.findings import Finding, Severity
from tianren.io.rasters import open_raster, raster_sink, temporary_beside
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import Array, Grid, Raster

VERSION = 2  # raise it when the same input gives other cells or findings


def content_key(value: Any) -> str:
    """Twenty hex digits of the hash of plain values."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def grid_words(grid: Grid) -> list[Any]:
    """A grid as plain values."""
    return [str(grid.crs.to_wkt()), [float(v) for v in grid.affine][:6], list(grid.shape)]


@dataclass(frozen=True)
class Kept:
    """Aligned files of one layer in the cache: <key>_<n>.tif, and <key>.json once all are there."""

    folder: Path
    key: str
    names: Sequence[str]

    @property
    def _record(self) -> Path:
        return self.folder / f"{self.key}.json"

    def path(self, number: int) -> Path:
        return self.folder / f"{self.key}_{number + 1:02d}.tif"

    @property
    def there(self) -> bool:
        files = (self.path(i) for i in range(len(self.names)))
        return self._record.exists() and all(f.exists() for f in files)

    def write(self, lazy: Sequence[Raster], tile: int) -> None:
        """Warp all bands, tile by tile; a band that is there already is not made again."""
        for i, raster in enumerate(lazy):
            if not self.path(i).exists():
                write_working_copy(raster, self.path(i), tile)

    def finish(self, findings: Iterable[Finding]) -> None:
        text = json.dumps([f.as_dict() for f in findings], ensure_ascii=False, indent=1)
        part = temporary_beside(self._record)
        part.write_text(text, encoding="utf-8")
        part.replace(self._record)

    def read(self, lazy: Sequence[Raster]) -> list[Raster]:
        """The kept files as rasters on our grid."""
        return [
            open_raster(
                self.path(i), name=r.name, unit=r.unit, kind=r.kind, legend=r.legend, grid=r.grid
            )
            for i, r in enumerate(lazy)
        ]

    def findings(self) -> list[Finding]:
        rows = json.loads(self._record.read_text(encoding="utf-8"))
        return [Finding(**{**row, "severity": Severity(row["severity"])}) for row in rows]


def write_working_copy(raster: Raster, path: Path, tile: int = 512) -> None:
    """Any raster as a tiled file of our own, block by block."""
    dtype = "int32" if raster.is_category else "float32"
    sink = raster_sink(path, raster.grid, dtype=dtype, unit=raster.unit, tags={"name": raster.name})
    map_blocks(_same, [raster], [sink], size=tile)


def _same(cells: Array) -> Array:
    return cells


def kept_copy(raster: Raster, folder: Path, key: Sequence[str]) -> Raster:
    """A raster that is costly to read, made once and then read from its working copy."""
    made = content_key([VERSION, raster.name, sorted(raster.legend.items()),
                        grid_words(raster.grid), list(key)])  # fmt: skip
    path = folder / f"{made}.tif"
    if not path.exists():
        write_working_copy(raster, path)
    return open_raster(path, name=raster.name, unit=raster.unit, kind=raster.kind,
                       legend=raster.legend, grid=raster.grid)  # fmt: skip
