"""Ranges of species in one small file: the same bytes for the same ranges, without pickle.

Neighbouring cells of a row of the matrix that have one share are kept as a run: its first cell, its
length, its share. A range drawn as a polygon is some cells along its edge and runs of 1 inside.
"""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from tianren.errors import UserError
from tianren.io.rasters import discard, temporary_beside
from tianren.science.species import Ranges

_PARTS = ("names", "shape", "cell_m2", "runs", "first", "length", "share")
_DAY = (1980, 1, 1, 0, 0, 0)  # a zip's first day: the file does not keep when it was written


def write_ranges(path: Path, ranges: Ranges) -> Path:
    """The ranges as an .npz file that appears whole or not at all."""
    runs, first, length, share = _as_runs(ranges.cells)
    parts = (
        np.array(ranges.names, dtype=np.str_),
        np.array(ranges.shape, dtype=np.int64),
        np.array(ranges.cell_m2, dtype=np.float64),
        runs,
        first,
        length,
        share,
    )
    part = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w") as archive:
            for name, values in zip(_PARTS, parts, strict=True):
                archive.writestr(_member(name), _bytes(values), compresslevel=6)
        part.replace(path)
    finally:
        discard(part)
    return path


def _as_runs(cells: Any) -> tuple[Any, Any, Any, Any]:
    """Where the runs of each species begin, and first cell, length and share of every run."""
    at, shares = cells.indices, cells.data.astype(np.float32)
    begins = np.ones(len(at), dtype=bool)
    begins[1:] = (at[1:] != at[:-1] + 1) | (shares[1:] != shares[:-1])
    starts = cells.indptr[:-1]
    begins[starts[starts < len(at)]] = True
    first = np.flatnonzero(begins)
    length = np.diff(np.append(first, len(at)))
    wide = np.int32 if cells.shape[1] <= np.iinfo(np.int32).max else np.int64
    runs = np.searchsorted(first, cells.indptr).astype(np.int64)
    return runs, at[first].astype(wide), length.astype(wide), shares[first]


def _as_cells(runs: Any, first: Any, length: Any, share: Any, size: tuple[int, int]) -> Any:
    ends = np.concatenate([[0], np.cumsum(length, dtype=np.int64)])
    before = (first - ends[:-1]).astype(first.dtype)
    indices = np.repeat(before, length)
    indices += np.arange(len(indices), dtype=first.dtype)
    shares = np.repeat(share, length)
    return scipy.sparse.csr_array((shares, indices, ends[runs]), shape=size)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(f"{name}.npy", _DAY)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _bytes(values: Any) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(values, order="C"), allow_pickle=False)
    return out.getvalue()


def read_ranges(path: Path) -> Ranges:
    """The ranges that write_ranges wrote. Raises UserError when the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as found:
            names, shape, cell_m2, runs, first, length, share = (found[name] for name in _PARTS)
        rows, columns = (int(n) for n in shape)
        cells = _as_cells(runs, first, length, share, (len(names), rows * columns))
    except (
        OSError,
        KeyError,
        ValueError,
        IndexError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
    ) as fault:
        raise UserError(
            f"the ranges cannot be read: {fault}",
            where=str(path),
            next_step="delete the run that holds the file and run the step again",
        ) from fault
    return Ranges(tuple(str(n) for n in names), cells, (rows, columns), float(cell_m2))
