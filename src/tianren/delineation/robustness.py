"""How sure is the line? Draws over the parameters that have a range, and what they say.

Latin hypercube: McKay, Beckman, Conover (1979), Technometrics 21:239. Rank correlation: Spearman
(1904), American Journal of Psychology 15:72.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Setting
from tianren.raster.blocks import SIZE, map_blocks, reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster, Sink

Floats = NDArray[np.float64]
_NORMAL_95 = 1.96  # standard deviations; of a rank correlation by chance it is 1 / sqrt(N - 1)


@dataclass(frozen=True)
class Draws:
    """N draws. quantiles: parameter -> N quantiles of its range; held: those without a range."""

    seed: int
    quantiles: Mapping[str, tuple[float, ...]]
    settings: Mapping[str, Setting]
    held: tuple[str, ...]

    def __len__(self) -> int:
        return len(next(iter(self.quantiles.values()), ()))

    def at(self, n: int) -> dict[str, Setting]:
        """The settings of one draw."""
        return {name: self.settings[name].at(q[n]) for name, q in self.quantiles.items()}


def draw_settings(used: Sequence[Setting], n: int, seed: int) -> Draws:
    """N draws over the settings that have a range, each cut into N equal strata, one draw in each.

    A parameter's quantiles depend on the seed and its own name only: another parameter that comes
    or goes does not change them.
    """
    ranged = {s.id: s for s in used if s.has_range}
    held = tuple(sorted(s.id for s in used if not s.has_range))
    quantiles = {name: _strata(name, n, seed) for name in sorted(ranged)}
    return Draws(seed, quantiles, ranged, held)


def _strata(name: str, n: int, seed: int) -> tuple[float, ...]:
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return tuple(((rng.permutation(n) + rng.random(n)) / n).tolist())


def frequency(masks: Sequence[Raster], realm: Raster, total: Sink) -> None:
    """Write the share of draws in which each cell is inside: float32 0..1, NaN outside the region.

    masks: one raster a draw, above zero inside.
    """
    kernel = partial(_frequency, draws=len(masks))
    side = max(64, SIZE // math.isqrt(len(masks)))  # all masks are read together
    map_blocks(kernel, [realm, *masks], [total], size=side)


def _frequency(realm: Array, *masks: Array, draws: int) -> Array:
    inside = np.zeros(realm.shape, dtype=np.int32)
    for mask in masks:
        inside += mask > 0
    share = inside / np.float32(draws)
    return np.where(realm == MISSING, np.nan, share).astype(np.float32)


def inside_cells(mask: Raster) -> int:
    """Cells inside one draw's line."""
    return int(reduce_blocks(_inside, [mask], int.__add__))


def _inside(mask: Array) -> int:
    return int(np.count_nonzero(mask > 0))


def always_cells(share: Raster) -> int:
    """Cells inside in every draw."""
    return int(reduce_blocks(_always, [share], int.__add__))


def _always(share: Array) -> int:
    return int(np.count_nonzero(share == 1))


def kept_cells(share: Raster, line: Raster) -> int:
    """Cells of this line (above zero) that are inside in every draw too."""
    return int(reduce_blocks(_kept, [share, line], int.__add__))


def _kept(share: Array, line: Array) -> int:
    return int(np.count_nonzero((share == 1) & (line > 0)))


def differ(now: Mapping[str, Raster], before: Mapping[str, Raster]) -> bool:
    """Whether any cell of any grade differs, or a criterion is graded in one of them only."""
    if set(now) != set(before):
        return True
    return any(
        int(reduce_blocks(_other_cells, [grade, before[name]], int.__add__))
        for name, grade in now.items()
        if grade is not before[name]
    )


def _other_cells(now: Array, before: Array) -> int:
    return int(np.count_nonzero(now != before))


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Rank correlation, ties at their mean rank; NaN where one of them never varies."""
    a, b = _ranks(np.asarray(x, dtype=float)), _ranks(np.asarray(y, dtype=float))
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread > 0 else float("nan")


def _ranks(values: Floats) -> Floats:
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = last - (counts - 1) / 2.0
    return ranks[at]


@dataclass(frozen=True)
class Robustness:
    """What the draws say: the areas of the line, the core that is always inside, the effects.

    kept: cells of the core that are in the line of the run itself; without_effect: parameters that
    change no grade at either end of their range, one at a time.
    """

    draws: Draws
    cells: tuple[int, ...]
    always: int
    kept: int
    effects: Mapping[str, float]
    without_effect: tuple[str, ...] = ()

    @property
    def chance(self) -> float:
        """The rank correlation that 19 in 20 unrelated parameters stay below, about."""
        n = len(self.cells)
        return min(1.0, _NORMAL_95 / math.sqrt(n - 1)) if n > 1 else 1.0

    @property
    def by_chance(self) -> tuple[str, ...]:
        """The parameters whose effect these draws cannot tell from none."""
        return tuple(name for name, e in self.effects.items() if e == e and abs(e) <= self.chance)

    @property
    def strongest(self) -> str:
        """The parameter that moves the area most; empty where none does."""
        known = {name: abs(e) for name, e in self.effects.items() if e == e}
        return max(known, key=lambda name: known[name], default="")

    def record(self) -> dict[str, Any]:
        """A table of run.toml."""
        return {
            "draws": len(self.cells),
            "seed": self.draws.seed,
            "drawn": list(self.draws.quantiles),
            "held": list(self.draws.held),
            "strongest": self.strongest,
            "by_chance": list(self.by_chance),
            "without_effect": list(self.without_effect),
        }


def summarise(draws: Draws, cells: Sequence[int], always: int, kept: int) -> Robustness:
    """The effects of the parameters on the area: rank correlations over the draws."""
    areas = [float(n) for n in cells]
    effects = {name: spearman(q, areas) for name, q in draws.quantiles.items()}
    return Robustness(draws, tuple(cells), always, kept, effects)


def measures(found: Robustness, cell_m2: float, place: str, period: str) -> list[Measure]:
    """Mean area with its extremes, the core that is always inside, the effect of each parameter.

    The core is told in all, and as far as it lies in the line of the run. low and high of an effect
    are what it may be by the luck of N draws (about 95 %).
    """
    areas = [n * cell_m2 for n in found.cells]
    by = (("draws", str(len(areas))),)
    method = f"Latin hypercube, seed {found.draws.seed}"
    mean = sum(found.cells) * cell_m2 / len(areas)
    return [
        Measure("robustness.area", place, period, mean, "m2", by, min(areas), max(areas), method),
        Measure("robustness.core", place, period, found.always * cell_m2, "m2", (), method=method),
        Measure(
            "robustness.core", place, period, found.kept * cell_m2, "m2",
            (("within", "redline"),), method=method,
        ),
        *(
            Measure(
                "robustness.effect", place, period, effect, "1", (("parameter", name),),
                max(-1.0, effect - found.chance), min(1.0, effect + found.chance),
                method="Spearman rank correlation", sources=(name,),
            )
            for name, effect in found.effects.items()
            if effect == effect
        ),
    ]  # fmt: skip


def findings(found: Robustness) -> list[Finding]:
    """What the draws could not vary, and what the line hangs on."""
    made = [_held(found.draws.held)] if found.draws.held else []
    if not found.draws.quantiles:
        message = say("no parameter in use has a range, so every draw is the same line")
        made.append(Finding("robustness.nothing_drawn", "parameters", Severity.WARNING, message))
    elif len(found.cells) < 2 * len(found.draws.quantiles):
        message = say(
            "{n} draws over {m} parameters: rank correlations are weak evidence; draw more",
            n=len(found.cells),
            m=len(found.draws.quantiles),
        )
        made.append(Finding("robustness.few_draws", "parameters", Severity.NOTE, message))
    return [*made, *_chance(found), *_none(found)]


def _chance(found: Robustness) -> list[Finding]:
    """The effects that are no larger than what unrelated parameters would show."""
    if not found.by_chance:
        return []
    message = say(
        "{n} of {m} effects are not told apart from chance: below {limit} in {draws} draws "
        "({names}).",
        n=len(found.by_chance),
        m=len(found.effects),
        limit=f"{found.chance:.2f}",
        draws=len(found.cells),
        names=", ".join(found.by_chance),
    )
    source = "standard error of a rank correlation, 1 / sqrt(N - 1)"
    return [Finding("robustness.by_chance", "parameters", Severity.NOTE, message, source)]


def _none(found: Robustness) -> list[Finding]:
    """The parameters that were tried alone and decide nothing here."""
    return [
        Finding(
            "robustness.no_effect",
            name,
            Severity.NOTE,
            say(
                "{name} had no effect: at either end of its range no grade of any cell changes. It "
                "scales a whole function and cancels in its shares, or decides nothing here.",
                name=name,
            ),
            "G17",
        )
        for name in found.without_effect
    ]


def _held(names: Sequence[str]) -> Finding:
    message = say(
        "{n} parameters in use have no range and were held: {names}",
        n=len(names),
        names=", ".join(names),
    )
    return Finding("robustness.held", "parameters", Severity.NOTE, message)
