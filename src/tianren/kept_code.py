"""Compiled code on disk: where it is kept, under which name, and that no two pieces are mixed up.

What was compiled is kept under a fingerprint of everything that shaped it: the code of the function
and of all that it calls, the constants they use, the versions of Python and numba. A change in any
of them is another file, never a stale result. TIANREN_CACHE names the folder (default: the user's
cache folder); TIANREN_CACHE=off keeps nothing.
"""

import functools
import hashlib
import os
import secrets
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Function = Callable[..., Any]
_FORM = 2  # of what is kept: older pieces carry names that collide


@functools.cache
def mend_numba() -> bool:
    """Let numba mix up nothing that several processes keep; whether it could be told.

    numba numbers the functions of a process 1, 2, 3, and pieces of kept code call each other by
    these numbers: where one process kept a sort and another an argsort, both number 6, a third that
    loads the two calls one of them for both. It also numbers the files of one kernel, so that two
    processes at once write one file for two types of arguments. Numbers drawn at random end both.
    """
    from numba.core import bytecode, caching

    files = caching.IndexDataCacheFile
    if not (hasattr(bytecode.FunctionIdentity, "_unique_ids") and hasattr(files, "_load_index")):
        return False
    bytecode.FunctionIdentity._unique_ids = iter(_any_number, None)
    load = files._load_index

    def load_index(file: Any) -> Any:
        try:
            return load(file)
        except (ImportError, AttributeError):  # kept for types that another version of us had
            return {}

    files._data_name, files._load_index = _data_name, load_index
    return True


def _any_number() -> int:
    return secrets.randbits(62)


def _data_name(file: Any, number: int) -> str:
    """The name of a new data file of numba's, whatever number it would take."""
    name: str = file._data_name_pattern.format(number=_any_number())
    return name


def cache_folder() -> Path | None:
    """Where compiled code is kept: TIANREN_CACHE, else the user's cache folder; None if nowhere."""
    chosen = os.environ.get("TIANREN_CACHE", "")
    if chosen == "off":
        return None
    try:
        user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # nobody knows where home is
        return Path(chosen) / "compiled" if chosen else None
    return (Path(chosen) if chosen else Path(user) / "tianren") / "compiled"


def kept_copy(function: Function) -> Function | None:
    """A copy of the function that numba keeps beside a file named after its fingerprint.

    numba files what it compiled beside the source file that the code names, and trusts it while
    that file is unchanged. It cannot see the functions that are called; the fingerprint does.
    """
    folder, mark = cache_folder(), fingerprint(function)
    if folder is None or mark is None or not mend_numba():
        return None
    place = folder / f"{function.__name__}-{mark}.py"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.write_text(f"# what tianren compiled for {function.__qualname__}\n")
        if not os.access(folder, os.W_OK):
            return None
    except OSError:
        return None
    code = function.__code__.replace(co_filename=str(place))
    copy = types.FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def fingerprint(function: Function) -> str | None:
    """A short hash of all that shapes the compiled function; None if something is not known."""
    import numba

    mark = hashlib.sha256(f"{_FORM} {sys.version} numba {numba.__version__}".encode())
    try:
        for part in _described(function, set()):
            mark.update(part.encode())
            mark.update(b"\0")
    except _UnknownError:
        return None
    return mark.hexdigest()[:20]


class _UnknownError(Exception):
    """A value that a function uses and whose meaning a fingerprint cannot hold."""


def _described(value: Any, seen: set[int]) -> Iterator[str]:
    """Everything a compiled function depends on, as text, in a fixed order."""
    if value is None or isinstance(value, int | float | complex | str | bytes | np.generic):
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, tuple | list):
        yield f"{type(value).__name__} {len(value)}"
        for item in value:
            yield from _described(item, seen)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    elif hasattr(value, "scalar"):  # an equation or a kernel
        yield f"{type(value).__name__} {getattr(value, 'handles_missing', '')}"
        yield from _described(value.scalar, seen)
    elif isinstance(value, types.FunctionType):
        yield from _described_function(value, seen)
    elif isinstance(value, types.CodeType):
        yield f"{value.co_name} {value.co_code.hex()} {value.co_names} {value.co_varnames}"
        yield from _described(value.co_consts, seen)
    elif isinstance(value, type | types.BuiltinFunctionType | np.ufunc | types.ModuleType):
        yield f"{getattr(value, '__module__', '')} {value.__name__}"
    elif hasattr(value, "py_func"):  # compiled by numba elsewhere
        yield from _described(value.py_func, seen)
    else:
        raise _UnknownError(type(value))


def _described_function(function: types.FunctionType, seen: set[int]) -> Iterator[str]:
    # What is kept names its module when loaded again: a twin elsewhere is another function.
    yield f"{function.__module__} {function.__qualname__}"
    if id(function) in seen:
        return
    seen.add(id(function))
    yield from _described(function.__code__, seen)
    yield from _described(function.__defaults__, seen)
    for hint in function.__annotations__.values():
        yield from _described_record(hint, function.__globals__)
    yield from _described([c.cell_contents for c in function.__closure__ or ()], seen)
    names = list(_names_in(function.__code__))
    for name in names:
        known = function.__globals__.get(name)
        yield from _described(known, seen)
        if isinstance(known, types.ModuleType) and known.__name__.startswith("tianren"):
            for inner in names:
                yield from _described(getattr(known, inner, None), seen)


def _described_record(hint: Any, known: dict[str, Any]) -> Iterator[str]:
    """The fields of a named tuple, for compiled code finds them by their places."""
    kind = known.get(hint) if isinstance(hint, str) else hint
    if kind is not None and hasattr(kind, "_fields"):
        yield f"{kind.__module__} {kind.__qualname__} {kind._fields}"
        for inner in kind.__annotations__.values():
            yield from _described_record(inner, vars(sys.modules[kind.__module__]))


def _names_in(code: types.CodeType) -> Iterator[str]:
    """The global and attribute names that a function and the functions inside it use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)
