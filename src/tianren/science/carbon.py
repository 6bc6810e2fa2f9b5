"""Carbon: stocks by ecosystem type and what is taken up each year. Stocks in t C/hm2."""

import math

from tianren.science.equation import equation


@equation
def carbon_stock(above: float, below: float, soil: float, dead: float) -> float:
    """C = above + below + soil + dead, t C/hm2. IPCC 2006 Guidelines, vol. 4, ch. 2, eq. 2.3."""
    return above + below + soil + dead


@equation
def carbon_sequestration(npp: float, respiration: float) -> float:
    """NEP = NPP - Rh, t C/(hm2 a); NPP and heterotrophic respiration in g C/(m2 a). Chapin et al.
    (2006).

    1 g/m2 = 0.01 t/hm2. Negative where the ecosystem loses carbon.
    """
    return 0.01 * (npp - respiration)


@equation
def stock_change(first: float, second: float, years: float) -> float:
    """dC = (C2 - C1) / (t2 - t1), t C/(hm2 a). IPCC 2006 Guidelines, vol. 4, ch. 2, eq. 2.5."""
    if years <= 0.0:
        return math.nan
    return (second - first) / years


@equation
def as_carbon_dioxide(carbon: float) -> float:
    """t CO2 from t C: times 44/12. IPCC 2006 Guidelines, vol. 4, ch. 2."""
    return carbon * 44.0 / 12.0
