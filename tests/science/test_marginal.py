"""Links, removals and additions against the definition: all pairs, each site taken away in turn."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.geo.distances import outlines
from tianren.science.marginal import Heirs, removals, total
from tianren.science.near_links import near_links, reach
from tianren.science.newcomers import additions, newcomers

HALF = 10.0
NOTHING = 1e-200
NO_HEIRS = Heirs(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))


def squares(seed: int, count: int) -> np.ndarray:
    """Squares of many sizes, turned, that may overlap, hold and touch each other."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        x, y = rng.uniform(0, 120, 2)
        half = rng.lognormal(0.5, 1.2)
        square = shapely.box(x - half, y - half, x + half, y + half)
        found.append(shapely.affinity.rotate(square, rng.uniform(0, 90)))
    return np.array(found, dtype=object)


def products(shapes: np.ndarray) -> np.ndarray:
    """p* by the definition: p of every pair, then every patch as a step (Floyd and Warshall)."""
    p = np.exp(shapely.distance(shapes[:, None], shapes[None, :]) * np.log(0.5) / HALF)
    for k in range(len(shapes)):
        p = np.maximum(p, p[:, k : k + 1] * p[k : k + 1, :])
    return np.asarray(p)


def by_definition(shapes: np.ndarray, area: np.ndarray) -> float:
    return float(area @ products(shapes) @ area) if len(shapes) else 0.0


def sites_of(seed: int, count: int) -> np.ndarray:
    """A site of each patch; some sites have several."""
    return np.unique(np.random.default_rng(seed).integers(0, count, count), return_inverse=True)[1]


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_the_links_kept_give_the_total_of_all_pairs(seed: int, count: int, workers: int) -> None:
    shapes = squares(seed, count)
    area = np.random.default_rng(seed).random(count)
    links = near_links(outlines(shapes), np.arange(count), HALF, least=NOTHING, workers=workers)
    found = total(links.graph(count, HALF), area, least=NOTHING, workers=workers)
    assert found.pc_sum == pytest.approx(by_definition(shapes, area), rel=1e-12)


@given(st.integers(0, 10_000), st.integers(2, 25))
@settings(max_examples=30, deadline=None)
def test_each_site_taken_away_in_turn(seed: int, count: int) -> None:
    shapes, sites = squares(seed, count), sites_of(seed, count)
    area = np.random.default_rng(seed).random(count) * (np.arange(count) % 4 > 0)
    links = near_links(outlines(shapes), sites, HALF, least=NOTHING, spare=True)
    left = removals(links.graph(count, HALF), area, sites, NO_HEIRS, least=NOTHING)
    for site in range(sites.max() + 1):
        stay = sites != site
        wanted = by_definition(shapes[stay], area[stay])
        assert left[site] == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@given(st.integers(0, 10_000), st.integers(3, 20))
@settings(max_examples=20, deadline=None)
def test_land_that_another_site_keeps(seed: int, count: int) -> None:
    """Half of each patch of a site goes on to two patches of other sites."""
    shapes, sites = squares(seed, count), sites_of(seed, count)
    rng = np.random.default_rng(seed)
    area, rows = rng.random(count), []
    for site in range(sites.max() + 1):
        others = np.flatnonzero(sites != site)[:2]
        rows += [(site, k, rng.random()) for k in others]
    heirs = Heirs(*(np.array(column) for column in zip(*rows, strict=True))) if rows else NO_HEIRS
    links = near_links(outlines(shapes), sites, HALF, least=NOTHING, spare=True)
    left = removals(links.graph(count, HALF), area, sites, heirs, least=NOTHING)
    for site in range(sites.max() + 1):
        stay, grown = sites != site, area.copy()
        for owner, k, share in rows:
            grown[k] += share * (owner == site)
        wanted = by_definition(shapes[stay], grown[stay])
        assert left[site] == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 20), st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_each_candidate_added_alone(seed: int, count: int, more: int) -> None:
    shapes, group = squares(seed, count + more), np.sort(sites_of(seed, more))
    area = np.random.default_rng(seed).random(count + more)
    links = near_links(outlines(shapes[:count]), np.arange(count), HALF, least=NOTHING)
    net = links.graph(count, HALF)
    new = newcomers(net, outlines(shapes), group, HALF, least=NOTHING)
    gained = additions(net, area[:count], new, area[count:], least=NOTHING)
    before = by_definition(shapes[:count], area[:count])
    for c in range(group.max() + 1):
        there = np.append(np.ones(count, dtype=bool), group == c)
        wanted = by_definition(shapes[there], area[there]) - before
        assert gained[c] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_a_cut_off_loses_no_more_than_it_says() -> None:
    shapes, area = squares(3, 30), np.ones(30)
    links = near_links(outlines(shapes), np.arange(30), HALF, least=0.2)
    found = total(links.graph(30, HALF), area, least=0.2)
    exact = by_definition(shapes, area)
    assert 0 < exact - found.pc_sum <= found.error
    assert 0 < np.sqrt(exact) - found.eca <= found.eca_error
    assert np.exp(reach(HALF, 0.2) * np.log(0.5) / HALF) == pytest.approx(0.2)


def test_a_pair_led_through_a_third_is_not_linked() -> None:
    """Three squares in line: the outer two need no link, unless the middle one may go."""
    shapes = outlines(shapely.box(np.array([0, 6, 12]), 0, np.array([4, 10, 16]), 4))
    few = near_links(shapes, np.arange(3), HALF, least=1e-6)
    assert sorted(zip(few.one, few.other, strict=True)) == [(0, 1), (1, 2)]
    spare = near_links(shapes, np.arange(3), HALF, least=1e-6, spare=True)
    assert sorted(zip(spare.one, spare.other, strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert spare.metres.max() == 8.0
