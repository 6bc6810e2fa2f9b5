"""Which source stands for a species, where there are several."""

from tianren.findings import Finding
from tianren.steps.species_homes import trusted


def test_a_model_that_says_the_contrary_of_records_not_seen_is_no_range() -> None:
    models = {
        "Aus good": {"auc": "0.9", "boyce": "0.8"},
        "Bus contrary": {"auc": "0.93", "boyce": "-0.34"},
        "Cus chance": {"auc": "0.5", "boyce": "0.2"},
        "Dus untested": {"auc": "", "boyce": ""},
    }
    findings: list[Finding] = []
    assert sorted(trusted(models, 0.0, findings)) == ["Aus good", "Dus untested"]
    (told,) = findings
    assert told.rule == "species.weak_model"
    assert "Bus contrary, Cus chance" in told.message


def test_nothing_is_told_where_every_model_is_of_use() -> None:
    findings: list[Finding] = []
    models = {"Aus good": {"auc": "0.9", "boyce": "0.0"}}
    assert trusted(models, 0.0, findings) == models
    assert not findings
