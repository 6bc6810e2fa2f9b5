"""The numbers of the line, each counted another way."""

import datetime as dt
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.delineation import totals
from tianren.delineation.conflicts import Conflict
from tianren.delineation.pieces import MustName, Units, describe, tally
from tianren.delineation.redline import ArrayStore, Limits, Line, draw
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.raster import blocks
from tianren.raster.raster import MISSING

from .small_country import CRITERIA, Country, category, country, grid, quantity

MUST = (MustName("protected_area", "cores", 1), MustName("protected_area", "reserves", 2),
        MustName("wetland", "marshes", 3))  # fmt: skip
RULES = (Conflict("towns", "built_up", "deduct", "r"), Conflict("mills", "built_up", "deduct", "r"))


def drawn(c: Country) -> tuple[Line, Units]:
    line = draw(c.ground(), Limits(4, 3), ArrayStore(grid(*c.realm.shape)))
    return line, Units("county", ["A", "B", "C"], ["Alpha", "Beta", "Beta"], c.ground().divisions)


def all_measures(c: Country) -> tuple[list[Measure], np.ndarray]:
    line, units = drawn(c)
    ground = c.ground()
    values = {name: quantity(name, v) for name, v in c.values.items()}
    counts = tally(line, ground.must, 3, [units], ground.grades, values)
    parameters = Parameters(dt.date(2026, 1, 1))
    rows = describe(counts, [units], "county", MUST, parameters, 1e6)
    ledger = totals.count_region(ground.realm, line, ground.must, ground.conflicts, [units])
    held = totals.held(line.cells, values, ground.grades)
    facts = totals.Facts("X", "2026", "run", 1e6, ledger, counts, rows, [units], MUST, RULES, held)
    return totals.measures(facts), line.cells.read() > 0


def value_of(found: list[Measure], indicator: str, **by: str) -> float:
    (one,) = [m for m in found if m.indicator == indicator and dict(m.by) == by]
    return one.value


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_areas_are_those_counted_by_hand_and_breakdowns_add_up(seed: int) -> None:
    c = country(seed)
    found, inside = all_measures(c)
    total = inside.sum() * 1e6
    assert value_of(found, "redline.area") == total
    for code, realm in ((1, "land"), (2, "sea")):
        whole, mine = c.realm == code, inside & (c.realm == code)
        assert value_of(found, "region.area", realm=realm) == whole.sum() * 1e6
        assert value_of(found, "redline.area", realm=realm) == mine.sum() * 1e6
        assert value_of(found, "redline.share", realm=realm) == 100 * mine.sum() / whole.sum()
    for dimension in ("category", "function", "level", "realm"):
        rows = [m for m in found if m.indicator == "redline.area"]
        parts = [m.value for m in rows if [k for k, _ in m.by] == [dimension]]
        assert sum(parts) == total
    for index, label in enumerate(["Alpha", "Beta (B)", "Beta (C)"]):
        unit = (c.divisions == index) & (c.realm != MISSING)
        assert value_of(found, "region.area", county=label) == unit.sum() * 1e6
        assert value_of(found, "redline.area", county=label) == (unit & inside).sum() * 1e6
    for indicator, whole in (("region.area", c.realm != MISSING), ("redline.area", inside)):
        rows = [m for m in found if m.indicator == indicator and [k for k, _ in m.by] == ["county"]]
        assert sum(m.value for m in rows) == whole.sum() * 1e6
        outside = whole & (c.divisions == MISSING)
        beyond = sum(m.value for m in rows if m.by == (("county", totals.NO_DIVISION),))
        assert beyond == outside.sum() * 1e6


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_overlap_counts_once(seed: int) -> None:
    c = country(seed)
    found, _ = all_measures(c)
    region = c.realm != MISSING
    assert value_of(found, "must_include.area") == ((c.must > 0) & region).sum() * 1e6
    pa = value_of(found, "must_include.area", kind="protected_area")
    assert pa == ((c.must & 3 > 0) & region).sum() * 1e6
    towns = value_of(found, "conflict.area", kind="built_up", decision="deduct")
    assert towns == ((c.conflicts > 0) & region).sum() * 1e6


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_the_share_held_is_that_of_exact_sums(seed: int) -> None:
    c = country(seed)
    found, inside = all_measures(c)
    for name in CRITERIA:
        value, graded = c.values[name], c.grades[name] > 0
        exact = [Fraction(float(v)) for v in value[graded]]
        mine = [Fraction(float(v)) for v in value[graded & inside]]
        expected = float(100 * sum(mine, Fraction(0)) / sum(exact, Fraction(0)))
        assert value_of(found, "function.held", function=name) == pytest.approx(expected, rel=1e-10)


def test_negative_values_count_as_zero() -> None:
    cells, grade = category("cells", [[1, 1, 0]]), category("g", [[5, 1, 1]])
    value = quantity("v", [[3.0, -9.0, 1.0]])
    (inside, total) = totals.held(cells, {"v": value}, {"v": grade})["v"]
    assert Fraction(inside, total) == Fraction(3, 4)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 12))
def test_nothing_depends_on_blocks_or_workers(seed: int, size: int) -> None:
    c = country(seed)
    line, units = drawn(c)
    ground = c.ground()
    values = {name: quantity(name, v) for name, v in c.values.items()}

    def counted() -> tuple[object, object]:
        ledger = totals.count_region(ground.realm, line, ground.must, ground.conflicts, [units])
        ledger.units["county"].flags.writeable = False
        plain = (ledger.step, ledger.must, ledger.conflicts, ledger.units["county"].tolist(),
                 ledger.inside_units["county"].tolist())  # fmt: skip
        return plain, totals.held(line.cells, values, ground.grades)

    whole = counted()
    original = totals.reduce_blocks
    totals.reduce_blocks = partial(blocks.reduce_blocks, size=size, workers=3)
    try:
        assert counted() == whole
    finally:
        totals.reduce_blocks = original


def test_two_routes_to_the_area_of_the_line_agree() -> None:
    line, _ = drawn(country(11))
    assert totals.cells_inside(line.step) == (line.cells.read() > 0).sum()


@pytest.mark.parametrize(("share", "said"), [(49.9, 0), (50.0, 0), (50.1, 1)])
def test_a_line_over_half_of_a_realm_is_questioned(share: float, said: int) -> None:
    total = Measure("redline.share", "X", "2026", 90.0, "%", (("level", "3"),))
    land = Measure("redline.share", "X", "2026", share, "%", (("realm", "land"),))
    found = totals.large_share([total, land], 50.0)
    assert [f.subject for f in found] == ["land"] * said
