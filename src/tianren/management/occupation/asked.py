"""What is asked of a case, and how it is refused."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tianren.findings import Finding
from tianren.language import say
from tianren.management.occupation.sheet import NAME, Sheet, Taken, Way
from tianren.management.occupation.state import Law, made_since_screening, needs
from tianren.management.outcome import refuse
from tianren.management.procedure import Act, Case, Move, Step
from tianren.records import Plain


@dataclass(frozen=True)
class Asked:
    """What is asked of a case: the act, and all that the case then knows and has.

    law: as it is in force on the day of the act.
    """

    case: Case | None
    act: Act
    law: Law

    @property
    def sheet(self) -> Sheet:
        return self.law.sheet

    @property
    def move(self) -> Move:
        return self.sheet.procedure.moves[self.act.move]

    @property
    def taken(self) -> Taken:
        return self.sheet.taken[self.act.move]

    @property
    def facts(self) -> Plain:
        return {**(self.case.facts if self.case else {}), **self.act.facts}

    @property
    def documents(self) -> Mapping[str, str]:
        return {**(self.case.documents if self.case else {}), **self.act.documents}

    @property
    def way(self) -> Way:
        return self.sheet.ways[str(self.facts["way"])]

    @property
    def lacking_moves(self) -> list[str]:
        """What the way needs and was not done since the latest screening."""
        made = made_since_screening(self.case)
        return [move for move in needs(self.facts, self.sheet) if move not in made]

    def name_of(self, document: str) -> str:
        return self.sheet.document_name(document, self.facts)

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
                      document=self.name_of(document))  # fmt: skip
        return self.refuse("document_missing", message, clause)

    def lacks_fact(self, name: str, clause: str = "") -> Finding:
        message = say("{move} needs to know {fact}", move=self.move.name, fact=name)
        return refuse(
            "procedure.fact_missing", self.act.subject, message, clause or self.move.clause
        )

    def lacks_move(self, move: str) -> Finding:
        missing = self.sheet.procedure.moves[move]
        message = say("{move} needs first: {missing} ({id})", move=self.move.name,
                      missing=missing.name, id=move)  # fmt: skip
        return self.refuse("move_missing", message, missing.clause)

    def days(self, name: str) -> dt.timedelta:
        """A period of the parameters, in days of the calendar."""
        return dt.timedelta(days=self.law.days(name))


def written(square_metres: float) -> str:
    """An area inside a sentence, with thousands grouped."""
    return f"{square_metres:,.10g}"


Check = Callable[[Asked], list[Finding]]
