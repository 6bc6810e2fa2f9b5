"""What the tests of rulebooks share: things to tell and days to ask, at random."""

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from tianren.management.facts import Value, all_facts
from tianren.management.rulebook import Rulebook
from tianren.management.rulebook_reading import packaged, packaged_tables

BOOKS = sorted(packaged_tables())
DAY = dt.date(2026, 5, 1)
ZONES = ["core", "protected", "redline", "outside"]
AMOUNTS = st.sampled_from([0.0, 1.0, 50.0, 400.0, 1e4, 5e6])


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, str, dt.date]:
    """The id of a packaged rulebook, an activity of it, and a day on which it is in force."""
    name = draw(st.sampled_from(BOOKS))
    book = packaged(name)
    days = st.dates(book.since, dt.date(2031, 1, 1))
    day = draw(days | st.sampled_from([dt.date(2026, 3, 14), dt.date(2026, 3, 15)]))
    return name, draw(st.sampled_from(sorted(book.activities))), max(day, book.since)


def values(book: Rulebook, fact: str) -> st.SearchStrategy[Value]:
    kind = all_facts()[fact].kind
    if kind == "yes":
        return st.booleans()
    if kind == "number":
        return AMOUNTS
    if kind == "level":
        return st.sampled_from(list(book.levels))
    return st.sampled_from([*book.words, "something else"])


@st.composite
def tellings(draw: st.DrawFn, book: Rulebook) -> tuple[dict[str, Value], dict[str, str]]:
    """Some facts and some documents."""
    names = draw(st.sets(st.sampled_from(sorted(all_facts()))))
    facts = {name: draw(values(book, name)) for name in sorted(names)}
    documents = draw(st.sets(st.sampled_from(sorted(book.documents))))
    return facts, dict.fromkeys(sorted(documents), "a file")


def copied(table: Any) -> Any:
    """A table of TOML that may be changed."""
    if isinstance(table, dict):
        return {key: copied(value) for key, value in table.items()}
    return [copied(value) for value in table] if isinstance(table, list) else table
