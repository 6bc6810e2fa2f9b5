"""Who governs what is counted, with whose consent, whose territories it lies in, and how fairly.

Four types of governance (IUCN: government, shared, private, indigenous peoples and local
communities), by area that counts for each site; free, prior and informed consent of recorded OECMs;
territories of indigenous peoples and local communities by recognition; SAGE scores.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.accounting.assessments import GOVERNANCE as GOVERNED
from tianren.accounting.assessments import Score, latest
from tianren.accounting.classes import GOVERNANCE
from tianren.accounting.effectiveness import weighted
from tianren.accounting.forms import meaning
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.overlay import NOBODY, Claim, pieces
from tianren.language import say
from tianren.measures import Measure

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

UNTOLD = "not_told"
RECOGNITION = ("recognised", "partly", "not_recognised", UNTOLD)
INSIDE = ("PA", "OECM", "outside")
SOURCE = "CBD decision 15/4, target 3; IUCN governance types (Borrini-Feyerabend et al. 2013)"
EQUITY_COLUMNS = ("site_id", "kind", "governance_type", "area_m2", "consent", "sage_percent")
TERRITORY_COLUMNS = ("recognition", "inside", "area_m2")


def governance_areas(types: Mapping[str, str], areas: Mapping[str, float]) -> dict[str, float]:
    """m2 that count by governance type, each square metre once; sites that do not say are UNTOLD.

    types: site -> one of the four, or ""; areas: site -> m2 that count for it.
    """
    found = dict.fromkeys((*GOVERNANCE, UNTOLD), 0.0)
    for site, area in areas.items():
        found[types.get(site, "") or UNTOLD] += area
    return found


def diversity(areas: Mapping[str, float]) -> float | None:
    """Effective number of governance types, exp of Shannon's entropy of their areas (Hill 1973):
    1 where one governs all, 4 where all four govern alike; None where none is told."""
    told = [areas[g] for g in GOVERNANCE if areas[g] > 0]
    total = sum(told)
    if not told:
        return None
    return math.exp(-sum(a / total * math.log(a / total) for a in told))


def territory_areas(
    territories: "GeoDataFrame",
    column: str,
    sites: "GeoDataFrame",
    region: NDArray[Any],
    where: str,
) -> "DataFrame":  # fmt: skip
    """Territories by recognition, inside protected areas, inside OECMs, outside both, m2.

    territories: polygons, column: the one of recognition ("" for none told); sites: columns kind;
    region: its polygons; one equal-area CRS. Overlapping territories count once, under the more
    recognised. Raises UserError for a recognition that is not known.
    """
    import pandas as pd

    said = recognition(territories, column, where)
    order = np.argsort([RECOGNITION.index(r) for r in said], kind="stable")
    shapes, kinds = sites.geometry.to_numpy(), sites["kind"].to_numpy()
    found = pieces([
        Claim(territories.geometry.to_numpy(), order), Claim(region),
        Claim(shapes[kinds == "PA"]), Claim(shapes[kinds == "OECM"]),
    ])  # fmt: skip
    mine = (found.owner[:, 0] != NOBODY) & (found.owner[:, 1] != NOBODY)
    owner, area = found.owner[mine], found.area[mine]
    inside = np.where(owner[:, 2] != NOBODY, 0, np.where(owner[:, 3] != NOBODY, 1, 2))
    level = np.array([RECOGNITION.index(r) for r in said], dtype=np.int64)[owner[:, 0]]
    size = len(RECOGNITION) * len(INSIDE)
    sums = np.bincount(level * len(INSIDE) + inside, area, minlength=size)
    rows = [(r, i) for r in RECOGNITION for i in INSIDE]
    table = pd.DataFrame(rows, columns=list(TERRITORY_COLUMNS[:2]))
    table["area_m2"] = sums
    return table


def recognition(territories: "GeoDataFrame", column: str, where: str) -> list[str]:
    if not column:
        return [UNTOLD] * len(territories)
    if column not in territories.columns:
        raise UserError(
            f"the territories have no column {column}",
            where=where,
            next_step="name the column of recognition, or leave it out",
        )
    found = []
    for number, text in enumerate(territories[column].fillna("").astype(str), start=1):
        value = meaning("recognition", text) if text.strip() else UNTOLD
        if value is None:
            raise UserError(
                f"the recognition {text!r} is not known",
                where=f"{where}, feature {number}",
                next_step=f"write one of {', '.join(RECOGNITION[:3])}, or leave it empty",
            )
        found.append(value)
    return found


def site_rows(
    sites: "DataFrame", areas: Mapping[str, float], consents: Mapping[str, bool],
    scores: Iterable[Score],
) -> "DataFrame":  # fmt: skip
    """One row for each counted site: EQUITY_COLUMNS. sites: columns site_id, kind,
    governance_type (accounting.classes.with_types); consents: of assessed sites, whether consent is
    on record (accounting.oecm.consented); consent: yes, no, or "" where not asked."""
    import pandas as pd

    last = latest(scores, GOVERNED)
    rows = []
    own = sites.drop_duplicates("site_id").sort_values("site_id")
    for site, kind, governance in own[["site_id", "kind", "governance_type"]].to_numpy():
        score = last.get(site)
        consent = {True: "yes", False: "no", None: ""}[consents.get(site)]
        percent = score.percent if score else None
        rows.append((site, kind, governance, areas.get(site, 0.0), consent, percent))
    return pd.DataFrame(rows, columns=list(EQUITY_COLUMNS))


def equity_measures(
    rows: "DataFrame", scores: Iterable[Score], territories: "DataFrame | None", place: str,
    period: str,
) -> list[Measure]:  # fmt: skip
    """Area by governance, its diversity, consent of OECMs, SAGE by area, territories.

    rows: of site_rows; territories: of territory_areas, or None.
    """
    areas = dict(zip(rows["site_id"], rows["area_m2"].astype(float), strict=True))
    types = dict(zip(rows["site_id"], rows["governance_type"], strict=True))
    made = [
        *_governance(governance_areas(types, areas), place, period),
        *_consent(rows, place, period),
        *_fairness(latest(scores, GOVERNED), areas, place, period),
    ]
    if territories is not None:
        made += [
            _measure("account.territories", place, period, area, "m2",
                     ("recognition", recognition), ("inside", inside))
            for recognition, inside, area in territories[list(TERRITORY_COLUMNS)].to_numpy()
        ]  # fmt: skip
    return made


def _measure(
    indicator: str, place: str, period: str, value: float, unit: str, *by: tuple[str, str]
) -> Measure:
    return Measure(indicator, place, period, float(value), unit, by, method=SOURCE)


def _governance(areas: Mapping[str, float], place: str, period: str) -> list[Measure]:
    total = sum(areas.values())
    if total <= 0:
        return []
    made = [
        _measure("account.governance_share", place, period, 100 * area / total, "%",
                 ("governance", name))
        for name, area in areas.items()
    ]  # fmt: skip
    number = diversity(areas)
    if number is not None:
        made.append(_measure("account.governance_diversity", place, period, number, "1"))
    return made


def _consent(rows: "DataFrame", place: str, period: str) -> list[Measure]:
    oecms = rows[rows["kind"] == "OECM"]
    total = float(oecms["area_m2"].sum())
    if total <= 0:
        return []
    given = float(oecms.loc[oecms["consent"] == "yes", "area_m2"].sum())
    return [_measure("account.consent_share", place, period, 100 * given / total, "%")]


def _fairness(
    last: Mapping[str, Score], areas: Mapping[str, float], place: str, period: str
) -> list[Measure]:
    total = sum(areas.values())
    mine = {s: x for s, x in last.items() if areas.get(s, 0.0) > 0}
    if total <= 0:
        return []
    share = 100 * sum(areas[s] for s in mine) / total
    made = [_measure("account.equity_share", place, period, share, "%")]
    if mine:
        made.append(_measure("account.equity", place, period, weighted(mine, areas), "%"))
    return made


def equity_findings(rows: "DataFrame", scores: Sequence[Score]) -> list[Finding]:
    """OECMs that count without consent on record, and scores that one group alone gave."""
    without = rows[(rows["kind"] == "OECM") & (rows["consent"] != "yes") & (rows["area_m2"] > 0)]
    found = [
        Finding(
            "equity.consent",
            str(site),
            Severity.WARNING,
            say("it counts as an OECM, but free, prior and informed consent is not on record"),
            SOURCE,
        )
        for site in without["site_id"]
    ]
    alone = sorted(s.site for s in latest(scores, GOVERNED).values() if s.groups == 1)
    return found + [
        Finding(
            "equity.one_group",
            site,
            Severity.NOTE,
            say("its governance is scored by one group of actors alone"),
            SOURCE,
        )
        for site in alone
    ]
