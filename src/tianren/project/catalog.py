"""catalog.toml: one table per source, as Entries."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tianren.errors import UserError
from tianren.io.sources import Entry
from tianren.parameters.crosswalks import legend, legend_called
from tianren.parameters.layers import layers
from tianren.project.tables import place, read_table, refuse_twins, validated


def read_catalog(folder: Path) -> Mapping[str, Entry]:
    """The sources of a project, by name. Raises UserError naming file, line and key."""
    from tianren.project.schema import SourceTable

    path = folder / "catalog.toml"
    table, text = read_table(path)
    refuse_twins(table, path, text)
    entries = {}
    for name, body in table.items():
        if not isinstance(body, dict):
            raise UserError(
                f"{name} is not a source",
                where=place(path, text, [name]),
                next_step=f"write a table: [{name}] and below it uri = ...",
            )
        source = validated(SourceTable, body, path, text, [name])
        entries[name] = _entry(name, source, folder, place(path, text, [name]))
    _one_source_a_layer(entries, path, text)
    return MappingProxyType(entries)


def _entry(name: str, source: Any, folder: Path, where: str) -> Entry:
    layer = unicodedata.normalize("NFC", source.layer or name)
    kind = _kind(source, layer, where)
    classes, legend_name = _legend(source, kind, where)
    return Entry(
        name=name,
        layer=layer,
        kind=kind,
        folder=folder,
        uri=source.uri,
        sublayer=source.sublayer,
        unit=_unit(source, layer, kind, where),
        legend=classes,
        legend_name=legend_name,
        missing=_numbers(source.missing),
        bands=source.bands,
        crs=source.crs,
        scale=source.scale,
        offset=source.offset,
        encoding=source.encoding,
        constant=source.constant,
        reason=source.reason,
        period=source.period,
        licence=source.licence,
        citation=source.citation,
        sha256=source.sha256,
        approximate=source.approximate,
        note=source.note,
        start=_start(source, layer, where),
        columns=MappingProxyType(dict(source.columns)),
        species=source.species,
        group=source.group,
    )


def _numbers(missing: float | tuple[float, ...]) -> tuple[float, ...]:
    return missing if isinstance(missing, tuple) else (float(missing),)


def _kind(source: Any, layer: str, where: str) -> Any:
    if source.kind:
        return source.kind
    if layer in layers():
        return layers()[layer].kind
    raise UserError(
        f"the kind of {layer} is not given and {layer} is not a known layer",
        where=where,
        next_step='add kind = "continuous", "flux", "count", "category", "vector", "table" '
        'or "records"',
    )


def _legend(source: Any, kind: str, where: str) -> tuple[Mapping[int, str], str]:
    name = ""
    classes: Mapping[int, str] = MappingProxyType({})
    if isinstance(source.legend, dict):
        classes = MappingProxyType(dict(source.legend))
    elif source.legend:
        name = legend_called(source.legend, where=where)
        classes = legend(name)
    if kind == "category" and not classes:
        raise UserError(
            "a category needs its legend: codes without classes mean nothing",
            where=where,
            next_step='add legend = "IGBP" or legend = {1 = "forest", 2 = "water"}',
        )
    return classes, name


def _start(source: Any, layer: str, where: str) -> Any:
    """The day of a series' first band: without it no band can be told from another."""
    if layer in layers() and layers()[layer].bands == 0 and source.start is None:
        raise UserError(
            f"{layer} does not say when it begins",
            where=where,
            next_step='add start = "2001-01-01", the day (or month) of the first band',
        )
    return source.start


def _unit(source: Any, layer: str, kind: str, where: str) -> str:
    if source.unit or kind in ("category", "vector", "table", "records"):
        return source.unit or "1"
    known = layers().get(layer)
    raise UserError(
        f"the unit of {layer} is not given",
        where=where,
        next_step=f'add unit = "{known.unit if known else "..."}", the unit of the values',
    )


def _one_source_a_layer(entries: Mapping[str, Entry], path: Path, text: str) -> None:
    serving: dict[str, str] = {}
    for name, entry in entries.items():
        other = serving.setdefault(entry.layer, name)
        if other != name:
            raise UserError(
                f"two sources serve the layer {entry.layer}: {other} and {name}",
                where=place(path, text, [name, "layer"]),
                next_step="keep one, or give the other a layer name of its own",
            )
