"""Marxan's files, read and written: input.dat, pu.dat, spec.dat, puvspr.dat, bound.dat, block.dat.

Game & Grantham 2008 and Serra et al. 2020, Marxan user manuals. Commas, tabs, semicolons or spaces
between columns; names of files from input.dat, otherwise the usual ones. One zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.rasters import discard, temporary_beside
from tianren.language import say
from tianren.science.choice import Borders, Floats, Ints, Problem, make_problem

if TYPE_CHECKING:
    from pandas import DataFrame

SOURCE = "Marxan user manual (Serra et al. 2020)"
NAMES = {
    "PUNAME": "pu.dat",
    "SPECNAME": "spec.dat",
    "PUVSPRNAME": "puvspr.dat",
    "BOUNDNAME": "bound.dat",
    "BLOCKDEFNAME": "block.dat",
}
NONE_GIVEN = -1.0  # Marxan's mark of a value that the block definition gives


@dataclass(frozen=True)
class MarxanFolder:
    """A problem as Marxan states it, the settings of input.dat, and what was found on the way."""

    problem: Problem
    settings: Mapping[str, str]
    findings: tuple[Finding, ...]


def read_marxan(folder: Path) -> MarxanFolder:
    """The minimum-set problem in a folder of Marxan files.

    Raises UserError with file, row and value for what cannot be read; spf, which binds nobody here
    (a target is met or the problem has no answer), is kept for writing.
    """
    settings = _settings(folder)
    units = _table(folder, settings, "PUNAME", ("id",))
    species = _table(folder, settings, "SPECNAME", ("id",))
    held = _table(folder, settings, "PUVSPRNAME", ("species", "pu", "amount"))
    unit_ids = _ids(units, _file(folder, settings, "PUNAME"))
    species_ids = _ids(species, _file(folder, settings, "SPECNAME"))
    species = _with_blocks(species, folder, settings)
    amounts = _amounts(held, unit_ids, species_ids, _file(folder, settings, "PUVSPRNAME"))
    borders = _borders(folder, settings, unit_ids)
    status = _numbers(units, "status", 0.0).astype(np.int8)
    _check_status(status, _file(folder, settings, "PUNAME"))
    penalty = float(settings.get("BLM", "0") or 0)
    problem = make_problem(
        _numbers(units, "cost", 1.0),
        amounts,
        _targets(species, amounts),
        units=[str(i) for i in unit_ids],
        features=_names(species, species_ids),
        status=status,
        borders=borders,
        penalty=penalty if borders is not None else 0.0,
        spf=_numbers(species, "spf", 1.0),
    )
    return MarxanFolder(problem, settings, tuple(_notes(species, penalty, borders)))


def _settings(folder: Path) -> dict[str, str]:
    """input.dat as key -> value; nothing where there is none."""
    path = folder / "input.dat"
    if not path.exists():
        return {}
    pairs = [line.split(maxsplit=1) for line in _text(path).splitlines() if line.strip()]
    return {pair[0].upper(): pair[1].strip() for pair in pairs if len(pair) == 2}


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise UserError(
            f"{path.name} cannot be read: {fault.strerror}",
            where=str(path.parent),
            next_step="name a folder that holds Marxan's input.dat or its usual files",
        ) from fault
    return raw.decode("utf-8-sig", errors="replace").replace("\x00", "")


def _file(folder: Path, settings: Mapping[str, str], key: str) -> Path:
    """The path of one of Marxan's files; a name that leads out of the folder is refused."""
    name = settings.get(key, NAMES[key])
    inside = settings.get("INPUTDIR", "")
    places = [folder / inside / name, folder / name, folder / "input" / name]
    root = folder.resolve()
    found = [p for p in places if p.resolve().is_relative_to(root)]
    if not found:
        raise UserError(
            f"{key} names a file outside the folder",
            where=str(folder / "input.dat"),
            by_how_much=f"{inside}/{name}",
            next_step="put the files beside input.dat or in a folder below it",
        )
    return next((p for p in found if p.exists()), found[0])


def _table(
    folder: Path, settings: Mapping[str, str], key: str, needed: tuple[str, ...]
) -> "DataFrame":
    """A table with its columns in lower case; numbers as numbers, names as text."""
    import io

    import pandas as pd

    path = _file(folder, settings, key)
    text = _text(path)
    head = text.splitlines()[0] if text.strip() else ""
    mark = next((m for m in (",", "\t", ";") if m in head), r"\s+")
    try:
        table = pd.read_csv(io.StringIO(text), sep=mark, skipinitialspace=True, dtype=str)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise UserError(
            f"the table is malformed: {fault}".strip(), where=str(path),
            next_step="give a header and one row a line",
        ) from fault  # fmt: skip
    table.columns = [str(c).strip().strip('"').lower() for c in table.columns]
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise UserError(
            f"there is no column {', '.join(missing)}", where=str(path),
            next_step=f"its columns are {', '.join(table.columns)}",
        )  # fmt: skip
    for column in table.columns:
        if column != "name":
            table[column] = _as_numbers(table[column], column, path)
    return table


def _as_numbers(values: Any, column: str, path: Path) -> Any:
    import pandas as pd

    numbers = pd.to_numeric(values.str.strip(), errors="coerce")
    wrong = np.flatnonzero(numbers.isna() & values.notna() & (values.str.strip() != ""))
    if wrong.size:
        row = int(wrong[0])
        raise UserError(
            f"{values.iloc[row]!r} is no number", where=f"{path}, row {row + 2}, column {column}",
            by_how_much=f"{wrong.size} values", next_step="correct that row",
        )  # fmt: skip
    return numbers


def _ids(table: "DataFrame", path: Path) -> Ints:
    ids = table["id"].to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~(ids == np.floor(ids)))
    twice = np.flatnonzero(table["id"].duplicated().to_numpy())
    for rows, fault in ((wrong, "is no whole number"), (twice, "stands twice")):
        if rows.size:
            raise UserError(
                f"the id {ids[rows[0]]:g} {fault}", where=f"{path}, row {int(rows[0]) + 2}",
                by_how_much=f"{rows.size} rows", next_step="give each row an id of its own",
            )  # fmt: skip
    return ids.astype(np.int64)


def _numbers(table: "DataFrame", column: str, otherwise: float) -> Floats:
    if column not in table.columns:
        return np.full(len(table), otherwise)
    return table[column].fillna(otherwise).to_numpy(dtype=np.float64)


def _check_status(status: Any, path: Path) -> None:
    wrong = np.flatnonzero((status < 0) | (status > 3))
    if wrong.size:
        raise UserError(
            f"the status {status[wrong[0]]} is not 0, 1, 2 or 3",
            where=f"{path}, row {int(wrong[0]) + 2}", by_how_much=f"{wrong.size} units",
            next_step="0 free, 1 in the first answer, 2 locked in, 3 locked out",
        )  # fmt: skip


def _with_blocks(species: "DataFrame", folder: Path, settings: Mapping[str, str]) -> "DataFrame":
    """Species of a type take from block.dat what they do not give themselves (nothing, or -1)."""
    path = _file(folder, settings, "BLOCKDEFNAME")
    if not path.exists() or "type" not in species.columns:
        return species
    blocks = _table(folder, settings, "BLOCKDEFNAME", ("type",)).set_index("type")
    filled = species.copy()
    for column in ("target", "prop", "spf"):
        if column not in blocks.columns:
            continue
        own = _numbers(species, column, NONE_GIVEN)
        block = species["type"].map(blocks[column]).fillna(NONE_GIVEN).to_numpy(dtype=np.float64)
        filled[column] = np.where(own == NONE_GIVEN, block, own)
    return filled


def _targets(species: "DataFrame", amounts: Any) -> Floats:
    """Absolute targets; shares (prop) are of all that the units hold, where target gives none."""
    target = _numbers(species, "target", NONE_GIVEN)
    share = _numbers(species, "prop", NONE_GIVEN)
    total = np.asarray(amounts.sum(axis=0)).ravel()
    by_share = np.where(share >= 0, share * total, 0.0)
    return np.where((target < 0) | ((target == 0) & (share > 0)), by_share, target)


def _names(species: "DataFrame", ids: Ints) -> list[str]:
    if "name" not in species.columns:
        return [str(i) for i in ids]
    names = species["name"].fillna("").astype(str).str.strip()
    twice = names.duplicated(keep=False)
    return [
        f"{name} ({i})" if again and name else name or str(i)
        for name, again, i in zip(names, twice, ids, strict=True)
    ]


def _amounts(held: "DataFrame", units: Ints, species: Ints, path: Path) -> Any:
    from scipy.sparse import csr_array

    row, column = (
        _places(held["pu"], units, path, "pu"),
        _places(held["species"], species, path, "species"),
    )
    twice = np.flatnonzero(held.duplicated(["pu", "species"]).to_numpy())
    if twice.size:
        at = int(twice[0])
        raise UserError(
            f"species {held['species'].iloc[at]:g} stands twice in unit {held['pu'].iloc[at]:g}",
            where=f"{path}, row {at + 2}", by_how_much=f"{twice.size} rows",
            next_step="give each pair one amount",
        )  # fmt: skip
    amount = _numbers(held, "amount", 0.0)
    return csr_array((amount, (row, column)), shape=(len(units), len(species)))


def _places(values: Any, ids: Ints, path: Path, column: str) -> Ints:
    """The row of each id; one that is unknown is refused with its row."""
    order = np.argsort(ids, kind="stable")
    wanted = values.to_numpy(dtype=np.float64)
    at = np.clip(np.searchsorted(ids[order], wanted), 0, len(ids) - 1)
    places = order[at]
    unknown = np.flatnonzero(ids[places] != wanted)
    if unknown.size:
        row = int(unknown[0])
        raise UserError(
            f"{column} {wanted[row]:g} is in no other file", where=f"{path}, row {row + 2}",
            by_how_much=f"{unknown.size} rows",
            next_step="remove these rows, or add it to pu.dat or spec.dat",
        )  # fmt: skip
    return np.asarray(places, dtype=np.int64)


def _borders(folder: Path, settings: Mapping[str, str], units: Ints) -> Borders | None:
    path = _file(folder, settings, "BOUNDNAME")
    if not path.exists():
        return None
    table = _table(folder, settings, "BOUNDNAME", ("id1", "id2", "boundary"))
    a, b = _places(table["id1"], units, path, "id1"), _places(table["id2"], units, path, "id2")
    length = _numbers(table, "boundary", 0.0)
    if (length < 0).any():
        row = int(np.flatnonzero(length < 0)[0])
        raise UserError(
            f"a boundary of {length[row]:g} is below zero", where=f"{path}, row {row + 2}",
            next_step="give lengths of zero or more",
        )  # fmt: skip
    n, alone = len(units), a == b
    edge = np.bincount(a[alone], length[alone], n)
    key = np.minimum(a, b)[~alone] * n + np.maximum(a, b)[~alone]
    pairs, which = np.unique(key, return_inverse=True)
    joined = np.bincount(which, length[~alone], len(pairs)).astype(np.float64)
    return Borders(pairs // n, pairs % n, joined, edge.astype(np.float64))


def _notes(species: "DataFrame", penalty: float, borders: Borders | None) -> list[Finding]:
    found = []
    if penalty > 0 and borders is None:
        text = say("BLM is {blm}, but there is no bound.dat: the border costs nothing", blm=penalty)
        found.append(Finding("plan.marxan_no_bound", "bound.dat", Severity.WARNING, text, SOURCE))
    unread = sorted({"target2", "targetocc", "sepnum", "sepdistance"} & set(species.columns))
    used = [c for c in unread if (_numbers(species, c, NONE_GIVEN) > 0).any()]
    if used:
        text = say("columns of spec.dat that are not read: {columns}", columns=", ".join(used))
        found.append(Finding("plan.marxan_unread", "spec.dat", Severity.WARNING, text, SOURCE))
    return found


def write_marxan(folder: Path, problem: Problem) -> list[Path]:
    """The problem as Marxan's files, as a minimum set; which files were written.

    Raises UserError for a problem of several zones, which these files cannot say.

    Units get their own numbers where all are whole numbers, otherwise 1, 2, 3 ... in pu_names.csv.
    """
    if len(problem.zones) > 1:
        raise UserError(
            "Marxan's files hold one zone",
            where="project.toml [plan.zones]",
            by_how_much=f"{len(problem.zones)} zones",
            next_step="leave out --marxan or the zones",
        )
    numbers = _unit_numbers(problem)
    tables = {
        "pu.dat": _rows_of_units(problem, numbers),
        "spec.dat": _rows_of_species(problem),
        "puvspr.dat": _rows_of_amounts(problem, numbers),
        "input.dat": _rows_of_input(problem),
    }
    if problem.borders is not None:
        tables["bound.dat"] = _rows_of_borders(problem, problem.borders, numbers)
    if [str(i) for i in numbers] != list(problem.units):
        pairs = [[i, name] for i, name in zip(numbers.tolist(), problem.units, strict=True)]
        tables["pu_names.csv"] = _csv(["id", "name"], pairs)
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / name, text) for name, text in tables.items()]


def _unit_numbers(problem: Problem) -> Ints:
    whole = all(u.isascii() and u.isdigit() and str(int(u)) == u for u in problem.units)
    if whole:
        return np.array([int(u) for u in problem.units], dtype=np.int64)
    return np.arange(1, len(problem.units) + 1)


def _write(path: Path, text: str) -> Path:
    part = temporary_beside(path)
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    finally:
        discard(part)
    return path


def _csv(head: list[str], rows: Any) -> str:
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return stream.getvalue()


def _rows_of_units(problem: Problem, numbers: Ints) -> str:
    rows = zip(
        numbers.tolist(), problem.cost[:, 0].tolist(), problem.status[:, 0].tolist(), strict=True
    )
    return _csv(["id", "cost", "status"], rows)


def _rows_of_species(problem: Problem) -> str:
    spf = np.ones(len(problem.features)) if problem.spf is None else problem.spf
    names = zip(problem.targets.tolist(), spf.tolist(), problem.features, strict=True)
    rows = [[i, target, factor, name] for i, (target, factor, name) in enumerate(names, 1)]
    return _csv(["id", "target", "spf", "name"], rows)


def _rows_of_amounts(problem: Problem, numbers: Ints) -> str:
    """Sorted by unit, as Marxan wants it."""
    table = problem.amounts[0].tocsr()
    table.sort_indices()
    units = np.repeat(numbers, np.diff(table.indptr))
    order = np.argsort(units, kind="stable")
    columns = (table.indices[order] + 1, units[order], table.data[order])
    return _csv(["species", "pu", "amount"], zip(*(c.tolist() for c in columns), strict=True))


def _rows_of_borders(problem: Problem, borders: Borders, numbers: Ints) -> str:
    pairs = zip(
        numbers[borders.first].tolist(), numbers[borders.second].tolist(),
        borders.length.tolist(), strict=True,
    )  # fmt: skip
    factor = problem.edge_factor
    alone = [[i, i, e * factor] for i, e in zip(numbers.tolist(), borders.edge, strict=True) if e]
    return _csv(["id1", "id2", "boundary"], [*pairs, *alone])


def _rows_of_input(problem: Problem) -> str:
    keys = {
        "BLM": problem.penalty, "PROP": 0.5, "RANDSEED": 1, "NUMREPS": 100, "NUMITNS": 1000000,
        "NUMTEMP": 10000, "STARTTEMP": -1, "RUNMODE": 1, "ITIMPTYPE": 0, "HEURTYPE": -1,
        "CLUMPTYPE": 0, "MISSLEVEL": 1, "VERBOSITY": 2, "SCENNAME": "tianren", "INPUTDIR": ".",
        "OUTPUTDIR": "output", "SAVEBEST": 3, "SAVERUN": 3, "SAVESUMMARY": 3,
        "PUNAME": "pu.dat", "SPECNAME": "spec.dat", "PUVSPRNAME": "puvspr.dat",
    }  # fmt: skip
    if problem.borders is not None:
        keys["BOUNDNAME"] = "bound.dat"
    return "".join(f"{key} {value}\n" for key, value in keys.items())
