"""From application to decision: what each move must have, and what an approval must rest on."""

import datetime as dt

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.management.occupation.asked import Asked, written
from tianren.management.occupation.facts import day_of
from tianren.management.occupation.sheet import NAME
from tianren.management.occupation.state import (
    end_of_use,
    made_since_screening,
    steps_since,
)

OUTSIDE = "outside"  # the zone of what lies neither in the line nor in a protected area
SLACK = 1e-3  # of an area, between two ways of adding it up
BEFORE_DECISION = ("apply", "supplement", "screen", "consult", "advise", "refer", "review", "opine")
AGAINST = {  # what speaks against an approval: move -> fact, value
    "review": ("unavoidable", False),
    "opine": ("opinion", "object"),
    "advise": ("advice", "object"),
}


def end_only_if_temporary(asked: Asked) -> list[Finding]:
    if "until" not in asked.act.facts or asked.facts.get("temporary") is True:
        return []
    return [asked.refuse("not_temporary", say("until is for a temporary occupation only"))]


# -- return and supplement -------------------------------------------------------------------------


def says_what_is_lacking(asked: Asked) -> list[Finding]:
    """It asks for something, and for what the applicant can give."""
    lacking = asked.act.facts.get("lacking")
    if lacking is None:
        return []
    if not lacking:
        return [asked.refuse("nothing_lacking", say("lacking names no document"))]
    others = set(asked.sheet.procedure.documents) - asked.sheet.taken["supplement"].documents
    found = [_not_the_applicants(asked, name) for name in lacking if name in others]
    return found or _told_before(asked)


def _not_the_applicants(asked: Asked, name: str) -> Finding:
    document = asked.name_of(name)
    message = say("{document} ({id}) is not for the applicant to give", document=document, id=name)
    return asked.refuse("not_the_applicants", message)


def _told_before(asked: Asked) -> list[Finding]:
    """All that is missing is to be told at once: a second return is told to whoever makes it."""
    earlier = asked.last("return")
    if earlier is None:
        return []
    message = say(
        "it was returned before ({day}, record {number}): what is missing is to be told at once",
        day=earlier.day, number=earlier.number,
    )  # fmt: skip
    rule, clause = f"{NAME}.returned_again", asked.move.clause
    return [Finding(rule, asked.act.subject, Severity.WARNING, message, clause)]


def gives_what_was_lacking(asked: Asked) -> list[Finding]:
    lacking = asked.facts.get("lacking", ())
    return [asked.lacks(name) for name in lacking if not asked.gives(name)]


# -- screening -------------------------------------------------------------------------------------


def screening_can_say(asked: Asked) -> list[Finding]:
    """A check that cannot say is no screening."""
    facts = asked.act.facts
    if facts.get("answer") != "cannot_say":
        return []
    needed = facts.get("documents_needed", {})
    missing = [f"{asked.sheet.document_name(n, facts)} ({n})" for n in needed if not asked.has(n)]
    lacking = ", ".join(missing) or say("what its answer names")
    message = say("the check of the project cannot say; it lacks: {lacking}", lacking=lacking)
    return [asked.refuse("cannot_say", message, str(facts.get("clause", "")))]


def asks_for_what_can_be_had(asked: Asked) -> list[Finding]:
    """What the rulebook asks for can be had before a decision."""
    known = set(asked.sheet.procedure.documents)
    had = {name for move in BEFORE_DECISION for name in asked.sheet.taken[move].documents}
    return [
        asked.refuse("never_given", say("{document} ({id}) cannot be had before a decision",
                                        document=asked.name_of(name), id=name))
        for name in asked.act.facts.get("documents_needed", {}) if name in known - had
    ]  # fmt: skip


def zones_add_up(asked: Asked) -> list[Finding]:
    """Each piece of land is in one zone, so that those inside make the whole."""
    zones, whole = asked.act.facts.get("zones"), asked.act.facts.get("area_m2")
    if zones is None or whole is None:
        return []
    inside = sum(area for zone, area in zones.items() if zone != OUTSIDE)
    if abs(inside - whole) <= max(1.0, whole * SLACK):
        return []
    message = say("the zones inside add up to {inside} m², and area_m2 says {whole} m²",
                  inside=written(inside), whole=written(whole))  # fmt: skip
    return [asked.refuse("zones_differ", message)]


# -- consultation, review, opinion -----------------------------------------------------------------


def was_consulted(asked: Asked) -> list[Finding]:
    return [] if "consult" in made_since_screening(asked.case) else [asked.lacks_move("consult")]


def documents_of_way(asked: Asked) -> list[Finding]:
    names = asked.way.documents.get(asked.act.move, ())
    return [asked.lacks(name, asked.way.clause) for name in names if not asked.has(name)]


def opinion_of_way(asked: Asked) -> list[Finding]:
    """The opinion is given with its own letter, and after the review where one is needed."""
    papers = asked.way.documents.get("opine", ())
    found = [asked.lacks(name, asked.way.clause) for name in papers if not asked.gives(name)]
    return [*found, *(asked.lacks_move(m) for m in asked.lacking_moves if m == "review")]


def extended_once(asked: Asked) -> list[Finding]:
    since = steps_since(asked.case, "receive", "set_aside")
    earlier = next((step for step in since if step.move == "extend"), None)
    if earlier is None:
        return []
    message = say("the period was extended before ({day}, record {number}), and may be once",
                  day=earlier.day, number=earlier.number)  # fmt: skip
    return [asked.refuse("extended_before", message)]


# -- approval --------------------------------------------------------------------------------------


def verdict_allows(asked: Asked) -> list[Finding]:
    """What is prohibited is not approved. What a core or any other zone admits is for the rulebook
    to say, and for nobody else."""
    answer, clause = asked.facts["answer"], str(asked.facts["clause"])
    if answer != "prohibited":
        return []
    message = say("the activity is prohibited ({clause}) and cannot be approved", clause=clause)
    return [asked.refuse("prohibited", message, clause)]


def went_its_way(asked: Asked) -> list[Finding]:
    """Every move that its way needs was made since the latest screening."""
    return [asked.lacks_move(move) for move in asked.lacking_moves]


def nobody_objects(asked: Asked) -> list[Finding]:
    """What was said since the screening and speaks against it blocks an approval, asked for or
    not."""
    last = {step.move: step for step in steps_since(asked.case, "screen")}
    return [
        asked.refuse("against", say("{move} of {day} (record {number}) speaks against it",
                                    move=asked.sheet.procedure.moves[move].name, day=last[move].day,
                                    number=last[move].number))
        for move, (fact, value) in AGAINST.items()
        if move in last and asked.facts.get(fact) == value
    ]  # fmt: skip


def documents_needed(asked: Asked) -> list[Finding]:
    """What the rulebook and the way ask for, and a plan to restore what is only lent."""
    names = [*asked.facts["documents_needed"], *asked.way.documents.get("approve", ())]
    names += ["restoration_plan"] if asked.facts.get("temporary") else []
    lacking = [name for name in dict.fromkeys(names) if not asked.has(name)]
    return [asked.lacks(name, asked.way.clause) for name in lacking]


def level_of_way(asked: Asked) -> list[Finding]:
    """A way may ask for a higher level than the move does."""
    level, act = asked.way.level, asked.act
    if asked.law.levels[level] >= asked.law.levels[asked.move.level]:
        return []
    place = asked.case.place if asked.case else act.place
    if act.person.post_for(f"{NAME}.{act.move}", place, asked.law.levels[level]) is not None:
        return []
    message = say(
        "{move} of a {way} is for the level {level} or above, and {person} does not act for it",
        move=asked.move.name, way=asked.way.name, level=level, person=act.person.id,
    )  # fmt: skip
    return [asked.refuse("level", message, asked.way.clause)]


def sets_conditions(asked: Asked) -> list[Finding]:
    with_conditions = asked.facts["answer"] == "permitted_with_conditions"
    if not with_conditions or asked.act.facts.get("conditions") != []:
        return []
    message = say("it is permitted with conditions, and the approval sets none")
    return [asked.refuse("no_conditions", message, str(asked.facts["clause"]))]


def sets_offset(asked: Asked) -> list[Finding]:
    """Where the way asks for an offset, the approval says how much, and it is enough."""
    if not asked.way.offset:
        return []
    given = asked.act.facts.get("offset_area_m2")
    if given is None:
        return [asked.lacks_fact("offset_area_m2", asked.way.clause)]
    least = asked.law.parameters.number("occupation.offset_share") * asked.facts["area_m2"]
    if given >= least:
        return []
    message = say(
        "the offset of {given} m² is {short} m² short of the {least} m² that are needed",
        given=written(given), short=written(least - given), least=written(least),
    )  # fmt: skip
    return [asked.refuse("offset_short", message, asked.way.clause)]


def sets_days(asked: Asked) -> list[Finding]:
    """The days that an approval sets lie after it, and within the longest that the rules give."""
    temporary = asked.facts.get("temporary")
    if temporary and end_of_use(asked.facts) is None:
        return [asked.lacks_fact("until")]
    bounds = {
        "commence_by": (day_of(asked.act.facts, "commence_by"), latest_commencement(asked)),
        "until": (end_of_use(asked.facts), _latest_end(asked)),
    }
    return [
        asked.refuse("day_out_of_bounds", say("{fact} {day} does not lie after {first} and up to "
                                              "{last}", fact=name, day=day, first=asked.act.day,
                                              last=last))
        for name, (day, last) in bounds.items()
        if day is not None and not asked.act.day < day <= last
    ]  # fmt: skip


def latest_commencement(asked: Asked) -> dt.date:
    return asked.act.day + asked.days("occupation.commence_days")


def _latest_end(asked: Asked) -> dt.date:
    if asked.facts["major"]:
        return asked.act.day + asked.days("occupation.temporary_major_days")
    return asked.act.day + asked.days("occupation.temporary_days")
