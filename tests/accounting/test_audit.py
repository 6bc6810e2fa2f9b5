"""An auditor's eye: the figures of a published report, and figures made up to disagree."""

import csv
import datetime as dt
import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tianren.accounting.audit import audit, contradictions, totals_that_fit
from tianren.accounting.figures import kind_of, read_figures
from tianren.cli import app
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.parameters import Parameters
from tianren.science.percent import percent
from tianren.steps.audit import audit_tables

REPORT = Path(__file__).with_name("report_figures.csv")
"""Figures of the CCICED special policy study on the Ecological Conservation Redline (2025), each
with its section; ">" is "over", "~" is "about" or "approximately"."""

NAMED = {
    ("audit.parts", "endangered plants in the redline (China)"),
    ("audit.parts", "protected species in the redline (China)"),
    ("audit.same_quantity", "protected species in the redline (China)"),
    ("audit.same_quantity", "global coverage (world, realm = land)"),
    ("audit.same_quantity", "global coverage (world, realm = sea)"),
    ("audit.units", "afforestation since 2012 (China)"),
    ("audit.same_quantity", "nature reserves (China)"),
    ("audit.whole", "land of China"),
    ("audit.percent", "higher plants among protected plants (China)"),
}


def report() -> list[Finding]:
    with REPORT.open(encoding="utf-8", newline="") as stream:
        return audit(read_figures(csv.DictReader(stream), 0.05))


def test_the_report_contradicts_itself_there_and_nowhere_else() -> None:
    assert {(f.rule, f.subject) for f in contradictions(report())} == NAMED


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("endangered plants in the redline (China)", "58.9"),  # 360 of 611, printed 70.45
        ("protected species in the redline (China)", "86.15"),  # 1,201 of 1,394, printed 74
        ("afforestation since 2012 (China)", "10 times apart"),
        ("nature reserves (China)", "2,750 sites [Appendix 1]"),
        ("land of China", "9,544,025 to 9,636,651 km2"),  # 3.04 million at 31.7 %
    ],
)
def test_a_contradiction_comes_with_its_numbers(subject: str, told: str) -> None:
    assert told in " ".join(f.message for f in report() if f.subject == subject)


def test_the_tables_of_the_report_are_cut_off_not_rounded() -> None:
    notes = [f for f in report() if f.severity is Severity.NOTE]
    assert [f.rule for f in notes] == ["audit.cut_off"]
    assert "11 can only be cut off" in notes[0].message
    assert "0 can only be rounded" in notes[0].message


def test_without_the_figure_that_is_wrong_there_is_no_contradiction() -> None:
    with REPORT.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["indicator"] != "global coverage"]
    left = {(f.rule, f.subject) for f in contradictions(audit(read_figures(rows, 0.05)))}
    assert left == {n for n in NAMED if "global coverage" not in n[1]}


def figure(value: str, unit: str = "%", **more: str) -> dict[str, str]:
    return {"indicator": "x", "value": value, "unit": unit, **more}


def rules(*rows: dict[str, str]) -> set[str]:
    return {f.rule for f in contradictions(audit(read_figures(rows, 0.05)))}


@given(st.integers(0, 400), st.integers(1, 400), st.sampled_from(["round", "trunc"]),
       st.integers(0, 3))  # fmt: skip
def test_a_percentage_of_a_count_is_never_called_impossible(
    n: int, more: int, mode: str, places: int
) -> None:
    total = n + more
    printed = f"{percent(n, total, mode, places):.{places}f}"
    assert not rules(figure(printed, count=str(n), total=str(total)))
    [row] = read_figures([figure(printed, count=str(n))], 0.05)
    fits = totals_that_fit(row, mode)
    assert n == 0 or float(printed) == 0 or (fits and fits[0] <= total <= fits[1])


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(100, 9999))
def test_impossible_is_what_no_total_gives(n: int, hundredths: int) -> None:
    printed = f"{hundredths / 100:.2f}"
    share = Fraction(hundredths, 10_000)
    step = Fraction(1, 10_000)
    near = range(n, int(n / (share - step / 2)) + 3)  # every total whose percentage comes near
    possible = any(
        (share <= Fraction(n, t) < share + step)
        or (share - step / 2 <= Fraction(n, t) < share + step / 2)
        for t in near
    )
    assert ("audit.percent" in rules(figure(printed, count=str(n)))) is not possible


def test_612_of_615_is_99_51_rounded_or_cut_off() -> None:
    assert rules(figure("99.50", count="612", total="615")) == {"audit.percent"}
    assert not rules(figure("99.51", count="612", total="615"))


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([figure("3.04", "million km2"), figure("304", "million ha")], set()),
        ([figure("3.04", "million km2"), figure("30.4", "million ha")], {"audit.units"}),
        ([figure("1", "km2"), figure("1500", "mu")], set()),
        ([figure("1", "亿亩"), figure("66,667", "km2")], set()),
        ([figure("5", "km2"), figure("5", "km")], {"audit.units"}),
        ([figure("104"), figure("104")], {"audit.percent"}),
        ([figure(">90"), figure("92.86")], set()),
        ([figure(">90"), figure("74")], {"audit.same_quantity"}),
        ([figure("<90"), figure("92.86")], {"audit.same_quantity"}),
        ([figure("31.7"), figure("31.70")], set()),
        ([figure("4.1"), figure("4.14")], set()),
        ([figure("4.1"), figure("4.21")], {"audit.same_quantity"}),
    ],
)
def test_one_quantity_two_values(rows: list[dict[str, str]], rule: set[str]) -> None:
    assert rules(*rows) == rule


@pytest.mark.parametrize(
    ("one", "two", "unit", "apart"),
    [
        ("71", "72", "sites", True),
        ("71", "72", "", True),
        ("71", "72", "1", True),
        ("70", "71", "sites", True),
        ("~71", "72", "sites", False),
        (">70", "72", "sites", False),
        ("12,000", "12,034", "species", False),  # taken as rounded
        ("16", "16.4", "species", True),
        ("71", "72", "km2", False),
        ("71", "72", "%", False),
        ("71", "72", "t/a", False),
        ("71", "72", "t C", False),
        ("71", "72", "days", False),
        ("3", "3.4", "million people", False),
    ],
)
def test_a_whole_number_of_things_is_exact(one: str, two: str, unit: str, apart: bool) -> None:
    assert bool(rules(figure(one, unit), figure(two, unit))) is apart


def test_parts_that_are_counts_make_their_total_exactly() -> None:
    parts = [figure("73", "sites", by="kind=PA"), figure("2", "sites", by="kind=OECM")]
    assert rules(figure("76", "sites", adds="kind"), *parts) == {"audit.parts"}
    assert not rules(figure("75", "sites", adds="kind"), *parts)


def test_parts_and_their_total() -> None:
    total = figure("3.19", "million km2", adds="realm")
    land = figure("3.04", "million km2", by="realm=land")
    sea = figure("150,000", "km2", by="realm=sea")
    assert not rules(total, land, sea)
    assert rules(figure("3.29", "million km2", adds="realm"), land, sea) == {"audit.parts"}
    assert not rules(figure("3.29", "million km2"), land, sea)  # nobody says that they add up


def test_shares_of_a_whole_add_and_shares_of_their_own_do_not() -> None:
    parts = [figure("40", by="c=a", whole="w"), figure("50", by="c=b", whole="w")]
    assert not rules(figure("90", adds="c", whole="w"), *parts)
    assert rules(figure("45", adds="c", whole="w"), *parts) == {"audit.parts"}
    own = [{**part, "whole": ""} for part in parts]
    assert not rules(figure("45", adds="c"), *own)
    assert rules(figure("90", adds="c"), *own) == {"audit.parts"}


def test_units_have_a_kind_and_a_size() -> None:
    assert kind_of("million km²") == ("area", 1e12)
    assert kind_of("hectares") == ("area", 1e4)
    assert kind_of("species") == ("species", 1.0)
    assert kind_of("万亩")[1] == pytest.approx(6_666_666.67)


def test_what_is_no_number_is_refused_with_its_row(tmp_path: Path) -> None:
    table = tmp_path / "figures.csv"
    table.write_text("indicator,value,unit\nx,many,km2\n", encoding="utf-8")
    with pytest.raises(UserError, match="row 2: 'many' is no number"):
        audit_tables([table], Parameters(dt.date(2026, 1, 1)))


def test_tables_are_audited_together(tmp_path: Path) -> None:
    for name, value in (("a", "17.53"), ("b", "16.43")):
        text = f"indicator,value,unit\nland held,{value},%\n"
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    found = audit_tables([tmp_path / "a.csv", tmp_path / "b.csv"], Parameters(dt.date(2026, 1, 1)))
    assert [f.rule for f in found.faults] == ["audit.same_quantity"]
    assert "b.csv, row 2" in found.text()


def test_a_contradiction_ends_with_status_1() -> None:
    found = CliRunner().invoke(app, ["audit", str(REPORT), "--json"])
    assert found.exit_code == 1
    told = json.loads(found.stdout)
    assert len(told["contradictions"]) == len(NAMED)
