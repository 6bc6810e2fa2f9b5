"""Connectivity in `tianren account`: a country worked out by hand, and the island."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from tests.island.island import make_drawn_island
from tests.project.small_project import CATALOG, PROJECT, make_project
from tests.steps.test_account import KM2, record, square, value, write
from tianren.accounting.connectivity import LinkRules, network, patches, protconn
from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.steps.account import account
from tianren.steps.account_link_findings import negative
from tianren.steps.delineate import delineate

SECTION = """
[account]
sites = ["sites"]
candidates = "wishes"
"""
LAYERS = ("sites", "wishes", "beyond")
SOURCES = "".join(f'\n[{name}]\nuri = "data/{name}.gpkg"\nkind = "vector"\n' for name in LAYERS)

# Two parks of 10 km2, 26 km apart, in the east of 40 x 30 km; a park of another country along the
# border, 2 km from either; a wish of 20 km2 between them, 11 km from either and 2 km from the
# border's park. p = 0.5 at 10 km.
NORTH, SOUTH = square(14, 13, 5, 2), square(14, -15, 5, 2)
STRIP, WISH = square(21, -15, 3, 30), square(14, -2, 5, 4)
DIRECT, AROUND = 0.5**2.6, 0.5**0.4
ALONE, TOGETHER = (np.sqrt(200 + 200 * p) for p in (DIRECT, AROUND))


def country(folder: Path, section: str = "", other: str = "") -> Path:
    made = make_project(folder, PROJECT + other + SECTION + section, CATALOG + SOURCES)
    names = (("North", NORTH), ("South", SOUTH), ("Strip", STRIP))
    write(made, "sites", [record(n, name, s, 2000) for n, (name, s) in enumerate(names, start=1)])
    write(made, "wishes", [WISH], code=["w1"], name=["Wish"])
    write(made, "beyond", [square(19, -30, 40, 60)], name=["Neighbour"])  # 1 km of it is ours
    return made


@pytest.fixture(scope="module")
def across(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    folder = country(tmp_path_factory.mktemp("links") / "across", 'neighbours = "beyond"\n')
    return account(open_project(folder)).run


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    folder = country(tmp_path_factory.mktemp("links") / "alone")
    return account(open_project(folder)).run


def rules(run: RunResults) -> dict[str, str]:
    return {f["rule"]: f["message"] for f in run.findings}


def fraction(run: RunResults, name: str) -> float:
    return value(run, "account.protconn_fraction", f"fraction={name}; counted=PA")


def test_a_site_across_the_border_connects_without_being_counted(across: RunResults) -> None:
    assert value(across, "account.protconn", "part=Prot; counted=PA") == pytest.approx(20 / 12)
    found = value(across, "account.protconn", "part=ProtConn; counted=PA")
    assert found == pytest.approx(100 * TOGETHER / 1200, rel=1e-6)
    trans = 100 * (TOGETHER - ALONE) / TOGETHER
    assert fraction(across, "trans") == pytest.approx(trans, rel=1e-6)
    prot = 100 * np.sqrt(200) / TOGETHER
    assert fraction(across, "prot") == pytest.approx(prot, rel=1e-6)
    assert fraction(across, "unprot") == pytest.approx(100 - prot - trans, rel=1e-6)
    assert fraction(across, "within") + fraction(across, "contig") == pytest.approx(prot, rel=1e-6)
    assert "account.no_neighbours" not in rules(across)
    assert rules(across)["account.neighbours"].startswith("1 site on")


def test_without_neighbours_nothing_connects_across_and_it_is_said(alone: RunResults) -> None:
    found = value(alone, "account.protconn", "part=ProtConn; counted=PA")
    assert found == pytest.approx(100 * ALONE / 1200, rel=1e-6)
    assert fraction(alone, "trans") == 0
    assert "F_trans is 0" in rules(alone)["account.no_neighbours"]


def test_the_country_is_counted_alike_on_either_side_of_the_key(
    across: RunResults, alone: RunResults
) -> None:
    assert across.rows("cleaning.csv") == alone.rows("cleaning.csv")
    assert across.rows("coverage.csv") == alone.rows("coverage.csv")


def test_what_each_site_and_each_candidate_is_worth(across: RunResults) -> None:
    lost = {r["name"]: float(r["eca_lost_m2"]) for r in across.rows("site_links.csv")}
    assert lost == pytest.approx(dict.fromkeys(("North", "South"), (TOGETHER - 10) * KM2), rel=1e-6)
    [wish] = across.rows("candidate_links.csv")
    areas = np.array([10.0, 10.0, 20.0])
    p = np.where(np.eye(3) > 0, 1.0, AROUND)
    gained = np.sqrt(areas @ p @ areas) - TOGETHER
    assert (wish["site"], wish["origin"]) == ("w1", "candidate")
    assert float(wish["eca_gained_m2"]) == pytest.approx(gained * KM2, rel=1e-6)
    assert float(wish["percent_of_eca"]) == pytest.approx(100 * gained / TOGETHER, rel=1e-6)


def test_a_wish_moves_the_connections_by_what_it_is_worth(across: RunResults) -> None:
    moved = {r["by"]: r for r in across.rows("whatif.csv")
             if r["what_if"] == "wishes" and r["indicator"] == "account.protconn"}  # fmt: skip
    [wish] = across.rows("candidate_links.csv")
    change = 100 * float(wish["eca_gained_m2"]) / (1200 * KM2)
    assert float(moved["part=ProtConn"]["change"]) == pytest.approx(change, rel=1e-6)
    assert set(moved) == {
        f"part={p}" for p in ("ProtConn", "Prot", "ProtUnconn", "RelConn", "ProtConn bound")
    }


def test_each_unit_is_measured_alone(across: RunResults) -> None:
    found = {r["class"]: r for r in across.rows("region_links.csv")}
    east, west = found["东"], found["西"]
    assert float(east["land_m2"]) == pytest.approx(600 * KM2, rel=1e-6)
    assert float(east["protconn_percent"]) == pytest.approx(100 * TOGETHER / 600, rel=1e-6)
    assert float(east["f_trans_percent"]) == pytest.approx(fraction(across, "trans"), rel=1e-6)
    assert float(west["prot_percent"]) == float(west["protconn_percent"]) == 0
    by = "part=ProtConn; unit=东; counted=PA+OECM"
    assert value(across, "account.protconn", by) == float(east["protconn_percent"])


def test_the_cut_off_and_the_plane_are_stated(across: RunResults) -> None:
    told = rules(across)
    assert "1e-06" in told["account.link_cut_off"]
    assert "1.0000 to 1.0000" in told["account.link_distortion"]
    rows = {r["by"]: r for r in across.measures if r["indicator"] == "account.protconn"}
    row = rows["part=ProtConn; counted=PA"]
    assert float(row["low"]) == float(row["value"]) <= float(row["high"])
    unconnected = rows["part=ProtUnconn; counted=PA"]
    assert float(unconnected["low"]) <= float(unconnected["high"]) == float(unconnected["value"])
    assert "beyond" in row["sources"]


MOST = """
[parameters.override."protconn.most"]
value = 2
source = "test"
reason = "test"
[parameters.override."protconn.least"]
value = 0.5
source = "test"
reason = "test"
"""


def test_above_the_limit_the_worth_of_each_is_not_told_and_it_is_said(tmp_path: Path) -> None:
    run = account(open_project(country(tmp_path / "many", other=MOST))).run
    assert not run.has("site_links.csv") and not run.has("candidate_links.csv")
    assert rules(run)["account.links_not_each"].startswith("3 sites and candidates are more than 2")
    [row] = [r for r in run.measures if r["by"] == "part=ProtConn; counted=PA"]
    # the parks' path, p = 0.16, is below a cut-off of 0.5: at most that is what they may have
    assert float(row["value"]) == pytest.approx(100 * np.sqrt(200) / 1200, rel=1e-6)
    assert float(row["high"]) == pytest.approx(100 * np.sqrt(200 + 200 * 0.5) / 1200, rel=1e-6)


def test_neighbours_that_are_no_land_beyond_are_refused(tmp_path: Path) -> None:
    folder = country(tmp_path / "own", 'neighbours = "wishes"\n')
    with pytest.raises(UserError, match="no land beyond the region"):
        account(open_project(folder))


# -- the island ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    made = make_drawn_island(tmp_path_factory.mktemp("links") / "island")
    delineate(open_project(made), report=False)
    return account(open_project(made)).run


def test_the_island_is_connected_by_province_and_piece(island: RunResults) -> None:
    regions = island.rows("region_links.csv")
    assert {r["class"] for r in regions} == {"Región Ñandú", "东海 省"}
    whole = next(r for r in island.rows("connectivity.csv")
                 if r["measure"] == "Prot" and r["counted"] == "PA+OECM")  # fmt: skip
    land = sum(float(r["land_m2"]) for r in regions)
    held = sum(float(r["protected_m2"]) for r in regions)
    assert 100 * held / land == pytest.approx(float(whole["percent"]), rel=1e-6)
    for row in regions:
        assert float(row["protconn_percent"]) <= float(row["bound_percent"]) + 1e-9
        assert float(row["bound_percent"]) <= float(row["prot_percent"]) + 1e-9


def test_the_potential_oecms_of_the_island_would_connect(island: RunResults) -> None:
    rows = island.rows("candidate_links.csv")
    potential = {r["code"] for r in island.rows("classes.csv") if r["class"] == "potential_oecm"}
    assert potential and {r["site"] for r in rows} == potential
    assert {r["origin"] for r in rows} == {"redline"}
    gained = [float(r["eca_gained_m2"]) for r in rows]
    assert gained == sorted(gained, reverse=True) and gained[0] > 0
    sites = gpd.read_file(island.path("account.gpkg"), layer="sites")
    lost = [float(r["eca_lost_m2"]) for r in island.rows("site_links.csv")]
    assert len(lost) == len(sites) and max(lost) > 0
    assert min(lost) == 0  # the marine reserve has no land


def test_a_negative_share_of_what_touches_is_a_finding(island: RunResults) -> None:
    below = {
        r["class"] for r in island.rows("region_links.csv") if float(r["f_contig_percent"]) < -1e-9
    }
    told = [f["subject"] for f in island.findings if f["rule"] == "account.contig_negative"]
    assert {s.removeprefix("unit ") for s in told if s.startswith("unit ")} == below


def test_a_large_park_drawn_twice_makes_what_touches_negative() -> None:
    # 100 km2 twice and 10 km2 apart from it: F_prot stands for sqrt(100**2 + 10**2), F_within for
    # sqrt(2 * 100**2 + 10**2) * sqrt(110 / 210), which is more.
    shapes = np.array([square(-20, -15, 10, 10)] * 2 + [square(10, 10, 5, 2)], dtype=object)
    land, links = square(-20, -15, 40, 30), LinkRules(10e3, 1e-6, 50e3)
    found = protconn(network(patches(shapes, land), links), land, links)
    below = 100 * (np.hypot(100, 10) - np.sqrt(20100 * 110 / 210)) * KM2 / found.eca
    [told] = negative("PA", found)
    assert told.subject == "PA" and f"F_contig is {below:.2f} %" in told.message
    once = protconn(network(patches(shapes[1:], land), links), land, links)
    assert negative("PA", once) == []
