"""What changes by decree is data with a date and a source: parameters, in the package's TOML.

A file `grading.toml` holds the parameters `grading.*`. Each has a unit and a history; each entry of
the history says since when, for which jurisdiction and named set, from which source, whether that
source was read (`verified`), and, where known, a range. Users override entries by value, never by
editing files.
"""

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from tianren.errors import UserError

Table = Mapping[str, float]
Value = float | Fraction | str | Table


@dataclass(frozen=True)
class Setting:
    """One value of one parameter, in force from a day in a jurisdiction.

    value: a number, an exact share ("1/2" in the file), a word, or a table {class: number}.
    low, high: the range of a robustness draw (for a table, two tables with the same rows);
    without them the parameter is held, and the run says so.
    """

    id: str
    unit: str
    value: Value
    source: str
    verified: bool
    since: dt.date = dt.date.min
    jurisdiction: str = ""
    set: str = ""
    low: Value | None = None
    high: Value | None = None
    note: str = ""

    @property
    def has_range(self) -> bool:
        return self.low is not None and self.high is not None

    def at(self, quantile: float) -> "Setting":
        """The setting with its value moved to a quantile (0..1) of its uniform range.

        All rows of a table move together: the draw asks what if the whole table is low or high.
        """
        return replace(self, value=_between(self.low, self.high, quantile))

    def record(self) -> dict[str, Any]:
        """Plain values for run.toml, ledgers and reports."""
        value = dict(self.value) if isinstance(self.value, Mapping) else self.value
        return {
            "id": self.id,
            "value": str(value) if isinstance(value, Fraction) else value,
            "unit": self.unit,
            "since": self.since.isoformat(),
            "jurisdiction": self.jurisdiction,
            "set": self.set,
            "source": self.source,
            "verified": self.verified,
        }


def _between(low: Value | None, high: Value | None, quantile: float) -> Value:
    if isinstance(low, Mapping) and isinstance(high, Mapping):
        return MappingProxyType({k: low[k] + quantile * (high[k] - low[k]) for k in low})
    if isinstance(low, Fraction) and isinstance(high, Fraction):
        # Shares stay rational: cuts compare exactly, so the draw is rounded to a thousandth.
        return low + round(quantile * 1000) * (high - low) / 1000
    if isinstance(low, int | float) and isinstance(high, int | float):
        return low + quantile * (high - low)
    raise TypeError("a parameter without a numeric range cannot be drawn")


@dataclass(frozen=True)
class Parameter:
    """The history of one decreed or published number."""

    id: str
    unit: str
    name: Mapping[str, str]
    history: tuple[Setting, ...]
    default_set: str = ""

    def on(self, day: dt.date, jurisdiction: str = "", set_name: str = "") -> Setting:
        """The setting in force on a day: the jurisdiction's own, else the general one."""
        wanted = set_name or self.default_set
        in_force = [s for s in self.history if s.since <= day and s.set == wanted]
        for place in (jurisdiction, ""):
            mine = [s for s in in_force if s.jurisdiction == place]
            if mine:
                return max(mine, key=lambda s: s.since)
        raise UserError(
            f"the parameter {self.id} has no value in force on {day} for {jurisdiction or 'any'}"
            + (f" in the set {wanted}" if wanted else ""),
            where="parameters",
            next_step=self._instead(wanted),
        )

    def _instead(self, wanted: str) -> str:
        first = min((s.since for s in self.history if s.set == wanted), default=None)
        if first is None:
            return f"choose one of its sets ({', '.join(self.sets())}) or override it"
        return f"its first value is of {first}: set day in project.toml after it, or override it"

    def sets(self) -> list[str]:
        return sorted({s.set for s in self.history})


@dataclass
class Parameters:
    """Every parameter as one project sees it on its valid day; remembers which were asked for.

    choices: parameter id -> named set; overrides: parameter id -> Setting that replaces it.
    """

    day: dt.date
    jurisdiction: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Setting] = field(default_factory=dict)
    _used: dict[str, Setting] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name in (*self.choices, *self.overrides):
            _known(name)

    def __getitem__(self, name: str) -> Setting:
        if name in self.overrides:
            setting = self.overrides[name]
        else:
            setting = _known(name).on(self.day, self.jurisdiction, self.choices.get(name, ""))
        self._used[name] = setting
        return setting

    def number(self, name: str) -> float:
        value = self[name].value
        if isinstance(value, str | Mapping):
            raise _wrong_form(name, "a number")
        return float(value)

    def share(self, name: str) -> Fraction:
        """An exact share: 1/2, 4/5. A decimal is read as the decimal it was written as."""
        value = self[name].value
        if isinstance(value, Mapping):
            raise _wrong_form(name, "a share")
        return value if isinstance(value, Fraction) else Fraction(str(value))

    def table(self, name: str) -> Table:
        value = self[name].value
        if not isinstance(value, Mapping):
            raise _wrong_form(name, "a table")
        return value

    def word(self, name: str) -> str:
        value = self[name].value
        if not isinstance(value, str):
            raise _wrong_form(name, "a word")
        return value

    def used(self) -> list[Setting]:
        """The settings asked for so far, by id: what run.toml and the report list."""
        return [self._used[name] for name in sorted(self._used)]

    def with_settings(self, settings: Mapping[str, Setting]) -> "Parameters":
        """The same parameters with some replaced: one draw of a robustness run."""
        return Parameters(self.day, self.jurisdiction, self.choices, {**self.overrides, **settings})


def override(name: str, entry: Mapping[str, Any], reason: str) -> Setting:
    """A user's own value, from project.toml: value, source, and optionally low and high."""
    known = _known(name)
    general = {"source": f"project: {reason}", "verified": False, **entry}
    return _setting(name, known.unit, general)


def all_parameters() -> Mapping[str, Parameter]:
    """Every packaged parameter, by id."""
    return _packaged()


def _known(name: str) -> Parameter:
    found = _packaged().get(name)
    if found is None:
        import difflib

        near = difflib.get_close_matches(name, _packaged(), n=1)
        raise UserError(
            f"there is no parameter called {name}",
            where="project.toml",
            next_step=f"did you mean {near[0]}?" if near else "list them: tianren parameters",
        )
    return found


def _wrong_form(name: str, wanted: str) -> UserError:
    return UserError(
        f"the parameter {name} is not {wanted}",
        where="project.toml",
        next_step=f"give {wanted} or remove the override",
    )


@cache
def _packaged() -> Mapping[str, Parameter]:
    found: dict[str, Parameter] = {}
    for path in sorted(files("tianren.parameters").iterdir(), key=lambda p: p.name):
        if path.name.endswith(".toml"):
            text = path.read_text(encoding="utf-8")
            found.update((p.id, p) for p in _parse(path.name[: -len(".toml")], text))
    return MappingProxyType(found)


def _parse(prefix: str, text: str) -> Iterator[Parameter]:
    for key, body in tomllib.loads(text).items():
        name = f"{prefix}.{key}"
        history = tuple(_setting(name, body["unit"], entry) for entry in body["history"])
        yield Parameter(
            name, body["unit"], body.get("name", {}), history, body.get("default_set", "")
        )


def _setting(name: str, unit: str, entry: Mapping[str, Any]) -> Setting:
    return Setting(
        id=name,
        unit=unit,
        value=_value(entry["value"]),
        source=entry["source"],
        verified=entry["verified"],
        since=entry.get("since", dt.date.min),
        jurisdiction=entry.get("jurisdiction", ""),
        set=entry.get("set", ""),
        low=_value(entry["low"]) if "low" in entry else None,
        high=_value(entry["high"]) if "high" in entry else None,
        note=entry.get("note", ""),
    )


def _value(raw: Any) -> Value:
    """A value as written: "1/2" is an exact share, a table keeps its order, words stay words."""
    if isinstance(raw, Mapping):
        return MappingProxyType({str(k): float(v) for k, v in raw.items()})
    if isinstance(raw, str) and _is_share(raw):
        return Fraction(raw)
    return raw if isinstance(raw, str) else float(raw)


def _is_share(text: str) -> bool:
    numerator, slash, denominator = text.partition("/")
    return bool(slash) and numerator.strip().isdigit() and denominator.strip().isdigit()
