"""What holds for every move: its own and nothing else, fit, with a reason, by the right person."""

from tianren.findings import Finding
from tianren.language import say
from tianren.management.occupation.asked import Asked, Check
from tianren.management.occupation.facts import is_document, wanted
from tianren.management.outcome import refuse


def nothing_else(asked: Asked) -> list[Finding]:
    """A move takes its own documents and facts and no other: nobody writes another's opinion."""
    papers = [d for d in asked.act.documents if not _is_theirs(asked, d)]
    facts = [f for f in asked.act.facts if f not in asked.taken.facts]
    return [
        *(_not_taken(asked, name, asked.taken.documents) for name in papers),
        *(_not_taken(asked, name, asked.taken.facts) for name in facts),
    ]


def _is_theirs(asked: Asked, document: str) -> bool:
    """Whoever applies may also bring what a rulebook asks for and the procedure does not know."""
    if document in asked.taken.documents:
        return True
    known = document in asked.sheet.procedure.documents
    return asked.taken.open and not known and is_document(document)


def _not_taken(asked: Asked, name: str, known: frozenset[str]) -> Finding:
    listed = ", ".join(sorted(known)) or say("none")
    message = say("{move} takes no {name}; it takes: {known}", move=asked.move.name, name=name,
                  known=listed)  # fmt: skip
    return asked.refuse("not_taken", message)


def facts_fit(asked: Asked) -> list[Finding]:
    """Each fact is the plain value that it must be."""
    known = asked.sheet.facts
    found = []
    for name in asked.act.facts.keys() & known.keys():
        must_be = wanted(known[name], asked.act.facts[name])
        if must_be:
            message = say("{fact} ({id}) must be {wanted}", fact=known[name].name, id=name,
                          wanted=must_be)  # fmt: skip
            found.append(asked.refuse("fact_unfit", message))
    return sorted(found, key=lambda finding: finding.message)


def brings_its_own(asked: Asked) -> list[Finding]:
    """A move brings its documents and facts itself: what was given before was of then, such as the
    signature on a decision that was set aside."""
    facts = [f for f in asked.move.facts if asked.act.facts.get(f) in (None, "")]
    papers = [d for d in asked.move.documents if not asked.gives(d)]
    return [*(asked.lacks(d) for d in papers), *(asked.lacks_fact(f) for f in facts)]


def has_reason(asked: Asked) -> list[Finding]:
    if not asked.taken.reason or asked.act.reason.strip():
        return []
    return [asked.refuse("reason_missing", say("{move} must say why", move=asked.move.name))]


def by_the_same(asked: Asked) -> list[Finding]:
    """Only whoever applied supplements, commences, restores or withdraws."""
    step = asked.last(asked.taken.same_as)
    if step is None or step.actor == asked.act.person.id:
        return []
    message = say(
        "{move} is for whoever made the move {other} (record {number}), and {person} did not",
        move=asked.move.name, other=asked.sheet.procedure.moves[step.move].name, number=step.number,
        person=asked.act.person.id,
    )  # fmt: skip
    return [asked.refuse("other_person", message)]


def apart_from_the_start(asked: Asked) -> list[Finding]:
    """Who had another part in the case has none in this, however often that was done again since
    by somebody else; the latest time of each move is told by the procedure."""
    case, person = asked.case, asked.act.person.id
    steps = case.steps if case else ()
    mine = {s.move: s for s in steps if s.actor == person and s.move in asked.move.apart_from}
    return [
        refuse(
            "procedure.same_person", asked.act.subject,
            say("{person} made the move {move} (record {number}), so {this} is for somebody else",
                person=person, move=s.move, number=s.number, this=asked.move.name),
            asked.move.clause,
        )
        for s in mine.values() if asked.last(s.move) != s
    ]  # fmt: skip


EVERY_MOVE: tuple[Check, ...] = (
    nothing_else, facts_fit, brings_its_own, has_reason, by_the_same, apart_from_the_start,
)  # fmt: skip
