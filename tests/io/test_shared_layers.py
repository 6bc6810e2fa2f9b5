"""The door on real layers of many providers; skipped loudly where the layers are absent."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from tianren.demo import copy_switzerland
from tianren.errors import UserError
from tianren.project.project import Project, open_project

SHARED = Path(os.environ.get("TIANREN_SHARED", Path(__file__).parents[3] / "shared"))
MANY = SHARED / "data" / "sierra_de_neiba_mapme"
MADAGASCAR = SHARED / "data" / "madagascar"


def need(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"REAL DATA ABSENT: looked for {folder}; set TIANREN_SHARED")
    return folder


def project(folder: Path, region: Path, size: float, catalog: str, crs: str = "") -> Project:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.toml").write_text(
        f'name = "x"\nday = 2026-01-01\n[region]\nsource = "region"\n[grid]\nresolution = {size}\n'
        + (f'crs = "{crs}"\n' if crs else ""),
        encoding="utf-8",
    )
    (folder / "catalog.toml").write_text(
        f'[region]\nuri = "{region.resolve()}"\nkind = "vector"\n{catalog}', encoding="utf-8"
    )
    return open_project(folder)


def source(name: str, path: Path, **keys: Any) -> str:
    lines = [f"[{name}]", f'uri = "{path.resolve()}"']
    lines += [f'{k} = "{v}"' if isinstance(v, str) else f"{k} = {v}" for k, v in keys.items()]
    return "\n".join(lines) + "\n"


# name, file, keys, lowest, highest, share of the region with data
NEIBA = [
    ("elevation", "nasa_srtm/NASADEM_HGT_n18w072.tif", {"unit": "m"}, 40, 2300),
    ("landcover", "esalandcover/W080N20_LC100_v3.0.1_2019.tif", {"legend": "CGLS-LC100"}, 20, 126),
    ("chelsa", "chelsa/CHELSA_pr_01_2010_V.2.1.tif",
     {"unit": "mm/month", "kind": "flux", "scale": 0.01}, 41, 60),
    ("chirps", "chirps/chirps-v2.0.2010.01.tif", {"unit": "mm/month", "kind": "flux"}, 6, 63),
    ("fritz", "fritz_et_al/geo_fritz_et_al_100m.tif", {"unit": "1", "kind": "continuous"}, 0, 80),
    ("trees", "gfw_treecover/Hansen_GFC-2023-v1.11_treecover2000_20N_080W.tif",
     {"unit": "%", "kind": "continuous"}, 0, 100),
    ("amphibians", "iucn/Amphibians_SR_2023.tif", {"unit": "1", "kind": "continuous"}, 15, 15),
    ("burnt", "mcd64a1/MCD64A1.A2010060.h11v07.061.2021309000812_Burn_Date.tif",
     {"unit": "1", "kind": "continuous"}, 0, 255),
    ("hours", "nelson_et_al/traveltime-100k_200k.tif", {"unit": "min", "kind": "flux"}, 161, 528),
    ("tmax", "worldclim_max_temperature/wc2.1_cruts4.09_2.5m_tmax_2018-01.tif",
     {"unit": "degC", "kind": "continuous"}, 15, 27),
    ("people", "worldpop/ppp_2020_1km_Aggregated.tif", {"unit": "1", "kind": "count"}, 0, 20),
]  # fmt: skip


@pytest.mark.real_data
def test_layers_of_many_providers_come_onto_one_grid(tmp_path: Path) -> None:
    """Degrees, Goode, Mollweide, sinusoidal; nodata of every sort; cells from 25 m to 30 km."""
    data = need(MANY)
    catalog = "".join(source(n, data / "res" / uri, **keys) for n, uri, keys, _, _ in NEIBA)
    region = data / "extdata" / "sierra_de_neiba_478140.gpkg"
    opened = project(tmp_path, region, 100, catalog)
    assert opened.region.area.sum() / 1e6 == pytest.approx(182.95, abs=0.01)
    rasters, _ = opened.rasters()
    for name, _, _, low, high in NEIBA:
        cells = rasters[name].read()
        known = cells[cells >= 0] if cells.dtype.kind == "i" else cells[~np.isnan(cells)]
        assert low <= known.min() and known.max() <= high, name


@pytest.mark.real_data
def test_people_are_neither_made_nor_lost(tmp_path: Path) -> None:
    data = need(MANY) / "extdata"
    catalog = source("people", data / "burundi_worldpop.tif", unit="1", kind="count")
    opened = project(tmp_path, data / "burundi.gpkg", 1000, catalog)
    with rasterio.open(data / "burundi_worldpop.tif") as dataset:
        raw = dataset.read(1, masked=True).sum(dtype="int64")
    total = np.nansum(opened.rasters()[0]["people"].read())
    assert total == pytest.approx(float(raw), rel=3e-3)  # the box is cut at the grid's edge


@pytest.mark.real_data
def test_real_faults_are_told(tmp_path: Path) -> None:
    data = need(MANY) / "res"
    shell = need(MANY) / "extdata" / "shell_beach_protected_area_41057_B.gpkg"
    lbii = data / "biodiversity_intactness_index" / "lbii.asc"
    changes = data / "global_surface_water_transitions" / "transitions_60W_10Nv1_4_2021.tif"
    catalog = source("lbii", lbii, unit="1", kind="continuous")
    catalog += source("water", changes, kind="category", legend="worldcover")
    opened = project(tmp_path, shell, 30, catalog)
    with pytest.raises(UserError, match="has no CRS"):
        opened.rasters(["lbii"])
    with pytest.raises(UserError, match=r"0 \(32,731 cells\)"):
        opened.rasters(["water"])


@pytest.mark.real_data
def test_madagascar(tmp_path: Path) -> None:
    """Land by GADM 591,460 km2; 163 WDPA polygons; temperature in degC called kelvin is refused."""
    data = need(MADAGASCAR)
    catalog = source("wdpa", data / "wdpa_wdoecm_mdg_nov2022_polygons.gpkg", kind="vector")
    parts = data / "wdpa_nov2022" / "WDPA_WDOECM_Nov2022_Public_MDG-polygons_*.shp"
    catalog += f'[parts]\nuri = "{parts}"\nkind = "vector"\n'
    bio = data / "worldclim_bio_30s"
    catalog += source("annual_temperature", bio / "wc2.1_30s_bio_1.tif", unit="K")
    catalog += source("annual_precipitation", bio / "wc2.1_30s_bio_12.tif", unit="mm/a")
    catalog += source(
        "ndvi_max", data / "pypi_clips" / "ndvi_max_005deg.tif", unit="1", missing=-3000
    )
    crs = "+proj=laea +lat_0=-19 +lon_0=47"
    opened = project(tmp_path, data / "enmSdmX" / "mad0_gadm.gpkg", 1000, catalog, crs)
    assert opened.region.area.sum() / 1e6 == pytest.approx(591_460, abs=1)
    realm = opened.realm().read() == 1
    assert realm.sum() == pytest.approx(591_460, abs=100)
    wdpa, _ = opened.vector("wdpa")
    parts_layer, _ = opened.vector("parts")
    assert len(wdpa) == len(parts_layer) == 163
    assert wdpa.is_valid.all()
    assert wdpa.area.sum() == pytest.approx(parts_layer.area.sum(), rel=1e-9)
    with pytest.raises(UserError, match="do not fit the unit K") as fault:
        opened.rasters(["annual_temperature"])
    assert "degC?" in fault.value.next_step
    rasters, _ = opened.rasters(["annual_precipitation", "ndvi_max"])
    rain, green = (rasters[n].read()[realm] for n in ("annual_precipitation", "ndvi_max"))
    assert np.nanmean(rain) == pytest.approx(1393, abs=2)
    assert np.isnan(green).mean() < 1e-3 and np.nanmin(green) > 0


def test_switzerland_comes_in_whole(tmp_path: Path) -> None:
    """The embedded project: every layer on the grid, every cell in a division, nothing refused."""
    copy_switzerland(tmp_path / "ch")
    opened = open_project(tmp_path / "ch")
    assert opened.region.area.sum() / 1e6 == pytest.approx(41_290, abs=20)
    rasters, findings = opened.rasters()
    assert {"elevation", "slope", "relief", "landcover", "temperature_01", "precipitation_12",
            "soil_erodibility"} <= set(rasters)  # fmt: skip
    realm = opened.realm().read() == 1
    for name, raster in rasters.items():
        cells = raster.read()[realm]
        assert not (cells < 0).any() if raster.is_category else not np.isnan(cells).any(), name
    for level in opened.admin:
        assert (opened.admin_codes(level.name)[0].read()[realm] > 0).all()
    assert {f.rule for f in findings} == {"terrain.derived"}
