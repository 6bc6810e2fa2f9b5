"""What a screening writes into a case: the check of the project, as facts of the procedure."""

from typing import Any

from tianren.management.verdict import Verdict, ZoneVerdict
from tianren.steps.check_project import Checked


def screening_facts(checked: Checked) -> dict[str, Any]:
    """What a screening says of a check, as the facts of the procedure."""
    verdict = checked.verdict
    classes = {name: round(area, 2) for name, area in checked.touched.classes.items()}
    inside = round(sum(area for name, area in classes.items() if name != "outside"), 2)
    return {
        "answer": verdict.answer.value,
        "clause": "; ".join(dict.fromkeys(clause_of(verdict, zone) for zone in verdict.deciding)),
        "clauses": clauses_of(verdict),
        "duties": duties_of(verdict),
        "area_m2": inside,
        "zones": {name: area for name, area in classes.items() if area > 0},
        "functions_lost": {
            loss.function: {"amount": loss.amount, "unit": loss.unit, "percent": loss.percent}
            for loss in checked.losses if loss.amount > 0
        },
        "documents_needed": documents_needed(verdict),
        "new_construction_land": bool(checked.facts.get("new_construction_m2", 0)),
        "major": verdict.is_major,
        "must_be_unavoidable": "unavoidable" in conditions_of(verdict),
        "rulebook": verdict.rulebook.id,
        "told": dict(checked.facts),
    }  # fmt: skip


def clause_of(verdict: Verdict, zone: ZoneVerdict) -> str:
    """The clause of a zone's answer with the name of its source."""
    return f"{verdict.rulebook.sources[zone.rule.source].name}, {zone.rule.clause}"


def clauses_of(verdict: Verdict) -> dict[str, dict[str, str]]:
    """Rule -> its clause in each language that its source has a name in: a letter may be written
    in another language than the screening."""
    return {
        zone.rule.id: {tag: f"{name}, {zone.rule.clause}" for tag, name in
                       verdict.rulebook.sources[zone.rule.source].names.items()}
        for zone in verdict.deciding
    }  # fmt: skip


def duties_of(verdict: Verdict) -> dict[str, dict[str, str]]:
    """Duty -> its text in each language: what is to keep wherever the activity is admitted."""
    return {duty.id: dict(duty.names) for zone in verdict.zones for duty in zone.duties}


def documents_needed(verdict: Verdict) -> dict[str, dict[str, str]]:
    """Document -> its names: what the applicant is to bring, so without the opinions of others."""
    of_others = {o.opinion.document for o in verdict.opinions}
    return {d.document.id: dict(d.document.names) for d in verdict.documents
            if d.document.id not in of_others}  # fmt: skip


def conditions_of(verdict: Verdict) -> set[str]:
    """The conditions that the rules name, by id."""
    return {c.condition.id for zone in verdict.zones for c in zone.conditions}
