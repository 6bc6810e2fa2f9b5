"""Occupation of the line: what a case must have on its way from application to closure.

The procedure itself is data (parameters/procedures/occupation.toml). Here is what a table cannot
say: a prohibited activity is never approved, a national major project goes another way than a
limited activity, what was set aside is reviewed anew, conditions and offset are kept. A case knows
the rulebook's verdict only as plain facts.
"""

from collections.abc import Mapping
from dataclasses import replace

from tianren.management import procedure
from tianren.management.occupation import after, before
from tianren.management.occupation.asked import Asked, Check
from tianren.management.occupation.clocks import Deadline, deadlines, next_moves, overdue
from tianren.management.occupation.every import EVERY_MOVE
from tianren.management.occupation.facts import as_meant
from tianren.management.occupation.sheet import NAME, Sheet, packaged_sheet, sheet_of
from tianren.management.occupation.state import Law, papers_to_bring
from tianren.management.occupation.terms import with_terms
from tianren.management.outcome import Outcome
from tianren.management.procedure import Act, Case, Document, Procedure, apply

__all__ = [
    "NAME",
    "Deadline",
    "Law",
    "Sheet",
    "apply",
    "as_meant",
    "deadlines",
    "decide",
    "next_moves",
    "overdue",
    "packaged_sheet",
    "papers_to_bring",
    "sheet_of",
]


def decide(case: Case | None, act: Act, law: Law) -> Outcome:
    """The record of an act, or everything that it lacks, at once; by the law of the act's day."""
    outcome = procedure.decide(
        _with_documents(law.sheet, act), case, act, law.levels, smallest=True
    )
    if any(f.rule == f"{NAME}.not_open" for f in outcome.findings):
        return outcome
    asked = Asked(case, act, law.on(act.day))
    told = [*outcome.findings, *(f for check in EVERY_MOVE for f in check(asked))]
    if not any(f.rule == f"{NAME}.fact_unfit" for f in told):
        told += [f for check in OF_MOVE.get(act.move, ()) for f in check(asked)]
    found = Outcome(outcome.records, tuple(dict.fromkeys(told)))
    if found.refused:
        return replace(found, records=())
    return replace(found, records=tuple(with_terms(asked, record) for record in outcome.records))


def _with_documents(sheet: Sheet, act: Act) -> Procedure:
    """The procedure with the documents of a rulebook that the act brings; whose they are to bring
    is asked in `every`."""
    known = sheet.procedure
    brought = {d: Document(d, {"en": d}) for d in act.documents if d not in known.documents}
    return replace(known, documents={**known.documents, **brought})


OF_MOVE: Mapping[str, tuple[Check, ...]] = {
    "apply": (before.end_only_if_temporary,),
    "return": (before.says_what_is_lacking,),
    "supplement": (before.gives_what_was_lacking, before.end_only_if_temporary),
    "screen": (
        before.screening_can_say, before.asks_for_what_can_be_had, before.zones_add_up,
    ),
    "advise": (before.was_consulted,),
    "refer": (before.documents_of_way,),
    "opine": (before.opinion_of_way,),
    "extend": (before.extended_once,),
    "approve": (
        before.verdict_allows, before.went_its_way, before.nobody_objects, before.documents_needed,
        before.level_of_way, before.sets_conditions, before.sets_offset, before.sets_days,
        before.end_only_if_temporary,
    ),
    "deliver": (after.not_served_before,),
    "appeal": (after.in_time_to_appeal,),
    "uphold_refusal": (after.ends_this_appeal,),
    "uphold_approval": (after.ends_this_appeal,),
    "uphold_works": (after.ends_this_appeal,),
    "uphold_order": (after.ends_this_appeal,),
    "set_aside": (after.ends_this_appeal,),
    "revoke": (after.ends_this_appeal, after.restore_by_lies_ahead),
    "lift_order": (after.ends_this_appeal,),
    "offset": (after.an_offset_is_asked,),
    "commence": (after.is_served, after.approval_lives, after.offset_is_there),
    "expire": (after.approval_is_over,),
    "inspect": (after.marks_each_condition, after.tells_what_is_beyond),
    "order": (after.something_to_restore, after.restore_by_lies_ahead),
    "restore": (after.restored_where_due,),
    "reject": (after.restore_by_lies_ahead,),
    "close": (after.may_close,),
}  # fmt: skip
