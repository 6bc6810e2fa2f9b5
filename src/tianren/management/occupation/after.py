"""After the decision: service, appeal, commencement, inspection, restoration, closure."""

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.management.occupation.asked import Asked, written
from tianren.management.occupation.facts import day_of
from tianren.management.occupation.sheet import NAME
from tianren.management.occupation.state import (
    DECISIONS,
    appeal_by,
    breaches,
    end_of_use,
    inspections,
    served,
    steps_since,
)
from tianren.management.procedure import Step

# -- service and appeal ----------------------------------------------------------------------------


def not_served_before(asked: Asked) -> list[Finding]:
    earlier = served(asked.case)
    if earlier is None:
        return []
    message = say("it was served before ({day}, record {number})", day=earlier.day,
                  number=earlier.number)  # fmt: skip
    return [asked.refuse("served_before", message)]


def in_time_to_appeal(asked: Asked) -> list[Finding]:
    """Once against a decision, and within its term, which runs from the service."""
    earlier = _appeal_of_decision(asked)
    if earlier is not None:
        message = say("this decision was appealed against before ({day}, record {number})",
                      day=earlier.day, number=earlier.number)  # fmt: skip
        return [asked.refuse("appealed_before", message)]
    last = appeal_by(asked.case)
    if last is None or asked.act.day <= last:
        return []
    message = say("the last day to appeal was {last}, {days} days before", last=last,
                  days=(asked.act.day - last).days)  # fmt: skip
    return [asked.refuse("too_late", message)]


def _appeal_of_decision(asked: Asked) -> Step | None:
    """The appeal against the latest decision; None while there was none."""
    since = steps_since(asked.case, *DECISIONS)
    return next((step for step in since if step.move == "appeal"), None)


def ends_this_appeal(asked: Asked) -> list[Finding]:
    of = str(asked.facts.get("appealed_from"))
    if of in asked.taken.appealed_from:
        return []
    fitting = [move for move, taken in asked.sheet.taken.items() if of in taken.appealed_from]
    status = asked.sheet.procedure.statuses[of].name
    message = say("the appeal is against {status}; open now: {moves}", status=status,
                  moves=", ".join(fitting))  # fmt: skip
    return [asked.refuse("other_appeal", message)]


# -- commencement ----------------------------------------------------------------------------------


def is_served(asked: Asked) -> list[Finding]:
    return [] if served(asked.case) else [asked.lacks_move("deliver")]


def approval_lives(asked: Asked) -> list[Finding]:
    ends = [day_of(asked.facts, "commence_by"), end_of_use(asked.facts)]
    last = min(day for day in ends if day is not None)  # an approval always sets the first
    if asked.act.day <= last:
        return []
    message = say("the approval ended on {last}, {days} days before", last=last,
                  days=(asked.act.day - last).days)  # fmt: skip
    return [asked.refuse("expired", message)]


def offset_is_there(asked: Asked) -> list[Finding]:
    """What was asked for is provided before the first spade."""
    if not asked.way.offset:
        return []
    whole = asked.facts["offset_area_m2"]
    accepted = any(step.move == "offset" for step in steps_since(asked.case, "approve"))
    given = asked.facts["offset_provided_m2"] if accepted else 0
    if given >= whole:
        return []
    message = say(
        "of the offset of {whole} m², {given} m² are provided: {short} m² are missing",
        whole=written(whole), given=written(given), short=written(whole - given),
    )  # fmt: skip
    return [asked.refuse("offset_missing", message, asked.way.clause)]


def an_offset_is_asked(asked: Asked) -> list[Finding]:
    if asked.way.offset:
        return []
    return [asked.refuse("no_offset", say("a {way} needs no offset", way=asked.way.name))]


def approval_is_over(asked: Asked) -> list[Finding]:
    last = day_of(asked.facts, "commence_by")
    if last is None or asked.act.day > last:
        return []
    return [asked.refuse("lives", say("the approval lives until {last}", last=last))]


# -- inspection and restoration --------------------------------------------------------------------


def marks_each_condition(asked: Asked) -> list[Finding]:
    """An inspection says of each condition whether it is kept, and of no other."""
    known = [row["id"] for row in asked.facts["conditions"]]
    marked = asked.act.facts.get("fulfilled", {})
    silent = [say("the inspection says nothing of the condition {id}", id=name)
              for name in known if name not in marked]  # fmt: skip
    unknown = [say("there is no condition {id}; known: {known}", id=name,
                   known=", ".join(known) or say("none"))
               for name in marked if name not in known]  # fmt: skip
    return [asked.refuse("condition", message) for message in (*silent, *unknown)]


def tells_what_is_beyond(asked: Asked) -> list[Finding]:
    """More land than was approved is told when it is found, not first at the closure."""
    most = asked.facts["area_m2"]
    found = asked.act.facts.get("occupied_m2", 0)
    if found <= most * (1 + asked.law.parameters.number("occupation.area_tolerance")):
        return []
    message = say(
        "{found} m² are found occupied, {more} m² more than the {approved} m² that were approved: "
        "a breach, for which restoration may be ordered (order)",
        found=written(found), more=written(found - most), approved=written(most),
    )  # fmt: skip
    rule, clause = f"{NAME}.beyond_approval", asked.move.clause
    return [Finding(rule, asked.act.subject, Severity.WARNING, message, clause)]


def something_to_restore(asked: Asked) -> list[Finding]:
    """An order rests on a breach that an inspection found, or on the end of a temporary use."""
    until = end_of_use(asked.facts)
    if until is not None and asked.act.day > until:
        return []
    if asked.case is None or breaches(asked.case, asked.law.parameters):
        return []
    message = say("no inspection found a breach, and no temporary occupation has ended")
    return [asked.refuse("nothing_to_restore", message)]


def restore_by_lies_ahead(asked: Asked) -> list[Finding]:
    day = day_of(asked.act.facts, "restore_by")
    if day is None or day > asked.act.day:
        return []
    message = say("{fact} {day} does not lie after {first}", fact="restore_by", day=day,
                  first=asked.act.day)  # fmt: skip
    return [asked.refuse("day_out_of_bounds", message)]


def restored_where_due(asked: Asked) -> list[Finding]:
    ordered = asked.case is not None and asked.case.status == "restoring"
    if ordered or asked.facts.get("temporary"):
        return []
    message = say("the occupation is not temporary, and no order to restore was given")
    return [asked.refuse("nothing_to_restore", message)]


# -- closure ---------------------------------------------------------------------------------------


def may_close(asked: Asked) -> list[Finding]:
    """What may still be appealed against stays open: a refusal, and the approval of works, which
    close when an inspection found all in order."""
    status = asked.case.status if asked.case else ""
    if status == "refused":
        return _term_is_over(asked)
    if status != "commenced":
        return []
    return _all_in_order(asked) or _term_is_over(asked)


def _term_is_over(asked: Asked) -> list[Finding]:
    last = appeal_by(asked.case)
    if last is None:
        return [asked.lacks_move("deliver")]
    if asked.act.day > last or _appeal_of_decision(asked):
        return []
    return [asked.refuse("may_be_appealed", say("it may be appealed until {last}", last=last))]


def _all_in_order(asked: Asked) -> list[Finding]:
    if asked.facts.get("temporary"):
        return [asked.lacks_move("restore")]
    if asked.case is None or not inspections(asked.case):
        return [asked.lacks_move("inspect")]
    broken = ", ".join(breaches(asked.case, asked.law.parameters))
    if not broken:
        return []
    message = say("the latest inspection found broken: {conditions}", conditions=broken)
    return [asked.refuse("breach", message)]
