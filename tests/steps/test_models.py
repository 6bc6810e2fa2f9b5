"""tianren models: a small country's species from records to maps, whatever the workers."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio

from tests.project.small_project import CATALOG, DEGREES, LAEA, PROJECT, make_project
from tianren.errors import UserError
from tianren.io.rasters import open_raster
from tianren.project.project import Project, open_project
from tianren.project.runs import list_runs
from tianren.raster.raster import MISSING
from tianren.steps import model_findings, model_one
from tianren.steps import models as step

SPECIES = """
[species]
predictors = ["heat", "again", "rain", "landcover"]
seed = 3

[species.climates.warmer]
heat = "heat2"
"""
SOURCES = "".join(
    f'\n[{name}]\nuri = "data/{name}.tif"\nkind = "continuous"\nunit = "1"\n'
    for name in ("heat", "again", "rain", "heat2")
)
SMALL = """
[parameters.override."models.block_size"]
value = 8000
source = "test"
reason = "a country of 40 km"

[parameters.override."models.background_minimum"]
value = 60
source = "test"
reason = "few cells"
"""


def write(path: Path, cells: np.ndarray) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=90, width=100, dtype="float32",
        crs="EPSG:4326", transform=DEGREES,
    ) as sink:  # fmt: skip
        sink.write(cells.astype("float32"), 1)


def project_of(folder: Path, species: str = SPECIES, sources: str = SOURCES) -> Project:
    """Heat grows to the east, rain comes in bands; in the other climate it is a little warmer."""
    make_project(folder, PROJECT + SMALL + species, CATALOG + sources)
    x, y = np.meshgrid(np.arange(100), np.arange(90))
    heat = x / 100 + 0.05 * np.sin(y / 3)
    for name, cells in {
        "heat": heat, "again": 2 * heat + 1, "rain": np.sin(y / 7.0), "heat2": heat + 0.15,
    }.items():  # fmt: skip
        write(folder / "data" / f"{name}.tif", cells)
    return open_project(folder)


def records_of(seed: int = 1) -> pd.DataFrame:
    """East frogs love heat, one frog has five records, beetles are few, one stands in one place."""
    rng = np.random.default_rng(seed)
    to_degrees = pyproj.Transformer.from_crs(LAEA, 4326, always_xy=True)

    def some(species: str, group: str, n: int, low: float, high: float) -> pd.DataFrame:
        x, y = rng.uniform(low, high, n), rng.uniform(-14_000, 14_000, n)
        if species == "Here only":
            x, y = rng.uniform(100, 7_900, n), rng.uniform(100, 7_900, n)
        lon, lat = to_degrees.transform(x, y)
        return pd.DataFrame({"species": species, "group": group, "lon": lon, "lat": lat})

    far = pd.DataFrame({"species": ["Frog east"], "group": "frogs", "lon": 100.0, "lat": 0.0})
    return pd.concat(
        [some("Frog east", "frogs", 70, 6_000, 19_000), some("Frog all", "frogs", 90, -19e3, 19e3),
         some("Frog few", "frogs", 5, -19e3, 19e3), some("甲虫/..", "beetles", 30, -19e3, 0),
         some("Here only", "frogs", 40, 0, 0), far],
        ignore_index=True,
    )  # fmt: skip


@pytest.fixture
def given_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "cleaned", lambda project, progress: (records_of(), "records-0"))


def rows_of(answer: step.Models) -> dict[str, dict[str, str]]:
    return {row["species"]: row for row in answer.run.rows("models.csv")}


@pytest.mark.usefixtures("given_records")
def test_models_of_a_small_country(tmp_path: Path) -> None:
    project = project_of(tmp_path)
    answer = step.models(project, workers=2)
    rows = rows_of(answer)
    assert list(rows) == sorted(rows)
    east = rows["Frog east"]
    assert east["status"] == "modelled"
    assert float(east["auc"]) > 0.7
    assert east["background"] == model_one.TARGET_GROUP
    assert int(east["records"]) == 71  # the one far away is counted, and in no model
    assert int(east["thinned"]) <= 70
    suitability = open_raster(answer.run.path("models/frog_east.tif")).read()
    known = ~np.isnan(suitability)
    assert known.any()
    assert (suitability[known] >= 0).all() and (suitability[known] <= 1).all()
    middle = suitability.shape[1] // 2
    assert np.nanmean(suitability[:, middle:]) > np.nanmean(suitability[:, :middle])
    area = (suitability >= float(east["threshold_tss"])).sum() * 1e6
    assert float(east["predicted_m2"]) == area
    kept, lost = float(east["warmer_kept_m2"]), float(east["warmer_lost_m2"])
    assert kept + lost == area  # both climates are known at the same cells
    assert float(east["warmer_gained_m2"]) > 0
    assert float(east["warmer_novel_share"]) > 0
    made = [r for r in rows.values() if r["status"] == "modelled"]
    count = open_raster(answer.run.path("suitable_species.tif"), kind="category").read()
    each = [open_raster(answer.run.path(f"models/{r['slug']}.tif")).read() for r in made]
    wanted = sum(
        (m >= float(r["threshold_tss"])).astype(int) for m, r in zip(each, made, strict=True)
    )
    inside = project.realm().read() != MISSING
    assert np.array_equal(count[inside], wanted[inside])
    assert (count[~inside] == MISSING).all()
    assert answer.run.record["models"]["most_together"] == count.max()
    assert answer.as_dict()["modelled"] == 4
    assert "4 of 5 species have a model" in answer.text()
    assert not (answer.run.folder / "work").exists()


@pytest.mark.usefixtures("given_records")
def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    answer = step.models(project_of(tmp_path))
    rows = rows_of(answer)
    few = rows["Frog few"]
    assert few["status"] == "refused"
    assert few["reason"].startswith(f"{few['thinned']} records")
    assert rows["甲虫/.."]["background"] == model_one.REGION
    assert answer.run.path("models/甲虫.tif").exists()
    assert rows["Here only"]["auc"] == ""
    assert "one block" in rows["Here only"]["reason"]
    used = {r["predictor"]: (r["used"], r["like"]) for r in answer.run.rows("predictors.csv")}
    assert used == {"heat": ("yes", ""), "again": ("no", "heat"), "rain": ("yes", ""),
                    "landcover": ("yes", "")}  # fmt: skip
    said = {(f["rule"], f["subject"]) for f in answer.run.findings}
    assert said >= {
        ("models.refused", "species"), ("models.not_tested", "Here only"),
        ("models.background", "beetles"), ("models.predictor_dropped", "again"),
        ("models.no_predictors", "records"), ("models.novel", "warmer"),
    }  # fmt: skip
    counted = {r["by"]: float(r["value"]) for r in answer.run.measures
               if r["indicator"] == "models.species"}  # fmt: skip
    assert counted == {
        "group=frogs; status=modelled": 3.0, "group=frogs; status=refused": 1.0,
        "group=beetles; status=modelled": 1.0,
    }  # fmt: skip


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "run.toml"
    }


@pytest.mark.usefixtures("given_records")
def test_a_killed_run_goes_on_and_workers_change_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_of(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    whole = step.models(open_project(tmp_path / "a"), workers=1)
    project = open_project(tmp_path / "b")
    fitted = model_one.model_species
    made: list[int] = []

    def killed(*values: object) -> object:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(1)
        return fitted(*values)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(model_one, "model_species", killed)
        with pytest.raises(KeyboardInterrupt):
            step.models(project, workers=1)
    made.clear()

    def counted(*values: object) -> object:
        made.append(1)
        return fitted(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(model_one, "model_species", counted)
    again = step.models(project, workers=3)
    assert len(made) == 2  # four species have enough, two were there
    assert again.run.id == whole.run.id
    assert files_of(again.run.folder) == files_of(whole.run.folder)


def test_from_a_spreadsheet_of_records_to_models(tmp_path: Path) -> None:
    """Nothing stands in for the cleaning of records here."""
    species = SPECIES.replace("[species]", '[species]\nrecords = ["seen"]\nstatus = "taxa"', 1)
    catalog = (
        '\n[seen]\nuri = "seen.csv"\nkind = "records"\n\n[taxa]\nuri = "taxa.csv"\nkind = "table"\n'
    )
    project = project_of(tmp_path, species, SOURCES + catalog)
    seen = records_of()
    seen[["species", "lon", "lat"]].to_csv(tmp_path / "seen.csv", index=False)
    groups = seen[["species", "group"]].drop_duplicates()
    groups.to_csv(tmp_path / "taxa.csv", index=False)
    answer = step.models(project)
    rows = rows_of(answer)
    assert {name for name, row in rows.items() if row["status"] == "modelled"} == {
        "Frog east", "Frog all", "Here only", "甲虫/..",
    }  # fmt: skip
    assert rows["Frog east"]["group"] == "frogs"
    assert rows["Frog east"]["background"] == model_one.TARGET_GROUP
    kept = list_runs(project, "records")
    assert answer.run.record["settings"]["records"] == kept[-1].id


def test_names_of_files_are_safe_and_differ() -> None:
    taken: set[str] = set()
    names = ["../../etc/passwd", "Rana a", "Rana-a", "蛙", "...", "x" * 300]
    found = [step.slug_of(name, taken) for name in names]
    assert found == ["etc_passwd", "rana_a", "rana_a_2", "蛙", "species", "x" * 80]


def test_without_predictors_the_next_step_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no predictors"):
        step.models(open_project(make_project(tmp_path)))


def test_a_climate_for_what_is_no_predictor_is_refused(tmp_path: Path) -> None:
    wrong = SPECIES.replace('heat = "heat2"', 'snow = "heat2"')
    with pytest.raises(UserError, match="snow, no predictor"):
        step.models(project_of(tmp_path, wrong))


@pytest.mark.parametrize("name", ["", "../warm", "a/b", ".hidden"])
def test_a_climate_whose_name_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    wrong = SPECIES.replace("climates.warmer", f'climates."{name}"')
    with pytest.raises(UserError, match="cannot be the name of a climate"):
        step.models(project_of(tmp_path, wrong))


class Asked:
    """Parameters, as far as the findings ask for them."""

    def number(self, name: str) -> float:
        return {"models.weak": 0.5, "models.novel_warning": 0.1}[name]


@pytest.mark.parametrize(("tss", "told"), [(0.28, True), (0.5, False), ("", False)])
def test_a_weak_model_is_named(tss: float | str, told: bool) -> None:
    row = {"species": "Boophis idae", "status": "modelled", "reason": "too few blocks",
           "auc": 0.67 if tss != "" else "", "tss": tss, "novel_share": 0.0}  # fmt: skip
    found = model_findings.outcomes([row], 15, [], Asked())
    weak = [f.message for f in found if f.rule == "models.weak"]
    assert bool(weak) == told
    assert all("Boophis idae 0.28" in message for message in weak)
