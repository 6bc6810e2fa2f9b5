"""Every colour that a map, a chart, a page or a QGIS style shows.

The continuous ramps follow the spirit of Crameri's Scientific colour maps (batlow, bamako, lajolla,
vik; doi:10.5281/zenodo.1243862): a few anchor colours near theirs, spaced here so that lightness
changes evenly. They are approximations, and are named by what they show, not by his names.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float64]  # (n, 3), sRGB in 0..1

EDGE = "#8b1a1a"  # the firm dark red of the redline
PROTECTED = "#1b7837"
CONFLICT = "#3c3c3c"
INK = "#1f2a30"
FAINT_INK = "#55626a"
PLAIN_LAND = "#ecebe6"
NOT_APPLICABLE = "#dcdcdc"
ABROAD = "#f7f7f5"  # land and sea outside the region
SEA = "#dfe9ee"
FILL_OPACITY = 0.5

_ANCHORS = {
    "magnitude": "#011959 #11415f #226061 #4d734d #818231 #c09036 #f19d6b #fdb4b4 #faccfa",
    "water_and_vegetation": "#00404d #134b42 #2a5c34 #4a7124 #75881a #a89a2c #d1b957 #ffe599",
    "sensitivity": "#fffecb #fbe68a #f0bb5e #e68d52 #cf5f4b #99443f #5e3126 #2c1f12",
    "around_zero": "#001261 #04568f #5b9fbf #ebe5e0 #d29773 #a24316 #590008",
    "frequency": "#f6f3ec #f1d9bf #e7b190 #d57f66 #b04a45 #7c1d26",
}


def ramp(name: str, steps: int = 256) -> Colours:
    """A continuous ramp as (steps, 3) sRGB values whose lightness L* changes evenly.

    The diverging ramp is even on either side of its light middle.
    """
    anchors = np.array([rgb(colour) for colour in _ANCHORS[name].split()])
    if name == "around_zero":
        middle = len(anchors) // 2
        low = _even(anchors[: middle + 1], steps // 2)
        high = _even(anchors[middle:], steps - steps // 2)
        return np.vstack([low, high])
    return _even(anchors, steps)


def ramp_for(criterion: str) -> str:
    """The ramp that suits a criterion: water and plants, sensitivities, or plain magnitude."""
    if criterion in ("water_conservation", "biodiversity", "carbon"):
        return "water_and_vegetation"
    return "sensitivity" if criterion in SENSITIVITIES else "magnitude"


def _even(anchors: Colours, steps: int) -> Colours:
    position = np.linspace(0, 1, len(anchors))
    dense = np.linspace(0, 1, 2048)
    path = np.column_stack([np.interp(dense, position, anchors[:, c]) for c in range(3)])
    light = lightness(path)
    rising = light if light[-1] > light[0] else -light
    rising = np.maximum.accumulate(rising)
    wanted = np.linspace(rising[0], rising[-1], steps)
    where = np.interp(wanted, rising, dense)
    return np.column_stack([np.interp(where, dense, path[:, c]) for c in range(3)])


def lightness(colours: Colours) -> NDArray[np.float64]:
    """CIE L* (0..100) of sRGB colours in 0..1, shape (n, 3); D65."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    cube = np.where(luminance > 0.008856, np.cbrt(luminance), (903.3 * luminance + 16) / 116)
    return np.asarray(116 * cube - 16)


def rgb(colour: str) -> tuple[float, float, float]:
    """'#rrggbb' as three numbers in 0..1."""
    return (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)


def hex_of(colour: NDArray[np.float64]) -> str:
    """Three numbers in 0..1 as '#rrggbb'."""
    red, green, blue = (round(255 * float(part)) for part in colour)
    return f"#{red:02x}{green:02x}{blue:02x}"


@dataclass(frozen=True)
class CategoryLook:
    """How one category of the redline is drawn: hue, hatch, QGIS line angle in degrees."""

    fill: str
    hatch: str
    angle: int


CATEGORY_LOOKS = {
    "key_function": CategoryLook("#3f86b8", "////", 45),
    "barrier": CategoryLook("#d8a12c", "\\\\\\\\", 135),
    "habitat": CategoryLook("#9a62a8", "....", 0),
}
OTHER_LOOK = CategoryLook("#7a7a7a", "----", 90)

FUNCTIONS = (
    "water_conservation",
    "soil_conservation",
    "windbreak_sand_fixation",
    "biodiversity",
    "coastal_protection",
    "carbon",
)
SENSITIVITIES = (
    "water_erosion",
    "desertification",
    "rocky_desertification",
    "salinisation",
    "coastal_erosion",
)

# Three grades as one hue from light to dark: ordinary, important, extremely important.
_GRADE_HUES = {
    "water_conservation": ("#d7e6f1", "#7fb0d3", "#1b5687"),
    "soil_conservation": ("#ecdfcd", "#c39a63", "#6f4314"),
    "windbreak_sand_fixation": ("#f1e9c6", "#cdb556", "#7a6508"),
    "biodiversity": ("#dbe9d5", "#86b877", "#275e25"),
    "coastal_protection": ("#d2e9e8", "#6db5b4", "#0f5f62"),
    "carbon": ("#e2e2dc", "#9a9c8c", "#42453a"),
}
_SENSITIVE_HUE = ("#f6ddd0", "#df9074", "#93261d")


def grade_colours(criterion: str) -> dict[int, str]:
    """Grade 1, 3, 5 -> colour: one hue, light to dark."""
    return dict(zip((1, 3, 5), _GRADE_HUES.get(criterion, _SENSITIVE_HUE), strict=True))
