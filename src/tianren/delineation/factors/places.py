"""Where something is: karst, the natural coast, layers of presence that nobody has mapped."""

import numpy as np

from tianren.delineation.recipes import Flag, Recipe, as_mask, nothing, number_setting
from tianren.findings import Severity
from tianren.raster.raster import MISSING, Array


def is_karst(karst: Array) -> Array:
    """1 where the karst layer has a code above 0."""
    return as_mask(karst > 0, karst == MISSING)


def has_outcrop(outcrop: Array, *, limit: float) -> Array:
    """1 where carbonate rock crops out on more than the limit, %."""
    return as_mask(outcrop > limit, np.isnan(outcrop))


def nowhere_mapped(realm: Array) -> Array:
    """0 everywhere: the place of a layer of presence that nobody has mapped."""
    return as_mask(np.zeros(realm.shape, dtype=bool), realm == MISSING)


RECIPES = (
    Recipe(
        "coast_distance",
        "distance to the natural coast",
        ("natural_coast",),
        nothing,
        "m",
        at_door=True,
    ),
    Recipe("karst_area", "the karst layer", ("karst",), is_karst, category=True),
    Recipe(
        "karst_area",
        "carbonate outcrop",
        ("carbonate_outcrop",),
        has_outcrop,
        category=True,
        settings=number_setting("limit", "criteria.karst_outcrop"),
    ),
    *(
        Recipe(
            layer,
            "nowhere, for want of a layer",
            ("realm",),
            nowhere_mapped,
            category=True,
            finding=Flag(
                "biodiversity.not_mapped",
                "There is no such layer: the rule takes it to be nowhere.",
                Severity.WARNING,
                "G17",
            ),
        )
        for layer in ("priority_ecosystem", "vulnerable_species_range", "germplasm_habitat")
    ),
)
