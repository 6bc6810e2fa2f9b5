"""Assessments of how well sites are managed and governed, from tables of several layouts.

METT-4 and METT (questions 0 to 3), IMET (six elements in percent), SAGE (ten principles, 0 to 3, of
one or several groups of actors), the IUCN Green List (a status), or any other score in percent.
parameters/assessment_tools.csv says how many items each tool has and their range. The official
workbooks could not be read when this was written, so the layouts are our own: one row a site and
year with columns Q1 ... Q38 (E1 ... E6, P1 ... P10), or one row a question, or a score in percent.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from tianren.accounting.forms import Row, SiteNames, data_rows, read_rows
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters.headings import plain_word

if TYPE_CHECKING:
    from pandas import DataFrame

MANAGEMENT, GOVERNANCE, STATUS = "management", "governance", "status"
GREEN_LIST = "Green List"
NOT_APPLICABLE = frozenset(plain_word(w) for w in ("NA", "N/A", "n.a.", "not applicable", "不适用",
                                              "no aplica"))  # fmt: skip


@dataclass(frozen=True)
class Tool:
    """How a tool scores: so many items, each from low to high. what: MANAGEMENT, GOVERNANCE or
    STATUS; item: the letter of its columns; words: what it is called; item_names: what its items
    are called, by plain word, where they have names."""

    id: str
    name: str
    what: str
    item: str
    items: int
    low: float
    high: float
    source: str
    verified: bool
    words: tuple[str, ...]
    item_names: Mapping[str, int] = field(default_factory=dict)


@cache
def tools() -> Mapping[str, Tool]:
    return {
        row["id"]: Tool(
            row["id"], row["name"], row["what"], row["item"], int(row["items"]),
            float(row["low"]), float(row["high"]), row["source"],
            row["verified"] == "1",
            tuple(plain_word(w) for w in (row["id"], row["name"], *row["words"].split("|"))),
            _item_names(row["item_names"]),
        )
        for row in data_rows("assessment_tools.csv")
    }  # fmt: skip


def _item_names(text: str) -> Mapping[str, int]:
    items = enumerate(text.split(";"), start=1)
    return {plain_word(word): n for n, words in items for word in words.split("|") if word}


@dataclass(frozen=True)
class Score:
    """One assessment of one site: percent of what could be reached, None where no item could be
    scored. answered, not_applicable, open: items; status: of the Green List; groups: of actors."""

    site: str
    tool: str
    day: dt.date
    percent: float | None
    answered: int = 0
    not_applicable: int = 0
    open: int = 0
    status: str = ""
    until: dt.date | None = None
    groups: int = 0
    source: str = ""

    @property
    def what(self) -> str:
        return tools()[self.tool].what


def percent_score(values: Iterable[float], low: float, high: float) -> float | None:
    """100 * (sum - n low) / (n (high - low)) over the items that apply, for METT 100 * sum / (3 n)
    (WWF 2021); None where there is none."""
    scored = list(values)
    if not scored:
        return None
    return 100 * (sum(scored) - low * len(scored)) / ((high - low) * len(scored))


@dataclass
class _Sheet:
    """The items of one site, tool and day while they are read: group -> item -> value."""

    tool: Tool
    row: Row
    items: dict[str, dict[int, float | None]] = field(default_factory=dict)
    score: float | None = None
    status: str = ""
    until: dt.date | None = None


def read_assessments(
    table: "DataFrame", sites: SiteNames, day: dt.date, where: str
) -> tuple[list[Score], list[Finding]]:
    """The assessments of a table, in order of site, tool and day.

    The tool is in a column, or in the name of the source. Items that do not apply are taken out of
    the score; items left empty are too, and told. Raises UserError, with row and site, for a site
    that is not in the list, a tool or question that is not known, a score out of its range, two
    scores of one item, or a date after the day.
    """
    rows, others = read_rows("assessments", table, where, needed=("site", "year"))
    default = _tool_of(where)
    sheets: dict[tuple[str, str, dt.date], _Sheet] = {}
    for row in rows:
        tool = _tool(row, default)
        key = sites.find(row), tool.id, _required_day(row, day)
        _fill(sheets.setdefault(key, _Sheet(tool, row)), row, others)
    scores = [_score(key, sheet, where) for key, sheet in sorted(sheets.items(), key=_by_key)]
    told = [f for s in scores for f in _told(s, where)]
    return scores, [*told, *_unverified({s.tool for s in scores}, where)]


def _unverified(used: Iterable[str], where: str) -> list[Finding]:
    """A note on each tool whose official layout was not read."""
    return [
        Finding(
            "assessments.unverified",
            tools()[name].name,
            Severity.NOTE,
            say("the layout is our own, not read from the tool: {source}",
                source=tools()[name].source),
            where,
        )
        for name in sorted(used)
        if not tools()[name].verified
    ]  # fmt: skip


def _by_key(item: tuple[tuple[str, str, dt.date], _Sheet]) -> tuple[str, str, dt.date]:
    return item[0]


def _tool_of(text: str) -> Tool | None:
    """The tool that a source's name speaks of: the longest of its words that stands in it."""
    said = re.sub(r"[_\s-]+", " ", plain_word(text))
    found = [
        (len(word), tool)
        for tool in tools().values()
        for word in (re.sub(r"[_\s-]+", " ", w) for w in tool.words)
        if tool.id != "other" and re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", said)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _tool(row: Row, default: Tool | None) -> Tool:
    text = row.get("tool")
    known = {word: tool for tool in tools().values() for word in tool.words}
    tool = known.get(plain_word(text)) if text else default
    if tool is None:
        raise row.refused(
            f"the tool {text!r} is not known" if text else "the table does not say its tool",
            f"write one of {', '.join(tools())} in a column tool",
        )
    return tool


def _required_day(row: Row, latest: dt.date) -> dt.date:
    day = row.day("year", latest)
    if day is None:
        raise row.refused("the assessment has no year", "write the year in which it was made")
    return day


def _fill(sheet: _Sheet, row: Row, others: Mapping[str, str]) -> None:
    """What one row says of an assessment: a status, a score, one item, or all items."""
    if sheet.tool.what == STATUS:
        _once(sheet, row, "status", row.word_of("green_list", row.get("status")))
        sheet.until = row.day("until", dt.date.max)
        return
    group = sheet.items.setdefault(plain_word(row.get("group")), {})
    if row.get("question"):
        number = _item_number(row.get("question"), sheet.tool)
        if number is None:
            raise row.refused(
                f"{sheet.tool.name} has no item {row.get('question')!r}",
                f"write {sheet.tool.item}1 to {sheet.tool.item}{sheet.tool.items}",
            )
        _put(group, number, row, row.get("value"), sheet.tool)
    for column in others:
        number = _item_number(column, sheet.tool)
        if number is not None:
            _put(group, number, row, row.get(column), sheet.tool)
    score = row.number_of("score", 0, 100)
    if score is not None:
        _once(sheet, row, "score", score)


def _once(sheet: _Sheet, row: Row, name: str, value: object) -> None:
    before = getattr(sheet, name)
    if before not in ("", None) and before != value:
        raise row.refused(
            f"two assessments of one site, tool and day: {before} and {value}",
            "keep the one that is right, or write the day of each",
            f"the other is row {sheet.row.number}",
        )
    setattr(sheet, name, value)


def _put(group: dict[int, float | None], number: int, row: Row, text: str, tool: Tool) -> None:
    """One item of one group of actors; empty cells stay open."""
    if not text:
        return
    column = f"{tool.item}{number}"
    applies = plain_word(text) not in NOT_APPLICABLE
    value = row.within(column, text, tool.low, tool.high) if applies else None
    if number in group and group[number] != value:
        raise row.refused(
            f"two scores of {column}: {_shown(group[number])} and {_shown(value)}",
            "keep the one that is right",
        )
    group[number] = value


def _shown(value: float | None) -> str:
    return "NA" if value is None else f"{value:g}"


def _item_number(text: str, tool: Tool) -> int | None:
    """The number of an item: "Q1", "1", "Question 1", "问题1", "P1 respect for rights", a name."""
    if plain_word(text) in tool.item_names:
        return tool.item_names[plain_word(text)]
    match = _ITEM.match(plain_word(text))
    if match is None or match[1] not in ("", tool.item.casefold(), *_ITEM_WORDS):
        return None
    return int(match[2]) if 1 <= int(match[2]) <= tool.items else None


_ITEM_WORDS = ("question", "pregunta", "element", "elemento", "principle", "principio", "问题",
               "题目", "要素", "原则", "item")  # fmt: skip
_ITEM = re.compile(r"([^\W\d_]*)[ ._]?0*(\d{1,2})(?![\d])")


def _score(key: tuple[str, str, dt.date], sheet: _Sheet, where: str) -> Score:
    site, tool, day = key
    if sheet.tool.what == STATUS:
        return Score(site, tool, day, None, status=sheet.status, until=sheet.until, source=where)
    groups = [g for g in sheet.items.values() if g]
    if not groups:
        if sheet.score is None:
            raise sheet.row.refused("the assessment has no score", "write its items or its score")
        return Score(site, tool, day, sheet.score, source=where)
    means = _means(groups)
    put = {n for g in groups for n in g}
    percent = percent_score(means.values(), sheet.tool.low, sheet.tool.high)
    if percent is not None and sheet.score is not None and abs(percent - sheet.score) > ROUNDED:
        raise sheet.row.refused(
            f"the score {sheet.score:g} is not that of its items, {percent:.1f}",
            "correct the items, or leave the score empty",
        )
    return Score(
        site, tool, day, percent, len(means), len(put - means.keys()),
        sheet.tool.items - len(put), groups=len(groups), source=where,
    )  # fmt: skip


ROUNDED = 1.0  # percentage points: scores are often written without decimals


def _means(groups: list[dict[int, float | None]]) -> dict[int, float]:
    """The mean of each item over the groups that scored it: every group counts the same."""
    numbers = sorted({n for g in groups for n in g})
    by_item = {n: [v for g in groups if (v := g.get(n)) is not None] for n in numbers}
    return {n: sum(values) / len(values) for n, values in by_item.items() if values}


def _told(score: Score, where: str) -> Iterable[Finding]:
    tool = tools()[score.tool]
    subject = f"{score.site}, {tool.name} {score.day.year}"
    if score.percent is None and tool.what != STATUS:
        message = say("no item applies, so there is no score")
        yield Finding("assessments.no_score", subject, Severity.WARNING, message, where)
    elif score.open:
        message = say(
            "{open} of {all} items are not answered; the score is of the {answered} that are",
            open=score.open, all=tool.items, answered=score.answered,
        )  # fmt: skip
        yield Finding("assessments.open_items", subject, Severity.WARNING, message, where)


def latest(scores: Iterable[Score], what: str) -> dict[str, Score]:
    """The latest score of each site by tools of one kind; of one day, the more detailed one."""
    found: dict[str, Score] = {}
    rank = {name: n for n, name in enumerate(tools())}
    for score in sorted(scores, key=lambda s: (s.site, s.day, -rank[s.tool])):
        if score.what == what and (score.percent is not None or what == STATUS):
            found[score.site] = score
    return found
