"""An answer that is some lines for a person and a table for a program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Told:
    """lines: the statement first, then what is known, then what to type next. faulty: whether the
    command ends with status 1."""

    lines: Sequence[str]
    table: Mapping[str, Any]
    faulty: bool = False

    def as_dict(self) -> dict[str, Any]:
        return dict(self.table)

    def text(self) -> str:
        return "\n".join(self.lines)
