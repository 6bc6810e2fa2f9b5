"""Write docs/reference from the code: commands, library, parameters, layers and indicators.

python tools/reference.py            # write
python tools/reference.py --check    # exit status 1 when a page is out of date
"""

import ast
import csv
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "tianren"
PAGES = ROOT / "docs" / "reference"
NOTE = "<!-- Written by tools/reference.py from the code. Do not edit. -->\n\n"

Definition = ast.FunctionDef | ast.ClassDef


def commands_page() -> str:
    """Every command with its help and options, from the command line itself."""
    from typer.main import get_command

    from tianren.cli import app

    return "\n".join(["# Commands\n", *_commands(get_command(app), "tianren", "##")])


def _commands(group: Any, before: str, heading: str) -> Iterator[str]:
    """The commands of a group, and those of the groups in it under their own heading."""
    for name, command in group.commands.items():
        title = f"{before} {name}"
        if hasattr(command, "commands"):
            yield f"{heading} {title}\n\n{command.help}\n"
            yield from _commands(command, title, heading + "#")
            continue
        yield f"{heading} {title}\n\n{_command_help(command.help)}\n"
        rows = [_option_row(p) for p in command.params if p.name != "help"]
        if rows:
            yield "| option | meaning | default |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _command_help(text: str) -> str:
    example, _, rest = text.partition("\n\n")
    typed = " ".join(example.removeprefix("Example: ").split())
    return f"```\n{typed}\n```\n\n{' '.join(rest.split())}"


def _option_row(parameter: object) -> str:
    both = [*parameter.opts, *parameter.secondary_opts]  # type: ignore[attr-defined]
    names = ", ".join(f"`{o}`" for o in both)
    meaning = getattr(parameter, "help", "") or ""
    default = parameter.default  # type: ignore[attr-defined]
    told = "" if default in (None, "") or default is False else default
    if parameter.required:  # type: ignore[attr-defined]
        told = "(required)"
    return f"| {names} | {meaning} | {told} |"


def library_page() -> str:
    """Every public function and class, by module, with its signature and docstring."""
    parts = ["# Library\n"]
    for path in sorted(SOURCE.rglob("*.py")):
        parts.extend(_module(path))
    return "\n".join(parts)


def _module(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = [
        node for node in tree.body if isinstance(node, Definition) and not node.name.startswith("_")
    ]
    if not public:
        return
    dotted = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
    yield f"## {dotted.removesuffix('.__init__')}\n\n{ast.get_docstring(tree) or ''}\n"
    for node in public:
        yield f"### {node.name}\n\n```python\n{_signature(node)}\n```\n\n{_doc(node)}\n"


def _signature(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        fields = [ast.unparse(n) for n in node.body if isinstance(n, ast.AnnAssign)]
        return "\n    ".join([f"class {node.name}:", *fields])
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _doc(node: Definition) -> str:
    text = ast.get_docstring(node) or ""
    return f"```text\n{text}\n```" if text else ""


_SOURCES = """Sources that are named by a short form, here, in findings and in reports:

- **G17**: 生态保护红线划定指南, 环办生态〔2017〕48号: Guidelines for delineating Ecological
  Conservation Redlines, Ministry of Environmental Protection & National Development and Reform
  Commission, May 2017
- **DE20**: 资源环境承载能力和国土空间开发适宜性评价指南（试行）: guide to the dual evaluation,
  Ministry of Natural Resources, January 2020
- **Tianren**: a choice of this software that rests on no authority; the page of the explanations
  that gives its reason is named
"""


def parameters_page() -> str:
    """Every parameter: id, unit, entries with date, source and whether the source was read."""
    from tianren.parameters import all_parameters

    parts = ["# Parameters\n", _SOURCES]
    for name, parameter in sorted(all_parameters().items()):
        parts.append(f"## {name}\n\n{parameter.name.get('en', '')}, in `{parameter.unit}`\n")
        for setting in parameter.history:
            labels = ", ".join(x for x in (setting.jurisdiction, setting.set) if x)
            read = "source read" if setting.verified else "**not verified**"
            span = f", range {_plain(setting.low)} to {_plain(setting.high)}"
            parts.append(
                f"- {labels + ': ' if labels else ''}{_plain(setting.value)}"
                f"{span if setting.has_range and not isinstance(setting.low, Mapping) else ''}"
                f" ({read}). {setting.source}"
            )
        parts.append("")
    return "\n".join(parts)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {number:g}" for key, number in value.items())
    return str(value)


def table_page(title: str, name: str) -> str:
    """A packaged table as a page."""
    with (SOURCE / "parameters" / name).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return f"# {title}\n\n" + "\n".join(lines) + "\n"


def procedures_page() -> str:
    """Every packaged procedure: statuses with their clocks, moves, documents, facts, ways."""
    folder = SOURCE / "parameters" / "procedures"
    names = sorted(path.stem for path in folder.glob("*.toml"))
    return "\n".join(["# Procedures\n", *(part for name in names for part in _procedure(name))])


def _procedure(name: str) -> Iterator[str]:
    from tianren.management.procedure_reading import packaged

    found = packaged(name)
    raw = tomllib.loads((SOURCE / "parameters" / "procedures" / f"{name}.toml").read_text("utf-8"))
    read = "source read" if found.verified else "**not verified**"
    yield f"## {found.names['en']} (`{name}`)\n"
    yield f"In force since {found.since} ({read}). {found.source}\n"
    yield _table("status,name,working days until the next move", (
        (f"`{s.id}`", s.names["en"], s.due or "") for s in found.statuses.values()
    ))  # fmt: skip
    yield _table("move,from,to,level or above,roles,documents,facts,not by who made,clause", (
        (f"`{m.id}`", _ids(m.sources), _ids([m.to]), m.level, _roles(name, m.id),
         _ids([*m.documents, *_may(raw, m.id, "documents")]),
         _ids([*m.facts, *_may(raw, m.id, "facts")]), _ids(m.apart_from), m.clause)
        for m in found.moves.values()
    ))  # fmt: skip
    yield "A document or fact in brackets may be given and need not be.\n"
    yield _table("document,name", ((f"`{d.id}`", d.names["en"]) for d in found.documents.values()))
    if "fact" in raw:
        rows = ((f"`{k}`", v["kind"], v["name"]["en"]) for k, v in raw["fact"].items())
        yield _table("fact,kind,name", rows)
    if "way" in raw:
        rows = ((f"`{k}`", v["name"]["en"], v["level"], _ids(v["needs"]), v["clause"]["en"])
                for k, v in raw["way"].items())  # fmt: skip
        yield _table("way,name,decided by,needs,clause", rows)


def _may(raw: Mapping[str, Any], move: str, kind: str) -> list[str]:
    return [f"({name})" for name in raw["move"][move].get(f"may_{kind}", ())]


def _ids(names: Iterable[str]) -> str:
    return ", ".join(names)


def _roles(procedure: str, move: str) -> str:
    from tianren.management.people import packaged_roles

    return _ids(r.id for r in packaged_roles().values() if r.gives(f"{procedure}.{move}"))


def _table(heads: str, rows: Iterable[Iterable[object]]) -> str:
    """A table; heads: between commas."""
    names = heads.split(",")
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """File name -> text of every reference page."""
    return {
        "commands.md": commands_page(),
        "library.md": library_page(),
        "parameters.md": parameters_page(),
        "procedures.md": procedures_page(),
        "layers.md": table_page("Layers", "layers.csv"),
        "indicators.md": table_page("Indicators", "indicators.csv"),
    }


def main() -> int:
    stale = []
    for name, text in pages().items():
        path = PAGES / name
        wanted = NOTE + text.rstrip() + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(wanted, encoding="utf-8")
    print(f"{'out of date' if '--check' in sys.argv else 'written'}: {stale or 'nothing'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
