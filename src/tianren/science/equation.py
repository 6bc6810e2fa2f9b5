"""@equation: a scalar function with math and if that also works on arrays and inside kernels.

On numbers the plain Python function runs. On arrays, and where one equation calls another inside a
kernel, the same function is compiled. `fuse` turns a scalar function that calls twenty equations
into one pass over memory; `kernel` marks a hand-written loop over cells.

What was compiled is kept on disk (kept_code.py).
"""

import functools
import inspect
import math
import sys
import typing
from collections.abc import Callable
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import Compiled, Function, Kernel, compile_loop

_MISSING = int(np.iinfo(np.int32).min)  # raster.MISSING, a layer above


class Equation(Compiled):
    """A scalar function of the literature. Numbers in, number out; arrays in, float64 array out.

    A missing input (NaN, or the missing category) gives NaN without asking the function, unless it
    was marked with handles_missing=True. `.scalar` is the plain function, `.compiled` its numba
    form. Where Python would raise on a number (1/0, the logarithm of a negative) the compiled form
    answers, with infinity or NaN: a cell and a map never disagree.
    """

    def __init__(self, function: Function, handles_missing: bool = False) -> None:
        functools.update_wrapper(self, function)
        self.scalar = function
        self.handles_missing = handles_missing

    def __call__(self, *values: Any, **named: Any) -> Any:
        every = _bound(self.scalar, values, named)
        if any(isinstance(v, np.ndarray) for v in every):
            return self._on_arrays(*every)
        if not self.handles_missing and any(_is_missing(v) for v in every):
            return math.nan
        try:
            result = self.scalar(*every)
        except (ArithmeticError, ValueError):
            return self.compiled(*every)
        return self.compiled(*every) if isinstance(result, complex) else result

    @functools.cached_property
    def compiled(self) -> Any:
        """The numba form, for use inside kernels, with the same rule for missing inputs."""
        _teach_numba()
        inner = compile_loop(self.scalar)
        return inner if self.handles_missing else compile_loop(_guarded(self.scalar, inner))

    def _on_arrays(self, *values: Any) -> NDArray[np.float64]:
        shape = np.broadcast_shapes(*(np.shape(v) for v in values))
        cells = [v if np.ndim(v) == 0 else np.broadcast_to(v, shape) for v in values]
        found: NDArray[np.float64] = self._over_cells(*cells)
        return found

    @functools.cached_property
    def _over_cells(self) -> "Fused":
        return Fused(self.scalar, self.handles_missing, np.float64)

    def __reduce__(self) -> str:
        return str(self.__qualname__)  # type: ignore[attr-defined]  # update_wrapper sets it


@overload
def equation(function: Function) -> Equation: ...
@overload
def equation(*, handles_missing: bool = ...) -> Callable[[Function], Equation]: ...
def equation(
    function: Function | None = None, *, handles_missing: bool = False
) -> Equation | Callable[[Function], Equation]:
    """Mark a scalar function as an equation: one equation, one function, one citation.

    handles_missing: the function itself decides what a missing input gives.
    """
    if function is None:
        return lambda f: Equation(f, handles_missing)
    return Equation(function, handles_missing)


def fuse(function: Function, *, handles_missing: bool = False, **constants: float) -> "Fused":
    """Compile a scalar function that calls equations into one kernel over blocks.

    function: numbers in; one number out, or a tuple if its annotation says how many
    (`-> tuple[float, float]`). It computes in double precision, as plain Python does.
    The kernel takes, in the order of the parameters, float32 quantities (missing is NaN) and int32
    categories (missing is MISSING) as arrays of one shape, or numbers; it returns one float32 array
    a result. A missing input makes all results NaN, unless handles_missing.
    constants: parameters of the function that are set here, `fuse(model, c=0.3)`; other values need
    no new compilation.
    """
    return Fused(function, handles_missing, np.float32, **constants)


class Fused:
    """A scalar function as one pass over memory: what `fuse` returns. It travels to processes."""

    def __init__(
        self,
        function: Function,
        handles_missing: bool = False,
        out: type[np.floating[Any]] = np.float32,
        **constants: float,
    ) -> None:
        plain = function.scalar if isinstance(function, Equation) else function
        functools.update_wrapper(self, plain)
        self.scalar = plain
        self.handles_missing = handles_missing
        self.out = out
        self.constants = constants
        self.results = _count_of_results(plain)
        self._loops: dict[tuple[bool, ...], Kernel[Any]] = {}

    def __call__(self, *values: Any) -> Any:
        every = _bound(self.scalar, values, self.constants)
        are_arrays = tuple(np.ndim(v) > 0 for v in every)
        if not any(are_arrays):
            return self._on_numbers(every)
        shape = np.shape(every[are_arrays.index(True)])
        cells = [_flat(v, shape) for v in every]
        found = [np.empty(shape, dtype=self.out) for _ in range(self.results or 1)]
        self._loop(are_arrays)(*cells, *(f.reshape(-1) for f in found))
        return tuple(found) if self.results else found[0]

    def _on_numbers(self, values: tuple[Any, ...]) -> Any:
        if not self.handles_missing and any(_is_missing(v) for v in values):
            return (math.nan,) * self.results if self.results else math.nan
        return Equation(self.scalar, handles_missing=True)(*values)

    def _loop(self, are_arrays: tuple[bool, ...]) -> Kernel[Any]:
        if are_arrays not in self._loops:
            names = list(inspect.signature(self.scalar).parameters)
            _teach_numba()
            text = _loop_text(names, are_arrays, self.results, self.handles_missing)
            inner = Equation(self.scalar, handles_missing=True)  # the loop looks for missing cells
            self._loops[are_arrays] = Kernel(_written(text, "loop", function=inner))
        return self._loops[are_arrays]

    def __reduce__(self) -> Any:
        found = getattr(sys.modules.get(self.scalar.__module__), self.scalar.__name__, None)
        function = found if isinstance(found, Equation) else self.scalar
        return _refused, (function, self.handles_missing, self.out, self.constants)


def _refused(function: Function, handles_missing: bool, out: Any, constants: Any) -> Fused:
    """What a Fused becomes again in another process."""
    return Fused(function, handles_missing, out, **constants)


def _bound(function: Function, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """All arguments in the order of the parameters, defaults included."""
    if not named and len(values) == _parameter_count(function):
        return values
    bound = inspect.signature(function).bind(*values, **named)
    bound.apply_defaults()
    return bound.args


def _parameter_count(function: Function) -> int:
    return function.__code__.co_argcount + function.__code__.co_kwonlyargcount


def _count_of_results(function: Function) -> int:
    """How many numbers the annotation promises; 0 stands for one number, not in a tuple."""
    hint = function.__annotations__.get("return")
    if isinstance(hint, str):
        hint = typing.get_type_hints(function).get("return")
    if typing.get_origin(hint) is tuple:
        return len(typing.get_args(hint))
    return len(getattr(hint, "_fields", ()))  # a NamedTuple


def _flat(value: Any, shape: tuple[int, ...]) -> Any:
    """A number as Python's own, an array as one contiguous line of cells."""
    if np.ndim(value) == 0:
        return value.item() if isinstance(value, np.generic | np.ndarray) else value
    if np.shape(value) != shape:
        raise ValueError(f"arrays of different shapes: {np.shape(value)} and {shape}")
    return np.ascontiguousarray(value).reshape(-1)


def _is_missing(value: Any) -> bool:
    """NaN, or the missing category. Compiled code has its own form of it (_teach_numba)."""
    if isinstance(value, float | np.floating):
        return bool(value != value)
    return isinstance(value, int | np.integer) and int(value) == _MISSING


def _wide(value: Any) -> Any:
    """The value in double precision, as Python computes. Compiled code has its own form of it."""
    return value


def _loop_text(
    names: list[str], are_arrays: tuple[bool, ...], results: int, handles_missing: bool
) -> str:
    """The loop over cells as source text, for this number of inputs and results."""
    outputs = [f"out_{k}" for k in range(results or 1)]
    lines = [f"def loop({', '.join(names + outputs)}):", f"    for i in range({outputs[0]}.size):"]
    for name, is_array in zip(names, are_arrays, strict=True):
        lines.append(
            f"        cell_{name} = wide({name}[i])"
            if is_array
            else f"        cell_{name} = wide({name})"
        )
    cells = [f"cell_{name}" for name in names]
    stored = ", ".join(f"{o}[i]" for o in outputs)
    if not handles_missing:  # "|", not "or": one branch, which LLVM can turn into vector code
        lines.append(f"        if {' | '.join(f'missing({c})' for c in cells)}:")
        lines.extend(f"            {o}[i] = nan" for o in outputs)
        lines.append("            continue")
    lines.append(f"        {stored} = function({', '.join(cells)})")
    return "\n".join(lines)


def _guarded(function: Function, inner: Any) -> Function:
    """The function behind a test for missing inputs, with its parameters and defaults."""
    names = list(inspect.signature(function).parameters)
    test = " | ".join(f"missing({name})" for name in names) or "False"
    text = f"def guarded({', '.join(names)}):\n    if {test}:\n        return nan\n"
    guarded = _written(text + f"    return inner({', '.join(names)})", "guarded", inner=inner)
    guarded.__defaults__ = function.__defaults__
    return guarded


def _written(text: str, name: str, **known: Any) -> Function:
    """A function from its source text: loops differ in their number of arrays, never in kind."""
    space = {"__name__": __name__, "missing": _is_missing, "wide": _wide, "nan": math.nan, **known}
    exec(compile(text, f"<{name}>", "exec"), space)  # noqa: S102  the text is ours
    made: Function = space[name]
    return made


@functools.cache
def _teach_numba() -> None:
    """Let compiled code know what is missing, and compute in double precision."""
    from numba import extending, types

    def missing(value: Any) -> Any:
        if isinstance(value, types.Float):
            return lambda value: value != value
        if isinstance(value, types.Integer):
            return lambda value: value == _MISSING
        return lambda value: False

    def wide(value: Any) -> Any:
        if isinstance(value, types.Float):
            return lambda value: np.float64(value)
        return lambda value: value

    extending.overload(_is_missing, strict=False)(missing)
    extending.overload(_wide, strict=False)(wide)
