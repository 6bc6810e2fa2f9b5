"""Scores of Khoury et al. 2019: by plain loops, and their classes."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tianren.delineation.representativeness import priority, representativeness, rows

CUTS = {"urgent": 25.0, "high": 50.0, "medium": 75.0, "low": 100.0}
cells = st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0])


@given(
    hnp.arrays(np.float64, (3, 8), elements=cells),
    hnp.arrays(np.float64, 8, elements=cells),
    hnp.arrays(np.float64, (2, 8), elements=cells),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=3),
)
def test_scores_are_those_of_plain_loops(
    ranges: np.ndarray, held: np.ndarray, regions: np.ndarray, counts: list[tuple[int, int]]
) -> None:
    all_records = np.array([max(c) for c in counts])
    in_zones = np.array([min(c) for c in counts])
    sparse = scipy.sparse.csr_array
    found = representativeness(sparse(ranges), held, all_records, in_zones, sparse(regions))
    for i, share in enumerate(ranges):
        area = sum(share.tolist())
        scores = []
        if all_records[i]:
            scores.append(100 * in_zones[i] / all_records[i])
            assert found.srs[i] == pytest.approx(scores[-1])
        if area:
            scores.append(100 * sum(a * h for a, h in zip(share, held, strict=True)) / area)
            assert found.grs[i] == pytest.approx(scores[-1])
        reached = [r for r in regions if any(a * b > 0 for a, b in zip(share, r, strict=True))]
        kept = [
            r for r in reached
            if any(a * b * h > 0 for a, b, h in zip(share, r, held, strict=True))
        ]  # fmt: skip
        if reached:
            scores.append(100 * len(kept) / len(reached))
            assert found.ers[i] == pytest.approx(scores[-1])
        assert found.known[i] == len(scores)
        if scores:
            assert found.fcs[i] == pytest.approx(sum(scores) / len(scores))
        else:
            assert np.isnan(found.fcs[i])


def test_a_worked_example() -> None:
    ranges = scipy.sparse.csr_array(np.array([[1.0, 1.0, 1.0, 1.0]]))
    regions = scipy.sparse.csr_array(np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]]))
    held = np.array([1.0, 0, 0, 0])
    scores = representativeness(ranges, held, np.array([10]), np.array([6]), regions)
    (row,) = rows(["Mantella aurantiaca"], "protected", scores, CUTS)
    assert (row["srs"], row["grs"], row["ers"]) == (60, 25, 50)
    assert row["fcs"] == 45 and row["priority"] == "high" and row["scores"] == 3


def test_without_records_and_ecoregions_the_mean_is_of_what_is_known() -> None:
    ranges = scipy.sparse.csr_array(np.array([[1.0, 1.0]]))
    none = np.array([0])
    scores = representativeness(ranges, np.array([0.4, 0.4]), none, none)
    (row,) = rows(["a"], "z", scores, CUTS)
    assert (row["srs"], row["ers"], row["scores"]) == ("", "", 1)
    assert row["fcs"] == pytest.approx(40)


@pytest.mark.parametrize(
    ("score", "name"),
    [(0, "urgent"), (24.99, "urgent"), (25, "high"), (50, "medium"), (75, "low"), (100, "low")],
)
def test_classes_of_priority(score: float, name: str) -> None:
    assert priority(score, CUTS) == name


def test_no_score_has_no_priority() -> None:
    assert priority(float("nan"), CUTS) == ""
