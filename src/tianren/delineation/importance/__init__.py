"""The six functions: the model method first, then the NPP index method.

A project chooses by short name, [delineation.methods] water_conservation = "npp":
water_conservation model | npp; soil_conservation and windbreak_sand_fixation model | npp | rule;
biodiversity species | npp | rule; coastal_protection coast; carbon nep | stock | npp | type_stock.
The rules (Dual-evaluation guidelines, 2020) grade by thresholds and are used only when chosen.
"""

from tianren.delineation.importance.carbon import CARBON
from tianren.delineation.importance.coast import COAST
from tianren.delineation.importance.life import LIFE
from tianren.delineation.importance.soil import SOIL
from tianren.delineation.importance.water import WATER
from tianren.delineation.importance.wind import WIND
from tianren.delineation.recipes import Criterion

FUNCTIONS: tuple[Criterion, ...] = (WATER, SOIL, WIND, LIFE, COAST, CARBON)
