"""Colours: lightness changes evenly, grades go from light to dark, text can be read."""

import numpy as np
import pytest

from tianren.reports import palette

RAMPS = ("magnitude", "water_and_vegetation", "sensitivity", "frequency")


@pytest.mark.parametrize("name", RAMPS)
def test_lightness_changes_evenly(name: str) -> None:
    steps = np.diff(palette.lightness(palette.ramp(name, 64)))
    assert (np.sign(steps) == np.sign(steps[0])).all()
    assert np.abs(steps - steps.mean()).max() < 0.25 * abs(steps.mean())


def test_the_diverging_ramp_is_lightest_in_its_middle() -> None:
    light = palette.lightness(palette.ramp("around_zero", 64))
    assert 28 < int(np.argmax(light)) < 36
    assert abs(light[0] - light[-1]) < 12


@pytest.mark.parametrize("criterion", [*palette.FUNCTIONS, *palette.SENSITIVITIES])
def test_grades_darken_and_survive_greyscale(criterion: str) -> None:
    colours = palette.grade_colours(criterion)
    light = palette.lightness(np.array([palette.rgb(colours[g]) for g in (1, 3, 5)]))
    assert light[0] - light[1] > 12
    assert light[1] - light[2] > 12


def test_categories_differ_in_pattern_too() -> None:
    looks = palette.CATEGORY_LOOKS.values()
    assert len({look.hatch for look in looks}) == len({look.fill for look in looks}) == 3
    assert 0.4 <= palette.FILL_OPACITY <= 0.6


@pytest.mark.parametrize("colour", [palette.INK, palette.FAINT_INK, palette.EDGE])
def test_text_has_enough_contrast_on_white(colour: str) -> None:
    light = palette.lightness(np.array([palette.rgb(colour)]))[0]
    luminance = ((light + 16) / 116) ** 3
    assert 1.05 / (luminance + 0.05) >= 4.5


def test_hex_goes_there_and_back() -> None:
    assert palette.hex_of(np.array(palette.rgb("#8b1a1a"))) == "#8b1a1a"
