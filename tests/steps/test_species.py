"""tianren species on a small project: the best source of each range, and what follows from them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely

from tests.steps.small_species import (
    EVIDENCE,
    HABITATS,
    SOURCES,
    SPECIES,
    STATUS,
    make_species_project,
)
from tianren.errors import UserError
from tianren.io.ranges import read_ranges
from tianren.io.vectors import read_result
from tianren.project.project import Project, open_project
from tianren.science.species import held, range_area
from tianren.steps.check import check
from tianren.steps.delineate import Delineated, delineate
from tianren.steps.species import Species, species
from tianren.steps.species_sources import read_known


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return open_project(make_species_project(tmp_path_factory.mktemp("species")))


@pytest.fixture(scope="module")
def made(project: Project) -> Species:
    return species(project)


def rows(made: Species) -> dict[str, dict[str, str]]:
    return {row["species"]: row for row in made.run.rows("species.csv")}


def cells(made: Species, name: str) -> Any:
    with rasterio.open(made.run.path(f"surfaces/{name}.tif")) as source:
        return source.read(1)


def test_the_best_source_of_each_species(made: Species) -> None:
    found = {name: row["source"] for name, row in rows(made).items()}
    assert found == {
        "Rana alta": "habitat",
        "Rana australis": "none",
        "Rana lata": "habitat",
        "Rana mortua": "none",
        "Rana rara": "records",
    }
    assert rows(made)["Rana rara"]["range_m2"] == repr(3e6)
    assert rows(made)["Rana alta"]["weight"] == repr(6.0)  # CR 5, endemic 1
    assert rows(made)["Rana lata"]["weight"] == repr(5.0)  # VU 3, class I 2
    assert rows(made)["Rana lata"]["global_range_m2"] == repr(1e10)


def test_a_range_on_another_hemisphere_is_told(made: Species) -> None:
    told = [f for f in made.run.findings if f["rule"] == "species.range_elsewhere"]
    assert [(f["subject"], f["severity"]) for f in told] == [("Rana australis", "error")]


def test_ranges_are_clipped_dissolved_and_cut_to_habitat(made: Species, project: Project) -> None:
    ranges = read_ranges(made.run.path("ranges.npz"))
    assert ranges.names == ("Rana alta", "Rana lata", "Rana rara")
    # Rana lata: 9.75 km by 7 km inside, its overlapping parts once, its elevations all over.
    assert range_area(ranges)[1] == pytest.approx(9.75 * 7 * 1e6, rel=1e-6)
    alta = ranges.cells[[0]].toarray().reshape(ranges.shape) > 0
    rasters, _ = project.rasters(["landcover", "elevation"])
    west = np.arange(ranges.shape[1]) < 20
    cover = rasters["landcover"].read()
    wanted = np.isin(cover, [1, 3]) & (rasters["elevation"].read() <= 500) & west
    np.testing.assert_array_equal(alta, wanted)
    assert wanted.any()


def test_surfaces_agree_with_the_ranges(made: Species, project: Project) -> None:
    ranges = read_ranges(made.run.path("ranges.npz"))
    dense = ranges.cells.toarray().reshape(3, *ranges.shape)
    np.testing.assert_allclose(cells(made, "richness"), dense.sum(axis=0))
    weighted = np.tensordot([6.0, 5.0, 5.0], dense, 1)
    np.testing.assert_allclose(cells(made, "weighted_richness"), weighted, rtol=1e-6)
    # The third is known from records alone: the size of its range is not known.
    assert np.nansum(cells(made, "weighted_endemism")) == pytest.approx(2, rel=1e-5)
    hot = cells(made, "hotspots")
    assert set(np.unique(hot)) <= {*range(8), 255}
    assert ((hot & 1) > 0).sum() >= 60  # a twentieth of 1,200 cells


def test_complementary_places(made: Species) -> None:
    found = made.run.rows("complementarity.csv")
    provinces = [(r["unit"], r["held"]) for r in found if r["of"] == "province"]
    assert provinces[-1][1] == "3"
    assert len([r for r in found if r["of"] == "cells"]) <= 3


def test_key_areas_by_declared_evidence(made: Species) -> None:
    verdicts = {
        (r["site"], r["criterion"]): r for r in made.run.rows("kba.csv") if r["species"] != ""
    }
    met = verdicts["marsh", "A1a"]
    assert (met["verdict"], met["species"], met["estimator"]) == (
        "met", "Rana rara", "mature_individuals",
    )  # fmt: skip
    assert float(met["share_percent"]) == 50.0
    # 9 reproductive units are not 10.
    assert verdicts["marsh", "B1"]["verdict"] == "not met"
    bank = verdicts["west bank", "A1a"]
    assert (bank["verdict"], bank["estimator"], bank["basis"]) == (
        "cannot decide", "habitat", "endemic: national",
    )  # fmt: skip
    assert "5 reproductive units" in bank["missing"]


def test_key_area_shares_are_what_the_sites_hold(made: Species) -> None:
    from tianren.geo.fractions import cell_fractions

    ranges = read_ranges(made.run.path("ranges.npz"))
    site = shapely.box(-19_500, -15_000, -14_500, 15_000)
    grid = open_project(made.run.folder.parents[1]).grid
    share = 100 * held(ranges, cell_fractions([site], grid))[0, 0] / range_area(ranges)[0]
    found = [
        float(r["share_percent"]) for r in made.run.rows("kba.csv")
        if (r["site"], r["criterion"], r["species"]) == ("west bank", "B1", "Rana alta")
    ]  # fmt: skip
    assert found == [pytest.approx(share, rel=1e-9)]


def test_the_same_asked_again_is_the_same_run(made: Species, project: Project) -> None:
    stamp = made.run.path("run.toml").stat().st_mtime_ns
    again = species(project)
    assert again.run.id == made.run.id
    assert again.run.path("run.toml").stat().st_mtime_ns == stamp
    assert "records" in made.run.record["settings"]
    assert {"sightings", "ranges", "status", "habitats"} <= set(made.run.record["inputs"])


def test_the_answer_says_how_many_from_what(made: Species) -> None:
    assert "3 of 5 species have a range." in made.text()
    assert made.as_dict()["sources"]["habitat"] == 2
    assert made.as_dict()["sites_met"] == ["marsh"]


# -- how species feed the line ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def line(project: Project) -> Delineated:
    return delineate(project, report=False)


def test_check_says_that_biodiversity_comes_from_species(project: Project) -> None:
    plans = {p.id: p for p in check(project).plans}
    assert plans["biodiversity"].status == "computed"
    assert plans["biodiversity"].inputs == ("habitat_importance",)


def test_biodiversity_is_the_weighted_richness(line: Delineated, made: Species) -> None:
    with rasterio.open(line.run.path("values/biodiversity.tif")) as source:
        np.testing.assert_array_equal(source.read(1), cells(made, "weighted_richness"))
    assert line.run.record["settings"]["species_run"] == made.run.id
    assert "sightings" in {i["name"] for i in line.run.record["inputs"]}
    assert "biodiversity.species_run" in {f["rule"] for f in line.run.findings}


def test_habitats_of_tiny_populations_are_kept_though_small(line: Delineated) -> None:
    layer = read_result(line.run.path("must_include.gpkg"))
    tiny = layer[layer["kind"] == "tiny_population"]
    # Two squares of 2 km: two records share one, the third has its own.
    assert tiny.geometry.area.sum() == pytest.approx(8e6)
    decisions = [r for r in line.run.rows("decisions.csv") if r["type"] == "tiny_population"]
    assert [(d["name"], d["decision"]) for d in decisions] == [("Rana rara", "include")]
    assert "120 mature individuals" in decisions[0]["reason"]
    with rasterio.open(line.run.path("spatial_step.tif")) as source:
        inside = np.isin(source.read(1), [1, 2, 3, 4])
        kept = [inside[source.index(x, y)] for x, y in ((10_500, 10_500), (15_100, 5_100))]
    assert all(kept)


def test_a_project_may_declare_them_itself(tmp_path: Path) -> None:
    own = '\n[must_include.tiny_populations]\nsource = "ranges"\nkind = "tiny_population"\n'
    found = delineate(open_project(make_species_project(tmp_path, SPECIES + own)), report=False)
    names = {r["name"] for r in found.run.rows("decisions.csv") if r["type"] == "tiny_population"}
    assert "Rana rara" not in names


def test_a_patch_below_the_minimum_is_kept_for_them_alone(tmp_path: Path) -> None:
    """The same land without the tiny population drops the patch."""
    wide = '[parameters.override."redline.minimum_area"]\nvalue = 2e6'
    strict = wide.replace("2e6", "3e8")
    shares = []
    for status in (STATUS, STATUS.replace("EN,yes,120", "EN,yes,12000")):
        folder = make_species_project(tmp_path / str(len(shares)), status=status)
        text = (folder / "project.toml").read_text("utf-8")
        assert wide in text
        text = text.replace(wide, strict).replace('kind = "protected_area"', 'kind = "wetland"')
        (folder / "project.toml").write_text(
            text.replace('where = {name = "东"}', 'where = {name = "nowhere"}'), "utf-8"
        )
        found = delineate(open_project(folder), report=False)
        with rasterio.open(found.run.path("redline_cells.tif")) as source:
            shares.append(bool(source.read(1)[source.index(10_500, 10_500)] > 0))
    assert shares == [True, False]


# -- bad input -------------------------------------------------------------------------------------


def fault(folder: Path, file: str, text: str, **how: str) -> UserError:
    made = make_species_project(folder, **how)
    (made / "data" / file).write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as told:
        species(open_project(made))
    return told.value


def test_a_class_that_the_land_cover_lacks(tmp_path: Path) -> None:
    error = fault(tmp_path, "habitats.csv", HABITATS.replace('"1;', '"swamp;'))
    assert "'swamp' is no class" in error.what and "row 2" in error.where


def test_elevations_the_wrong_way_round(tmp_path: Path) -> None:
    error = fault(tmp_path, "habitats.csv", HABITATS.replace(",0,5000", ",5000,0"))
    assert "lowest elevation is above the highest" in error.what and "row 3" in error.where


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("marsh,Rana rara,mature", "swamp,Rana rara,mature", "no site called 'swamp'"),
        ("reproductive_units", "breeding pairs", "'breeding pairs' is no item"),
        (",60,", ",sixty,", "'sixty' of mature_individuals is not a number"),
        (",60,", ",-6,", "'-6' of mature_individuals is not a number"),
    ],
)
def test_evidence_that_cannot_be_used(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    error = fault(tmp_path, "evidence.csv", EVIDENCE.replace(was, becomes))
    assert said in error.what and "row " in error.where


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="ranges have no column binomial"):
        section = SPECIES + 'range_column = "binomial"\n'
        species(open_project(make_species_project(tmp_path, section)))


def test_a_project_without_species(tmp_path: Path) -> None:
    project = open_project(make_species_project(tmp_path, '[species]\nstatus = "status"\n'))
    with pytest.raises(UserError, match="no records and no ranges"):
        species(project)


def test_range_rasters(tmp_path: Path) -> None:
    section = '[species]\nrange_rasters = {"Rana alta" = "landcover", "Rana lata" = "elevation"}\n'
    project = open_project(make_species_project(tmp_path, section, SOURCES))
    with pytest.raises(UserError, match="no share from 0 to 1"):
        species(project)
    section = '[species]\nrange_rasters = {"Rana alta" = "landcover"}\n'
    project = open_project(make_species_project(tmp_path / "again", section, SOURCES))
    found = species(project)
    assert rows(found)["Rana alta"]["source"] == "range"
    assert float(rows(found)["Rana alta"]["range_m2"]) == 1.2e9
    assert "species.no_weight" in {f["rule"] for f in found.run.findings}


def test_tiny_populations_by_the_tables_own_column(project: Project, tmp_path: Path) -> None:
    folder = make_species_project(
        tmp_path, status=STATUS.replace("CR,yes,,,\nRana lata", "CR,yes,,是,\nRana lata")
    )
    own = open_project(folder)
    known = read_known(own, own.parameters(), None, None)
    assert known.tiny == {"Rana alta"}


# -- ecosystems and ecoregions ---------------------------------------------------------------------

GAPS = """
[gaps]
ecosystems = "landcover"
ecosystem_status = "threat"
ecoregions = "provinces"
ecoregion_column = "name"
"""
THREAT = """
[threat]
uri = "data/threat.csv"
kind = "table"
"""


@pytest.fixture(scope="module")
def with_gaps(tmp_path_factory: pytest.TempPathFactory) -> Species:
    folder = make_species_project(tmp_path_factory.mktemp("gaps"), SPECIES + GAPS, SOURCES + THREAT)
    legend = open_project(folder).entry("landcover").legend
    text = f"type,category\n{legend[1]},CR\n{legend[5]},VU\n"
    (folder / "data/threat.csv").write_text(text, encoding="utf-8")
    world = f",{legend[5]},global_extent_km2,400,atlas\n"
    (folder / "data/evidence.csv").write_text(EVIDENCE + world, encoding="utf-8")
    return species(open_project(folder))


def test_ecosystems_are_judged_by_their_extent(with_gaps: Species) -> None:
    project = open_project(with_gaps.run.folder.parents[1])
    legend = project.entry("landcover").legend
    found = {
        (r["criterion"], r["species"]): r
        for r in with_gaps.run.rows("kba.csv")
        if r["site"] == "west bank" and r["estimator"] == "extent"
    }
    critical, vulnerable = found["A2a", legend[1]], found["A2b", legend[5]]
    # An eighth of the land: more than 5 %, but of the country only.
    assert (critical["verdict"], critical["basis"]) == ("cannot decide", "national: at most")
    assert "global_extent_km2" in critical["missing"]
    assert (vulnerable["verdict"], vulnerable["basis"]) == ("met", "global")
    cover = project.rasters(["landcover"])[0]["landcover"].read()
    rows, columns = np.nonzero(cover == 5)
    left = np.clip(columns, 0.5, None)  # the site begins half a cell in
    inside = np.clip(np.minimum(columns + 1, 5.5) - left, 0, 1).sum()
    assert float(vulnerable["share_percent"]) == pytest.approx(100 * inside / 400, rel=1e-6)
    assert rows.size


def test_species_tied_to_an_ecoregion_are_counted(with_gaps: Species) -> None:
    rows = [r for r in with_gaps.run.rows("kba.csv") if r["criterion"] == "B3a"]
    # Rana alta and Rana rara, each in one half: one of five.
    assert {(r["site"], r["species"], r["verdict"]) for r in rows} == {
        ("west bank", "Rana alta", "not met"),
        ("marsh", "Rana rara", "not met"),
    }
