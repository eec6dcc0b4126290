"""Tests of the folder's check."""

from pathlib import Path

import pytest

from assistant_gateway.redaction.names.folder import NEEDED, InvalidFolderError, check
from tests.unit.gateway.redaction.names import tiny


def test_a_whole_folder_is_taken(folder: Path) -> None:
    """As the build wrote it."""
    check(folder)


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_a_file_that_changed_or_is_missing_is_refused(tmp_path: Path, name: str) -> None:
    """One bit is enough: a model that was exchanged might find nothing."""
    folder = tiny.write(tmp_path)
    (folder / name).write_bytes(b"\0" + (folder / name).read_bytes()[1:])
    with pytest.raises(InvalidFolderError):
        check(folder)

    (folder / name).unlink()
    with pytest.raises(InvalidFolderError):
        check(folder)


def test_a_list_that_leaves_a_file_out_is_refused(tmp_path: Path) -> None:
    """What is not named is not checked, so it must be named."""
    folder = tiny.write(tmp_path)
    lines = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
    (folder / "SHA256SUMS").write_text("".join(line for line in lines if "model.onnx" not in line))

    with pytest.raises(InvalidFolderError):
        check(folder)


@pytest.mark.parametrize("content", [None, "", "no sums\n"])
def test_no_list_is_refused(tmp_path: Path, content: str | None) -> None:
    """Nor is a folder that is not one."""
    if content is not None:
        (tmp_path / "SHA256SUMS").write_text(content)

    with pytest.raises(InvalidFolderError):
        check(tmp_path)
