"""The one error a person can cause: it says what, where, by how much, and the next step."""

from collections.abc import Callable


def _in_english(text: str, **values: object) -> str:
    return text.format(**values)


class UserError(Exception):
    """Input that cannot be used as it is. The command line turns it into exit status 2.

    what: the fault, as a sentence without its full stop ("dem.tif has no CRS").
    where: the file, line, layer or place; by_how_much: the amount; next_step: what to do or type.
    """

    def __init__(
        self, what: str, *, where: str = "", by_how_much: str = "", next_step: str = ""
    ) -> None:
        self.what = what
        self.where = where
        self.by_how_much = by_how_much
        self.next_step = next_step
        super().__init__(self.message())

    def message(self, say: Callable[..., str] = _in_english) -> str:
        """The fault on one line, the next step on the line after.

        say: tells the words around the fault in another language (tianren.language.say).
        """
        head = self.what
        if self.by_how_much:
            head += f" ({self.by_how_much})"
        if self.where:
            head = f"{self.where}: {head}"
        if not self.next_step:
            return f"{head}."
        return f"{head}.\n  {say('Next: {step}', step=self.next_step)}"

    def as_dict(self) -> dict[str, str]:
        """Plain values for --json."""
        return {
            "error": self.what,
            "where": self.where,
            "by_how_much": self.by_how_much,
            "next_step": self.next_step,
        }

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes send errors back by pickle, which would lose the keyword arguments.
        return (
            _rebuild,
            (type(self), self.what, self.where, self.by_how_much, self.next_step),
        )


def _rebuild(
    kind: type[UserError], what: str, where: str, by_how_much: str, next_step: str
) -> UserError:
    return kind(what, where=where, by_how_much=by_how_much, next_step=next_step)
