"""How a layer can be had: from the catalog, else by a recipe whose needs can be had themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tianren.delineation.layers import LayerInfo
from tianren.delineation.recipes import Context, Recipe
from tianren.parameters.layers import layers

Recipes = Mapping[str, Sequence[Recipe]]  # what is made -> the ways to make it, best first
GIVEN = frozenset({"latitude", "realm", "cell_side"})  # what every grid has by itself


@dataclass
class Chooser:
    """Finds, for a name, the first way to have it: from the catalog, else by a recipe."""

    context: Context
    factors: Recipes
    _options: dict[str, tuple[frozenset[str], ...]] = field(default_factory=dict)

    @property
    def available(self) -> Mapping[str, LayerInfo]:
        return self.context.layers

    def ways(self, name: str) -> list[Recipe]:
        """The recipes for a name that the parameters choose, best first."""
        return [r for r in self.factors.get(name, ()) if r.chosen(self.context)]

    def has(self, name: str) -> bool:
        return name in self.available or name in GIVEN or self.recipe(name) is not None

    def can(self, recipe: Recipe) -> bool:
        if recipe.at_door:  # made from a file: a constant has no slope
            return all(
                n in self.available and self.available[n].constant is None for n in recipe.needs
            )
        return all(self.has(need) for need in recipe.needs)

    def recipe(self, name: str) -> Recipe | None:
        """The first recipe for a name whose needs can all be had."""
        return next((r for r in self.ways(name) if self.can(r)), None)

    def chain_to(self, name: str) -> tuple[tuple[Recipe, ...], frozenset[str]]:
        """The recipes, in order, and the catalog's layers behind a name."""
        if name in self.available:
            return (), frozenset({name})
        recipe = self.recipe(name)
        return ((), frozenset()) if recipe is None else self.chain(recipe)

    def chain(self, recipe: Recipe) -> tuple[tuple[Recipe, ...], frozenset[str]]:
        recipes: tuple[Recipe, ...] = ()
        inputs: frozenset[str] = frozenset()
        for need in recipe.needs:
            before, more = self.chain_to(need)
            recipes, inputs = merged(recipes, before), inputs | more
        own = () if recipe.at_door else (recipe,)
        return merged(recipes, own), inputs

    def smallest_missing(self, methods: Sequence[Recipe]) -> tuple[str, ...]:
        """The fewest layers to find; between equals, layers that nothing else can stand in for."""
        options = [s for m in methods for s in self._of_recipe(m)]
        best = min(options, key=lambda s: (len(s), sum(map(self._told, s))))
        return tuple(name for name in layers() if name in best)

    def _told(self, name: str) -> bool:
        """Whether other layers could stand in for this one."""
        return any(r.use == "can" for r in self.factors.get(name, ()))

    def options(self, name: str) -> tuple[frozenset[str], ...]:
        """Every smallest set of layers that would bring a name: {itself}, or what it is made of."""
        if self.has(name):
            return (frozenset(),)
        if name not in self._options:
            own = [frozenset({name})] if name in layers() else []
            told = [r for r in self.ways(name) if r.use == "can"]
            made = [s for r in told for s in self._of_recipe(r)]
            self._options[name] = _pruned([*own, *made])
        return self._options[name]

    def _of_recipe(self, recipe: Recipe) -> tuple[frozenset[str], ...]:
        sets: tuple[frozenset[str], ...] = (frozenset(),)
        for need in recipe.needs:
            sets = _pruned(a | b for a in sets for b in self.options(need))
        return sets


def _pruned(sets: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """The sets that hold no other of them, each once, in order."""
    unique = list(dict.fromkeys(sets))
    return tuple(s for s in unique if not any(other < s for other in unique))


def merged(first: Iterable[Recipe], second: Iterable[Recipe]) -> tuple[Recipe, ...]:
    return tuple({r.makes: r for r in (*first, *second)}.values())
