"""Carbon: what is taken up, else what is stored. Science 12."""

from typing import Any

import numpy as np

from tianren.delineation.importance.parts import (
    HECTARE,
    NEGATIVE,
)
from tianren.delineation.legends import (
    Codes,
    artificial_codes,
)
from tianren.delineation.recipes import (
    Context,
    Criterion,
    Flag,
    Recipe,
    Total,
)
from tianren.findings import Severity
from tianren.raster.raster import Array
from tianren.science import carbon
from tianren.science.grading import negative
from tianren.science.landcover import look_up


def carbon_taken_up(npp: Array, respiration: Array) -> tuple[Array, Array]:
    """NEP, t C/(hm2 a). Flag: negative, the ecosystem loses carbon."""
    cells = carbon.carbon_sequestration(npp, respiration)
    return cells, negative(cells)


def npp_that_stays(npp: Array, landcover: Array, *, artificial: Codes) -> tuple[Array, Array]:
    """NPP of natural ecosystems, g C/(m2 a); 0 where people harvest or have built. Flag: there."""
    made = look_up(landcover, artificial, "landcover")
    return np.where(made == 1, 0.0 * npp, npp + 0.0 * made), made == 1


def as_given(cells: Array) -> Array:
    """A layer that is the value itself."""
    return cells


def _artificial(context: Context) -> dict[str, Any]:
    return {"artificial": artificial_codes(context)}


CARBON = Criterion(
    "carbon",
    "function",
    (
        Recipe(
            "carbon",
            "NPP less respiration",
            ("npp", "heterotrophic_respiration"),
            carbon_taken_up,
            "t C/(hm2 a)",
            flags=(NEGATIVE,),
            name="nep",
            source="Chapin et al. 2006",
        ),
        Recipe("carbon", "carbon stock", ("carbon_stock",), as_given, "t C/hm2", name="stock"),
        Recipe(
            "carbon",
            "NPP of natural ecosystems",
            ("npp", "landcover"),
            npp_that_stays,
            "g C/(m2 a)",
            settings=_artificial,
            name="npp",
            source="Tianren: How the line is drawn",
            flags=(
                Flag(
                    "carbon.not_counted",
                    "{area} km2 ({share} %) are farmland, orchards or built-up: what grows there "
                    "is harvested or cleared, so it does not count as carbon taken up.",
                    source="Tianren: How the line is drawn",
                ),
            ),
            finding=Flag(
                "carbon.npp_only",
                "Carbon is graded by net primary productivity alone, because neither the carbon "
                "stock nor the respiration of the soil is known: what is taken up, not what stays.",
                Severity.WARNING,
                "Tianren: How the line is drawn",
            ),
        ),
        Recipe(
            "carbon",
            "carbon stock by ecosystem type",
            ("carbon_stock_by_type",),
            as_given,
            "t C/hm2",
            name="type_stock",
            source="IPCC 2006 Guidelines, vol. 4",
        ),
    ),
    "share",
    totals={
        "NPP less respiration": Total("carbon.sequestration", "t C/a", HECTARE),
        "carbon stock": Total("carbon.total", "t C", HECTARE),
        "NPP of natural ecosystems": Total("carbon.npp", "t C/a", 1e-6),
        "carbon stock by ecosystem type": Total("carbon.total", "t C", HECTARE),
    },
)
