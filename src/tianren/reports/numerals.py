"""Numbers as people read them: thousands grouped, at most three significant decimals."""

import math

GAP = "\u00a0"  # a no-break space groups thousands alike in all three languages; the font has it


def number(value: float, decimals: int | None = None) -> str:
    """A number with grouped thousands; without decimals given, as many as it deserves."""
    if not math.isfinite(value):
        return "–"
    places = decimals_of(value) if decimals is None else decimals
    text = f"{value:,.{places}f}".replace(",", GAP)
    if float(text.replace(GAP, "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def decimals_of(value: float) -> int:
    """How many decimals give three significant digits; none from 100 on, never more than six."""
    size = abs(value)
    if size == 0 or not math.isfinite(size):
        return 0
    return int(min(6, max(0, 2 - math.floor(math.log10(size)))))


def written(value: float) -> str:
    """A parameter's number with every digit it was given, thousands grouped."""
    return f"{value:,.10g}".replace(",", GAP).replace("-", "−")


def km2(square_metres: float) -> str:
    """An area in km2, as text without its unit."""
    return number(square_metres / 1e6)


def km2_decimals(areas_m2: list[float]) -> int:
    """The decimals in km2 that a column of areas deserves: fewer as its largest grows."""
    largest = max((abs(a) for a in areas_m2 if math.isfinite(a)), default=0.0) / 1e6
    return 0 if largest >= 1000 or not largest else 1 if largest >= 10 else 3


def percent(value: float) -> str:
    """A percentage with one decimal (two below 1), and its sign."""
    return f"{percent_number(value)}{GAP}%"


def percent_number(value: float) -> str:
    """A percentage without its sign; a trace is not told as zero."""
    if 0 < abs(value) < 0.01:
        return "<0.01"
    return number(value, 2 if 0 < abs(value) < 1 else 1)
