"""A refusal says what to do about it where its rule does; what no rule says is not made up."""

from tianren.findings import Finding, Severity
from tianren.management.advice import advice


def refusal(rule: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(rule, "occupation/2026-0001", severity, "because")


def test_each_piece_of_advice_is_told_once_and_in_order() -> None:
    found = [refusal("occupation.document_missing"), refusal("procedure.fact_missing"),
             refusal("occupation.document_missing")]  # fmt: skip
    told = advice(found)
    assert told.count("--document ID=WHERE") == 1 and told.endswith("--fact NAME=VALUE")


def test_what_does_not_refuse_needs_no_advice() -> None:
    assert advice([refusal("occupation.document_missing", Severity.WARNING)]) == ""
    assert advice([refusal("occupation.prohibited")]) == ""
