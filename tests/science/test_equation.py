"""One equation, one meaning: numbers, arrays and fused kernels agree; kept code is never stale."""

import importlib
import math
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tianren import kept_code as subject
from tianren.kept_code import cache_folder, fingerprint
from tianren.kernels import kernel
from tianren.science.equation import Equation, equation, fuse

MISSING = int(np.iinfo(np.int32).min)


@equation
def slope_factor(theta: float) -> float:
    """A published shape: three branches, a sine."""
    if theta < 5.14:
        return 10.8 * math.sin(math.radians(theta)) + 0.03
    if theta < 10.2:
        return 16.8 * math.sin(math.radians(theta)) - 0.50
    return 21.91 * math.sin(math.radians(theta)) - 0.96


@equation
def cover_factor(percent: float, worst: float = 1.0) -> float:
    if percent <= 0.1:
        return worst
    return max(0.6508 - 0.3436 * math.log10(percent), 0.0)


@equation
def soil_loss(erosivity: float, theta: float, percent: float) -> float:
    return erosivity * slope_factor(theta) * cover_factor(percent, worst=0.9)


@equation
def ratio(a: float, b: float) -> float:
    return a / b


@equation
def root(a: float) -> float:
    return math.sqrt(a)


@equation
def share(a: float) -> float:
    return 1.0 / (1.0 + math.exp(a))


@equation
def power(a: float, b: float) -> float:
    found: float = a**b
    return found


@equation(handles_missing=True)
def zero_if_missing(a: float) -> float:
    return 0.0 if math.isnan(a) else a


@equation
def class_score(code: int) -> float:
    return 3.0 if code == 2 else 5.0


def model(erosivity: float, theta: float, percent: float, code: int) -> tuple[float, float]:
    loss = soil_loss(erosivity, theta, percent)
    return loss, math.sqrt(loss * class_score(code))


def capped(erosivity: float, cap: float) -> float:
    return min(erosivity, cap)


def takes_missing(a: float, b: float) -> float:
    return zero_if_missing(a) + zero_if_missing(b)


cells = hnp.arrays(
    np.float64, st.integers(1, 12), elements=st.one_of(st.floats(0, 90), st.just(math.nan))
)


@settings(max_examples=60, deadline=None)
@given(cells)
def test_a_number_and_an_array_agree(theta: np.ndarray) -> None:
    by_number = [soil_loss(1000.0, t, t) for t in theta.tolist()]
    assert np.allclose(soil_loss(1000.0, theta, theta), by_number, rtol=1e-12, equal_nan=True)


@settings(max_examples=60, deadline=None)
@given(cells, st.sampled_from([1, 2, MISSING]))
def test_a_fused_kernel_agrees_with_plain_python(theta: np.ndarray, code: int) -> None:
    angle = theta.astype(np.float32)
    codes = np.full(angle.shape, code, dtype=np.int32)
    found = fused_model(np.float32(500), angle, angle, codes)
    expected = [fused_model(500.0, t, t, code) for t in angle.tolist()]
    for k in range(2):
        assert found[k].dtype == np.float32
        assert np.allclose(found[k], [e[k] for e in expected], rtol=1e-6, equal_nan=True)
    gone = np.isnan(angle) | (code == MISSING)
    assert np.array_equal(np.isnan(found[0]), gone)


fused_model = fuse(model)


@pytest.mark.parametrize("values", [(1.0, 0.0), (-1.0, 0.0), (0.0, 0.0), (math.inf, math.inf)])
def test_a_quotient_never_raises_and_both_routes_agree(values: tuple[float, float]) -> None:
    one = ratio(*values)
    many = ratio(np.array([values[0]]), values[1])[0]
    assert one == many or (math.isnan(one) and math.isnan(many))


def test_domain_errors_overflow_and_complex_agree() -> None:
    assert math.isnan(root(-1.0))
    assert share(1000.0) == share(np.array([1000.0]))[0] == 0.0
    assert math.isnan(power(-8.0, 0.5))
    assert math.isnan(power(np.array([-8.0]), 0.5)[0])


def test_missing_stays_missing_even_behind_a_branch() -> None:
    assert math.isnan(slope_factor(math.nan))  # every comparison is false: the last branch
    assert math.isnan(cover_factor(np.array([math.nan]))[0])
    assert math.isnan(class_score(MISSING))


def test_an_equation_may_take_missing_inputs_itself() -> None:
    assert zero_if_missing(math.nan) == 0.0
    assert zero_if_missing(np.array([math.nan, 2.0])).tolist() == [0.0, 2.0]
    both = fuse(takes_missing, handles_missing=True)
    a = np.array([[1, np.nan]], dtype=np.float32)
    assert both(a, a).tolist() == [[2.0, 0.0]]
    assert math.isnan(fuse(takes_missing)(a, a)[0, 1])


def test_named_arguments_and_defaults_work_on_both_routes() -> None:
    assert cover_factor(0.0, worst=0.7) == 0.7
    assert cover_factor(np.zeros(2), worst=0.7).tolist() == [0.7, 0.7]
    assert cover_factor(np.zeros(2)).tolist() == [1.0, 1.0]


def test_arrays_broadcast() -> None:
    found = ratio(np.arange(3.0)[:, None], np.array([1.0, 2.0]))
    assert found.tolist() == [[0, 0], [1, 0.5], [2, 1]]


def test_constants_are_set_when_fusing() -> None:
    a = np.array([[1.0, 5.0]], dtype=np.float32)
    assert fuse(capped, cap=3)(a).tolist() == [[1.0, 3.0]]
    assert fuse(capped, cap=2.5)(a).tolist() == [[1.0, 2.5]]
    assert fuse(capped)(a, 4.0).tolist() == [[1.0, 4.0]]


def test_blocks_that_are_not_contiguous_are_read_right() -> None:
    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert fuse(capped, cap=100)(a[:, 1:3]).tolist() == a[:, 1:3].tolist()


def test_arrays_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)|\(3,\) and \(2,\)"):
        fuse(capped)(np.zeros(2), np.zeros(3))


def test_equations_and_kernels_travel_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(soil_loss)) is soil_loss  # noqa: S301
    again = pickle.loads(pickle.dumps(fuse(capped, cap=3)))  # noqa: S301
    assert again(np.array([9.0], dtype=np.float32)).tolist() == [3.0]


def test_an_equation_keeps_its_name_and_documentation() -> None:
    assert slope_factor.__name__ == "slope_factor"
    assert "published" in (slope_factor.__doc__ or "")


@kernel
def _sum_of_ratios(a, b):
    total = 0.0
    for i in range(a.size):
        total += ratio(a[i], b)
    return total


def test_a_kernel_calls_equations() -> None:
    assert _sum_of_ratios(np.array([1.0, 3.0]), 2.0) == 2.0


def test_a_kernel_that_cannot_be_kept_runs_all_the_same() -> None:
    def full(*values: object) -> None:
        raise OSError(28, "No space left on device")

    mine = kernel(_sum_of_ratios.scalar)
    mine.compiled = full
    assert mine(np.array([1.0, 3.0]), 2.0) == 2.0


TWO_STORIES = """
from tianren.science.equation import equation
FACTOR = {factor}
@equation
def inner(a: float) -> float:
    return a * FACTOR + {added}
def outer(a: float) -> float:
    return inner(a)
"""


def story(folder: Path, factor: float, added: float) -> ModuleType:
    (folder / "tianren_story.py").write_text(TWO_STORIES.format(factor=factor, added=added))
    sys.modules.pop("tianren_story", None)
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        return importlib.import_module("tianren_story")
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = before


def test_kept_code_is_used_again_and_never_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIANREN_CACHE", str(tmp_path / "cache"))
    one = np.ones(1, dtype=np.float32)
    kept = tmp_path / "cache" / "compiled"
    for factor, added, expected, files in [(2, 3, 5, 1), (2, 3, 5, 1), (2, 4, 6, 2), (7, 4, 11, 3)]:
        outer = story(tmp_path, factor, added).outer
        assert fuse(outer)(one).tolist() == [expected]
        assert len(list(kept.glob("loop-*.py"))) == files
        assert len(list((kept / "__pycache__").glob("*.nbc"))) == files


SORTS = """
import sys
from typing import NamedTuple
import numpy as np
from tianren.kernels import kernel

class Ends(NamedTuple):
    low: int
    high: int

@kernel
def width(ends):
    return ends.high - ends.low

@kernel
def least(a):
    b = a.copy()
    b.sort()
    return b[0]

@kernel
def where_least(a):
    return np.argsort(a.copy())[0]

@kernel
def added(a, b):
    return a + b

falling = np.linspace(1.0, 0.0, 50)
known = {
    "ends": lambda: width(Ends(1, 4)),
    "least": lambda: least(falling),
    "where_least": lambda: where_least(falling),
    "whole": lambda: added(1, 2),
    "broken": lambda: added(1.5, 2.25),
}
print(*(known[name]() for name in sys.argv[1:]))
"""


def told_by(folder: Path, *names: str, renamed: dict[str, str] | None = None) -> list[str]:
    """What a new process says that keeps its compiled code in the folder."""
    text = SORTS
    for old, new in (renamed or {}).items():
        text = text.replace(old, new)
    (folder / "tianren_sorts.py").write_text(text)
    env = {
        **os.environ,
        "TIANREN_CACHE": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", "import tianren_sorts", *names],
        env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.split()


def test_what_two_processes_kept_is_not_mixed_up_by_a_third(tmp_path: Path) -> None:
    """Both sorts are the sixth function of their process; numba took them for one."""
    assert told_by(tmp_path, "least") == ["0.0"]
    assert told_by(tmp_path, "where_least") == ["49"]
    assert told_by(tmp_path, "least", "where_least") == ["0.0", "49"]
    assert told_by(tmp_path, "where_least", "least") == ["49", "0.0"]


def test_two_processes_that_keep_one_kernel_at_once_do_not_share_a_file(tmp_path: Path) -> None:
    """Each reads the index before the other has written it; either may write it last."""
    kept = tmp_path / "cache" / "compiled" / "__pycache__"
    assert told_by(tmp_path, "whole") == ["3"]
    (index,) = kept.glob("added-*.nbi")
    of_the_first = index.read_bytes()
    index.unlink()
    assert told_by(tmp_path, "broken") == ["3.75"]
    index.write_bytes(of_the_first)
    assert told_by(tmp_path, "whole", "broken") == ["3", "3.75"]


def test_the_fingerprint_sees_constants_closures_and_defaults(tmp_path: Path) -> None:
    def make(c: float, d: float = 1.0) -> object:
        def f(a: float, b: float = d) -> float:
            return a * c + b

        return f

    marks = {fingerprint(make(1.0)), fingerprint(make(2.0)), fingerprint(make(1.0, 2.0))}
    assert len(marks) == 3
    assert fingerprint(make(1.0)) == fingerprint(make(1.0))
    assert fingerprint(story(tmp_path, 1, 2).outer) != fingerprint(story(tmp_path, 1, 3).outer)


def test_the_fingerprint_sees_the_places_of_fields() -> None:
    def marked(*fields: str) -> str | None:
        pair = NamedTuple("pair", [(field, float) for field in fields])

        def f(a):
            return a.low

        f.__annotations__ = {"a": pair}
        return fingerprint(f)

    assert marked("low", "high") == marked("low", "high")
    assert marked("low", "high") != marked("high", "low")


def test_code_kept_for_a_type_that_is_gone_is_made_again(tmp_path: Path) -> None:
    assert told_by(tmp_path, "ends") == ["3"]
    another_version = {"Ends": "Limits"}
    assert told_by(tmp_path, "ends", renamed=another_version) == ["3"]


def test_what_a_fingerprint_cannot_hold_is_not_kept() -> None:
    strange = object()

    def f(a: float) -> float:
        return a if strange is None else -a

    assert fingerprint(f) is None


def test_the_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIANREN_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "compiled"
    monkeypatch.setenv("TIANREN_CACHE", "off")
    assert cache_folder() is None
    monkeypatch.delenv("TIANREN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tianren" / "compiled"


def test_no_home_and_no_writable_folder_break_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    one = np.ones(1, dtype=np.float32)
    monkeypatch.delenv("TIANREN_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(subject.Path, "home", homeless)
    assert cache_folder() is None
    assert fuse(capped, cap=3)(one).tolist() == [1.0]
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TIANREN_CACHE", str(tmp_path / "file"))
    assert fuse(capped, cap=3)(one).tolist() == [1.0]


def test_an_equation_is_compiled_once() -> None:
    assert isinstance(ratio, Equation)
    assert ratio.compiled is ratio.compiled
