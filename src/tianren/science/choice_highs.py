"""HiGHS at work on a Model: one thread, one seed, limits that do not depend on the machine.

Huangfu & Hall 2018, Mathematical Programming Computation 10:119.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tianren.science.choice import Floats
from tianren.science.choice_model import Model

EXACT = 1e-9  # how far a row may be missed; HiGHS takes no less than 1e-10


@dataclass(frozen=True)
class Effort:
    """How long to search: a wanted gap, then nodes; seconds only where asked, and then said."""

    gap: float = 0.001
    nodes: int = 2000
    seconds: float = math.inf


@dataclass(frozen=True)
class Answer:
    """What HiGHS says. state: optimal, infeasible, nodes, time or other; bound and objective as
    minimised, NaN where there is none; duals only of a linear program.
    """

    state: str
    columns: Floats
    objective: float
    bound: float
    duals: Floats


def relax(model: Model, solver: str = "choose") -> Answer:
    """The linear relaxation."""
    return _run(_passed(model, whole=False, solver=solver), model, whole=False)


def search(model: Model, effort: Effort, first: Floats | None = None) -> Answer:
    """Branch and bound, from a first answer where there is one."""
    import highspy

    highs = _passed(model, whole=True, solver="choose")
    highs.setOptionValue("mip_rel_gap", effort.gap)
    highs.setOptionValue("mip_max_nodes", effort.nodes)
    if math.isfinite(effort.seconds):
        highs.setOptionValue("time_limit", float(effort.seconds))
    if first is not None:
        known = highspy.HighsSolution()
        known.col_value = [float(v) for v in first]
        highs.setSolution(known)
    return _run(highs, model, whole=True)


def _passed(model: Model, *, whole: bool, solver: str) -> Any:
    import highspy

    make: Any = highspy.Highs
    highs = make()
    highs.silent()
    options = {
        "threads": 1, "parallel": "off", "random_seed": 0, "solver": solver,
        "primal_feasibility_tolerance": EXACT, "mip_feasibility_tolerance": EXACT,
    }  # fmt: skip
    for name, setting in options.items():
        highs.setOptionValue(name, setting)
    highs.passModel(_lp(model, whole))
    return highs


def _lp(model: Model, whole: bool) -> Any:
    import highspy

    lp, inf = highspy.HighsLp(), highspy.kHighsInf
    rows = model.rows.tocsc()
    rows.sort_indices()
    lp.num_col_, lp.num_row_ = len(model.cost), len(model.lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, model.low, model.high
    lp.row_lower_ = np.where(np.isinf(model.lower), -inf, model.lower)
    lp.row_upper_ = np.where(np.isinf(model.upper), inf, model.upper)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = rows.indptr
    lp.a_matrix_.index_ = rows.indices
    lp.a_matrix_.value_ = rows.data
    if whole:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(i)] for i in model.integral]
    return lp


def _run(highs: Any, model: Model, *, whole: bool) -> Answer:
    highs.run()
    info, solution = highs.getInfo(), highs.getSolution()
    state = _state(highs)
    columns = np.array(solution.col_value) if solution.value_valid else np.zeros(0)
    good = len(columns) == len(model.cost) and info.primal_solution_status == 2
    if not good:
        columns = np.zeros(0)
    bound = info.mip_dual_bound if whole else info.objective_function_value
    objective = info.objective_function_value if good else math.nan
    duals = np.array(solution.row_dual) if not whole and solution.dual_valid else np.zeros(0)
    if state == "infeasible" or not math.isfinite(bound):
        bound = math.nan
    return Answer(state, columns, float(objective), float(bound), duals)


def _state(highs: Any) -> str:
    import highspy

    kinds = highspy.HighsModelStatus
    names = {
        kinds.kOptimal: "optimal",
        kinds.kInfeasible: "infeasible",
        kinds.kUnboundedOrInfeasible: "infeasible",
        kinds.kSolutionLimit: "nodes",
        kinds.kIterationLimit: "nodes",
        kinds.kTimeLimit: "time",
    }
    return names.get(highs.getModelStatus(), "other")
