"""What a command takes that writes to the journal: who acts, on what ground, with what papers."""

from typing import Annotated

import typer

As = Annotated[str, typer.Option("--as", help="Who acts: an id in roles.toml.")]
Looks = Annotated[
    str, typer.Option("--as", help="Who looks: names are told to whom a role lets read them.")
]
Ground = Annotated[str, typer.Option(help="The law, plan or document that it rests on.")]
Reason = Annotated[str, typer.Option(help="Why, in a sentence.")]
CaseName = Annotated[str, typer.Argument(help="A case, 2026-0001.")]
Day = Annotated[str, typer.Option(help="The day, 2026-03-31; default: today.")]
Place = Annotated[str, typer.Option(help="A place and all in it, 14/1403.")]
Documents = Annotated[
    list[str] | None, typer.Option("--document", help="ID=where it is; again for more.")
]
Facts = Annotated[list[str] | None, typer.Option("--fact", help="NAME=value; again for more.")]
Personal = Annotated[
    list[str] | None, typer.Option(help="NAME=text about a person, sealed. Again for more.")
]
