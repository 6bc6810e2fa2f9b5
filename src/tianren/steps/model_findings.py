"""What `tianren models` must say of its models: what was left out, drawn, refused, or is new."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.science.species_models import DroppedPredictor
from tianren.steps.model_one import REGION, Ground

if TYPE_CHECKING:
    from tianren.parameters import Parameters

COLLINEAR = "Dormann et al. 2013, Ecography 36:27"
TARGET = "Phillips et al. 2009, Ecological Applications 19:181"
NOVEL = "Elith, Kearney & Phillips 2010, Methods in Ecology and Evolution 1:330"
SMALL = "van Proosdij et al. 2016, Ecography 39:542"
NAMED = 5  # species that a finding names
BLOCKS = "Roberts et al. 2017, Ecography 40:913"


def preparation(
    dropped: Sequence[DroppedPredictor], limit: float, lost: int, ground: Ground
) -> list[Finding]:
    """Predictors left out, records without predictors, groups without a background of their own."""
    found = [_dropped(d, limit) for d in dropped]
    if lost:
        message = say("{n} records lie where a predictor is missing, or outside the region; they "
                      "are in no model", n=lost)  # fmt: skip
        found.append(Finding("models.no_predictors", "records", Severity.NOTE, message))
    for group, cells in ground.groups.items():
        kind, background = ground.background(group)
        if kind == REGION:
            message = say("{n} cells have records of {group}, {least} are needed: the background "
                          "is {drawn} cells of the whole region, and where people looked shows in "
                          "the models", n=len(cells), group=group or say("no group"),
                          least=ground.least, drawn=len(background.number))  # fmt: skip
            found.append(Finding("models.background", group, Severity.WARNING, message, TARGET))
    return found


def _dropped(predictor: DroppedPredictor, limit: float) -> Finding:
    if not predictor.like:
        message = say("the predictor is the same everywhere, and left out")
    else:
        message = say("left out: its correlation with {like} is {r}, above {limit}",
                      like=predictor.like, r=f"{predictor.r:.2f}", limit=f"{limit:g}")  # fmt: skip
    return Finding("models.predictor_dropped", predictor.name, Severity.NOTE, message, COLLINEAR)


def outcomes(
    rows: Sequence[Mapping[str, Any]], enough: int, climates: Sequence[str],
    parameters: "Parameters",
) -> list[Finding]:  # fmt: skip
    """Species refused, not tested, no better than chance; land unlike the training cells."""
    refused = [row for row in rows if row["status"] == "refused"]
    made = [row for row in rows if row["status"] == "modelled"]
    found = []
    if refused:
        message = say("{n} species have fewer than {enough} thinned records and no model; "
                      "models.csv says how many each has",
                      n=len(refused), enough=enough)  # fmt: skip
        found.append(Finding("models.refused", "species", Severity.WARNING, message, SMALL))
    for row in made:
        if row["auc"] == "":
            found.append(_warning("models.not_tested", row, row["reason"]))
        elif row["auc"] <= 0.5:
            message = say("on land not seen the model is no better than chance: AUC {auc}",
                          auc=f"{row['auc']:.2f}")  # fmt: skip
            found.append(_warning("models.no_better_than_chance", row, message))
    found += _weak(made, parameters.number("models.weak"))
    limit = parameters.number("models.novel_warning")
    columns = {"": "novel_share", **{name: f"{name}_novel_share" for name in climates}}
    for climate, column in columns.items():
        found += _novel(climate, sorted(float(row[column]) for row in made), limit)
    return found


def _weak(made: Sequence[Mapping[str, Any]], least: float) -> list[Finding]:
    """Models that tell suitable from unsuitable land badly, though better than chance."""
    weak = [row for row in made if row["tss"] != "" and row["auc"] > 0.5 and row["tss"] < least]
    if not weak:
        return []
    names = [f"{row['species']} {row['tss']:.2f}" for row in weak]
    named = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    message = say("{n} models tell suitable land badly, TSS below {least}: {names}. Look at their "
                  "maps before a number rests on them",
                  n=len(weak), least=f"{least:g}", names=named)  # fmt: skip
    return [Finding("models.weak", "species", Severity.WARNING, message, BLOCKS)]


def _warning(rule: str, row: Mapping[str, Any], message: str) -> Finding:
    return Finding(rule, row["species"], Severity.WARNING, message, BLOCKS)


def _novel(climate: str, shares: Sequence[float], limit: float) -> list[Finding]:
    """How much of the region is unlike the cells that the models learnt from."""
    if not shares:
        return []
    middle = shares[len(shares) // 2]
    message = say("{share} % of the region is outside the range of the training cells (median of "
                  "{n} models, at most {most} %); predictors are clamped to that range there",
                  share=f"{100 * middle:.1f}", n=len(shares),
                  most=f"{100 * shares[-1]:.1f}")  # fmt: skip
    severity = Severity.WARNING if middle > limit else Severity.NOTE
    return [Finding("models.novel", climate or say("now"), severity, message, NOVEL)]
