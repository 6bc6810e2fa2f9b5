"""Units as catalogs write them, brought once to the vocabulary's unit."""

from collections.abc import Sequence
from dataclasses import dataclass

from tianren.errors import UserError

DAYS_IN_MONTH = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

# Other ways to write a unit that the vocabulary or the table below knows.
_ALIASES = {
    "°c": "degC", "c": "degC", "celsius": "degC", "degree celsius": "degC", "deg c": "degC",
    "degrees celsius": "degC", "degc": "degC", "℃": "degC",
    "k": "K", "kelvin": "K", "°f": "degF", "degf": "degF", "fahrenheit": "degF",
    "": "1", "-": "1", "none": "1", "unitless": "1", "fraction": "1", "ratio": "1", "index": "1",
    "percent": "%", "pct": "%", "‰": "permille", "per mille": "permille",
    "metre": "m", "metres": "m", "meter": "m", "meters": "m", "feet": "ft", "foot": "ft",
    "°": "degree", "deg": "degree", "degrees": "degree", "rad": "radian", "radians": "radian",
    "mm month-1": "mm/month", "mm per month": "mm/month", "mm/mon": "mm/month",
    "mm month^-1": "mm/month", "mm/yr": "mm/a", "mm/year": "mm/a", "mm yr-1": "mm/a",
    "mm a-1": "mm/a", "mm/d": "mm/day", "mm day-1": "mm/day", "m month-1": "m/month",
    "m/yr": "m/a", "m/year": "m/a", "m s-1": "m/s", "m s**-1": "m/s", "km h-1": "km/h",
    "kg m-2 s-1": "kg/(m2 s)", "kg m**-2 s**-1": "kg/(m2 s)", "kg/m2/s": "kg/(m2 s)",
    "g c m-2 yr-1": "g C/(m2 a)", "gc/m2/yr": "g C/(m2 a)", "g c/m2/a": "g C/(m2 a)",
    "g c/(m2 yr)": "g C/(m2 a)", "kg c m-2 yr-1": "kg C/(m2 a)", "kgc/m2/yr": "kg C/(m2 a)",
    "t c/(ha a)": "t C/(hm2 a)", "t c/ha": "t C/hm2", "mg c/ha": "t C/hm2", "tc/ha": "t C/hm2",
    "mg/ha": "t C/hm2", "kg c/m2": "kg C/m2",
    "mj mm/(ha h a)": "MJ mm/(hm2 h a)", "mj mm/(ha h yr)": "MJ mm/(hm2 h a)",
    "mj mm ha-1 h-1 yr-1": "MJ mm/(hm2 h a)", "mj mm ha-1 h-1 a-1": "MJ mm/(hm2 h a)",
    "t ha h/(ha mj mm)": "t hm2 h/(hm2 MJ mm)", "t ha h ha-1 mj-1 mm-1": "t hm2 h/(hm2 MJ mm)",
    "t/km2/a": "t/(km2 a)", "t/ha/yr": "t/(hm2 a)", "t/(ha a)": "t/(hm2 a)",
    "t h/(mj mm)": "t hm2 h/(hm2 MJ mm)", "degree days": "degC d", "°c d": "degC d",
}  # fmt: skip

# (from, to): value_to = factor * value_from + offset
_CONVERSIONS = {
    ("K", "degC"): (1.0, -273.15),
    ("degF", "degC"): (5 / 9, -160 / 9),
    ("0.1 degC", "degC"): (0.1, 0.0),
    ("0.1 K", "degC"): (0.1, -273.15),
    ("cm", "m"): (0.01, 0.0),
    ("mm", "m"): (0.001, 0.0),
    ("dm", "m"): (0.1, 0.0),
    ("km", "m"): (1000.0, 0.0),
    ("ft", "m"): (0.3048, 0.0),
    ("m", "mm/month"): (1000.0, 0.0),
    ("mm", "mm/month"): (1.0, 0.0),
    ("cm", "mm/month"): (10.0, 0.0),
    ("m/month", "mm/month"): (1000.0, 0.0),
    ("cm/month", "mm/month"): (10.0, 0.0),
    ("m", "mm/a"): (1000.0, 0.0),
    ("mm", "mm/a"): (1.0, 0.0),
    ("cm", "mm/a"): (10.0, 0.0),
    ("m/a", "mm/a"): (1000.0, 0.0),
    ("m/day", "mm/day"): (1000.0, 0.0),
    ("m", "mm/day"): (1000.0, 0.0),
    ("mm", "mm/day"): (1.0, 0.0),
    ("kg/(m2 s)", "mm/day"): (86_400.0, 0.0),
    ("mm/day", "mm/a"): (365.25, 0.0),
    ("kg/(m2 s)", "mm/a"): (365.25 * 86_400, 0.0),
    ("mm/a", "m/a"): (0.001, 0.0),
    ("%", "1"): (0.01, 0.0),
    ("1", "%"): (100.0, 0.0),
    ("permille", "1"): (0.001, 0.0),
    ("permille", "%"): (0.1, 0.0),
    ("g/kg", "%"): (0.1, 0.0),
    ("dg/kg", "%"): (0.01, 0.0),
    ("radian", "degree"): (57.29577951308232, 0.0),
    ("km/h", "m/s"): (1 / 3.6, 0.0),
    ("knot", "m/s"): (0.514444, 0.0),
    ("kg C/(m2 a)", "g C/(m2 a)"): (1000.0, 0.0),
    ("t C/(hm2 a)", "g C/(m2 a)"): (100.0, 0.0),
    ("kg C/m2", "t C/hm2"): (10.0, 0.0),
    ("g C/m2", "t C/hm2"): (0.01, 0.0),
    ("mg/L", "g/L"): (0.001, 0.0),
    ("t/(hm2 a)", "t/(km2 a)"): (100.0, 0.0),
}

# Of a month's length: the band says which month.
_PER_DAY = {("mm/day", "mm/month"): 1.0, ("kg/(m2 s)", "mm/month"): 86_400.0,
            ("m/day", "mm/month"): 1000.0}  # fmt: skip


@dataclass(frozen=True)
class Conversion:
    """value * factor + offset, one per band."""

    factor: float = 1.0
    offset: float = 0.0

    @property
    def changes(self) -> bool:
        return (self.factor, self.offset) != (1.0, 0.0)


def plain_unit(text: str) -> str:
    """A unit in the vocabulary's spelling, where the spelling is known."""
    return _ALIASES.get(text.strip().casefold(), text.strip())


def conversions(
    unit: str, wanted: str, bands: Sequence[int], *, where: str = ""
) -> tuple[Conversion, ...]:
    """How each band comes from `unit` to `wanted`; bands: month numbers for monthly layers."""
    given, goal = plain_unit(unit), plain_unit(wanted)
    if given == goal:
        return tuple(Conversion() for _ in bands)
    if (given, goal) in _PER_DAY and len(bands) >= 12:
        daily = _PER_DAY[given, goal]
        return tuple(Conversion(daily * DAYS_IN_MONTH[month - 1]) for month in bands)
    if (given, goal) in _CONVERSIONS:
        return tuple(Conversion(*_CONVERSIONS[given, goal]) for _ in bands)
    raise UserError(
        f"the unit {unit} cannot be brought to {wanted}",
        where=where,
        next_step=f"convert the layer to {wanted} and say so, or use one of: {_sources(goal)}",
    )


def _sources(goal: str) -> str:
    return ", ".join(sorted({a for a, b in (*_CONVERSIONS, *_PER_DAY) if b == goal} | {goal}))


def likely_units(value: float, wanted: str, low: float, high: float) -> list[str]:
    """Units in which a number would be plausible for a layer measured in `wanted`."""
    goal = plain_unit(wanted)
    return [
        unit
        for (unit, to), (factor, offset) in _CONVERSIONS.items()
        if to == goal and low <= value * factor + offset <= high
    ]
