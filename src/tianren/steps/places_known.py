"""A place as people type it, known to the register or refused."""

from typing import TYPE_CHECKING

from tianren.errors import UserError
from tianren.language import say
from tianren.management.register import UNIT, upward
from tianren.project.journal.home import project_journal
from tianren.records import parent

if TYPE_CHECKING:
    from tianren.project.project import Project

SHOWN = 40


def require_place(project: "Project", place: str) -> None:
    """Refuse a place that no division of the register is; told is which there are in its stead.

    A country without divisions has no codes to compare with.
    """
    if not place:
        return
    journal = project_journal(project)
    with journal.reading() as reader:
        known = set(reader.subjects(f"zone/{UNIT}/").values())
    journal.close()
    if not known or place in known:
        return
    within = next(above for above in upward(parent(place)) if above in known or not above)
    beside = sorted((p for p in known if p and parent(p) == within), key=lambda p: (len(p), p))
    more = "" if len(beside) <= SHOWN else " ..."
    raise UserError(
        say("there is no place {place}", place=place), where="--place",
        next_step=say("places in {above}: {places}", above=within or say("the whole country"),
                      places=", ".join(beside[:SHOWN]) + more),
    )  # fmt: skip
