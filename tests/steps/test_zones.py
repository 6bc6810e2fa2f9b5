"""Zones of a project: exact shares, whole cells, overlap once, and what is refused."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tianren.errors import UserError
from tianren.project.project import Project, open_project
from tianren.raster.raster import cell_area
from tianren.steps.zones import zone_names, zone_sources, zones

MORE = """
[zones.strips]
source = "strips"
where = {kind = "Kept"}

[zones.towns]
source = "landcover"
classes = [13]

[zones.nowhere]
source = "strips"
where = {kind = "none of them"}

[zones.wrong]
source = "strips"
where = {colour = "red"}

[zones.lines]
source = "lines"
"""
SOURCES = """
[strips]
uri = "data/strips.gpkg"
kind = "vector"

[lines]
uri = "data/lines.gpkg"
kind = "vector"
"""
# Two that overlap, and one that is not kept; all off the cells' borders.
STRIPS = [
    shapely.box(-10_300, -5_000, 2_300, 3_000),
    shapely.box(-5_000, -2_000, 5_000, 8_700),
    shapely.box(-19_000, -14_000, -15_000, -12_000),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = make_project(tmp_path_factory.mktemp("zones"), PROJECT + MORE, CATALOG + SOURCES)
    strips = gpd.GeoDataFrame({"kind": ["kept", "KEPT", "not"]}, geometry=STRIPS, crs=LAEA)
    strips.to_file(folder / "data" / "strips.gpkg")
    line = shapely.LineString([(0, 0), (9_000, 9_000)])
    gpd.GeoDataFrame(geometry=[line], crs=LAEA).to_file(folder / "data" / "lines.gpkg")
    return open_project(folder)


def test_polygons_hold_their_exact_area_and_their_overlap_once(project: Project) -> None:
    found = zones(project, ["strips"])
    area = shapely.union_all(STRIPS[:2]).area
    assert found.cells.sum() * cell_area(project.grid) == pytest.approx(area, rel=1e-9)
    assert found.shapes[0].area == pytest.approx(area, rel=1e-9)


def test_protected_is_what_must_be_included(project: Project) -> None:
    found = zones(project, ["protected"])
    east = shapely.box(0, -15_000, 20_000, 15_000)
    assert found.cells.sum() * cell_area(project.grid) == pytest.approx(east.area, rel=1e-6)


def test_the_sources_of_zones_are_known_before_they_are_read(project: Project) -> None:
    assert zone_sources(project, ["towns", "strips", "protected"]) == (
        "landcover", "provinces", "strips",
    )  # fmt: skip
    with pytest.raises(UserError, match="there is no redline yet"):
        zone_sources(project, ["redline"])


def test_a_raster_holds_whole_cells(project: Project) -> None:
    found = zones(project, ["towns"])
    built = project.rasters(["landcover"])[0]["landcover"].read() == 13
    assert (found.cells.toarray().reshape(built.shape) == built).all()
    assert found.shapes == (None,)


def test_any_zone_counts_overlap_once(project: Project) -> None:
    found = zones(project, ["strips", "protected", "towns"])
    east = shapely.box(0, -15_000, 20_000, 15_000)
    strips = zones(project, ["strips"]).cells
    polygons = shapely.union_all([*STRIPS[:2], east]).area
    alone = zones(project, ["strips", "protected"]).any
    assert alone.sum() * cell_area(project.grid) == pytest.approx(polygons, rel=1e-6)
    assert (found.any >= found.cells.max(axis=0).toarray().ravel() - 1e-12).all()
    assert (found.any <= found.cells.sum(axis=0) + 1e-12).all()
    assert found.any.max() <= 1.0
    assert strips.shape[0] == 1


def test_a_zone_without_a_feature_holds_nothing_and_says_so(project: Project) -> None:
    found = zones(project, ["nowhere"])
    assert found.cells.nnz == 0
    assert [f.rule for f in found.findings] == ["zones.empty"]


def test_every_zone_of_the_project_is_known_by_name(project: Project) -> None:
    assert zone_names(project) == ("strips", "towns", "nowhere", "wrong", "lines", "protected")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("redline", "there is no redline yet"),
        ("strip", "did you mean strips"),
        ("wrong", "there is no column colour"),
        ("lines", "cover no area"),
    ],
)
def test_what_is_no_zone_is_refused(project: Project, name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        zones(project, [name])


def test_a_project_without_zones_says_how_to_have_some(tmp_path: Path) -> None:
    bare = PROJECT.split("[must_include.parks]")[0]
    project = open_project(make_project(tmp_path, bare))
    with pytest.raises(UserError, match="has no zones"):
        zones(project)


SITES = """
[sites]
uri = "data/sites.gpkg"
kind = "vector"
"""
INCLUDED = '\n[must_include.parks]\nsource = "sites"\nkind = "protected_area"\n'
COUNTED = '\n[account]\nsites = ["sites"]\n'


@pytest.mark.parametrize("named", [INCLUDED, COUNTED, INCLUDED + COUNTED])
def test_the_same_sites_are_protected_whichever_section_names_them(
    tmp_path: Path, named: str
) -> None:
    """Two parks that count and overlap, one that reaches beyond the border; one proposed, a
    biosphere reserve and an OECM that are no protected areas."""
    bare = PROJECT.split("[must_include.parks]")[0]
    folder = make_project(tmp_path, bare + named, CATALOG + SITES)
    west, east = shapely.box(-10_000, 0, 2_000, 5_000), shapely.box(0, 0, 30_000, 5_000)
    other = shapely.box(-10_000, -10_000, -5_000, -5_000)
    rows = [
        ("1", "Designated", "National Park", "PA", west),
        ("2", "Inscribed", "Ramsar Site", "PA", east),
        ("3", "Proposed", "National Park", "PA", other),
        ("4", "Designated", "UNESCO-MAB Biosphere Reserve", "PA", other),
        ("5", "Designated", "Grove", "OECM", other),
        ("6", "Designated", "Reserve", "PA", shapely.Point(-15_000, 10_000)),
    ]
    columns = ("SITE_ID", "STATUS", "DESIG_ENG", "SITE_TYPE", "geometry")
    layer = gpd.GeoDataFrame([dict(zip(columns, r, strict=True)) for r in rows], crs=LAEA)
    layer.assign(REP_AREA=4.0, SITE_PID=layer["SITE_ID"]).to_file(folder / "data" / "sites.gpkg")
    project = open_project(folder)
    assert "protected" in zone_names(project)
    assert zone_sources(project, ["protected"]) == ("sites",)
    held = zones(project, ["protected"]).cells.sum() * cell_area(project.grid)
    assert held == pytest.approx(30_000 * 5_000 + 4e6, rel=1e-6)  # and a circle of 4 km2
