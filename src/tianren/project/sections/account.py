"""[account]: what is counted towards 30 percent, and what says how well it is kept."""

import datetime as dt

from pydantic import Field

from tianren.project.sections.table import Table, TableName, Vector


class AccountTable(Table):
    """[account].

    sites: protected areas and OECMs, WDPA or national lists; columns: source -> role -> column, for
    lists whose headings are not known. crosswalk: national type -> IUCN category, governance, class
    (default: the packaged one). inland_water: where land is inland water. freshwater: priority
    zones, named by freshwater_column. assessments: effectiveness by site (METT-4, IMET, SAGE, Green
    List); oecm: answers to the site tool by site; candidates: polygons that a what-if may add.
    territories: of indigenous peoples and local communities; territory_column: their recognition.
    neighbours: land beyond the border, whose sites, of the same sources, help to connect.
    opening: the day of the opening balance (default: ten years before the project's day);
    opening_sites: the list of that day, without which the years of the sites say what there was.
    seed: of the draws of unknown years, where they are drawn.
    """

    sites: tuple[Vector, ...] = ()
    columns: dict[str, dict[str, str]] = Field(default_factory=dict)
    crosswalk: TableName = ""
    inland_water: Vector = ""
    freshwater: Vector = ""
    freshwater_column: str = "name"
    assessments: tuple[TableName, ...] = ()
    oecm: TableName = ""
    candidates: Vector = ""
    territories: Vector = ""
    territory_column: str = ""
    neighbours: Vector = ""
    opening: dt.date | None = None
    opening_sites: tuple[Vector, ...] = ()
    seed: int = 0
