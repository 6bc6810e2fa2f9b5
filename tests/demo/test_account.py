"""The account of the embedded Swiss project: twelve approximate points, each drawn as a circle."""

from pathlib import Path

import pytest

from tianren.demo import copy_switzerland
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.steps.account import account


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    folder: Path = tmp_path_factory.mktemp("account") / "switzerland"
    copy_switzerland(folder)
    return account(open_project(folder)).run


def test_the_points_count_with_their_reported_area(run: RunResults) -> None:
    sites = run.rows("sites.csv")
    assert len(sites) == 12
    assert all(row["approximate"] == "True" for row in sites)
    reported = sum(float(row["reported_km2"]) for row in sites)
    counted = sum(float(row["land_m2"]) for row in sites) / 1e6
    row = next(r for r in run.rows("distance.csv") if r["counted"] == "PA")
    assert counted == pytest.approx(float(row["area_m2"]) / 1e6)
    assert 0.9 * reported < counted <= reported  # what lies beyond the border is cut off


def test_what_is_cut_off_and_that_points_are_circles_is_told(run: RunResults) -> None:
    told = {row["rule"]: row["message"] for row in run.findings}
    assert "12 sites are points, drawn as circles" in told["sites.circle"]
    assert "Swiss National Park" in told["sites.region"]
