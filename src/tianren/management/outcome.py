"""What a room decides about a command: the records to write, or why it is refused."""

from dataclasses import dataclass

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.records import Record


@dataclass(frozen=True)
class Outcome:
    """records: what is to be written, all or nothing; findings: what is to be told beside it.

    A finding that is an error refuses the command: then there are no records.
    """

    records: tuple[Record, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        return any(f.severity is Severity.ERROR for f in self.findings)

    def or_refuse(self, subject: str, next_step: str) -> "Outcome":
        """The outcome itself; UserError with every reason where it is refused."""
        if self.refused:
            reasons = [f.message for f in self.findings if f.severity is Severity.ERROR]
            raise UserError("; ".join(reasons), where=subject, next_step=next_step)
        return self


def refuse(rule: str, subject: str, message: str, source: str = "") -> Finding:
    """A finding that refuses a command."""
    return Finding(rule, subject, Severity.ERROR, message, source)
