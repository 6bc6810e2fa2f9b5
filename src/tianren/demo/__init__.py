"""The worked example that comes with the package: Switzerland, as a project folder ready to run."""

from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree, ignore_patterns

from tianren.errors import UserError


def copy_switzerland(folder: Path) -> None:
    """Copy the packaged project into `folder`, which must be empty or not there yet.

    The layers keep their own terms: see ATTRIBUTION.md in the folder.
    """
    _require_empty(folder)
    with as_file(files(__name__) / "switzerland") as packaged:
        copytree(packaged, folder, dirs_exist_ok=True, ignore=ignore_patterns("__pycache__"))


def _require_empty(folder: Path) -> None:
    if folder.is_file():
        raise UserError("this is a file, not a folder", where=str(folder), next_step=_OTHER)
    if folder.is_dir() and (found := len(list(folder.iterdir()))):
        raise UserError(
            "the folder is not empty, and nothing in it is overwritten",
            where=str(folder),
            by_how_much=f"{found} {'entry' if found == 1 else 'entries'}",
            next_step=_OTHER,
        )


_OTHER = "name a folder that does not exist yet."
