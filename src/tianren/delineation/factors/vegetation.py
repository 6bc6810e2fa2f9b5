"""Factors of vegetation: productivity, cover, carbon by type. Best way first."""

from typing import Any

import numpy as np

from tianren.delineation.legends import Codes, landcover_types
from tianren.delineation.recipes import Context, Flag, Recipe, Statistic, number_setting
from tianren.findings import Severity
from tianren.raster.raster import Array
from tianren.science import carbon, productivity, soil_erosion
from tianren.science.landcover import look_up, values_by_code


def miami_year(temperature: Array, precipitation: Array, *, carbon_fraction: float) -> Array:
    """Net primary productivity, g C/(m2 a). Lieth (1975)."""
    return np.asarray(productivity.miami(temperature, precipitation, carbon_fraction))


def miami_present(
    temperature: Array, precipitation: Array, fapar: Array, *, carbon_fraction: float
) -> Array:
    """Net primary productivity of the vegetation that is there: Miami model times fAPAR."""
    npp = productivity.miami(temperature, precipitation, carbon_fraction)
    return np.asarray(productivity.potential_share(npp, np.clip(fapar, 0.0, 1.0)))


def cover_from_ndvi(ndvi: Array, *, ends: tuple[float, float]) -> Array:
    """Vegetation cover 0..1 between the NDVI of bare and of fully covered ground."""
    return np.asarray(soil_erosion.cover_fraction(ndvi, *ends))


def cover_from_fapar(fapar: Array) -> Array:
    """The absorbed fraction of radiation taken as vegetation cover."""
    return np.clip(fapar, 0.0, 1.0)


def _ndvi_shares(context: Context) -> tuple[float, float]:
    table = context.parameters.table("criteria.ndvi_percentiles")
    return table["bare"], table["full"]


def stock_of_landcover(landcover: Array, *, stock: Codes) -> Array:
    """Carbon stock, t C/hm2, by ecosystem type."""
    return look_up(landcover, stock, "landcover")


def _stock_settings(context: Context) -> dict[str, Any]:
    tables = [context.parameters.table(f"carbon.{p}") for p in ("above", "below", "soil", "dead")]
    types = landcover_types(context)
    pools = [values_by_code(types, table) for table in tables]
    return {"stock": {code: carbon.carbon_stock(*(p[code] for p in pools)) for code in types}}


RECIPES = (
    Recipe(
        "npp",
        "Miami model times fAPAR",
        ("annual_temperature", "annual_precipitation", "fapar"),
        miami_present,
        "g C/(m2 a)",
        settings=number_setting("carbon_fraction", "productivity.carbon_fraction"),
        source="Lieth 1975",
        choice=("criteria.npp_method", "present"),
        finding=Flag(
            "npp.miami_fapar",
            "Net primary productivity is not measured: it is that of the climate (Miami model, "
            "Lieth 1975) times the absorbed fraction of radiation, so that bare ground and ice "
            "take up nothing.",
            Severity.WARNING,
            "Tianren: How the line is drawn",
        ),
    ),
    Recipe(
        "npp",
        "Miami model (Lieth 1975)",
        ("annual_temperature", "annual_precipitation"),
        miami_year,
        "g C/(m2 a)",
        settings=number_setting("carbon_fraction", "productivity.carbon_fraction"),
        source="Lieth 1975",
        finding=Flag(
            "npp.miami",
            "Net primary productivity is that of the climate (Miami model, Lieth 1975): it knows "
            "no land use, soil or altitude beyond temperature and rain.",
            Severity.WARNING,
            "Tianren: How the line is drawn",
        ),
    ),
    Recipe(
        "vegetation_cover",
        "NDVI between bare and covered ground",
        ("ndvi_max",),
        cover_from_ndvi,
        statistics=(Statistic("ends", "ndvi_max", _ndvi_shares),),
        source="Zou et al. 2019",
    ),
    Recipe(
        "vegetation_cover",
        "fAPAR as cover",
        ("fapar",),
        cover_from_fapar,
        finding=Flag(
            "vegetation.cover_from_fapar",
            "Vegetation cover is taken to be the absorbed fraction of radiation (fAPAR).",
        ),
    ),
    Recipe(
        "carbon_stock_by_type",
        "IPCC default factors by ecosystem type",
        ("landcover",),
        stock_of_landcover,
        "t C/hm2",
        settings=_stock_settings,
        source="IPCC 2006 Guidelines, vol. 4",
        finding=Flag(
            "carbon.default_factors",
            "Carbon stocks are IPCC default factors by ecosystem type: one number a type, "
            "whatever the climate and the state of the vegetation.",
            Severity.WARNING,
            "Tianren: How the line is drawn",
        ),
    ),
)
