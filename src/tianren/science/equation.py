"""@equation: a scalar function with math and if that also works on arrays and inside kernels.

On numbers the plain Python function runs. On arrays it is compiled, on first use, to a NumPy universal
function. `fuse` compiles a scalar function that calls equations into one pass over memory.
"""

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np


class Equation:
    """A scalar function of the literature. Numbers in, number out; arrays in, float64 array out.

    `.scalar` is the plain function, `.compiled` its numba form for use inside kernels (compiled once).
    """

    def __init__(self, function: Callable[..., float]) -> None:
        functools.update_wrapper(self, function)
        self.scalar = function

    def __call__(self, *values: Any) -> Any:
        if any(isinstance(v, np.ndarray) for v in values):
            return self._on_arrays(*values)
        return self.scalar(*values)

    @functools.cached_property
    def compiled(self) -> Any:
        return _compile(self.scalar)

    @functools.cached_property
    def _on_arrays(self) -> Any:
        import numba

        return numba.vectorize(_linked(self.scalar))


def equation(function: Callable[..., float]) -> Equation:
    """Mark a scalar function as an equation: one equation, one function, one citation."""
    return Equation(function)


def _compile(function: Callable[..., Any]) -> Any:
    import numba

    return numba.njit(nogil=True)(_linked(function))


def _linked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the equations it calls replaced by their compiled forms."""
    names = function.__globals__
    called = {n: names[n] for n in function.__code__.co_names if n in names}
    if not any(isinstance(v, Equation) for v in called.values()):
        return function
    linked = {n: v.compiled if isinstance(v, Equation) else v for n, v in names.items()
              if n in called or n == "__builtins__"}
    copy = types.FunctionType(
        function.__code__, {**names, **linked}, function.__name__, function.__defaults__,
        function.__closure__,
    )
    return functools.update_wrapper(copy, function)
