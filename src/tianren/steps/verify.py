"""The step behind `tianren verify`: is the journal what was written, and who can vouch for it?"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.language import say, say_many
from tianren.project.journal.anchors import Anchor, is_signed, read_anchor, read_public_key
from tianren.project.journal.check import Checked, check
from tianren.project.journal.home import anchors_of, project_journal
from tianren.steps.register_fold import ZONES
from tianren.steps.told import Told

if TYPE_CHECKING:
    from tianren.project.project import Project


def verify(
    project: "Project", *, anchors: Sequence[Path] = (), public_key: Path | None = None
) -> Told:
    """Check the whole journal, against every anchor that the project has and those given."""
    own = list(anchors_of(project.folder))
    kept = {(project.folder / where).resolve() for _, where in own}
    given = [(read_anchor(path), str(path)) for path in anchors if path.resolve() not in kept]
    public = read_public_key(public_key) if public_key else None
    journal = project_journal(project)
    with journal.reading() as reader:
        first = reader.hash_of(1)
        mine = [pair for pair in [*own, *given] if pair[0].journal == first]
        found = check(reader, mine, FOLDS)
    for anchor, where in [*own, *given]:
        _check_journal(found, anchor, where, first)
    older = _check_signatures(found, [*own, *given], public) if public is not None else []
    lines = _lines(found, len(mine), public is not None)
    return Told([*lines, *_before_the_key(older)], {**_table(found), "unsigned_before_key": older},
                faulty=not found.clean)  # fmt: skip


def _check_journal(found: Checked, anchor: Anchor, where: str, first: str) -> None:
    if anchor.journal != first:
        found.add("other_journal", where, say("the anchor of {where} is of another journal, or the "
                                              "first record was changed", where=where))  # fmt: skip


def _check_signatures(
    found: Checked, anchors: Sequence[tuple[Anchor, str]], public: Any
) -> list[str]:
    """Faults of what is not signed with the key; those without any signature from before the first
    that is are returned: there was no key yet, and what is signed later vouches for them too."""
    signed = [_age(anchor) for anchor, _ in anchors if is_signed(anchor, public)]
    first = min(signed, default=(0, ""))
    older = []
    for anchor, where in anchors:
        if is_signed(anchor, public):
            continue
        if not anchor.signature and _age(anchor) < first:
            older.append(where)
        else:
            found.add("signature", where, say("the anchor of {where} is not signed with this key",
                                              where=where))  # fmt: skip
    return older


def _age(anchor: Anchor) -> tuple[int, str]:
    """What orders anchors: the record that they know, then when they were made."""
    return anchor.number, anchor.made


def _before_the_key(older: Sequence[str]) -> list[str]:
    if not older:
        return []
    shown = ", ".join(older[:5]) + (" ..." if len(older) > 5 else "")
    return [
        say_many(
            "{n} anchor has no signature and is older than the first that is signed with this key, "
            "so there was none yet: {where}",
            "{n} anchors have no signature and are older than the first that is signed with "
            "this key, so there was none yet: {where}",
            len(older), where=shown,
        )
    ]  # fmt: skip


def _lines(found: Checked, anchors: int, with_key: bool) -> list[str]:
    last = found.head.number
    lines = [_statement(found), ""]
    lines += [f"  {fault.message}" for fault in found.faults[:20]]
    if found.count > 20:
        lines.append(say("  ... and {n} more", n=found.count - 20))
    counts = say(
        "{n} records, {people} personal values, {erased} erased on record, {shapes} shapes",
        n=f"{last:,}", people=f"{found.people:,}", erased=f"{found.erased:,}",
        shapes=f"{found.shapes:,}",
    )  # fmt: skip
    lines += [counts, *_without_people(found), *_witnessed(found, anchors, with_key)]
    return lines


def _statement(found: Checked) -> str:
    """No more than is known: only an anchor tells what was written from what was written anew."""
    if not found.clean:
        return say_many(
            "The journal is NOT what was written: {n} fault.",
            "The journal is NOT what was written: {n} faults.",
            found.count,
        )
    if found.anchored >= found.head.number:
        return say("The journal is whole: every record is as it was written.")
    if found.anchored:
        return say("The records hang together; up to record {n} they are as they were written.",
                   n=found.anchored)  # fmt: skip
    return say("The records hang together. Whether they are as they were written only an anchor "
               "tells.")  # fmt: skip


def _without_people(found: Checked) -> list[str]:
    if not found.without_people:
        return []
    return [say("This copy holds no personal values: names cannot be checked here.")]


def _witnessed(found: Checked, anchors: int, with_key: bool) -> list[str]:
    """What can be told, and what cannot, from the anchors that there are of this journal."""
    last, until = found.head.number, found.anchored
    if until:
        anchor, where = max(found.witnesses, key=lambda pair: pair[0].number)
        signed = _signed(anchor, with_key)
        lines = [
            say("The anchor of {where} ({day}, {signed}) agrees with record {n}. It does not vouch "
                "for what stands before a fault.", where=where, day=anchor.made[:10],
                signed=signed, n=until)
            if found.count else
            say("Anchored up to record {n} by {where}, {day} ({signed}): no record up to it was "
                "changed, put in or taken out since, provided that who writes the journal cannot "
                "write the anchor.", n=until, where=where, day=anchor.made[:10], signed=signed)
        ]  # fmt: skip
    elif anchors:
        lines = [
            say_many("The anchor does not agree with this journal.",
                     "None of the {n} anchors agrees with this journal.", anchors)
        ]  # fmt: skip
    else:
        lines = [say("No anchor: a tail that was cut off would not be found.")]
    if until < last:
        lines.append(_not_anchored(until + 1, last))
    return lines


def _not_anchored(first: int, last: int) -> str:
    return say_many(
        "Record {a} fits in, but who can write the journal could have rewritten it. Hand out an "
        "anchor: tianren journal anchor",
        "Records {a} to {b} hang together, but who can write the journal could have "
        "rewritten them to the end. Hand out an anchor: tianren journal anchor",
        last - first + 1, a=first, b=last,
    )  # fmt: skip


def _signed(anchor: Anchor, with_key: bool) -> str:
    if not anchor.signature:
        return say("not signed")
    return say("signed") if with_key else say("signature not checked")


def _table(found: Checked) -> dict[str, Any]:
    return {
        "clean": found.clean,
        "records": found.head.number,
        "hash": found.head.hash,
        "anchored": found.anchored,
        "faults": [fault.as_dict() for fault in found.faults],
        "fault_count": found.count,
        "people": found.people,
        "erased": found.erased,
        "shapes": found.shapes,
        "snapshots": found.snapshots,
    }


FOLDS = (ZONES,)  # whose snapshots are made again
