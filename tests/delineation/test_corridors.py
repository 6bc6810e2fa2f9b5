"""Cores, corridors between them, what is accepted; and what a corridor is worth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation as dilate
from scipy.ndimage import label

from tests.delineation.small_country import country
from tianren.delineation import redline
from tianren.delineation.corridors import (
    Rules,
    accepted_cells,
    cores,
    groups,
    resistance,
    rules,
    weave,
)
from tianren.delineation.redline import ArrayStore, Limits
from tianren.parameters import Parameters, all_parameters
from tianren.science.corridors import cost_surface

RULE = Rules(
    minimum_core_area=4e6, swath_tolerance=0.05, current_tolerance=0.5, accepted_cost=1.5,
    minimum_width=1000.0, half_distance=10_000.0,
)  # fmt: skip
CELL = 1000.0


def test_resistance_falls_from_largest_to_least_with_quality() -> None:
    assert resistance(0.0, 0.0, 1.0, 100.0, 2.0) == 100.0
    assert resistance(1.0, 0.0, 1.0, 100.0, 2.0) == 1.0
    assert resistance(1.0, 1.0, 1.0, 100.0, 2.0) == 100.0
    quality = np.linspace(0, 1, 11)
    bent = np.asarray(resistance(quality, 0.0, 1.0, 100.0, 8.0))
    straight = np.asarray(resistance(quality, 0.0, 1.0, 100.0, 0.0))
    assert (np.diff(bent) < 0).all()
    np.testing.assert_allclose(straight, 100 - 99 * quality)
    assert (bent[1:-1] < straight[1:-1]).all()


def test_cores_are_4_connected_parts_of_enough_cells_the_largest_first() -> None:
    inside = np.zeros((6, 9), dtype=bool)
    inside[0, 0:2] = inside[1, 2] = True  # touch by a corner only: two parts
    inside[3:6, 3:9] = inside[5, 0:2] = True
    found, small = cores(inside, 2)
    assert small == 1
    assert found[4, 4] == 1 and found[0, 0] == 2 and found[5, 0] == 3 and found[1, 2] == 0


def two_cores(rows: int = 9, columns: int = 20) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.zeros((rows, columns), dtype=np.int32)
    numbers[3:6, 0:3], numbers[3:6, -3:] = 1, 2
    return np.ones((rows, columns)), numbers


def test_one_corridor_links_two_cores_straight() -> None:
    r, numbers = two_cores()
    web = weave(r, numbers, CELL, RULE)
    (one,) = web.corridors
    assert (one.a, one.b) == (1, 2)
    assert one.length == one.cost == 15 * CELL
    assert one.mean_resistance == 1.0
    assert one.accepted
    assert np.isclose(web.current[:, 10].sum(), 1.0, atol=0.35)
    inside = np.nan_to_num(web.pinch[:, 10])
    assert inside.sum() >= 0.99  # all of the ampere crosses the swath


def test_a_neck_is_the_pinch_point_and_gives_the_width() -> None:
    r, numbers = two_cores()
    r[:, 10] = np.nan
    r[4, 10] = 1.0
    (one,) = weave(r, numbers, CELL, RULE).corridors
    assert one.pinch_at == (4, 10)
    assert np.isclose(one.pinch, 1.0)
    assert one.width == CELL


def test_of_the_cells_of_a_long_neck_the_first_is_named() -> None:
    """All of the ampere goes through each of them: rounding does not choose."""
    r, numbers = two_cores()
    r[:, 6:14] = np.nan
    r[4, 6:14] = 1.0
    (one,) = weave(r, numbers, CELL, RULE).corridors
    assert one.pinch_at == (4, 6)
    assert np.isclose(one.pinch, 1.0)


def test_a_narrow_or_dear_corridor_is_refused_with_its_numbers() -> None:
    r, numbers = two_cores(9, 40)
    numbers[3:6, 8:11] = 3
    wide = Rules(**{**vars(RULE), "minimum_width": 2500.0})
    r[:, 5] = np.nan
    r[4, 5] = 1.0
    web = weave(r, numbers, CELL, wide)
    near, far = sorted(web.corridors, key=lambda c: c.cost)
    assert not near.accepted and "1,000 m wide" in near.reason and "2,500 m" in near.reason
    dear = Rules(**{**vars(RULE), "accepted_cost": 1.2})
    far = max(weave(r, numbers, CELL, dear).corridors, key=lambda c: c.cost)
    assert not far.accepted and "1.64 times the median" in far.reason


def test_cores_behind_a_barrier_have_no_corridor_and_stay_in_groups() -> None:
    r, numbers = two_cores()
    r[:, 10] = np.nan
    web = weave(r, numbers, CELL, RULE)
    assert web.corridors == ()
    assert groups(2, []) == [[1], [2]]
    assert groups(4, [(1, 3), (3, 4)]) == [[1, 3, 4], [2]]


def random_web(seed: int, workers: int | None = None):
    rng = np.random.default_rng(seed)
    r = rng.uniform(1, 100, (24, 26))
    r[rng.random(r.shape) < 0.1] = np.nan
    numbers, _ = cores(rng.random(r.shape) < 0.35, 6)
    return r, numbers, weave(r, numbers, CELL, RULE, workers=workers)


@given(st.integers(0, 5000))
@settings(max_examples=12, deadline=None)
def test_corridors_hold_together_by_the_sides_of_cells(seed: int) -> None:
    """Cores and one corridor's swath are one 4-connected part, unless the way squeezes through a
    corner between two barriers."""
    r, numbers, web = random_web(seed)
    for one in web.corridors:
        part = np.isin(numbers, (one.a, one.b))
        part[one.window] |= one.swath
        if any(
            np.isnan(r[a, d]) and np.isnan(r[c, b]) and numbers[a, d] == numbers[c, b] == 0
            for (a, b), (c, d) in zip(one.path[:-1], one.path[1:], strict=True)
            if a != c and b != d
        ):
            continue
        pieces, _ = label(part)
        assert np.intersect1d(pieces[numbers == one.a], pieces[numbers == one.b]).size
        assert not (numbers[one.window][one.swath] == one.a).any()
        assert 0 <= one.pinch <= 1 + 1e-6


@given(st.integers(0, 5000))
@settings(max_examples=6, deadline=None)
def test_the_web_does_not_depend_on_the_workers(seed: int) -> None:
    _, _, one = random_web(seed, 1)
    _, _, many = random_web(seed, 3)
    assert (one.current == many.current).all()
    assert [(c.cost, c.pinch, c.dpc) for c in one.corridors] == [
        (c.cost, c.pinch, c.dpc) for c in many.corridors
    ]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_corridor_is_that_of_surfaces_of_the_whole_grid(seed: int) -> None:
    """Science 5 (8): all cells on ways of at most 1.05 times the least cost, and the elbows."""
    r, numbers, web = random_web(seed)
    assert web.corridors
    for one in web.corridors:
        a, b = (
            cost_surface(np.where(numbers > 0, np.nan_to_num(r, nan=np.nanmin(r)), r),
                         np.where(numbers == n, n, 0), (CELL, CELL)).cost
            for n in (one.a, one.b)
        )  # fmt: skip
        outside = ~np.isin(numbers, (one.a, one.b))
        wide = (a + b <= one.cost * 1.5) & outside
        narrow = (a + b <= one.cost * 1.05) & outside
        assert a[numbers == one.b].min() <= one.cost * (1 + 1e-12)  # less through a third core
        window = np.zeros(numbers.shape, dtype=bool)
        window[one.window] = True
        assert window[wide].all()
        swath = np.zeros(numbers.shape, dtype=bool)
        swath[one.window] = one.swath
        assert swath[narrow].all()
        on_path = np.zeros(numbers.shape, dtype=bool)
        on_path[one.path[:, 0], one.path[:, 1]] = True
        beside = dilate(on_path, np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]))
        assert not (swath & ~narrow & ~beside).any()
        assert (np.isfinite(web.pinch) | ~narrow).all()


def test_one_hears_how_far_it_is() -> None:
    told: list[str] = []
    r, numbers = two_cores()
    weave(r, numbers, CELL, RULE, progress=told.append)
    assert told[-1] == "corridors: 1 of 1"


def test_a_corridor_along_the_edge_of_the_grid_stays_on_it() -> None:
    """Cores on the last row and column: the window has no row or column that the grid lacks."""
    numbers = np.zeros((6, 12), dtype=np.int32)
    numbers[4:, :3], numbers[4:, 9:] = 1, 2
    r = np.full(numbers.shape, 9.0)
    r[4:] = 1.0
    (one,) = weave(r, numbers, CELL, RULE).corridors
    rows, columns = one.window
    assert one.swath.shape == (rows.stop - rows.start, columns.stop - columns.start)
    assert one.swath[-1].any()


def test_where_swaths_overlap_the_lower_number_stays() -> None:
    _, numbers, web = random_web(3)
    cells = accepted_cells(web.corridors, numbers.shape)
    for one in web.corridors:
        mine = cells[one.window][one.swath]
        assert (mine > 0).all() if one.accepted else True
        assert (mine[mine > 0] <= one.id).all() if one.accepted else True
    assert {c.id for c in web.corridors if c.accepted} >= set(np.unique(cells[cells > 0]).tolist())


def test_accepted_corridors_make_the_line_one() -> None:
    """Science 13: steps 1 to 4 run once more with them; none is broken where nothing is taken."""
    land = country(1, 12, 24)
    land.realm[:] = 1
    land.must[:] = land.conflicts[:] = land.divisions[:] = 0
    for name in land.grades:
        land.grades[name][:] = 1
    land.grades["biodiversity"][2:6, 1:5] = land.grades["biodiversity"][5:9, 18:22] = 5
    limit = Limits(1, 0)
    first = ArrayStore(land.ground().realm.grid)
    mask, _ = redline.inside(land.ground(), limit, first)
    numbers, _ = cores(np.isin(mask.read(), (redline.INSIDE, redline.KEEPS_PATCH)), 4)
    web = weave(np.full(numbers.shape, 10.0), numbers, CELL, RULE)
    land.corridors = accepted_cells(web.corridors, numbers.shape)
    last = ArrayStore(land.ground().realm.grid)
    mask, findings = redline.inside(land.ground(), limit, last)
    _, parts = label(np.isin(mask.read(), (redline.INSIDE, redline.KEEPS_PATCH)))
    assert (numbers.max(), parts, findings) == (2, 1, ())


def test_every_rule_is_a_parameter() -> None:
    import datetime as dt

    found = rules(Parameters(dt.date(2026, 1, 1)))
    assert set(vars(found)) == {
        name.removeprefix("corridors.")
        for name in all_parameters()
        if name.startswith("corridors.")
    } & set(vars(found))
    assert found.minimum_width > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_importance_of_a_corridor_is_what_goes_when_it_is_closed(seed: int) -> None:
    from tianren.delineation.corridors import joined_by

    _, _, web = random_web(seed)
    assert len(web.corridors) > 1
    for one in web.corridors[:3]:
        without = [c for c in web.corridors if c is not one]
        left = joined_by(without, web.areas, web.half_cost).pc_sum
        lost = 100 * (web.connectivity.pc_sum - left) / web.connectivity.pc_sum
        assert np.isclose(one.dpc, lost, atol=1e-9)


@pytest.mark.parametrize("count", [0, 1])
def test_no_core_or_one_leaves_nothing_to_link(count: int) -> None:
    numbers = np.zeros((5, 6), dtype=np.int32)
    numbers[0, :count] = count
    web = weave(np.ones((5, 6)), numbers, CELL, RULE)
    assert web.corridors == ()
    assert web.connectivity.pc_sum == pytest.approx(web.areas.sum() ** 2)
