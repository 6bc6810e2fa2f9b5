"""Key biodiversity areas: the worked examples, and what may never be decided."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.delineation.key_areas import (
    AT_MOST,
    ENDEMIC,
    GLOBAL,
    MET,
    NOT_MET,
    OPEN,
    Occurrence,
    Rules,
    Share,
    Verdict,
    best,
    of_ecosystem,
    of_evidence,
    of_species,
    of_species_together,
    rules,
)
from tianren.parameters import Parameters
from tianren.science.taxa import Taxon


@pytest.fixture(scope="module")
def rule() -> Rules:
    return rules(Parameters(dt.date(2026, 1, 1)))


def at_site(
    category: str,
    percent: float,
    units: float | None,
    *,
    decline: bool | None = False,
    basis: str = GLOBAL,
    **more: object,
) -> Occurrence:
    taxon = Taxon("Rana rara", "Amphibia", category=category, decline_only=decline)
    return Occurrence(taxon, (Share("mature_individuals", percent, basis),), units, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("category", "percent", "units", "decline", "met"),
    [  # W16
        ("EN", 0.6, 6, False, {"A1a"}),
        ("VU", 0.6, 6, False, set()),
        ("VU", 0.3, 12, True, {"A1d"}),
        ("EN", 12.0, 15, False, {"A1a", "B1"}),
        ("LC", 12.0, 9, False, set()),
        ("CR", 96.0, 3, False, {"A1e"}),
    ],
)
def test_worked_examples(
    rule: Rules, category: str, percent: float, units: float, decline: bool, met: set[str]
) -> None:
    found = of_species(at_site(category, percent, units, decline=decline), rule)
    assert {v.criterion for v in found if v.verdict == MET} == met
    assert all(v.verdict in (MET, NOT_MET) for v in found)


def test_what_is_missing_is_said(rule: Rules) -> None:
    unknown = {v.criterion: v for v in of_species(at_site("EN", 20.0, None, decline=None), rule)}
    assert unknown["A1a"].verdict == unknown["B1"].verdict == OPEN
    assert "5 reproductive units" in unknown["A1a"].missing
    assert "10 reproductive units" in unknown["B1"].missing
    assert "decline alone" in unknown["A1c"].missing
    assert unknown["A1e"].verdict == NOT_MET
    nothing = Occurrence(Taxon("Rana rara", category="VU"))
    assert {v.verdict for v in of_species(nothing, rule)} == {OPEN}


def test_a_national_share_rules_out_but_never_in(rule: Rules) -> None:
    much = {v.criterion: v for v in of_species(at_site("EN", 99.0, 50, basis=AT_MOST), rule)}
    assert much["A1a"].verdict == much["A1e"].verdict == much["B1"].verdict == OPEN
    assert "global" in much["A1e"].missing
    little = of_species(at_site("EN", 0.4, 50, basis=AT_MOST), rule)
    assert {v.verdict for v in little} == {NOT_MET}
    endemic = {v.criterion: v for v in of_species(at_site("EN", 99.0, 50, basis=ENDEMIC), rule)}
    assert endemic["A1e"].verdict == MET


@given(st.sampled_from(["CR", "EN", "VU", "LC", ""]), st.floats(0, 100), st.floats(0, 100))
def test_more_of_a_species_never_loses_a_criterion(
    category: str, percent: float, more: float
) -> None:
    rule = rules(Parameters(dt.date(2026, 1, 1)))
    met = [
        {v.criterion for v in of_species(at_site(category, p, 12), rule) if v.verdict == MET}
        for p in (percent, min(100.0, percent + more))
    ]
    assert met[0] <= met[1]


def test_the_order_of_estimators() -> None:
    order = ("mature_individuals", "occupancy", "range")
    shares = [Share("range", 3.0, ENDEMIC), Share("occupancy", 2.0, AT_MOST)]
    assert best(shares, order) == shares[0]  # exact goes before an upper bound
    shares.append(Share("occupancy", 1.0, ENDEMIC))
    assert best(shares, order) == shares[2]
    assert best([], order) is None


def small(name: str, km2: float | None, percent: float, group: str = "Amphibia") -> Occurrence:
    area = None if km2 is None else km2 * 1e6
    share = Share("range", percent, ENDEMIC)
    return Occurrence(Taxon(name, group, category="LC"), (share,), range_m2=area, ecoregion="wet")


def together(
    rule: Rules, *here: Occurrence, tied: int = 5, layer: bool = True
) -> dict[str, Verdict]:
    sizes = {(one.taxon.group, "wet"): tied for one in here}
    return {v.criterion: v for v in of_species_together(here, rule, sizes, layer)}


def test_two_restricted_species_make_b2(rule: Rules) -> None:
    a, b = small("A", 900, 1.0), small("B", 9_999, 4.0)
    assert together(rule, a, b)["B2"].verdict == MET
    assert together(rule, a)["B2"].verdict == NOT_MET
    assert together(rule, a, small("B", 9_999, 0.9))["B2"].verdict == NOT_MET
    between = together(rule, a, small("B", 40_000, 4.0))["B2"]
    assert between.verdict == OPEN
    assert "B" in between.missing
    assert together(rule, a, small("B", 60_000, 4.0))["B2"].verdict == NOT_MET


def test_a_group_of_unknown_size_decides_nothing(rule: Rules) -> None:
    ants = [small(name, 100, 5.0, "Formicidae") for name in "AB"]
    found = together(rule, *ants)["B2"]
    assert found.verdict == OPEN
    assert "Formicidae" in found.missing


def test_species_tied_to_an_ecoregion(rule: Rules) -> None:
    five = [small(name, 60_000, 0.5) for name in "ABCDE"]
    assert together(rule, *five)["B3a"].verdict == MET
    # A tenth of 80 species are 8.
    assert together(rule, *five, tied=80)["B3a"].verdict == NOT_MET
    assert "ecoregions" in together(rule, *five, layer=False)["B3a"].missing


def test_ecosystems(rule: Rules) -> None:
    def verdicts(category: str, percent: float, basis: str = GLOBAL) -> dict[str, str]:
        share = Share("extent", percent, basis)
        return {v.criterion: v.verdict for v in of_ecosystem("fen", category, share, rule)}

    assert verdicts("EN", 5.0) == {"A2a": MET, "B4": NOT_MET}
    assert verdicts("VU", 9.9) == {"A2b": NOT_MET, "B4": NOT_MET}
    assert verdicts("LC", 20.0) == {"B4": MET}
    assert verdicts("CR", 50.0, AT_MOST) == {"A2a": OPEN, "B4": OPEN}
    assert verdicts("CR", 4.0, AT_MOST) == {"A2a": NOT_MET, "B4": NOT_MET}


def test_declared_evidence(rule: Rules) -> None:
    bare = {v.criterion: v for v in of_evidence([at_site("CR", 1.0, None)], {}, rule)}
    assert set(bare) == {"C", "D1a", "D1b", "D2", "D3", "E"}
    assert {v.verdict for v in bare.values()} == {OPEN}
    assert "aggregation_share" in bare["D1a"].missing and "intact_sites" in bare["C"].missing
    facts = {"aggregation_share": "1", "aggregation_rank": "11", "refuge_share": "9"}
    here = [at_site("CR", 1.0, 5, facts=facts)]
    site = {"intact": "yes", "intact_sites": "2", "irreplaceability": "0.9"}
    found = {v.criterion: v.verdict for v in of_evidence(here, site, rule)}
    assert found == {
        "C": MET, "D1a": MET, "D1b": NOT_MET, "D2": NOT_MET, "D3": OPEN, "E": MET,
    }  # fmt: skip
    assert {v.criterion: v.verdict for v in of_evidence(here, {"intact": "no"}, rule)}[
        "C"
    ] == NOT_MET
    least = of_evidence([at_site("VU", 1.0, 5)], site, rule)[-1]
    assert (least.criterion, least.verdict, least.units_needed) == ("E", NOT_MET, 10)


def test_bioregions_and_most_important_habitat(rule: Rules) -> None:
    facts = {"bioregion_restricted": "yes", "most_important_habitat": "yes"}
    five = [at_site("LC", 0.1, 5, facts=facts) for _ in range(5)]
    found = together(rule, *five)
    assert found["B3c"].verdict == MET
    assert found["B3b"].verdict == OPEN
    assert "bioregion_species" in found["B3b"].missing
    known = [at_site("LC", 0.1, 5, facts={**facts, "bioregion_species": "16"}) for _ in range(5)]
    assert together(rule, *known)["B3b"].verdict == MET
    known = [at_site("LC", 0.1, 5, facts={**facts, "bioregion_species": "17"}) for _ in range(5)]
    assert together(rule, *known)["B3b"].verdict == NOT_MET
