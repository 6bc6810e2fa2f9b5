"""`tianren check` and the criteria of `tianren delineate`, on the embedded real data."""

import json
from pathlib import Path

import numpy as np
import pytest

from tianren.demo import copy_switzerland
from tianren.errors import UserError
from tianren.io.rasters import open_raster
from tianren.project.project import Project, open_project
from tianren.project.runs import Run, start_run
from tianren.raster.raster import MISSING
from tianren.steps.check import check
from tianren.steps.criteria import compute_criteria, prepare

COMPUTED = ("water_conservation", "soil_conservation", "biodiversity", "carbon")


@pytest.fixture(scope="module")
def switzerland(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("demo") / "switzerland"
    copy_switzerland(folder)
    return open_project(folder)


def begin(project: Project, **settings: int) -> Run:
    return start_run(
        project, "criteria", inputs=["landcover"], settings=settings,
        parameters=project.parameters(),
    )  # fmt: skip


def test_check_says_for_each_criterion_what_will_happen_and_why(switzerland: Project) -> None:
    report = check(switzerland)
    status = {p.id: p.status for p in report.plans}
    assert [name for name, found in status.items() if found == "computed"] == list(COMPUTED)
    assert status["coastal_protection"] == "not_applicable"
    assert status["desertification"] == "not_applicable"
    assert status["salinisation"] == "missing"
    text = report.text()
    assert text.splitlines()[0].startswith("Switzerland: 4 of 11")
    for word in ("wind_days", "groundwater_depth [m]", "geological survey", "cancels", "Next:"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 80


def test_check_answers_programs_too(switzerland: Project) -> None:
    answer = json.loads(json.dumps(check(switzerland).as_dict()))
    (salt,) = [c for c in answer["criteria"] if c["criterion"] == "salinisation"]
    assert {n["layer"] for n in salt["needs"]} >= {"groundwater_depth", "soil_texture"}
    assert all(n["unit"] and n["where_from"] for n in salt["needs"])


def test_a_run_holds_values_grades_and_the_plan_and_resumes(switzerland: Project) -> None:
    ready = prepare(switzerland, switzerland.parameters())
    with begin(switzerland) as run:
        result = compute_criteria(switzerland, run, prepared=ready)
        assert result.computed == COMPUTED
        stamps = {}
        for name in COMPUTED:
            value = open_raster(run.path(f"values/{name}.tif")).read()
            grade = open_raster(run.path(f"grades/{name}.tif"), kind="category").read()
            inside = switzerland.realm().read() != MISSING
            assert np.isfinite(value[inside]).all()
            assert set(np.unique(grade[inside])) == {1, 3, 5}
            assert (grade[~inside] == MISSING).all()
            stamps[name] = run.path(f"values/{name}.tif").stat().st_mtime_ns
        run.path("values/carbon.json").unlink()  # as if killed before it was whole
        again = compute_criteria(switzerland, run, prepared=ready)
        assert again.measures == result.measures
        assert again.findings == result.findings
        renewed = [
            n for n in COMPUTED if run.path(f"values/{n}.tif").stat().st_mtime_ns != stamps[n]
        ]
        assert renewed == ["carbon"]
        plans = json.loads(run.path("criteria.json").read_text(encoding="utf-8"))
        assert [p["criterion"] for p in plans][:2] == ["water_conservation", "soil_conservation"]
        cuts = json.loads(run.path("cuts.json").read_text(encoding="utf-8"))
        assert set(cuts) == set(COMPUTED)
        assert set(cuts["carbon"]) == {"land"}


def test_the_run_does_not_depend_on_the_blocks(switzerland: Project) -> None:
    ready = prepare(switzerland, switzerland.parameters())
    files = []
    for n, size in enumerate((512, 96)):
        with begin(switzerland, copy=n) as run:
            compute_criteria(switzerland, run, prepared=ready, size=size, workers=n + 1)
            found = [run.path(f"{r}/{c}.tif") for r in ("values", "grades") for c in COMPUTED]
            # The run's id is in the tags, so cells are compared, not bytes.
            files.append([open_raster(path).read() for path in found])
            texts = run.path("cuts.json").read_text(encoding="utf-8")
            files[-1].append(np.array([texts]))
    for one, other in zip(*files, strict=True):
        assert np.array_equal(one, other) or np.array_equal(one, other, equal_nan=True)


def test_water_is_highest_where_it_rains_most(switzerland: Project) -> None:
    with begin(switzerland) as run:
        compute_criteria(switzerland, run)
        water = open_raster(run.path("values/water_conservation.tif")).read()
        rain = open_raster(run.path("factors/annual_precipitation.tif")).read()
    counted = water > 0
    assert np.corrcoef(water[counted], rain[counted])[0, 1] > 0.8


def test_grading_by_canton_says_so(switzerland: Project, tmp_path: Path) -> None:
    folder = tmp_path / "by-canton"
    copy_switzerland(folder)
    text = (folder / "project.toml").read_text(encoding="utf-8")
    (folder / "project.toml").write_text(f'scope = "canton"\n{text}', encoding="utf-8")
    project = open_project(folder)
    with begin(project) as run:
        result = compute_criteria(project, run)
    labels = set(result.cuts_record()["water_conservation"])
    assert len(labels) == 26
    assert all(label.endswith(", land") for label in labels)


def with_methods(folder: Path, table: str) -> Project:
    """Switzerland with [delineation.methods] of its own."""
    copy_switzerland(folder)
    path = folder / "project.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n[delineation.methods]\n{table}\n", encoding="utf-8")
    return open_project(folder)


def test_a_project_chooses_its_methods(tmp_path: Path) -> None:
    table = 'soil_conservation = "rule"\ncarbon = "type_stock"'
    project = with_methods(tmp_path / "own", table)
    text = " ".join(check(project).text().split())
    assert "rule of slope and cover (rule); could be model, npp" in text
    with begin(project) as run:
        result = compute_criteria(project, run)
        grade = open_raster(run.path("grades/soil_conservation.tif"), kind="category").read()
    rows = {row["criterion"]: row for row in result.criteria_record()}
    assert rows["soil_conservation"]["name"] == "rule"
    assert rows["carbon"]["method"] == "carbon stock by ecosystem type"
    assert set(np.unique(grade)) == {MISSING, 1, 3, 5}
    assert set(result.cuts_record()) == {*COMPUTED} - {"soil_conservation"}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('soil_conservation = "rulez"', "did you mean rule"),
        ('soil_conservation = "xyz"', "model, npp, rule"),
        ('soil_conversation = "npp"', "did you mean soil_conservation"),
        ("carbon = 3", "delineation.methods.carbon"),
    ],
)
def test_a_method_that_does_not_exist_is_refused_with_its_line(
    tmp_path: Path, table: str, says: str
) -> None:
    with pytest.raises(UserError, match=says) as fault:
        with_methods(tmp_path / "own", table)
    line = len((tmp_path / "own/project.toml").read_text("utf-8").splitlines())
    assert f"line {line}" in fault.value.where


def test_a_method_whose_layers_are_missing_is_refused(tmp_path: Path) -> None:
    project = with_methods(tmp_path / "own", 'water_conservation = "npp"')
    with pytest.raises(UserError, match="soil_water_infiltration") as fault:
        check(project)
    assert r"project.toml [delineation.methods]" in str(fault.value)


def test_an_unknown_key_of_delineation_is_refused(tmp_path: Path) -> None:
    copy_switzerland(tmp_path / "own")
    path = tmp_path / "own/project.toml"
    path.write_text(path.read_text("utf-8") + '\n[delineation]\ncoridors = "x"\n', "utf-8")
    with pytest.raises(UserError, match="corridors"):
        open_project(tmp_path / "own")


def test_classes_that_cover_several_ecosystems_are_named_once(switzerland: Project) -> None:
    (said,) = (f for f in check(switzerland).findings if f.rule == "layer.coarse_classes")
    assert said.message.startswith("6 of 18 classes of the legend igbp cover several")
