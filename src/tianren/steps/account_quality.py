"""How good what is counted is: effectiveness, equity, OECMs, the species that it holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tianren.accounting import effectiveness, equity
from tianren.accounting.assessments import Score, read_assessments
from tianren.accounting.coverage import REDLINE, Balance
from tianren.accounting.forms import SiteNames, site_names
from tianren.accounting.oecm import Given, consented
from tianren.findings import Finding, Severity
from tianren.language import say_many
from tianren.measures import Measure, by_pairs
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults
from tianren.steps.account_connectivity import connectivity
from tianren.steps.account_ground import Ground
from tianren.steps.account_tables import Asked, attribution
from tianren.steps.account_writing import write_table

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project


@dataclass
class Quality:
    """Measures and findings of quality; movable: those that a what-if makes again."""

    measures: list[Measure] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    movable: list[Measure] = field(default_factory=list)
    linked: "Callable[[GeoDataFrame], list[Measure]] | None" = None

    def again(self, sites: "GeoDataFrame") -> list[Measure]:
        """The movable measures for other sites."""
        return self.linked(sites) if self.linked else []


def quality(
    project: "Project", run: Run, parameters: Parameters, ground: Ground, main: Balance,
    earlier: tuple[RunResults | None, RunResults | None], asked: Asked,
) -> Quality:  # fmt: skip
    """effectiveness.csv, equity.csv, oecm.csv and the measures of all three."""
    made = Quality()
    rows = attribution(main)
    mine = rows[rows["kind"] != REDLINE]
    areas = {str(s): float(a) for s, a in mine.groupby("site_id")["area_m2"].sum().items()}
    scores = _scores(project, ground, made)
    _effectiveness(project, run, parameters, (scores, areas), asked, made)
    assessed, species = earlier
    _equity(project, run, ground, (scores, areas, _consents(assessed)), asked, made)
    _oecm(run, assessed, made)
    _species(run, species, made)
    _connectivity(project, run, parameters, ground, assessed, asked, made)
    return made


def _connectivity(
    project: "Project", run: Run, parameters: Parameters, ground: Ground,
    assessed: RunResults | None, asked: Asked, made: Quality,
) -> None:  # fmt: skip
    """Connectivity; of the whole it can be moved."""
    found = connectivity(project, run, parameters, ground, assessed, asked)
    made.measures += [*found.whole, *found.regional]
    made.findings += found.findings
    made.movable += found.whole
    made.linked = found.again


def _scores(project: "Project", ground: Ground, made: Quality) -> list[Score]:
    """The assessments of sites that count; those of sites that cleaning refused are told."""
    names = _known_names(ground)
    scores: list[Score] = []
    for source in project.account.assessments:
        table, told = project.table(source)
        found, more = read_assessments(table, names, project.day, project.entry(source).where)
        scores += found
        made.findings += [*told, *more]
    counted = set(ground.sites["site_id"].astype(str))
    away = sorted({s.site for s in scores} - counted)
    made.findings += [_not_counted(away)] if away else []
    return [s for s in scores if s.site in counted]


def _known_names(ground: Ground) -> SiteNames:
    """Every site of the lists by id and by name; a name means the site that counts, if one does."""
    every, counted = (
        site_names(zip(sites["site_id"].astype(str), sites["name"].astype(str), strict=True))
        for sites in (ground.found.cleaned.every, ground.sites)
    )
    return SiteNames(every.by_id, {**every.by_name, **counted.by_name})


def _not_counted(sites: list[str]) -> Finding:
    message = say_many(
        "{n} assessed site does not count, and neither does its assessment: {names}",
        "{n} assessed sites do not count, and neither do their assessments: {names}",
        len(sites), names=", ".join(sites[:5]) + (" ..." if len(sites) > 5 else ""),
    )  # fmt: skip
    return Finding(
        "assessments.not_counted",
        "assessments",
        Severity.NOTE,
        message,
        "Tianren: How the account is made",
    )


def _effectiveness(
    project: "Project", run: Run, parameters: Parameters,
    of: tuple[list[Score], Mapping[str, float]], asked: Asked, made: Quality,
) -> None:  # fmt: skip
    scores, areas = of
    rules, day = effectiveness.levels(parameters), project.day
    table = effectiveness.site_rows(scores, areas, rules, day)
    write_table(run, "effectiveness.csv", table, effectiveness.COLUMNS)
    made.measures += effectiveness.effectiveness_measures(scores, areas, rules, day, asked.place)
    made.findings += effectiveness.effectiveness_findings(scores, areas)


def _consents(assessed: RunResults | None) -> dict[str, bool]:
    """Whether consent is on record for each site whose answers the OECM assessment read."""
    answers: dict[str, list[Given]] = {}
    for row in assessed.rows("answers.csv") if assessed else []:
        site, criterion, answer = row["site"], row["criterion"], row["answer"]
        given = Given(site, criterion, answer, row["evidence"], row["consent"])
        answers.setdefault(site, []).append(given)
    return {site: consented(own) for site, own in answers.items()}


def _equity(
    project: "Project", run: Run, ground: Ground,
    of: tuple[list[Score], Mapping[str, float], Mapping[str, bool]], asked: Asked,
    made: Quality,
) -> None:  # fmt: skip
    scores, areas, consents = of
    rows = equity.site_rows(ground.sites, areas, consents, scores)
    write_table(run, "equity.csv", rows, equity.EQUITY_COLUMNS)
    territories = None
    source = project.account.territories
    if source:
        layer, told = project.vector(source)
        made.findings += told
        territories = equity.territory_areas(
            layer, project.account.territory_column, ground.sites,
            ground.region.geometry.to_numpy(), project.entry(source).where,
        )  # fmt: skip
        write_table(run, "territories.csv", territories, equity.TERRITORY_COLUMNS)
    made.measures += equity.equity_measures(rows, scores, territories, asked.place, asked.period)
    made.findings += equity.equity_findings(rows, scores)


def _oecm(run: Run, assessed: RunResults | None, made: Quality) -> None:
    """The tables and measures of the OECM assessment, as that run has them."""
    if assessed is None:
        return
    for name in ("oecm.csv", "queue.csv", "classes.csv"):
        if assessed.has(name):
            run.write_text(name, assessed.path(name).read_text(encoding="utf-8"))
    made.measures += [_measure(row, assessed) for row in assessed.measures]
    made.findings += [Finding.from_dict(row) for row in assessed.findings]


SPECIES = ("species.covered", "species.protection_index", "species.representativeness",
           "species.not_viable")  # fmt: skip


def _species(run: Run, held: RunResults | None, made: Quality) -> None:
    """What protected areas and the redline hold of species, and whether it can last."""
    if held is None:
        return
    for name in ("coverage.csv", "viability.csv"):
        if held.has(name):
            text = held.path(name).read_text(encoding="utf-8")
            run.write_text(f"species_{name}", text)
    made.measures += [_measure(r, held) for r in held.measures if r["indicator"] in SPECIES]
    made.findings += [Finding.from_dict(r) for r in held.findings if r["rule"].startswith("gaps.")]


def _measure(row: Mapping[str, str], run: RunResults) -> Measure:
    """A measure of an earlier run, which is its source."""
    return Measure(
        row["indicator"], row["place"], row["period"], float(row["value"]), row["unit"],
        by_pairs(row["by"]), method=row["method"], sources=(run.id,),
    )  # fmt: skip
