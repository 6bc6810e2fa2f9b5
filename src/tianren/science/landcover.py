"""From land-cover codes to the numbers that tables give for ecosystem types."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError


def values_by_code(
    crosswalk: Mapping[int, str], table: Mapping[str, float], *, elsewhere: float | None = None
) -> dict[int, float]:
    """The value of each land-cover code: code -> ecosystem type -> row of the table.

    elsewhere: the value of types that have no row on purpose (types that are not counted); without
    it a type without a row is an error, not a guess.
    """
    out: dict[int, float] = {}
    for code, ecosystem in crosswalk.items():
        if ecosystem not in table and elsewhere is None:
            raise UserError(
                f"the ecosystem type {ecosystem} (land-cover code {code}) has no row in the table",
                where="parameters",
                next_step="choose another set of the table or override it with a complete one",
            )
        out[code] = float(table.get(ecosystem, elsewhere if elsewhere is not None else 0.0))
    return out


def look_up(
    codes: NDArray[np.integer], values: Mapping[int, float], name: str
) -> NDArray[np.float64]:
    """The value of each cell by its code; a code below 0 is missing and gives NaN.

    name: the layer, for the message. A code without a value is an error that says how many cells
    hold it.
    """
    known = np.array(sorted(values), dtype=np.int64)
    place = np.minimum(np.searchsorted(known, codes), max(known.size - 1, 0))
    missing = codes < 0
    strange = ~missing & (known[place] != codes) if known.size else ~missing
    if strange.any():
        raise unknown_code(name, codes[strange])
    numbers = np.array([values[code] for code in known.tolist()] or [np.nan])
    return np.asarray(np.where(missing, np.nan, numbers[place]))


def unknown_code(name: str, strange: NDArray[np.integer]) -> UserError:
    """Codes that the legend does not know: the lowest is named, and its cells counted."""
    code = int(strange.min())
    return UserError(
        f"the code {code} has no row in the legend",
        where=name,
        by_how_much=f"{int((strange == code).sum())} cells",
        next_step="give the layer the legend it was made with, or add the class to it",
    )
