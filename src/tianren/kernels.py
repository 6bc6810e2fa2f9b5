"""@kernel: a hand-written loop in numba's subset of Python, compiled on first use.

What was compiled is kept on disk (kept_code.py).
"""

import contextlib
import functools
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from tianren.kept_code import kept_copy, mend_numba

Function = Callable[..., Any]
R = TypeVar("R")


class Compiled:
    """What a kernel may call by its name: `.compiled` is its numba form."""

    compiled: Any


class Kernel(Compiled, Generic[R]):
    """A hand-written loop, compiled on first use; may call equations and kernels."""

    def __init__(self, function: Callable[..., R]) -> None:
        functools.update_wrapper(self, function)
        self.scalar = function

    def __call__(self, *values: Any) -> R:
        try:
            found: R = self.compiled(*values)
        except OSError:  # it cannot be kept: the disk is full, or the folder was taken away
            self.compiled = compile_loop(self.scalar)
            found = self.compiled(*values)
        return found

    @functools.cached_property
    def compiled(self) -> Any:
        return compile_loop(self.scalar, keep=True)


def kernel(function: Callable[..., R]) -> Kernel[R]:
    """Mark a loop over cells, in numba's subset of Python, that runs without Python's lock."""
    return Kernel(function)


def compile_loop(function: Function, keep: bool = False) -> Any:
    """The numba form of a function; keep: for other processes too, where the disk allows it."""
    import numba

    _teach_numba()
    options = {"nogil": True, "error_model": "numpy"}
    kept = kept_copy(function) if keep else None
    if kept is not None:
        with contextlib.suppress(RuntimeError):  # numba may not write there: compile and forget
            return numba.njit(cache=True, **options)(kept)
    return numba.njit(**options)(function)


@functools.cache
def _teach_numba() -> None:
    """Let kernels call kernels and equations by their names."""
    from numba import extending

    mend_numba()  # before anything is compiled: what is kept holds all that it calls

    def of_compiled(value: Compiled, context: Any) -> Any:
        return extending.typeof_impl(value.compiled, context)

    extending.typeof_impl.register(Compiled)(of_compiled)
