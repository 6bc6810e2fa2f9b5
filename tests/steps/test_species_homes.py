"""Which source stands for a species, where there are several."""

import numpy as np
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from tianren.findings import Finding
from tianren.raster.raster import Grid
from tianren.steps.species_homes import trusted, within_reach

ROWS, COLUMNS = 6, 9
GRID = Grid((ROWS, COLUMNS), Affine(200, 0, 0, 0, -100, 0), "EPSG:6933")
NUMBERS = st.lists(st.integers(0, ROWS * COLUMNS - 1), min_size=1, max_size=8)


@given(cells=NUMBERS, records=NUMBERS, reach=st.sampled_from([0.0, 100.0, 250.0, 700.0]))
def test_a_range_from_a_model_ends_at_the_reach_of_its_records(
    cells: list[int], records: list[int], reach: float
) -> None:
    def apart(a: int, b: int) -> float:
        down, across = a // COLUMNS - b // COLUMNS, a % COLUMNS - b % COLUMNS
        return float(np.hypot(100 * down, 200 * across))

    found = within_reach(np.array(cells), np.array(records), GRID, reach)
    assert found.tolist() == [min(apart(c, r) for r in records) <= reach for c in cells]


def test_a_model_without_records_has_no_range() -> None:
    none = np.empty(0, dtype=np.int64)
    assert not within_reach(np.arange(5), none, GRID, 1e6).any()


def test_a_model_that_says_the_contrary_of_records_not_seen_is_no_range() -> None:
    models = {
        "Aus good": {"auc": "0.9", "boyce": "0.8"},
        "Bus contrary": {"auc": "0.93", "boyce": "-0.34"},
        "Cus chance": {"auc": "0.5", "boyce": "0.2"},
        "Dus untested": {"auc": "", "boyce": ""},
    }
    findings: list[Finding] = []
    assert sorted(trusted(models, 0.0, findings)) == ["Aus good", "Dus untested"]
    (told,) = findings
    assert told.rule == "species.weak_model"
    assert "Bus contrary, Cus chance" in told.message


def test_nothing_is_told_where_every_model_is_of_use() -> None:
    findings: list[Finding] = []
    models = {"Aus good": {"auc": "0.9", "boyce": "0.0"}}
    assert trusted(models, 0.0, findings) == models
    assert not findings
