"""Terrain against plain loops, planes of known slope, and blocks with a halo against the whole."""

import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tianren.science import terrain

heights = arrays(
    float, st.tuples(st.integers(1, 7), st.integers(1, 7)),
    elements=st.floats(-100, 4000).map(lambda v: round(v, 1)) | st.just(math.nan),
)  # fmt: skip


def cell(z: np.ndarray, r: int, c: int) -> float:
    """Elevation of a neighbour, or NaN beyond the edge."""
    inside = 0 <= r < z.shape[0] and 0 <= c < z.shape[1]
    return float(z[r, c]) if inside else math.nan


def slope_by_loop(z: np.ndarray, width: float, height: float) -> np.ndarray:
    """Horn's slope, cell by cell, written out from the paper."""
    out = np.full(z.shape, math.nan)
    for r in range(z.shape[0]):
        for c in range(z.shape[1]):
            middle = z[r, c]
            if math.isnan(middle):
                continue
            n = {
                (dr, dc): middle if math.isnan(cell(z, r + dr, c + dc)) else cell(z, r + dr, c + dc)
                for dr in (-1, 0, 1) for dc in (-1, 0, 1)
            }  # fmt: skip
            east = n[-1, 1] + 2 * n[0, 1] + n[1, 1]
            west = n[-1, -1] + 2 * n[0, -1] + n[1, -1]
            north = n[-1, -1] + 2 * n[-1, 0] + n[-1, 1]
            south = n[1, -1] + 2 * n[1, 0] + n[1, 1]
            rise = math.hypot((east - west) / (8 * width), (north - south) / (8 * height))
            out[r, c] = math.degrees(math.atan(rise))
    return out


@settings(max_examples=60)
@given(heights, st.floats(10, 1000), st.floats(10, 1000))
def test_slope_equals_the_plain_loop(z: np.ndarray, width: float, height: float) -> None:
    found = terrain.slope_horn(z, width, height)
    np.testing.assert_allclose(found, slope_by_loop(z, width, height), atol=1e-9)


def test_slope_and_aspect_of_a_plane() -> None:
    rows, columns = np.mgrid[0:6, 0:6]
    falls_south_east = 1000.0 - 30.0 * columns * math.tan(math.radians(20)) / math.sqrt(2)
    falls_south_east = falls_south_east - 30.0 * rows * math.tan(math.radians(20)) / math.sqrt(2)
    inner = (slice(1, -1), slice(1, -1))
    assert terrain.slope_horn(falls_south_east, 30.0, 30.0)[inner] == pytest.approx(20.0)
    assert terrain.aspect(falls_south_east, 30.0, 30.0)[inner] == pytest.approx(135.0)
    assert np.isnan(terrain.aspect(np.zeros((4, 4)), 30.0, 30.0)).all()


def test_columns_that_narrow_towards_the_pole() -> None:
    z = np.tile(np.arange(5.0) * 10, (5, 1))
    slopes = terrain.slope_horn(z, np.array([200.0, 100.0, 50.0, 25.0, 20.0]), 100.0)
    assert np.tan(np.radians(slopes[1:4, 2])) == pytest.approx([0.1, 0.2, 0.4])


@settings(max_examples=60)
@given(heights)
def test_ruggedness_equals_the_plain_loop(z: np.ndarray) -> None:
    found = terrain.ruggedness(z)
    for r in range(z.shape[0]):
        for c in range(z.shape[1]):
            around = [cell(z, r + a, c + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
            expected = math.sqrt(sum((v - z[r, c]) ** 2 for v in around if not math.isnan(v)))
            if math.isnan(z[r, c]):
                assert math.isnan(found[r, c])
            else:
                assert found[r, c] == pytest.approx(expected)


@settings(max_examples=60)
@given(heights, st.integers(1, 3))
def test_relief_equals_the_plain_loop(z: np.ndarray, half: int) -> None:
    window = (2 * half + 1) * 100.0
    found = terrain.relief_amplitude(z, window, 100.0, 100.0)
    for r in range(z.shape[0]):
        for c in range(z.shape[1]):
            part = z[max(0, r - half) : r + half + 1, max(0, c - half) : c + half + 1]
            expected = math.nan if math.isnan(z[r, c]) else np.nanmax(part) - np.nanmin(part)
            np.testing.assert_equal(found[r, c], expected)


def test_relief_window_follows_the_true_width_of_each_row() -> None:
    z = np.tile(np.arange(11.0), (3, 1))
    found = terrain.relief_amplitude(z, 500.0, np.array([100.0, 100.0, 50.0]), 1000.0)
    assert found[0, 5] == 4.0  # five cells
    assert found[2, 5] == 10.0  # eleven cells


def test_window_is_odd_and_at_least_three_cells() -> None:
    assert [terrain.window_cells(3000.0, s) for s in (90.0, 100.0, 1000.0, 5000.0)] == [
        33,
        31,
        3,
        3,
    ]


def test_cells_beside_missing_ones_are_marked() -> None:
    z = np.zeros((5, 5))
    z[2, 2] = np.nan
    marked = terrain.edge_cells(z)
    assert not marked[2, 2]
    assert marked.sum() == 24  # the frame of the array, and the ring around the hole
    assert not terrain.edge_cells(np.zeros((5, 5)))[1:-1, 1:-1].any()


def test_a_block_with_its_halo_equals_the_whole() -> None:
    z = np.random.default_rng(5).uniform(0, 900, (40, 30))
    z[3:6, 10:20] = np.nan
    whole_slope = terrain.slope_horn(z, 30.0, 30.0)
    whole_relief = terrain.relief_amplitude(z, 150.0, 30.0, 30.0)
    block, inner = z[8:24, 8:24], (slice(2, -2), slice(2, -2))
    assert np.array_equal(
        terrain.slope_horn(block, 30.0, 30.0)[inner], whole_slope[10:22, 10:22], equal_nan=True
    )
    assert np.array_equal(
        terrain.relief_amplitude(block, 150.0, 30.0, 30.0)[inner], whole_relief[10:22, 10:22],
        equal_nan=True,
    )  # fmt: skip


def as_ascii_grid(z: np.ndarray, path: Path) -> None:
    """Elevation as a text grid with cells of 90 m."""
    rows, columns = z.shape
    head = f"ncols {columns}\nnrows {rows}\nxllcorner 0\nyllcorner 0\ncellsize 90\n"
    lines = "\n".join(" ".join(f"{v:.3f}" for v in row) for row in z)
    path.write_text(f"{head}NODATA_value -9999\n{lines}\n")


@pytest.mark.skipif(shutil.which("gdaldem") is None, reason="gdaldem is not installed: no peer")
@pytest.mark.parametrize("mode", ["slope", "aspect", "TRI"])
def test_the_inside_of_a_surface_agrees_with_gdal(mode: str, tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:30, 0:40]
    z = np.round(800 + 300 * np.sin(rows / 5) * np.cos(columns / 7) + 2 * columns, 3)
    as_ascii_grid(z, tmp_path / "z.asc")
    out = tmp_path / "out.asc"
    more = ["-alg", "Riley"] if mode == "TRI" else []
    command = ["gdaldem", mode, str(tmp_path / "z.asc"), str(out), "-of", "AAIGrid", *more]
    subprocess.run(command, check=True, capture_output=True)
    head = [line.split()[0] for line in out.read_text().splitlines()].index("NODATA_value") + 1
    theirs = np.loadtxt(out, skiprows=head)
    ours = {
        "slope": lambda: terrain.slope_horn(z, 90.0, 90.0),
        "aspect": lambda: terrain.aspect(z, 90.0, 90.0),
        "TRI": lambda: terrain.ruggedness(z),
    }[mode]()
    np.testing.assert_allclose(ours[1:-1, 1:-1], theirs[1:-1, 1:-1], rtol=1e-4, atol=1e-3)
