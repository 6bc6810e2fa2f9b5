"""[management]: by which rules the line is kept, and how this country counts levels and days."""

import datetime as dt

from pydantic import Field

from tianren.project.sections.table import Layer, RasterName, Table, Vector


class ManagementTable(Table):
    """[management].

    rulebook: a packaged rulebook, or a file in the project's folder (default: that of the
    jurisdiction). levels: nation, province, city, county, township -> the level of [admin] that
    stands for it. holidays: days off besides weekends; working_weekends: weekend days that are
    worked. letterhead: who writes the letters: the office, then its address line by line.
    signatory: the post of whoever signs; appeal_to: who hears appeals; remedies: a sentence on
    courts and other remedies, as the country's law has it. signing_key: a private key file, outside
    what is shared, that signs anchors. landcover, landcover_before: what land is natural, now and
    then. restored: polygons of restoration whose land may come into the line; restored_quality: how
    good it is, with the standard in adjustment.restoration_standard.
    """

    rulebook: str = ""
    levels: dict[str, str] = Field(default_factory=dict)
    holidays: tuple[dt.date, ...] = ()
    working_weekends: tuple[dt.date, ...] = ()
    letterhead: str = ""
    signatory: str = ""
    appeal_to: str = ""
    remedies: str = ""
    signing_key: str = ""
    landcover: Layer = ""
    landcover_before: RasterName = ""
    restored: Vector = ""
    restored_quality: RasterName = ""
