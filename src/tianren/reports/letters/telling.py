"""What each letter says of the case whose last step it tells."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tianren.errors import UserError
from tianren.language import current_language, in_tongue, say
from tianren.management.occupation.before import OUTSIDE
from tianren.management.occupation.sheet import packaged_sheet
from tianren.management.occupation.state import (
    Law,
    breaches,
    end_of_use,
    steps_since,
)
from tianren.management.procedure import Case, Step, due
from tianren.management.rulebook import Answer
from tianren.reports import numerals, words
from tianren.reports.letters.content import (
    Block,
    Letter,
    Particulars,
    area_text,
    day_text,
    heading,
    hectares,
    listed,
    paragraph,
    table,
)


@dataclass(frozen=True)
class Telling:
    """A case at the step that is told, and the rules in force on its day."""

    case: Case
    given: Particulars
    law: Law

    @property
    def step(self) -> Step:
        return self.case.steps[-1]

    @property
    def activity(self) -> str:
        """As it is called inside a sentence."""
        return self.given.activity or words.in_sentence(words.plain(self.case.facts["activity"]))

    @property
    def ground(self) -> str:
        """The legal ground of the step; "" where nobody gave one, and the record has but the name
        of the procedure in its stead, in whichever language it was written."""
        sheets = (self.law.sheet, packaged_sheet())
        names = {n.casefold() for s in sheets for n in s.procedure.names.values()}
        return "" if self.step.ground.strip().casefold() in names else self.step.ground

    def last(self, move: str) -> Step:
        found = self.case.last(move)
        if found is None:
            raise UserError(f"the case has no {move}", where=self.case.subject)
        return found

    def days(self, name: str) -> int:
        return self.law.days(name)

    def day(self, fact: str) -> str:
        return day_text(dt.date.fromisoformat(self.case.facts[fact]))


def letter(case: Case, given: Particulars, law: Law) -> Letter:
    """The letter that tells the last step of a case, in the current language.

    For the letter of an earlier record, fold the case up to it.
    """
    step = case.steps[-1]
    if step.move not in TOLD:
        raise UserError(
            say("there is no letter of the move {move}", move=step.move),
            where=case.subject,
            next_step=say("a letter tells the last step of a case, one of: {moves}; for an earlier "
                          "one, take the case as it was after its record", moves=", ".join(TOLD)),
        )  # fmt: skip
    telling = Telling(case, given, law.on(step.day))
    title, tell = _TITLES[step.move](), TOLD[step.move]
    return Letter(
        move=step.move,
        record=given.record_number,
        language={"zh_Hans": "zh-Hans"}.get(current_language(), current_language()),
        day=step.day,
        title=title,
        office=given.office,
        fields=((say("File no."), given.file_number), (say("Case"), case.subject),
                (say("Date"), day_text(step.day))),
        addressee=given.addressee,
        subject=_subject(telling),
        blocks=(*_no_longer(telling), *tell(telling)),
        sign=_sign(telling),
        basis=_basis(given),
        foot=given.file_number,
    )  # fmt: skip


def _subject(t: Telling) -> str:
    activity = words.capital(t.activity)
    if not t.given.place:
        return say("{activity} inside the line", activity=activity)
    return say("{activity} inside the line, {place}", activity=activity, place=t.given.place)


def _no_longer(t: Telling) -> list[Block]:
    """A decision that fell on appeal is told as such: its letter must not pass for one in force."""
    by = t.given.set_aside
    if by is None:
        return []
    return [paragraph(say("This decision was set aside on appeal on {day} (record {number}) and is "
                          "not in force.", day=day_text(by.day), number=by.number),
                      strong=True)]  # fmt: skip


def _sign(t: Telling) -> dict[str, str]:
    return {
        "office": t.given.office.name,
        "post": t.given.office.post,
        "day": day_text(t.step.day),
        "signature": say("Signature"),
        "seal": say("Seal"),
    }


def _basis(given: Particulars) -> tuple[str, str]:
    text = say("This letter rests on record {number} of the journal, whose hash (SHA-256) is:",
               number=given.record_number)  # fmt: skip
    return text, given.record_hash


# -- acknowledgement and request -------------------------------------------------------------------


def _acknowledgement(t: Telling) -> list[Block]:
    days = t.days("occupation.decision_days")
    more = t.days("occupation.extension_days")
    accepted = say(
        "Your application of {day} is accepted for examination. It is case {case}.",
        day=day_text(t.last("apply").day), case=t.case.subject,
    )  # fmt: skip
    due_by = say(
        "The decision is due by {day}, {days} working days from today. The time of an expert "
        "review is not counted, and the period may be extended once by {more} working days.",
        day=day_text(t.law.calendar.after(t.step.day, days)), days=days, more=more,
    )  # fmt: skip
    return [
        paragraph(accepted, strong=True),
        heading(1, say("Documents received")),
        _documents(t, list(t.case.documents)),
        heading(2, say("What comes next")),
        paragraph(due_by),
        paragraph(say("No works may begin before an approval has been served on you.")),
    ]


def _documents(t: Telling, names: list[str]) -> Block:
    return listed([words.capital(t.law.sheet.document_name(name, t.case.facts)) for name in names])


def _request(t: Telling) -> list[Block]:
    applied = day_text(t.last("apply").day)
    missing = say("Your application of {day} cannot be examined yet: documents are missing.",
                  day=applied)  # fmt: skip
    return [
        paragraph(missing, strong=True),
        heading(1, say("Documents to send")),
        _documents(t, list(t.case.facts["lacking"])),
        heading(2, say("Why")),
        paragraph(t.step.reason),
        heading(3, say("By when")),
        *_send_by(t),
        paragraph(say("The period of the decision begins when nothing is missing any more.")),
    ]


def _send_by(t: Telling) -> list[Block]:
    by = due(t.law.sheet.procedure, t.case, t.law.calendar)
    return [paragraph(say("Please send them all by {day}.", day=day_text(by)))] if by else []


# -- decision --------------------------------------------------------------------------------------


def _approval(t: Telling) -> list[Block]:
    return [
        _opening(t), paragraph(_approved(t), strong=True),
        heading(1, say("Grounds")), _grounds(t),
        heading(2, say("What is touched")), *_touched(t),
        heading(3, say("Conditions of the approval")), *_conditions(t),
        heading(4, say("How to appeal")), *_appeal(t),
    ]  # fmt: skip


def _approved(t: Telling) -> str:
    area, activity = area_text(t.case.facts["area_m2"]), t.activity
    until = end_of_use(t.case.facts)
    if until is None:
        return say("The occupation of {area} inside the line by {activity} is approved.",
                   area=area, activity=activity)  # fmt: skip
    return say(
        "The temporary occupation of {area} inside the line by {activity} is approved until {day}.",
        area=area, activity=activity, day=day_text(until),
    )  # fmt: skip


def _refusal(t: Telling) -> list[Block]:
    refused = say(
        "The occupation of {area} inside the line by {activity} is refused.",
        area=area_text(t.case.facts["area_m2"]), activity=t.activity,
    )  # fmt: skip
    return [
        _opening(t), paragraph(refused, strong=True),
        heading(1, say("Grounds")), _grounds(t),
        heading(2, say("What would be touched")), *_touched(t),
        heading(3, say("How to appeal")), *_appeal(t),
    ]  # fmt: skip


def _opening(t: Telling) -> Block:
    day, office = day_text(t.last("apply").day), t.given.office.name
    if not t.ground:
        return paragraph(say("On your application of {day}, {office} decides:", day=day,
                             office=office))  # fmt: skip
    return paragraph(say("On your application of {day}, and on the ground of {ground}, {office} "
                         "decides:", day=day, ground=t.ground, office=office))  # fmt: skip


def _grounds(t: Telling) -> Block:
    """The rule, the way, what was said on the way, and the reason of whoever decided."""
    facts = t.case.facts
    said = [say("Rule: {answer} ({clause}).", answer=_answer(str(facts["answer"])),
                clause=_clause(facts)), *_way(t)]  # fmt: skip
    said += [_said(t, step) for step in _opinions(t.case)]
    return listed([*said, *_reason(t)])


def _way(t: Telling) -> list[str]:
    """What the case is in law; what is prohibited is none of the kinds that may be approved."""
    if t.case.facts["answer"] == Answer.PROHIBITED:
        return []
    way = t.law.sheet.ways[str(t.case.facts["way"])]
    return [say("Kind of case: {way} ({clause}).", way=way.name, clause=way.clause)]


def _clause(facts: Mapping[str, Any]) -> str:
    """The clauses in the language of the letter; a screening of before recorded its own alone."""
    told = [in_tongue(names) for names in facts.get("clauses", {}).values()]
    return "; ".join(dict.fromkeys(told)) or str(facts["clause"])


def _reason(t: Telling) -> list[str]:
    return [say("Reason: {reason}", reason=t.step.reason)] if t.step.reason.strip() else []


def _answer(answer: str) -> str:
    return {
        "permitted": say("the activity is permitted"),
        "permitted_with_conditions": say("the activity is permitted with conditions"),
        "needs_approval": say("the activity needs an approval"),
        "prohibited": say("the activity is prohibited"),
    }[answer]


def _opinions(case: Case) -> list[Step]:
    """The latest of each opinion since the screening, in their order."""
    last = {step.move: step for step in steps_since(case, "screen") if step.move in _RESULTS}
    return sorted(last.values(), key=case.steps.index)


def _said(t: Telling, step: Step) -> str:
    name = words.capital(t.law.sheet.procedure.moves[step.move].name)
    return say("{name}, {day}: {result} (record {number}).", name=name, day=day_text(step.day),
               result=_RESULTS[step.move](t.case.facts), number=step.number)  # fmt: skip


_RESULTS: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "advise": lambda f: say("it agrees") if f["advice"] == "agree" else say("it objects"),
    "review": lambda f: say("the line cannot be avoided") if f["unavoidable"]
    else say("the line can be avoided"),
    "opine": lambda f: say("it supports the project") if f["opinion"] == "support"
    else say("it objects"),
}  # fmt: skip


def _touched(t: Telling) -> list[Block]:
    return [_zones(t), *([_functions(t)] if t.case.facts["functions_lost"] else [])]


def _zones(t: Telling) -> Block:
    """The zones inside, each piece of land in one of them, and what they make together."""
    whole = t.case.facts["area_m2"]
    inside = {z: area for z, area in t.case.facts["zones"].items() if z != OUTSIDE and area > 0}
    rows = [
        [in_tongue(t.law.sheet.zones[zone]), hectares(area), _percent(100 * area / whole)]
        for zone, area in inside.items()
    ]
    total = [say("Together"), hectares(whole), _percent(100)]
    return table([say("Zone of the line"), say("Area (ha)"), say("Share (%)")], rows, total)


def _functions(t: Telling) -> Block:
    losses = t.case.facts["functions_lost"].items()
    rows = [[words.criterion(name), *_lost(loss)] for name, loss in losses]
    return table(
        [say("Function or sensitivity"), say("Amount lost"), say("Share of the total (%)")], rows
    )


def _lost(loss: Mapping[str, Any]) -> tuple[str, str]:
    """Amount and percent as they are shown; an index has no amount."""
    amount = f"{numerals.number(loss['amount'])}{numerals.GAP}{words.unit(loss['unit'])}"
    percent = loss.get("percent")
    return amount if loss["unit"] else "–", "–" if percent is None else _percent(percent)


def _percent(value: float) -> str:
    return numerals.percent_number(value)


def _conditions(t: Telling) -> list[Block]:
    conditions = t.case.facts["conditions"]
    told: list[Block] = [paragraph(say("No conditions are set."))]
    if conditions:
        texts = [_condition(row) for row in conditions]
        told = [listed(texts, [f"({row['id']})" for row in conditions])]
    return [*told, listed(_terms(t)), *_duties(t)]


def _duties(t: Telling) -> list[Block]:
    """What the rules themselves ask to keep, set as a condition or not."""
    duties = t.case.facts.get("duties", {})
    if not duties:
        return []
    texts = [words.capital(in_tongue(names)) for names in duties.values()]
    return [paragraph(say("By the rules themselves it is also to be kept:")), listed(texts)]


def _condition(row: Mapping[str, str]) -> str:
    if "by" not in row:
        return row["text"]
    return say("{text} By {day}.", text=row["text"], day=day_text(dt.date.fromisoformat(row["by"])))


def _terms(t: Telling) -> list[str]:
    """What holds beside the conditions: when to begin, what to give for it, when to leave."""
    facts = t.case.facts
    until = end_of_use(facts)
    told = [say("Works begin by {day}; after that day the approval has expired.",
                day=t.day("commence_by"))]  # fmt: skip
    if t.law.sheet.ways[str(facts["way"])].offset:
        told.append(say("Before works begin, an offset of {area} is provided and accepted.",
                        area=area_text(facts["offset_area_m2"])))  # fmt: skip
    if until is not None:
        told.append(say("The use ends on {day}; within {days} days of it the land is restored as "
                        "the restoration plan says.", day=day_text(until),
                        days=t.days("occupation.restore_days")))  # fmt: skip
    return told


def _appeal(t: Telling) -> list[Block]:
    days = t.days("occupation.appeal_days")
    told = say(
        "You may appeal to {authority} within {days} days of the day on which this letter is "
        "served on you. The appeal is in writing, is signed, and says why.",
        authority=t.given.appeal_to or _above(t), days=days,
    )  # fmt: skip
    return [paragraph(told), *([paragraph(t.given.further)] if t.given.further else [])]


def _above(t: Telling) -> str:
    """Who hears appeals where the project does not say it: above the whole country is nobody."""
    if t.step.acts_for == "":
        return say("the authority that the law names for decisions of the whole country")
    return say("the authority above the one that decided")


# -- order -----------------------------------------------------------------------------------------


def _order(t: Telling) -> list[Block]:
    ordered = say("The land is to be restored by {day}.", day=t.day("restore_by"))
    office = t.given.office.name
    opening = (say("On the ground of {ground}, {office} orders:", ground=t.ground, office=office)
               if t.ground else say("{office} orders:", office=office))  # fmt: skip
    done = say(
        "Report it to this office with the {document}. It is then inspected, and accepted or sent "
        "back.", document=t.law.sheet.procedure.documents["restoration_report"].name,
    )  # fmt: skip
    return [
        paragraph(opening), paragraph(ordered, strong=True),
        heading(1, say("Grounds")), listed([*_ended(t), *_broken(t), *_reason(t)]),
        heading(2, say("What to restore")), *_touched(t),
        heading(3, say("When it is done")), paragraph(done),
        heading(4, say("How to appeal")), *_appeal(t),
    ]  # fmt: skip


def _ended(t: Telling) -> list[str]:
    until = end_of_use(t.case.facts)
    if until is None or t.step.day <= until:
        return []
    return [say("The temporary use ended on {day}.", day=day_text(until))]


def _broken(t: Telling) -> list[str]:
    """What the latest inspection found broken."""
    facts = t.case.facts
    broken = breaches(t.case, t.law.parameters)
    kept = [row for row in facts["conditions"] if row["id"] in broken]
    told = [say("Condition ({id}) is not kept: {text}", id=row["id"], text=row["text"])
            for row in kept]  # fmt: skip
    if len(broken) > len(kept):
        told.append(say("{found} are occupied, and {approved} are approved.",
                        found=area_text(facts["occupied_m2"]),
                        approved=area_text(facts["area_m2"])))  # fmt: skip
    return [*_seen(t), *told] if told else []


def _seen(t: Telling) -> list[str]:
    seen = t.last("inspect")
    return [say("The place was inspected on {day} (record {number}).", day=day_text(seen.day),
                number=seen.number)]  # fmt: skip


TOLD: Mapping[str, Callable[[Telling], list[Block]]] = {
    "receive": _acknowledgement,
    "return": _request,
    "approve": _approval,
    "refuse": _refusal,
    "order": _order,
}
_TITLES: Mapping[str, Callable[[], str]] = {
    "receive": lambda: say("Acknowledgement of an application"),
    "return": lambda: say("Request for documents"),
    "approve": lambda: say("Decision on an occupation of the line: approval"),
    "refuse": lambda: say("Decision on an occupation of the line: refusal"),
    "order": lambda: say("Order to restore"),
}
