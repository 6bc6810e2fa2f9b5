"""Every answer counts its findings in the same way."""

from types import SimpleNamespace

import numpy as np

from tianren.steps import corridor_tables, models, records, species
from tianren.steps.finding_counts import count_findings, findings_line


def rows(*severities: str) -> list[dict[str, str]]:
    return [{"severity": severity} for severity in severities]


def test_findings_are_counted_by_severity_the_worst_first() -> None:
    found = rows("note", "warning", "note", "error", "note")
    assert list(count_findings(found).items()) == [("error", 1), ("warning", 1), ("note", 3)]
    assert findings_line(found) == "Findings: errors 1, warnings 1, notes 3"
    assert findings_line(rows("note")) == "Findings: notes 1"
    assert findings_line([]) == "Findings: none"


def test_one_of_a_thing_has_a_sentence_of_its_own() -> None:
    assert records._statement(1, 1200, 1) == "1 of 1,200 records is kept."
    assert records._statement(2, 1200, 1) == "2 of 1,200 records of 1 species are kept."
    assert species._statement(1, 5) == "1 of 5 species has a range."
    assert species._statement(0, 5) == "0 of 5 species have a range."
    assert "1 of 9 sites meets a criterion, 3 cannot" in species._key_areas(1, 9, 3)
    assert "2 of 9 sites meet a criterion, 3 cannot" in species._key_areas(2, 9, 3)


def test_a_test_that_all_models_pass_alike_is_one_number() -> None:
    assert models._tested("auc", 0.83, 0.83, 0.83) == "  AUC: 0.83"
    assert models._tested("boyce", 0.601, 0.602, 0.604) == "  Boyce: 0.60"
    assert models._tested("tss", 0.1, 0.2, 0.4) == "  TSS: 0.20 in the middle, 0.10 to 0.40"


def test_a_core_is_named_after_the_unit_that_holds_more_than_half_of_it() -> None:
    cores = np.array([[1, 1, 1, 1], [2, 2, 2, 0]])
    units = SimpleNamespace(read=lambda: np.array([[10, 10, 20, 30], [20, 20, 10, 10]]))
    table = {10: ("A", "East"), 20: ("B", "West"), 30: ("C", "North")}
    project = SimpleNamespace(
        admin=["province"], piece_level="province", admin_codes=lambda level: (units, table)
    )
    names = corridor_tables.core_names(project, cores)  # type: ignore[arg-type]
    assert names == {1: "core 1", 2: "core 2 (West)"}
