"""One page with a picture and a table, as HTML that stands alone and as PDF."""

import base64
import json
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from tianren.errors import UserError
from tianren.language import say
from tianren.reports.typeface import FAMILY, font_path, language_tag

# What a page holds: title, subtitle, statement, figures (name, value), heads, rows, note.
Page = Mapping[str, Any]


def page_html(page: Page, picture: Path) -> str:
    """The page as one HTML file, its picture in it."""
    from jinja2 import Environment, StrictUndefined

    setting = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                          lstrip_blocks=True)  # fmt: skip
    image = base64.b64encode(picture.read_bytes()).decode()
    return setting.from_string(_template("page.html.j2")).render(
        **page, image=f"data:image/png;base64,{image}", language=language_tag(),
        alt=str(page["statement"]), made_by=say("Made by Tianren"),
    )  # fmt: skip


def page_pdf(page: Page, picture: Path) -> bytes:
    """The page as PDF on A4, the same bytes each time."""
    import typst

    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        shutil.copyfile(picture, work / "picture.png")
        data = {**page, "font": FAMILY, "language": language_tag()}
        (work / "page.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        (work / "page.typ").write_text(_template("page.typ"), encoding="utf-8")
        try:
            made = typst.compile(
                str(work / "page.typ"), root=str(work), font_paths=[str(font_path().parent)],
                ignore_system_fonts=True, format="pdf", timestamp=0,
            )  # fmt: skip
        except typst.TypstError as error:
            raise UserError(f"the PDF could not be set: {error}", where="page.typ") from error
    return bytes(made)


def _template(name: str) -> str:
    return files("tianren.reports").joinpath("templates").joinpath(name).read_text("utf-8")
