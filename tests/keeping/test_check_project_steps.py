"""One footprint and one question: the answer, and every footprint that is none."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.features import geometry_mask

from tests.keeping.kept import DAY
from tests.project.small_project import LAEA
from tianren.errors import UserError
from tianren.language import set_language
from tianren.project.project import Project
from tianren.project.runs import latest_run
from tianren.steps.check_project import ProjectChecker, check_project, require_question
from tianren.steps.check_project_files import write_files
from tianren.steps.footprint import read_footprint
from tianren.steps.touched import placed

ON = DAY + dt.timedelta(days=60)
IN_LINE = (6_400, -1_600, 6_700, -1_400)  # in 1001150001, 60,000 m2
IN_CORE = (9_000, 7_000, 9_200, 7_100)
IN_PARK = (7_000, 5_000, 7_200, 5_100)
OUTSIDE = (-19_000, 1_000, -18_800, 1_200)
Draw = Callable[..., Path]


def check(project: Project, path: Path, activity: str = "patrol", **more: Any) -> Any:
    return check_project(project, path, activity, day=ON, **{"alternatives": False, **more})


def written(path: Path, shape: Any, crs: Any = LAEA) -> Path:
    gpd.GeoDataFrame({"n": [1]}, geometry=[shape], crs=crs).to_file(path)
    return path


@pytest.mark.parametrize(
    ("box", "classes"),
    [(IN_LINE, {"redline"}), (IN_CORE, {"core"}), (IN_PARK, {"protected"}), (OUTSIDE, {"outside"})],
)  # fmt: skip
def test_it_says_in_which_zone_a_footprint_lies(
    original: Project, draw: Draw, box: Any, classes: set[str]
) -> None:
    found = check(original, draw("fp", box))
    areas = {name: area for name, area in found.touched.classes.items() if area > 0.5}
    assert set(areas) == classes
    assert sum(areas.values()) == pytest.approx(shapely.box(*box).area)


def test_each_piece_of_land_counts_once_where_zones_overlap(original: Project, draw: Draw) -> None:
    """Park and line cover the same land; a footprint across the core's border is split by it."""
    found = check(original, draw("fp", (7_800, 7_000, 8_200, 7_100)))
    areas = {n: round(a) for n, a in found.touched.classes.items() if a > 0.5}
    assert areas == {"core": 20_000, "protected": 20_000}


def test_the_divisions_that_hold_it_sum_to_it(original: Project, draw: Draw) -> None:
    found = check(original, draw("fp", (-1_000, -500, 1_000, 500)))
    counties = [h for h in found.touched.units if h.zone.place.count("/") == 1]
    assert sum(h.area for h in counties) == pytest.approx(2_000_000)
    assert len(counties) == 4 and found.touched.place == ""


def test_a_county_is_named_with_the_province_it_lies_in(original: Project, draw: Draw) -> None:
    """The largest part lies in 东, the largest part of one county in 西: both are named, each with
    its own county."""
    both = shapely.union(shapely.box(-3_000, 100, 0, 4_000), shapely.box(0, -2_400, 4_000, 2_500))
    told = check(original, draw("fp", both)).text()
    assert "ha, County 1002, 东; County 202, 西\n" in told
    assert "ha, County 1001, 东\n" in check(original, draw("one", IN_LINE)).text()


def test_of_many_provinces_two_are_named_and_the_others_counted() -> None:
    chains = [["Innertkirchen", "Bern"], ["Realp", "Uri"], ["Sarnen", "Obwalden"], ["Brig"]]
    assert placed(chains) == "Innertkirchen, Bern; Realp, Uri; and 2 more"
    assert placed(chains[:2]) == "Innertkirchen, Bern; Realp, Uri"


def test_losses_are_those_of_the_cells_under_it(original: Project, draw: Draw) -> None:
    """Against a mask of whole cells: a footprint of four of them."""
    box = (6_000, -2_000, 8_000, 0)
    found = check(original, draw("fp", box))
    run = latest_run(original, "delineate")
    assert run is not None
    for loss in found.losses:
        with rasterio.open(run.path(f"values/{loss.function}.tif")) as source:
            values = np.nan_to_num(np.maximum(source.read(1), 0))
            inside = ~geometry_mask([shapely.box(*box)], values.shape, source.transform)
        share = 100 * values[inside].sum() / values.sum()
        assert inside.sum() == 4 and loss.percent == pytest.approx(share, rel=1e-6)


def test_places_nearby_touch_less_and_are_answered_too(original: Project, draw: Draw) -> None:
    found = check(original, draw("fp", IN_LINE), "visitor_facilities", alternatives=True)
    assert found.looked and found.elsewhere
    here = sum(found.touched.classes[c] for c in ("core", "protected", "redline"))
    for other in found.elsewhere:
        assert other.place.total < here
        assert other.verdict.answer is not found.verdict.answer or other.place.total > 0
        assert shapely.area(other.place.shape) == pytest.approx(found.footprint.area)
    distances = [other.place.distance for other in found.elsewhere]
    assert distances == sorted(distances)


def test_the_answer_is_text_and_data_that_say_the_same(original: Project, draw: Draw) -> None:
    found = check(original, draw("fp", IN_LINE))
    table = json.loads(json.dumps(found.as_dict()))
    assert table["answer"] == found.verdict.answer.value
    assert "1001150001" in found.text()
    assert table["touched"]["zones"][0]["code"] == "1001150001"


@pytest.mark.parametrize(("language", "unit"), [("zh", "公顷"), ("es", "ha")])
def test_an_answer_has_one_unit_of_area(
    original: Project, draw: Draw, language: str, unit: str
) -> None:
    found = check(original, draw("fp", IN_LINE))
    set_language(language)
    try:
        lines = found.text().splitlines()
    finally:
        set_language("en")
    (piece,) = [line for line in lines if "1001150001" in line]
    assert f"6.0 {unit} " in piece


def test_files_for_the_desk(original: Project, draw: Draw, tmp_path: Path) -> None:
    found = check(original, draw("fp", IN_LINE), "visitor_facilities", alternatives=True)
    files = write_files(original, found, tmp_path / "out")
    assert {p.name for p in files} == {"answer.txt", "answer.json", "answer.gpkg", "map.png"}
    layer = gpd.read_file(tmp_path / "out" / "answer.gpkg")
    assert {"footprint", "redline", "elsewhere"} == set(layer["what"])
    again = [p.read_bytes() for p in write_files(original, found, tmp_path / "again")]
    assert again == [p.read_bytes() for p in files]


def test_a_desk_answers_many_questions(original: Project, draw: Draw) -> None:
    desk = ProjectChecker(original, ON)
    try:
        for box in (IN_LINE, IN_CORE, OUTSIDE):
            footprint = read_footprint(original, draw("fp", box))
            one = desk.check(footprint, "patrol", alternatives=False)
            assert one.as_dict() == check(original, draw("fp", box)).as_dict()
    finally:
        desk.close()


# -- footprints that are none ----------------------------------------------------------------------


def test_before_the_line_is_in_force_nothing_is_permitted(original: Project, draw: Draw) -> None:
    path = draw("early", (7_800, 7_000, 8_200, 7_100))
    with pytest.raises(UserError, match="no line is kept on") as fault:
        check_project(original, path, "patrol", day=DAY - dt.timedelta(days=1))
    assert "register adopt" in fault.value.next_step


def test_a_line_needs_its_width(original: Project, tmp_path: Path) -> None:
    line = shapely.LineString([(6_200, -1_500), (7_800, -1_500)])
    path = written(tmp_path / "line.gpkg", line)
    with pytest.raises(UserError, match="--width"):
        check(original, path)
    found = check(original, path, width=12.0)
    assert found.footprint.area == pytest.approx(12 * 1_600)
    assert found.footprint.width == pytest.approx(12, rel=0.01)


ROAD = shapely.LineString([(6_700, -1_500), (7_800, -1_500)])


@pytest.mark.parametrize("together", [False, True])
def test_lines_beside_polygons_are_as_wide_as_they_are_said_to_be(
    original: Project, draw: Draw, tmp_path: Path, together: bool
) -> None:
    """As features of their own, and as parts of one collection."""
    shapes = [shapely.box(*IN_LINE), ROAD]
    path = draw("both", *([shapely.GeometryCollection(shapes)] if together else shapes))
    with pytest.raises(UserError, match="is a line") as fault:
        check(original, path)
    assert "1 of 2 features" in str(fault.value) and "--width" in fault.value.next_step
    found = check(original, path, width=12.0)
    assert found.footprint.area == pytest.approx(60_000 + 12 * 1_100)


def test_a_width_for_no_line_is_told_and_one_that_is_none_refused(
    original: Project, draw: Draw, tmp_path: Path
) -> None:
    found = check(original, draw("fp", IN_LINE), width=12.0)
    assert "--width 12 was not used" in found.text()
    line = written(tmp_path / "line.gpkg", ROAD)
    for width in (0.0, -3.0, float("nan"), float("inf")):
        with pytest.raises(UserError, match="the width is"):
            check(original, line, width=width)


def test_a_point_is_no_footprint_alone_or_beside_polygons(
    original: Project, draw: Draw, tmp_path: Path
) -> None:
    point = shapely.Point(6_500, -1_500)
    with pytest.raises(UserError, match="is a point"):
        check(original, written(tmp_path / "p.gpkg", point))
    with pytest.raises(UserError, match=r"is a point \(1 of 2 features, the first is number 2"):
        check(original, draw("both", IN_LINE, point))


def test_a_sliver_has_no_area(original: Project, tmp_path: Path) -> None:
    sliver = shapely.Polygon([(6_500, -1_500), (6_600, -1_500), (6_600, -1_500 + 1e-6)])
    with pytest.raises(UserError, match="no area"):
        check(original, written(tmp_path / "s.gpkg", sliver))


@pytest.mark.parametrize("side", [0.5, 0.05])
def test_less_than_the_register_measures_is_no_area_rather_than_abroad(
    original: Project, draw: Draw, side: float
) -> None:
    with pytest.raises(UserError, match="no area") as fault:
        check(original, draw("tiny", (6_500, -1_500, 6_500 + side, -1_500 + side)))
    assert f"{side * side:.4f}" in fault.value.by_how_much


def test_an_outline_that_encloses_nothing_has_no_area(
    original: Project, draw: Draw, tmp_path: Path
) -> None:
    """There and back along one line; beside land that has one, it is told that it was left out."""
    flat = shapely.Polygon([(6_300, -1_700), (6_700, -1_700), (6_300, -1_700)])
    with pytest.raises(UserError, match="has an area"):
        check(original, written(tmp_path / "flat.gpkg", flat))
    found = check(original, draw("both", IN_LINE, flat))
    assert "1 of 2 features enclose nothing" in found.text()


def test_a_self_crossing_footprint_is_refused_or_repaired_and_told(
    original: Project, tmp_path: Path
) -> None:
    """A bow tie is two triangles or one: a person must say which. A tiny loop is put right."""
    bow = shapely.Polygon([(6_300, -1_700), (6_700, -1_300), (6_700, -1_700), (6_300, -1_300)])
    with pytest.raises(UserError) as fault:
        check(original, written(tmp_path / "bow.gpkg", bow))
    assert "bow.gpkg" in str(fault.value) and "Next:" in str(fault.value)
    assert "100 % of the layer's area" in fault.value.by_how_much
    loop = shapely.Polygon([(6_300, -1_700), (6_700, -1_700), (6_700, -1_300), (6_500, -1_300),
                            (6_500.5, -1_299.5), (6_500.5, -1_300.5), (6_300, -1_300)])  # fmt: skip
    found = check(original, written(tmp_path / "loop.gpkg", loop))
    assert any("repair" in f.message for f in found.findings)


def test_a_wrong_crs_is_noticed_either_way(original: Project, tmp_path: Path) -> None:
    degrees = shapely.box(8.05, 44.98, 8.06, 44.99)
    with pytest.raises(UserError, match="no area"):
        check(original, written(tmp_path / "degrees.gpkg", degrees, LAEA))
    metres = shapely.box(*IN_LINE)
    with pytest.raises(UserError, match=r"degrees|CRS|outside"):
        check(original, written(tmp_path / "metres.gpkg", metres, "EPSG:4326"))


def test_without_a_crs_it_is_asked_for(original: Project, tmp_path: Path) -> None:
    path = tmp_path / "bare.shp"
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.box(*IN_LINE)]).to_file(path)
    with pytest.raises(UserError, match="CRS"):
        check(original, path)


def test_outside_the_country_says_how_far(original: Project, draw: Draw) -> None:
    with pytest.raises(UserError, match="outside the country") as fault:
        check(original, draw("fp", (50_000, 0, 50_100, 100)))
    assert "30.0 km" in str(fault.value)


def test_across_the_border_only_the_inside_is_judged(original: Project, draw: Draw) -> None:
    found = check(original, draw("fp", (19_900, -2_500, 20_100, -2_400)))
    assert found.touched.inside == pytest.approx(10_000)
    assert any("50.0 %" in f.message for f in found.findings)


def test_what_was_not_judged_is_told_before_the_answer(original: Project, draw: Draw) -> None:
    text = check(original, draw("fp", (19_900, -2_500, 20_100, -2_400))).text()
    assert text.index("50.0 %") < text.index("Rulebook")


def test_what_land_holds_is_told_of_kept_land_alone(original: Project, draw: Draw) -> None:
    """A share of the country's total is a loss only where something is kept; a footprint that is
    partly outside says how much of it is."""
    assert "of the country's total" not in check(original, draw("fp", OUTSIDE)).text()
    assert "It holds, of the country's total" in check(original, draw("fp", IN_LINE)).text()
    partly = check(original, draw("fp", IN_LINE, OUTSIDE)).text()
    assert "also the 4.0 ha that are neither" in partly


def test_larger_than_the_country(original: Project, draw: Draw) -> None:
    with pytest.raises(UserError, match="larger than the country"):
        check(original, draw("fp", (-90_000, -90_000, 90_000, 90_000)))


@pytest.mark.parametrize(
    ("content", "name"), [(b"", "e.gpkg"), (b"not a layer", "t.geojson"), (b"\x00" * 64, "z.shp")]
)
def test_what_is_no_layer(original: Project, tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError) as fault:
        check(original, path)
    assert name in str(fault.value)


def test_no_file_and_no_activity(original: Project, tmp_path: Path, draw: Draw) -> None:
    with pytest.raises(UserError, match="no such file"):
        check(original, tmp_path / "nothing.gpkg")
    with pytest.raises(UserError, match="did you mean patrol"):
        check(original, draw("fp", IN_LINE), "patrols")
    with pytest.raises(UserError, match="no activity is named"):
        require_question(Path("road.gpkg"), "")
    with pytest.raises(UserError, match="no footprint is given") as fault:
        require_question(None, "patrol")
    assert "check-project road.gpkg --activity patrol" in fault.value.next_step


@pytest.mark.parametrize(("language", "level"), [("zh", "县"), ("es", "condado")])
def test_a_level_is_told_by_its_name(
    original: Project, draw: Draw, language: str, level: str
) -> None:
    path = draw("fp", IN_LINE)
    set_language(language)
    try:
        text = check(original, path, "major_grid", facts={"plan_level": "county"}).text()
    finally:
        set_language("en")
    assert f"plan_level = {level}" in text


def test_an_opinion_that_was_not_read_is_named(original: Project, draw: Draw) -> None:
    """Not by its id, which is English in every language."""
    facts = {"plan_level": "nation", "plan_reference": "P", "unavoidable": "yes"}
    found = check(original, draw("fp", IN_LINE), "major_grid", facts=facts)
    assert "opinion Opinion that it cannot go round" in " ".join(found.text().split())
    assert "opinion unavoidability" in found.verdict.unverified  # for programs


@pytest.mark.parametrize("name", ["road.dxf", "road.csv"])
def test_a_drawing_and_a_table_are_no_footprint(
    original: Project, tmp_path: Path, name: str
) -> None:
    """The way out that is named is one that is read."""
    (tmp_path / name).write_text("0\nSECTION\n")
    with pytest.raises(UserError, match="no format of polygons") as fault:
        check(original, tmp_path / name)
    assert "GeoPackage" in fault.value.next_step and "CSV" not in fault.value.next_step


def test_degrees_that_are_said_to_be_metres(original: Project, tmp_path: Path) -> None:
    """It has next to no area; what is wrong is the CRS, not the drawing."""
    degrees = shapely.box(8.59, 46.63, 8.592, 46.631)
    with pytest.raises(UserError, match="no area") as fault:
        check(original, written(tmp_path / "a.gpkg", degrees, "EPSG:2056"))
    assert "look like degrees" in fault.value.next_step and "CH1903+" in fault.value.next_step
    small = shapely.box(6_400, -1_600, 6_400.1, -1_599.9)
    with pytest.raises(UserError, match="no area") as fault:
        check(original, written(tmp_path / "b.gpkg", small))
    assert "draw the land" in fault.value.next_step


def test_all_layers_of_a_file_are_the_footprint(original: Project, draw: Draw) -> None:
    """A second layer left out is land that nobody checked; points in one are refused as ever."""
    path = draw("fp", OUTSIDE)
    here = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.box(*IN_CORE)], crs=LAEA)
    here.to_file(path, layer="second", mode="a")
    found = check(original, path)
    assert found.touched.classes["core"] == pytest.approx(shapely.box(*IN_CORE).area)
    assert "2 layers of the file were read together: fp, second" in found.text()
    points = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(9_000, 7_000)], crs=LAEA)
    points.to_file(path, layer="points", mode="a")
    with pytest.raises(UserError, match="the footprint is a point"):
        check(original, path)


def test_a_fact_that_is_none_is_refused(original: Project, draw: Draw) -> None:
    path = draw("fp", IN_LINE)
    with pytest.raises(UserError, match="new_construction_m2"):
        check(original, path, facts={"new_construction": "1"})
    with pytest.raises(UserError, match="new_construction_m2"):
        check(original, path, facts={"new_construction_m2": "much"})


@pytest.mark.parametrize("name", ["new_construction_m2", "reclamation_m2", "pasture_m2"])
def test_no_part_is_larger_than_the_footprint(original: Project, draw: Draw, name: str) -> None:
    """Both numbers are told; what two surveys differ by is no contradiction."""
    path = draw("fp", IN_LINE)
    with pytest.raises(UserError, match="larger than the whole footprint") as fault:
        check(original, path, facts={name: "90000"})
    assert "90,000 m2" in str(fault.value) and "60,000.0 m2" in str(fault.value)
    assert check(original, path, facts={name: "60300"}).facts[name] == 60_300


def test_what_the_polygon_says_is_not_told_otherwise(original: Project, draw: Draw) -> None:
    path = draw("fp", IN_LINE)
    for facts in ({"area_m2": "900"}, {"width_m": "3"}):
        with pytest.raises(UserError, match="contradicts the footprint"):
            check(original, path, facts=facts)
    assert check(original, path, facts={"area_m2": "60001"}).findings == ()
    told = check(original, path, facts={"at_sea": "yes"})
    assert "none lies at sea" in told.text()


def test_what_is_missing_is_asked_for_as_it_is_typed(original: Project, draw: Draw) -> None:
    told = check(original, draw("fp", IN_LINE), "visitor_facilities", alternatives=False)
    assert "--fact plan_level=... --fact plan_reference=..." in told.text()
    whole = check(
        original,
        draw("fp", IN_LINE),
        "visitor_facilities",
        alternatives=False,
        facts={"plan_level": "county", "plan_reference": "P", "new_construction_m2": "0"},
    )
    assert "--fact" not in whole.text()  # fmt: skip


def test_by_the_rules_of_a_day_before_there_were_any(original: Project, draw: Draw) -> None:
    with pytest.raises(UserError, match="in force since"):
        check_project(original, draw("fp", IN_LINE), "patrol", day=dt.date(1999, 1, 1))
