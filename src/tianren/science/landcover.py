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
    present, index, counts = np.unique(codes, return_inverse=True, return_counts=True)
    looked = np.empty(present.size)
    for i, code in enumerate(present.tolist()):
        if code >= 0 and code not in values:
            raise unknown_code(name, code, int(counts[i]))
        looked[i] = values[code] if code >= 0 else np.nan
    return np.asarray(looked[index].reshape(np.shape(codes)))


def unknown_code(name: str, code: int, cells: int) -> UserError:
    """A code that the legend does not know."""
    return UserError(
        f"the land-cover code {code} has no row in the legend",
        where=name,
        by_how_much=f"{cells} cells",
        next_step="give the layer the legend it was made with, or add the class to it",
    )
