"""How an answer counts the findings of its run: by severity, the worst first."""

from collections.abc import Iterable, Mapping

from tianren.language import say

SEVERITY_NAMES = {"error": "errors", "warning": "warnings", "note": "notes"}


def count_findings(findings: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """How many findings there are of each severity, the worst first."""
    found = [row["severity"] for row in findings]
    return {name: found.count(name) for name in SEVERITY_NAMES}


def findings_line(findings: Iterable[Mapping[str, str]]) -> str:
    """ "Findings: warnings 2, notes 6"; severities without any are left out."""
    numbers = {name: n for name, n in count_findings(findings).items() if n}
    counts = ", ".join(f"{say(SEVERITY_NAMES[name])} {n}" for name, n in numbers.items())
    return say("Findings: {counts}", counts=counts or say("none"))
