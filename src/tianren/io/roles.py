"""Which column of a list of species records plays which role."""

from collections.abc import Mapping, Sequence

from tianren.errors import UserError
from tianren.io.sources import Entry
from tianren.parameters.headings import columns_by_role, roles_of, usual_headings


def find_roles(entry: Entry, headings: Sequence[str]) -> dict[str, str]:
    """Role -> heading: as the catalog says it, else by the usual headings of three languages."""
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
    return {role: h for role, h in chosen.items() if not (role == "species" and entry.species)}


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
