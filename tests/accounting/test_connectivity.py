"""ProtConn against its definition on the dissolved union, W8, and what must always hold."""

import datetime as dt

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.accounting.connectivity import (
    LinkRules,
    ProtConn,
    by_region,
    contributions,
    gains,
    link_rules,
    network,
    patches,
    protconn,
)
from tianren.parameters import Parameters

LAND = shapely.box(0, 0, 100e3, 100e3)
RULES = LinkRules(half=10e3, least=1e-60, across=50e3)
SLOW = settings(max_examples=15, deadline=None)


def sites(seed: int, count: int) -> np.ndarray:
    """Sites of one to three round parts that overlap, some of them partly off the land."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        here = rng.uniform(0, 100e3, 2)
        parts = here + rng.normal(0, 15e3, (rng.integers(1, 4), 2))
        sizes = rng.lognormal(7.5, 0.8, len(parts))
        found.append(shapely.union_all(shapely.buffer(shapely.points(parts), sizes, quad_segs=4)))
    return np.array(found, dtype=object)


def parts_of(shapes: np.ndarray, land: shapely.Geometry = LAND) -> np.ndarray:
    """The parts of the dissolved union on a land."""
    parts = shapely.get_parts(shapely.intersection(shapely.union_all(shapes), land))
    return parts[shapely.area(parts) > 0]


def eca(parts: np.ndarray, area: np.ndarray) -> float:
    """By the definition: p of every pair, then every part as a step."""
    p = np.exp(shapely.distance(parts[:, None], parts[None, :]) * np.log(0.5) / 10e3)
    for k in range(len(parts)):
        p = np.maximum(p, p[:, k : k + 1] * p[k : k + 1, :])
    return float(np.sqrt(area @ p @ area))


def defined(shapes: np.ndarray) -> float:
    parts = parts_of(shapes)
    return eca(parts, shapely.area(parts)) if len(parts) else 0.0


def measured(shapes: np.ndarray, beyond: shapely.Geometry | None = None) -> ProtConn:
    found = patches(shapes, LAND, beyond=beyond, across=RULES.across)
    return protconn(network(found, RULES), LAND, RULES)


def test_worked_example_w8() -> None:
    """Science W8: a = 100, 50, 50 of 1000; d AB 5, BC 5, AC at least 10 km; half at 10 km."""
    land = shapely.box(0, -1e3, 1000e3, 0)  # 1000 km2, one km high
    a, b, c = (
        shapely.box(x, -1e3, x + w, 0) for x, w in ((0, 100e3), (105e3, 50e3), (160e3, 50e3))
    )
    found = protconn(network(patches(np.array([a, b, c]), land), RULES), land, RULES)
    assert found.eca / 1e6 == pytest.approx(174.947426, abs=1e-6)
    assert found.protconn == pytest.approx(17.494743, abs=1e-6)
    assert found.unconnected == pytest.approx(2.505257, abs=1e-6)
    assert found.relative == pytest.approx(87.473713, abs=1e-6)
    assert found.fractions()["prot"] == pytest.approx(70.006453, abs=1e-6)
    assert found.fractions()["contig"] == pytest.approx(0, abs=1e-9)
    assert found.contig_makurhini() == pytest.approx(29.993547, abs=1e-6)
    assert found.bound == pytest.approx(found.protconn)  # one piece of land: all is possible


@given(st.integers(0, 10_000), st.integers(1, 25))
@SLOW
def test_protconn_is_that_of_the_dissolved_union(seed: int, count: int) -> None:
    shapes = sites(seed, count)
    parts, found = parts_of(shapes), measured(shapes)
    area = shapely.area(parts)
    assert found.protected == pytest.approx(area.sum(), rel=1e-9, abs=1e-3)
    if len(parts):
        assert found.eca == pytest.approx(eca(parts, area), rel=1e-9)
        assert found.parts == pytest.approx(np.sqrt((area**2).sum()), rel=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 20))
@SLOW
def test_each_site_taken_away_from_the_union(seed: int, count: int) -> None:
    shapes = sites(seed, count)
    found = patches(shapes, LAND)
    lost = contributions(network(found, RULES, spare=True), RULES)
    whole = defined(shapes)
    for k, loss in enumerate(lost):
        wanted = whole - defined(np.delete(shapes, k))
        assert loss == pytest.approx(wanted, abs=1e-9 * whole)


@given(st.integers(0, 10_000), st.integers(1, 15), st.integers(1, 6))
@SLOW
def test_each_candidate_added_to_the_union(seed: int, count: int, more: int) -> None:
    shapes, others = sites(seed, count), sites(seed + 1, more)
    found = gains(network(patches(shapes, LAND), RULES), others, LAND, RULES)
    whole = defined(shapes)
    for other, gain in zip(others, found, strict=True):
        wanted = defined(np.append(shapes, other)) - whole
        assert gain == pytest.approx(wanted, abs=1e-9 * max(whole, wanted))
        assert gain >= 0  # to protect more never connects less


@given(st.integers(0, 10_000), st.integers(1, 20))
@SLOW
def test_what_always_holds(seed: int, count: int) -> None:
    shapes = sites(seed, count)
    found = measured(shapes, shapely.box(-60e3, -60e3, 160e3, 160e3).difference(LAND))
    fractions = found.fractions()
    assert found.protconn <= found.prot * (1 + 1e-9)
    assert found.protconn * (1 - 1e-9) <= found.bound <= found.prot * (1 + 1e-9)
    assert fractions["trans"] >= -1e-9
    if found.eca > 0:
        assert fractions["prot"] + fractions["unprot"] + fractions["trans"] == pytest.approx(100)
        assert fractions["within"] + fractions["contig"] == pytest.approx(fractions["prot"])
    turned = measured(shapes[::-1], shapely.box(-60e3, -60e3, 160e3, 160e3).difference(LAND))
    assert turned.eca == pytest.approx(found.eca, rel=1e-9)
    assert turned.within == pytest.approx(found.within, rel=1e-9)


def test_a_site_beyond_the_border_is_a_step_without_area() -> None:
    """Two sites 30 km apart by land, 5 km each from one abroad that lies along the border."""
    land = shapely.box(0, 0, 100e3, 100e3)
    near = [shapely.box(x, 5e3, x + 10e3, 15e3) for x in (10e3, 50e3)]
    abroad = shapely.box(10e3, -10e3, 60e3, 0)
    beyond = shapely.box(0, -50e3, 100e3, 0)
    found = measured(np.array([*near, abroad]), beyond)
    assert found.protected == pytest.approx(200e6)
    assert found.eca == pytest.approx(np.sqrt(2e16 + 2e16 * 0.5))  # twice 5 km
    assert found.eca_inside == pytest.approx(np.sqrt(2e16 + 2e16 * 0.125))
    assert found.fractions()["trans"] == pytest.approx(100 * (1 - np.sqrt(2.25 / 3)))
    assert land.equals(LAND)


def test_what_the_sea_makes_impossible_is_not_counted_against_a_country() -> None:
    """Two islands 10 km apart, each with a site at its far end: as one island they would join."""
    land = shapely.union_all([shapely.box(0, 0, 20e3, 10e3), shapely.box(30e3, 0, 50e3, 10e3)])
    shapes = np.array([shapely.box(0, 0, 5e3, 10e3), shapely.box(45e3, 0, 50e3, 10e3)])
    found = protconn(network(patches(shapes, land), RULES), land, RULES)
    assert found.ceiling == pytest.approx(np.sqrt(2 * 2.5e15 + 2 * 2.5e15 * 0.5))
    impossible = 100 * (found.protected - found.ceiling) / found.land
    assert found.bound == pytest.approx(found.protconn + impossible)
    assert found.protconn < found.bound < found.prot


@given(st.integers(0, 10_000), st.integers(1, 15))
@SLOW
def test_each_region_is_measured_alone_with_the_others_as_steps(seed: int, count: int) -> None:
    shapes = sites(seed, count)
    west, east = shapely.box(0, 0, 50e3, 100e3), shapely.box(50e3, 0, 100e3, 100e3)
    found = by_region(shapes, {"west": west, "east": east}, RULES)
    for land, other, one in ((west, east, found["west"]), (east, west, found["east"])):
        inside = parts_of(shapes, land)
        outside = parts_of(shapes, other)
        outside = outside[shapely.dwithin(outside, land, RULES.across)]
        area = shapely.area(inside)
        assert one.land == pytest.approx(5e9)
        assert one.protected == pytest.approx(area.sum(), rel=1e-9, abs=1e-3)
        if len(inside):
            assert one.eca_inside == pytest.approx(eca(inside, area), rel=1e-9)
            steps = np.concatenate([inside, outside])
            both = np.concatenate([area, np.zeros(len(outside))])
            # where a site crosses the border its two sides touch but for the rounding of the cut
            assert one.eca == pytest.approx(eca(steps, both), rel=1e-9)


def test_nothing_protected() -> None:
    found = measured(np.array([], dtype=object))
    assert found.protconn == found.bound == found.relative == 0
    assert set(found.fractions().values()) == {0.0}
    empty = network(patches(np.array([], dtype=object), LAND), RULES, spare=True)
    assert len(contributions(empty, RULES)) == 0
    one = gains(empty, np.array([shapely.box(0, 0, 1e3, 1e3)]), LAND, RULES)
    assert one == pytest.approx([1e6])


def test_the_rules_are_parameters() -> None:
    rules = link_rules(Parameters(dt.date(2026, 1, 1)))
    assert rules == LinkRules(half=10_000.0, least=1e-6, across=50_000.0)
