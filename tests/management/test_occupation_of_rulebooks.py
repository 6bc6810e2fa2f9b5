"""Every case that a lawyer wrote beside a rulebook, as an application: it goes as far as it may."""

from collections import Counter
from typing import Any

import pytest

from tests.management.story import CONDITIONS, DAY, LAW, MAJOR_PAPERS, Story, papers
from tianren.management import occupation
from tianren.management.activities import judge
from tianren.management.rulebook_cases import WorkedCase, packaged_cases
from tianren.management.rulebook_reading import packaged
from tianren.management.verdict import Verdict

BOOKS = ("CN", "MG")
CASES = [(book, case) for book in BOOKS for case in packaged_cases(book)]
AREA = 9_000.0


def judged(book: str, case: WorkedCase) -> Verdict:
    there = dict.fromkeys(case.documents, "a file")
    return judge(packaged(book), case.activity, case.zones, case.facts, there, case.day)


def plain(verdict: Verdict, case: WorkedCase) -> dict[str, Any]:
    """The verdict as a screening is told it."""
    inside = [zone for zone in case.zones if zone != "outside"]
    of_opinions = {o.opinion.document for o in verdict.opinions}
    needed = {d.document.id: dict(d.document.names) for d in verdict.documents
              if d.document.id not in of_opinions}  # fmt: skip
    asked = {c.condition.id for zone in verdict.zones for c in zone.conditions}
    return {
        "answer": verdict.answer.value,
        "clause": "; ".join(dict.fromkeys(zone.rule.clause for zone in verdict.deciding)),
        "area_m2": AREA,
        "zones": {zone: AREA / len(inside) for zone in inside},
        "functions_lost": {},
        "documents_needed": needed,
        "new_construction_land": bool(case.facts.get("new_construction_m2", 0)),
        "major": verdict.is_major,
        "must_be_unavoidable": "unavoidable" in asked,
    }


def screened(facts: dict[str, Any], temporary: bool) -> Story:
    known = occupation.packaged_sheet().procedure.documents
    brought = [d for d in facts["documents_needed"] if d not in known]
    also = {"temporary": True, "until": "2027-03-01"} if temporary else {}
    documents = papers("application", "footprint", "restoration_plan", *MAJOR_PAPERS, *brought)
    story = Story().go("apply", also=also, documents=documents)
    return story.go("receive")


def led_to_its_end(story: Story) -> Story:
    """Whatever the case waits for is done, until it is decided."""
    while story.status not in ("approved", "refused"):
        assert story.case is not None
        move = occupation.next_moves(story.case, LAW.sheet)[0]
        decider = {"approve": "nora", "refuse": "carl"}.get(move, "")
        sealed = papers("opinion_seal", "recognition", "unavoidability_opinion")
        more: dict[str, Any] = {"documents": sealed} if move == "opine" else {}
        if move == "approve":
            more["facts"] = {"conditions": CONDITIONS}
            if story.case.facts["way"] == "major":
                more["facts"]["offset_area_m2"] = AREA
        story.go(move, decider, **more)
    return story


@pytest.mark.parametrize(("book", "case"), CASES, ids=lambda v: getattr(v, "title", v))
def test_a_worked_case_goes_as_far_as_its_verdict_allows(book: str, case: WorkedCase) -> None:
    verdict = judged(book, case)
    facts = plain(verdict, case)
    if not facts["zones"]:  # it touches nothing that is kept
        assert "fact_unfit" in screened(facts, False).refusals("screen", facts=facts)
        return
    story = screened(facts, case.activity == "temporary_land")
    if facts["answer"] == "cannot_say":
        assert story.refusals("screen", facts=facts) == {"cannot_say"}
        return
    story.go("screen", facts=facts)
    if facts["answer"] == "prohibited":
        assert "prohibited" in story.refusals("approve", "nora")
        assert story.go("refuse", "carl").status == "refused"
    else:
        assert led_to_its_end(story).status == "approved"


def test_the_worked_cases_go_every_way() -> None:
    ways: Counter[str] = Counter()
    for book, case in CASES:
        facts = plain(judged(book, case), case)
        if facts["zones"] and facts["answer"] != "cannot_say":
            story = screened(facts, case.activity == "temporary_land").go("screen", facts=facts)
            assert story.case is not None and story.day >= DAY
            ways[story.case.facts["way"]] += 1
    assert set(ways) == {"limited", "recognised", "major", "temporary"}
