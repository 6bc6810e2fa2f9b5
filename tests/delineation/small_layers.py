"""A small region with every layer of the vocabulary, made up but plausible, for several tests."""

import datetime as dt
from collections.abc import Iterable

import numpy as np
from odc.geo.geobox import GeoBox

from tianren.delineation.layers import LayerInfo
from tianren.parameters import Parameters
from tianren.parameters.layers import layers
from tianren.raster.raster import MISSING, Array, ArraySource, Raster

GRID = GeoBox.from_bbox(
    (-20e3, -15e3, 20e3, 15e3), "+proj=laea +lat_0=40 +lon_0=100", resolution=1e3
)
DAY = dt.date(2026, 1, 1)
RNG_SEED = 20260101
RANGES = {  # layer -> plausible values; the land is dry, so that every criterion applies
    "elevation": (200, 3000),
    "slope": (0, 40),
    "relief": (0, 500),
    "temperature": (-5, 28),
    "precipitation": (0, 30),
    "annual_temperature": (2, 14),
    "annual_precipitation": (60, 500),
    "temperature_range": (5, 18),
    "potential_evapotranspiration": (700, 1400),
    "evapotranspiration": (50, 450),
    "npp": (10, 700),
    "ndvi_max": (-0.1, 0.9),
    "ndvi_min": (-0.1, 0.4),
    "vegetation_cover": (0, 1),
    "fapar": (0, 0.9),
    "soil_erodibility": (0.005, 0.06),
    "sand": (20, 60),
    "silt": (10, 30),
    "clay": (10, 30),
    "organic_carbon": (0.2, 3),
    "carbonate": (0, 20),
    "rainfall_erosivity": (100, 9000),
    "cover_factor": (0, 1),
    "wind_factor": (1, 80),
    "wind_days": (0, 60),
    "gale_days": (0, 60),
    "erosion_modulus": (0, 20000),
    "wind_erosion_modulus": (0, 20000),
    "surface_roughness": (0.5, 1),
    "wind_speed": (1, 9),
    "soil_depth": (0.2, 2),
    "soil_water_infiltration": (0.1, 1),
    "carbonate_outcrop": (0, 100),
    "accumulated_temperature": (0, 4500),
    "evaporation_ratio": (1, 20),
    "groundwater_mineralisation": (0, 30),
    "groundwater_depth": (0.5, 12),
    "shoreline_retreat": (-2, 6),
    "habitat_importance": (0, 30),
    "carbon_stock": (5, 250),
    "heterotrophic_respiration": (10, 500),
    "accumulated_temperature_0": (0, 9000),
    "relative_humidity": (20, 95),
    "water_modulus": (0, 80),
}
CODES = {
    "landcover": (1, 16),
    "soil_texture": (1, 13),
    "karst": (0, 1),
    "coast_type": (1, 10),
    "natural_coast": (0, 9),
    "climate_class": (1, 5),
    "rocky_desertification_degree": (0, 5),
    "priority_ecosystem": (0, 1),
    "critical_species_range": (0, 1),
    "vulnerable_species_range": (0, 1),
    "germplasm_habitat": (0, 1),
    "soil_pollution": (1, 3),
    "hazard": (1, 5),
}
LEGENDS = {"landcover": "IGBP", "soil_texture": "usda_texture", "coast_type": "coast_type"}


def parameters(**choices: str) -> Parameters:
    return Parameters(DAY, choices={k.replace("__", "."): v for k, v in choices.items()})


def infos(names: Iterable[str]) -> dict[str, LayerInfo]:
    """What a catalog with these layers says."""
    return {n: LayerInfo(n, n, legend_name=LEGENDS.get(n, "")) for n in names}


def rasters(names: Iterable[str], grid: GeoBox = GRID) -> dict[str, Raster]:
    """Made-up rasters of these layers, the same each time."""
    found = {}
    for name in names:
        for band, raster in enumerate(layers()[name].rasters):
            seed = [RNG_SEED, band, *name.encode()]
            found[raster] = _raster(raster, name, np.random.default_rng(seed), grid)
    return found


def _raster(name: str, layer: str, rng: np.random.Generator, grid: GeoBox) -> Raster:
    if layer in CODES:
        low, high = CODES[layer]
        cells = rng.integers(low, high + 1, grid.shape).astype(np.int32)
        return Raster(name, grid, ArraySource(cells), "1", "category")
    low_value, high_value = RANGES[layer]
    values = rng.uniform(low_value, high_value, grid.shape).astype(np.float32)
    return Raster(name, grid, ArraySource(values), layers()[layer].unit)


def raster(name: str, cells: Array, *, category: bool = False, grid: GeoBox = GRID) -> Raster:
    return Raster(name, grid, ArraySource(cells), kind="category" if category else "continuous")


def realm(grid: GeoBox = GRID) -> Raster:
    """Land, with three rows of sea at the bottom and two rows of another country at the top."""
    codes = np.ones(grid.shape, dtype=np.int32)
    codes[:2] = MISSING
    codes[-3:] = 2
    return raster("realm", codes, category=True, grid=grid)
