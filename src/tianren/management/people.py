"""Who may do what, and where: people, their posts, and the rights that a role gives."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from tianren.errors import UserError
from tianren.language import in_tongue, say
from tianren.records import depth, within


@dataclass(frozen=True)
class Role:
    """A role: its name by language, and the rights that it gives, "occupation.*" for all of one."""

    id: str
    names: Mapping[str, str]
    rights: tuple[str, ...]

    @property
    def name(self) -> str:
        return in_tongue(self.names)

    def gives(self, right: str) -> bool:
        return any(fnmatchcase(right, pattern) for pattern in self.rights)


@dataclass(frozen=True)
class Post:
    """A role that a person has for a place and all that lies in it."""

    role: Role
    place: str


@dataclass(frozen=True)
class Person:
    """Someone whom the project's roles file names."""

    id: str
    name: str
    posts: tuple[Post, ...]

    def post_for(self, right: str, place: str, deepest: int | None = None) -> Post | None:
        """The post that gives a right over a place, the nearest to it; None where there is none.

        deepest: at most so many levels down may the post's own place be: 1 for a right that a
        province, or the nation, has over its counties.
        """
        fitting = [
            post
            for post in self.posts
            if post.role.gives(right)
            and within(place, post.place)
            and (deepest is None or depth(post.place) <= deepest)
        ]
        return max(fitting, key=lambda post: depth(post.place), default=None)

    def parts_of(self, right: str, place: str) -> list[str]:
        """The places within a place for which the person has a right, where not for all of it."""
        found = (p.place for p in self.posts if p.role.gives(right) and within(p.place, place))
        return [part for part in dict.fromkeys(found) if part != place]

    def sees(self, place: str) -> bool:
        """Whether a place lies in one of the person's places, or a person's place in it."""
        return any(within(place, p.place) or within(p.place, place) for p in self.posts)

    def require(self, right: str, place: str, deepest: int | None = None) -> Post:
        """The post that gives the right; UserError naming what the person has instead."""
        found = self.post_for(right, place, deepest)
        if found is not None:
            return found
        held = ", ".join(f"{p.role.id} ({_called(p.place)})" for p in self.posts)
        raise UserError(
            say(
                "{person} may not do {right} in {place}",
                person=self.id,
                right=right,
                place=_called(place),
            ),
            where="roles.toml",
            by_how_much=held or say("no role"),
            next_step=_who_may(right),
        )


def _called(place: str) -> str:
    return place or say("the whole country")


def _who_may(right: str) -> str:
    giving = [role.id for role in packaged_roles().values() if role.gives(right)]
    return say("roles with this right: {roles}; give one to the person in roles.toml",
               roles=", ".join(giving))  # fmt: skip


@cache
def packaged_roles() -> Mapping[str, Role]:
    """The roles of parameters/roles.csv, by id."""
    text = files("tianren.parameters").joinpath("roles.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({row["id"]: _role(row) for row in rows})


def _role(row: Mapping[str, str]) -> Role:
    names = {"en": row["name_en"], "zh_Hans": row["name_zh"], "es": row["name_es"]}
    return Role(row["id"], names, tuple(row["rights"].split()))
