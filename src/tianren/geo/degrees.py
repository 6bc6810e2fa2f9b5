"""Coordinates as people write them: degrees, minutes and seconds, hemispheres in three languages.

"S23 56.565", "12°34'56\"S", "北纬39°54′" are read; a pair whose halves do not say which is the
latitude is not: nothing is guessed.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Axis = Literal["longitude", "latitude", ""]

# Hemisphere -> (axis, sign). O is oeste in Spanish; German Ost is written E in data.
_HEMISPHERES: dict[str, tuple[Axis, int]] = {
    "N": ("latitude", 1), "S": ("latitude", -1),
    "E": ("longitude", 1), "W": ("longitude", -1), "O": ("longitude", -1),
}  # fmt: skip
_WORDS = {
    "北纬": "N", "南纬": "S", "东经": "E", "西经": "W",
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W",
    "NORTE": "N", "SUR": "S", "ESTE": "E", "OESTE": "W",
    "LATITUDE": "", "LONGITUDE": "", "LAT": "", "LON": "", "LONG": "",
}  # fmt: skip
_WORD = re.compile("|".join(sorted(_WORDS, key=len, reverse=True)))
_NUMBER = r"\d+(?:[.,]\d+)?"
_MARKS = r"[°º˚*'’′´\"”″:\s度分秒DM]*"
_ANGLE = re.compile(
    rf"(?P<before>[NSEWO])?\s*(?P<sign>[-+−])?\s*"
    rf"(?P<d>{_NUMBER}){_MARKS}(?:(?P<m>{_NUMBER}){_MARKS})?(?:(?P<s>{_NUMBER}){_MARKS})?"
    rf"(?P<after>[NSEWO])?"
)  # fmt: skip


@dataclass(frozen=True)
class Angle:
    """Decimal degrees, and of which axis, where the text says it."""

    degrees: float
    axis: Axis


def read_angle(text: str) -> Angle | None:
    """One coordinate; None when it cannot be read for certain.

    Minutes and seconds stay below 60, only the last part has decimals, and a sign and a letter are
    not both given for south or west.
    """
    found = _ANGLE.fullmatch(_normal(text))
    return _angle(found) if found else None


def read_position(text: str) -> tuple[float, float] | None:
    """(longitude, latitude) of a text with both; each half must say its hemisphere."""
    plain = _normal(text)
    halves = _halves(plain)
    angles = [read_angle(half) for half in halves]
    if len(angles) != 2:
        return None
    by_axis = {angle.axis: angle.degrees for angle in angles if angle is not None}
    if "longitude" in by_axis and "latitude" in by_axis:
        return by_axis["longitude"], by_axis["latitude"]
    return None


def read_axis(text: str, axis: Axis) -> float:
    """Degrees of a cell in a column of one axis; NaN when unreadable, or of the other axis."""
    angle = read_angle(text)
    if angle is None or angle.axis not in (axis, ""):
        return math.nan
    return angle.degrees


def _normal(text: str) -> str:
    marked = text.replace("º", "°")  # which NFKC would make an o
    plain = unicodedata.normalize("NFKC", marked).upper().strip()
    return _WORD.sub(lambda m: _WORDS[m[0]], plain).strip(" ,;:")


def _halves(text: str) -> list[str]:
    """A position cut in two, where each hemisphere letter stands before or after its numbers."""
    letters = [m.start() for m in re.finditer("[NSEWO]", text)]
    if len(letters) != 2:
        return []
    cut = letters[1] if letters[0] == 0 else letters[0] + 1
    return [text[:cut].strip(" ,;/"), text[cut:].strip(" ,;/")]


def _angle(found: re.Match[str]) -> Angle | None:
    letter = found["before"] or found["after"]
    if (found["before"] and found["after"]) or (letter and found["sign"]):
        return None
    parts = [found["d"], found["m"], found["s"]]
    given = [float(part.replace(",", ".")) for part in parts if part]
    if any(_has_decimals(part) for part in parts[: len(given) - 1]) or any(
        p >= 60 for p in given[1:]
    ):
        return None
    size = sum(part / 60**i for i, part in enumerate(given))
    axis, sign = _HEMISPHERES[letter] if letter else ("", -1 if found["sign"] in ("-", "−") else 1)
    return Angle(sign * size, axis)


def _has_decimals(part: str | None) -> bool:
    return part is not None and ("." in part or "," in part)
