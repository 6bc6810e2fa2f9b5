"""The report as PDF (typst) and as one self-contained HTML file (jinja2)."""

import base64
import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from tianren.errors import UserError
from tianren.reports.chapters import Report
from tianren.reports.maps import Drawn
from tianren.reports.typeface import FAMILY, font_path, subset


def pdf_bytes(report: Report, pictures: Iterable[Drawn]) -> bytes:
    """The report as PDF: the same bytes each time, dated by the project's day."""
    return typeset("report", report.as_dict(), report.day, [p.path for p in pictures])


def typeset(name: str, data: Mapping[str, Any], day: str, pictures: Iterable[Path] = ()) -> bytes:
    """A template of the package, set with data and pictures: the same bytes each time.

    The template reads the data as JSON, so that no text in it is ever read as markup.
    """
    import typst

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for picture in pictures:
            shutil.copyfile(picture, work / picture.name)
        told = json.dumps({**data, "font": FAMILY}, ensure_ascii=False)
        (work / f"{name}.json").write_text(told, encoding="utf-8")
        (work / f"{name}.typ").write_text(_template(f"{name}.typ"), encoding="utf-8")
        try:
            made = typst.compile(
                str(work / f"{name}.typ"),
                root=str(work),
                font_paths=[str(font_path().parent)],
                ignore_system_fonts=True,
                format="pdf",
                timestamp=_noon(day),
            )
        except typst.TypstError as error:
            raise UserError(f"the PDF could not be set: {error}", where=f"{name}.typ") from error
    return bytes(made)


def _noon(day: str) -> dt.datetime:
    """A day as a moment: what is set carries the day that it speaks of."""
    date = max(dt.date.fromisoformat(day), dt.date(1970, 1, 2))
    return dt.datetime.combine(date, dt.time(12), tzinfo=dt.UTC)


def html_text(report: Report, pictures: Iterable[Drawn]) -> str:
    """The report as one HTML file: images and, where needed, Chinese glyphs inside it."""
    from jinja2 import Environment, StrictUndefined

    setting = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    images = {p.path.name: _data_uri(p.path) for p in pictures}
    data = report.as_dict()
    return setting.from_string(_template("report.html.j2")).render(
        **data, images=images, font_uri=_font_uri(data)
    )


def _data_uri(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _font_uri(data: Mapping[str, Any]) -> str:
    """The Chinese glyphs of the text as a font, or nothing when there are none."""
    text = json.dumps(data, ensure_ascii=False, default=str)
    wide = "".join(sorted({char for char in text if ord(char) >= 0x2E80}))
    if not wide:
        return ""
    return f"data:font/woff;base64,{base64.b64encode(subset(wide)).decode()}"


def _template(name: str) -> str:
    with as_file(files("tianren.reports") / "templates" / name) as path:
        return path.read_text(encoding="utf-8")
