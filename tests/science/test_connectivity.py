"""dPC against taking each patch and link away in turn; p* against scipy; ProtConn's W8."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from tianren.errors import UserError
from tianren.science.connectivity import all_pairs, connectivity, graph, probability


def random_links(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Links (each pair once), their p, and areas; some patches stand alone, some have no area."""
    rng = np.random.default_rng(seed)
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n)])
    kept = pairs[rng.random(len(pairs)) < rng.uniform(0.05, 0.6)]
    areas = rng.lognormal(0, 1, n) * (rng.random(n) > 0.1)
    areas[0] = 1.0
    return kept, rng.uniform(0.01, 1, len(kept)), areas


def best_products(n: int, links: np.ndarray, p: np.ndarray) -> np.ndarray:
    lengths = np.maximum(-np.log(p), 1e-300)  # scipy drops lengths of zero
    matrix = csr_array((lengths, (links[:, 0], links[:, 1])), shape=(n, n))
    return np.exp(-dijkstra(matrix, directed=False))


def held(n: int, links: np.ndarray, p: np.ndarray, areas: np.ndarray) -> float:
    return float(areas @ best_products(n, links, p) @ areas)


@given(st.integers(0, 10_000), st.integers(2, 14))
@settings(max_examples=40)
def test_p_star_is_that_of_scipy(seed: int, n: int) -> None:
    links, p, _ = random_links(seed, n)
    found = all_pairs(graph(n, links.reshape(-1, 2)[:, 0], links.reshape(-1, 2)[:, 1], p))
    np.testing.assert_allclose(found, best_products(n, links.reshape(-1, 2), p), atol=1e-12)


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 3))
@settings(max_examples=40)
def test_dpc_is_that_of_taking_away_in_turn(seed: int, n: int, workers: int) -> None:
    links, p, areas = random_links(seed, n)
    links = links.reshape(-1, 2)
    found = connectivity(graph(n, links[:, 0], links[:, 1], p), areas, workers=workers)
    whole = held(n, links, p, areas)
    assert np.isclose(found.pc_sum, whole, rtol=1e-12)
    for k in range(n):
        left = (links != k).all(axis=1)
        without = held(n, links[left], p[left], np.where(np.arange(n) == k, 0, areas))
        assert np.isclose(found.dpc[k], 100 * (whole - without) / whole, atol=1e-9)
    for k in range(len(links)):
        without = held(n, np.delete(links, k, axis=0), np.delete(p, k), areas)
        assert np.isclose(found.link[k], 100 * (whole - without) / whole, atol=1e-9)
    np.testing.assert_allclose(found.intra + found.flux + found.connector, found.dpc)


def test_the_fractions_of_a_stepping_stone() -> None:
    """A - B - C in line, p = 1/2: B without area still carries the pair A, C."""
    found = connectivity(graph(3, [0, 1], [1, 2], [0.5, 0.5]), [2.0, 0.0, 2.0])
    assert np.isclose(found.pc_sum, 4 + 4 + 2 * 4 * 0.25)
    assert found.intra[1] == 0 and found.flux[1] == 0
    assert np.isclose(found.connector[1], 20.0)
    assert np.isclose(found.link[0], 20.0)


def test_worked_example_w8() -> None:
    """Science W8: a = 100, 50, 50; d AB 5, BC 5, AC 30 km; half at 10 km."""
    p = [probability(d, 10.0) for d in (5.0, 5.0, 30.0)]
    net = graph(3, [0, 1, 0], [1, 2, 2], p)
    assert np.isclose(p[0], 0.707107, atol=1e-6)
    assert np.isclose(all_pairs(net)[0, 2], 0.5)
    assert np.isclose(connectivity(net, [100.0, 50.0, 50.0]).eca, 174.947426, atol=1e-6)


def test_a_cut_off_loses_no_more_than_it_says() -> None:
    links, p, areas = random_links(3, 14)
    net = graph(14, links[:, 0], links[:, 1], p)
    exact, short = connectivity(net, areas), connectivity(net, areas, least=0.2)
    assert 0 < exact.pc_sum - short.pc_sum <= short.error


def test_of_two_links_between_the_same_patches_the_better_counts() -> None:
    net = graph(2, [0, 0], [1, 1], [0.2, 0.6])
    assert np.isclose(all_pairs(net)[0, 1], 0.6)
    found = connectivity(net, [1.0, 1.0])
    assert found.link[0] == 0 and np.isclose(found.link[1], 100 * 0.8 / 3.2)


@pytest.mark.parametrize("p", [0.0, -0.1, 1.5, np.nan])
def test_a_probability_that_is_none_is_refused(p: float) -> None:
    with pytest.raises(UserError, match="row 2 of the links"):
        graph(3, [0, 1], [1, 2], [0.5, p])


def test_a_patch_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="patch 3"):
        graph(3, [0, 1], [1, 3], [0.5, 0.5])
