"""What is said of each piece, counted another way; and the door no wrong layer leaves by."""

import datetime as dt
from functools import partial

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.delineation import pieces
from tianren.delineation.pieces import MustName, Units, check_pieces, describe, tally
from tianren.delineation.redline import ArrayStore, Limits, draw
from tianren.errors import UserError
from tianren.parameters import Parameters
from tianren.raster import blocks
from tianren.raster.raster import MISSING

from .small_country import CRITERIA, Country, category, country, grid, quantity

PARAMETERS = Parameters(dt.date(2026, 1, 1))
MUST = (MustName("protected_area", "cores", 1), MustName("protected_area", "reserves", 2),
        MustName("wetland", "marshes", 3))  # fmt: skip


def counted(c: Country, minimum: int = 4, holes: int = 3) -> tuple[pieces.Tally, Units, np.ndarray]:
    line = draw(c.ground(), Limits(minimum, holes), ArrayStore(grid(*c.realm.shape)))
    units = Units("county", ["A", "B", "C"], ["Alpha", "Beta", "Gamma"], c.ground().divisions)
    found = tally(line, c.ground().must, 3, [units], c.ground().grades,
                  {name: quantity(name, v) for name, v in c.values.items()})  # fmt: skip
    return found, units, line.cells.read()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_counts_are_those_of_whole_arrays(seed: int) -> None:
    c = country(seed)
    found, _, cells = counted(c)
    for piece in range(1, len(found.cells)):
        mine = cells == piece
        assert found.cells[piece] == mine.sum()
        for name in CRITERIA:
            assert found.extreme[name][piece] == (c.grades[name][mine] == 5).sum()
            values = c.values[name][mine].astype(float)
            known = values[~np.isnan(values)]
            assert found.known[name][piece] == known.size
            if known.size:
                assert found.mean(name, piece) == pytest.approx(known.mean(), rel=1e-9)
                assert found.highest[name][piece] == known.max()
        for bit in range(3):
            assert found.must[bit][piece] == (c.must[mine] >> bit & 1).sum()
        for unit, n in found.units_of("county").get(piece, []):
            code = MISSING if unit < 0 else unit
            assert n == (c.divisions[mine] == code).sum()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_counts_do_not_depend_on_blocks(seed: int) -> None:
    c = country(seed)
    whole, *_ = counted(c)
    original = pieces.reduce_blocks
    pieces.reduce_blocks = partial(blocks.reduce_blocks, size=7, workers=3)
    try:
        parts, *_ = counted(c)
    finally:
        pieces.reduce_blocks = original
    for name in CRITERIA:
        assert whole.total[name] == parts.total[name]
        np.testing.assert_array_equal(whole.highest[name], parts.highest[name])
    np.testing.assert_array_equal(whole.cells, parts.cells)
    assert whole.units == parts.units


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_every_piece_has_its_own_code_and_the_areas_add_up(seed: int) -> None:
    found, units, cells = counted(country(seed))
    rows = describe(found, [units], "county", MUST, PARAMETERS, 1e6)
    assert len({p.code for p in rows}) == len(rows) == cells.max(initial=0)
    assert sum(p.area_m2 for p in rows) == (cells > 0).sum() * 1e6
    for p in rows:
        assert p.category in pieces.CATEGORIES and p.reasons
        assert (p.level < 3) <= ("protected_area" in p.must_include)
        numbers = [q.code[-4:] for q in rows if q.code[:-6] == p.code[:-6]]
        assert numbers == sorted(numbers) and numbers[0] == "0001"


def one_piece(**five: int) -> pieces.Piece:
    """One piece of ten cells in a row; each criterion is extreme in its first cells."""
    row = np.zeros((1, 10), dtype=int)
    grades = {name: np.where(np.arange(10)[None] < n, 5, 1) for name, n in five.items()}
    c = Country(row + 1, grades, {}, row + 4, row, row, levels=(1, 2, 3))
    found, units, _ = counted(c, 1, 0)
    (piece,) = describe(found, [units], "county", MUST, PARAMETERS, 1e6)
    return piece


@pytest.mark.parametrize(
    ("five", "type_code", "dominant", "category"),
    [
        ({"water_conservation": 3, "biodiversity": 2}, "11", "water_conservation", "key_function"),
        ({"biodiversity": 3, "water_conservation": 3}, "11", "water_conservation", "key_function"),
        ({"biodiversity": 4, "soil_conservation": 3}, "12", "biodiversity", "habitat"),
        ({"soil_conservation": 1}, "13", "soil_conservation", "key_function"),
        ({"windbreak_sand_fixation": 1}, "14", "windbreak_sand_fixation", "key_function"),
        ({"carbon": 1}, "15", "carbon", "key_function"),
        ({"coastal_protection": 1}, "15", "coastal_protection", "key_function"),
        ({"water_erosion": 2, "carbon": 1}, "21", "water_erosion", "barrier"),
        ({"desertification": 2}, "22", "desertification", "barrier"),
        ({"rocky_desertification": 2}, "23", "rocky_desertification", "barrier"),
        ({"salinisation": 2}, "24", "salinisation", "barrier"),
        ({"coastal_erosion": 2}, "25", "coastal_erosion", "barrier"),
        ({"water_erosion": 2, "carbon": 2}, "15", "carbon", "key_function"),
        ({}, "12", "none", "habitat"),
    ],
)
def test_type_codes_and_categories(
    five: dict[str, int], type_code: str, dominant: str, category: str
) -> None:
    piece = one_piece(**five)
    assert (piece.type_code, piece.dominant, piece.category) == (type_code, dominant, category)
    assert piece.code == f"A{type_code}0001"


def test_what_a_piece_says() -> None:
    piece = one_piece(water_conservation=6, water_erosion=3)
    assert piece.name == "Alpha water conservation ecological conservation redline"
    assert piece.functions == "water_conservation 60.0 %; water_erosion 30.0 %"
    assert piece.reasons == (
        "water conservation: extremely important in 60.0 % of the piece; "
        "water erosion: extremely sensitive in 30.0 % of the piece; "
        "wetland (marshes): 100.0 % of the piece"
    )
    row = piece.row("delineate-1")
    assert row["county"] == "Alpha" and row["county_code"] == "A" and row["run"] == "delineate-1"
    assert (row["realm"], row["level"], row["must_include"]) == ("land", 3, "wetland")


def test_landscapes_name_pieces_and_divisions_number_them() -> None:
    row = np.zeros((1, 4), dtype=int)
    c = Country(row + 1, {"carbon": row + 5}, {}, row, row, row)
    line = draw(c.ground(), Limits(1, 0), ArrayStore(grid(1, 4)))
    county = Units("county", ["A"], ["Alpha"], c.ground().divisions)
    hills = Units("landscape", ["", "Blue Hills"], ["", "Blue Hills"],
                  category("hills", [[MISSING, 1, 1, MISSING]]))  # fmt: skip
    found = tally(line, c.ground().must, 3, [county, hills], c.ground().grades, {})
    (piece,) = describe(found, [county], "county", MUST, PARAMETERS, 1e6, hills)
    assert piece.name == "Blue Hills carbon sequestration ecological conservation redline"
    assert (piece.code, list(piece.units)) == ("A150001", ["county"])


def test_sea_pieces_without_a_division_have_codes_of_their_own() -> None:
    row = np.zeros((1, 4), dtype=int)
    c = Country(row + 2, {"biodiversity": row + 5}, {}, row, row, row + MISSING)
    found, units, _ = counted(c, 1, 0)
    (piece,) = describe(found, [units], "county", MUST, PARAMETERS, 1e6)
    assert (piece.code, piece.realm) == ("S120001", "sea")


SQUARES = [shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 3000, 1000)]


def test_pieces_that_sum_to_the_line_pass() -> None:
    check_pieces([1e6, 2e6], SQUARES, 3e6, 1.0)
    check_pieces([], [], 0.0, 1.0)


@pytest.mark.parametrize(
    ("areas", "shapes", "mask", "words"),
    [
        ([1e6, 2e6], SQUARES, 4e6, "do not sum to the line"),
        ([1e6, 2e6], [SQUARES[0], shapely.box(1000, 0, 3100, 1000)], 3e6, "is not its area"),
        ([1e6, 2e6], [SQUARES[0], shapely.box(500, 0, 2500, 1000)], 3e6, "overlap"),
        ([1e6, 2e6],
         [SQUARES[0], shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])], 3e6, "is not a valid"),
    ],
)  # fmt: skip
def test_a_layer_that_does_not_sum_cannot_leave(
    areas: list[float], shapes: list[object], mask: float, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        check_pieces(areas, shapes, mask, 1.0)
