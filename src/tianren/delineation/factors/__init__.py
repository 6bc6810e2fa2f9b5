"""How factors are derived from ordinary layers, one module a subject.

Each kernel works on one window; kernels are functions of a module (they travel to other processes);
the equations are in science.
"""

from collections.abc import Mapping

from tianren.delineation.factors import climate, places, soil, terrain, vegetation, wind
from tianren.delineation.recipes import Recipe


def _by_name(recipes: tuple[Recipe, ...]) -> Mapping[str, tuple[Recipe, ...]]:
    names = dict.fromkeys(r.makes for r in recipes)
    return {name: tuple(r for r in recipes if r.makes == name) for name in names}


FACTORS = _by_name(
    (
        *terrain.RECIPES,
        *climate.RECIPES,
        *vegetation.RECIPES,
        *soil.RECIPES,
        *wind.RECIPES,
        *places.RECIPES,
    )
)
