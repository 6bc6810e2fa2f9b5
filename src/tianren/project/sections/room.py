"""[suitability] and [parcels]: room to live, and the line from nation to township."""

from tianren.project.sections.table import Table, TableName, Vector


class SuitabilityTable(Table):
    """[suitability]. demand: a table with division, population, cropland_km2, built_km2 and
    available_water_m3, whichever there are; level: the administrative level of its divisions.
    """

    demand: TableName = ""
    level: str = ""


class ParcelsTable(Table):
    """[parcels]. source: county parcels, with the column of their code; parent: the folder of the
    project of the level above, or none for this project's own line.
    """

    source: Vector
    code: str
    parent: str = ""
