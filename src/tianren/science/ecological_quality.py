"""Quality of a whole area in one index, where no function can be measured: EI and EQI.

EI: HJ 192-2015, Technical criterion for ecosystem status evaluation. EQI: trial measures for
evaluating regional ecological quality (MEE 2021, No. 99). All parts and both indexes are 0 to 100.
Weights, classes and grades of change are parameters: their tables were not read.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tianren.errors import UserError
from tianren.parameters import Parameters, Table
from tianren.science.equation import equation

EI_PARTS = ("BI", "VI", "WI", "LS", "PL")
EQI_PARTS = ("structure", "function", "biodiversity", "stress")
EI_CLASSES = ("bad", "poor", "fair", "good", "excellent")
EQI_CLASSES = ("class 5", "class 4", "class 3", "class 2", "class 1")
CHANGES = ("none", "slight", "evident", "marked")


@equation
def ecological_index(
    BI: float, VI: float, WI: float, LS: float, PL: float,
    w_BI: float, w_VI: float, w_WI: float, w_LS: float, w_PL: float,
) -> float:  # fmt: skip
    """EI = w_BI BI + w_VI VI + w_WI WI + w_LS (100 - LS) + w_PL (100 - PL), 1. HJ 192-2015.

    BI biological richness, VI vegetation cover, WI density of water, LS stress of land, PL load of
    pollution, each an index 0..100. The restriction index of the standard is not in it: see
    `class_of(..., lowered)`.
    """
    return w_BI * BI + w_VI * VI + w_WI * WI + w_LS * (100.0 - LS) + w_PL * (100.0 - PL)


@equation
def ecological_quality_index(
    EP: float, EF: float, BD: float, ES: float, w_EP: float, w_EF: float, w_BD: float, w_ES: float
) -> float:
    """EQI = w_EP EP + w_EF EF + w_BD BD + w_ES (100 - ES), 1. MEE 2021, No. 99.

    EP structure (pattern) of ecosystems, EF their function, BD biodiversity, ES human stress, each
    an index 0..100. The letters are ours.
    """
    return w_EP * EP + w_EF * EF + w_BD * BD + w_ES * (100.0 - ES)


@dataclass(frozen=True)
class Index:
    """EI or EQI with its weights, the lower limits of its classes from the second worst up, and the
    changes from which one is slight, evident and marked."""

    id: str
    weights: Mapping[str, float]
    limits: tuple[float, ...]
    changes: tuple[float, ...]
    classes: tuple[str, ...]

    def class_of(self, value: float, lowered: int = 0) -> str:
        """The class of a value; lowered: by how many classes restrictions take it down."""
        rank = sum(value >= limit for limit in self.limits)
        return self.classes[max(rank - lowered, 0)]

    def value(self, parts: Mapping[str, float]) -> float:
        """The index of its parts: EI_PARTS or EQI_PARTS, each 0..100."""
        names = EI_PARTS if self.id == "EI" else EQI_PARTS
        formula = ecological_index if self.id == "EI" else ecological_quality_index
        _require_parts(self.id, names, parts)
        return float(formula(*(parts[n] for n in names), *(self.weights[n] for n in names)))

    def change_of(self, before: float, now: float) -> str:
        """How much it changed, whichever way: none, slight, evident or marked."""
        return CHANGES[sum(abs(now - before) >= limit for limit in self.changes)]


def _require_parts(name: str, names: tuple[str, ...], parts: Mapping[str, float]) -> None:
    wrong = [n for n in names if not 0.0 <= parts.get(n, math.nan) <= 100.0]
    if wrong or set(parts) - set(names):
        raise UserError(
            f"the parts of {name} are not all there, or not 0 to 100",
            where=", ".join([*wrong, *sorted(set(parts) - set(names))]),
            next_step=f"give {', '.join(names)}, each an index from 0 to 100",
        )


def ei(parameters: Parameters) -> Index:
    """The ecological index as the parameters of the day have it."""
    weights = parameters.table("ecological_quality.ei_weights")
    limits = parameters.table("ecological_quality.ei_classes")
    changes = parameters.table("ecological_quality.ei_changes")
    return _index("EI", EI_PARTS, weights, limits, changes, EI_CLASSES)


def eqi(parameters: Parameters) -> Index:
    """The ecological quality index as the parameters of the day have it."""
    weights = parameters.table("ecological_quality.eqi_weights")
    limits = parameters.table("ecological_quality.eqi_classes")
    changes = parameters.table("ecological_quality.eqi_changes")
    return _index("EQI", EQI_PARTS, weights, limits, changes, EQI_CLASSES)


def _index(
    name: str,
    parts: tuple[str, ...],
    weights: Table,
    limits: Table,
    changes: Table,
    classes: tuple[str, ...],
) -> Index:
    if set(weights) != set(parts) or not math.isclose(math.fsum(weights.values()), 1.0):
        raise UserError(
            f"the weights of {name} are of {', '.join(weights)} and sum to "
            f"{math.fsum(weights.values()):g}",
            where="parameters ecological_quality",
            next_step=f"give one for each of {', '.join(parts)}, together 1",
        )
    return Index(
        name, weights, tuple(sorted(limits.values())), tuple(sorted(changes.values())), classes
    )
