"""What can be computed from the layers an agency holds, how, and what is missing for the rest."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tianren.delineation.chooser import GIVEN, Chooser, Recipes, merged
from tianren.delineation.layers import LayerInfo
from tianren.delineation.pieces import CRITERIA
from tianren.delineation.recipes import Context, Criterion, Recipe
from tianren.errors import UserError
from tianren.findings import Finding, Severity, worst_first
from tianren.language import current_language, say
from tianren.parameters import Parameters
from tianren.parameters.crosswalks import coarse_classes, crosswalk
from tianren.parameters.layers import layers

Status = Literal["computed", "not_applicable", "missing"]


@dataclass(frozen=True)
class Facts:
    """What is known about the region beside its layers.

    sea: it has a marine part; nowhere: masks (dryland, karst_area) that hold in no cell of it.
    """

    sea: bool = False
    nowhere: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Need:
    """A layer that would have to be found, with its unit and where one usually gets it."""

    layer: str
    name: str
    unit: str
    bands: int
    where_from: str


@dataclass(frozen=True)
class CriterionPlan:
    """What will happen to one function or sensitivity, and why.

    name: the short name of its method; alternatives: those of the others that could be computed.
    inputs: the layers of the catalog behind it; recipes: every derivation in order, the criterion's
    own method last; mask: the factor that says where it applies ("" for everywhere).
    needs: the smallest set of layers that would make it computable.
    """

    criterion: Criterion
    status: Status
    method: str = ""
    unit: str = ""
    reason: str = ""
    needs: tuple[Need, ...] = ()
    inputs: tuple[str, ...] = ()
    recipes: tuple[Recipe, ...] = ()
    mask: str = ""
    mask_recipes: tuple[Recipe, ...] = ()
    findings: tuple[Finding, ...] = ()
    name: str = ""
    alternatives: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.criterion.id

    @property
    def realms(self) -> frozenset[int]:
        """Where the criterion is graded: its method's realms, else its own."""
        own = self.recipes[-1].realms if self.recipes else None
        return self.criterion.realms if own is None else own

    def as_dict(self) -> dict[str, Any]:
        """Plain values for criteria.json and --json."""
        return {
            "criterion": self.id,
            "kind": self.criterion.kind,
            "status": self.status,
            "method": self.method,
            "name": self.name,
            "alternatives": list(self.alternatives),
            "unit": self.unit,
            "reason": self.reason,
            "needs": [vars(need) for need in self.needs],
            "inputs": list(self.inputs),
            "steps": [
                {"makes": r.makes, "method": r.method, "from": list(r.needs), "source": r.source}
                for r in self.recipes
            ],
            "mask": self.mask,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def plan(
    available: Mapping[str, LayerInfo],
    parameters: Parameters,
    facts: Facts | None = None,
    *,
    criteria: Sequence[Criterion] | None = None,
    factors: Recipes | None = None,
    methods: Mapping[str, str] | None = None,
) -> tuple[CriterionPlan, ...]:
    """For each function and sensitivity: computed, not applicable here, or missing, and why.

    available: layer id -> what the catalog says of it. criteria, factors: the rules to plan by;
    Tianren's own unless given. methods: criterion -> the short name of the method that the project
    chooses; UserError where there is no such method, or its layers cannot be had.
    """
    criteria = criteria or _own_criteria()
    if factors is None:
        from tianren.delineation.factors import FACTORS

        factors = FACTORS
    # A copy: looking at the ways to do something is not yet using their parameters.
    chooser = Chooser(Context(parameters.with_settings({}), available), factors)
    known, wanted = facts or Facts(), methods or {}
    check_methods(wanted, _chosen_at, criteria=criteria)
    return tuple(_planned(c, chooser, known, wanted.get(c.id, "")) for c in criteria)


def _own_criteria() -> tuple[Criterion, ...]:
    from tianren.delineation.importance import FUNCTIONS
    from tianren.delineation.sensitivity import SENSITIVITIES

    return (*FUNCTIONS, *SENSITIVITIES)


def check_methods(
    methods: Mapping[str, str],
    where: Callable[[str], str],
    *,
    criteria: Sequence[Criterion] | None = None,
) -> None:
    """UserError unless every choice names a criterion and one of its methods.

    where: criterion -> where it was chosen; criteria: Tianren's own unless given.
    """
    known = {c.id: c for c in criteria or _own_criteria()}
    for name, method in methods.items():
        if name not in known:
            raise UserError(
                f"there is no function or sensitivity called {name}",
                where=where(name),
                next_step=_nearest(name, known),
            )
        if method not in known[name].names:
            raise UserError(
                f"{name} has no method called {method}",
                where=where(name),
                next_step=_nearest(method, known[name].names),
            )


def _nearest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return (f"did you mean {near[0]}? " if near else "") + f"use one of {', '.join(known)}"


def _chosen_at(criterion: str) -> str:
    return f"project.toml [delineation.methods] {criterion}"


def _planned(criterion: Criterion, chooser: Chooser, facts: Facts, choice: str) -> CriterionPlan:
    if criterion.needs_coast and not _has_coast(criterion, chooser, facts):
        reason = say("no sea in the project (region.sea_source), no layer of the coast")
        return CriterionPlan(criterion, "not_applicable", reason=reason)
    method = _method(criterion, chooser, choice)
    made = _missing(criterion, chooser) if method is None else _computed(criterion, method, chooser)
    mask = criterion.applies
    if mask is not None and mask.mask in facts.nowhere:
        return replace(
            made, status="not_applicable", reason=say(mask.reason),
            recipes=(), method="", name="", alternatives=(),
        )  # fmt: skip
    made = replace(made, mask_recipes=chooser.chain_to(mask.mask)[0] if mask else ())
    return replace(made, findings=_findings(made, chooser))


def _method(criterion: Criterion, chooser: Chooser, choice: str) -> Recipe | None:
    """The method that the project chooses, else the first that can be had without being asked."""
    if not choice:
        ready = (m for m in criterion.methods if m.use != "asked" and chooser.can(m))
        return next(ready, None)
    mine = [m for m in criterion.methods if m.name == choice]
    found = next((m for m in mine if chooser.can(m)), None)
    if found is None:
        can = _computable(criterion, chooser)
        raise UserError(
            f"{criterion.id} cannot be computed by {choice}",
            where=_chosen_at(criterion.id),
            by_how_much=f"missing: {', '.join(chooser.smallest_missing(mine))}",
            next_step="add these layers to catalog.toml, or "
            + (f"choose {' or '.join(can)}" if can else "leave the choice to Tianren"),
        )
    return found


def _computable(criterion: Criterion, chooser: Chooser) -> tuple[str, ...]:
    """The short names of the methods that the catalog allows."""
    return tuple(dict.fromkeys(m.name for m in criterion.methods if chooser.can(m)))


def _has_coast(criterion: Criterion, chooser: Chooser, facts: Facts) -> bool:
    """A sea, or any layer of the criterion itself: a coast can be mapped without a marine part."""
    needs = {need for method in criterion.methods for need in method.needs} - GIVEN
    return facts.sea or any(chooser.has(need) for need in needs)


def _missing(criterion: Criterion, chooser: Chooser) -> CriterionPlan:
    wanted = chooser.smallest_missing([m for m in criterion.methods if m.use == "can"])
    needs = tuple(_need(name) for name in wanted)
    reason = say("missing: {layers}", layers=", ".join(_called(need.layer) for need in needs))
    return CriterionPlan(criterion, "missing", reason=reason, needs=needs)


def _computed(criterion: Criterion, method: Recipe, chooser: Chooser) -> CriterionPlan:
    recipes, inputs = chooser.chain(method)
    mask = criterion.applies.mask if criterion.applies else ""
    if mask and chooser.has(mask):
        before, more = chooser.chain_to(mask)
        recipes, inputs = merged(before, recipes), inputs | more
    else:
        mask = ""
    in_order = tuple(name for name in chooser.available if name in inputs)
    others = tuple(name for name in _computable(criterion, chooser) if name != method.name)
    return CriterionPlan(
        criterion.by(method), "computed", method.method, method.unit, "", (), in_order, recipes,
        mask, name=method.name, alternatives=others,
    )  # fmt: skip


def _need(name: str) -> Need:
    found = layers()[name]
    title = found.name.get(current_language()) or found.name["en"]
    return Need(name, title, found.unit, found.bands, found.where_from)


def _called(layer: str) -> str:
    """A layer in a sentence: in English by its id, as catalog.toml calls it, else by its name.

    Reports retell English sentences in other languages, and know layers by their ids.
    """
    language = current_language()
    return layer if language == "en" else layers()[layer].name.get(language, layer)


def _findings(made: CriterionPlan, chooser: Chooser) -> tuple[Finding, ...]:
    """What is known before a cell is read: replaced methods, constants, approximate layers."""
    if made.status != "computed":
        return ()
    methods = [r.finding.finding(r.makes, 0, 0, 0) for r in made.recipes if r.finding]
    layers_used = [
        finding
        for name in made.inputs
        for finding in _layer_findings(chooser.available[name], made)
    ]
    applies = made.criterion.applies
    assumed = (
        [Finding("criterion.used_everywhere", made.id, Severity.WARNING, say(applies.assumed))]
        if applies and applies.assumed and not made.mask
        else []
    )
    return tuple(worst_first([*methods, *layers_used, *assumed]))


def _layer_findings(info: LayerInfo, made: CriterionPlan) -> list[Finding]:
    found = []
    if info.constant is not None:
        found.append(_constant(info, made))
    coarse = coarse_classes(info.legend_name) if info.legend_name else frozenset()
    if coarse:
        found.append(_coarse(info, coarse))
    if info.approximate:
        message = say("{layer} is approximate: {note}", layer=_called(info.layer), note=info.note)
        found.append(Finding("layer.approximate", info.layer, Severity.NOTE, message))
    return found


def _coarse(info: LayerInfo, coarse: Collection[int]) -> Finding:
    """Classes wider than the ecosystem types of the tables: the likeliest type stands for each."""
    names = [info.legend[code] for code in sorted(coarse) if code in info.legend]
    message = say(
        "{n} of {all} classes of the legend {legend} cover several ecosystem types; each counts as "
        "the one most common in it: {names}.",
        n=len(coarse),
        all=len(crosswalk(info.legend_name)),
        legend=info.legend_name,
        names=", ".join(names[:_NAMED]) + (" ..." if len(names) > _NAMED else ""),
    )
    return Finding("layer.coarse_classes", info.layer, Severity.NOTE, message, "crosswalks")


_NAMED = 6  # classes that a finding names


def _constant(info: LayerInfo, made: CriterionPlan) -> Finding:
    value, unit = f"{info.constant:g}", info.unit or layers()[info.layer].unit
    message = say(
        "{layer} is one number for the whole region, {value} {unit} ({reason}).",
        layer=_called(info.layer),
        value=value,
        unit=unit,
        reason=info.reason.rstrip(". "),
    )
    if info.layer in made.recipes[-1].proportional_to:
        message += " " + say(
            "It cancels in the shares and grades of {criterion}, not in its amounts.",
            criterion=say(CRITERIA[made.id]),
        )
    return Finding(
        "layer.constant", made.id, Severity.WARNING, message, "Tianren: How the line is drawn"
    )


def plan_order(plans: Sequence[CriterionPlan]) -> tuple[Recipe, ...]:
    """Every recipe that runs, each once, needs before what they make."""
    return tuple({r.makes: r for p in plans if p.status == "computed" for r in p.recipes}.values())


def parameters_of(plans: Sequence[CriterionPlan], context: Context) -> dict[str, frozenset[str]]:
    """The parameters that each factor and criterion value depends on, through all its inputs."""
    found: dict[str, frozenset[str]] = {}
    for recipe in plan_order(plans):
        names = {*recipe.needs, *(s.layer for s in recipe.statistics), *masks_of(plans, recipe)}
        behind = [found.get(name, frozenset()) for name in sorted(names)]
        found[recipe.makes] = frozenset().union(recipe.parameters(context), *behind)
    return found


def masks_of(plans: Sequence[CriterionPlan], recipe: Recipe) -> tuple[str, ...]:
    """The mask of the criterion that a recipe makes, if it has one."""
    return tuple(p.mask for p in plans if p.id == recipe.makes and p.mask)
