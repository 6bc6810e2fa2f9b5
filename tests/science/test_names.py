"""Names: how they are typed does not matter, what they mean is said by the checklist alone."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.science.names import (
    _AUTHOR_WORDS,
    _OPEN,
    _RANKS,
    Checklist,
    alike,
    match_name,
    match_names,
    read_checklist,
    scientific_name,
)


@pytest.mark.parametrize(
    ("written", "text", "species", "rank"),
    [
        ("Panthera tigris (Linnaeus, 1758)", "Panthera tigris", "Panthera tigris", "species"),
        ("  PANTHERA  TIGRIS ", "Panthera tigris", "Panthera tigris", "species"),
        ("panthera_tigris", "Panthera tigris", "Panthera tigris", "species"),
        ("Panthera tigris altaica", "Panthera tigris altaica", "Panthera tigris", "infraspecific"),
        ("Adansonia za Baill.", "Adansonia za", "Adansonia za", "species"),
        ("Aus za var. bus H.Perrier", "Aus za var. bus", "Aus za", "infraspecific"),
        ("Acacia salicina f. Benth.", "Acacia salicina", "Acacia salicina", "species"),
        ("Mentha x piperita L.", "Mentha × piperita", "Mentha × piperita", "species"),
        ("Mentha ×piperita", "Mentha × piperita", "Mentha × piperita", "species"),
        ("Sus scrofa de Blainville", "Sus scrofa", "Sus scrofa", "species"),
        ("Polygonia c-album", "Polygonia c-album", "Polygonia c-album", "species"),
        ("Boophis", "Boophis", "", "genus"),
        ("Boophis Tschudi, 1838", "Boophis", "", "genus"),
        ("Boophis sp. 3", "Boophis sp. 3", "", "uncertain"),
        ("Boophis cf. luteus", "Boophis cf. luteus", "", "uncertain"),
        ("A_digitata", "A digitata", "", "none"),
        ("ABET04", "ABET04", "", "none"),
        ("大熊猫", "大熊猫", "大熊猫", "other"),
        ("  ", "", "", "none"),
    ],
)  # fmt: skip
def test_one_form_of_a_name(written: str, text: str, species: str, rank: str) -> None:
    name = scientific_name(written)
    assert (name.text, name.species, name.rank) == (text, species, rank)


EPITHET = st.text("abcdefghijklmnoprstuv", min_size=3, max_size=9).filter(
    lambda w: w not in _AUTHOR_WORDS and w not in _RANKS and w not in _OPEN
)  # fmt: skip


@given(
    EPITHET,
    EPITHET,
    st.sampled_from(["", " (L., 1758)", " Baill.", " de Vries", " Müller & Troschel"]),
)
def test_how_it_is_typed_does_not_matter(genus: str, epithet: str, author: str) -> None:
    wanted = scientific_name(f"{genus.capitalize()} {epithet}").text
    for typed in (f"{genus.capitalize()}_{epithet}{author}", f" {genus}  {epithet}{author} "):
        assert scientific_name(typed).text == wanted
    assert scientific_name(wanted).text == wanted


def checklist(*rows: tuple[str, str]) -> Checklist:
    table = pd.DataFrame(rows, columns=["scientificName", "acceptedNameUsage"])
    return read_checklist(table)[0]


def test_synonyms_lead_to_the_accepted_name_and_chains_are_followed() -> None:
    known = checklist(
        ("Felis tigris L., 1758", "Panthera tigris"),
        ("Tigris regalis", "Felis tigris"),
        ("Panthera tigris (Linnaeus, 1758)", ""),
        ("大熊猫", "Ailuropoda melanoleuca"),
    )
    for written in ("felis TIGRIS", "Tigris regalis Gray", "Panthera_tigris", "Panthera Tigris"):
        assert match_name(written, known).species == "Panthera tigris"
    assert match_name("大熊猫", known).species == "Ailuropoda melanoleuca"
    assert match_name("Felis tigris", known).how == "synonym"
    assert match_name("Panthera tigris altaica", known).how == "infraspecific"


def test_a_near_name_is_advice_and_never_a_match() -> None:
    known = checklist(("Adansonia perrieri", ""), ("Adansonia za", ""))
    found = match_name("Adansonia perieri", known)
    assert (found.species, found.how, found.candidates) == (
        "",
        "unmatched",
        ("Adansonia perrieri",),
    )


def test_a_name_of_two_meanings_matches_nothing_unless_its_author_tells() -> None:
    table = pd.DataFrame(
        [("Aus bus L.", "Xus one"), ("Aus bus Smith", "Yus two")],
        columns=["name", "accepted name"],
    )
    known, findings = read_checklist(table)
    assert match_name("Aus bus", known).how == "ambiguous"
    assert match_name("Aus bus", known).candidates == ("Xus one", "Yus two")
    assert match_name("Aus bus Smith", known).species == "Yus two"
    assert [f.rule for f in findings] == ["names.ambiguous"]


def test_a_circle_of_synonyms_is_told() -> None:
    table = pd.DataFrame(
        [("Aus bus", "Cus dus"), ("Cus dus", "Aus bus")], columns=["name", "accepted"]
    )
    known, findings = read_checklist(table)
    assert {f.rule for f in findings} == {"names.circle"}
    assert match_name("Aus bus", known).species == ""


def test_accepted_names_by_id() -> None:
    table = pd.DataFrame(
        [("1", "Felis leo", "2"), ("2", "Panthera leo", "2")],
        columns=["taxonID", "scientificName", "acceptedNameUsageID"],
    )
    assert match_name("Felis leo", read_checklist(table)[0]).species == "Panthera leo"


def test_without_a_checklist_names_stand_as_written() -> None:
    found = match_names(["Aus bus L.", "Aus", "Aus sp.", "", "Aus bus cus"], None)
    assert [m.species for m in found.values()] == ["Aus bus", "", "", "", "Aus bus"]
    assert [m.how for m in found.values()] == [
        "as written", "genus only", "uncertain", "no name", "infraspecific",
    ]  # fmt: skip


def test_a_checklist_without_names_is_refused() -> None:
    with pytest.raises(UserError, match="no column of names"):
        read_checklist(pd.DataFrame({"foo": ["a"]}))


@given(
    st.permutations(
        [("Aus bus", "Cus dus"), ("Cus dus", ""), ("Eus fus", "Aus bus"), ("Eus gus", "")]
    )
)
def test_the_order_of_rows_does_not_matter(rows: list[tuple[str, str]]) -> None:
    known = checklist(*rows)
    assert match_name("Eus fus", known).species == "Cus dus"
    assert known.accepted == {"Cus dus", "Eus gus"}


def test_names_that_differ_by_little_are_named_in_pairs() -> None:
    names = ["Rana temporaria", "Rana temporária", "Rana arvalis", "Bufo bufo", "Rana temporaria"]
    assert alike(names) == [("Rana temporaria", "Rana temporária")]
