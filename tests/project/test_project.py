"""project.toml and catalog.toml: read as meant, refused with file, line and key."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.project.starter import new_project
from tianren.project.tables import line_of, plain_name
from tianren.raster.raster import MISSING

from .small_project import CATALOG, PROJECT, make_project


def test_a_project_is_what_its_files_say(tmp_path: Path) -> None:
    project = open_project(make_project(tmp_path / "项目 é"))
    assert (project.name, project.title, project.language) == ("Small", {"zh": "小"}, "en")
    assert (project.day, project.scope) == (dt.date(2026, 1, 1), "nation")
    assert project.must_include["parks"].where == {"name": ("东",)}
    assert project.conflicts[0].classes == (13,)
    assert project.parameters().number("redline.minimum_area") == 2e6
    assert project.entry("landcover").legend_name == "igbp"
    assert project.entry("landcover").legend[13] == "Urban and built-up lands"


def test_ground_and_layers_are_on_one_grid(tmp_path: Path) -> None:
    project = open_project(make_project(tmp_path))
    assert tuple(project.grid.shape) == (30, 40)
    assert project.region["name"].tolist() == ["Land"]
    assert (project.realm().read() == 1).all()
    codes, table = project.admin_codes("province")
    assert table == {1: ("10", "东"), 2: ("2", "西")}
    assert (codes.read()[:, :20] == 2).all() and (codes.read()[:, 20:] == 1).all()
    rasters, findings = project.rasters()
    assert set(rasters) == {"elevation", "slope", "relief", "landcover"}
    assert all(r.grid is project.grid for r in rasters.values())
    assert {f.rule for f in findings} == {"terrain.derived"}
    layer, _ = project.vector("provinces")
    assert layer.area.sum() == pytest.approx(40_000 * 30_000)


def test_land_covers_sea_where_both_are(tmp_path: Path) -> None:
    text = PROJECT.replace('name_column = "name"', 'where = {name = "东"}\nsea_source = "country"')
    text = text.replace('source = "country"\n', 'source = "provinces"\n', 1)
    project = open_project(make_project(tmp_path, text))
    realm = project.realm().read()
    assert (realm[:, :20] == 2).all() and (realm[:, 20:] == 1).all()
    assert project.region.area.tolist() == pytest.approx([6e8, 6e8])


def test_outside_the_region_there_is_no_realm(tmp_path: Path) -> None:
    text = PROJECT.replace('name_column = "name"', 'where = {name = "Land"}')
    project = open_project(
        make_project(tmp_path, text.replace("resolution = 1000", "resolution = 7000"))
    )
    realm = project.realm().read()
    assert set(np.unique(realm)) <= {1, MISSING} and (realm == MISSING).any()


def test_a_crs_is_proposed_and_said(tmp_path: Path) -> None:
    text = "\n".join(line for line in PROJECT.splitlines() if not line.startswith("crs ="))
    project = open_project(make_project(tmp_path, text))
    assert "+proj=laea +lat_0=45 +lon_0=8" in project.findings[0].message
    assert project.region.area.sum() == pytest.approx(1.2e9, rel=1e-6)


def test_a_grid_that_is_not_equal_area_is_refused(tmp_path: Path) -> None:
    text = PROJECT.replace("laea +lat_0=45 +lon_0=8", "utm +zone=34")
    project = open_project(make_project(tmp_path, text))
    with pytest.raises(UserError, match="not equal-area") as fault:
        _ = project.grid
    assert fault.value.where == "project.toml, [grid] crs" and "+proj=laea" in fault.value.next_step


def test_a_crs_that_nobody_knows(tmp_path: Path) -> None:
    text = PROJECT.replace("+proj=laea", "+proj=lae")
    with pytest.raises(UserError, match="not a CRS that PROJ knows") as fault:
        _ = open_project(make_project(tmp_path, text)).grid
    assert fault.value.where == "project.toml, [grid] crs"


def edited(old: str, new: str, count: int = -1) -> str:
    """project.toml with one thing wrong."""
    assert old in PROJECT
    return PROJECT.replace(old, new, count)


def listed(old: str, new: str, count: int = -1) -> str:
    """catalog.toml with one thing wrong."""
    assert old in CATALOG
    return CATALOG.replace(old, new, count)


FAULTS = {
    "a missing key": (edited('name = "Small"\n', ""), "the key name is missing", ", name"),
    "a wrong type": (edited("= 1000", '= "wide"'), "valid number", "line 13, grid.resolution"),
    "nothing": ("", "name is missing", "project.toml"),
    "no size": (edited("= 1000", "= 0"), "greater than 0, not 0", "grid.resolution"),
    "a typo": (edited("name_column", "nmae_column"), "nmae_column is not known", "line 9"),
    "a word": (edited('"deduct"', '"remove"'), "'keep', 'retire' or 'deduct'", "line 31"),
    "malformed": (
        edited("resolution = 1000", "resolution = "),
        "is malformed",
        "line 13: resolution =",
    ),
    "twice": (PROJECT + "\n[grid]\nresolution = 5\n", "name is used twice", "line 39"),
    "a source": (
        edited('source = "country"', 'source = "contry"'),
        "no source called contry",
        "line 8",
    ),
    "a raster": (
        edited('source = "country"', 'source = "elevation"'),
        "does not serve here",
        "line 8",
    ),
    "a level": (
        edited('piece_level = "province"', 'piece_level = "x"'),
        "no level called x",
        "line 19",
    ),
    "a scope": (
        edited("jurisdiction", 'scope = "x"\njurisdiction'),
        "scope x is neither",
        "line 5",
    ),
    "a parameter": (edited("minimum_area", "minimum_are"), "no parameter called", "project.toml"),
    "twins": (
        edited(
            "[conflicts.built]",
            '[conflicts."Built "]\nsource = "landcover"\n'
            'kind = "x"\ndecision = "keep"\nreason = "x"\n\n[conflicts.built]',
        ),
        "have one name",
        "conflicts.built",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_project_toml_names_file_line_and_key(tmp_path: Path, name: str) -> None:
    text, what, where = FAULTS[name]
    with pytest.raises(UserError) as fault:
        open_project(make_project(tmp_path, text))
    assert what in fault.value.what
    assert where in fault.value.where and "project.toml" in fault.value.where
    assert fault.value.next_step


@pytest.mark.parametrize(
    ("line", "step"),
    [("language = 5", 'write it in quotes: language = "..."'),
     ('must_include = "parks"', "write a table: must_include = {...}")],
)  # fmt: skip
def test_a_value_of_another_kind_is_told_how_it_is_written(
    tmp_path: Path, line: str, step: str
) -> None:
    with pytest.raises(UserError) as fault:
        open_project(make_project(tmp_path, f"{line}\n{PROJECT.partition('[must_include')[0]}"))
    assert fault.value.next_step == step


CATALOG_FAULTS = {
    "malformed": (listed('unit = "m"', "unit = m"), "malformed", "line 14: unit = m"),
    "two of one name": (
        CATALOG + '\n[elevation]\nuri = "b.tif"\nunit = "m"\n',
        "used twice",
        "line 20",
    ),
    "twins": (
        CATALOG + '\n["Elevation"]\nuri = "b.tif"\nunit = "m"\nlayer = "x"\nkind = "flux"\n',
        "have one name",
        "line 20, Elevation",
    ),
    "forms": (
        CATALOG + '\n["Pi\u00f1o"]\nuri = "a"\nkind = "vector"\n["Pin\u0303o"]\nuri = "a"\n',
        "have one name",
        "line 23",
    ),
    "two for one layer": (
        CATALOG + '\n[dem]\nlayer = "elevation"\nuri = "b.tif"\nunit = "m"\n',
        "two sources serve the layer elevation",
        "line 21",
    ),
    "no unit": (listed('unit = "m"\n', ""), "unit of elevation is not given", "elevation"),
    "no kind": (
        CATALOG + '\n[new]\nuri = "b.tif"\nunit = "m"\n',
        "kind of new is not given",
        "line 20",
    ),
    "no legend": (listed('legend = "IGBP"', ""), "category needs its legend", "landcover"),
    "another legend": (listed("IGBP", "IGPB"), "no legend called IGPB", "landcover"),
    "uri and constant": (
        listed('unit = "m"', 'unit = "m"\nconstant = 5'),
        "either uri",
        "elevation",
    ),
    "no reason": (
        CATALOG + '\n[npp]\nconstant = 5\nunit = "g"\n',
        "constant needs its reason",
        "npp",
    ),
    "a kind": (
        listed('kind = "vector"', 'kind = "raster"', 1),
        "'continuous', 'flux'",
        "country.kind",
    ),
    "no table": ("elevation = 5\n", "elevation is not a source", "line 1"),
}


@pytest.mark.parametrize("name", CATALOG_FAULTS)
def test_a_fault_in_catalog_toml_names_file_line_and_key(tmp_path: Path, name: str) -> None:
    text, what, where = CATALOG_FAULTS[name]
    with pytest.raises(UserError) as fault:
        open_project(make_project(tmp_path, catalog=text))
    assert what in fault.value.what
    assert where in fault.value.where and "catalog.toml" in fault.value.where
    assert fault.value.next_step


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"project\.toml cannot be read"):
        open_project(tmp_path)
    make_project(tmp_path)
    (tmp_path / "project.toml").write_bytes('name = "云"\n'.encode("gbk"))
    with pytest.raises(UserError, match="not UTF-8") as fault:
        open_project(tmp_path)
    assert "line 1" in fault.value.where


def test_a_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    make_project(tmp_path)
    (tmp_path / "project.toml").write_bytes(
        b"\xef\xbb\xbf" + PROJECT.replace("\n", "\r\n").encode()
    )
    assert open_project(tmp_path).name == "Small"


def test_a_file_that_changed_is_refused_and_the_new_hash_is_told(tmp_path: Path) -> None:
    catalog = CATALOG.replace('unit = "m"', f'unit = "m"\nsha256 = "{"0" * 64}"')
    project = open_project(make_project(tmp_path, catalog=catalog))
    with pytest.raises(UserError, match="not the one the catalog describes") as fault:
        project.rasters(["elevation"])
    right = fault.value.next_step.split('"')[1]
    (tmp_path / "catalog.toml").write_text(catalog.replace("0" * 64, right), encoding="utf-8")
    assert "elevation" in open_project(tmp_path).rasters(["elevation"])[0]


def test_digests_follow_the_files(tmp_path: Path) -> None:
    project = open_project(make_project(tmp_path))
    before = project.digests()
    assert project.digests() == before
    path = tmp_path / "data" / "lc.tif"
    path.write_bytes(path.read_bytes() + b" ")
    assert project.digest("landcover") != before["landcover"]
    (tmp_path / ".cache" / "sha256.json").write_text("damaged")
    assert project.digest("elevation") == before["elevation"]


def test_a_starter_opens_and_overwrites_nothing(tmp_path: Path) -> None:
    folder = tmp_path / '云南 2026 "é"'
    new_project(folder)
    assert open_project(folder).name == '云南 2026 "é"'
    with pytest.raises(UserError, match="already"):
        new_project(folder)


def test_opening_a_project_loads_nothing_heavy(tmp_path: Path) -> None:
    make_project(tmp_path)
    program = (
        "import sys; from tianren.project.project import open_project; "
        f"open_project({str(tmp_path)!r}); from tianren.project.runs import list_runs; "
        f"list_runs(open_project({str(tmp_path)!r})); "
        "heavy = {'rasterio', 'geopandas', 'pandas', 'numpy', 'shapely'} & set(sys.modules);"
        "print(sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_lines_are_found() -> None:
    text = 'a = 1\n[b.c]\nd = 2\n[e."f g"]\n# h = 0\nh = {i = 1}\n'
    assert line_of(text, ["b", "c", "d"]) == 3
    assert line_of(text, ["b", "c", "missing"]) == 2
    assert line_of(text, ["e", "f g", "h", "i"]) == 6
    assert line_of(text, ["z"]) is None


@given(st.text())
def test_a_plain_name_is_its_own_plain_name(text: str) -> None:
    assert plain_name(plain_name(text)) == plain_name(text) or text.casefold() != text
