"""Proving what a volume holds, without writing to it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant_model.check import check
from assistant_model.outcome import ModelError, Reason, Verified
from assistant_model.progress import Progress
from assistant_model.reference import Reference
from assistant_model.store import Store
from tests.unit.model.registry_server import Model, digest_of, layer

NAME = "tiny:test"
MODEL = Model()


def lay_out(folder: Path, model: Model = MODEL) -> Path:
    """Write the model as Ollama would."""
    manifest = folder / Reference.parse(NAME).manifest_path
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_bytes(model.manifest)
    (folder / "blobs").mkdir(exist_ok=True)
    for digest, content in model.blobs.items():
        blob(folder, digest).write_bytes(content)
    return folder


def blob(folder: Path, digest: str) -> Path:
    """Return the file of a blob."""
    return folder / "blobs" / digest.replace(":", "-")


def checked(folder: Path, digest: str | None = MODEL.digest) -> Verified:
    """Check the folder."""
    return check(Reference.parse(NAME), NAME, digest, Store(folder), Progress())


WEIGHTS_FILE = digest_of(MODEL.weights)


@pytest.mark.parametrize("digest", [MODEL.digest, None], ids=["asked for", "reported"])
def test_a_whole_model_is_verified(tmp_path: Path, digest: str | None) -> None:
    """With a digest it is compared, without one it is reported."""
    assert checked(lay_out(tmp_path), digest) == Verified(name=NAME, digest=MODEL.digest, size_bytes=MODEL.size)


def test_nothing_is_written(tmp_path: Path) -> None:
    """The volume may be mounted read-only."""
    lay_out(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    checked(tmp_path)

    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_progress_is_counted(tmp_path: Path) -> None:
    """Hashing gigabytes takes minutes: the operator sees how far it is."""
    progress = Progress()
    check(Reference.parse(NAME), NAME, None, Store(lay_out(tmp_path)), progress)

    assert (progress.completed_bytes, progress.total_bytes) == (MODEL.size, MODEL.size)


def flip_a_byte(folder: Path) -> None:
    """Change one byte of the weights."""
    blob(folder, WEIGHTS_FILE).write_bytes(b"x" + MODEL.weights[1:])


def truncate(folder: Path) -> None:
    """Cut one byte off."""
    os.truncate(blob(folder, WEIGHTS_FILE), len(MODEL.weights) - 1)


def append(folder: Path) -> None:
    """Add one byte: the hash of what was asked for is still right."""
    blob(folder, WEIGHTS_FILE).write_bytes(MODEL.weights + b"x")


def remove(folder: Path) -> None:
    """Remove the weights."""
    blob(folder, WEIGHTS_FILE).unlink()


@pytest.mark.parametrize("damage", [flip_a_byte, truncate, append, remove])
def test_damage_is_found(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """One byte is enough."""
    damage(lay_out(tmp_path))

    assert refusal(tmp_path) is Reason.BLOB_CORRUPT


def link_blob(folder: Path) -> None:
    """Replace the weights by a link to the very same bytes."""
    shutil.move(blob(folder, WEIGHTS_FILE), folder.parent / "weights")
    blob(folder, WEIGHTS_FILE).symlink_to(folder.parent / "weights")


def link_blobs(folder: Path) -> None:
    """Replace the folder of blobs by a link."""
    shutil.move(folder / "blobs", folder.parent / "elsewhere")
    (folder / "blobs").symlink_to(folder.parent / "elsewhere")


def link_manifest(folder: Path) -> None:
    """Replace the manifest by a link."""
    manifest = folder / Reference.parse(NAME).manifest_path
    shutil.move(manifest, folder.parent / "manifest")
    manifest.symlink_to(folder.parent / "manifest")


def pipe(folder: Path) -> None:
    """Replace the weights by a pipe that nobody writes to."""
    blob(folder, WEIGHTS_FILE).unlink()
    os.mkfifo(blob(folder, WEIGHTS_FILE))


def directory(folder: Path) -> None:
    """Replace the weights by a folder."""
    blob(folder, WEIGHTS_FILE).unlink()
    blob(folder, WEIGHTS_FILE).mkdir()


@pytest.mark.parametrize("trick", [link_blob, link_blobs, link_manifest, pipe, directory])
def test_only_regular_files_count(tmp_path: Path, trick: Callable[[Path], None]) -> None:
    """What is checked here and what the model server opens later must be the same file."""
    folder = tmp_path / "volume"
    folder.mkdir()
    trick(lay_out(folder))

    assert refusal(folder) is Reason.VOLUME_UNUSABLE


def test_another_model_under_the_name_is_found(tmp_path: Path) -> None:
    """The manifest's bytes decide, not its name."""
    lay_out(tmp_path, Model(weights=b"GGUF other"))

    assert refusal(tmp_path) is Reason.DIGEST_MISMATCH


def test_an_absent_model(tmp_path: Path) -> None:
    """An empty volume, or one whose root is not the models folder."""
    assert refusal(tmp_path) is Reason.MODEL_NOT_FOUND
    assert refusal(tmp_path / "nowhere") is Reason.MODEL_NOT_FOUND


def test_a_model_that_runs_elsewhere_is_refused(tmp_path: Path) -> None:
    """A volume may hold a model that sends prompts to another machine."""
    lay_out(tmp_path, Model(config=b'{"remote_host":"https://ollama.com","remote_model":"m"}'))

    assert refusal(tmp_path, None) is Reason.NOT_A_MODEL


def test_a_manifest_that_is_none(tmp_path: Path) -> None:
    """What lies where the manifest is expected is parsed as carefully as a registry's."""
    lay_out(tmp_path, Model(changes={"layers": [layer("application/vnd.docker.image.rootfs.diff.tar.gzip", b"x")]}))

    assert refusal(tmp_path, None) is Reason.NOT_A_MODEL


def refusal(folder: Path, digest: str | None = MODEL.digest) -> Reason:
    """Return why the check fails."""
    with pytest.raises(ModelError) as caught:
        checked(folder, digest)
    return caught.value.reason
