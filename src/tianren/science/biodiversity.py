"""Biodiversity maintenance: the NPP index and the weighted richness of species."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tianren.science.equation import equation

Floats = NDArray[np.floating]


@equation
def biodiversity_index(
    npp: float, precipitation: float, temperature: float, altitude: float
) -> float:
    """S_bio = NPP_mean F_pre F_tem (1 - F_alt). NPP index method, G17 Annex A.

    npp in its own unit (or scaled to 0-1); the factors F scaled to 0-1 over the region.
    """
    return npp * precipitation * temperature * (1.0 - altitude)


@equation
def biodiversity_rule(
    priority_ecosystem: float, critical_species: float, vulnerable_species: float, germplasm: float
) -> float:
    """Grade by rule: 5, 3, else 1; each input is 1 where it is there and 0 where it is not. DE20.

    Extremely important: a natural ecosystem of the priority list in high integrity, the range of a
    critically endangered, endangered or nationally protected species, the main habitat of important
    wild germplasm. Important: the range of a vulnerable species.
    """
    if priority_ecosystem + critical_species + germplasm > 0.0:
        return 5.0
    return 3.0 if vulnerable_species > 0.0 else 1.0


def weighted_richness(suitability: Floats, weights: Sequence[float]) -> Floats:
    """B = sum over species of w_s HSI_s. suitability (species, ...) 0..1 -> (...).

    A species without a value in a cell adds nothing there; a cell where none has one is NaN.
    The weights are a design choice.
    """
    w = np.asarray(weights, dtype=float)
    stack = np.asarray(suitability, dtype=float)
    total = np.tensordot(w, np.nan_to_num(stack), axes=1)
    return np.where(np.isnan(stack).all(axis=0), np.nan, total)


def species_weight(
    weights: dict[str, float], category: str, *, protected: bool, endemic: bool
) -> float:
    """w of one species: its Red List category plus national class I protection plus endemism.

    weights: category, class_one or endemic -> weight; a category without a row weighs 0.
    """
    extra = protected * weights["class_one"] + endemic * weights["endemic"]
    return weights.get(category.lower(), 0.0) + extra
