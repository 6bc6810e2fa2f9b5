"""What a case is judged by, and what it is: its needs, its service, its breaches."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tianren.management.occupation.facts import day_of
from tianren.management.occupation.sheet import Sheet
from tianren.management.procedure import Case, Levels, Step
from tianren.management.working_days import Calendar
from tianren.parameters import Parameters
from tianren.records import Plain

PROTECTED = ("core", "protected")  # zones of which the protected-area authority must be asked
DECISIONS = ("approve", "refuse", "order")  # what is served, and may be appealed against

# Moves that end an appeal in its favour -> the decisions of which the latest falls by it.
SETS_ASIDE = {"set_aside": ("approve", "refuse"), "revoke": ("approve",), "lift_order": ("order",)}


@dataclass(frozen=True)
class Law:
    """What a case is judged by: the sheet of the procedure, the levels of the country, the
    project's parameters, the days that are worked."""

    sheet: Sheet
    levels: Levels
    parameters: Parameters
    calendar: Calendar

    def on(self, day: dt.date) -> "Law":
        """The same, with the parameters that are in force on a day."""
        was = self.parameters
        parameters = Parameters(day, was.jurisdiction, was.choices, was.overrides)
        return replace(self, parameters=parameters)

    def days(self, name: str) -> int:
        """A period of the parameters, in days."""
        return int(self.parameters.number(name))


def steps_since(case: Case | None, *moves: str) -> tuple[Step, ...]:
    """The steps of a case after the latest of the moves; all where none of them was made."""
    steps = case.steps if case else ()
    places = [n for n, step in enumerate(steps) if step.move in moves]
    return steps[places[-1] + 1 :] if places else steps


def set_aside_by(steps: Sequence[Step], number: int) -> Step | None:
    """The step by which the decision of a record fell on appeal; None where it stands."""
    for at, step in enumerate(steps):
        fallen = [s for s in steps[:at] if s.move in SETS_ASIDE.get(step.move, ())]
        if fallen and fallen[-1].number == number:
            return step
    return None


def needs(facts: Plain, sheet: Sheet) -> tuple[str, ...]:
    """The moves that a screened case needs before it can be approved, in their order."""
    of_way = sheet.ways[str(facts["way"])].needs
    review = ("review",) if facts.get("must_be_unavoidable") and "review" not in of_way else ()
    park = ("advise",) if touches_protected(facts) else ()
    return (*park, *review, *of_way)


def papers_to_bring(case: Case, sheet: Sheet) -> list[str]:
    """All documents that whoever applied is still to bring before a decision, those of the earliest
    move first: what the way needs at any of its moves, what the rulebook asks for, and a plan to
    restore what is only lent."""
    way = sheet.ways[str(case.facts["way"])]
    named = [name for listed in way.documents.values() for name in listed]
    named += case.facts.get("documents_needed", {})
    named += ["restoration_plan"] if case.facts.get("temporary") else []
    theirs = sheet.taken["supplement"].documents
    return [
        name for name in dict.fromkeys(named)
        if (name in theirs or name not in sheet.procedure.documents)
        and not case.documents.get(name, "").strip()
    ]  # fmt: skip


def touches_protected(facts: Plain) -> bool:
    return any(facts.get("zones", {}).get(zone, 0) > 0 for zone in PROTECTED)


def made_since_screening(case: Case | None) -> set[str]:
    """The moves made after the latest screening: what came before it does not count."""
    return {step.move for step in steps_since(case, "screen")}


def served(case: Case | None) -> Step | None:
    """When the latest decision was served; None while it was not."""
    return next((s for s in steps_since(case, *DECISIONS) if s.move == "deliver"), None)


def appeal_by(case: Case | None) -> dt.date | None:
    """The last day to appeal against the latest decision; None while it was not served."""
    return day_of(case.facts, "appeal_by") if case and served(case) else None


def end_of_use(facts: Plain) -> dt.date | None:
    """The end of a temporary occupation; None where it is not temporary, or not yet known."""
    return day_of(facts, "until") if facts.get("temporary") else None


def inspections(case: Case) -> list[Step]:
    """Those that count: since the commencement, or since an order was lifted."""
    since = steps_since(case, "commence", "lift_order")
    return [step for step in since if step.move == "inspect"]


def breaches(case: Case, parameters: Parameters) -> tuple[str, ...]:
    """What the latest inspection found broken, by the id of the condition; "area" where more is
    occupied than was approved."""
    if not inspections(case):
        return ()
    broken = [name for name, kept in case.facts["fulfilled"].items() if not kept]
    most = case.facts["area_m2"] * (1 + parameters.number("occupation.area_tolerance"))
    return (*broken, *(["area"] if case.facts["occupied_m2"] > most else []))
