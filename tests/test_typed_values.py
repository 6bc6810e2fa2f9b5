"""NAME=VALUE on the command line."""

import pytest

from tianren.cli.values import pairs, texts
from tianren.errors import UserError


def test_a_name_that_is_given_twice_is_refused() -> None:
    """The last would be taken in silence."""
    with pytest.raises(UserError, match="k is given twice") as fault:
        texts(["k=a", "j=1", "k=b"], "--fact")
    assert fault.value.by_how_much == "a and b"
    with pytest.raises(UserError, match="given twice"):
        pairs(["k=1", "k=1"], "--fact")
    assert pairs(["k=1", "j=x=y"], "--fact") == {"k": 1, "j": "x=y"}
