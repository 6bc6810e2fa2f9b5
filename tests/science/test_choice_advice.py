"""What is wrong with a problem is said before it is solved: which, and by how much."""

from typing import Any

import numpy as np
import pytest

from tianren.errors import UserError
from tianren.findings import Severity
from tianren.science.choice import LOCKED_IN, LOCKED_OUT, Borders, Problem, make_problem
from tianren.science.choice_advice import advice
from tianren.science.choice_solver import solve

AMOUNTS = np.array([[4.0, 0.0], [2.0, 1.0], [0.0, 3.0]])


def three(**more: Any) -> Problem:
    values: dict[str, Any] = {
        "cost": [1.0, 2.0, 3.0], "amounts": AMOUNTS, "targets": [3.0, 2.0],
        "units": ["a", "b", "c"], "features": ["lemur", "baobab"],
    }  # fmt: skip
    return make_problem(**{**values, **more})


def rules(problem: Problem) -> dict[str, str]:
    return {f"{f.rule} {f.subject}": f.message for f in advice(problem)}


def test_a_sound_problem_needs_no_advice() -> None:
    assert advice(three()) == []


def test_targets_out_of_reach_are_named_with_what_is_missing() -> None:
    problem = three(targets=[7.5, 2.0], status=[LOCKED_OUT, 0, 0])
    assert "at most 2 can be held: 5.5 short" in rules(problem)["choice.target_out_of_reach lemur"]
    with pytest.raises(UserError, match=r"1 of 2 targets .*lemur: target 7.5, at most 2"):
        solve(problem)


def test_a_feature_that_nobody_holds() -> None:
    amounts = AMOUNTS.copy()
    amounts[:, 1] = 0
    found = advice(three(amounts=amounts))
    assert [(f.rule, f.subject, f.severity) for f in found] == [
        ("choice.held_by_nobody", "baobab", Severity.ERROR)
    ]
    with pytest.raises(UserError, match="baobab: target 2, at most 0"):
        solve(three(amounts=amounts))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"cost": [1, -2, 3]}, r"project.plan.cost: a cost is negative .*1 of 3: b: -2"),
        ({"cost": [1, np.nan, 3]}, r"a cost is negative or missing .*b: nan"),
        ({"targets": [3, -1]}, r"a target is negative .*baobab: -1"),
        ({"amounts": -AMOUNTS}, r"an? amount is negative .*a: -4"),
        ({"objective": "maximum_coverage"}, r"maximum_coverage needs a budget"),
        ({"budget": 3.0}, r"minimum_set takes no budget"),
        ({"objective": "best"}, r"no objective called best"),
        ({"penalty": 1.0}, r"borders between the planning units are needed"),
        ({"cost": [1, 2]}, r"cost do not fit 3 planning units"),
    ],
)
def test_values_that_cannot_be_used_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        three(**values)


def test_budgets_that_are_too_small_or_too_large() -> None:
    some = {"objective": "minimum_shortfall", "status": [LOCKED_IN, 0, 0]}
    assert (
        "1 more than the budget"
        in rules(three(**some, cost=[3, 2, 3], budget=2.0))["choice.budget budget"]
    )
    assert "buys no further unit" in rules(three(**some, budget=2.5))["choice.budget budget"]
    assert "does not limit" in rules(three(**some, budget=60.0))["choice.budget budget"]
    with pytest.raises(UserError, match="they cost 3, the budget is 2"):
        solve(three(**some, cost=[3, 2, 3], budget=2.0))


def test_scales_that_hurt_and_units_that_are_twins() -> None:
    amounts = np.array([[4e6, 0.0], [2.0, 1.0], [2.0, 1.0]])
    found = rules(three(amounts=amounts, cost=[1, 2, 2], targets=[1.0, 1.0]))
    assert "2e+06 times" in found["choice.scale lemur"]
    assert "b = c" in found["choice.duplicate_units units"]


def test_locked_units_that_rules_cannot_suit() -> None:
    borders = Borders(np.array([0]), np.array([1]), np.ones(1), np.ones(3))
    problem = three(status=[LOCKED_IN, 0, LOCKED_IN], borders=borders, neighbours=1)
    assert "1 locked-in units have fewer than 1" in rules(problem)["choice.lonely_units neighbours"]
    problem = three(status=[LOCKED_IN, 0, LOCKED_IN], borders=borders, connected=True)
    assert "in 2 parts" in rules(problem)["choice.apart connected"]
    with pytest.raises(UserError, match="connection in one piece"):
        solve(problem)


def test_a_problem_reads_as_sentences() -> None:
    borders = Borders(np.array([0]), np.array([1]), np.ones(1), np.ones(3))
    text = str(three(status=[LOCKED_IN, 0, 0], borders=borders, penalty=0.5, neighbours=1))
    assert "Choose from 3 planning units the cheapest set" in text
    assert "the target of each of 2 features" in text
    assert "1 units are locked in and 0 locked out." in text
    assert "costs 0.5" in text and "at least 1 chosen neighbours" in text
