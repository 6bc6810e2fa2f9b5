"""Every equation of the house: a missing input is missing, and a number and a map agree."""

import inspect
import math
from importlib import import_module

import numpy as np
import pytest

from tianren.science.equation import Equation, fuse

MODULES = (
    "biodiversity", "carbon", "coast", "ecological_quality", "grading", "habitat",
    "productivity", "sensitivity", "soil_erosion", "suitability", "targets", "water",
    "wind_erosion",
)  # fmt: skip


def every_equation() -> list[tuple[str, Equation]]:
    """Each equation once, by the module that defines it."""
    found = []
    for name in MODULES:
        module = import_module(f"tianren.science.{name}")
        for key, value in sorted(vars(module).items()):
            if isinstance(value, Equation) and value.scalar.__module__ == module.__name__:
                found.append((f"{name}.{key}", value))
    return found


EQUATIONS = every_equation()


def samples(equation: Equation, count: int = 40) -> np.ndarray:
    """Values from 0.01 to 100 for each of its inputs, the same on every run."""
    width = len(inspect.signature(equation.scalar).parameters)
    return np.exp(np.random.default_rng(7).uniform(math.log(0.01), math.log(100), (width, count)))


@pytest.mark.parametrize(("name", "equation"), EQUATIONS, ids=[n for n, _ in EQUATIONS])
def test_a_number_and_a_map_agree(name: str, equation: Equation) -> None:
    values = samples(equation)
    on_map = np.asarray(equation(*values))
    by_number = [equation(*(float(v) for v in column)) for column in values.T]
    np.testing.assert_allclose(on_map, by_number, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("name", "equation"), EQUATIONS, ids=[n for n, _ in EQUATIONS])
def test_a_missing_input_gives_a_missing_result(name: str, equation: Equation) -> None:
    values = samples(equation, 1)[:, 0].tolist()
    for position in range(len(values)):
        given = [*values[:position], math.nan, *values[position + 1 :]]
        assert math.isnan(equation(*given))


@pytest.mark.parametrize(("name", "equation"), EQUATIONS, ids=[n for n, _ in EQUATIONS])
def test_every_equation_says_what_it_is(name: str, equation: Equation) -> None:
    text = equation.__doc__ or ""
    assert len(text) > 40, name


def test_a_chain_of_equations_fuses_into_one_pass() -> None:
    from tianren.science.grading import grade_score
    from tianren.science.sensitivity import (
        erosivity_score,
        falling_score,
        relief_score,
        water_erosion,
    )
    from tianren.science.soil_erosion import cover_factor, soil_retention, steepness_factor

    def chain(R: float, K: float, slope: float, cover: float, relief: float) -> tuple[float, float]:
        steep = steepness_factor(slope, 5.14, 10.20, 28.81)
        kept = soil_retention(R, K, 1.0, steep, cover_factor(cover))
        score = water_erosion(
            erosivity_score(R, 981.0, 5886.0, math.inf, math.inf), 3.0,
            relief_score(relief, 50.0, 300.0, math.inf, math.inf),
            falling_score(cover, 0.6, 0.2, -math.inf, -math.inf),
        )  # fmt: skip
        return kept, grade_score(score, 2.0, 4.0)

    rng = np.random.default_rng(0)
    layers = [
        rng.uniform(low, high, (5, 6)).astype(np.float32)
        for low, high in ((0, 9000), (0, 0.05), (0, 60), (0, 1), (0, 900))
    ]
    kept, grade = fuse(chain)(*layers)
    for r in range(5):
        for c in range(6):
            expected = chain(*(float(layer[r, c]) for layer in layers))
            assert kept[r, c] == pytest.approx(expected[0], rel=1e-6)
            assert grade[r, c] == expected[1]
