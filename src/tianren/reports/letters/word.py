"""The letter as DOCX: the same blocks as the PDF, for an office that edits before it signs."""

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tianren.reports.archives import dated
from tianren.reports.letters.content import Block, Letter

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

INK, FAINT, RED, RULE = "1A1A1A", "55626A", "B3161B", "B9C0C4"
WIDTH = 156  # millimetres between the margins
CELL_MARGIN = "108"  # twentieths of a point: without it a table begins so much left of the text
EARLIEST = dt.date(1980, 1, 1)  # that a zip archive can date
# What the format wants after an element, of what stands in our paragraphs, runs and tables.
AFTER_BORDER = ("w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")
AFTER_SPACING = ("w:sz", "w:szCs", "w:lang")
AFTER_INDENT = ("w:tblLayout", "w:tblLook")
# Latin and Chinese faces that offices have; a word processor takes its own where they are missing.
FACES = ("Times New Roman", "FangSong")
HEAD_FACES = ("Times New Roman", "SimSun")


def docx_bytes(letter: Letter) -> bytes:
    """The letter as DOCX: the same bytes each time, dated by its day.

    Text goes in as text: nothing in a name becomes markup, a field or a link.
    """
    import docx

    document = docx.Document()
    _without_preview(document)
    told = letter.as_dict()
    _describe(document, letter)
    _page(document, told)
    for part in (_head, _sides, _titles, _body, _signing):
        part(document, told)
    target = io.BytesIO()
    document.save(target)
    return dated(target.getvalue(), _moment(letter))


def _moment(letter: Letter) -> dt.datetime:
    return dt.datetime.combine(max(letter.day, EARLIEST), dt.time(12))


def _without_preview(document: "Document") -> None:
    """The empty document that we start from carries a picture of itself."""
    relations = document.part.package.rels
    for key in [k for k, r in relations.items() if r.reltype.endswith("/thumbnail")]:
        del relations[key]


def _describe(document: "Document", letter: Letter) -> None:
    properties = document.core_properties
    properties.title = letter.as_dict()["title"][:255]
    properties.author = properties.last_modified_by = "Tianren"
    properties.comments = ""
    properties.language = letter.language
    properties.created = properties.modified = _moment(letter)


def _page(document: "Document", told: Mapping[str, Any]) -> None:
    """A4 as the PDF has it; the letter's language and faces; file number and page at the foot."""
    from docx.shared import Mm, Pt

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.top_margin, section.bottom_margin = Mm(24), Mm(26)
    normal = document.styles["Normal"]
    normal.font.size = Pt(_size(told))
    _face(normal.element.get_or_add_rPr(), FACES, _tag(told))
    _foot(section.footer, normal, told)


def _foot(footer: Any, style: Any, told: Mapping[str, Any]) -> None:
    """Every page carries its number and the record that the letter rests on."""
    text, digest = told["basis"]
    first, second = footer.paragraphs[0], footer.add_paragraph()
    for paragraph in (first, second):
        paragraph.style = style  # the style of footers has tab stops of its own
        _tab(_spaced(paragraph, 0, 0), WIDTH, right=True)
    _rule_above(first)
    _write(first, f"{text}\t{told['foot']}", 7.5, FAINT)
    _write(second, f"{digest}\t", 7.5, FAINT)
    _field(second, "PAGE")
    _write(second, " / ", 7.5, FAINT)
    _field(second, "NUMPAGES")


def _size(told: Mapping[str, Any]) -> float:
    return 12 if _chinese(told) else 11


def _chinese(told: Mapping[str, Any]) -> bool:
    return bool(told["language"] == "zh-Hans")


def _tag(told: Mapping[str, Any]) -> str:
    return {"zh-Hans": "zh-CN", "es": "es-ES"}.get(told["language"], "en-GB")


# -- parts of the page -----------------------------------------------------------------------------


def _head(document: "Document", told: Mapping[str, Any]) -> None:
    """Who writes, over a double rule."""
    name = _paragraph(document, align="center", after=4)
    run = _write(name, told["office"]["name"], 24 if _chinese(told) else 19, RED, HEAD_FACES)
    _spread(run, 60 if _chinese(told) else 5)
    _rule_below(name, "thickThinSmallGap", 24, RED)
    if told["office"]["lines"]:
        lines = _paragraph(document, align="center", after=10)
        _write(lines, "   ·   ".join(told["office"]["lines"]), 8.5, FAINT)


def _sides(document: "Document", told: Mapping[str, Any]) -> None:
    """To whom on the left; number, case and day on the right."""
    left, right = _side_by_side(document, (90, WIDTH - 90))
    for place, line in enumerate(told["addressee"]):
        _write(_next(left, place), line, _size(told) + (0.5 if place == 0 else 0))
    for place, (label, value) in enumerate(told["fields"]):
        paragraph = _next(right, place)
        _tab(paragraph, 18)
        _write(paragraph, f"{label}\t", 9, FAINT)
        _write(paragraph, value, 9)


def _titles(document: "Document", told: Mapping[str, Any]) -> None:
    align = "center" if _chinese(told) else "left"
    title = _paragraph(document, "Title", align, before=18, after=6)
    _without_rule(title)
    _write(title, told["title"], 18 if _chinese(told) else 15, INK, HEAD_FACES)
    _write(_paragraph(document, align=align, after=14), told["subject"], _size(told), FAINT)


def _body(document: "Document", told: Mapping[str, Any]) -> None:
    """The last of it stays with the place for the signature, which never stands alone on a page."""
    for block in told["blocks"]:
        _DRAWN[block["kind"]](document, block, told)
    document.paragraphs[-1].paragraph_format.keep_with_next = True


def _signing(document: "Document", told: Mapping[str, Any]) -> None:
    """The place for the seal, and beside it who signs, where, and the day."""
    _gap(document).paragraph_format.keep_with_next = True
    seal, sign = _side_by_side(document, (70, WIDTH - 70))
    _child(seal._element.get_or_add_tcPr(), "w:vAlign", {"w:val": "center"})
    _write(_aligned(seal.paragraphs[0], "center"), f"({told['sign']['seal']})", 8.5, FAINT)
    _write(sign.paragraphs[0], told["sign"]["office"], _size(told))
    _rule_below(_next(sign, 1, before=30), "single", 4, INK)
    label = told["sign"]["signature"]
    post = told["sign"]["post"]
    _write(_next(sign, 2), f"{label}  ·  {post}" if post else label, 8.5, FAINT)
    _write(_next(sign, 3, before=4), told["sign"]["day"], _size(told))


# -- blocks ----------------------------------------------------------------------------------------


def _draw_paragraph(document: "Document", block: Block, told: Mapping[str, Any]) -> None:
    paragraph = _paragraph(document, after=6)
    _indent(paragraph, told)
    _write(paragraph, block["text"], _size(told) + (1 if block["strong"] else 0))


def _draw_heading(document: "Document", block: Block, told: Mapping[str, Any]) -> None:
    paragraph = _paragraph(document, "Heading 1", before=10, after=4)
    _indent(paragraph, told)
    faces = ("Times New Roman", "SimHei")
    _write(paragraph, block["text"], _size(told), INK if _chinese(told) else RED, faces)


def _draw_list(document: "Document", block: Block, told: Mapping[str, Any]) -> None:
    from docx.shared import Pt

    for mark, item in zip(block["marks"], block["items"], strict=True):
        paragraph = _paragraph(document, after=3)
        start = 2 * _size(told) if _chinese(told) else 0
        hang = max(14.0, 7.0 * len(mark))
        paragraph.paragraph_format.left_indent = Pt(start + hang)
        paragraph.paragraph_format.first_line_indent = Pt(-hang)
        paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(start + hang))
        _write(paragraph, f"{mark}\t{item}", _size(told))


def _draw_table(document: "Document", block: Block, told: Mapping[str, Any]) -> None:
    """Rules instead of boxes; the head is repeated where the table goes over a page."""
    rows = [block["heads"], *block["rows"], *([block["total"]] if block["total"] else [])]
    widths = (WIDTH - 72, *(72 / (len(block["heads"]) - 1) for _ in block["heads"][1:]))
    made = document.add_table(len(rows), len(block["heads"]))
    _set_widths(made, widths)
    indent = {"w:w": CELL_MARGIN, "w:type": "dxa"}
    _child(made._tbl.tblPr, "w:tblInd", indent, AFTER_INDENT)
    for place, (row, texts) in enumerate(zip(made.rows, rows, strict=True)):
        head, last = place == 0, place == len(rows) - 1
        for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            paragraph = _aligned(cell.paragraphs[0], "right" if column else "left")
            _spaced(paragraph, 2, 2)
            paragraph.paragraph_format.keep_with_next = not last
            _write(paragraph, text, _size(told) - 1.5, FAINT if head else INK)
            _ruled(cell, top=INK if head else "", bottom=INK if head or last else RULE)
    _repeat(made.rows[0])
    _gap(document)


_DRAWN: Mapping[str, Callable[["Document", Block, Mapping[str, Any]], None]] = {
    "paragraph": _draw_paragraph,
    "heading": _draw_heading,
    "list": _draw_list,
    "table": _draw_table,
}


# -- pieces of a document --------------------------------------------------------------------------


def _paragraph(
    document: "Document", style: str | None = None, align: str = "left", before: float = 0,
    after: float = 0,
) -> "Paragraph":  # fmt: skip
    return _spaced(_aligned(document.add_paragraph(style=style), align), before, after)


def _gap(document: "Document") -> "Paragraph":
    """The empty line that keeps two tables apart, as low as it can be."""
    from docx.shared import Pt

    paragraph = _paragraph(document)
    paragraph.paragraph_format.line_spacing = Pt(8)
    return paragraph


def _aligned(paragraph: "Paragraph", align: str) -> "Paragraph":
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, align.upper())
    return paragraph


def _spaced(paragraph: "Paragraph", before: float, after: float) -> "Paragraph":
    from docx.shared import Pt

    paragraph.paragraph_format.space_before = Pt(before)
    paragraph.paragraph_format.space_after = Pt(after)
    return paragraph


def _indent(paragraph: "Paragraph", told: Mapping[str, Any]) -> None:
    from docx.shared import Pt

    if _chinese(told):
        paragraph.paragraph_format.first_line_indent = Pt(2 * _size(told))


def _write(
    paragraph: "Paragraph", text: str, points: float, colour: str = INK,
    faces: tuple[str, str] = FACES,
) -> "Run":  # fmt: skip
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(text)
    run.font.size = Pt(points)
    run.font.bold = False
    run.font.color.rgb = RGBColor.from_string(colour)
    _face(run._element.get_or_add_rPr(), faces)
    return run


def _face(properties: Any, faces: tuple[str, str], language: str = "") -> None:
    """Latin and Chinese faces of a run or style, and the language that it is checked in."""
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for name, face in (("ascii", faces[0]), ("hAnsi", faces[0]), ("cs", faces[0]),
                       ("eastAsia", faces[1])):  # fmt: skip
        fonts.set(qn(f"w:{name}"), face)
    if language:
        _child(properties, "w:lang", {"w:val": language, "w:eastAsia": language})


def _spread(run: "Run", twentieths: int) -> None:
    """Letters set apart, by twentieths of a point."""
    properties = run._element.get_or_add_rPr()
    _child(properties, "w:spacing", {"w:val": str(twentieths)}, AFTER_SPACING)


def _child(parent: Any, tag: str, values: Mapping[str, str], before: Sequence[str] = ()) -> Any:
    """A new element of another: before those that the format wants after it, else at the end."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(tag)
    for name, value in values.items():
        made.set(qn(name), value)
    later = {qn(name) for name in before}
    place = next((n for n, child in enumerate(parent) if child.tag in later), len(parent))
    parent.insert(place, made)
    return made


def _field(paragraph: "Paragraph", name: str) -> None:
    """A number that the word processor counts itself."""
    for kind in ("begin", "", "end"):
        run = _write(paragraph, "", 7.5, FAINT)
        if kind:
            _child(run._element, "w:fldChar", {"w:fldCharType": kind})
        else:
            _child(run._element, "w:instrText", {}).text = name


def _rule_below(paragraph: "Paragraph", style: str, eighths: int, colour: str) -> None:
    _border(paragraph, "w:bottom", {"w:val": style, "w:sz": str(eighths), "w:space": "4",
                                    "w:color": colour})  # fmt: skip


def _rule_above(paragraph: "Paragraph") -> None:
    _border(paragraph, "w:top", {"w:val": "single", "w:sz": "4", "w:space": "4", "w:color": RULE})


def _without_rule(paragraph: "Paragraph") -> None:
    """The style of titles has a blue rule of its own."""
    _border(paragraph, "w:bottom", {"w:val": "nil"})


def _border(paragraph: "Paragraph", side: str, values: Mapping[str, str]) -> None:
    properties = paragraph._element.get_or_add_pPr()
    _child(_child(properties, "w:pBdr", {}, AFTER_BORDER), side, values)


def _tab(paragraph: "Paragraph", millimetres: float, right: bool = False) -> None:
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm

    side = WD_TAB_ALIGNMENT.RIGHT if right else WD_TAB_ALIGNMENT.LEFT
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(millimetres), side)


def _side_by_side(document: "Document", widths: Sequence[float]) -> tuple["_Cell", "_Cell"]:
    """Two cells without rules, of so many millimetres."""
    made = document.add_table(1, 2)
    _set_widths(made, widths)
    _child(made.rows[0]._tr.get_or_add_trPr(), "w:cantSplit", {})
    left, right = made.rows[0].cells
    return left, right


def _set_widths(made: Any, widths: Sequence[float]) -> None:
    from docx.shared import Mm

    made.autofit = False
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)


def _next(cell: "_Cell", place: int, before: float = 0) -> "Paragraph":
    """The paragraph at a place of a cell; a cell has one from the start."""
    return _spaced(cell.paragraphs[0] if place == 0 else cell.add_paragraph(), before, 2)


def _ruled(cell: "_Cell", top: str, bottom: str) -> None:
    borders = _child(cell._element.get_or_add_tcPr(), "w:tcBorders", {})
    for side, colour in (("top", top), ("bottom", bottom)):
        if colour:
            _child(borders, f"w:{side}", {"w:val": "single", "w:sz": "6", "w:color": colour})


def _repeat(row: Any) -> None:
    _child(row._tr.get_or_add_trPr(), "w:tblHeader", {})
