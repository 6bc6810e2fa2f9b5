"""What the report tells of habitat quality and of species models, from the tables of a run."""

from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox

from tianren.io.rasters import raster_sink
from tianren.raster.raster import whole
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents, read_contents

GRID = GeoBox.from_bbox(
    (0, 0, 40_000, 30_000), "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m", resolution=1000
)
MEASURES = "indicator,place,period,by,value,unit,low,high,method,sources\n"


def write_raster(path: Path, cells: np.ndarray, dtype: str = "float32") -> None:
    sink = raster_sink(path, GRID, dtype=dtype)
    sink.write(whole(GRID), cells.astype(dtype))
    sink.close()


def run_of(folder: Path, step: str, **files: str) -> Contents:
    run = f'run = "{step}-1"\nstep = "{step}"\nproject = "Land"\nday = 2026-01-01\n'
    (folder / "run.toml").write_text(run + files.pop("more", ""), encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return read_contents(folder)


@pytest.fixture
def habitat(tmp_path: Path) -> Contents:
    slope = np.tile(np.linspace(0, 1, 40), (30, 1))
    write_raster(tmp_path / "habitat_quality.tif", 1 - slope)
    write_raster(tmp_path / "degradation.tif", slope)
    row = "habitat.quality,Land,2026,{by},{value},1,,,habitat,x\n"
    measures = MEASURES + "".join(
        row.format(by=by, value=value)
        for by, value in [("", 0.5), ("class=forest", 0.9), ("class=town", 0.0),
                          ("province=East", 0.3), ("province=West", 0.7)]
    )  # fmt: skip
    threats = (
        "threat,source,weight,reach_m,decay,cells,area_m2,share_of_degradation\n"
        "road,roads,0.5,3000.0,linear,10,10000000.0,0.25\n"
        "town,lc,1.0,8000.0,exponential,20,20000000.0,0.75\n"
    )
    return run_of(tmp_path, "habitat", measures=measures, threats=threats,
                  more="[habitat]\nhalf_saturation = 0.5\n")  # fmt: skip


def tables_of(contents: Contents) -> dict[str, list[list[str]]]:
    chapters = topics()[contents.step].chapters(contents, {})
    return {
        str(block["caption"]): block["rows"]
        for chapter in chapters
        for block in chapter.blocks
        if block["kind"] == "table"
    }


def test_habitat_tells_the_mean_and_the_worst_threat_first(habitat: Contents) -> None:
    first = topics()["habitat"].first(habitat)
    assert "0.50 of 1" in first.sentences[0]
    assert "75" in first.sentences[1]
    assert "town" in first.sentences[1]
    tables = tables_of(habitat)
    assert [row[0] for row in tables["Threats to habitats"]] == ["town", "road"]
    assert tables["Threats to habitats"][0][2:] == ["8", "20.0", "75.0"]
    assert tables["Habitat quality by province"] == [["West", "0.700"], ["East", "0.300"]]


def test_habitat_draws_quality_degradation_and_classes(habitat: Contents, tmp_path: Path) -> None:
    drawn = topics()["habitat"].draw(habitat, tmp_path)
    names = [d.path.stem for d in drawn]
    assert names == ["habitat_quality", "habitat_degradation", "habitat_classes"]
    assert all(d.path.stat().st_size > 5_000 for d in drawn)
    blocks = topics()["habitat"].chapters(habitat, {d.path.stem: d for d in drawn})[0].blocks
    assert [b["file"] for b in blocks if b["kind"] == "figure"] == [f"{n}.png" for n in names]


@pytest.fixture
def models(tmp_path: Path) -> Contents:
    count = np.zeros((30, 40))
    count[:, 20:] = 2
    write_raster(tmp_path / "suitable_species.tif", count, "int32")
    heads = "species,status,thinned,auc,tss,boyce,predicted_m2\n"
    rows = heads + (
        "Rana a,modelled,15,0.9,0.6,0.8,30000000.0\nRana b,modelled,40,0.6,0.2,,5000000.0\n"
        "Rana c,modelled,20,,,,1000000.0\nRana d,refused,3,,,,\n"
    )
    row = "models.kept,Land,2026,climate={c}; species={s},{v},%,,,models,x\n"
    measures = MEASURES + "".join(
        row.format(c=c, s=s, v=v)
        for c, s, v in [("hot", "a", 10.0), ("hot", "b", 30.0), ("hot", "c", 80.0),
                        ("mild", "a", 90.0)]
    )  # fmt: skip
    return run_of(tmp_path, "models", models=rows, measures=measures,
                  more="[models]\nmost_together = 2\n")  # fmt: skip


def test_models_tell_how_many_how_good_and_what_climate_keeps(models: Contents) -> None:
    first = topics()["models"].first(models)
    assert "3 of 4 species" in first.sentences[0]
    assert "1 of 2 models" in first.sentences[1]
    assert [n[0] for n in first.numbers] == ["3", "1", "0.75", "30.0", "90.0"]
    (rows,) = tables_of(models).values()
    assert [row[0] for row in rows] == ["Rana b", "Rana c", "Rana a"]
    assert rows[0][1:5] == ["40", "0.60", "0.20", "–"]


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("region", "region"), ["The background is cells of the whole region"]),
        (("target group", "target group"), ["cells where the same group was recorded."]),
        (("region", "target group"), ["for 1 of 2 models", "the whole region for the others"]),
        (("", ""), []),
    ],
)
def test_models_tell_the_background_that_was_used(
    tmp_path: Path, kinds: tuple[str, str], said: list[str]
) -> None:
    rows = "species,status,thinned,background,auc,tss,boyce,predicted_m2\n" + "".join(
        f"Rana {i},modelled,15,{kind},0.9,0.6,0.8,1000000.0\n" for i, kind in enumerate(kinds)
    )
    run = run_of(tmp_path, "models", models=rows, measures=MEASURES)
    (chapter,) = topics()["models"].chapters(run, {})
    texts = [str(block["text"]) for block in chapter.blocks if block["kind"] == "text"]
    assert len(texts) == 1 + bool(said)
    assert all(part in texts[-1] for part in said)


def test_models_draw_land_tests_and_climates(models: Contents, tmp_path: Path) -> None:
    drawn = topics()["models"].draw(models, tmp_path)
    assert [d.path.stem for d in drawn] == ["models_suitable", "models_tests", "models_climates"]
    assert "2 of 3 modelled" in drawn[0].title
    assert "hot" in drawn[2].title
    assert "30" in drawn[2].title


def test_one_model_is_told_in_the_singular(tmp_path: Path) -> None:
    write_raster(tmp_path / "suitable_species.tif", np.ones((30, 40)), "int32")
    rows = (
        "species,status,thinned,auc,tss,boyce,predicted_m2\n"
        "Rana a,modelled,15,0.83,0.6,0.8,30000000.0\nRana b,refused,3,,,,\n"
    )
    run = run_of(tmp_path, "models", models=rows, measures=MEASURES,
                 more="[models]\nmost_together = 1\n")  # fmt: skip
    first = topics()["models"].first(run)
    assert first.sentences[0] == "1 of 2 species has records enough for a model."
    assert first.sentences[1].startswith("On land not seen the model has an AUC of 0.83")
    drawn = topics()["models"].draw(run, tmp_path)
    assert drawn[0].title == "30.0 km² suit Rana a, the only species with a model"
