"""Scientific names: one form of each, matched through a checklist, never guessed.

Spaces, case, underscores, authors and the hybrid sign are how a name is typed; which species it
means is said by the checklist alone. Parsing follows the form of names set by the International
Codes of Zoological and of Botanical Nomenclature: genus, epithet, then authors.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters.headings import columns_by_role, usual_headings

if TYPE_CHECKING:
    from pandas import DataFrame

Rank = Literal["species", "infraspecific", "genus", "uncertain", "other", "none"]
# How a name found its species, or why it did not.
How = Literal[
    "accepted", "synonym", "infraspecific", "as written",
    "unmatched", "ambiguous", "genus only", "uncertain", "no name",
]  # fmt: skip

_CANDIDATES = 3
_ALIKE = 0.92  # how like two names are that differ by one letter in thirteen
_RANKS = {"subsp.", "ssp.", "subsp", "ssp", "var.", "var", "subvar.", "f.", "forma", "fo.", "cv."}
_OPEN = {"sp", "sp.", "spp", "spp.", "cf", "cf.", "aff", "aff.", "indet", "indet.", "nr.", "ssp?"}
_AUTHOR_WORDS = {
    "ex", "et", "and", "in", "de", "da", "do", "du", "des", "del", "della", "der", "den", "van",
    "von", "la", "le", "non", "nec", "auct.", "auct", "sensu", "emend.", "nom.", "al.", "&", "y",
}  # fmt: skip
_GENUS = re.compile(r"[^\W\d_][^\W\d_]+(-[^\W\d_]+)?")
_EPITHET = re.compile(r"[^\W\d_]{2,}(-[^\W\d_]+)*|[^\W\d_](-[^\W\d_]+)+")


@dataclass(frozen=True)
class ScientificName:
    """A name in its one form: text without authors, its first two parts, and what it names."""

    text: str
    species: str
    rank: Rank


def scientific_name(written: str) -> ScientificName:
    """A name as typed in its one form: "PANTHERA tigris (Linnaeus, 1758)" is "Panthera tigris".

    A name in another script than Latin (a Chinese name) stays as it is, with the rank "other".
    """
    text = plain(written)
    if not any(c.isalpha() for c in text):
        return ScientificName("", "", "none")
    if not _is_latin(text):
        return ScientificName(text, text, "other")
    words = text.split()
    hybrid_genus = words[0] == "×" and len(words) > 1
    words = words[1:] if hybrid_genus else words
    if not _GENUS.fullmatch(words[0]):
        return ScientificName(text, "", "none")
    if any(word.casefold() in _OPEN for word in words[1:]):
        return ScientificName(text, "", "uncertain")
    head = ("× " if hybrid_genus else "") + words[0].capitalize()
    return _with_epithets(head, _epithets(words[1:], shouted=text.isupper()))


def _with_epithets(genus: str, epithets: list[str]) -> ScientificName:
    named = [word for word in epithets if word != "×" and word not in _RANKS]
    if not named:
        return ScientificName(genus, "", "genus")
    first = epithets.index(named[0]) + 1
    species = " ".join([genus, *epithets[:first]])
    rank: Rank = "species" if len(named) == 1 else "infraspecific"
    return ScientificName(" ".join([genus, *epithets]), species, rank)


def _epithets(words: list[str], shouted: bool) -> list[str]:
    """The words after the genus that belong to the name: up to the first of the author's."""
    found: list[str] = []
    for i, word in enumerate(words):
        low = word.casefold()
        following = words[i + 1] if i + 1 < len(words) else ""
        if word == "×":
            found.append(word)
        elif _is_epithet(following if low in _RANKS else word, shouted):
            found.append(low)
        else:
            break
    while found and (found[-1] == "×" or found[-1] in _RANKS):
        found.pop()
    return found


def _is_epithet(word: str, shouted: bool) -> bool:
    if word.casefold() in _AUTHOR_WORDS or not _EPITHET.fullmatch(word):
        return False
    return shouted or word.islower()


def plain(written: str) -> str:
    """One Unicode form, no underscores, single spaces, the hybrid sign as a word of its own."""
    text = unicodedata.normalize("NFC", str(written)).replace("_", " ").replace("×", " × ")
    words = ["×" if word in ("x", "X") else word for word in text.split()]
    return " ".join(words)


def _is_latin(text: str) -> bool:
    return all(unicodedata.name(c, "").startswith("LATIN") for c in text if c.isalpha())


def name_key(written: str) -> str:
    """What two spellings of one name share: no case, no hybrid sign, no word of rank."""
    words = plain(written).casefold().split()
    return " ".join(word for word in words if word != "×" and word not in _RANKS)


@dataclass(frozen=True)
class Checklist:
    """Names and what they mean. meant: key of a name -> the accepted names it may stand for.

    where: how messages name the list.
    """

    meant: Mapping[str, frozenset[str]]
    where: str = "the checklist"

    @cached_property
    def accepted(self) -> frozenset[str]:
        """Every accepted name, in its one form."""
        return frozenset(name for names in self.meant.values() for name in names)

    @cached_property
    def _by_letter(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for key in sorted(self.meant):
            found.setdefault(key[:1], []).append(key)
        return {letter: tuple(keys) for letter, keys in found.items()}

    def nearest(self, written: str) -> tuple[str, ...]:
        """Accepted names whose spelling is near: advice for a person, used by no step."""
        key = name_key(scientific_name(written).text or written)
        near = difflib.get_close_matches(
            key, self._by_letter.get(key[:1], ()), n=_CANDIDATES, cutoff=0.8
        )
        return tuple(dict.fromkeys(name for k in near for name in sorted(self.meant[k])))


@dataclass(frozen=True)
class Match:
    """What a name as written means: its species ("" where none), how, and advice where none."""

    written: str
    species: str
    how: How
    candidates: tuple[str, ...] = ()


def match_names(written: Iterable[str], checklist: Checklist | None) -> dict[str, Match]:
    """Every different name once, with the species it means. Without a checklist, as written."""
    return {name: match_name(name, checklist) for name in dict.fromkeys(written)}


def match_name(written: str, checklist: Checklist | None) -> Match:
    """One name through the checklist: whole, then without authors, then by its species part.

    A subspecies belongs to the species whose name it holds, unless the checklist says otherwise.
    """
    name = scientific_name(written)
    if checklist is None:
        return _as_written(written, name)
    for key in dict.fromkeys((name_key(written), name_key(name.text))):
        if found := checklist.meant.get(key):
            return _meant(written, key, found)
    if name.rank == "infraspecific" and (found := checklist.meant.get(name_key(name.species))):
        if len(found) == 1:
            return Match(written, next(iter(found)), "infraspecific")
        return Match(written, "", "ambiguous", tuple(sorted(found)))
    if how := _UNNAMED.get(name.rank):
        return Match(written, "", how)
    return Match(written, "", "unmatched", checklist.nearest(written))


_UNNAMED: Mapping[str, How] = {"genus": "genus only", "uncertain": "uncertain", "none": "no name"}


def _as_written(written: str, name: ScientificName) -> Match:
    if how := _UNNAMED.get(name.rank):
        return Match(written, "", how)
    return Match(
        written, name.species, "infraspecific" if name.rank == "infraspecific" else "as written"
    )


def _meant(written: str, key: str, found: frozenset[str]) -> Match:
    if len(found) > 1:
        return Match(written, "", "ambiguous", tuple(sorted(found)))
    species = next(iter(found))
    how: How = "accepted" if name_key(species) == key else "synonym"
    return Match(written, species, how)


def alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of names of one genus that differ by little: perhaps one species typed in two ways."""
    by_genus: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        by_genus.setdefault(name.split(" ")[0], []).append(name)
    pairs = []
    for mine in by_genus.values():
        for i, name in enumerate(mine):
            near = difflib.get_close_matches(name, mine[i + 1 :], n=_CANDIDATES, cutoff=_ALIKE)
            pairs += [(name, other) for other in sorted(near)]
    return pairs


# --- reading a checklist -----------------------------------------------------------------------


def read_checklist(
    table: "DataFrame", where: str = "the checklist"
) -> tuple[Checklist, list[Finding]]:
    """A checklist from a table of names with the accepted name of each, and what was found.

    Columns by their usual names: the name, and its accepted name (acceptedNameUsage), or the id of
    its row (taxonID, acceptedNameUsageID). A name without an accepted one is accepted itself.
    Synonyms of synonyms are followed. A name with two meanings is listed and matches nothing.
    """
    roles = columns_by_role("checklist", map(str, table.columns))
    if "name" not in roles:
        raise UserError(
            "the checklist has no column of names",
            where=where,
            by_how_much=f"its columns are {', '.join(map(str, table.columns[:12]))}",
            next_step=f"rename the column to {usual_headings('checklist', 'name')[0]}",
        )
    pairs = _pairs(table, roles)
    said = _direct(pairs)
    findings: list[Finding] = []
    meant = {key: _followed(key, said, where, findings) for key in said}
    findings += [
        _two_meanings(k, names, where) for k, names in sorted(meant.items()) if len(names) > 1
    ]
    return Checklist(meant, where), findings


def _pairs(table: "DataFrame", roles: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, accepted name) of every row; the name itself where none is given."""
    names = [str(n) for n in table[roles["name"]]]
    accepted = (
        [str(a) for a in table[roles["accepted"]]] if "accepted" in roles else [""] * len(names)
    )
    if "accepted_id" in roles and "id" in roles:
        by_id = dict(zip(map(str, table[roles["id"]]), names, strict=True))
        ids = [by_id.get(str(i), "") for i in table[roles["accepted_id"]]]
        accepted = [a or b for a, b in zip(accepted, ids, strict=True)]
    pairs = zip(names, accepted, strict=True)
    return [(n, a if a.strip() else n) for n, a in pairs if n.strip()]


def _direct(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Key of a name -> its accepted names as the rows say; with authors and without."""
    said: dict[str, set[str]] = {}
    targets: set[str] = set()
    for name, accepted in pairs:
        target = _listed(accepted)
        targets.add(target)
        for key in {name_key(name), name_key(_listed(name))}:
            said.setdefault(key, set()).add(target)
    for target in targets:
        said.setdefault(name_key(target), {target})
    return said


def _listed(written: str) -> str:
    """The one form of a name in a list; "Panthera Tigris" stays, for Tigris may be no author."""
    name = scientific_name(written)
    return plain(written) if name.rank == "genus" or not name.text else name.text


def _followed(
    key: str, said: Mapping[str, set[str]], where: str, findings: list[Finding]
) -> frozenset[str]:
    """The ends of the chains that begin at a name; a circle is a finding and means nothing."""
    ends: dict[str, str] = {}
    waiting, seen = [key], set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        for name in said.get(here, ()):
            if name_key(name) == here:
                ends[here] = min(name, ends.get(here, name))
            else:
                waiting.append(name_key(name))
    if not ends:
        message = say("{name} is a synonym of itself, in a circle; it matches nothing", name=key)
        findings.append(Finding("names.circle", key, Severity.ERROR, message, where))
    return frozenset(ends.values())


def _two_meanings(key: str, names: frozenset[str], where: str) -> Finding:
    message = say(
        "{name} stands for {names}; it matches none of them",
        name=key,
        names=", ".join(sorted(names)),
    )
    return Finding("names.ambiguous", key, Severity.WARNING, message, where)
