"""Percentages of counts, rounded or truncated, and exact either way: the mode is always said."""

import math
from typing import Literal

from tianren.errors import UserError

Mode = Literal["round", "trunc"]


def percent(n: int, of: int, mode: str = "round", decimals: int = 2) -> float:
    """100 n / of, to some decimals: rounded half up, or truncated as the report's Appendix 2 is.

    n, of: whole numbers, n >= 0; NaN where there is nothing to take a share of (of = 0). Whole
    numbers are divided as such, so that 45/100 never becomes 44.99 on its way.
    """
    if mode not in ("round", "trunc"):
        raise UserError(
            f"a percentage is written by round or trunc, not {mode}",
            where="parameter gaps.percent_mode",
            next_step='override it with value = "round" or "trunc"',
        )
    if of == 0:
        return math.nan
    scale: int = 10**decimals
    scaled = 200 * scale * n + (of if mode == "round" else 0)
    return scaled // (2 * of) / scale
