"""Maps: complete, the same bytes each time, true scale, and in three languages."""

import math
from pathlib import Path

import make_run
import numpy as np
import pytest
from PIL import Image

from tianren.io.previews import read_preview
from tianren.language import set_language
from tianren.reports import maps, palette, sheet
from tianren.reports.contents import Contents


@pytest.fixture(scope="module")
def ground(contents: Contents) -> maps.Ground:
    return maps.Ground(contents)


def test_every_layer_gets_its_map(contents: Contents, tmp_path: Path) -> None:
    names = {drawn.path.stem for drawn in maps.draw_maps(contents, tmp_path)}
    wanted = {"redline", "criteria", "robustness"}
    wanted |= {f"{kind}_{c}" for c in make_run.CRITERIA for kind in ("grade", "value")}
    assert names == wanted


@pytest.mark.parametrize("language", ["en", "zh", "es"])
def test_a_map_is_the_same_bytes_and_says_its_dpi(
    contents: Contents, ground: maps.Ground, tmp_path: Path, language: str
) -> None:
    set_language(language)
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        made.append(maps.redline(contents, ground, tmp_path / name).path)
    assert made[0].read_bytes() == made[1].read_bytes()
    with Image.open(made[0]) as picture:
        assert round(picture.info["dpi"][0]) == sheet.DPI
        assert "Software" not in picture.info


def test_the_map_shows_edge_category_and_protected_areas(
    contents: Contents, ground: maps.Ground, tmp_path: Path
) -> None:
    path = maps.redline(contents, ground, tmp_path).path
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    for colour in (palette.EDGE, palette.PROTECTED):
        wanted = np.round(255 * np.array(palette.rgb(colour)))
        assert (np.abs(pixels - wanted).max(axis=1) < 12).sum() > 100


def test_alternative_text_says_the_finding(
    contents: Contents, ground: maps.Ground, tmp_path: Path
) -> None:
    drawn = maps.grade(contents, ground, "water_conservation", tmp_path)
    assert drawn.title in drawn.alt
    assert "Synthetia" in drawn.alt


def test_a_flat_region_has_an_even_shade_and_missing_stays_missing() -> None:
    flat = np.full((8, 9), 100.0, dtype=np.float32)
    flat[0, 0] = np.nan
    shade = maps.hillshade(flat, (1000, 1000))
    assert np.isnan(shade[0, 0])
    assert np.nanmax(shade) - np.nanmin(shade) < 1e-6


def test_the_sun_stands_in_the_north_west() -> None:
    """A slope that faces north-west is lighter than one that faces south-east."""
    y, x = np.mgrid[0:20, 0:20].astype(np.float32)
    facing_north_west, facing_south_east = (x + y) * 50, -(x + y) * 50
    light = maps.hillshade(facing_north_west, (1000, 1000)).mean()
    dark = maps.hillshade(facing_south_east, (1000, 1000)).mean()
    assert light > dark + 0.1


def test_grades_are_coloured_and_missing_is_clear() -> None:
    cells = np.array([[5, 3, 1, 0, np.nan]], dtype=np.float32)
    picture = maps.graded(cells, "water_conservation")
    assert tuple(picture[0, 0, :3]) == palette.rgb(palette.grade_colours("water_conservation")[5])
    assert picture[0, 4, 3] == 0
    assert (picture[0, :4, 3] > 0).all()


def test_values_beyond_the_ends_take_the_end_colours() -> None:
    colours = palette.ramp("magnitude")
    cells = np.array([[-5.0, 0.0, 10.0, 99.0]], dtype=np.float32)
    picture = maps.coloured(cells, colours, 0.0, 10.0)
    assert np.array_equal(picture[0, 0], picture[0, 1])
    assert np.array_equal(picture[0, 2], picture[0, 3])


def test_a_large_raster_is_read_small(run_folder: Path) -> None:
    path = run_folder / "values" / "water_conservation.tif"
    small, full = read_preview(path, most=30), read_preview(path)
    assert max(small.cells.shape) == 30
    assert small.extent == full.extent
    assert np.nanmean(small.cells) == pytest.approx(np.nanmean(full.cells), rel=0.05)


def test_categories_are_picked_not_averaged(run_folder: Path) -> None:
    read = read_preview(run_folder / "grades" / "water_conservation.tif", most=30, category=True)
    assert set(np.unique(read.cells[np.isfinite(read.cells)])) <= {0, 1, 3, 5}


def test_north_is_up_on_the_central_meridian_and_turned_beside_it() -> None:
    def bearing(x: float) -> float:
        extent = (x - 1e4, x + 1e4, -1e4, 1e4)
        return sheet.bearing_of_north(sheet.Sheet("", "", extent, make_run.CRS, []))

    assert abs(bearing(0.0)) < 1e-6
    # South of the equator meridians spread northward: east of the centre north leans east.
    assert bearing(500e3) > math.radians(0.5)
    assert bearing(-500e3) == pytest.approx(-bearing(500e3), rel=1e-6)


@pytest.mark.parametrize(("high", "low"), [(100, 0), (0.9, 0.1), (1e6, 3e5), (3.87, 1.6)])
def test_ticks_are_few_round_and_within_the_ends(high: float, low: float) -> None:
    ticks = sheet.ticks(low, high)
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-9 <= value <= high + 1e-9 for value, _ in ticks)
    assert len({text for _, text in ticks}) == len(ticks)


def a_sheet(ratio: float, *, whole_width: bool, entries: int = 6) -> sheet.Sheet:
    extent = (0.0, 100e3 * ratio, 0.0, 100e3)
    legend = [sheet.heading("Head"), *(sheet.line(f"Line {n}", "#000000") for n in range(entries))]
    return sheet.Sheet("", "", extent, make_run.CRS, [], legend, whole_width=whole_width)


def test_a_name_is_never_read_as_a_formula_of_mathematics() -> None:
    """Between two dollar signs matplotlib would see TeX, and stop at what is none."""
    name = r"100 $ \frac of 200 $ reserve"
    laid = sheet.lay_out(sheet.Sheet(name, name, (0.0, 1e5, 0.0, 1e5), make_run.CRS, [name], []))
    laid.figure.canvas.draw()
    assert laid.figure.texts
    assert not any(text.get_parse_math() for text in laid.figure.texts)


@pytest.mark.parametrize("whole_width", [True, False])
@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.0, 1.3, 2.0, 3.5])
def test_the_frame_fits_the_region(ratio: float, whole_width: bool) -> None:
    """No blank band on either side, but round a region too thin for a frame of its own."""
    page = a_sheet(ratio, whole_width=whole_width)
    placed = sheet.arrange(page)
    shown = sheet.fill_box(page.extent, placed.wide / placed.tall)
    assert placed.tall <= page.tallest + 1e-9
    assert placed.wide <= sheet.WIDTH - 2 * sheet.MARGIN + 1e-9
    assert shown[3] - shown[2] == pytest.approx(sheet.ROOM * 100e3)
    assert shown[1] - shown[0] == pytest.approx(sheet.ROOM * 100e3 * ratio)


def test_a_wide_country_has_its_legend_below_and_a_tall_one_beside() -> None:
    wide = sheet.arrange(a_sheet(1.6, whole_width=True))
    tall = sheet.arrange(a_sheet(0.7, whole_width=True))
    assert len(wide.columns) == 3
    assert wide.legend[1] > wide.tall
    assert wide.wide == pytest.approx(sheet.WIDTH - 2 * sheet.MARGIN)
    assert len(tall.columns) == 1
    assert tall.legend[0] > tall.wide


def test_columns_keep_the_order_and_no_head_stands_alone() -> None:
    page = a_sheet(1.6, whole_width=True)
    columns = sheet.in_columns(page.entries, 3)
    assert [e for column in columns for e in column] == page.entries
    assert not any(column[-1].heads for column in columns)


def test_relief_stops_at_the_border_when_it_ends_inside_the_frame(contents: Contents) -> None:
    ground = maps.Ground(contents)
    left, right, bottom, top = ground.extent
    assert ground.shade is not None
    assert ground.relief_abroad == maps._encloses(
        ground.shade.extent, sheet.fill_box(ground.extent, (right - left) / (top - bottom))
    )


@pytest.mark.parametrize(
    ("citation", "short"),
    [
        ("Beck, H. E., Wood, E. F. (2018): Climate maps. Scientific Data 5:180214", "Beck 2018"),
        ("GLOBE Task Team (1999): GLOBE. NOAA", "GLOBE Task Team 1999"),
        ("Bundesamt für Statistik (BFS), GEOSTAT 2024", "Bundesamt für Statistik"),
        ("Register of protected areas (2026)", "Register of protected areas 2026"),
        ("徐涵秋（2013）：区域生态环境", "徐涵秋 2013"),
    ],
)
def test_a_map_names_its_sources_in_short(citation: str, short: str) -> None:
    assert maps.short_citation(citation) == short
