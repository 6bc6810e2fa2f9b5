"""What of the line changed since it was entered into the register: map, what, where and why."""

from collections.abc import Mapping

from tianren.language import say
from tianren.reports import numerals
from tianren.reports.chapters.blocks import Chapter, Column, opening, table
from tianren.reports.difference_page import CAME_IN, LEFT, Difference, heads, rows_of
from tianren.reports.maps import Drawn

MOST = 60  # rows; the layer that `tianren adjust difference` writes has them all


def chapter(kept: Difference, drawn: Mapping[str, Drawn]) -> Chapter:
    """The chapter of a line that is kept and that changed."""
    text = say(
        "Since it was entered on {a}, {out} km² left the line and {in_} km² came in, by approved "
        "adjustments; on {b} it holds {area} km². The run above is the line as it was drawn.",
        a=kept.start, b=kept.end, out=numerals.km2(kept.area(LEFT)),
        in_=numerals.km2(kept.area(CAME_IN)), area=numerals.km2(kept.after),
    )  # fmt: skip
    blocks = opening(text, drawn, "changes")
    kinds = {2: "number"}
    columns = [Column(head, kind=kinds.get(n, "text")) for n, head in enumerate(heads())]
    rows = rows_of(kept)
    caption = say("What left the line and what came in")
    if len(rows) > MOST:
        caption = say("What left the line and what came in: the first {most} of {n}", most=MOST,
                      n=len(rows))  # fmt: skip
    return Chapter(say("What changed since"), (*blocks, table(caption, columns, rows[:MOST])))
