"""Every type that a legend knows has a biome; what cannot be told apart is told."""

import datetime as dt

import pytest

from tianren.accounting.series import LEFT_OUT, SAMPLED, Years, year_findings, years_from
from tianren.accounting.typology import (
    biomes,
    made_by_people,
    mixed_waters,
    told_mixed,
    told_together,
    waters_apart,
)
from tianren.errors import UserError
from tianren.parameters import Parameters
from tianren.parameters.crosswalks import (
    crosswalk,
    ecosystems,
    land_cover_legends,
    legend,
    made_waters,
)
from tianren.parameters.crosswalks import made_by_people as made_codes

DAY = dt.date(2026, 1, 1)


@pytest.mark.parametrize("language", ["en", "zh_Hans", "es"])
def test_every_ecosystem_type_has_a_biome(language: str) -> None:
    assert set(biomes(language)) == set(ecosystems())
    names: dict[str, str] = {}
    for name in biomes(language).values():  # one code, one name
        assert names.setdefault(name.split()[0], name) == name


@pytest.mark.parametrize("legend", land_cover_legends())
def test_every_class_of_a_land_cover_legend_has_a_biome(legend: str) -> None:
    assert set(crosswalk(legend).values()) <= set(biomes())


def test_forests_of_a_land_cover_are_one_class_and_it_says_so() -> None:
    assert biomes()[crosswalk("igbp")[2]] == "T1-T2 Forests and woodlands"
    (finding,) = told_together(crosswalk("igbp").values(), "igbp")
    assert "T1-T2" in finding.message
    assert told_together(["steppe", "mangrove"], "my own") == []


def test_nothing_is_asked_of_what_people_made() -> None:
    """Of a class that holds a natural type too, it is asked."""
    classes = {1: "steppe", 2: "cropland", 3: "built_up", 4: "orchard"}
    names = {code: biomes()[kind] for code, kind in classes.items()}
    assert made_by_people(names, classes) == {"T7 Intensive land use"}
    assert made_by_people(dict.fromkeys(classes, "one"), classes) == frozenset()


@pytest.mark.parametrize("name", land_cover_legends())
def test_waters_that_people_made_are_classes_of_their_legend(name: str) -> None:
    """By the typology: reservoirs, ponds and ditches are F3, made; rivers and lakes F1 and F2."""
    assert made_waters(name) <= set(crosswalk(name))
    classes = waters_apart(name, crosswalk(name))
    made = {legend(name)[code] for code in made_waters(name)}
    natural = {legend(name)[code] for code in crosswalk(name)} - {
        legend(name)[code] for code in made_codes(name)
    }
    assert not made & natural
    assert {biomes()[classes[code]] for code in made_waters(name)} <= {"F3 Artificial wetlands"}
    for code, kind in classes.items():
        if legend(name)[code] in ("Lake", "Lakes", "River", "F1 Rivers and streams", "F2 Lakes"):
            assert biomes()[kind] == "F1-F2 Rivers and lakes"


def test_no_class_that_is_named_made_is_natural() -> None:
    kinds = ecosystems()
    for kind, name in biomes().items():
        assert ("F3" in name.split()[0]) <= kinds[kind].artificial


def test_where_a_land_cover_does_not_tell_made_waters_apart_it_says_so() -> None:
    names = {code: biomes()[kind] for code, kind in crosswalk("worldcover").items()}
    mixed = mixed_waters("worldcover", names, crosswalk("worldcover"))
    assert mixed == {"F1-F2 Rivers and lakes"}
    (told,) = told_mixed(mixed, "cover")
    assert "(F3) are in F1-F2 Rivers and lakes" in told.message
    own = waters_apart("cnlucc", crosswalk("cnlucc"))
    assert mixed_waters("cnlucc", {code: biomes()[k] for code, k in own.items()}, own) == set()
    assert told_mixed([], "cover") == []


def test_rules_of_years_come_from_the_parameters() -> None:
    sampled = years_from(Parameters(DAY, choices={"account.unknown_years": SAMPLED}), seed=7)
    assert (sampled.unknown, sampled.seed, sampled.draws) == (SAMPLED, 7, 100)
    assert (sampled.low, sampled.high) == pytest.approx((0.025, 0.975))
    left = years_from(Parameters(DAY, choices={"account.unknown_years": LEFT_OUT}), seed=0)
    assert left.unknown == LEFT_OUT


def test_an_unknown_treatment_is_refused() -> None:
    from dataclasses import replace

    word = replace(Parameters(DAY)["account.unknown_years"], value="guessed")
    with pytest.raises(UserError, match="guessed"):
        years_from(Parameters(DAY, overrides={"account.unknown_years": word}), seed=0)


def test_sites_without_a_year_are_told_with_their_number() -> None:
    import pandas as pd

    sites = pd.DataFrame({"year": pd.array([1990, None, None], dtype="Int64")})
    (finding,) = year_findings(sites, Years(SAMPLED, draws=9))  # type: ignore[arg-type]
    assert finding.message.startswith("2 of 3 sites have no year")
    assert "9 times" in finding.message
    assert year_findings(sites.iloc[:1], Years()) == []  # type: ignore[arg-type]
