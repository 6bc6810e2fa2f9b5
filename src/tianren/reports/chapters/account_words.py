"""The words of the account: realms, kinds, what is counted, entries of the statement."""

from tianren.language import say
from tianren.reports.contents import Contents

REALMS = ("land_and_inland_water", "sea")
COUNTED = ("PA", "PA+OECM", "PA+OECM+redline")
_ELSEWHERE = 0.3  # the share that target 3 asks for, where a run does not say which it used


def realm_name(realm: str) -> str:
    return {
        "land_and_inland_water": say("land and inland water"), "land": say("land"),
        "inland_water": say("inland water"), "sea": say("sea"),
    }.get(realm, realm)  # fmt: skip


def kind_name(kind: str) -> str:
    return {
        "PA": say("Protected areas"), "OECM": say("OECMs"),
        "redline": say("Only in the redline, not counted"),
    }.get(kind, kind)  # fmt: skip


def counted_name(counted: str) -> str:
    return {
        "PA": say("protected areas"), "PA+OECM": say("protected areas and OECMs"),
        "PA+OECM+redline": say("with the whole redline"),
    }.get(counted, counted)  # fmt: skip


def class_name(name: str) -> str:
    """A governance type, or what stands for an IUCN category that is none."""
    return {
        "government": say("Government"), "shared": say("Shared governance"),
        "private": say("Private governance"),
        "community": say("Indigenous peoples and local communities"),
        "Not Reported": say("Not reported"), "Not Assigned": say("Not assigned"),
        "Not Applicable": say("Not applicable"),
    }.get(name, name)  # fmt: skip


def entry_name(entry: str) -> str:
    return {
        "opening": say("Opening balance"), "additions": say("Additions"),
        "removals": say("Removals"), "boundary_changes": say("Boundary changes"),
        "corrections": say("Corrections"), "moved": say("Moved between classes"),
        "closing": say("Closing balance"),
    }[entry]  # fmt: skip


def target(contents: Contents) -> float:
    """The share that is asked for, 0..1."""
    rows = contents.rows("distance.csv")
    return float(rows[0]["target_percent"]) / 100 if rows else _ELSEWHERE
