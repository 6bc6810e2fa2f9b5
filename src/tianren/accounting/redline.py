"""What each piece of the redline counts as: the redline is not counted wholesale.

Every piece is a protected area, a recorded OECM, a potential OECM, or neither (CCICED
2025, 2.2.2.3).
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.accounting.classes import (
    CLASSES,
    NEITHER,
    OECM,
    POTENTIAL,
    PROTECTED,
    SOURCE,
    Crosswalk,
    NationalType,
)
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Parameters

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

PIECE_COLUMNS = (
    "code", "name", "category", "class", "rest_class", "reason", "conservation", "area_m2",
    "protected_m2", "oecm_m2", "rest_m2", "protected_percent", "biodiversity_percent",
)  # fmt: skip


@dataclass(frozen=True)
class ClassRules:
    """protected_share: of a piece (0..1); biodiversity_share: percent; see parameters/oecm.toml."""

    protected_share: float
    biodiversity_share: float


def class_rules(parameters: Parameters) -> ClassRules:
    return ClassRules(
        float(parameters.share("oecm.protected_share")),
        parameters.number("oecm.biodiversity_share"),
    )


def class_pieces(
    redline: "GeoDataFrame", sites: "GeoDataFrame", crosswalk: Crosswalk, rules: ClassRules
) -> "DataFrame":
    """Each piece of the redline: protected area, OECM, potential OECM or neither, and why.

    redline: columns code, name, category, functions ("biodiversity 62.1 %; ..."), polygons that do
    not overlap; sites: accepted, columns kind ("PA", "OECM"), in the same equal-area CRS. A piece
    is of the class that has the share of its area; what is left of it is of rest_class. The areas
    protected_m2 + oecm_m2 + rest_m2 make up the piece: land in both counts as protected.
    """
    import pandas as pd

    total, protected, both = _held(redline, sites)
    rows = []
    for i, piece in enumerate(redline.itertuples()):
        shares = (protected[i] / total[i], both[i] / total[i]) if total[i] > 0 else (0.0, 0.0)
        life = biodiversity_percent(str(piece.functions))
        kind = crosswalk.find(str(piece.category))
        rest, why = _rest_class(kind, str(piece.category), life, rules)
        name, reason = _piece_class(shares, rest, why, rules)
        conservation = kind.conservation if kind and name in (OECM, POTENTIAL) else ""
        rows.append((
            piece.code, piece.name, piece.category, name, rest, reason, conservation, total[i],
            protected[i], both[i] - protected[i], total[i] - both[i], 100 * shares[0], life,
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(PIECE_COLUMNS))


def _held(redline: "GeoDataFrame", sites: "GeoDataFrame") -> tuple[Any, Any, Any]:
    """Of each piece: its area, what of it protected areas have, what sites of any kind have."""
    from tianren.accounting.overlaps import held_of_each

    shapes = sites.geometry.to_numpy()
    kinds = sites["kind"].to_numpy()
    holders = [shapes[kinds == "PA"], shapes[kinds == "OECM"]]
    total, held = held_of_each(redline.geometry.to_numpy(), holders)
    return total, np.minimum(held[:, 0], total), np.minimum(held[:, 1], total)


def biodiversity_percent(functions: str) -> float:
    """Percent of a piece that is extremely important for biodiversity, as the line says it."""
    match = re.search(r"(?:^|;)\s*biodiversity (\d+(?:\.\d+)?) %", functions)
    return float(match[1]) if match else 0.0


def _rest_class(
    kind: NationalType | None, category: str, life: float, rules: ClassRules
) -> tuple[str, str]:
    """The class of what no site holds, and its reason."""
    if kind is None:
        return NEITHER, say("the crosswalk does not have the category {name}", name=category)
    if kind.counts_as != NEITHER:
        return POTENTIAL, say("{name} may be an OECM where it is assessed", name=kind.name)
    if life >= rules.biodiversity_share:
        return POTENTIAL, say(
            "{share} % is extremely important for biodiversity", share=f"{life:.1f}"
        )
    return NEITHER, say(
        "{name}: biodiversity is not shown to be important ({share} %, {limit} % needed)",
        name=kind.name,
        share=f"{life:.1f}",
        limit=f"{rules.biodiversity_share:g}",
    )


def _piece_class(
    shares: tuple[float, float], rest: str, why: str, rules: ClassRules
) -> tuple[str, str]:
    protected, any_site = shares
    if protected >= rules.protected_share:
        return PROTECTED, say("{share} % lies in protected areas", share=f"{100 * protected:.1f}")
    if any_site >= rules.protected_share:
        return OECM, say("{share} % lies in recorded sites", share=f"{100 * any_site:.1f}")
    return rest, why


def class_areas(pieces: "DataFrame") -> dict[str, float]:
    """m2 of the redline by class, each square metre once; they sum to the redline."""
    rest = pieces.groupby("rest_class")["rest_m2"].sum()
    return {
        PROTECTED: float(pieces["protected_m2"].sum()),
        OECM: float(pieces["oecm_m2"].sum()),
        POTENTIAL: float(rest.get(POTENTIAL, 0.0)),
        NEITHER: float(rest.get(NEITHER, 0.0)),
    }


def class_measures(pieces: "DataFrame", place: str, period: str) -> list[Measure]:
    """Area and number of pieces by class."""
    method = "geo.overlay: attribution, protected area before OECM; " + SOURCE
    counts = pieces["class"].value_counts()
    return [
        Measure("account.redline_area", place, period, area, "m2", (("class", name),),
                method=method)
        for name, area in class_areas(pieces).items()
    ] + [
        Measure("account.redline_pieces", place, period, float(counts.get(name, 0)), "1",
                (("class", name),), method=method)
        for name in CLASSES
    ]  # fmt: skip
