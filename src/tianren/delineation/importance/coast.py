"""Coastal protection: natural coasts and coastal habitats with their buffers. Science 1.5."""

from typing import Any

import numpy as np

from tianren.delineation.coast import natural_codes
from tianren.delineation.recipes import (
    LAND,
    SEA,
    Context,
    Criterion,
    Recipe,
)
from tianren.raster.raster import Array
from tianren.science import coast


def natural_coast(distance: Array, realm: Array, *, landward: float, seaward: float) -> Array:
    """5 within the buffer of natural coast and coastal habitats, else 0."""
    on_land = (realm == LAND).astype(np.float32)
    return np.asarray(coast.coastal_protection(distance, on_land, landward, seaward))


def _coast_settings(context: Context) -> dict[str, Any]:
    natural_codes(
        context
    )  # read here, so that the result is known to depend on which coasts protect
    return {
        side: context.parameters.number(f"coast.{side}_buffer") for side in ("landward", "seaward")
    }


COAST = Criterion(
    "coastal_protection",
    "function",
    (
        Recipe(
            "coastal_protection",
            "natural coast",
            ("coast_distance", "realm"),
            natural_coast,
            settings=_coast_settings,
            name="coast",
            source="DE20",
        ),
    ),
    "present",
    realms=frozenset({LAND, SEA}),
    needs_coast=True,
)
