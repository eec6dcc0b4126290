"""The folder with the model and the lists: whole and unchanged, or not used at all."""

import hashlib
from pathlib import Path
from typing import Final

SUMS: Final = "SHA256SUMS"
NEEDED: Final = frozenset({"model.onnx", "vocab.txt", "labels.json", "places.txt", "given.txt", "surnames.txt"})


class InvalidFolderError(Exception):
    """A file is missing or is not what the build wrote."""


def check(folder: Path) -> None:
    """Compare every file with the build's list; raises InvalidFolderError."""
    try:
        lines = [line.split("  ", 1) for line in (folder / SUMS).read_text().splitlines()]
        sums = {name: wanted for wanted, name in lines}
        found = {name: _sum(folder / name) for name in sums}
    except (OSError, ValueError) as error:
        raise InvalidFolderError(type(error).__name__) from error
    if not sums.keys() >= NEEDED:
        raise InvalidFolderError("SHA256SUMS does not name every file that is needed")
    if changed := [name for name in sums if found[name] != sums[name]]:
        raise InvalidFolderError(f"{changed[0]} is not what the build wrote")


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
