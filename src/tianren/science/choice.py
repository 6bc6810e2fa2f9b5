"""Choice: which planning units to keep where not everything can be red. A problem, and its value.

The problems are those of systematic conservation planning (Ball, Possingham & Watts 2009, Marxan;
Hanson et al. 2025, prioritizr, Conservation Biology 39:e14376). A problem is plain values; it says
itself as sentences with print(). `choice_solver.solve` answers it, `choice_advice.advice` checks
it before.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.language import say

Objective = Literal["minimum_set", "minimum_shortfall", "maximum_coverage", "maximum_utility"]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Chosen: TypeAlias = NDArray[np.bool_]  # (units, zones)
Sparse: TypeAlias = Any  # scipy.sparse.csr_array

FREE, FIRST, LOCKED_IN, LOCKED_OUT = 0, 1, 2, 3  # Marxan's numbers; FIRST binds nobody
TOLERANCE = 1e-8  # a target is met when so small a share of it is missing
NAMED = 5  # how many culprits a message names


@dataclass(frozen=True)
class Borders:
    """Which units touch: pairs first < second with the length they share, m (or cells).

    edge: (units,) length of each unit's border that it shares with no other unit.
    """

    first: Ints
    second: Ints
    length: Floats
    edge: Floats


@dataclass(frozen=True)
class Problem:
    """A planning problem, checked by `make_problem`.

    cost (units, zones); amounts: for each zone a csr_array (units, features), >= 0; targets and
    weights (features,); status (units, zones) of FREE, FIRST, LOCKED_IN, LOCKED_OUT; budget: of
    cost, for every objective but minimum_set; penalty: per length of the border of what is chosen,
    of which the outer edge counts edge_factor times; neighbours: how many chosen neighbours each
    chosen unit has at least; connected: all that is chosen is one piece.
    """

    units: tuple[str, ...]
    features: tuple[str, ...]
    cost: Floats
    amounts: tuple[Sparse, ...]
    targets: Floats
    weights: Floats
    status: NDArray[np.int8]
    objective: Objective = "minimum_set"
    budget: float = math.inf
    borders: Borders | None = None
    penalty: float = 0.0
    edge_factor: float = 1.0
    neighbours: int = 0
    connected: bool = False
    zones: tuple[str, ...] = ("chosen",)
    cost_word: str = "cost"
    spf: Floats | None = field(default=None, repr=False)  # Marxan's penalty factors, kept as read

    @property
    def plain(self) -> bool:
        """One zone, and nothing that looks at neighbours."""
        return len(self.zones) == 1 and not self.spatial

    @property
    def spatial(self) -> bool:
        return self.penalty > 0 or self.neighbours > 0 or self.connected

    @property
    def maximises(self) -> bool:
        return self.objective.startswith("maximum")

    def __str__(self) -> str:
        return statement(self)


def make_problem(
    cost: Any,
    amounts: Any,
    targets: Any,
    *,
    units: Sequence[str] = (),
    features: Sequence[str] = (),
    weights: Any = None,
    status: Any = None,
    **more: Any,
) -> Problem:
    """A checked Problem from arrays: cost (units,) or (units, zones), amounts one or one a zone.

    Raises UserError for a negative or missing cost, amount, target or weight, naming the unit or
    feature; for a budget that is missing or of no use; for borders that are needed and not given.
    """
    from scipy.sparse import csr_array

    zones = tuple(more.pop("zones", ("chosen",)))
    tables = amounts if isinstance(amounts, tuple | list) else [amounts]
    matrices = tuple(csr_array(table, dtype=np.float64) for table in tables)
    costs = np.asarray(cost, dtype=np.float64)
    costs = costs.reshape(len(costs), -1)
    n, m = int(matrices[0].shape[0]), int(matrices[0].shape[-1])
    targets = np.asarray(targets, dtype=np.float64)
    made = Problem(
        units=tuple(units) or tuple(str(i + 1) for i in range(n)),
        features=tuple(features) or tuple(str(i + 1) for i in range(m)),
        cost=costs,
        amounts=matrices,
        targets=targets,
        weights=np.ones(m) if weights is None else np.asarray(weights, dtype=np.float64),
        status=_status(status, costs.shape),
        zones=zones,
        **more,
    )
    _check_shapes(made)
    _check_values(made)
    _check_form(made)
    return made


def _status(status: Any, shape: tuple[int, ...]) -> NDArray[np.int8]:
    if status is None:
        return np.zeros(shape, dtype=np.int8)
    return np.asarray(status, dtype=np.int8).reshape(shape)


def _check_shapes(problem: Problem) -> None:
    n, m, z = len(problem.units), len(problem.features), len(problem.zones)
    found = {
        "cost": problem.cost.shape == (n, z),
        "amounts": len(problem.amounts) == z and all(a.shape == (n, m) for a in problem.amounts),
        "targets": problem.targets.shape == (m,),
        "weights": problem.weights.shape == (m,),
    }
    for name, right in found.items():
        if not right:
            raise UserError(
                f"{name} do not fit {n} planning units, {m} features and {z} zones",
                where="plan",
                next_step="give one row a unit and one column a feature, for every zone",
            )
    if not n or not m:
        raise UserError(
            "a planning problem needs planning units and features",
            where="plan",
            by_how_much=f"{n} units, {m} features",
            next_step="name features in [plan]",
        )


def _check_values(problem: Problem) -> None:
    _refuse("cost", problem.cost.min(axis=1), problem.units, "project.plan.cost")
    for matrix in problem.amounts:
        lowest = np.zeros(len(problem.units))
        if matrix.nnz:
            lowest = np.minimum(0.0, np.asarray(matrix.min(axis=1).todense()).ravel())
            lowest[np.isnan(np.asarray(matrix.sum(axis=1)))] = math.nan
        _refuse("amount", lowest, problem.units, "project.plan.features")
    _refuse("target", problem.targets, problem.features, "project.plan.targets")
    _refuse("weight", problem.weights, problem.features, "project.plan.weights")


def _refuse(what: str, values: Floats, names: Sequence[str], where: str) -> None:
    wrong = np.flatnonzero(~(values >= 0) | np.isinf(values))
    if wrong.size:
        some = ", ".join(f"{names[i]}: {values[i]:g}" for i in wrong[:NAMED])
        raise UserError(
            f"a {what} is negative or missing",
            where=where,
            by_how_much=f"{wrong.size} of {len(values)}: {some}",
            next_step=f"give every one a {what} of zero or more",
        )


def _check_form(problem: Problem) -> None:
    if problem.objective not in get_args(Objective):
        raise UserError(
            f"there is no objective called {problem.objective}",
            where="project.plan.objective",
            next_step=f"use one of {', '.join(get_args(Objective))}",
        )
    limited = math.isfinite(problem.budget)
    if limited == (problem.objective == "minimum_set") or problem.budget < 0:
        raise UserError(
            f"{problem.objective} {'takes no' if limited else 'needs a'} budget",
            where="project.plan.budget",
            next_step="remove it" if limited and problem.budget >= 0 else "give a budget >= 0",
        )
    if problem.spatial and problem.borders is None:
        raise UserError(
            "borders between the planning units are needed",
            where="project.plan",
            next_step="give borders, or leave out penalty, neighbours and connected",
        )
    twice = np.flatnonzero((problem.status == LOCKED_IN).sum(axis=1) > 1)
    if twice.size:
        raise UserError(
            f"{problem.units[twice[0]]} is locked into two zones",
            where="project.plan.locked_in",
            by_how_much=f"{twice.size} units",
            next_step="lock a unit into one zone only",
        )


def statement(problem: Problem) -> str:
    """The problem as sentences, each on its line."""
    return "\n".join([_choose(problem), *_sides(problem)])


BUDGET_TEXTS = {
    "minimum_shortfall": "Choose from {n} planning units, for at most {budget} of {cost}, "
    "the set that leaves the smallest weighted shortfall of the targets of {m} features.",
    "maximum_coverage": "Choose from {n} planning units, for at most {budget} of {cost}, "
    "the set that meets the targets of most of {m} features by weight.",
    "maximum_utility": "Choose from {n} planning units, for at most {budget} of {cost}, "
    "the set that holds most of {m} features by weight.",
}


def _choose(problem: Problem) -> str:
    n, m = f"{len(problem.units):,}", f"{len(problem.features):,}"
    if problem.objective == "minimum_set":
        return say(
            "Choose from {n} planning units the cheapest set ({cost}) that holds at least the "
            "target of each of {m} features.",
            n=n, m=m, cost=problem.cost_word,
        )  # fmt: skip
    budget = f"{problem.budget:,.6g}"
    text = BUDGET_TEXTS[problem.objective]
    return say(text, n=n, m=m, cost=problem.cost_word, budget=budget)


def _sides(problem: Problem) -> list[str]:
    said = []
    locked = (problem.status == LOCKED_IN).any(axis=1).sum()
    out = (problem.status == LOCKED_OUT).all(axis=1).sum()
    if locked or out:
        said.append(say("{n} units are locked in and {out} locked out.", n=locked, out=out))
    if len(problem.zones) > 1:
        names = ", ".join(problem.zones)
        said.append(say("A chosen unit goes into one of {n} zones: {names}.",
                        n=len(problem.zones), names=names))  # fmt: skip
    if problem.penalty > 0:
        said.append(
            say("Each unit of length of the border of what is chosen costs {penalty}; the outer "
                "edge counts {factor} times.",
                penalty=f"{problem.penalty:g}", factor=f"{problem.edge_factor:g}")
        )  # fmt: skip
    if problem.neighbours:
        said.append(
            say("Each chosen unit has at least {k} chosen neighbours.", k=problem.neighbours)
        )
    if problem.connected:
        said.append(say("All that is chosen is one connected piece."))
    return said


def held(problem: Problem, chosen: Chosen) -> Floats:
    """(features,) amount of each feature in what is chosen (units, zones)."""
    total = np.zeros(len(problem.features))
    for zone, matrix in enumerate(problem.amounts):
        total += matrix.T @ chosen[:, zone].astype(np.float64)
    return total


def spent(problem: Problem, chosen: Chosen) -> float:
    """Cost of what is chosen, without the boundary penalty."""
    return math.fsum(problem.cost[chosen])


def met(problem: Problem, amounts: Floats) -> NDArray[np.bool_]:
    """(features,) whether the target is met by these amounts."""
    return np.asarray(amounts >= problem.targets * (1 - TOLERANCE))


def missing_share(problem: Problem, amounts: Floats) -> Floats:
    """(features,) share 0..1 of each target that these amounts leave out."""
    needed = np.where(problem.targets > 0, problem.targets, 1.0)
    lack = np.clip((problem.targets - amounts) / needed, 0.0, 1.0)
    return np.where(lack <= TOLERANCE, 0.0, lack)


def border_length(problem: Problem, chosen: Chosen) -> float:
    """Length of the border of each zone's units, the outer edge counted edge_factor times."""
    if problem.borders is None:
        return 0.0
    b, total = problem.borders, 0.0
    for zone in range(len(problem.zones)):
        x = chosen[:, zone]
        inner = b.length[x[b.first] != x[b.second]]
        total += math.fsum(inner) + problem.edge_factor * math.fsum(b.edge[x])
    return total


def value(problem: Problem, chosen: Chosen) -> float:
    """The objective of what is chosen (units, zones), whether it is allowed or not.

    Cost plus penalty (minimum_set); weighted shares of targets missed plus penalty; weight of the
    targets met, or weighted amount held, minus penalty.
    """
    fence = problem.penalty * border_length(problem, chosen)
    if problem.objective == "minimum_set":
        return spent(problem, chosen) + fence
    amounts = held(problem, chosen)
    if problem.objective == "minimum_shortfall":
        return math.fsum(problem.weights * missing_share(problem, amounts)) + fence
    if problem.objective == "maximum_coverage":
        return math.fsum(problem.weights[met(problem, amounts)]) - fence
    return math.fsum(problem.weights * amounts) - fence


def rounded_up(percent: float) -> float:
    """A proven bound at two decimals: rounded down it would be proven no more."""
    return math.ceil(percent * 100 - 1e-9) / 100 if math.isfinite(percent) else percent


def allowed(problem: Problem, chosen: Chosen) -> bool:
    """Whether what is chosen keeps every rule of the problem."""
    if (chosen.sum(axis=1) > 1).any() or (chosen & (problem.status == LOCKED_OUT)).any():
        return False
    if (~chosen & (problem.status == LOCKED_IN)).any():
        return False
    if problem.objective == "minimum_set":
        if not met(problem, held(problem, chosen)).all():
            return False
    elif spent(problem, chosen) > problem.budget * (1 + TOLERANCE):
        return False
    return _neighbourly(problem, chosen) and (
        not problem.connected or len(pieces(problem, chosen)) < 2
    )


def _neighbourly(problem: Problem, chosen: Chosen) -> bool:
    if not problem.neighbours or problem.borders is None:
        return True
    b = problem.borders
    for zone in range(len(problem.zones)):
        x = chosen[:, zone].astype(np.int64)
        count = np.bincount(b.first, x[b.second], len(x))
        count = count + np.bincount(b.second, x[b.first], len(x))
        if (count[x > 0] < problem.neighbours).any():
            return False
    return True


def pieces(problem: Problem, chosen: Chosen) -> list[Ints]:
    """The connected pieces of what is chosen in any zone, as unit numbers, the largest first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if problem.borders is None:
        return []
    b, any_zone = problem.borders, np.asarray(chosen.any(axis=1))
    link = any_zone[b.first] & any_zone[b.second]
    n = len(any_zone)
    graph = coo_array((np.ones(link.sum()), (b.first[link], b.second[link])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    members = np.flatnonzero(any_zone)
    found = [members[label[members] == k] for k in np.unique(label[members])]
    return sorted(found, key=lambda piece: (-len(piece), int(piece[0])))
