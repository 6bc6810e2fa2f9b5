"""What a person tells of a footprint, held against the footprint that was drawn."""

from collections.abc import Mapping

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.management.facts import Value, all_facts

AGREES = 0.01  # of an area or a width: two surveys of one plot differ by as much
MEASURED = ("area_m2", "width_m")
PARTS = ("new_construction_m2", "reclamation_m2", "pasture_m2")  # of the footprint, in m2
AT_SEA = "at_sea"


def held_together(
    told: Mapping[str, Value], drawn: Mapping[str, Value], where: str = "--fact"
) -> list[Finding]:
    """What was told beyond what the footprint shows; UserError where the two contradict.

    drawn: area_m2, width_m and at_sea of the footprint itself.
    """
    for name in MEASURED:
        _require_same(name, told, drawn, where)
    for name in PARTS:
        _require_part(name, told, drawn, where)
    return _at_sea(told, drawn, where)


def _require_same(
    name: str, told: Mapping[str, Value], drawn: Mapping[str, Value], where: str
) -> None:
    if name not in told:
        return
    said, seen = float(told[name]), float(drawn[name])
    if abs(said - seen) <= AGREES * seen:
        return
    raise UserError(
        say("{fact} contradicts the footprint that was drawn", fact=name), where=where,
        by_how_much=_numbers(name, said, seen),
        next_step=say("leave it out, since it comes from the polygon; or draw the polygon anew"),
    )  # fmt: skip


def _require_part(
    name: str, told: Mapping[str, Value], drawn: Mapping[str, Value], where: str
) -> None:
    """No part is larger than the whole."""
    if name not in told:
        return
    said, whole = float(told[name]), float(drawn["area_m2"])
    if said <= whole * (1 + AGREES):
        return
    raise UserError(
        say("{fact} is larger than the whole footprint", fact=name), where=where,
        by_how_much=_numbers(name, said, whole),
        next_step=say("correct it, or draw all of the land that is used"),
    )  # fmt: skip


def _numbers(name: str, said: float, seen: float) -> str:
    unit = all_facts()[name].unit
    return say("told {said} {unit}, drawn {seen} {unit}", said=f"{said:,.10g}",
               seen=f"{seen:,.1f}", unit=unit)  # fmt: skip


def _at_sea(told: Mapping[str, Value], drawn: Mapping[str, Value], where: str) -> list[Finding]:
    """That it lies at sea is known from the zones that it touches; elsewhere a person may know."""
    if told.get(AT_SEA, drawn[AT_SEA]) == drawn[AT_SEA]:
        return []
    if drawn[AT_SEA]:
        raise UserError(
            say("{fact} contradicts the footprint that was drawn", fact=AT_SEA), where=where,
            by_how_much=say("told no; it touches a piece of the line at sea"),
            next_step=say("leave it out, since it comes from the polygon; or draw the polygon "
                          "anew"),
        )  # fmt: skip
    message = say("at_sea is yes as it was told; of the pieces that it touches none lies at sea")
    return [Finding("check.at_sea_told", "footprint", Severity.WARNING, message)]
