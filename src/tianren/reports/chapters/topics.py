"""What a step tells: its page one, its pictures and its chapters; one topic a step.

A topic's module makes its Topic and is named in `topics`. Its pictures' files begin with the step's
name, so that one report can hold several topics.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tianren.reports.chapters.blocks import Chapter
from tianren.reports.chapters.first_page import FirstPage
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn


@dataclass(frozen=True)
class Topic:
    """How the run of one step is told.

    subtitle: what the report is about; first: page one of the run's own report; draw: the pictures,
    into a folder, that of page one first; chapters: what it adds to a report; tables: the run's CSV
    files that the workbook holds, with the names of their sheets.
    """

    subtitle: Callable[[], str]
    first: Callable[[Contents], FirstPage]
    draw: Callable[[Contents, Path], list[Drawn]]
    chapters: Callable[[Contents, Mapping[str, Drawn]], list[Chapter]]
    tables: Callable[[], Mapping[str, str]]


def topics() -> Mapping[str, Topic]:
    """Step -> topic, in the order in which a report tells them."""
    from tianren.reports.chapters import (
        account,
        choice,
        comparison,
        corridors,
        gaps,
        habitat,
        models,
        oecm,
        records,
        room,
        species,
        suitability,
    )

    return {
        "records": records.topic(),
        "habitat": habitat.topic(),
        "models": models.topic(),
        "species": species.topic(),
        "gaps": gaps.topic(),
        "plan": choice.topic(),
        "corridors": corridors.topic(),
        "suitability": suitability.topic(),
        "oecm": oecm.topic(),
        "seams": room.seams(),
        "parcels": room.parcels(),
        "nested": comparison.nested(),
        "compare": comparison.compare(),
        "account": account.topic(),
    }
