"""Least-cost surfaces against Dijkstra on the same graph; paths, links, swaths and widths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from tianren.errors import UserError
from tianren.science.corridors import FIRST_MARGIN, check_resistance, cost_surface, reach
from tianren.science.paths import (
    EVERY_MOVE,
    least_path,
    link_path,
    links,
    narrowest,
    path_length,
    swath,
)


def landscape(seed: int, rows: int, columns: int, low: float = 1, high: float = 100) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.uniform(low, high, (rows, columns))
    found[rng.random((rows, columns)) < 0.15] = np.nan
    return found


def by_dijkstra(r: np.ndarray, source: tuple[int, int], cell: tuple[float, float], n: int):
    """The same graph, edge by edge, given to scipy."""
    rows, columns = r.shape
    one, other, weight = [], [], []
    for i in range(rows):
        for j in range(columns):
            for a, b in EVERY_MOVE[:n]:
                p, q = i + a, j + b
                if 0 <= p < rows and 0 <= q < columns:
                    cost = (r[i, j] + r[p, q]) / 2 * np.hypot(a * cell[0], b * cell[1])
                    if np.isfinite(cost):
                        one.append(i * columns + j)
                        other.append(p * columns + q)
                        weight.append(cost)
    graph = csr_array((weight, (one, other)), shape=(r.size, r.size))
    return dijkstra(graph, indices=source[0] * columns + source[1]).reshape(r.shape)


@given(st.integers(0, 10_000), st.integers(2, 14), st.integers(2, 14), st.sampled_from([4, 8]))
@settings(max_examples=40)
def test_the_surface_is_that_of_dijkstra(seed: int, rows: int, columns: int, n: int) -> None:
    r = landscape(seed, rows, columns)
    r[0, 0] = 5
    sources = np.zeros(r.shape, dtype=np.int32)
    sources[0, 0] = 3
    cell = (1.5, 2.0)
    found = cost_surface(r, sources, cell, neighbours=n)
    np.testing.assert_allclose(found.cost, by_dijkstra(r, (0, 0), cell, n), rtol=1e-12)
    assert (found.nearest == np.where(np.isfinite(found.cost), 3, 0)).all()


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_extreme_ranges_of_resistance_are_exact_too(seed: int) -> None:
    """So wide a range that a bucket holds more than the cheapest step: cells settle again."""
    rng = np.random.default_rng(seed)
    r = 10.0 ** rng.uniform(-7, 7, (12, 13))
    sources = np.zeros(r.shape, dtype=np.int32)
    sources[6, 6] = 1
    expected = by_dijkstra(r, (6, 6), (1, 1), 8)
    np.testing.assert_allclose(cost_surface(r, sources).cost, expected, rtol=1e-9)


def test_worked_example_w13() -> None:
    """Science W13: a detour of 6.0 is cheaper than the direct way of 10.0."""
    r = np.ones((3, 3))
    r[1, 0] = r[1, 1] = 9
    sources = np.zeros((3, 3), dtype=np.int32)
    sources[0, 0] = 1
    assert cost_surface(r, sources, neighbours=4).cost[2, 0] == 6.0
    path = least_path(cost_surface(r, sources, neighbours=4), r, (2, 0), neighbours=4)
    assert path.tolist() == [[2, 0], [2, 1], [2, 2], [1, 2], [0, 2], [0, 1], [0, 0]]


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_many_sources_are_the_least_of_each(seed: int) -> None:
    r = landscape(seed, 12, 15)
    rng = np.random.default_rng(seed)
    sources = np.zeros(r.shape, dtype=np.int32)
    for number, place in enumerate(rng.choice(r.size, 4, replace=False), start=1):
        sources.flat[place] = number
        r.flat[place] = 2
    together = cost_surface(r, sources)
    alone = np.stack([cost_surface(r, np.where(sources == k, k, 0)).cost for k in (1, 2, 3, 4)])
    assert (together.cost == alone.min(axis=0)).all()
    reached = np.isfinite(together.cost)
    own = np.take_along_axis(alone, np.maximum(together.nearest - 1, 0)[None], axis=0)[0]
    assert (own[reached] == together.cost[reached]).all()


def test_the_limit_only_hides_what_lies_beyond() -> None:
    r = landscape(4, 20, 20)
    r[0, 0] = 1
    sources = np.zeros(r.shape, dtype=np.int32)
    sources[0, 0] = 1
    full, near = (cost_surface(r, sources, limit=x).cost for x in (np.inf, 300.0))
    assert (near == np.where(full <= 300, full, np.inf)).all()
    assert np.isfinite(near).sum() < np.isfinite(full).sum()


@given(st.integers(0, 10_000), st.sampled_from([0.0, 20.0, 300.0, 4000.0, np.inf]))
@settings(max_examples=25, deadline=None)
def test_what_one_source_reaches_is_the_whole_surface_where_that_is_finite(
    seed: int, limit: float
) -> None:
    """To the bit, and in a window that is widened as often as it must be."""
    r = landscape(seed, 30, 3 * FIRST_MARGIN)
    sources = np.zeros(r.shape, dtype=np.int32)
    column = seed % (r.shape[1] - 3)
    sources[14:16, column : column + 3], sources[0, 0] = 2, 1
    r[14, column] = 1.0
    home = (slice(14, 16), slice(column, column + 3))
    whole = cost_surface(r, np.where(sources == 2, 2, 0), (2.0, 3.0), limit=limit).cost
    found = reach(r, sources, 2, home, (2.0, 3.0), limit=limit)
    everywhere = (slice(0, r.shape[0]), slice(0, r.shape[1]))
    assert (found.over(everywhere) == whole).all()
    assert np.isfinite(found.cost).any(axis=1)[[0, -1]].all()  # no row or column too many
    assert np.isfinite(found.cost).any(axis=0)[[0, -1]].all()
    part = (slice(10, 25), slice(5, 90))
    assert (found.over(part) == whole[part]).all()


@pytest.mark.parametrize("wrong", [0.0, -3.0, np.inf])
def test_a_resistance_of_zero_or_less_is_refused_with_place_and_value(wrong: float) -> None:
    r = np.ones((4, 5))
    r[2, 3] = wrong
    with pytest.raises(UserError) as refused:
        check_resistance(r)
    assert "row 3, column 4" in str(refused.value)
    assert f"{wrong:g}" in str(refused.value)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_a_path_costs_what_the_surface_says(seed: int) -> None:
    r = landscape(seed, 14, 14)
    r[3, 3] = r[12, 10] = 1
    sources = np.zeros(r.shape, dtype=np.int32)
    sources[3, 3] = 1
    surface = cost_surface(r, sources, (2.0, 1.0))
    if not np.isfinite(surface.cost[12, 10]):
        return
    path = least_path(surface, r, (12, 10), (2.0, 1.0))
    assert path[0].tolist() == [12, 10] and path[-1].tolist() == [3, 3]
    steps = np.abs(np.diff(path, axis=0))
    assert steps.max() == 1
    lengths = np.hypot(steps[:, 0] * 2.0, steps[:, 1])
    along = r[path[:, 0], path[:, 1]]
    assert np.isclose(((along[1:] + along[:-1]) / 2 * lengths).sum(), surface.cost[12, 10])
    assert np.isclose(path_length(path, (2.0, 1.0)), lengths.sum())


def three_in_a_row() -> tuple[np.ndarray, np.ndarray]:
    r = np.ones((5, 21))
    sources = np.zeros((5, 21), dtype=np.int32)
    for number, column in ((1, 0), (2, 10), (3, 20)):
        sources[2, column] = number
    return r, sources


def test_only_neighbours_are_linked_and_a_link_costs_the_least() -> None:
    r, sources = three_in_a_row()
    surface = cost_surface(r, sources)
    found = links(surface, r)
    assert [(k.a, k.b, k.cost) for k in found] == [(1, 2, 10.0), (2, 3, 10.0)]
    path = link_path(surface, r, found[0])
    assert path[0].tolist() == [2, 0] and path[-1].tolist() == [2, 10]


def test_a_barrier_leaves_no_link() -> None:
    r, sources = three_in_a_row()
    r[:, 15] = np.nan
    assert [(k.a, k.b) for k in links(cost_surface(r, sources), r)] == [(1, 2)]


@given(st.integers(0, 10_000), st.floats(0, 0.5))
@settings(max_examples=20)
def test_the_swath_holds_the_path_and_grows_with_tolerance(seed: int, tolerance: float) -> None:
    r = np.nan_to_num(landscape(seed, 12, 12), nan=50.0)
    sources = np.zeros(r.shape, dtype=np.int32)
    sources[1, 1], sources[10, 9] = 1, 2
    surface = cost_surface(r, sources)
    (link,) = links(surface, r)
    one, two = (cost_surface(r, np.where(sources == k, k, 0)).cost for k in (1, 2))
    assert np.isclose((one + two).min(), link.cost)
    inside = swath(one, two, link.cost, tolerance)
    path = link_path(surface, r, link)
    assert inside[path[:, 0], path[:, 1]].all()
    assert (swath(one, two, link.cost, tolerance + 0.1) >= inside).all()


def test_the_width_is_that_of_the_neck() -> None:
    a, b, way = (np.zeros((9, 30), dtype=bool) for _ in range(3))
    a[:, :5] = b[:, 25:] = True
    way[:, 5:25] = True
    way[:3, 12] = way[6:, 12] = False  # a neck of three cells
    assert narrowest(way, a, b, 100.0) == 300.0
    way[:, 20] = False
    assert narrowest(way, a, b, 100.0) == 0.0
