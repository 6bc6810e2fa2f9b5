"""Which column of a list of species records plays which role."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.sources import Entry
from tianren.language import say
from tianren.parameters.headings import columns_by_role, roles_of, usual_headings

COLUMN_RULES = ("records.columns", "records.no_date")  # what is told of a source's headings
UNCERTAINTY_KM = "uncertainty_km"  # the role of uncertainty where its heading says kilometres
_MOST = 20  # headings that a message names


def find_roles(entry: Entry, headings: Sequence[str]) -> dict[str, str]:
    """Role -> heading: as the catalog says it, else by the usual headings of four languages."""
    found = columns_by_role("records", headings)
    for role, heading in entry.columns.items():
        if role not in roles_of("records"):
            raise UserError(
                f"{role} is no role of a column",
                where=entry.where,
                next_step=f"use one of {', '.join(roles_of('records'))}",
            )
        if heading in headings:
            found[role] = heading
    named = set(entry.columns.values())
    chosen = {r: h for r, h in found.items() if r in entry.columns or h not in named}
    return {
        _with_unit(role, h): h
        for role, h in chosen.items()
        if not (role == "species" and entry.species)
    }


def _with_unit(role: str, heading: str) -> str:
    """The role of a heading that gives a unit of its own: "Uncertainty (km)"."""
    in_km = re.search(r"[(\[（]\s*(km|kil[oó]m|千米|公里)", heading.casefold())
    return UNCERTAINTY_KM if role == "uncertainty" and in_km else role


def require_roles(
    entry: Entry, roles: Mapping[str, str], headings: Sequence[str]
) -> Mapping[str, str]:
    """The roles, when they say a species and a place. Raises UserError naming what lacks."""
    for role, heading in entry.columns.items():
        if heading and heading not in headings:
            raise UserError(
                f"there is no column called {heading}",
                where=entry.where,
                by_how_much=f"its columns are {', '.join(headings[:15])}",
                next_step=f"correct columns.{role} in [{entry.name}] of catalog.toml",
            )
    if "species" not in roles and not entry.species:
        raise _lacking(entry, "species", headings, 'or write species = "Genus epithet" there')
    if not ({"longitude", "latitude"} <= set(roles) or "position" in roles):
        lacking = "latitude" if "longitude" in roles else "longitude"
        raise _lacking(entry, lacking, headings, "or position, where one column holds both")
    return roles


def _lacking(entry: Entry, role: str, headings: Sequence[str], otherwise: str) -> UserError:
    usual = usual_headings("records", role)[0]
    return UserError(
        f"the records have no column of {role}",
        where=entry.where,
        by_how_much=f"their columns are {', '.join(headings[:15])}",
        next_step=f"rename it to {usual}, or write columns.{role} = its heading in [{entry.name}] "
        f"of catalog.toml, {otherwise}",
    )


def told_roles(entry: Entry, roles: Mapping[str, str], headings: Sequence[str]) -> list[Finding]:
    """Which heading plays which role, which are not read, and whether no column says a date."""
    known = (*roles_of("records"), UNCERTAINTY_KM)
    said = ", ".join(f"{role} = {roles[role]}" for role in known if role in roles)
    unread = [heading for heading in headings if heading not in roles.values()]
    message = say(
        "columns read: {roles}; headings not read: {headings}",
        roles=said, headings=_some(unread) or say("none"),
    )  # fmt: skip
    told = [Finding("records.columns", entry.name, Severity.NOTE, message, entry.uri)]
    return told if {"date", "year"} & set(roles) else [*told, _undated(entry, unread)]


def _undated(entry: Entry, unread: Sequence[str]) -> Finding:
    message = say(
        "no column of dates or years was found: no date was checked, and duplicates are judged "
        "without the year; the headings not read are {headings}; if one of them holds the dates, "
        "write {line} in [{source}] of catalog.toml",
        headings=_some(unread) or say("none"), line='columns = {date = "..."}', source=entry.name,
    )  # fmt: skip
    return Finding("records.no_date", entry.name, Severity.WARNING, message, entry.uri)


def _some(headings: Sequence[str]) -> str:
    more = say(" and {n} more", n=len(headings) - _MOST) if len(headings) > _MOST else ""
    return ", ".join(headings[:_MOST]) + more


def told_once(entry: Entry, told: Iterable[Finding]) -> list[Finding]:
    """What the files of one source say of their headings: once where several say the same.

    Where they differ, the source of each finding names its files.
    """
    files: dict[Finding, list[str]] = {}
    for finding in told:
        name = PurePath(finding.source).name
        files.setdefault(replace(finding, source=entry.uri), []).append(name)
    rules = [finding.rule for finding in files]
    return [
        finding if rules.count(finding.rule) == 1 else replace(finding, source=_some(names))
        for finding, names in files.items()
    ]
