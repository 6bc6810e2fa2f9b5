"""How any topic's maps show classes, counts and small places."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from tests.reports.test_habitat_and_models import GRID, run_of, write_raster
from tianren.io.previews import Preview, read_preview
from tianren.reports import charts, maps, palette, pictures, sheet
from tianren.reports.contents import Contents, Surroundings
from tianren.reports.typeface import text_width

CRS = str(GRID.crs)
EXTENT = (0.0, 40_000.0, 0.0, 30_000.0)


def test_a_single_cell_grows_within_an_edge_and_keeps_its_place() -> None:
    cells = np.zeros((700, 1400), np.float32)
    cells[100, 200], cells[400, 900] = 2, 7
    grown = pictures._enlarged(Preview(cells, (0.0, 1400.0, 0.0, 700.0), CRS), [1, 2])
    side = 2 * pictures._GROWN + 1
    assert (grown.cells == 2).sum() == side**2
    assert (grown.cells == pictures._EDGE).sum() == (side + 2 * pictures._EDGED) ** 2 - side**2
    assert not (grown.cells == 7).any()  # a code without a look is not shown
    rows, columns = np.nonzero(grown.cells == 2)
    left, _, _, top = grown.extent
    assert left + columns.mean() + 0.5 == 200.5 and top - rows.mean() - 0.5 == 700 - 100.5


def test_a_cell_larger_than_a_dot_is_split_and_grows_by_the_same_share_of_the_map() -> None:
    cells = np.zeros((30, 40), np.float32)
    cells[10, 20] = 1
    grown = pictures._enlarged(Preview(cells, EXTENT, CRS), [1])
    dots = pictures._FINE // 40
    assert (grown.cells == 1).sum() == (dots + 2 * pictures._GROWN) ** 2
    assert grown.cell == pytest.approx((1000 / dots, 1000 / dots))


def test_more_is_darker_and_none_is_plain_land() -> None:
    for most in (1, 2, 5, pictures.MOST_CLASSES):
        colours = pictures._darker(most, "water_and_vegetation")
        assert colours[0] == palette.PLAIN_LAND and len(set(colours)) == most + 1
        light = palette.lightness(np.array([palette.rgb(c) for c in colours]))
        assert (np.diff(light) < 0).all()


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    slope = np.tile(np.arange(40) / 10, (30, 1))
    write_raster(tmp_path / "count.tif", slope)
    return run_of(tmp_path, "models")


def drawn(contents: Contents, most: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the legend of a count."""
    told: list[str] = []
    write = sheet.write

    def kept(axes: object, x: float, y: float, text: str, points: float, **how: object) -> object:
        told.append(text)
        return write(axes, x, y, text, points, **how)

    monkeypatch.setattr(sheet, "write", kept)
    path = contents.folder / "count.tif"
    shown = read_preview(path)
    caption = pictures.Caption("Title", "what", "Species")
    ground = maps.Ground(contents, path)
    pictures.counts(contents, ground, shown, most, contents.folder / "count.png", caption)
    return told


def test_a_small_count_has_a_class_for_each_number(
    contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = drawn(contents, 4, monkeypatch)
    assert [text for text in told if text.replace(".", "").isdigit()][:5] == list("01234")
    assert not any("." in text and text.replace(".", "").isdigit() for text in told)


def test_a_large_count_has_a_ramp_of_whole_numbers(
    contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = drawn(contents, 60, monkeypatch)
    assert {"0", "20", "40", "60", "Darker: more"} <= set(told)


def test_ticks_of_a_ramp_of_logarithms_are_powers_of_ten() -> None:
    assert sheet.decades(-2.6, 1.2) == [(-2, "0.01"), (-1, "0.1"), (0, "1"), (1, "10")]


def test_relief_ends_at_the_border_where_only_polygons_tell_it(tmp_path: Path) -> None:
    """The relief covers the frame; the region is its western half."""
    bumps = np.tile(np.sin(np.arange(40)) * 500, (30, 1))
    write_raster(tmp_path / "elevation.tif", bumps)
    region = gpd.GeoDataFrame({"realm": ["land"]}, geometry=[shapely.box(0, 0, 2e4, 3e4)], crs=CRS)
    around = Surroundings(region=region, elevation=tmp_path / "elevation.tif")
    ground = maps.Ground(replace(run_of(tmp_path, "records"), surroundings=around))
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 3), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    sheet.frame(axes, EXTENT)
    ground.draw(axes)
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[20:280, 20:380, 0]
    assert picture[:, :160].std() > 5
    assert set(np.unique(picture[:, 200:])) == {round(255 * palette.rgb(palette.ABROAD)[0])}


def test_a_name_too_long_for_two_lines_ends_with_dots_and_fits() -> None:
    room = 1.9
    name = "Verwaltungskreis Interlaken-Oberhasli water conservation ecological redline"
    lines = charts._two_lines(name, room)
    assert len(lines) == 2 and lines[1].endswith(" …") and name.startswith(lines[0])
    assert all(text_width(line, 8.5) <= room for line in lines)
    assert charts._two_lines("Ticino", room) == ["Ticino"]
