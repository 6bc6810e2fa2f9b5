"""The five sensitivities: factors scored by tables, composed by geometric mean.

A project chooses by short name, [delineation.methods] water_erosion = "intensity": water_erosion,
desertification and rocky_desertification score | intensity; salinisation score; coastal_erosion
retreat. Monitored intensity grades vulnerability (Dual-evaluation guidelines, 2020).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tianren.delineation.legends import Codes, classes_of, texture_classes
from tianren.delineation.recipes import LAND, SEA, Applicability, Context, Criterion, Recipe
from tianren.errors import UserError
from tianren.raster.raster import Array
from tianren.science import sensitivity
from tianren.science.landcover import look_up

Steps = tuple[float, float, float, float]


# -- kernels: each takes the factors and their thresholds, and returns the composite score ---------


def water_erosion(
    erosivity: Array,
    texture: Array,
    relief: Array,
    cover: Array,
    *,
    erosivity_steps: Steps,
    texture_scores: Codes,
    relief_steps: Steps,
    cover_steps: Steps,
    worst: bool,
) -> Array:
    """SS = (R K LS C)^(1/4)."""
    return _four(
        sensitivity.erosivity_score(erosivity, *erosivity_steps),
        look_up(texture, texture_scores, "soil_texture"),
        sensitivity.relief_score(relief, *relief_steps),
        sensitivity.falling_score(cover, *cover_steps),
        worst,
    )


def desertification(
    dryness: Array,
    wind_days: Array,
    texture: Array,
    cover: Array,
    *,
    dryness_steps: Steps,
    wind_steps: Steps,
    texture_scores: Codes,
    cover_steps: Steps,
    worst: bool,
) -> Array:
    """D = (I W K C)^(1/4)."""
    return _four(
        sensitivity.rising_score(dryness, *dryness_steps),
        sensitivity.rising_score(wind_days, *wind_steps),
        look_up(texture, texture_scores, "soil_texture"),
        sensitivity.falling_score(cover, *cover_steps),
        worst,
    )


def rocky_desertification(
    outcrop: Array,
    slope: Array,
    cover: Array,
    *,
    outcrop_steps: Steps,
    slope_steps: Steps,
    cover_steps: Steps,
    worst: bool,
) -> Array:
    """S = (J P C)^(1/3)."""
    scores = (
        sensitivity.rising_score(outcrop, *outcrop_steps),
        sensitivity.rising_score(slope, *slope_steps),
        sensitivity.falling_score(cover, *cover_steps),
    )
    if worst:
        return np.asarray(sensitivity.worst_of_four(*scores, scores[0]))
    return np.asarray(sensitivity.rocky_desertification(*scores))


def salinisation(
    evaporation: Array,
    mineralisation: Array,
    depth: Array,
    texture: Array,
    *,
    evaporation_steps: Steps,
    mineral_steps: Steps,
    depth_steps: Steps,
    texture_scores: Codes,
    worst: bool,
) -> Array:
    """Y = (I M D K)^(1/4)."""
    return _four(
        sensitivity.rising_score(evaporation, *evaporation_steps),
        sensitivity.rising_score(mineralisation, *mineral_steps),
        sensitivity.falling_score(depth, *depth_steps),
        look_up(texture, texture_scores, "soil_texture"),
        worst,
    )


def _four(a: Array, b: Array, c: Array, d: Array, worst: bool) -> Array:
    mean = sensitivity.worst_of_four if worst else sensitivity.mean_of_four
    return np.asarray(mean(a, b, c, d))


def coastal_erosion(
    retreat: Array, coast_type: Array, *, sandy: Steps, muddy: Steps, is_muddy: Codes
) -> Array:
    """Grade 5, 3, 1 by shoreline retreat and coast type; 0 away from the coast."""
    mud = look_up(coast_type, is_muddy, "coast_type")
    on_sand = sensitivity.retreat_class(retreat, *sandy)
    on_mud = sensitivity.retreat_class(retreat, *muddy)
    grades = sensitivity.coastal_erosion(np.where(mud == 1, on_mud, on_sand))
    # No shoreline is recorded away from the coast: that is "not here", not "unknown".
    return np.where(np.isnan(retreat), 0.0, np.where(np.isnan(mud), np.nan, grades))


def by_intensity(loss: Array, *, bounds: tuple[float, ...]) -> Array:
    """Grade 5, 3 or 1 by the intensity class of monitored soil loss, t/(km2 a)."""
    return np.asarray(sensitivity.vulnerability(sensitivity.intensity_class(loss, *bounds)))


def by_degree(degree: Array, *, intensity: Codes) -> Array:
    """Grade 5, 3 or 1 by the monitored degree of rocky desertification."""
    classes = look_up(degree, intensity, "rocky_desertification_degree")
    return np.asarray(sensitivity.rocky_vulnerability(classes))


# -- settings --------------------------------------------------------------------------------------


def _settings(steps: Mapping[str, str], texture: str = "") -> Any:
    """Thresholds by keyword from sensitivity.*, and the scores of texture classes."""

    def settings(context: Context) -> dict[str, Any]:
        found: dict[str, Any] = {
            keyword: sensitivity.thresholds(context.parameters.table(f"sensitivity.{name}"))
            for keyword, name in steps.items()
        }
        if texture:
            found["texture_scores"] = _texture_scores(context, f"sensitivity.{texture}")
        worst = context.parameters.word("sensitivity.composition") == "max"
        return {**found, "worst": worst}

    return settings


def _texture_scores(context: Context, parameter: str) -> dict[int, float]:
    table = context.parameters.table(parameter)
    classes = texture_classes(context)
    for code, known in classes.items():
        if known not in table:
            raise UserError(
                f"the texture class {known} (code {code}) has no score in {parameter}",
                where="parameters",
                next_step=f"override {parameter} with a complete table",
            )
    return {code: table[known] for code, known in classes.items()}


def _retreat_settings(context: Context) -> dict[str, Any]:
    def limits(name: str) -> Steps:
        table = context.parameters.table(f"coast.{name}")
        return table["slight"], table["eroding"], table["strong"], table["severe"]

    classes = classes_of(context.layers["coast_type"], "coast_type")
    return {
        "sandy": limits("retreat_sandy"),
        "muddy": limits("retreat_muddy"),
        "is_muddy": {code: float(known in _MUDDY) for code, known in classes.items()},
    }


def _intensity(name: str) -> Any:
    """The upper bounds of the classes of erosion intensity, from the slightest."""

    def settings(context: Context) -> dict[str, Any]:
        table = context.parameters.table(f"sensitivity.{name}")
        rows = ("slight", "light", "moderate", "intense", "very_intense")
        return {"bounds": tuple(table[row] for row in rows)}

    return settings


def _degree_settings(context: Context) -> dict[str, Any]:
    info = context.layers["rocky_desertification_degree"]
    classes = classes_of(info, "rocky_desertification")
    return {"intensity": {code: _DEGREES[known] for code, known in classes.items()}}


# As science.sensitivity.rocky_vulnerability counts them.
_DEGREES = {
    "none": 0.0, "potential": 1.0, "light": 1.0, "moderate": 2.0, "severe": 3.0, "very_severe": 4.0,
}  # fmt: skip

_MUDDY = (
    "muddy",
    "salt_marsh",
    "mangrove",
    "seagrass",
)  # coasts of mud; all others erode like sand


# -- the criteria ----------------------------------------------------------------------------------

WATER_EROSION = Criterion(
    "water_erosion",
    "sensitivity",
    (
        Recipe(
            "water_erosion",
            "geometric mean of four scores",
            ("rainfall_erosivity", "soil_texture", "relief", "vegetation_cover"),
            water_erosion,
            settings=_settings(
                {
                    "erosivity_steps": "rainfall_erosivity",
                    "relief_steps": "relief",
                    "cover_steps": "cover",
                },
                "texture_water",
            ),
            name="score",
            source="geogsci 309537; G17 Annex B",
        ),
        Recipe(
            "water_erosion",
            "monitored intensity",
            ("erosion_modulus",),
            by_intensity,
            settings=_intensity("water_intensity"),
            name="intensity",
            use="given",
            grading="present",
            source="SL 190-2007; DE20",
        ),
    ),
    "score",
)

DESERTIFICATION = Criterion(
    "desertification",
    "sensitivity",
    (
        Recipe(
            "desertification",
            "geometric mean of four scores",
            ("dryness", "wind_days", "soil_texture", "vegetation_cover"),
            desertification,
            settings=_settings(
                {"dryness_steps": "dryness", "wind_steps": "wind_days", "cover_steps": "cover"},
                "texture_wind",
            ),
            name="score",
            source="geogsci 309537; G17 Annex B",
        ),
        Recipe(
            "desertification",
            "monitored intensity",
            ("wind_erosion_modulus",),
            by_intensity,
            settings=_intensity("wind_intensity"),
            name="intensity",
            use="given",
            grading="present",
            source="SL 190-2007; DE20",
        ),
    ),
    "score",
    applies=Applicability(
        "dryland",
        "nowhere dry: rain is above the dryland share of potential evapotranspiration",
        "Whether land is dry is not known (no climate layers), so the criterion is used "
        "everywhere.",
    ),
)

ROCKY_DESERTIFICATION = Criterion(
    "rocky_desertification",
    "sensitivity",
    (
        Recipe(
            "rocky_desertification",
            "geometric mean of three scores",
            ("carbonate_outcrop", "slope", "vegetation_cover"),
            rocky_desertification,
            settings=_settings(
                {
                    "outcrop_steps": "carbonate_outcrop",
                    "slope_steps": "karst_slope",
                    "cover_steps": "cover",
                }
            ),
            name="score",
            source="geogsci 309537; G17 Annex B",
        ),
        Recipe(
            "rocky_desertification",
            "monitored degree",
            ("rocky_desertification_degree",),
            by_degree,
            settings=_degree_settings,
            name="intensity",
            use="given",
            grading="present",
            source="DE20",
        ),
    ),
    "score",
    applies=Applicability("karst_area", "there is no karst here"),
)

SALINISATION = Criterion(
    "salinisation",
    "sensitivity",
    (
        Recipe(
            "salinisation",
            "geometric mean of four scores",
            (
                "evaporation_ratio",
                "groundwater_mineralisation",
                "groundwater_depth",
                "soil_texture",
            ),
            salinisation,
            settings=_settings(
                {
                    "evaporation_steps": "evaporation_ratio",
                    "mineral_steps": "groundwater_mineralisation",
                    "depth_steps": "groundwater_depth",
                },
                "texture_salt",
            ),
            name="score",
            source="G17 Annex B",
        ),
    ),
    "score",
)

COASTAL_EROSION = Criterion(
    "coastal_erosion",
    "sensitivity",
    (
        Recipe(
            "coastal_erosion",
            "shoreline retreat by coast type",
            ("shoreline_retreat", "coast_type"),
            coastal_erosion,
            settings=_retreat_settings,
            name="retreat",
            source="DE20",
        ),
    ),
    "present",
    realms=frozenset({LAND, SEA}),
    needs_coast=True,
)

SENSITIVITIES: tuple[Criterion, ...] = (
    WATER_EROSION,
    DESERTIFICATION,
    ROCKY_DESERTIFICATION,
    SALINISATION,
    COASTAL_EROSION,
)
