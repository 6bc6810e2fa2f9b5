"""`tianren account` where inland water is told apart: each number of a realm has its sites."""

from pathlib import Path

import geopandas as gpd
import pytest

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tests.steps.test_account import record, square
from tianren.measures import by_pairs
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.steps.account import account
from tianren.steps.explain_measure import explain_measure
from tianren.steps.explain_sites import sites_behind

KM2 = 1e6
SECTION = '\n[account]\nsites = ["sites"]\ninland_water = "lakes"\n'
SOURCES = "".join(
    f'\n[{name}]\nuri = "data/{name}.gpkg"\nkind = "vector"\n' for name in ("sites", "lakes")
)
ROWS = [
    record(1, "Park", square(-20, -15, 20, 3), 1990),  # 60 km2, no water
    record(2, "Lake", square(0, -15, 10, 6), 2020),  # 60 km2, 20 of them water
    record(3, "Grove", square(10, -15, 5, 2), 2022, pa=0),  # 10 km2, 2 of them water
]
WATER = square(5, -15, 6, 4)  # 20 km2 in the lake's site, 2 in the grove, 2 in nobody's


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_project(tmp_path_factory.mktemp("waters"), PROJECT + SECTION, CATALOG + SOURCES)
    gpd.GeoDataFrame(ROWS, geometry="geometry", crs=LAEA).to_file(made / "data" / "sites.gpkg")
    gpd.GeoDataFrame(geometry=[WATER], crs=LAEA).to_file(made / "data" / "lakes.gpkg")
    return made


@pytest.fixture(scope="module")
def run(folder: Path) -> RunResults:
    return account(open_project(folder)).run


def test_land_and_inland_water_are_traced_to_their_own_sites(folder: Path, run: RunResults) -> None:
    def sites(realm: str) -> dict[str, float]:
        name = f"account.coverage[realm={realm}; counted=PA+OECM]"
        found = explain_measure(open_project(folder), name, run.id)
        return {site: area / KM2 for site, _, _, area in found.sites}

    assert sites("land") == pytest.approx({"1": 60, "2": 40, "3": 8})
    assert sites("inland_water") == pytest.approx({"2": 20, "3": 2})
    assert sites("land_and_inland_water") == pytest.approx({"1": 60, "2": 60, "3": 10})


def test_every_number_of_land_or_of_inland_water_has_its_sites(run: RunResults) -> None:
    traced = set()
    for row in run.measures:
        by = dict(by_pairs(row["by"]))
        if by.get("realm") not in ("land", "inland_water") or row["period"] != "2026":
            continue  # no sites are kept of the years before the account
        sites, why = sites_behind(run, row)
        assert sites or "does not keep" not in why, row
        if sites and row["unit"] == "m2":
            assert sum(s[3] for s in sites) == pytest.approx(float(row["value"]), rel=1e-6)
        traced |= {row["indicator"], *by} if sites else set()
    assert {"account.area", "account.coverage", "account.attributed", "unit", "iucn"} <= traced


def test_an_older_run_says_that_it_kept_them_together(
    run: RunResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(r for r in run.measures if "realm=inland_water" in r["by"])
    rows = RunResults.rows
    together = [{**r, "realm": "land_and_inland_water"} for r in run.rows("attribution.csv")]
    monkeypatch.setattr(RunResults, "rows", lambda self, name:
                        together if name == "attribution.csv" else rows(self, name))  # fmt: skip
    sites, why = sites_behind(run, row)
    assert not sites and "Next: tianren account" in why
