"""`tianren check` reads each source of [account] and says what the account would say of it."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tests.steps.test_account import NOW, square, write
from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.steps.account import account
from tianren.steps.check import check
from tianren.steps.oecm_sites import read_candidates

LAYERS = ("sites", "candidates", "waters", "zones", "lands", "beyond", "earlier")
TABLES = ("types", "mett", "answers")
SOURCES = "".join(f'\n[{n}]\nuri = "data/{n}.gpkg"\nkind = "vector"\n' for n in LAYERS)
SOURCES += "".join(f'\n[{n}]\nuri = "data/{n}.csv"\nkind = "table"\n' for n in TABLES)
SECTION = """
[account]
sites = ["sites"]
opening_sites = ["earlier"]
opening = 2015-12-31
candidates = "candidates"
inland_water = "waters"
freshwater = "zones"
territories = "lands"
territory_column = "recognition"
neighbours = "beyond"
crosswalk = "types"
assessments = ["mett"]
oecm = "answers"
"""


def text(name: str, words: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "data" / name).write_text(words, encoding="utf-8")


def layer(layer_name: str, /, **columns: list[str]) -> Callable[[Path], object]:
    return lambda folder: write(folder, layer_name, [square(5, 5, 4, 4)], **columns)


def gone(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "data" / name).unlink()


# What is wrong with a source -> words of the account's refusal.
FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no list": (text("sites.gpkg", "hello"), "does not hold what its name says"),
    "no earlier list": (gone("earlier.gpkg"), "the file is not there"),
    "nameless candidates": (layer("candidates", colour=["red"]), "no column of code or name"),
    "no lakes": (gone("waters.gpkg"), "the file is not there"),
    "other zones": (layer("zones", colour=["red"]), "zones has no column name"),
    "a strange right": (layer("lands", recognition=["perhaps"]), "perhaps"),
    "neighbours inside": (layer("beyond", name=["n"]), "no land beyond the region"),
    "a strange class": (text("types.csv", "type,counts_as\nPark,perhaps\n"), "'perhaps'"),
    "an unknown site": (text("mett.csv", "site,tool,year,score\n77,METT-4,2024,70\n"), "'77'"),
    "no answers": (text("answers.csv", "site,criterion\n1,C1\n"), "no column of answer"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_project(tmp_path / "p", PROJECT + SECTION, CATALOG + SOURCES)
    write(made, "sites", NOW)
    write(made, "earlier", NOW[:1])
    for name, columns in (
        ("candidates", {"code": ["w1"]}),
        ("waters", {"name": ["w"]}),
        ("zones", {"name": ["z"]}),
        ("lands", {"recognition": ["recognised"]}),
    ):
        layer(name, **columns)(made)  # fmt: skip
    write(made, "beyond", [square(20, -15, 40, 30)], name=["n"])
    text("types.csv", "type,counts_as\nPark,protected_area\n")(made)
    text("mett.csv", "site,tool,year,score\n1,METT-4,2024,70\n")(made)
    text("answers.csv", "site,criterion,answer\nw1,C1,yes\n")(made)
    return made


def test_a_sound_account_is_ready(folder: Path) -> None:
    found = check(open_project(folder))
    assert found.faults == ()
    assert [(s.name, s.lacks) for s in found.sections] == [("account", ())]


@pytest.mark.parametrize("fault", FAULTS)
def test_check_tells_what_the_account_would_refuse_in_its_words(folder: Path, fault: str) -> None:
    spoil, words = FAULTS[fault]
    spoil(folder)
    found = check(open_project(folder))
    (told,) = found.faults
    with pytest.raises(UserError) as refused:
        account(open_project(folder))
    assert (told.what, told.where, told.next_step) == (
        refused.value.what, refused.value.where, refused.value.next_step,
    )  # fmt: skip
    assert words in told.message()
    assert found.sections[0].name == "account" and found.sections[0].lacks


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    for spoil, _ in FAULTS.values():
        spoil(folder)
    told = check(open_project(folder)).faults
    assert len(told) == len(FAULTS) - 1  # without the list no assessment has an unknown site


def test_a_workbook_without_places_is_refused_by_both(folder: Path) -> None:
    import pandas as pd

    book = folder / "data" / "sites.xlsx"
    pd.DataFrame({"id": ["1"], "name": ["Park"]}).to_excel(book, index=False)
    catalog = folder / "catalog.toml"
    catalog.write_text(catalog.read_text("utf-8").replace("sites.gpkg", "sites.xlsx", 1), "utf-8")
    (told,) = check(open_project(folder)).faults
    assert told.what == "the table has no column of longitude"


@pytest.mark.parametrize(
    "columns",
    [{"code": ["w1"], "type": ["Alp"]}, {"Code": ["w1"], "Type": ["Alp"], "Name": ["Wish"]},
     {"SITE_ID": ["w1"], "Designation": ["Alp"], "NAME": ["Wish"]}],
)  # fmt: skip
def test_candidates_are_read_under_the_headings_of_lists_too(
    folder: Path, columns: dict[str, list[str]]
) -> None:
    layer("candidates", **columns)(folder)
    found, told = read_candidates(open_project(folder))
    name = "Wish" if len(columns) == 3 else "w1"
    assert found[["site", "name", "type"]].to_numpy().tolist() == [["w1", name, "Alp"]]
    assert told == []


def test_candidates_without_a_type_tell_which_headings_are_read(folder: Path) -> None:
    _, told = read_candidates(open_project(folder))
    assert [f.rule for f in told] == ["oecm.no_type"]
    assert "type, nationalType" in told[0].message and "designation" in told[0].message


def test_a_project_without_an_account_hears_nothing_of_it(tmp_path: Path) -> None:
    assert check(open_project(make_project(tmp_path / "p"))).sections == ()


def test_a_workbook_of_points_is_a_list_of_sites(folder: Path) -> None:
    """Longitude and latitude make the places; the reported area makes the circles."""
    import pandas as pd

    x, y = gpd.GeoSeries([shapely.Point(0, 0)], crs=LAEA).to_crs("EPSG:4326")[0].coords[0]
    rows = {"id": ["7"], "name": ["Hill"], "kind": ["PA"], "reported area (ha)": ["1 200"],
            "year": [2001], "lon": [x], "lat": [y]}  # fmt: skip
    pd.DataFrame(rows).to_excel(folder / "data" / "sites.xlsx", index=False)
    catalog = folder / "catalog.toml"
    catalog.write_text(catalog.read_text("utf-8").replace("sites.gpkg", "sites.xlsx", 1), "utf-8")
    (folder / "data" / "mett.csv").write_text("site,tool,year,score\n7,METT-4,2024,70\n", "utf-8")
    assert check(open_project(folder)).faults == ()
    (site,) = account(open_project(folder)).run.rows("sites.csv")
    assert site["site_id"] == "7" and site["year"] == "2001"
    assert float(site["land_m2"]) == pytest.approx(12e6, rel=1e-3)
