"""What a move brings and does not take: nobody writes another's part, or what nobody asked for."""

from collections.abc import Iterable

from tianren.findings import Finding
from tianren.language import say
from tianren.management.outcome import refuse
from tianren.management.procedure import Act, Move, Procedure


def not_taken(procedure: Procedure, act: Act) -> list[Finding]:
    """Documents of other moves, and facts that the move does not name. A document that nobody knows
    is told by the procedure itself."""
    move = procedure.moves.get(act.move)
    if move is None:
        return []
    papers = {*move.documents, *move.may_documents}
    facts = {*move.facts, *move.may_facts}
    others = (d for d in act.documents if d in procedure.documents)
    return [*_beyond(procedure, move, act, others, papers),
            *_beyond(procedure, move, act, act.facts, facts)]  # fmt: skip


def _beyond(
    procedure: Procedure, move: Move, act: Act, given: Iterable[str], taken: set[str]
) -> list[Finding]:
    known = ", ".join(sorted(taken)) or say("none")
    return [
        refuse(f"{procedure.id}.not_taken", act.subject,
               say("{move} takes no {name}; it takes: {known}", move=move.name, name=name,
                   known=known),
               move.clause)
        for name in given if name not in taken
    ]  # fmt: skip
