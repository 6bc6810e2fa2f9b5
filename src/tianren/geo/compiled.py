"""Loops compiled by numba on first use. Importing this imports numba."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on first use, keep that on disk, and let other threads run meanwhile."""
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba may write nowhere: compile and forget
        return cast(F, numba.njit(nogil=True)(function))
