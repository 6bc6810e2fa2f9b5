"""Ranges are written and read back as they are, the same bytes each time."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from tianren.errors import UserError
from tianren.io.ranges import read_ranges, write_ranges
from tianren.science.species import Ranges, range_area, ranges_of


def some() -> Ranges:
    cells = scipy.sparse.csr_array([[0, 0.25, 1, 0, 0, 0], [0] * 6, [1, 0, 0, 0, 0, 0.5]])
    return ranges_of(["Mantella aurantiaca", "朱鹮", "Adansonia za"], cells, (2, 3), 1e6)


def test_there_and_back(tmp_path: Path) -> None:
    made = some()
    write_ranges(tmp_path / "ranges.npz", made)
    found = read_ranges(tmp_path / "ranges.npz")
    assert (found.names, found.shape, found.cell_m2) == (made.names, made.shape, made.cell_m2)
    assert found.cells.dtype == np.float32
    assert (found.cells != made.cells).nnz == 0
    assert range_area(found).tolist() == [1.25e6, 0, 1.5e6]


def test_the_same_ranges_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_ranges(tmp_path / "a.npz", some()).read_bytes()
    assert write_ranges(tmp_path / "deeper" / "b.npz", some()).read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "deeper"]


def test_no_species_are_ranges_too(tmp_path: Path) -> None:
    empty = ranges_of([], scipy.sparse.csr_array((0, 6)), (2, 3), 1.0)
    assert read_ranges(write_ranges(tmp_path / "none.npz", empty)).names == ()


@pytest.mark.parametrize("length", [0, 40, -30])
def test_a_damaged_file_is_said(tmp_path: Path, length: int) -> None:
    path = write_ranges(tmp_path / "ranges.npz", some())
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match="ranges cannot be read"):
        read_ranges(path)
