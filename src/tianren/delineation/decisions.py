"""A decision about a place: included or excluded, kept, retired or deducted, with its reason."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Decision:
    """One row of decisions.csv.

    kind: must_include or conflict; name: the site or the declared conflict; type: protected_area,
    built_up ...; decision: include or exclude, keep, retire or deduct; areas in m2. The area of a
    must-include site is that of its own polygon (sites overlap, so rows do not add up). Areas of a
    conflict are counted in cells: all of it, its part inside must-include areas, its part inside
    the candidate line, and what the decision took out of the line.
    """

    kind: str
    name: str
    type: str
    decision: str
    reason: str
    area_m2: float
    in_must_include_m2: float = 0.0
    in_candidate_m2: float = 0.0
    removed_m2: float = 0.0

    def row(self) -> dict[str, str]:
        """Text for a table; repr() of a number reads back exactly."""
        return {key: repr(v) if isinstance(v, float) else v for key, v in asdict(self).items()}


COLUMNS = tuple(Decision.__dataclass_fields__)


def in_order(decisions: Iterable[Decision]) -> list[Decision]:
    """Must-include first, then conflicts; within them by type, decision, name."""

    def key(d: Decision) -> tuple[Any, ...]:
        return d.kind == "conflict", d.type, d.decision, d.name, d.reason, d.area_m2

    return sorted(decisions, key=key)
