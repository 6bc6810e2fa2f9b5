"""roles.toml: who acts in a project, in which roles, and for which places."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tianren.errors import UserError
from tianren.language import say
from tianren.management.people import Person, Post, Role, packaged_roles
from tianren.project.digests import write_whole
from tianren.project.sections.table import Table
from tianren.project.tables import place, read_table, validated

if TYPE_CHECKING:
    from tianren.project.project import Project

FILE_NAME = "roles.toml"


class PostTable(Table):
    """One post: a role for a place, "14/1403"; "" is the whole country."""

    role: str
    place: str = ""


class PersonTable(Table):
    """[people.ID]."""

    name: str
    posts: tuple[PostTable, ...] = ()


class RoleTable(Table):
    """[roles.ID]: a role of this project's own, or another meaning of a packaged one."""

    name: dict[str, str] | str
    rights: tuple[str, ...]


class RolesTable(Table):
    """roles.toml."""

    people: dict[str, PersonTable] = Field(default_factory=dict)
    roles: dict[str, RoleTable] = Field(default_factory=dict)


def people_of(project: "Project") -> Mapping[str, Person]:
    """Everyone whom roles.toml names, by id. UserError naming file, line and key of a fault."""
    path, text, read = _read(project)
    roles = _with_own(read)
    found = {}
    for key, person in read.people.items():
        for n, post in enumerate(person.posts):
            if post.role not in roles:
                raise _unknown_role(
                    post.role, roles, place(path, text, ["people", key, "posts", n])
                )
        posts = tuple(Post(roles[p.role], p.place) for p in person.posts)
        found[key] = Person(key, person.name, posts)
    return found


def roles_of(project: "Project") -> Mapping[str, Role]:
    """The roles that there are in a project, by id: the packaged ones, and those of roles.toml."""
    if not (project.folder / FILE_NAME).exists():
        return packaged_roles()
    return _with_own(_read(project)[2])


def _read(project: "Project") -> tuple[Path, str, RolesTable]:
    path = project.folder / FILE_NAME
    table, text = read_table(path)
    return path, text, validated(RolesTable, table, path, text)


def _with_own(read: RolesTable) -> dict[str, Role]:
    return {**packaged_roles(), **{key: _role(key, table) for key, table in read.roles.items()}}


def person_of(project: "Project", name: str) -> Person:
    """The one who acts. UserError where nobody is named, or somebody whom the file lacks."""
    if not (project.folder / FILE_NAME).exists():
        raise UserError(
            say("nobody has a role in this project yet"),
            where=str(project.folder / FILE_NAME),
            next_step=say("start a journal, which writes it: tianren journal start --as YOU"),
        )
    people = people_of(project)
    if name not in people:
        raise UserError(
            say("{name} is not in roles.toml", name=name) if name else say("nobody is named"),
            where=str(project.folder / FILE_NAME),
            next_step=say("name who acts with --as, one of {people}; or add a person",
                          people=", ".join(people) or say("none")),
        )  # fmt: skip
    return people[name]


def write_first(folder: Path, name: str, full_name: str) -> Path:
    """A roles.toml with one person who may do everything for the whole country."""
    path = folder / FILE_NAME
    if not path.exists():
        write_whole(path, _FIRST.format(id=_quoted(name), name=_quoted(full_name or name),
                                        roles=", ".join(packaged_roles())))  # fmt: skip
    return path


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON text is a TOML text


_FIRST = """# Who acts in this project: in which roles, and for which places.
#
# A place is the codes of the divisions from coarse to fine, "14/1403"; "" is the whole country.
# Roles: {roles}.
# What a role may do: tianren journal roles. Whoever can write this file can give rights.

[people.{id}]
name = {name}
posts = [
  {{role = "administrator", place = ""}},
  {{role = "registrar", place = ""}},
  {{role = "officer", place = ""}},
]

# [people."ana.ruiz"]
# name = "Ana Ruiz"
# posts = [{{role = "decider", place = "14"}}]
"""


def _role(key: str, table: RoleTable) -> Role:
    names: dict[str, Any] = {"en": table.name} if isinstance(table.name, str) else table.name
    return Role(key, {"en": key, **names}, table.rights)


def _unknown_role(role: str, roles: Mapping[str, Role], where: str) -> UserError:
    import difflib

    near = difflib.get_close_matches(role, roles, n=1)
    return UserError(
        say("there is no role called {role}", role=role),
        where=where,
        next_step=f"did you mean {near[0]}?" if near else f"use one of {', '.join(roles)}",
    )
