"""Patch metrics against brute force over cells and by hand."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from tianren.science.landscape import effective_mesh, fractal_dimension, patch_metrics, shape_index

HEIGHT, WIDTH = 20.0, 30.0


def patches(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found, _ = label(rng.random((12, 14)) < rng.uniform(0.1, 0.7))
    return np.asarray(found, dtype=np.int32)


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_area_perimeter_distance_and_proximity_by_brute_force(seed: int) -> None:
    labels = patches(seed)
    reach = 100.0
    found = patch_metrics(labels, (HEIGHT, WIDTH), edge_depth=25.0, reach=reach)
    places = {n: np.argwhere(labels == n) for n in range(1, labels.max() + 1)}
    for n, cells in places.items():
        own = {tuple(c) for c in cells}
        assert found.area[n - 1] == len(cells) * HEIGHT * WIDTH
        edges = sum(
            WIDTH if dr else HEIGHT
            for (r, c), (dr, dc) in itertools.product(own, ((0, 1), (1, 0), (0, -1), (-1, 0)))
            if (r + dr, c + dc) not in own
        )
        assert np.isclose(found.perimeter[n - 1], edges)
        apart = {
            m: min(
                np.hypot((a[0] - b[0]) * HEIGHT, (a[1] - b[1]) * WIDTH)
                for a in cells
                for b in others
            )
            for m, others in places.items()
            if m != n
        }
        assert np.isclose(found.nearest[n - 1], min(apart.values(), default=np.inf))
        near = sum(found.area[m - 1] / d**2 for m, d in apart.items() if d <= reach)
        assert np.isclose(found.proximity[n - 1], near)
        core = sum(
            all(
                tuple(q) in own or np.hypot((q[0] - r) * HEIGHT, (q[1] - c) * WIDTH) > 25.0
                for q in itertools.product(range(r - 2, r + 3), range(c - 2, c + 3))
            )
            for r, c in own
        )
        assert found.core_area[n - 1] == core * HEIGHT * WIDTH


def test_a_square_is_the_most_compact_patch() -> None:
    labels = np.zeros((6, 6), dtype=np.int32)
    labels[1:5, 1:5] = 1
    found = patch_metrics(labels, (10.0, 10.0), edge_depth=10.0, reach=100.0)
    assert found.shape[0] == 1.0
    assert np.isclose(found.fractal[0], 1.0)
    assert found.core_area[0] == 400.0
    assert np.isinf(found.nearest[0]) and found.proximity[0] == 0.0
    assert np.isclose(found.radius[0], np.mean([
        np.hypot(a, b) for a, b in itertools.product((-15, -5, 5, 15), repeat=2)
    ]))  # fmt: skip


def test_the_least_perimeter_is_that_of_every_way_to_lay_the_cells() -> None:
    """FRAGSTATS' formula of the least perimeter against all rectangles that hold n cells."""
    for n in range(1, 40):
        least = min(2 * (a + -(-n // a)) for a in range(1, n + 1))
        assert shape_index([n], [least])[0] == 1.0


def test_a_line_is_less_compact_than_a_square() -> None:
    assert shape_index([4], [10])[0] == 10 / 8
    assert np.isclose(fractal_dimension([400.0], [100.0])[0], 2 * np.log(25) / np.log(400))


def test_mesh_size() -> None:
    """Half the land in one patch, a quarter in each of two: chance that two points meet x area."""
    assert effective_mesh([50.0, 25.0, 25.0], 100.0) == 37.5
    assert effective_mesh([100.0], 100.0) == 100.0
    assert effective_mesh([], 100.0) == 0.0


def test_a_landscape_without_patches_has_no_metrics() -> None:
    found = patch_metrics(np.zeros((3, 3), dtype=np.int32), (1.0, 1.0), edge_depth=1, reach=1)
    assert all(values.size == 0 for values in vars(found).values())
