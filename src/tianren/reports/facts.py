"""What the run's numbers say, as sentences: the titles of maps and the first page of the report."""

import numpy as np

from tianren.io.previews import read_preview
from tianren.language import say
from tianren.measures import Measure
from tianren.reports import numerals, palette, words
from tianren.reports.contents import Contents, Row


def total_area(contents: Contents) -> float:
    """The redline's area, m2: the measure, or the sum of the pieces."""
    found = contents.pick("redline.area")
    if found is not None:
        return found.value
    by_realm = contents.broken_down("redline.area", "realm")
    if by_realm:
        return sum(m.value for m in by_realm)
    return 0.0 if contents.pieces is None else float(contents.pieces["area_m2"].sum())


def region_area(contents: Contents) -> float:
    """The area of land and sea together, m2; 0 when the run does not say."""
    found = contents.pick("region.area")
    if found is not None:
        return found.value
    return sum(m.value for m in contents.broken_down("region.area", "realm"))


def realms(contents: Contents) -> list[str]:
    """The realms of the region: land, sea, or both."""
    found = [dict(m.by)["realm"] for m in contents.broken_down("region.area", "realm")]
    return [r for r in ("land", "sea") if r in found] or ["land"]


def share_of(contents: Contents, realm: str) -> float | None:
    """The redline as percent of a realm, or None when the run does not say."""
    found = contents.pick("redline.share", realm=realm) or (
        contents.pick("redline.share") if realms(contents) == [realm] else None
    )
    return None if found is None else found.value


def piece_count(contents: Contents) -> int:
    return 0 if contents.pieces is None else len(contents.pieces)


def areas_by_category(contents: Contents) -> list[tuple[str, float]]:
    """(category, area in m2) in the order of the report's categories, from the pieces."""
    if contents.pieces is None:
        return []
    sums = {
        str(k): float(v) for k, v in contents.pieces.groupby("category")["area_m2"].sum().items()
    }
    known = [c for c in palette.CATEGORY_LOOKS if c in sums]
    return [(c, sums[c]) for c in [*known, *sorted(set(sums) - set(known))]]


def redline_statement(contents: Contents) -> str:
    """ "The redline covers 31.2 % of the land (12,900 km²) in 25 pieces"."""
    count, area = numerals.number(piece_count(contents), 0), numerals.km2(total_area(contents))
    shares = {r: share_of(contents, r) for r in realms(contents)}
    land, sea = shares.get("land"), shares.get("sea")
    if land is not None and sea is not None:
        return say(
            "The redline covers {land} of the land and {sea} of the sea: "
            "{area} km² in {count} pieces",
            land=numerals.percent(land),
            sea=numerals.percent(sea),
            area=area,
            count=count,
        )
    known = land if land is not None else sea
    if known is None:
        return say("The redline covers {area} km² in {count} pieces", area=area, count=count)
    where = say("the land") if land is not None else say("the sea")
    return say(
        "The redline covers {percent} of {realm}: {area} km² in {count} pieces",
        percent=numerals.percent(known),
        realm=where,
        area=area,
        count=count,
    )


def grade_areas(contents: Contents, name: str, realm: str = "") -> dict[int, float]:
    """Grade -> area in m2, in one realm or both; empty when the measures do not say."""
    found: dict[int, float] = {}
    for measure in contents.measures:
        by = dict(measure.by)
        mine = measure.indicator == "function.area" and name in (
            by.get("function"),
            by.get("sensitivity"),
        )
        if mine and realm in ("", by.get("realm")):
            found[int(by["grade"])] = found.get(int(by["grade"]), 0.0) + measure.value
    return found


def grade_shares(contents: Contents, name: str, realm: str = "") -> dict[int, float]:
    """Grade -> percent of the graded area: from the measures, else counted on the preview."""
    found = grade_areas(contents, name, realm)
    if not found:
        cells = read_preview(contents.grade_path(name), category=True).cells
        found = {c: float(np.count_nonzero(cells == c)) for c in (5, 3, 1, 0)}
    total = sum(found.values())
    return {c: 100 * a / total for c, a in found.items() if a > 0} if total else {}


def realm_of(contents: Contents, name: str) -> str:
    """The realm that a criterion speaks of: land where it is graded there, else the sea."""
    return "land" if any(grade_areas(contents, name, "land").values()) else "sea"


def where(contents: Contents, name: str) -> str:
    """That realm inside a sentence: "of the land"."""
    return say("the land") if realm_of(contents, name) == "land" else say("the sea")


Curve = list[tuple[float, float]]  # (percent of the land, percent of the function it holds)


def lorenz(contents: Contents, name: str) -> Curve:
    """How much of a function the best land holds, over the whole realm.

    Empty when the grading has several scopes on land: each has a curve of its own.
    """
    curves = lorenz_by_scope(contents, name)
    wanted = set(curves) if len(curves) == 1 else set(curves) & {realm_of(contents, name)}
    return curves[wanted.pop()] if len(wanted) == 1 else []


def lorenz_by_scope(contents: Contents, name: str) -> dict[str, Curve]:
    """Scope -> its curve, best land first; the scope with the largest total comes first."""
    found: dict[str, Curve] = {}
    for m in contents.measures:
        by = dict(m.by)
        if m.indicator == "function.lorenz" and by.get("function") == name:
            found.setdefault(by.get("scope", ""), []).append((_percent_of(m), m.value))
    totals = _totals(contents, name)
    order = sorted(found, key=lambda scope: (-totals.get(scope, 0.0), scope))
    return {scope: [(0.0, 0.0), *sorted(found[scope]), (100.0, 100.0)] for scope in order}


def _totals(contents: Contents, name: str) -> dict[str, float]:
    """Scope -> the function's total, where the run tells one."""
    return {
        dict(m.by)["scope"]: m.value
        for m in contents.measures
        if m.indicator.startswith(f"{name}.") and [d for d, _ in m.by] == ["scope"]
    }


def at(curve: Curve, percent: float) -> float:
    """What the best given percent of the land holds, percent."""
    land, share = zip(*curve, strict=True)
    return float(np.interp(percent, land, share))


def _percent_of(measure: Measure) -> float:
    return float(dict(measure.by)["best_land_percent"])


def held(contents: Contents, name: str) -> float | None:
    """Percent of a function's total that lies inside the redline."""
    found = contents.pick("function.held", function=name)
    return None if found is None else found.value


def grade_statement(contents: Contents, name: str) -> str:
    """ "31.0 % of the land holds 50.0 % of the water conserved"."""
    best = grade_shares(contents, name, realm_of(contents, name)).get(5, 0.0)
    percent, realm = numerals.percent(best), where(contents, name)
    if name in palette.SENSITIVITIES:
        return say(
            "{percent} of {realm} is extremely sensitive to {hazard}",
            percent=percent,
            realm=realm,
            hazard=words.hazard(name),
        )
    share = held_by_best(contents, name, best)
    if share is None:
        return say(
            "{percent} of {realm} is extremely important for {service}",
            percent=percent,
            realm=realm,
            service=words.service(name),
        )
    return say(
        "{percent} of {realm} holds {share} of {service}",
        percent=percent,
        realm=realm,
        share=numerals.percent(share),
        service=words.service(name),
    )


def held_by_best(contents: Contents, name: str, percent: float) -> float | None:
    """Percent of a function that the best given percent of the land holds, off the Lorenz curve."""
    curve = lorenz(contents, name)
    return at(curve, percent) if curve and percent > 0 else None


def value_statement(contents: Contents, name: str) -> str:
    """ "The best tenth of the land holds 38.2 % of the water conserved"."""
    share = held_by_best(contents, name, 10.0)
    if share is None or name in palette.SENSITIVITIES:
        return say("{criterion}: the values behind the grades", criterion=words.criterion(name))
    return say(
        "The best tenth of {realm} holds {share} of {service}",
        realm=where(contents, name),
        share=numerals.percent(share),
        service=words.service(name),
    )


def core_statement(contents: Contents) -> str:
    """The small multiples' title: how many criteria, and which finds the most."""
    names = contents.computed
    best = max(names, key=lambda n: grade_shares(contents, n).get(5, 0.0))
    return say(
        "{count} criteria draw the line; the first grade covers most in: {criterion}, {percent}",
        count=len(names),
        criterion=words.criterion(best),
        percent=numerals.percent(grade_shares(contents, best).get(5, 0.0)),
    )


def draws(contents: Contents) -> str:
    """How many draws a robustness run made, as text; empty when it does not say."""
    for indicator in ("robustness.area", "robustness.core"):
        for measure in contents.measures:
            if measure.indicator == indicator and "draws" in dict(measure.by):
                return dict(measure.by)["draws"]
    found = contents.run.get("settings", {})
    return str(found.get("robustness", "") or found.get("draws", "") or "")


def robust_statement(contents: Contents) -> str:
    """ "70 % of the redline's area is inside in every one of 20 draws"."""
    always = contents.always_inside
    if always is None:
        return say("How often each place is inside the redline")
    share, count = numerals.percent(always), draws(contents)
    if not count:
        return say("{share} of the redline's area is inside in every draw", share=share)
    return say(
        "{share} of the redline's area is inside in every one of {count} draws",
        share=share,
        count=count,
    )


def approximate_layers(contents: Contents) -> list[str]:
    """The layers that are only approximate, by name in the current language."""
    return sorted({words.source(i) for i in contents.inputs if i.get("approximate")})


def needs(criterion: Row) -> list[Row]:
    """The layers that a criterion lacks: layer, unit and where one usually gets it."""
    return list(criterion.get("needs", [])) if criterion.get("status") == "missing" else []
