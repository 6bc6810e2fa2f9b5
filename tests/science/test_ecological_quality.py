"""EI and EQI: worked numbers, classes at their limits."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.parameters import Parameters, override
from tianren.science.ecological_quality import EI_PARTS, EQI_PARTS, Index, ei, eqi

DAY = dt.date(2026, 1, 1)
RULES = Parameters(DAY)
PART = st.floats(0, 100)


def parts(names: tuple[str, ...], *values: float) -> dict[str, float]:
    return dict(zip(names, values, strict=True))


def test_the_worked_numbers() -> None:
    assert ei(RULES).value(parts(EI_PARTS, 60, 70, 30, 20, 5)) == pytest.approx(64.5)
    assert eqi(RULES).value(parts(EQI_PARTS, 60, 70, 50, 20)) == pytest.approx(63.6)


@pytest.mark.parametrize(("index", "names"), [(ei(RULES), EI_PARTS), (eqi(RULES), EQI_PARTS)])
def test_an_index_runs_from_0_to_100(index: Index, names: tuple[str, ...]) -> None:
    stress = {"LS", "PL", "stress"}
    best = {n: 0.0 if n in stress else 100.0 for n in names}
    assert index.value(best) == pytest.approx(100)
    assert index.value({n: 100 - v for n, v in best.items()}) == pytest.approx(0)


@given(st.lists(PART, min_size=4, max_size=4), st.integers(0, 3), st.floats(0, 100))
def test_better_parts_never_lower_it(values: list[float], which: int, other: float) -> None:
    index = eqi(RULES)
    before = parts(EQI_PARTS, *values)
    name = EQI_PARTS[which]
    better = min(other, before[name]) if name == "stress" else max(other, before[name])
    assert index.value({**before, name: better}) >= index.value(before) - 1e-9


@pytest.mark.parametrize(
    ("value", "of_ei", "of_eqi"),
    [(75, "excellent", "class 1"), (74.9, "good", "class 1"), (55, "good", "class 2"),
     (54.9, "fair", "class 3"), (35, "fair", "class 4"), (20, "poor", "class 5"),
     (19.9, "bad", "class 5"), (0, "bad", "class 5")],
)  # fmt: skip
def test_a_limit_belongs_to_the_better_class(value: float, of_ei: str, of_eqi: str) -> None:
    assert (ei(RULES).class_of(value), eqi(RULES).class_of(value)) == (of_ei, of_eqi)


def test_the_published_years_fall_into_their_classes() -> None:
    """National EQI 59.77 in 2021 and 59.6 in 2022 are class 2; Henan's 54.76 in 2024 is class 3."""
    found = [eqi(RULES).class_of(value) for value in (59.77, 59.6, 54.76)]
    assert found == ["class 2", "class 2", "class 3"]


def test_restrictions_take_it_down_to_the_worst_at_most() -> None:
    assert ei(RULES).class_of(80, 1) == "good"
    assert ei(RULES).class_of(80, 9) == "bad"


@pytest.mark.parametrize(
    ("now", "of_ei", "of_eqi"),
    [(60.9, "none", "none"), (61, "slight", "slight"), (62, "slight", "evident"),
     (57, "evident", "evident"), (56, "evident", "marked"), (68, "marked", "marked")],
)  # fmt: skip
def test_changes_count_either_way(now: float, of_ei: str, of_eqi: str) -> None:
    assert (ei(RULES).change_of(60, now), eqi(RULES).change_of(60, now)) == (of_ei, of_eqi)


def test_wrong_parts_and_weights_are_refused() -> None:
    with pytest.raises(UserError, match="not 0 to 100"):
        ei(RULES).value(parts(EI_PARTS, 60, 70, 30, 20, 101))
    with pytest.raises(UserError, match="not 0 to 100"):
        ei(RULES).value(parts(EI_PARTS[:4], 60, 70, 30, 20))
    with pytest.raises(UserError, match="not 0 to 100"):
        eqi(RULES).value({**parts(EQI_PARTS, 1, 2, 3, 4), "BI": 5})
    entry = {"value": {"structure": 0.5, "function": 0.5, "biodiversity": 0.5, "stress": 0.5}}
    own = override("ecological_quality.eqi_weights", entry, "a try")
    with pytest.raises(UserError, match="sum to 2"):
        eqi(Parameters(DAY, overrides={own.id: own}))
