"""`tianren check` opens every layer in use, and tells all that delineate would refuse, at once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from tests.project.small_project import CATALOG as SMALL_CATALOG
from tests.project.small_project import PROJECT, make_project
from tests.steps.test_rivers import CATALOG, LAEA, valley
from tianren.errors import UserError
from tianren.io import survey
from tianren.language import set_language
from tianren.project.project import open_project
from tianren.steps.check import check
from tianren.steps.delineate import delineate


def layer(path: Path, cells: Any, **how: Any) -> None:
    cells = np.asarray(cells)
    profile = {
        "driver": "GTiff", "height": cells.shape[0], "width": cells.shape[1], "count": 1,
        "dtype": cells.dtype, "crs": LAEA, "transform": rasterio.Affine(50, 0, 0, 0, -50, 2000),
    }  # fmt: skip
    with rasterio.open(path, "w", **{**profile, **how}) as sink:
        sink.write(cells, 1)


COVER = np.full((40, 60), 0.3, np.float32)
RAIN = np.full((40, 60), 800, np.float32)


def broken_rain(path: Path) -> None:
    layer(path, np.where(np.arange(60) < 50, RAIN, -9999).astype(np.float32))


def truncated_rain(path: Path) -> None:
    rng = np.random.default_rng(1)
    layer(path, rng.random((40, 60)).astype(np.float32) + RAIN, compress="deflate")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 2000])


FAULTS = {
    "undeclared nodata": (broken_rain, "-9999"),
    "wrong unit": (lambda p: layer(p, RAIN * 100), "do not fit the unit"),
    "no CRS": (lambda p: layer(p, RAIN, crs=None), "no CRS"),
    "elsewhere": (
        lambda p: layer(p, RAIN, transform=rasterio.Affine(50, 0, 9e5, 0, -50, 9e5)),
        "does not overlap",
    ),
    "truncated": (truncated_rain, "cannot be read"),
    "nothing in it": (lambda p: layer(p, RAIN * np.nan), "no data"),
    "not a raster": (lambda p: p.write_text("hello"), "cannot be read"),
    "not there": (lambda p: None, "not there"),
}
RAIN_SOURCE = '\n[annual_precipitation]\nuri = "data/rain.tif"\nunit = "mm/a"\n'


def with_rain(folder: Path, made: Any) -> Path:
    """The valley with erosivity from a layer of annual rain."""
    valley(folder, resolution=200)
    text = CATALOG.replace("[rainfall_erosivity]", "[climate]").replace(
        'constant = 3000\nunit = "MJ mm/(hm2 h a)"',
        'kind = "continuous"\nconstant = 1\nunit = "1"',
    )
    (folder / "catalog.toml").write_text(text + RAIN_SOURCE, "utf-8")
    made(folder / "data/rain.tif")
    return folder


@pytest.mark.parametrize("fault", FAULTS)
def test_check_tells_what_delineate_would_refuse_in_the_same_words(
    tmp_path: Path, fault: str
) -> None:
    make, words = FAULTS[fault]
    project = open_project(with_rain(tmp_path / "p", make))
    (told,) = check(project).faults
    with pytest.raises(UserError) as refused:
        delineate(project, report=False)
    assert (told.what, told.where, told.next_step) == (
        refused.value.what, refused.value.where, refused.value.next_step,
    )  # fmt: skip
    assert words in told.message()


def test_all_faults_are_told_at_once_and_the_command_ends_with_status_2(tmp_path: Path) -> None:
    folder = with_rain(tmp_path / "p", broken_rain)
    text = (folder / "catalog.toml").read_text("utf-8")
    text = text.replace(
        'constant = 0.1\nunit = "1"\nreason = "test"', 'uri = "data/c.tif"\nunit = "1"'
    )
    text = text.replace("constant = 0.03", "constant = 30")
    (folder / "catalog.toml").write_text(text, "utf-8")
    layer(folder / "data/c.tif", COVER * 100)
    command = [sys.executable, "-m", "tianren", "check", "-p", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 2
    for words in ("-9999", "do not fit the unit", "not plausible for soil_erodibility"):
        assert words in told.stdout
    assert "soil conservation" in told.stdout.lower()
    plain = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert plain.returncode == 2
    faults = json.loads(plain.stdout)["faults"]
    assert len(faults) == 3
    assert all(row["where"] and row["next_step"] for row in faults)


def test_a_project_without_faults_has_none(tmp_path: Path) -> None:
    project = open_project(with_rain(tmp_path / "p", lambda p: layer(p, RAIN)))
    assert check(project).faults == ()


def test_of_a_large_layer_a_sample_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its corners are looked at; a full reading is left to delineate."""
    rain = np.tile(RAIN, (10, 10))
    rain[-1, -1] = -9999
    project = open_project(
        with_rain(
            tmp_path / "p",
            lambda p: layer(p, rain, transform=rasterio.Affine(5, 0, 0, 0, -5, 2000)),
        )
    )
    monkeypatch.setattr(survey, "_FEW", 1000)
    read = []
    kept = survey.NativeRaster.read_raw

    def counted(self: Any, band: int, rows: slice, columns: slice) -> Any:
        read.append((rows.stop - rows.start) * (columns.stop - columns.start))
        return kept(self, band, rows, columns)

    monkeypatch.setattr(survey.NativeRaster, "read_raw", counted)
    (fault,) = check(project).faults
    assert "-9999" in fault.message()
    assert max(read) <= 64 * 64
    assert sum(read) < rain.size


@pytest.mark.parametrize(("language", "word"), [("en", "Next: "), ("zh", "下一步"), ("es", "Sig")])
def test_the_frame_of_an_error_is_told_in_the_language(language: str, word: str) -> None:
    from tianren.language import say

    set_language(language)
    try:
        assert word in UserError("x", next_step="y").message(say)
    finally:
        set_language("en")


def test_what_is_declared_beyond_the_line_is_told_with_what_it_lacks(tmp_path: Path) -> None:
    more = '\n[gaps]\necosystems = "landcover"\n\n[plan]\n\n[corridors]\njoin = false\n'
    make_project(tmp_path, PROJECT + more, SMALL_CATALOG)
    found = check(open_project(tmp_path))
    lacks = {section.name: section.lacks for section in found.sections}
    assert list(lacks) == ["gaps", "plan", "corridors"]
    assert lacks["plan"] == ("No line to compare with yet: tianren delineate",)
    assert any("ecoregions are not judged" in text for text in lacks["gaps"])
    assert not any("ecosystem types" in text for text in lacks["gaps"])
    assert any("name resistance" in text for text in lacks["corridors"])
    assert "[corridors]" in found.text() and "tianren gaps" in found.text()
    assert found.as_dict()["sections"][0]["command"] == "tianren gaps"
