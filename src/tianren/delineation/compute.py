"""Run the recipes of a plan over a region: few passes, each layer decoded once a pass.

Recipes that need nothing but cells are chained in one pass; a statistic over the region (the
percentiles of NDVI, the range of rain) starts a new one. Where things are kept is the Shelf's
business.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tianren.delineation.coast import coast_distance
from tianren.delineation.plan import CriterionPlan, masks_of, plan_order
from tianren.delineation.recipes import LAND, Context, Recipe
from tianren.delineation.statistics import percentiles, value_range
from tianren.findings import Finding, Severity
from tianren.geo.latitude import LatitudeSource
from tianren.language import say
from tianren.parameters.layers import layers
from tianren.raster.blocks import Workers, map_blocks, reduce_blocks
from tianren.raster.raster import (
    MISSING,
    Array,
    ArraySink,
    ArraySource,
    ConstantSource,
    Grid,
    Raster,
    Sink,
    Window,
    cell_area,
)

Note = dict[str, Any]  # plain values kept beside a raster: flags counted, statistics
MISSING_FLAG = "missing"
SIZE = 512  # cells on a side: a chain holds some fifty arrays of a window at a time


class Shelf(Protocol):
    """Where rasters that are made are kept. role: "factor", "value" or "grade"."""

    def done(self, name: str, role: str) -> bool:
        """It is already there, whole, and is what would be made now."""
        ...

    def sink(self, name: str, role: str, unit: str, category: bool) -> Sink: ...

    def open(self, name: str, role: str) -> Raster: ...

    def keep(self, name: str, role: str, note: Note) -> None:
        """Keep plain values beside the raster; called after its sink is closed."""
        ...

    def note(self, name: str, role: str) -> Note: ...


@dataclass
class MemoryShelf:
    """Everything in memory: for tests, notebooks and small regions."""

    grid: Grid
    rasters: dict[tuple[str, str], Raster] = field(default_factory=dict)
    notes: dict[tuple[str, str], Note] = field(default_factory=dict)

    def done(self, name: str, role: str) -> bool:
        return (name, role) in self.notes

    def sink(self, name: str, role: str, unit: str, category: bool) -> Sink:
        kind: NDArray[Any] = np.zeros(self.grid.shape, np.int32 if category else np.float32)
        self.rasters[name, role] = Raster(
            name, self.grid, ArraySource(kind), unit, "category" if category else "continuous"
        )
        return ArraySink(kind)

    def open(self, name: str, role: str) -> Raster:
        return self.rasters[name, role]

    def keep(self, name: str, role: str, note: Note) -> None:
        self.notes[name, role] = note

    def note(self, name: str, role: str) -> Note:
        return self.notes[name, role]


@dataclass
class Tally:
    """A sink that counts how often each small whole number was written, and keeps nothing else.

    Sums of whole numbers do not depend on the order of the windows.
    """

    counts: dict[int, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def write(self, window: Window, cells: Array) -> None:
        counted = np.bincount(cells.ravel())
        with self._lock:
            for code in np.flatnonzero(counted).tolist():
                self.counts[code] = self.counts.get(code, 0) + int(counted[code])

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        self.counts.clear()

    def with_bit(self, bit: int) -> int:
        """How many cells had that bit set."""
        return sum(count for code, count in self.counts.items() if code >> bit & 1)


@dataclass(frozen=True)
class Link:
    """One recipe in a pass: its bound kernel, what it reads, and where its cells are kept.

    inputs: for each need its raster names (one, or twelve bands); realms: where it has values;
    mask: the factor that says where it applies ("" for everywhere).
    """

    makes: str
    kernel: Callable[..., Any]
    inputs: tuple[tuple[str, ...], ...]
    realms: frozenset[int]
    category: bool
    mask: str


@dataclass(frozen=True)
class Pass:
    """The kernel of one pass: a chain of recipes over one window. Plain values: it can travel.

    Returns the cells of every link, then the flags of every link (bit 0 missing, bit 1 + n flag n).
    """

    names: tuple[str, ...]  # of the arrays it is given; the first is the realm
    links: tuple[Link, ...]

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        known = dict(zip(self.names, arrays, strict=True))
        flags = []
        for link in self.links:
            known[link.makes], marked = _made(link, known)
            flags.append(marked)
        return (*(known[link.makes] for link in self.links), *flags)


def _made(link: Link, known: Mapping[str, Array]) -> tuple[Array, Array]:
    """The cells of one recipe inside its realms and mask, and its flags."""
    result = link.kernel(*(_input(known, names) for names in link.inputs))
    cells, *marks = result if isinstance(result, tuple) else (result,)
    inside = np.isin(known["realm"], list(link.realms))
    unknown = inside & (known[link.mask] == MISSING) if link.mask else np.zeros_like(inside)
    applies = inside & (known[link.mask] == 1) if link.mask else inside
    cells = _as_stored(cells, link.category, applies)
    missing = cells == MISSING if link.category else np.isnan(cells)
    flags = (missing & applies | unknown).astype(np.uint8)
    for n, mark in enumerate(marks, start=1):
        flags |= (applies & (mark == 1)).astype(np.uint8) << n
    return cells, flags


def _input(known: Mapping[str, Array], names: tuple[str, ...]) -> Any:
    return known[names[0]] if len(names) == 1 else tuple(known[name] for name in names)


def _as_stored(cells: Array, category: bool, where: Array) -> Array:
    """Cells as they are read back from a file, so that a resumed run gives the same numbers."""
    if category:
        return np.where(where, cells, MISSING).astype(np.int32)
    with np.errstate(over="ignore"):
        return np.where(where, cells, np.nan).astype(np.float32)


@dataclass
class Work:
    """Everything one computation needs: what is given, where results go, how the engine runs."""

    plans: Sequence[CriterionPlan]
    rasters: Mapping[str, Raster]
    realm: Raster
    shelf: Shelf
    context: Context
    size: int = SIZE
    workers: Workers = None
    progress: Callable[[str], None] | None = None

    @property
    def engine(self) -> dict[str, Any]:
        return {"size": self.size, "workers": self.workers}

    def say(self, text: str) -> None:
        if self.progress is not None:
            self.progress(text)

    def role(self, name: str) -> str:
        return "value" if any(p.id == name for p in self.plans) else "factor"

    def made(self, name: str) -> bool:
        return self.shelf.done(name, self.role(name))

    def raster(self, name: str) -> Raster:
        """A raster by name: given, what every grid has by itself, or made before."""
        if name in self.rasters:
            return self.rasters[name]
        if name == "realm":
            return self.realm
        if name == "latitude":
            return Raster("latitude", self.realm.grid, LatitudeSource(self.realm.grid), "degree")
        if name == "cell_side":
            side = ConstantSource(cell_area(self.realm.grid) ** 0.5)
            return Raster(name, self.realm.grid, side, "m")
        if name == "coast_distance":
            return coast_distance(self.rasters["natural_coast"], self.context)
        return self.shelf.open(name, self.role(name))

    def realms(self, recipe: Recipe) -> frozenset[int]:
        """A criterion has its own realms; factors are made over land and sea."""
        mine = [p.realms for p in self.plans if p.id == recipe.makes]
        return mine[0] if mine else frozenset({1, 2})


def raster_names(need: str, rasters: Mapping[str, Raster]) -> tuple[str, ...]:
    """The raster names of a need: the twelve bands of a layer, or the name itself."""
    known = layers().get(need)
    if known is not None and known.bands > 1 and known.rasters[0] in rasters:
        return known.rasters
    return (need,)


def run(work: Work) -> list[Finding]:
    """Make every factor and value of the plan that the shelf does not have; what was found on
    the way."""
    for recipes in passes(work):
        todo = [r for r in recipes if not work.made(r.makes)]
        if todo:
            work.say(say("computing {names}", names=", ".join(r.makes for r in todo)))
            _run_pass(work, todo)
    cells = realm_cells(work)
    return [f for recipe in plan_order(work.plans) for f in _flagged(work, recipe, cells)]


def passes(work: Work) -> list[list[Recipe]]:
    """The recipes in the fewest passes: a recipe waits for the statistics of what is made
    before."""
    level: dict[str, int] = {}
    groups: dict[int, list[Recipe]] = {}
    for recipe in plan_order(work.plans):
        before = [level.get(n, 0) for n in (*recipe.needs, *masks_of(work.plans, recipe))]
        after = [level[s.layer] + 1 for s in recipe.statistics if s.layer in level]
        level[recipe.makes] = max([0, *before, *after])
        groups.setdefault(level[recipe.makes], []).append(recipe)
    return [groups[key] for key in sorted(groups)]


def _run_pass(work: Work, recipes: Sequence[Recipe]) -> None:
    statistics = {r.makes: _statistics(work, r) for r in recipes}
    kernel = _pass(_links(work, recipes, statistics))
    tallies = [Tally() for _ in recipes]
    sinks = [work.shelf.sink(r.makes, work.role(r.makes), r.unit, r.category) for r in recipes]
    sources = [work.raster(name) for name in kernel.names]
    map_blocks(kernel, sources, [*sinks, *tallies], **work.engine)
    for recipe, tally in zip(recipes, tallies, strict=True):
        rules = (MISSING_FLAG, *(flag.rule for flag in recipe.flags))
        counted = {rule: tally.with_bit(bit) for bit, rule in enumerate(rules)}
        note = {"flags": counted, "statistics": statistics[recipe.makes]}
        work.shelf.keep(recipe.makes, work.role(recipe.makes), note)


def _links(
    work: Work, recipes: Sequence[Recipe], statistics: Mapping[str, Mapping[str, Any]]
) -> tuple[Link, ...]:
    return tuple(
        Link(
            makes=r.makes,
            kernel=r.bound(work.context, statistics[r.makes]),
            inputs=tuple(raster_names(need, work.rasters) for need in r.needs),
            realms=work.realms(r),
            category=r.category,
            mask=next(iter(masks_of(work.plans, r)), ""),
        )
        for r in recipes
    )


def _pass(links: tuple[Link, ...]) -> Pass:
    """The pass with the names of all arrays that are not made within it."""
    made = {link.makes for link in links}
    wanted = dict.fromkeys(
        name
        for link in links
        for name in (*(n for names in link.inputs for n in names), *filter(None, [link.mask]))
    )
    return Pass(("realm", *(n for n in wanted if n not in made and n != "realm")), links)


def _statistics(work: Work, recipe: Recipe) -> dict[str, Any]:
    """The statistics that a recipe asks for, over the land of the region."""
    found: dict[str, Any] = {}
    for wanted in recipe.statistics:
        raster = work.raster(wanted.layer)
        if wanted.shares is None:
            found[wanted.keyword] = value_range(raster, work.realm, LAND, **work.engine)
        else:
            shares = wanted.shares(work.context)
            found[wanted.keyword] = percentiles(raster, work.realm, LAND, shares, **work.engine)
    return found


def realm_cells(work: Work) -> dict[int, int]:
    """Cells of each realm of the region."""
    counted = reduce_blocks(_count_realms, [work.realm], np.add, **work.engine)
    return {code: int(counted[code]) for code in (1, 2)}


def _count_realms(realm: Array) -> NDArray[np.int64]:
    """How many cells have code 0, 1 and 2."""
    return np.bincount(realm[(realm == 1) | (realm == 2)].ravel(), minlength=3)


def _flagged(work: Work, recipe: Recipe, cells: Mapping[int, int]) -> Iterable[Finding]:
    """The findings of one recipe: each flag that any cell has, and cells missing in a criterion."""
    counted = work.shelf.note(recipe.makes, work.role(recipe.makes))["flags"]
    total = sum(cells[code] for code in work.realms(recipe))
    km2 = cell_area(work.realm.grid) / 1e6
    for flag in recipe.flags:
        count = counted[flag.rule]
        if count:
            yield flag.finding(recipe.makes, count, count * km2, 100 * count / total)
    if counted[MISSING_FLAG] and work.role(recipe.makes) == "value":
        yield _missing_cells(recipe, counted[MISSING_FLAG], km2, total)


def _missing_cells(recipe: Recipe, count: int, km2: float, total: int) -> Finding:
    message = say(
        "{cells} cells ({area} km2, {share} % of its realm) have no value because a layer has none "
        "there; they are not graded.",
        cells=f"{count:,}",
        area=f"{count * km2:,.0f}",
        share=f"{100 * count / total:.2g}",
    )
    return Finding(
        "criterion.missing_cells",
        recipe.makes,
        Severity.WARNING,
        message,
        "Tianren: How the line is drawn",
    )


def nowhere(work: Work) -> frozenset[str]:
    """The masks of the plan that hold in no cell, found without keeping anything."""
    found = set()
    for plan in work.plans:
        mask = plan.criterion.applies.mask if plan.criterion.applies else ""
        recipes = plan.mask_recipes
        if mask in found or not recipes or any(r.statistics for r in recipes):
            continue
        kernel = _Count(_pass(_links(work, recipes, {r.makes: {} for r in recipes})), mask)
        sources = [work.raster(name) for name in kernel.chain.names]
        if not reduce_blocks(kernel, sources, int.__add__, **work.engine):
            found.add(mask)
    return frozenset(found)


@dataclass(frozen=True)
class _Count:
    """How many cells of a window a mask holds in; the chain is computed and forgotten."""

    chain: Pass
    mask: str

    def __call__(self, *arrays: Array) -> int:
        made = dict(
            zip([link.makes for link in self.chain.links], self.chain(*arrays), strict=False)
        )
        return int((made[self.mask] == 1).sum())
