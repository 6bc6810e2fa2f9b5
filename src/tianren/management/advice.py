"""What to do about a refusal, where the rule that was broken says it."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from tianren.findings import Finding, Severity
from tianren.language import say


def advice(findings: Iterable[Finding]) -> str:
    """What to do about everything that refuses, each once; empty where no rule says it."""
    rules = [f.rule.rpartition(".")[2] for f in findings if f.severity is Severity.ERROR]
    told = (_FOR[rule]() for rule in rules if rule in _FOR)
    return "; ".join(dict.fromkeys(told))


def _papers() -> str:
    return say("bring what is missing: --document ID=WHERE")


def _not_taken() -> str:
    return say("leave out what the move does not take")


def _others() -> str:
    return say("let somebody act who may: tianren journal roles")


def _known() -> str:
    return say("name one of those that are known")


_FOR: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "document_missing": _papers,
        "document_unknown": _known,
        "fact_missing": lambda: say("say what is missing: --fact NAME=VALUE"),
        "fact_unfit": lambda: say("say it as it must be: --fact NAME=VALUE"),
        "fact_wrong": lambda: say("say it as it must be: --fact NAME=VALUE"),
        "reason_missing": lambda: say("say why: --reason"),
        "ordered_missing": lambda: say("name who is ordered: --personal ordered=NAME"),
        "not_taken": _not_taken,
        "no_right": _others,
        "level": _others,
        "same_person": _others,
        "other_person": _others,
        "ordered_person": _others,
        "actor_unknown": _others,
        "before_last": lambda: say("name a day that is not before it: --day"),
        "day_out_of_bounds": lambda: say("name a day within these bounds"),
        "move_missing": lambda: say("make the move that is missing first"),
        "untested": lambda: say("test it: tianren adjust test"),
        "stale": lambda: say("test it: tianren adjust test"),
        "cause": lambda: say("list the causes: tianren adjust causes"),
        "direction": lambda: say("list the causes: tianren adjust causes"),
        "ground": lambda: say("name the ground with --ground, or in a column ground"),
        "nothing": lambda: say("draw again where the line runs: tianren register show"),
        "abolished": lambda: say("name one that stands: tianren register show"),
        "marker": lambda: say("fill in the columns of each row of the table"),
        "field": _known,
        "class": _known,
    }
)
