"""How a layer, a factor or a criterion is made from others: declared, so that it can be explained.

A Recipe names what it makes, from what, by which method. The plan picks recipes; compute runs them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from tianren.delineation.layers import LayerInfo
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters import Parameters
from tianren.raster.raster import MISSING, Array

LAND, SEA = 1, 2  # realm codes
Kernel = Callable[..., Any]
Grading = Literal["share", "score", "present"]


@dataclass(frozen=True)
class Flag:
    """Something a kernel marks cell by cell; if any cell is marked the run has a Finding.

    message: a sentence that may use {cells}, {area} (km2) and {share} (% of the realm).
    """

    rule: str
    message: str
    severity: Severity = Severity.NOTE
    source: str = ""

    def finding(self, subject: str, cells: int, area_km2: float, share: float) -> Finding:
        values = {"cells": f"{cells:,}", "area": f"{area_km2:,.0f}", "share": f"{share:.2g}"}
        return Finding(self.rule, subject, self.severity, say(self.message, **values), self.source)


@dataclass(frozen=True)
class Context:
    """What a recipe may look at before it runs: the parameters and what the catalog says."""

    parameters: Parameters
    layers: Mapping[str, LayerInfo]


@dataclass(frozen=True)
class Statistic:
    """Numbers over the land of the whole region that a kernel needs, bound to `keyword`.

    Without shares: (lowest, highest) value of the layer. With shares: its values at those shares
    (0..1) of the sorted cells.
    """

    keyword: str
    layer: str
    shares: Callable[[Context], Sequence[float]] | None = None


def _no_settings(context: Context) -> Mapping[str, Any]:
    return {}


def _always(context: Context) -> bool:
    return True


@dataclass(frozen=True)
class Recipe:
    """One way to make something.

    makes: the id of the layer, factor or criterion; needs: the ids it is made from.
    kernel(*arrays, **settings, **statistics) -> the cells, or (the cells, one mask a flag); a need
    of twelve bands is one argument: a tuple of twelve arrays. It is a function of a module, so that
    it can travel to other processes.
    settings(context) -> keywords from parameters and legends; reading a parameter there is what
    makes the result depend on it.
    finding: what is said whenever this recipe is used (a replaced method, a known bias).
    at_door: the layer is made by io on the native grid before alignment; nothing runs here.
    proportional_to: needs of which one number for the whole region cancels in shares.
    choice: (parameter, word): the recipe is used only where the parameter says that word.
    fits(context) -> whether the layers are fine enough for it; it may read parameters too.
    realms: where it has values, if not where its criterion has them (factors: land and sea).
    name: of a criterion's method: the short name by which project.toml chooses it.
    use: "can": whenever its needs can be had; "given": then too, but what it lacks is not told
    (nobody is sent to look for it); "asked" (of criteria): only where the project chooses it.
    grading: how what it makes is graded, if not as its criterion is.
    """

    makes: str
    method: str
    needs: tuple[str, ...]
    kernel: Kernel
    unit: str = "1"
    category: bool = False
    settings: Callable[[Context], Mapping[str, Any]] = _no_settings
    statistics: tuple[Statistic, ...] = ()
    flags: tuple[Flag, ...] = ()
    finding: Flag | None = None
    source: str = ""
    at_door: bool = False
    proportional_to: tuple[str, ...] = ()
    choice: tuple[str, str] | None = None
    fits: Callable[[Context], bool] = _always
    realms: frozenset[int] | None = None
    name: str = ""
    use: Literal["can", "given", "asked"] = "can"
    grading: Grading | None = None

    def bound(self, context: Context, statistics: Mapping[str, Any]) -> Kernel:
        """The kernel with its settings and statistics filled in."""
        return partial(self.kernel, **self.settings(context), **statistics)

    def chosen(self, context: Context) -> bool:
        """Whether the layers are fine enough for this way, and parameters that choose choose it."""
        if self.choice is None:
            return self.fits(context)
        parameter, word = self.choice
        return context.parameters.word(parameter) == word and self.fits(context)

    def parameters(self, context: Context) -> frozenset[str]:
        """The ids of the parameters that the recipe itself reads."""
        own = context.parameters.with_settings({})
        mine = Context(own, context.layers)
        self.settings(mine)
        self.chosen(mine)
        for statistic in self.statistics:
            if statistic.shares is not None:
                statistic.shares(mine)
        return frozenset(s.id for s in own.used())


@dataclass(frozen=True)
class Applicability:
    """Where a criterion applies at all: a mask made by a recipe (1 applies, 0 does not).

    reason: why it applies nowhere, if it applies nowhere.
    """

    mask: str
    reason: str
    assumed: str = ""  # said when the mask cannot be made: the criterion is then used everywhere


@dataclass(frozen=True)
class Total:
    """The indicator of a function's total, and what value * m2 is multiplied by to get its unit."""

    indicator: str
    unit: str
    factor: float


@dataclass(frozen=True)
class Criterion:
    """A function or a sensitivity: its methods in order of preference, and how it is graded.

    Methods of one short name are ways to the same thing, with more or fewer layers.
    grading: "share" of the total (functions), "score" by thresholds (composite sensitivities),
    "present" (the value itself is the grade).
    totals: by method, because an index and an amount of water have different units.
    """

    id: str
    kind: Literal["function", "sensitivity"]
    methods: tuple[Recipe, ...]
    grading: Grading
    realms: frozenset[int] = frozenset({LAND})
    applies: Applicability | None = None
    needs_coast: bool = False
    totals: Mapping[str, Total] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The short names of its methods, in order of preference."""
        return tuple(dict.fromkeys(method.name for method in self.methods))

    def by(self, method: Recipe) -> "Criterion":
        """The criterion as it is graded when that method makes it."""
        return self if method.grading is None else replace(self, grading=method.grading)


def nothing(*arrays: Array) -> Array:
    """For layers that are made at the door."""
    raise NotImplementedError


def number_setting(keyword: str, parameter: str) -> Callable[[Context], Mapping[str, Any]]:
    """Settings of one number: keyword = parameter."""

    def settings(context: Context) -> dict[str, Any]:
        return {keyword: context.parameters.number(parameter)}

    return settings


def as_mask(holds: Array, missing: Array) -> Array:
    """1 where it holds, 0 elsewhere, MISSING where that is not known."""
    return np.where(missing, MISSING, holds.astype(np.int32))
