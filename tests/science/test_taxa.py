"""Status tables: words of three languages, and what cannot be read is told with its row."""

import pandas as pd
import pytest

from tianren.errors import UserError
from tianren.findings import Severity
from tianren.science.names import read_checklist
from tianren.science.taxa import CATEGORIES, Taxon, read_taxa, unlisted_names, without_status


def test_chinese_headings_and_words() -> None:
    table = pd.DataFrame(
        {
            "学名": ["Ailuropoda melanoleuca (David, 1869)"],
            "中文名": ["大熊猫"],
            "类群": ["mammals"],
            "科": ["Ursidae"],
            "国家重点保护级别": ["国家一级"],
            "濒危等级": ["易危"],
            "中国特有": ["是"],
        }
    )
    taxa, findings = read_taxa(table)
    assert findings == []
    assert taxa == [
        Taxon("Ailuropoda melanoleuca", "mammals", "Ursidae", "I", "VU", True, common_name="大熊猫")
    ]
    assert taxa[0].threatened


def test_spanish_and_english_headings() -> None:
    spanish = pd.DataFrame(
        {"Especie": ["Aus bus"], "Categoría UICN": ["En peligro crítico"], "Endémica": ["sí"]}
    )
    english = pd.DataFrame(
        {"species": ["Aus bus"], "red_list_category": ["cr"], "Endemic": ["YES"]}
    )
    assert (
        read_taxa(spanish)[0]
        == read_taxa(english)[0]
        == [Taxon("Aus bus", category="CR", endemic=True)]
    )


def test_every_category_reads_as_itself() -> None:
    table = pd.DataFrame(
        {"species": [f"Aus {c.lower()}us" for c in CATEGORIES], "category": CATEGORIES}
    )
    assert {t.category for t in read_taxa(table)[0]} == set(CATEGORIES)


@pytest.mark.parametrize(
    ("column", "value"),
    [("category", "XX"), ("protection", "III"), ("endemic", "maybe"), ("population", "1,234"),
     ("population", "-5")],
)  # fmt: skip
def test_a_value_that_is_not_known_is_told_with_its_row(column: str, value: str) -> None:
    table = pd.DataFrame({"species": ["Aus bus", "Cus dus"], column: ["", value]})
    taxa, findings = read_taxa(table)
    assert len(taxa) == 2
    assert [f.severity for f in findings] == [Severity.ERROR]
    assert "row 3" in findings[0].message
    assert value in findings[0].message


def test_numbers_and_nothing() -> None:
    table = pd.DataFrame(
        {
            "species": ["Aus bus"],
            "population": ["250"],
            "global_range_km2": ["1.5e3"],
            "decline_only": ["-"],
        }
    )
    (taxon,), findings = read_taxa(table)
    assert (taxon.population, taxon.global_range_km2, taxon.decline_only) == (250.0, 1500.0, None)
    assert findings == []


def test_two_rows_that_disagree_are_refused_and_two_that_agree_are_one() -> None:
    with pytest.raises(UserError, match=r"rows 2 and 3, category.*'CR' and 'LC'"):
        read_taxa(pd.DataFrame({"species": ["Aus bus", "AUS_BUS"], "category": ["CR", "LC"]}))
    agreeing = pd.DataFrame(
        {"species": ["Aus bus", "Aus bus"], "category": ["CR", ""], "family": ["", "Aidae"]}
    )
    assert read_taxa(agreeing)[0] == [Taxon("Aus bus", family="Aidae", category="CR")]


def test_a_name_that_is_no_species_is_left_out_and_told() -> None:
    known, _ = read_checklist(pd.DataFrame({"name": ["Adansonia perrieri"]}), "names.csv")
    table = pd.DataFrame({"species": ["Adansonia perieri", "Adansonia", "Adansonia perrieri"]})
    taxa, findings = read_taxa(table, known)
    assert [t.species for t in taxa] == ["Adansonia perrieri"]
    assert len(findings) == 2
    unlisted, genus = (f.message for f in findings)
    assert "'Adansonia perieri' is not in the checklist names.csv" in unlisted
    assert "near it: Adansonia perrieri" in unlisted
    assert "add the name to the checklist if it is right, or correct it" in unlisted
    assert "correct the name" in genus
    assert [m.written for m in unlisted_names(table, known, "status")] == [
        "Adansonia perieri", "Adansonia",
    ]  # fmt: skip


def test_a_taxon_without_status_is_told() -> None:
    found = without_status(["Aus bus", "Cus dus"], [Taxon("Aus bus")], "status")
    assert "1 of 2" in found[0].message
    assert "Cus dus" in found[0].message
    assert without_status(["Aus bus"], [Taxon("Aus bus")], "status") == []


def test_a_table_without_species_is_refused() -> None:
    with pytest.raises(UserError, match="no column of species"):
        read_taxa(pd.DataFrame({"foo": ["a"]}))
