"""Every procedure of the package: read, named in three languages, and with people for its moves."""

from fnmatch import fnmatchcase
from importlib.resources import files

import pytest

from tianren.management.people import packaged_roles
from tianren.management.procedure import Document, Move, Status
from tianren.management.procedure_reading import packaged

FOLDER = files("tianren.parameters").joinpath("procedures")
NAMES = sorted(p.name.removesuffix(".toml") for p in FOLDER.iterdir() if p.name.endswith(".toml"))
LANGUAGES = {"en", "zh_Hans", "es"}


def test_there_are_procedures() -> None:
    assert "occupation" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_in_three_languages(name: str) -> None:
    procedure = packaged(name)
    named: list[Status | Document | Move] = [
        *procedure.statuses.values(), *procedure.documents.values(), *procedure.moves.values(),
    ]  # fmt: skip
    assert set(procedure.names) == LANGUAGES
    for thing in named:
        assert set(thing.names) == LANGUAGES and all(thing.names.values()), thing.id


@pytest.mark.parametrize("name", NAMES)
def test_every_move_has_a_role_that_may_make_it(name: str) -> None:
    for move in packaged(name).moves.values():
        right = f"{name}.{move.id}"
        assert any(role.gives(right) for role in packaged_roles().values()), right


@pytest.mark.parametrize("name", NAMES)
def test_every_right_of_a_role_is_a_move(name: str) -> None:
    moves = {f"{name}.{move}" for move in packaged(name).moves}
    for role in packaged_roles().values():
        for right in role.rights:
            if right.startswith(f"{name}."):
                assert any(fnmatchcase(move, right) for move in moves), (role.id, right)


@pytest.mark.parametrize("name", NAMES)
def test_every_status_but_an_ended_one_can_end(name: str) -> None:
    procedure = packaged(name)
    ends = {s.id for s in procedure.statuses.values() if s.ended}
    reaching = set(ends)
    while True:
        more = {s for move in procedure.moves.values() if move.to in reaching
                for s in move.sources} - reaching  # fmt: skip
        if not more:
            break
        reaching |= more
    assert reaching == set(procedure.statuses)
