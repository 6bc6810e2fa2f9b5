"""The letters of a case: acknowledgement, request for documents, decision, order to restore.

A letter tells the last step of a case. What it says is made once, as plain blocks; the PDF and the
DOCX are both drawn from them. Who it goes to is given when it is written, and is kept nowhere.
"""

from tianren.reports.letters.content import Letter, Office, Particulars
from tianren.reports.letters.telling import TOLD, letter
from tianren.reports.letters.word import docx_bytes

__all__ = [
    "TOLD",
    "Letter",
    "Office",
    "Particulars",
    "docx_bytes",
    "file_stem",
    "letter",
    "pdf_bytes",
]


def pdf_bytes(told: Letter) -> bytes:
    """The letter as PDF: the same bytes each time, dated by its day."""
    from tianren.reports.document import typeset

    return typeset("letter", told.as_dict(), told.day.isoformat())


def file_stem(told: Letter) -> str:
    """The name of its files, without ending: by the record that it rests on and its language, never
    by a name of somebody."""
    return f"{told.move}-{told.record:06d}-{told.language}"
