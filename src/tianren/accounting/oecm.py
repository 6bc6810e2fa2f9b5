"""The OECM assessment: three steps and eight criteria, with evidence and consent for each.

The site tool (IUCN WCPA 2023, first edition) asks first whether a site can be an OECM at all
(screening, criteria 1 and 2), then for free, prior and informed consent, then for six more criteria
(full assessment). The criteria are data (parameters/oecm_criteria.csv). An answer counts only with
its evidence: a "yes" nobody can show is missing, not met.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from tianren.accounting.classes import CONSERVATION, Crosswalk
from tianren.accounting.forms import Row, SiteNames, data_rows, read_rows
from tianren.findings import Finding, Severity
from tianren.language import current_language, say
from tianren.measures import Measure

if TYPE_CHECKING:
    from pandas import DataFrame

QUALIFIES, CANDIDATE, NOT = "OECM", "candidate", "not"
OUTCOMES = (QUALIFIES, CANDIDATE, NOT)
STEPS = ("screening", "consent", "full")
DONE = "done"
ANSWERS = ("yes", "partly", "no", "unknown")
NO_PROTECTED_AREA, CONSENT = "C1", "consent"
SOURCE = "IUCN WCPA 2023, Site-level tool for identifying OECMs, first edition; CBD decision 14/8"


@dataclass(frozen=True)
class Criterion:
    """One of the eight criteria, or consent (the second step)."""

    id: str
    step: str
    names: Mapping[str, str]
    questions: Mapping[str, str]
    improvement: str

    @property
    def name(self) -> str:
        return self.names.get(current_language(), self.names["en"])

    @property
    def question(self) -> str:
        return self.questions.get(current_language(), self.questions["en"])


@cache
def criteria() -> tuple[Criterion, ...]:
    """The criteria in the order in which they are asked."""
    return tuple(
        Criterion(
            row["id"], row["step"], _languages(row, "name"), _languages(row, "question"),
            row["improvement"],
        )
        for row in data_rows("oecm_criteria.csv")
    )  # fmt: skip


def _languages(row: Mapping[str, str], what: str) -> dict[str, str]:
    return {"en": row[f"{what}_en"], "zh_Hans": row[f"{what}_zh"], "es": row[f"{what}_es"]}


@dataclass(frozen=True)
class Given:
    """One answer of one site: answer "yes", "partly", "no" or "unknown"; consent "yes", "no",
    "unknown", "not_needed" or "" (nothing said of this criterion). row: where it stands."""

    site: str
    criterion: str
    answer: str
    evidence: str = ""
    consent: str = ""
    day: dt.date | None = None
    assessor: str = ""
    conservation: str = ""
    type: str = ""
    row: int = 0


@dataclass(frozen=True)
class Lack:
    """What a criterion still needs: "unanswered", "unknown", "partly", "evidence", "consent",
    "map" (the map contradicts the answer)."""

    criterion: str
    what: str

    def text(self) -> str:
        return f"{self.criterion}: {say(_LACKS[self.what])}"


_LACKS = {
    "unanswered": "not answered",
    "unknown": "not known",
    "partly": "met in part",
    "evidence": "without evidence",
    "consent": "consent not on record",
    "map": "the map shows a protected area",
}


@dataclass(frozen=True)
class Assessment:
    """What the answers of one site come to.

    outcome: QUALIFIES; NOT, with the criteria that failed (CONSENT where it was refused);
    CANDIDATE, with what is missing. step: the first that is not complete, or DONE.
    """

    site: str
    outcome: str
    step: str
    failed: tuple[str, ...] = ()
    missing: tuple[Lack, ...] = ()
    conservation: str = ""
    type: str = ""
    day: dt.date | None = None
    assessors: tuple[str, ...] = ()
    answers: tuple[Given, ...] = ()

    def missing_text(self) -> str:
        failed = [f"{c}: {say('not met')}" for c in self.failed]
        return "; ".join([*failed, *(lack.text() for lack in self.missing)])


def consented(answers: Sequence[Given]) -> bool:
    """Whether one site's answers put free, prior and informed consent on record."""
    return any(
        a.criterion == CONSENT and a.answer == "yes" and a.evidence for a in answers
    ) and not any(a.consent in ("no", "unknown") for a in answers)


def unverified_criteria() -> list[Finding]:
    """A note where the wording of criteria is not that of the source, read."""
    rows = [row for row in data_rows("oecm_criteria.csv") if row["verified"] != "1"]
    if not rows:
        return []
    message = say(
        "the wording of {n} criteria is not read from the tool: {source}",
        n=len(rows),
        source=rows[0]["source"],
    )
    return [Finding("oecm.unverified", "oecm_criteria.csv", Severity.NOTE, message, SOURCE)]


# --- reading answers -----------------------------------------------------------------------------


def read_answers(
    table: "DataFrame", sites: SiteNames, day: dt.date, where: str
) -> tuple[list[Given], list[Finding]]:
    """The answers of a table: site, criterion, answer, evidence, consent, date, assessor.

    Rows without an answer, consent or evidence are open and left out (the template has one for each
    criterion). An earlier answer to a criterion gives way to a later one. Raises UserError, with
    row and site, for a site that is not in the list, an unknown criterion or answer, two different
    answers of one day, and a date after the day.
    """
    rows, _ = read_rows("oecm", table, where, needed=("site", "criterion", "answer"))
    kept: dict[tuple[str, str], tuple[Row, Given]] = {}
    replaced: list[Finding] = []
    for row in rows:
        if not any(row.get(role) for role in ("answer", "evidence", "consent")):
            continue
        given = _given(row, sites, day)
        key = given.site, given.criterion
        if key not in kept:
            kept[key] = row, given
            continue
        kept[key] = _later(kept[key], (row, given))
        replaced.append(_replaced(kept[key][1], where))
    return [given for _, given in kept.values()], replaced


def _given(row: Row, sites: SiteNames, day: dt.date) -> Given:
    criterion = row.word("criterion")
    if not criterion:
        raise row.refused("the row names no criterion", "write C1 to C8, or consent")
    answer, consent = row.word("answer"), row.word("consent")
    if criterion == CONSENT and not answer:
        answer = {"yes": "yes", "no": "no"}.get(consent, "unknown")
    return Given(
        sites.find(row), criterion, answer or "unknown", row.get("evidence"), consent,
        row.day("date", day), row.get("assessor"), row.word("conservation", CONSERVATION),
        row.get("type"), row.number,
    )  # fmt: skip


def _later(one: tuple[Row, Given], two: tuple[Row, Given]) -> tuple[Row, Given]:
    """The later of two answers to one criterion; of one day, or without days, they must agree."""
    (_, a), (row, b) = one, two
    if a.day is not None and b.day is not None and a.day != b.day:
        return one if a.day > b.day else two
    if (a.answer, a.consent) != (b.answer, b.consent):
        raise row.refused(
            f"two answers to {b.criterion}: {a.answer} and {b.answer}",
            "keep the row that is right, or write the date of each",
            f"the other is row {a.row}",
        )
    return one if a.evidence else two


def _replaced(kept: Given, where: str) -> Finding:
    message = say(
        "{criterion} is answered more than once: the answer of row {row} counts",
        criterion=kept.criterion,
        row=kept.row,
    )
    return Finding("oecm.answered_again", kept.site, Severity.NOTE, message, where)


# --- judging -------------------------------------------------------------------------------------


def assess(site: str, given: Iterable[Given], protected: bool = False) -> Assessment:
    """What the answers of one site come to, by the tool's steps.

    given: at most one answer for each criterion. protected: the map shows most of the site inside
    protected areas, so that a "yes" to criterion 1 cannot stand.
    A criterion that is not met, or consent refused, ends it: NOT. Everything met, with evidence and
    consent: QUALIFIES. Anything else is CANDIDATE, with what is missing.
    """
    own = sorted(given, key=lambda a: a.criterion)
    by_criterion = {a.criterion: a for a in own}
    failed = tuple(c.id for c in criteria() if _fails(by_criterion.get(c.id)))
    if any(a.consent == "no" for a in own) and CONSENT not in failed:
        failed = (*failed, CONSENT)
    missing = tuple(
        lack for c in criteria() for lack in _lacks(c.id, by_criterion.get(c.id), protected)
    )
    outcome = NOT if failed else CANDIDATE if missing else QUALIFIES
    return Assessment(
        site, outcome, _open_step({*failed, *(m.criterion for m in missing)}), failed, missing,
        _first(a.conservation for a in own), _first(a.type for a in own),
        max((a.day for a in own if a.day), default=None),
        tuple(sorted({a.assessor for a in own if a.assessor})), tuple(own),
    )  # fmt: skip


def _fails(given: Given | None) -> bool:
    return given is not None and given.answer == "no"


def _lacks(criterion: str, given: Given | None, protected: bool) -> list[Lack]:
    """What an answer that did not fail still lacks to be met: in itself, and in consent."""
    if given is None:
        return [Lack(criterion, "unanswered")]
    if given.answer == "no":
        return []
    own = _lack(given, criterion == NO_PROTECTED_AREA and protected)
    asked = given.consent == "unknown" and not (own and criterion == CONSENT)
    return [Lack(criterion, what) for what in (own, "consent" if asked else "") if what]


def _lack(given: Given, contradicted: bool) -> str:
    """What a yes still lacks, or what the answer is instead of one; "" where nothing is amiss."""
    if given.answer != "yes":
        return given.answer
    if contradicted:
        return "map"
    return "" if given.evidence else "evidence"


def _open_step(open_criteria: set[str]) -> str:
    steps = {c.step for c in criteria() if c.id in open_criteria}
    return next((step for step in STEPS if step in steps), DONE)


def _first(words: Iterable[str]) -> str:
    return next((word for word in words if word), "")


def assess_all(
    given: Iterable[Given], crosswalk: Crosswalk, protected: Mapping[str, float], limit: float,
    types: Mapping[str, str] | None = None,
) -> tuple[list[Assessment], list[Finding]]:  # fmt: skip
    """Every site that has an answer, in order of sites, and what the map says against answers.

    protected: share (0..1) of each site inside protected areas; from limit on, criterion 1 does not
    stand. types: the national type of each site, where its answers do not say it. The kind of
    conservation is the one given, else that of the type.
    """
    by_site: dict[str, list[Given]] = {}
    for answer in given:
        by_site.setdefault(answer.site, []).append(answer)
    made: list[Assessment] = []
    findings: list[Finding] = []
    for site, answers in sorted(by_site.items()):
        share = protected.get(site, 0.0)
        found = assess(site, answers, share >= limit)
        found = replace(found, type=found.type or (types or {}).get(site, ""))
        found = _with_type(found, crosswalk, findings)
        made.append(found)
        if share > 0:
            findings.append(_overlap(found, share, limit))
    return made, findings


def _with_type(found: Assessment, crosswalk: Crosswalk, findings: list[Finding]) -> Assessment:
    kind = crosswalk.find(found.type) if found.type else None
    if found.type and kind is None:
        message = say(
            "the type {name} is not in the crosswalk: add it to [account] crosswalk",
            name=found.type,
        )
        findings.append(Finding("oecm.unknown_type", found.site, Severity.WARNING, message, SOURCE))
    if not found.conservation and kind:
        return replace(found, conservation=kind.conservation)
    return found


def _overlap(found: Assessment, share: float, limit: float) -> Finding:
    told = f"{100 * share:.1f}"
    if share < limit:
        message = say("{share} % lies in protected areas; only the rest can count", share=told)
        return Finding("oecm.overlap", found.site, Severity.NOTE, message, SOURCE)
    message = say("{share} % lies in protected areas: the site is one, no OECM", share=told)
    return Finding("oecm.protected", found.site, Severity.WARNING, message, SOURCE)


def recorded_but_failing(found: Iterable[Assessment], recorded: Iterable[str]) -> list[Finding]:
    """Sites that are on record as OECMs, and counted, but do not meet the criteria."""
    listed = set(recorded)
    return [
        Finding(
            "oecm.recorded",
            a.site,
            Severity.ERROR if a.outcome == NOT else Severity.WARNING,
            say("it is recorded as an OECM, but: {missing}", missing=a.missing_text()),
            SOURCE,
        )
        for a in found
        if a.site in listed and a.outcome != QUALIFIES
    ]


def oecm_measures(
    assessments: Iterable[Assessment], areas: Mapping[str, float], place: str, period: str
) -> list[Measure]:
    """Sites and land gained by outcome."""
    outcomes = [a.outcome for a in assessments]
    made = []
    for outcome in OUTCOMES:
        by = (("outcome", outcome),)
        count = float(outcomes.count(outcome))
        made.append(Measure("account.oecm_sites", place, period, count, "1", by, method=SOURCE))
        area = areas.get(outcome, 0.0)
        made.append(Measure("account.oecm_area", place, period, area, "m2", by, method=SOURCE))
    return made
