"""A Finding: a rule that the data, a method or a project broke. A broken rule is a value."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters to whoever signs the result."""

    NOTE = "note"  # worth knowing: a constant was used, a value clipped
    WARNING = "warning"  # the result is weaker for it
    ERROR = "error"  # the result must not be used for this subject


@dataclass(frozen=True)
class Finding:
    """One broken rule.

    rule: a stable dotted id ("water.et_clipped"); subject: the layer, function or piece;
    message: a sentence with its number; source: the clause, paper or section that sets the rule.
    """

    rule: str
    subject: str
    severity: Severity
    message: str
    source: str = ""

    @classmethod
    def from_dict(cls, row: Mapping[str, str]) -> "Finding":
        """The finding that as_dict gave, or that a row of findings.csv holds."""
        return cls(
            row["rule"], row["subject"], Severity(row["severity"]), row["message"], row["source"]
        )

    def as_dict(self) -> dict[str, str]:
        """Plain values for JSON, TOML and tables."""
        return {key: str(value) for key, value in asdict(self).items()}


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then notes; within one severity by rule and subject, no duplicates."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    return sorted(set(findings), key=lambda f: (order[f.severity], f.rule, f.subject, f.message))
