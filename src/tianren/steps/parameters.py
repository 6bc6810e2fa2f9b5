"""The step behind `tianren parameters`: every decreed or published number, with its source."""

from dataclasses import dataclass
from typing import Any

from tianren.language import current_language, say
from tianren.parameters import Parameter, Setting, all_parameters


@dataclass(frozen=True)
class ParameterList:
    """Parameters and all entries of their histories."""

    parameters: tuple[Parameter, ...]

    def as_dict(self) -> dict[str, Any]:
        return {p.id: [s.record() for s in p.history] for p in self.parameters}

    def text(self) -> str:
        if not self.parameters:
            return say("No parameter's name starts so. See them all: tianren parameters")
        return "\n".join(_lines(p) for p in self.parameters)


def list_parameters(name: str = "") -> ParameterList:
    """The packaged parameters whose id starts with a name; all of them without one."""
    found = [p for key, p in sorted(all_parameters().items()) if key.startswith(name)]
    return ParameterList(tuple(found))


def _lines(parameter: Parameter) -> str:
    name = parameter.name.get(current_language(), parameter.name.get("en", ""))
    head = f"{parameter.id} [{parameter.unit}]  {name}"
    return "\n".join([head, *(_entry(parameter, s) for s in parameter.history)])


def _entry(parameter: Parameter, setting: Setting) -> str:
    known = say("source read") if setting.verified else say("from memory, source not read")
    labels = [setting.jurisdiction, setting.set]
    if setting.set and setting.set == parameter.default_set:
        labels.append(say("default"))
    label = ", ".join(x for x in labels if x)
    return f"  {_value(setting)}{f'  ({label})' if label else ''}\n    {known}: {setting.source}"


def _value(setting: Setting) -> str:
    value = setting.value
    if isinstance(value, str) or not hasattr(value, "items"):
        text = str(value)
    else:
        text = ", ".join(f"{key} {number:g}" for key, number in value.items())
    if setting.has_range and not hasattr(setting.low, "items"):
        text += say(", range {low} to {high}", low=setting.low, high=setting.high)
    return text
