"""What a person may have meant by a name that nobody knows."""

import difflib
from collections.abc import Iterable

from tianren.language import say

_SHOWN = 40  # names, more are not read


def nearest(name: str, known: Iterable[str]) -> str:
    """The next step after an unknown name: the name that is like it, or all that are known."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return say("did you mean {name}?", name=near[0])
    more = ", ..." if len(names) > _SHOWN else ""
    return say("known: {names}", names=", ".join(names[:_SHOWN]) + more)
