"""Conflicts with the line: what is kept, what must be retired, what is deducted, and how much.

Permanent farmland, built-up land, mining rights, plantations. Only land outside must-include areas
is ever deducted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tianren.delineation.decisions import Decision
from tianren.errors import UserError
from tianren.language import say
from tianren.raster.blocks import reduce_blocks
from tianren.raster.raster import Array, Raster, cell_area

DECISIONS = ("keep", "retire", "deduct")


@dataclass(frozen=True)
class Conflict:
    """One [conflicts.NAME] of a project, decided.

    decision: keep (it stays, inside the line), retire (it stays inside the line and the use ends),
    deduct (it is taken out of the line, outside must-include areas); reason: why, for the record.
    """

    name: str
    kind: str
    decision: str
    reason: str
    classes: tuple[int, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            raise UserError(
                f"the decision {self.decision!r} is not known",
                where=f"project.toml [conflicts.{self.name}]",
                next_step="choose keep, retire or deduct",
            )
        if not self.reason.strip():
            raise UserError(
                f"the decision on {self.name} has no reason",
                where=f"project.toml [conflicts.{self.name}]",
                next_step="add reason = '..': every decision is listed with it",
            )


def selected(conflict: Conflict, layer: Any) -> Any:
    """The features of a vector layer that a conflict's `where` names; all without one."""
    found = layer
    for column, accepted in conflict.where.items():
        if column not in found.columns:
            raise UserError(
                f"{conflict.name} has no column {column}",
                where=f"project.toml [conflicts.{conflict.name}]",
                next_step=f"choose from {', '.join(map(str, found.columns))}",
            )
        words = {str(a).casefold() for a in accepted}
        found = found[[str(v).strip().casefold() in words for v in found[column]]]
    return found


def deducted_bits(conflicts: Sequence[Conflict]) -> int:
    """The bits of the conflicts raster (bit i: conflict i) whose land is deducted."""
    return sum(1 << i for i, c in enumerate(conflicts) if c.decision == "deduct")


def decide(
    conflicts: Sequence[Conflict], bits: Raster, origin: Raster, must: Raster
) -> tuple[Decision, ...]:
    """A Decision for each conflict, with its area by cells.

    bits: conflict i is bit i; origin: codes of delineation.redline, which say what was a candidate
    and what was deducted; must: bits of must-include areas. Overlapping conflicts each count whole.
    """
    counts = reduce_blocks(
        _Counter(len(conflicts), deducted_bits(conflicts)),
        [bits, origin, must],
        np.add,
        title=say("Conflicts"),
    )
    area = cell_area(bits.grid)
    return tuple(
        Decision("conflict", c.name, c.kind, c.decision, c.reason, *(float(n) * area for n in row))
        for c, row in zip(conflicts, counts.tolist(), strict=True)
    )


@dataclass(frozen=True)
class _Counter:
    """Cells of each conflict: in the region, in must-include, in the candidate line, taken out."""

    conflicts: int
    deducted: int

    def __call__(self, bits: Array, origin: Array, must: Array) -> Array:
        from tianren.delineation.redline import CANDIDATES, DEDUCTED, OUTSIDE

        region = origin != OUTSIDE
        masks = [region, region & (must > 0), np.isin(origin, CANDIDATES), origin == DEDUCTED]
        counts = np.zeros((self.conflicts, 4), dtype=np.int64)
        for i in range(self.conflicts):
            mine = (bits >> i) & 1 == 1
            counts[i] = [np.count_nonzero(mine & mask) for mask in masks]
            counts[i, 3] *= self.deducted >> i & 1
        return counts
