"""What is to be known before the numbers of connectivity are used."""

from typing import Any

import shapely

from tianren.accounting.connectivity import ProtConn
from tianren.findings import Finding, Severity
from tianren.geo.distances import stretch
from tianren.language import say
from tianren.steps.account_links import Field, Linked

SUBJECT = "connectivity"
SCIENCE = "Saura et al. 2017, 2018"
ROUNDING = 1e-9  # percent: less than this below zero is not negative


def cut_off(field: Field, one: Linked) -> Finding:
    """The cut-off of p, and how much too small ECA can be for it."""
    error, eca = one.found.eca_error, one.found.eca
    message = say(
        "paths with a chance below {least} are not followed: the connected area (ECA) of {eca} km2 "
        "is too small by at most {error} km2, {percent} %",
        least=f"{field.rules.least:g}", eca=f"{eca / 1e6:,.2f}", error=f"{error / 1e6:.3g}",
        percent=f"{100 * error / eca if eca > 0 else 0.0:.2g}",
    )  # fmt: skip
    return Finding("account.link_cut_off", SUBJECT, Severity.NOTE, message, SCIENCE)


def distortion(field: Field, crs: Any, limit: float) -> Finding:
    """How far the plane stretches distances; a warning above the limit, a share."""
    west, south, east, north = shapely.bounds(field.land).tolist()
    wide = field.rules.across
    least, most = stretch(crs, (west - wide, south - wide, east + wide, north + wide))
    grave = max(1 - least, most - 1) > limit
    message = say(
        "a metre on the Earth is {least} to {most} m in the plane where distances are measured",
        least=f"{least:.4f}", most=f"{most:.4f}",
    )  # fmt: skip
    if grave:
        message += "; " + say("choose a [grid] crs centred on the region, as Lambert azimuthal")
    severity = Severity.WARNING if grave else Severity.NOTE
    return Finding("account.link_distortion", SUBJECT, severity, message, "Snyder 1987")


def negative(where: str, found: ProtConn) -> list[Finding]:
    """F_contig below zero, which no share can be."""
    share = found.fractions()["contig"]
    if share >= -ROUNDING:
        return []
    message = say(
        "F_contig is {share} %: F_within, corrected for overlap, is more than F_prot; read the sum "
        "of both", share=f"{share:.2f}",
    )  # fmt: skip
    return [Finding("account.contig_negative", where, Severity.NOTE, message, SCIENCE)]


def too_many(count: int, most: int) -> Finding:
    """What each site is worth was not computed."""
    message = say(
        "{n} sites and candidates are more than {most}: what each is worth to the connections is "
        "not told; override protconn.most in project.toml to have it", n=count, most=most,
    )  # fmt: skip
    return Finding("account.links_not_each", SUBJECT, Severity.WARNING, message, "protconn.most")
