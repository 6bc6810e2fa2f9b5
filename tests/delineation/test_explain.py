"""What an explanation says, from values that are written here."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tianren.delineation import redline
from tianren.delineation.explain import Book, Explanation, Sample, explain_cell, explain_piece
from tianren.raster.cuts import share_cuts

from .small_country import quantity

# Sorted 100, 90 ... 10 of 550: the first half of the total is reached with 70.
VALUES = quantity("water_conservation", [[100, 90, 80, 70, 60, 50, 40, 30, 20, 10]])
(CUTS,) = share_cuts(VALUES, [Fraction(1, 2), Fraction(4, 5)]).values()
BOOK = Book(
    "delineate-1",
    [
        {"criterion": "water_conservation", "status": "computed", "kind": "function",
         "method": "water balance", "unit": "mm/a", "reason": "", "inputs": ["precipitation"]},
        {"criterion": "water_erosion", "status": "computed", "kind": "sensitivity",
         "method": "factors", "unit": "1", "reason": "", "inputs": ["relief"]},
        {"criterion": "salinisation", "status": "missing", "kind": "sensitivity", "method": "",
         "unit": "", "reason": "missing: groundwater_depth", "inputs": []},
    ],
    {"water_conservation": {1: CUTS}},
    {
        "must": [{"kind": "protected_area", "name": "parks", "level": 2},
                 {"kind": "wetland", "name": "marshes", "level": 3}],
        "conflicts": [{"name": "towns", "kind": "built_up", "decision": "deduct", "reason": "r"}],
        "limits": {"water_erosion": [2.0, 4.0]},
        "minimum_m2": 4e6, "hole_m2": 2e6, "cell_m2": 1e6,
        "parameters": {"water_conservation": ["water.runoff"]},
    },
    {"water.runoff": {"id": "water.runoff", "verified": False}},
)  # fmt: skip


def sample(step: int, water: float, erosion: float, **more: object) -> Sample:
    """A cell graded as the cuts and thresholds of the book have it."""
    grades = {"water_conservation": 5 if water >= CUTS.thresholds[0] else 3,
              "water_erosion": 5 if erosion > 4 else 1}  # fmt: skip
    base = Sample(8.5, 46.5, 0, 0, step, 1, 1, 0, 0,
                  {"water_conservation": water, "water_erosion": erosion}, grades)  # fmt: skip
    return replace(base, **more)  # type: ignore[arg-type]


def told(step: int, water: float, erosion: float, **more: object) -> Explanation:
    found = explain_cell(sample(step, water, erosion, **more), BOOK, None)
    json.dumps(found.as_dict())
    return found


def test_thresholds_are_those_of_the_worked_cut() -> None:
    assert CUTS.thresholds[0] == 70


def test_a_core_cell_says_how_far_each_criterion_would_have_to_fall() -> None:
    found = told(redline.CORE, 100, 4.401)
    assert found.inside
    assert found.changes[0] == (
        "water conservation would have to fall from 100 to below 70.0 mm/a (30 %)"
    )
    assert found.changes[1] == "water erosion would have to fall from 4.40 to 4.00 or less (9 %)"
    assert "a hole of at most 2 km2 would be filled again" in found.changes[2]
    assert "water.runoff (1 from memory, source not read)" in found.text()
    assert "Layers: precipitation, relief" in found.text()


def test_the_rank_says_what_better_land_holds() -> None:
    why = told(redline.CORE, 80, 1.0).criteria[0]
    assert why.rank is not None
    low, high = why.rank
    assert low <= 190 / 550 + 1e-9 and high >= 190 / 550 and high - low < 0.2
    assert (why.grade, why.threshold) == (5, 70)


def test_must_include_names_its_sites_and_asks_for_delisting() -> None:
    sites = [{"site": "Ranomafana", "entry": "parks", "level": 2},
             {"site": "Elsewhere", "entry": "parks", "level": 1}]  # fmt: skip
    found = told(redline.MUST, 30, 1.0, must=0b01, sites=sites)
    assert found.changes == (
        "must-include as protected area (Ranomafana): it would have to be delisted",
    )
    assert found.must_include[0]["sites"] == ["Ranomafana"]


@pytest.mark.parametrize(
    ("step", "words", "change"),
    [
        (redline.FILLED, "it was a small hole", "the land around it would have to fall out"),
        (redline.DROPPED, "its patch was too small", "would have to reach 4 km2"),
        (redline.DEDUCTED, "a conflict was deducted", "the decision on towns"),
        (redline.PLAIN, "nothing is extreme here", "would have to rise from 30.0 to 70.0 mm/a"),
        (redline.NO_DATA, "has a value here", ""),
        (redline.OUTSIDE, "is outside the region", ""),
        (redline.CORRIDOR, "in a corridor", "would have to be given up"),
    ],
)
def test_every_step_has_its_own_words(step: int, words: str, change: str) -> None:
    nothing = step in (redline.NO_DATA, redline.OUTSIDE)
    water, erosion = (np.nan, np.nan) if nothing else (30.0, 1.0)
    found = told(step, water, erosion, conflicts=1)
    assert words in found.statement
    assert change in " ".join(found.changes)
    assert found.inside == (step in (redline.FILLED, redline.CORRIDOR))


def test_what_is_missing_is_kept_with_its_reason() -> None:
    missing = told(redline.CORE, 100, 1.0).criteria[2]
    assert (missing.status, missing.reason) == ("missing", "missing: groundwater_depth")


def test_a_piece_says_its_shares_and_what_all_of_it_would_need() -> None:
    piece = {"code": "A110001", "name": "Alpha", "area_m2": "9e6", "realm": "land", "level": 2,
             "must_include": "wetland", "reasons": "because"}  # fmt: skip
    counts = {"water_conservation": {"share_5_percent": "60.0", "mean": "75.5", "highest": "100"}}
    found = explain_piece(piece, counts, BOOK)
    assert found.statement == "A110001 Alpha: 9.0 km2, inside the line."
    assert found.changes == (
        (
            "water conservation would have to fall below 70.0 mm/a everywhere in it: "
            "by up to 30 % at its best cell"
        ),
        "must-include as wetland (marshes): it would have to be delisted",
    )
    assert "60.0 % of the piece is extremely important; mean 75.5 mm/a" in found.text()


def test_a_piece_across_zones_says_the_threshold_of_each() -> None:
    """Zone 11 has the worked cut; in zone 21, of half the values, half is reached with 35."""
    half = quantity("water_conservation", [[50, 45, 40, 35, 30, 25, 20, 15, 10, 5]])
    (poorer,) = share_cuts(half, [Fraction(1, 2), Fraction(4, 5)]).values()
    zonal = replace(
        BOOK,
        cuts={"water_conservation": {11: CUTS, 21: poorer}},
        zones={11: "Alpha, land", 21: "Beta, land"},
    )
    piece = {"code": "A1", "name": "N", "area_m2": "9e6", "realm": "land", "level": 2}
    counts = {"water_conservation": {"share_5_percent": "60.0", "mean": "75.5", "highest": "100"}}
    both = explain_piece(piece, counts, zonal, [21, 11])
    assert both.criteria[0].zones == (("Beta, land", 35.0), ("Alpha, land", 70.0))
    assert "extreme from 35.0 mm/a in Beta, land; 70.0 mm/a in Alpha, land" in both.text()
    (change,) = both.changes
    assert change.endswith(
        "everywhere in it below 35.0 mm/a in Beta, land; 70.0 mm/a in Alpha, land"
    )
    one = explain_piece(piece, counts, zonal, [21])
    assert (one.criteria[0].threshold, one.criteria[0].zones) == (35.0, ())
