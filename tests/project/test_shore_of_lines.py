"""A region whose shore comes as lines: filled when it closes, refused with the gap when not."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from tianren.errors import UserError
from tianren.project.project import open_project

from .small_project import LAEA, make_project

WEST = [(0, -15_000), (-20_000, -15_000), (-20_000, 15_000), (0, 15_000)]
EAST = [(0, -15_000), (20_000, -15_000), (20_000, 15_000), (0, 15_000)]


def with_shore(folder: Path, *lines: list[tuple[float, float]]) -> Path:
    made = make_project(folder)
    shore = [shapely.LineString(line) for line in lines]
    layer = gpd.GeoDataFrame({"name": ["Land"] * len(shore)}, geometry=shore, crs=LAEA)
    layer.to_file(made / "data" / "region.gpkg", layer="country")
    return made


def test_a_shore_that_closes_is_the_land_inside_it(tmp_path: Path) -> None:
    project = open_project(with_shore(tmp_path, WEST, EAST))
    assert project.region.area.tolist() == pytest.approx([40_000 * 30_000])
    assert project.region["name"].tolist() == ["Land"]


def test_a_shore_that_does_not_close_says_where_and_how_wide(tmp_path: Path) -> None:
    project = open_project(with_shore(tmp_path, WEST, [*EAST[:-1], (250, 15_000)]))
    with pytest.raises(UserError, match="the shoreline does not close") as fault:
        _ = project.region
    assert fault.value.by_how_much == (
        "2 loose ends, the worst at 8.00000, 45.13497 is 250.0 m from the next"
    )
