"""What was kept: the three no's as shares. No less area, no change of nature, no loss of function.

Design choices of science section 7.5 on the principle of the notices; no paper sets them.
"""

from tianren.science.equation import equation


@equation
def area_kept(now: float, before: float, exempt: float) -> float:
    """A1 / (A0 - A_exempt), 1: area now over what the law asks to be kept. Areas in one unit.

    exempt: area that left for causes that the law names. Nothing that had to be kept is kept whole.
    """
    asked = before - exempt
    return 1.0 if asked <= 0.0 else now / asked


@equation
def nature_kept(still_natural: float, natural_before: float) -> float:
    """N = A(natural then and now) / A(natural then), 1. Areas in one unit, natural_before above
    0."""
    return still_natural / natural_before


@equation
def climate_neutral_change(
    now: float, before: float, reference_now: float, reference_before: float
) -> float:
    """(F1/F0) / (R1/R0) - 1, 1: what changed besides what changed in a reference region too.

    F: total of a function in the unit, R: in the region, both in the function's unit, before above
    0. Without a reference region R1 and R0 are one number.
    """
    return (now / before) / (reference_now / reference_before) - 1.0
