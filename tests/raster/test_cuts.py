"""Cuts against a brute force of exact fractions: ties, order, zones, weights, odd floats."""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from unittest.mock import patch

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from odc.geo.geobox import GeoBox

from tianren.errors import UserError
from tianren.raster import histogram
from tianren.raster.cuts import Cuts, cuts_findings, grade, lorenz, rank, share_cuts
from tianren.raster.raster import MISSING, Array, ArraySource, Kind, Raster, Window

HALF, MOST = Fraction(1, 2), Fraction(4, 5)
SHARES = (HALF, MOST)


def raster(cells: Array, kind: Kind = "continuous", name: str = "service") -> Raster:
    grid = GeoBox(cells.shape, Affine(1000, 0, 0, 0, -1000, 0), "EPSG:6933")
    return Raster(name, grid, ArraySource(cells), kind=kind)


def row(*values: float) -> Array:
    return np.array([values], dtype=np.float32)


def classes_by_brute_force(
    cells: Sequence[tuple[Fraction, Fraction]], shares: Sequence[Fraction]
) -> list[int]:
    """The class of each (value, weight), 0 for the first share: cum_before < share."""
    total = sum(v * w for v, w in cells)
    found = []
    for value, _ in cells:
        before = sum(v * w for v, w in cells if v > value)
        found.append(sum(not before < share * total for share in shares))
    return found


def expected_grades(values: Array, weights: Array, shares: Sequence[Fraction]) -> list[int]:
    """Grades 5, 3, 1 in the order of the cells of one zone; MISSING without a total."""
    kept = [
        (Fraction(max(float(v), 0.0)), Fraction(float(w)))
        for v, w in zip(values.ravel(), weights.ravel(), strict=True)
        if not np.isnan(v)
    ]
    total = sum(v * w for v, w in kept)
    classes = iter(classes_by_brute_force(kept, shares))
    return [
        MISSING if np.isnan(v) else (5, 3, 1)[next(classes)] if total else MISSING
        for v in values.ravel()
    ]


# Few different values make ties; close ones share a bin; the rest are the corners of float32.
tied = st.sampled_from([0.0, -0.0, -3.0, 1.0, 2.0, 2.0000002, 2.0000005, 2.5, 40.0, np.nan])
corners = st.sampled_from([1e-45, 1.1754944e-38, 1e-40, 3.4028235e38, 1e30, 65536.0, np.nan])
anything = st.floats(width=32, allow_nan=True, allow_infinity=False)
shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)
values = st.one_of(
    hnp.arrays(np.float32, shapes, elements=tied),
    hnp.arrays(np.float32, shapes, elements=st.one_of(tied, corners)),
    hnp.arrays(np.float32, shapes, elements=anything),
)
shares_asked = st.one_of(
    st.just(SHARES),
    st.tuples(st.fractions(Fraction(1, 100), 1), st.fractions(Fraction(1, 100), 1))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: tuple(sorted(pair))),
)
sizes, crews = st.integers(1, 10), st.integers(1, 3)


@settings(max_examples=150, deadline=None)
@given(values, shares_asked, sizes, crews, st.booleans())
def test_grades_are_those_of_exact_fractions(
    cells: Array, shares: tuple[Fraction, ...], size: int, crew: int, large: bool
) -> None:
    """large: the raster counts as one that is sampled first, with good and bad guesses."""
    with patch.multiple(histogram, TILE=2 if large else 512, TILES=2):
        cuts = share_cuts(raster(cells), shares, size=size, workers=crew)
    found = grade(cells, cuts)
    assert found.dtype == np.int32
    assert found.ravel().tolist() == expected_grades(cells, np.ones_like(cells), shares)


@settings(max_examples=80, deadline=None)
@given(values, st.data(), sizes, crews)
def test_grades_by_zone_and_weight_are_those_of_exact_fractions(
    cells: Array, data: st.DataObject, size: int, crew: int
) -> None:
    codes = data.draw(
        hnp.arrays(np.int32, cells.shape, elements=st.sampled_from([0, 7, 2**31 - 1, MISSING]))
    )
    weight_kind = data.draw(st.sampled_from([np.float32, np.int32]))
    numbers = st.sampled_from([0, 1, 3, 1000, 2**24])
    areas = st.one_of(numbers, st.floats(0, 2.0**100, width=32))
    weights = data.draw(
        hnp.arrays(
            weight_kind, cells.shape, elements=areas if weight_kind is np.float32 else numbers
        )
    )
    cuts = share_cuts(
        raster(cells),
        SHARES,
        zones=raster(codes, "category", "provinces"),
        weight=raster(weights, name="area"),
        size=size,
        workers=crew,
    )
    found = grade(cells, cuts, codes)
    assert (found[codes == MISSING] == MISSING).all()
    for zone in set(codes.ravel().tolist()) - {MISSING}:
        inside = codes == zone
        assert found[inside].tolist() == expected_grades(cells[inside], weights[inside], SHARES)


@settings(max_examples=60, deadline=None)
@given(values, shares_asked, sizes, crews)
def test_what_is_said_of_the_cuts_is_exact(
    cells: Array, shares: tuple[Fraction, ...], size: int, crew: int
) -> None:
    (cuts,) = share_cuts(raster(cells), shares, size=size, workers=crew).values()
    kept = [Fraction(max(float(v), 0.0)) for v in cells.ravel() if not np.isnan(v)]
    assert cuts.total == sum(kept)
    assert cuts.cells == len(kept)
    assert cuts.graded == (sum(kept) > 0)
    if not cuts.graded:
        return
    for threshold, reached in zip(cuts.thresholds, cuts.reached, strict=True):
        assert threshold in set(map(float, kept))
        assert reached == sum(v for v in kept if v >= Fraction(threshold)) / cuts.total
    assert all(r >= s for r, s in zip(cuts.reached, shares, strict=True))
    found = grade(cells, {0: cuts})
    assert cuts.class_cells == tuple(int((found == g).sum()) for g in (5, 3, 1))
    assert cuts.class_weights == cuts.class_cells


@settings(max_examples=40, deadline=None)
@given(values, st.randoms(use_true_random=False))
def test_the_order_of_cells_does_not_matter(cells: Array, order: Random) -> None:
    mixed = cells.ravel().tolist()
    order.shuffle(mixed)
    shuffled = np.array(mixed, dtype=np.float32).reshape(cells.shape)
    assert share_cuts(raster(cells), SHARES, size=2) == share_cuts(raster(shuffled), SHARES)


@settings(max_examples=40, deadline=None)
@given(values)
def test_one_zone_or_unit_weights_change_nothing(cells: Array) -> None:
    plain = share_cuts(raster(cells), SHARES)[0]
    codes = raster(np.zeros(cells.shape, dtype=np.int32), "category")
    ones = raster(np.ones(cells.shape, dtype=np.float32))
    by_zone = share_cuts(raster(cells), SHARES, zones=codes)
    by_weight = share_cuts(raster(cells), SHARES, weight=ones)[0]
    assert by_zone == ({0: plain} if plain.cells else {})
    assert by_weight.record() == plain.record()


@settings(max_examples=40, deadline=None)
@given(values)
def test_a_record_comes_back_through_json(cells: Array) -> None:
    (cuts,) = share_cuts(raster(cells), SHARES).values()
    text = json.dumps(cuts.record(), allow_nan=False)
    again = Cuts.from_record(json.loads(text))
    assert json.dumps(again.record()) == text
    assert (again.thresholds, again.reached) == (cuts.thresholds, cuts.reached)
    assert again.total == cuts.total
    if cuts.graded:
        assert lorenz(again) == lorenz(cuts)


@settings(max_examples=60, deadline=None)
@given(values)
def test_rank_bounds_the_share_that_better_land_holds(cells: Array) -> None:
    (cuts,) = share_cuts(raster(cells), SHARES).values()
    if not cuts.graded:
        with pytest.raises(ValueError, match="total is 0"):
            rank(cuts, 1.0)
        return
    kept = [Fraction(max(float(v), 0.0)) for v in cells.ravel() if not np.isnan(v)]
    for value in kept:
        low, high = rank(cuts, float(value))
        better = float(sum(v for v in kept if v > value) / cuts.total)
        assert low <= better <= high


def lorenz_by_brute_force(kept: list[Fraction], cells: int) -> float:
    """What the poorest n cells hold."""
    return float(sum(sorted(kept)[:cells]) / sum(kept))


@settings(max_examples=60, deadline=None)
@given(values)
def test_lorenz_is_monotone_convex_and_holds_the_truth(cells: Array) -> None:
    (cuts,) = share_cuts(raster(cells), SHARES).values()
    if not cuts.graded:
        return
    points = lorenz(cuts)
    service = np.array([p.service for p in points])
    assert (points[0].service, points[-1].service) == (0.0, pytest.approx(1.0))
    assert (np.diff(service) >= -1e-12).all()
    assert (np.diff(service, 2) >= -1e-9).all()
    kept = [Fraction(max(float(v), 0.0)) for v in cells.ravel() if not np.isnan(v)]
    truth = lorenz(cuts, [n / len(kept) for n in range(len(kept) + 1)])
    for n, point in enumerate(truth):
        exact = lorenz_by_brute_force(kept, n)
        assert point.low - 1e-9 <= exact <= point.service + 1e-9


@dataclass(frozen=True)
class Counted:
    """A source that counts the cells read from it."""

    cells: Array
    read_cells: list[int]

    def read(self, window: Window) -> Array:
        self.read_cells.append(self.cells[window].size)
        return self.cells[window]


@pytest.mark.parametrize(("side", "decodes"), [(100, 2.0), (512, 1.25)])
def test_the_input_is_decoded_twice_or_once_and_a_sample(side: int, decodes: float) -> None:
    cells = np.random.default_rng(1).random((side, side), dtype=np.float32)
    source = Counted(cells, [])
    with patch.multiple(histogram, TILE=64):
        share_cuts(replace(raster(cells), source=source), SHARES, size=64)
    assert sum(source.read_cells) <= decodes * cells.size


def test_processes_serve_as_well_as_threads() -> None:
    cells = np.random.default_rng(1).random((20, 20), dtype=np.float32)
    codes = raster((cells > 0.5).astype(np.int32), "category")
    with ProcessPoolExecutor(1) as executor:
        for zones in (None, codes):
            there = share_cuts(raster(cells), SHARES, zones=zones, size=9, workers=executor)
            assert there == share_cuts(raster(cells), SHARES, zones=zones)


def test_worked_example_w2() -> None:
    cells = row(40, 25, 15, 10, 6, 4)
    cuts = share_cuts(raster(cells), SHARES)
    assert grade(cells, cuts).tolist() == [[5, 5, 3, 1, 1, 1]]
    assert cuts[0].thresholds == (25.0, 15.0)
    assert cuts[0].reached == (Fraction(65, 100), Fraction(80, 100))
    assert cuts[0].class_cells == (2, 1, 3)


def test_a_cell_that_starts_exactly_at_the_share_is_outside() -> None:
    cells = row(5, 3, 2)  # 5 is exactly half: 3 begins at 1/2 and is not below it
    assert grade(cells, share_cuts(raster(cells), SHARES)).tolist() == [[5, 3, 1]]


def test_ties_stand_with_the_first_of_them() -> None:
    cells = row(4, 4, 4, 4, 1)
    cuts = share_cuts(raster(cells), SHARES)
    assert grade(cells, cuts).tolist() == [[5, 5, 5, 5, 1]]
    assert cuts[0].reached[0] == Fraction(16, 17)


def test_minus_zero_and_negatives_are_zero_and_ordinary() -> None:
    cells = row(-5, -0.0, 0, 2, 1)
    cuts = share_cuts(raster(cells), SHARES)
    assert grade(cells, cuts).tolist() == [[1, 1, 1, 5, 3]]
    assert cuts[0].total == 3


def test_four_classes_can_be_asked_for() -> None:
    cells = row(*range(1, 11))
    cuts = share_cuts(raster(cells), (HALF, Fraction(3, 4), Fraction(9, 10)))
    found = grade(cells, cuts, grades=(7, 5, 3, 1))
    assert found.tolist() == [[1, 1, 3, 3, 5, 5, 7, 7, 7, 7]]


def test_a_zone_without_any_service_has_no_grades() -> None:
    cells, codes = row(1, 2, 0, -1, np.nan), np.array([[1, 1, 2, 2, 2]], dtype=np.int32)
    cuts = share_cuts(raster(cells), SHARES, zones=raster(codes, "category"))
    assert not cuts[2].graded
    assert cuts[2].cells == 2
    assert grade(cells, cuts, codes).tolist() == [[3, 5, MISSING, MISSING, MISSING]]


def test_an_empty_raster_has_no_cells_and_no_grades() -> None:
    cells = np.full((3, 3), np.nan, dtype=np.float32)
    cuts = share_cuts(raster(cells), SHARES)
    assert (cuts[0].cells, cuts[0].total, cuts[0].graded) == (0, 0, False)
    assert (grade(cells, cuts) == MISSING).all()


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
@pytest.mark.parametrize("zoned", [False, True])
def test_infinities_are_refused_with_their_number(infinity: float, zoned: bool) -> None:
    cells = row(1, infinity, 2, infinity)
    codes = raster(np.ones(cells.shape, dtype=np.int32), "category") if zoned else None
    with pytest.raises(UserError, match=r"service holds infinite values \(2 cells\)"):
        share_cuts(raster(cells), SHARES, zones=codes)


@pytest.mark.parametrize("area", [np.nan, -1.0, np.inf])
def test_a_weight_that_cannot_be_used_is_refused(area: float) -> None:
    with pytest.raises(UserError, match=r"area is missing, negative or infinite .*\(1 cells\)"):
        share_cuts(raster(row(1, 2)), SHARES, weight=raster(row(1, area), name="area"))


def test_a_missing_weight_under_a_missing_value_is_no_fault() -> None:
    cuts = share_cuts(raster(row(1, np.nan)), SHARES, weight=raster(row(1, np.nan)))
    assert cuts[0].total == 1


def test_whole_weights_beyond_float32_are_refused() -> None:
    heavy = raster(np.array([[2**24 + 1]], dtype=np.int32), name="people")
    with pytest.raises(UserError, match="people holds whole numbers above"):
        share_cuts(raster(row(1)), SHARES, weight=heavy)


@pytest.mark.parametrize(
    "shares", [(), (MOST, HALF), (HALF, HALF), (Fraction(0),), (Fraction(3, 2),)]
)
def test_shares_must_ascend_within_one(shares: tuple[Fraction, ...]) -> None:
    with pytest.raises(UserError, match="not ascending"):
        share_cuts(raster(row(1)), shares)


def test_a_big_block_of_one_value_keeps_its_sums_exact() -> None:
    """2**24 + 1 cells of one bin, all lower bits set: past what one packed sum can hold."""
    value = np.float32(np.uint32(0x3F80FFFF).view(np.float32))
    cells = np.full((1, 2**24 + 1), value, dtype=np.float32)
    (cuts,) = share_cuts(raster(cells), SHARES, size=2**25).values()
    assert cuts.total == Fraction(float(value)) * (2**24 + 1)
    assert cuts.class_cells == (2**24 + 1, 0, 0)


def test_findings_name_ties_wide_classes_and_empty_totals() -> None:
    flat = share_cuts(raster(row(4, 4, 4, 4, 1)), SHARES)
    limits = {"total_limit": Fraction(3, 5), "area_limit": Fraction(9, 20)}
    assert [f.rule for f in cuts_findings(flat, "carbon", **limits)] == [
        "grading.ties",
        "grading.wide_top_class",
    ]
    good = share_cuts(raster(row(40, 25, 15, 10, 6, 4)), SHARES)
    assert [f.rule for f in cuts_findings(good, "carbon", **limits)] == ["grading.ties"]
    none = {3: share_cuts(raster(row(0, 0)), SHARES)[0]}
    (empty,) = cuts_findings(none, "carbon", labels={3: "Uri"}, **limits)
    assert (empty.rule, empty.subject) == ("grading.no_total", "carbon, Uri")


def test_many_zones_in_one_window_are_cut_as_each_alone() -> None:
    """Far more zones and bins than the table of sums starts with, so that it has to grow."""
    rng = np.random.default_rng(26)
    values = rng.gamma(1, 100, (700, 700)).astype(np.float32)
    zones = rng.integers(1, 27, values.shape).astype(np.int32)
    cuts = share_cuts(raster(values), SHARES, zones=raster(zones, "category"))
    for zone in range(1, 27):
        alone = np.where(zones == zone, values, np.nan).astype(np.float32)
        assert cuts[zone].record() == share_cuts(raster(alone), SHARES)[0].record()
