"""Office files as zip archives: the same bytes each time, and no character that XML lacks."""

import datetime as dt
import io
import re
import zipfile


def dated(made: bytes, moment: dt.datetime) -> bytes:
    """The same archive with every entry dated by a moment instead of by the clock."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(made)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            body = old.read(name)
            if name == "docProps/core.xml":
                body = _dated_properties(body, moment)
            new.writestr(entry, body)
    return target.getvalue()


def _dated_properties(body: bytes, moment: dt.datetime) -> bytes:
    """The writer stamps the time of saving into the properties; the moment replaces it."""
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, body)


def without_controls(text: str) -> str:
    """XML has no place for control characters, which a broken attribute table may hold."""
    return "".join(c for c in text if c >= " " or c in "\n\t")
