"""Factors of water erosion and soil water: R, K and C of RUSLE, texture, infiltration."""

from typing import Any

import numpy as np

from tianren.delineation.factors.months import Months
from tianren.delineation.legends import Codes, landcover_types, texture_classes, texture_numbers
from tianren.delineation.recipes import Context, Flag, Recipe, nothing
from tianren.findings import Severity
from tianren.parameters.crosswalks import ecosystems
from tianren.raster.raster import MISSING, Array
from tianren.science import soil_erosion, water
from tianren.science.landcover import look_up


def erosivity_of_months(precipitation: Months) -> Array:
    """R from monthly normals, MJ mm/(hm2 h a). Zhang & Fu (2003)."""
    return soil_erosion.erosivity_monthly(np.stack(precipitation).astype(np.float64))


def erosivity_of_year(precipitation: Array) -> Array:
    """R from annual rain, MJ mm/(hm2 h a). Zhang & Fu (2003)."""
    return np.asarray(soil_erosion.erosivity_from_annual(precipitation))


def erodibility_of_texture(
    sand: Array, silt: Array, clay: Array, carbon_percent: Array
) -> tuple[Array, Array, Array]:
    """K, t hm2 h/(hm2 MJ mm); where it was negative and set to 0; where the texture does not
    close."""
    k = soil_erosion.erodibility(sand, silt, clay, carbon_percent)
    floored = soil_erosion.erodibility_floored(sand, silt, clay, carbon_percent)
    return k, floored, soil_erosion.texture_not_closed(sand, silt, clay)


def texture_of_fractions(sand: Array, silt: Array, clay: Array) -> tuple[Array, Array]:
    """USDA texture class 1..13, and where the three fractions do not add up to 100 %."""
    found = soil_erosion.texture_class(sand, silt, clay)
    cells = np.where(np.isnan(found), MISSING, np.nan_to_num(found)).astype(np.int32)
    return cells, soil_erosion.texture_not_closed(sand, silt, clay)


def infiltration_of_texture(texture: Array, *, rank: Codes) -> Array:
    """F_sic = rank / 13."""
    return np.asarray(water.infiltration_factor(look_up(texture, rank, "soil_texture")))


def _texture_ranks(context: Context) -> dict[str, Any]:
    numbers = {known: code for code, known in texture_numbers().items()}
    return {"rank": {c: float(numbers[n]) for c, n in texture_classes(context).items()}}


def cover_factor_cai(cover: Array) -> Array:
    """C of RUSLE from cover alone. Cai et al. (2000)."""
    return np.asarray(soil_erosion.cover_factor(cover))


def cover_factor_table(
    cover: Array, landcover: Array, *, rows: Array, row_of: Codes, dryland_row: int
) -> tuple[Array, Array]:
    """C of RUSLE by type and cover class, and where the dryland formula left 0..1."""
    number = look_up(landcover, row_of, "landcover")
    row = np.where(np.isnan(number), -1, np.nan_to_num(number)).astype(np.int64)
    clipped = (row == dryland_row) & (soil_erosion.dryland_cover_clipped(cover) == 1)
    return soil_erosion.cover_factor_by_type(rows, row, cover), clipped


_COVER_CLASSES = ("from_0", "from_10", "from_30", "from_50", "from_70", "from_90")


_BY_COVER = ("forest", "shrub", "grass", "tree_orchard", "shrub_orchard")


def _cover_table(context: Context) -> dict[str, Any]:
    """The table of C as rows: by cover class, then one number each, then the dryland formula."""
    graded = [context.parameters.table(f"soil.cover_{group}") for group in _BY_COVER]
    fixed = context.parameters.table("soil.cover_fixed")
    rows = [[table[c] for c in _COVER_CLASSES] for table in graded]
    rows += [[value] * len(_COVER_CLASSES) for value in fixed.values()]
    rows.append([np.nan] * len(_COVER_CLASSES))
    index = {name: n for n, name in enumerate((*_BY_COVER, *fixed, "dryland"))}
    known = ecosystems()
    row_of = {
        code: float(index[known[name].cover_group])
        for code, name in landcover_types(context).items()
    }
    return {"rows": np.array(rows), "row_of": row_of, "dryland_row": index["dryland"]}


_NOT_CLOSED = Flag(
    "soil.texture_not_closed",
    "Sand, silt and clay do not add up to 100 % (within 5) in {cells} cells ({share} %).",
    Severity.WARNING,
)


RECIPES = (
    Recipe(
        "rainfall_erosivity",
        "water census model, daily rain",
        ("daily_precipitation",),
        nothing,
        "MJ mm/(hm2 h a)",
        at_door=True,
        use="given",
        choice=("soil.erosivity_method", "best"),
        source="Xie et al. 2016; Liu et al. 2013",
    ),
    Recipe(
        "rainfall_erosivity",
        "Zhang & Fu (2003), monthly series",
        ("monthly_precipitation_series",),
        nothing,
        "MJ mm/(hm2 h a)",
        at_door=True,
        use="given",
        choice=("soil.erosivity_method", "best"),
        source="Zhang & Fu 2003; Zou et al. 2019 eq. 2",
    ),
    Recipe(
        "rainfall_erosivity",
        "Zhang & Fu (2003), monthly normals",
        ("precipitation",),
        erosivity_of_months,
        "MJ mm/(hm2 h a)",
        source="Zhang & Fu 2003; Zou et al. 2019 eq. 2",
        choice=("soil.erosivity_method", "best"),
        finding=Flag(
            "soil.erosivity_normals",
            "Rainfall erosivity is computed from monthly normals, which underestimates it: the "
            "storms of single years are averaged away.",
            Severity.WARNING,
            "Tianren: How the line is drawn",
        ),
    ),
    Recipe(
        "rainfall_erosivity",
        "Zhang & Fu (2003), annual rain",
        ("annual_precipitation",),
        erosivity_of_year,
        "MJ mm/(hm2 h a)",
        source="Zhang & Fu 2003",
        finding=Flag(
            "soil.erosivity_annual",
            "Rainfall erosivity is computed from annual rain by a formula fitted to monsoon "
            "China; it overestimates where rain falls evenly over the year.",
            Severity.WARNING,
            "Tianren: How the line is drawn",
        ),
    ),
    Recipe(
        "soil_erodibility",
        "EPIC with the correction for China",
        ("sand", "silt", "clay", "organic_carbon"),
        erodibility_of_texture,
        "t hm2 h/(hm2 MJ mm)",
        source="Williams & Sharpley 1990; Zhang K. et al. 2007",
        flags=(
            Flag(
                "soil.erodibility_floored",
                "Soil erodibility came out negative in {cells} cells ({share} %) and is 0 there.",
            ),
            _NOT_CLOSED,
        ),
    ),
    Recipe(
        "soil_texture",
        "USDA triangle",
        ("sand", "silt", "clay"),
        texture_of_fractions,
        category=True,
        source="Soil Survey Manual (USDA 2017)",
        flags=(_NOT_CLOSED,),
    ),
    Recipe(
        "soil_water_infiltration",
        "rank of the texture class",
        ("soil_texture",),
        infiltration_of_texture,
        settings=_texture_ranks,
    ),
    Recipe(
        "cover_factor",
        "Cai et al. (2000)",
        ("vegetation_cover",),
        cover_factor_cai,
        source="Cai et al. 2000; Zou et al. 2019",
        choice=("soil.cover_method", "by_cover"),
    ),
    Recipe(
        "cover_factor",
        "table by type and cover",
        ("vegetation_cover", "landcover"),
        cover_factor_table,
        settings=_cover_table,
        choice=("soil.cover_method", "by_type"),
        source="G17 Annex A",
        flags=(
            Flag(
                "soil.dryland_cover_clipped",
                "The C formula of rain-fed cropland leaves 0 to 1 in {cells} cells ({share} %) "
                "and is held at its end there.",
                source="Tianren: How the line is drawn",
            ),
        ),
    ),
)
