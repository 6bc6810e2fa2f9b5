"""Cases of occupation told move by move: people, their papers, and what each move needs."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tianren.management import occupation
from tianren.management.occupation import Law, packaged_sheet
from tianren.management.outcome import Outcome
from tianren.management.people import Person, Post, packaged_roles
from tianren.management.procedure import Act, Case, apply
from tianren.management.working_days import Calendar
from tianren.parameters import Parameters

LEVELS = {"nation": 0, "province": 1, "city": 1, "county": 2, "township": 3}  # no cities here
PLACE = "14/1403"
DAY = dt.date(2026, 3, 2)  # a Monday
CALENDAR = Calendar()


def law(parameters: Parameters | None = None, calendar: Calendar = CALENDAR) -> Law:
    return Law(packaged_sheet(), LEVELS, parameters or Parameters(DAY), calendar)


LAW = law()
XINJIANG = law(Parameters(DAY, "CN-65"))


def person(name: str, role: str, place: str = PLACE) -> Person:
    return Person(name, name, (Post(packaged_roles()[role], place),))


PEOPLE = {
    "ann": person("ann", "applicant"),
    "olga": person("olga", "officer"),
    "otto": person("otto", "officer"),
    "eve": person("eve", "expert", "14"),
    "paul": person("paul", "park_authority", "14"),
    "carla": person("carla", "decider"),
    "carl": person("carl", "decider"),
    "petra": person("petra", "decider", "14"),
    "nora": person("nora", "decider", ""),
    "hugo": person("hugo", "appeal_authority", "14"),
    "ines": person("ines", "inspector"),
}
USUAL = {
    "apply": "ann", "supplement": "ann", "withdraw": "ann", "appeal": "ann", "commence": "ann",
    "restore": "ann", "advise": "paul", "review": "eve", "opine": "petra", "approve": "carla",
    "refuse": "carla", "extend": "carla", "order": "carla", "hear": "hugo",
    "uphold_refusal": "hugo", "uphold_approval": "hugo", "uphold_order": "hugo",
    "set_aside": "hugo", "lift_order": "hugo", "uphold_works": "hugo", "revoke": "hugo",
    "inspect": "ines", "accept": "ines", "reject": "ines",
}  # fmt: skip

VERDICT: Mapping[str, Any] = {
    "answer": "permitted_with_conditions",
    "clause": "N142 1(1)5",
    "area_m2": 12_500.0,
    "zones": {"redline": 12_500.0},
    "functions_lost": {
        "water_conservation": {"amount": 4_200.0, "unit": "m3/a", "percent": 0.04},
    },
    "documents_needed": {},
    "new_construction_land": False,
}
MAJOR = {**VERDICT, "answer": "needs_approval", "clause": "N142 2(1)3",
         "major": True, "new_construction_land": True}  # fmt: skip


def partly(zone: str, area: float = 500.0) -> dict[str, Any]:
    """The same footprint, with so much of it in another zone."""
    return {"zones": {zone: area, "redline": 12_500.0 - area, "outside": 90.0}}


CONDITIONS = [
    {"id": "1", "text": "Keep 50 m from the stream.", "by": "2026-09-30"},
    {"id": "2", "text": "No work from March to June."},
]
PAPERS = {
    "apply": ["application", "footprint"],
    "screen": ["screening_report"],
    "consult": ["consultation_letter"],
    "advise": ["park_opinion"],
    "review": ["review_opinion", "review_signatures"],
    "opine": ["opinion_seal", "recognition"],
    "approve": ["decision_signature"],
    "refuse": ["decision_signature"],
    "deliver": ["service_receipt"],
    "appeal": ["appeal"],
    "hear": ["hearing_minutes"],
    "uphold_refusal": ["appeal_signature"],
    "uphold_approval": ["appeal_signature"],
    "uphold_works": ["appeal_signature"],
    "revoke": ["appeal_signature"],
    "uphold_order": ["appeal_signature"],
    "set_aside": ["appeal_signature"],
    "lift_order": ["appeal_signature"],
    "offset": ["offset_acceptance"],
    "commence": ["commencement_notice"],
    "inspect": ["inspection_report"],
    "order": ["order_signature"],
    "restore": ["restoration_report"],
    "accept": ["restoration_acceptance"],
    "reject": ["inspection_report"],
    "withdraw": ["withdrawal_letter"],
}
MAJOR_PAPERS = ["project_basis", "alternatives_study", "impact_assessment", "offset_plan"]
FACTS: Mapping[str, Mapping[str, Any]] = {
    "apply": {"activity": "visitor_path", "temporary": False},
    "return": {"lacking": ["holders_consent"]},
    "screen": VERDICT,
    "advise": {"advice": "agree"},
    "review": {"unavoidable": True},
    "opine": {"opinion": "support"},
    "approve": {"conditions": CONDITIONS},
    "offset": {"offset_provided_m2": 12_500.0},
    "inspect": {"fulfilled": {"1": True, "2": True}, "occupied_m2": 12_400.0},
}


def papers(*names: str) -> dict[str, str]:
    return {name: f"{name}.pdf" for name in names}


LENDING = papers("application", "footprint", "restoration_plan")


@dataclass
class Story:
    """A case in the making. Each move is made by whoever usually makes it, with what it needs;
    what is told beside replaces or adds. The clock goes on by a working day with each move."""

    case: Case | None = None
    day: dt.date = DAY
    law: Law = LAW
    subject: str = "occupation/1"
    place: str = PLACE
    records: list[Any] = field(default_factory=list)

    def act(self, move: str, by: str = "", day: dt.date | None = None, **more: Any) -> Act:
        usual: dict[str, Any] = {
            "documents": papers(*PAPERS.get(move, [])),
            "facts": {**FACTS.get(move, {}), **more.pop("also", {})},
            "reason": "as it stands",
        }
        who = PEOPLE[by or USUAL.get(move, "olga")]
        made = Act(move, self.subject, self.place, day or self.day, who, "N142", **usual)
        return replace(made, **more)

    def ask(self, move: str, by: str = "", **more: Any) -> Outcome:
        return occupation.decide(self.case, self.act(move, by, **more), self.law)

    def go(self, move: str, by: str = "", **more: Any) -> "Story":
        done = self.ask(move, by, **more)
        assert not done.refused, (move, [f.message for f in done.findings])
        self.day = done.records[0].effective
        self.add(done)
        self.day = self.law.calendar.after(self.day, 1)
        return self

    def add(self, done: Outcome) -> None:
        for record in done.records:
            self.records.append(replace(record, number=len(self.records) + 1))
            self.case = apply(self.case, self.records[-1])

    def all(self, *moves: str) -> "Story":
        for move in moves:
            self.go(move)
        return self

    def refusals(self, move: str, by: str = "", **more: Any) -> set[str]:
        done = self.ask(move, by, **more)
        assert not (done.refused and done.records)
        return {f.rule.partition(".")[2] for f in done.findings} if done.refused else set()

    def told(self, move: str, by: str = "", **more: Any) -> str:
        return " | ".join(f.message for f in self.ask(move, by, **more).findings)

    @property
    def status(self) -> str:
        return self.case.status if self.case else ""


def limited() -> Story:
    """A path for visitors, screened: permitted with conditions."""
    return Story().all("apply", "receive", "screen")


def approved() -> Story:
    return limited().all("approve", "deliver")


def commenced() -> Story:
    return approved().go("commence")


def major(**verdict: Any) -> Story:
    """A reservoir of a national plan, screened."""
    story = Story().go("apply", documents=papers("application", "footprint", *MAJOR_PAPERS))
    return story.go("receive").go("screen", facts={**MAJOR, **verdict})


def opined(**verdict: Any) -> Story:
    story = major(**verdict).all("refer", "review")
    return story.go("opine", documents=papers("opinion_seal", "unavoidability_opinion"))


def temporary(until: str = "2027-03-01") -> Story:
    """A store of building material for a year, with its plan to restore, commenced."""
    story = Story().go("apply", also={"temporary": True, "until": until}, documents=LENDING)
    return story.all("receive", "screen").go("approve", "petra").all("deliver", "commence")
