"""The spatial step against an independent route: scipy's labels on the whole grid."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tianren.delineation import redline
from tianren.delineation.redline import ArrayStore, Limits, draw
from tianren.raster.raster import MISSING

from .small_country import Country, category, country, grid

FOUR = ndimage.generate_binary_structure(2, 1)
EIGHT = ndimage.generate_binary_structure(2, 2)


def candidates(c: Country, corridors: Any = None) -> tuple[Any, Any, Any]:
    """Science 13, steps 1 and 2, written out: inside, must, barrier."""
    region = c.realm != MISSING
    core = np.any([g == 5 for g in c.grades.values()], axis=0)
    known = np.any([g != MISSING for g in c.grades.values()], axis=0)
    must = (c.must > 0) & region
    union = (core | must | (corridors is not None and corridors > 0)) & region
    taken = ((c.conflicts & c.deducted) > 0) & ~must
    inside = union & ~taken
    barrier = ~region | taken | (~known & ~inside)
    return inside, must, barrier


def fill_and_drop(inside: Any, must: Any, barrier: Any, limit: Limits) -> Any:
    """Steps 3 and 4: 8-connected holes that touch no edge and no barrier; 4-connected patches."""
    holes, n = ndimage.label(~inside, structure=EIGHT)
    filled = inside.copy()
    edge = np.zeros_like(inside)
    edge[[0, -1], :] = edge[:, [0, -1]] = True
    for number in range(1, n + 1):
        hole = holes == number
        if hole.sum() <= limit.hole_cells and not (hole & (barrier | edge)).any():
            filled |= hole
    patches, n = ndimage.label(filled, structure=FOUR)
    kept = filled.copy()
    for number in range(1, n + 1):
        patch = patches == number
        if patch.sum() < limit.minimum_cells and not (patch & must).any():
            kept &= ~patch
    return kept


def level_of(must: Any) -> Any:
    return np.where(must & 1, 1, np.where(must & 2, 2, 3))


def pieces_of(c: Country, kept: Any) -> Any:
    """Step 5: 4-connected sets of equal division, realm and level, numbered in row-major order."""
    keys = np.stack([c.divisions, c.realm, level_of(c.must)])
    numbers = np.zeros(kept.shape, dtype=int)
    classes = {tuple(k) for k in keys[:, kept].T.tolist()}
    sets = []
    for key in classes:
        mine = kept & (keys == np.array(key)[:, None, None]).all(axis=0)
        labels, n = ndimage.label(mine, structure=FOUR)
        sets += [labels == number for number in range(1, n + 1)]
    for number, mine in enumerate(sorted(sets, key=lambda m: int(np.argmax(m.ravel()))), 1):
        numbers[mine] = number
    return numbers


def drawn(c: Country, limit: Limits) -> tuple[redline.Line, ArrayStore]:
    store = ArrayStore(grid(*c.realm.shape))
    return draw(c.ground(), limit, store), store


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 8), st.integers(0, 6))
def test_the_whole_step_is_that_of_the_definition(seed: int, minimum: int, holes: int) -> None:
    c, limit = country(seed), Limits(minimum, holes)
    line, store = drawn(c, limit)
    expected = fill_and_drop(*candidates(c), limit)
    mask = np.isin(store.arrays["mask"], (1, 2))
    np.testing.assert_array_equal(mask, expected)
    cells = np.maximum(line.cells.read(), 0)
    np.testing.assert_array_equal(cells, pieces_of(c, expected))
    assert line.pieces == cells.max()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_the_step_raster_says_what_became_of_every_cell(seed: int) -> None:
    c, limit = country(seed), Limits(4, 3)
    line, _ = drawn(c, limit)
    inside, must, _ = candidates(c)
    kept = fill_and_drop(*candidates(c), limit)
    step = line.step.read()
    region = c.realm != MISSING
    np.testing.assert_array_equal(step == redline.OUTSIDE, ~region)
    np.testing.assert_array_equal(step == redline.MUST, must)
    np.testing.assert_array_equal(step == redline.FILLED, kept & ~inside)
    np.testing.assert_array_equal(step == redline.DROPPED, inside & ~kept)
    np.testing.assert_array_equal(np.isin(step, (redline.CORE, redline.MUST, redline.FILLED)), kept)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_what_must_be_included_is_never_lost_and_what_is_deducted_never_returns(seed: int) -> None:
    c = country(seed)
    line, _ = drawn(c, Limits(9, 9))
    inside = line.cells.read() > 0
    region = c.realm != MISSING
    must = (c.must > 0) & region
    assert inside[must].all()
    assert not inside[((c.conflicts & c.deducted) > 0) & ~must].any()
    assert not inside[~region].any()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_a_second_draw_from_the_store_is_the_same(seed: int) -> None:
    c = country(seed)
    line, store = drawn(c, Limits(4, 3))
    again = draw(c.ground(), Limits(4, 3), store)
    assert again.pieces == line.pieces
    np.testing.assert_array_equal(again.cells.read(), line.cells.read())


def strip_country(corridor: list[int], taken: list[int]) -> Country:
    """Two red cells, five apart, with a corridor between and conflicts on it."""
    row = np.zeros((3, 9), dtype=int)
    grade, corridors, conflicts = row + 1, row.copy(), row.copy()
    grade[1, [1, 7]] = 5
    corridors[1, corridor] = 1
    conflicts[1, taken] = 1
    realm = row + 1
    return Country(realm, {"biodiversity": grade}, {}, row, conflicts, row, corridors)


def test_a_corridor_links_what_it_touches() -> None:
    line, _ = drawn(strip_country([2, 3, 4, 5, 6], []), Limits(1, 0))
    assert line.pieces == 1 and line.findings == ()
    assert (line.step.read() == redline.CORRIDOR).sum() == 5


def test_a_corridor_that_deduction_breaks_is_a_finding() -> None:
    line, _ = drawn(strip_country([2, 3, 4, 5, 6], [4]), Limits(1, 0))
    assert [f.rule for f in line.findings] == ["redline.corridor_broken"]
    assert "2 parts" in line.findings[0].message


def test_a_corridor_that_is_too_short_is_another_finding() -> None:
    c = strip_country([2, 3, 4, 5], [])
    c.grades["biodiversity"][0, 3] = 5
    line, _ = drawn(c, Limits(1, 0))
    assert line.findings == ()  # it links (0, 3) and (1, 1), and touches nothing else
    assert line.pieces == 2


def test_limits_are_strict_below_and_inclusive_above_whatever_the_cell_rounds_to() -> None:
    assert redline.limits(1e6, 1e6, grid(2, 2, 1000.0)) == Limits(1, 1)
    assert redline.limits(1e6, 1e6, grid(2, 2, 300.0)) == Limits(12, 11)
    assert redline.limits(0.09, 0.09, grid(2, 2, 0.1)) == Limits(9, 9)


def test_class_numbers_are_read_back() -> None:
    for division in (-1, 0, 7):
        for realm in (1, 2):
            for level in (1, 2, 3):
                number = redline.class_number(division, realm, level)
                assert number > 0
                assert redline.class_parts(number) == (division, realm, level)


def test_bits_hold_thirty_entries_and_refuse_more() -> None:
    from tianren.errors import UserError

    one = category("a", [[0, 1], [1, MISSING]])
    store = ArrayStore(one.grid)
    redline.bits([one, category("b", [[1, 1], [0, 0]])], one.grid, store.sink("bits"), "x")
    np.testing.assert_array_equal(store.arrays["bits"], [[2, 3], [1, 0]])
    with pytest.raises(UserError, match="31, at most 30"):
        redline.bits([one] * 31, one.grid, store.sink("bits"), "must_include")
