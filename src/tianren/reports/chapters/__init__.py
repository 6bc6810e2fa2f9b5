"""The report of a run: page one and chapters, with what other runs of the project add."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tianren.language import say
from tianren.reports.chapters import basis, changes, line
from tianren.reports.chapters.blocks import Chapter, figure, with_sources_told
from tianren.reports.chapters.first_page import FirstPage, first_page
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents
from tianren.reports.difference_page import Difference
from tianren.reports.facts import redline_statement
from tianren.reports.maps import Drawn

Pictures = Mapping[str, Drawn]
Teller = Callable[[Contents, Pictures], Chapter | None]


@dataclass(frozen=True)
class Report:
    """The whole report in one language."""

    language: str
    title: str
    subtitle: str
    day: str
    labels: Mapping[str, str]
    first: FirstPage
    map: Drawn | None
    statement: str
    chapters: tuple[Chapter, ...] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """Plain values; a figure becomes its file's name."""
        plain = asdict(self)
        plain["map"] = figure(self.map) if self.map else None
        return plain


def tell(
    contents: Contents, drawn: Sequence[Drawn], others: Sequence[Contents] = (),
    kept: Difference | None = None,
) -> Report:  # fmt: skip
    """Put a run's contents and pictures in order, in the current language.

    others: runs of other steps whose chapters this report holds too; kept: what changed since.
    """
    from tianren.reports.typeface import language_tag

    pictures = {d.path.stem: d for d in drawn}
    topic = topics().get(contents.step)
    cover = (drawn[0] if drawn else None) if topic else pictures.get("redline")
    # A figure's picture is printed once: that of the first page in no chapter of the topic again.
    inside = {n: d for n, d in pictures.items() if not topic or d is not cover}
    return Report(
        language=language_tag(),
        title=contents.title,
        subtitle=topic.subtitle() if topic else line.subtitle(),
        day=contents.day.isoformat(),
        labels=_labels(contents),
        first=topic.first(contents) if topic else first_page(contents),
        statement=topic.first(contents).sentences[0] if topic else redline_statement(contents),
        map=cover,
        chapters=tuple(_chapters(contents, inside, others, kept)),
    )


def _chapters(
    contents: Contents, pictures: Pictures, others: Sequence[Contents], kept: Difference | None
) -> list[Chapter]:
    """The run's own chapters, what changed since, those of the others, then what all rest on."""
    told = _own(contents, pictures)
    if kept is not None:
        told.append(changes.chapter(kept, pictures))
    for other in others:
        told += _own(other, pictures)
    together = _together(contents, others)
    told += _told(BASIS, together, pictures)
    return [with_sources_told(chapter) for chapter in told]


def _own(contents: Contents, pictures: Pictures) -> list[Chapter]:
    topic = topics().get(contents.step)
    return topic.chapters(contents, pictures) if topic else _told(line.TELLERS, contents, pictures)


BASIS: tuple[Teller, ...] = (
    basis.findings,
    basis.parameters,
    basis.inputs,
    basis.glossary,
    basis.how_to_check,
)


def _told(tellers: Sequence[Teller], contents: Contents, pictures: Pictures) -> list[Chapter]:
    return [chapter for teller in tellers if (chapter := teller(contents, pictures))]


def _together(contents: Contents, others: Sequence[Contents]) -> Contents:
    """Findings, parameters and inputs of all the runs, each once."""
    runs = (contents, *others)
    parameters = {(str(p["id"]), str(p.get("set", ""))): p for r in runs for p in r.parameters}
    inputs = {str(i.get("name", "")): i for r in runs for i in r.inputs}
    return replace(
        contents,
        findings=tuple(dict.fromkeys(f for r in runs for f in r.findings)),
        parameters=tuple(parameters[key] for key in sorted(parameters)),
        inputs=tuple(inputs[name] for name in sorted(inputs)),
    )


def _labels(contents: Contents) -> dict[str, str]:
    return {
        "unverified": say("What is unverified"),
        "contents": say("Contents"),
        "page": say("page"),
        "run": say("Run: {run}", run=contents.run_id),
        "day": say("Date: {day}", day=contents.day.isoformat()),
        "made_by": say("Made by Tianren {version}", version=contents.version),
        "total": say("Total"),
    }
