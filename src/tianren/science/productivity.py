"""Net primary productivity where no layer gives it. Temperatures degC, rain mm/a, carbon in g C/(m2
a).
"""

import math

from tianren.science.equation import equation


@equation
def miami_dry_matter(temperature: float, precipitation: float) -> float:
    """min(3000/(1 + e^(1.315 - 0.119 T)), 3000 (1 - e^(-0.000664 P))), g dry matter/(m2 a).

    T annual mean degC, P mm/a. The Miami model, Lieth (1975). Natural vegetation only: it knows no
    land use.
    """
    by_warmth = 3000.0 / (1.0 + math.exp(1.315 - 0.119 * temperature))
    by_rain = 3000.0 * (1.0 - math.exp(-0.000664 * precipitation))
    return by_warmth if by_warmth < by_rain else by_rain


@equation
def miami(temperature: float, precipitation: float, carbon_fraction: float) -> float:
    """NPP of the Miami model as carbon, g C/(m2 a); carbon_fraction 0.475. Lieth (1975)."""
    return float(carbon_fraction * miami_dry_matter(temperature, precipitation))


@equation
def absorbed_radiation(fapar: float, solar_radiation: float) -> float:
    """APAR = fAPAR 0.5 SOL, in the unit of SOL (MJ/m2 per period). Potter et al. (1993) eq. 2
    (CASA).
    """
    return fapar * 0.5 * solar_radiation


@equation
def light_use(absorbed: float, highest_efficiency: float, stress: float) -> float:
    """NPP = APAR eps_max stress, g C/m2 per period. Potter et al. (1993) eq. 1 (CASA).

    APAR MJ/m2, eps_max g C/MJ, stress (temperature and moisture together) 0..1.
    """
    return absorbed * highest_efficiency * stress


@equation
def potential_share(npp: float, fapar: float) -> float:
    """NPP of the Miami model scaled by fAPAR 0..1 to the vegetation that is there, unit of npp
    (design choice).
    """
    return npp * fapar
