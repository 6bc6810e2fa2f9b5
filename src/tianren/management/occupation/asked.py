"""What is asked of a case, and how it is refused."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tianren.findings import Finding
from tianren.language import say
from tianren.management.occupation.sheet import Taken, Way, sheet
from tianren.management.occupation.state import NAME, document_name, the_procedure
from tianren.management.outcome import refuse
from tianren.management.procedure import Act, Case, Levels, Move, Step
from tianren.management.working_days import Calendar
from tianren.parameters import Parameters
from tianren.records import Plain


@dataclass(frozen=True)
class Asked:
    """What is asked of a case: the act, and all that the case then knows and has.

    rules: as they are in force on the day of the act.
    """

    case: Case | None
    act: Act
    levels: Levels
    rules: Parameters
    calendar: Calendar

    @property
    def move(self) -> Move:
        return the_procedure().moves[self.act.move]

    @property
    def taken(self) -> Taken:
        return sheet().taken[self.act.move]

    @property
    def facts(self) -> Plain:
        return {**(self.case.facts if self.case else {}), **self.act.facts}

    @property
    def documents(self) -> Mapping[str, str]:
        return {**(self.case.documents if self.case else {}), **self.act.documents}

    @property
    def way(self) -> Way:
        return sheet().ways[str(self.facts["way"])]

    def gives(self, document: str) -> bool:
        """Whether the act itself brings a document, not only the case."""
        return bool(self.act.documents.get(document, "").strip())

    def has(self, document: str) -> bool:
        return bool(self.documents.get(document, "").strip())

    def last(self, move: str) -> Step | None:
        return self.case.last(move) if self.case else None

    # What is said about what is missing -----------------------------------------------------------

    def refuse(self, rule: str, message: str, clause: str = "") -> Finding:
        return refuse(f"{NAME}.{rule}", self.act.subject, message, clause or self.move.clause)

    def lacks(self, document: str, clause: str = "") -> Finding:
        message = say("{move} lacks {document} ({id})", move=self.move.name, id=document,
                      document=document_name(document, self.facts))  # fmt: skip
        return self.refuse("document_missing", message, clause)

    def lacks_fact(self, name: str, clause: str = "") -> Finding:
        message = say("{move} needs to know {fact}", move=self.move.name, fact=name)
        return refuse(
            "procedure.fact_missing", self.act.subject, message, clause or self.move.clause
        )

    def lacks_move(self, move: str) -> Finding:
        missing = the_procedure().moves[move]
        message = say("{move} needs first: {missing} ({id})", move=self.move.name,
                      missing=missing.name, id=move)  # fmt: skip
        return self.refuse("move_missing", message, missing.clause)

    def days(self, name: str) -> dt.timedelta:
        """A period of the rules, in days of the calendar."""
        return dt.timedelta(days=int(self.rules.number(name)))


def written(square_metres: float) -> str:
    """An area inside a sentence, with thousands grouped."""
    return f"{square_metres:,.10g}"


Check = Callable[[Asked], list[Finding]]
