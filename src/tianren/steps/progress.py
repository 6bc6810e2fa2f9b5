"""How a step tells how far it is: a function that takes a sentence, or nobody who listens."""

from collections.abc import Callable

Progress = Callable[[str], None] | None


def silent(text: str) -> None:
    """For a step that nobody listens to."""
