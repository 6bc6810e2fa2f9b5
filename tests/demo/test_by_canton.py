"""Switzerland graded canton by canton: each holds its own half, and its curve says how."""

import csv
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tianren.demo import copy_switzerland
from tianren.project.project import open_project
from tianren.project.runs import open_run
from tianren.steps.delineate import delineate
from tianren.steps.explain import Results, explain_piece

FUNCTIONS = ("water_conservation", "soil_conservation")


class Made:
    def __init__(self, folder: Path) -> None:
        copy_switzerland(folder)
        path = folder / "project.toml"
        text = path.read_text("utf-8").replace(
            'jurisdiction = "CN"', 'jurisdiction = "CN"\nscope = "canton"'
        )
        path.write_text(text, "utf-8")
        self.project = open_project(folder)
        self.run = delineate(self.project, report=False).run

    def cells(self, name: str) -> np.ndarray:
        with rasterio.open(self.run.folder / name) as source:
            return np.asarray(source.read(1))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("cantons") / "switzerland")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_best_land_of_each_canton_holds_half_of_its_function(made: Made, function: str) -> None:
    """Summed from the rasters, and not without the least of the extremely important cells."""
    canton, table = made.project.admin_codes("canton")
    codes = canton.read()
    value, grade = made.cells(f"values/{function}.tif"), made.cells(f"grades/{function}.tif")
    served = np.where(value > 0, value, 0).astype(float)
    for number, (_, name) in table.items():
        mine = (codes == number) & ~np.isnan(value)
        total, top = served[mine].sum(), mine & (grade == 5)
        if not total:
            continue
        assert served[top].sum() >= 0.5 * total * (1 - 1e-9), name
        least = served[top].min()
        assert served[top & (served > least)].sum() < 0.5 * total, name


def test_each_canton_has_its_lorenz_curve(made: Made) -> None:
    """The best land holds more than its share, and more land never holds less."""
    with (made.run.folder / "measures.csv").open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["indicator"] == "function.lorenz"]
    curves: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in rows:
        by = dict(part.split("=") for part in row["by"].split("; "))
        point = int(by["best_land_percent"]), float(row["value"])
        curves.setdefault((by["function"], by["scope"]), []).append(point)
    scopes = {scope for function, scope in curves if function == "soil_conservation"}
    assert len(scopes) == 26
    for curve in curves.values():
        percents, held = np.array(sorted(curve)).T
        assert (np.diff(held) >= -1e-9).all()
        assert (held >= percents - 1e-6).all()


def test_a_piece_is_explained_by_the_thresholds_of_its_canton(made: Made) -> None:
    results = Results(open_run(made.project, made.run.id))
    cuts = made.run.json("cuts.json")["soil_conservation"]
    seen = set()
    for code, piece in results.pieces.items():
        found = explain_piece(results, code)
        (why,) = (w for w in found.criteria if w.criterion == "soil_conservation")
        if why.threshold is None:
            continue
        scope = f"{piece['canton']}, land"
        assert why.threshold == pytest.approx(cuts[scope]["thresholds"][0]), code
        seen.add(scope)
    assert len(seen) > 20
