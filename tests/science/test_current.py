"""Current against a dense solution, Kirchhoff's law, and networks whose resistance is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.science.current import flow
from tianren.science.paths import EVERY_MOVE


def two_ends(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    source, ground = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    source[0, 0] = ground[-1, -1] = True
    return source, ground


def dense(
    r: np.ndarray, source: np.ndarray, ground: np.ndarray, n: int
) -> tuple[np.ndarray, float]:
    """Voltages of one ampere by a dense matrix, and the effective resistance."""
    rows, columns = r.shape
    laplacian = np.zeros((r.size, r.size))
    for i in range(rows):
        for j in range(columns):
            for a, b in EVERY_MOVE[:n]:
                p, q = i + a, j + b
                if 0 <= p < rows and 0 <= q < columns:
                    g = 2 / (r[i, j] + r[p, q]) / np.hypot(a, b)
                    if np.isfinite(g):
                        laplacian[i * columns + j, i * columns + j] += g
                        laplacian[i * columns + j, p * columns + q] -= g
    current = source.ravel().astype(float) - ground.ravel()
    voltage = np.linalg.pinv(laplacian) @ current
    voltage -= voltage[ground.ravel()][0]
    return voltage.reshape(r.shape), float(voltage[source.ravel()][0])


@given(st.integers(0, 10_000), st.integers(3, 12), st.integers(3, 12), st.sampled_from([4, 8]))
@settings(max_examples=30)
def test_the_voltages_are_those_of_the_dense_matrix(seed: int, rows: int, columns: int, n: int):
    r = np.random.default_rng(seed).uniform(1, 100, (rows, columns))
    source, ground = two_ends(r.shape)
    found = flow(r, source, ground, neighbours=n, tolerance=1e-11)
    voltage, resistance = dense(r, source, ground, n)
    np.testing.assert_allclose(found.voltage, voltage, rtol=1e-6, atol=1e-9)
    assert np.isclose(found.resistance, resistance)


def test_a_large_grid_with_barriers_obeys_kirchhoff() -> None:
    """Large enough for several grids of the multigrid; every cell passes on what it receives."""
    rng = np.random.default_rng(5)
    r = rng.uniform(1, 100, (150, 170))
    r[rng.random(r.shape) < 0.2] = np.nan
    r[0, 0] = r[-1, -1] = 1
    r[0, 1] = r[1, 0] = r[-2, -1] = r[-1, -2] = 1
    source, ground = two_ends(r.shape)
    found = flow(r, source, ground, tolerance=1e-10)
    assert found.residual <= 1e-10
    assert found.imbalance < 1e-6
    assert np.isclose(found.current[0, 0], 1) and np.isclose(found.current[-1, -1], 1)
    assert found.current.max() <= 1 + 1e-6
    assert (found.current[np.isnan(r)] == 0).all()
    v = np.pad(found.voltage, 1, constant_values=np.nan)
    x = np.pad(r, 1, constant_values=np.nan)
    net = np.zeros_like(v)
    for a, b in EVERY_MOVE:
        flowing = (v - np.roll(v, (a, b), (0, 1))) * 2 / (x + np.roll(x, (a, b), (0, 1)))
        net += np.nan_to_num(flowing / np.hypot(a, b))
    inner = net[1:-1, 1:-1]
    inner[0, 0] -= 1
    inner[-1, -1] += 1
    assert np.abs(inner).max() < 1e-6


def test_resistors_in_series_and_in_parallel() -> None:
    line = np.full((1, 5), 3.0)
    source, ground = two_ends(line.shape)
    assert np.isclose(flow(line, source, ground).resistance, 4 * 3.0)
    ring = np.full((3, 3), 2.0)
    ring[1, 1] = np.nan
    found = flow(ring, *two_ends(ring.shape), neighbours=4)
    assert np.isclose(found.resistance, 1 / (1 / 8 + 1 / 8))
    assert np.isclose(found.current[0, 1], 0.5)


def test_a_pinch_point_carries_all_the_current() -> None:
    r = np.ones((7, 11))
    r[:, 5] = np.nan
    r[3, 5] = 1
    source, ground = np.zeros(r.shape, dtype=bool), np.zeros(r.shape, dtype=bool)
    source[:, 0] = ground[:, -1] = True
    found = flow(r, source, ground)
    assert np.isclose(found.current[3, 5], 1)
    assert found.current[3, 2] < 0.5


def test_what_is_not_connected_carries_nothing() -> None:
    r = np.ones((5, 9))
    r[:, 4] = np.nan
    found = flow(r, *two_ends(r.shape))
    assert np.isinf(found.resistance)
    assert (found.current == 0).all()


def test_a_resistance_of_zero_is_refused() -> None:
    r = np.ones((3, 3))
    r[1, 1] = 0
    with pytest.raises(UserError, match="row 2, column 2"):
        flow(r, *two_ends(r.shape))
