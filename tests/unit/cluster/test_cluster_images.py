"""Image archives, what an image's key covers, and what stays in the cache."""

import json
import os
import tarfile
from pathlib import Path

import pytest

from tests.cluster.images import catalog, wheels
from tests.cluster.images.archive import Settings, write_archive
from tests.cluster.images.catalog import Image


def read(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        content = tar.extractfile(name)
        assert content is not None
        return content.read()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "bin").mkdir(parents=True)
    (tmp_path / "root" / "bin" / "program").write_text("content")
    (tmp_path / "root" / "bin" / "program").chmod(0o755)
    return tmp_path / "root"


def test_an_archive_names_its_image_and_how_it_starts(root: Path, tmp_path: Path) -> None:
    write_archive(root, tmp_path / "a.tar", "localhost/x:1", Settings(("/bin/program",), user="1:1"))

    entry = json.loads(read(tmp_path / "a.tar", "index.json"))["manifests"][0]
    manifest = json.loads(read(tmp_path / "a.tar", f"blobs/{entry['digest'].replace(':', '/')}"))
    configuration = json.loads(read(tmp_path / "a.tar", f"blobs/{manifest['config']['digest'].replace(':', '/')}"))
    assert entry["annotations"]["io.containerd.image.name"] == "localhost/x:1"
    assert configuration["config"]["Entrypoint"] == ["/bin/program"]
    assert configuration["config"]["User"] == "1:1"
    assert configuration["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]


def test_the_same_files_make_the_same_archive(root: Path, tmp_path: Path) -> None:
    write_archive(root, tmp_path / "a.tar", "localhost/x:1", Settings(("/bin/program",)))
    os.utime(root / "bin" / "program", (0, 1))
    write_archive(root, tmp_path / "b.tar", "localhost/x:1", Settings(("/bin/program",)))

    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    assert not list(tmp_path.glob("*.partial"))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout with what the product's images are made from."""
    for folder in ("images/operator", "images/gateway", "images/ollama", "images/store", "requirements"):
        (tmp_path / folder).mkdir(parents=True)
    for image in ("operator", "gateway", "ollama", "store"):
        (tmp_path / "images" / image / "Containerfile").write_text(f"FROM {image}")
    for name in ("operator", "gateway", "names", "client", "privategpt"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(name)
    for room in ("operator", "gateway", "model", "documents", "egress"):
        (tmp_path / room / "src").mkdir(parents=True)
        (tmp_path / room / "src" / "module.py").write_text("pass")
    monkeypatch.setattr(catalog, "REPOSITORY", tmp_path)
    monkeypatch.setattr(wheels, "REPOSITORY", tmp_path)
    return tmp_path


def keys() -> dict[str, str]:
    return {image.short: image.key for image in catalog.project_images()}


@pytest.mark.parametrize(
    ("changed", "images"),
    [
        ("operator/src/module.py", {"operator"}),
        ("gateway/src/module.py", {"operator", "gateway"}),
        ("model/src/new.py", {"operator", "gateway"}),
        ("documents/src/module.py", {"gateway"}),
        ("egress/src/module.py", {"operator", "gateway"}),
        ("requirements/client.txt", {"client"}),
        ("requirements/privategpt.txt", {"client"}),
        ("requirements/names.txt", {"gateway"}),
        ("images/ollama/Containerfile", {"ollama"}),
        ("images/store/Containerfile", {"store"}),
        ("operator/src/__pycache__/module.cpython-311.pyc", set()),
        ("README.md", set()),
    ],
)
def test_an_image_is_made_again_when_its_own_content_changes(checkout: Path, changed: str, images: set[str]) -> None:
    before = keys()

    (checkout / changed).parent.mkdir(exist_ok=True)
    (checkout / changed).write_text("changed")

    after = keys()
    assert {name for name in before if before[name] != after[name]} == images


def test_a_file_that_moves_is_a_change(checkout: Path) -> None:
    before = keys()["operator"]

    (checkout / "operator/src/module.py").rename(checkout / "operator/src/other.py")

    assert keys()["operator"] != before


def test_an_archive_is_made_once_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path))
    made = []

    def make(reference: str, archive: Path) -> None:
        made.append(reference)
        archive.write_text(reference)
        os.utime(archive, (len(made), len(made)))

    images = [Image("x", "localhost/x", f"v{number}", f"key{number}", make) for number in range(5)]
    for image in images:
        image.ensure()
        image.ensure()

    assert made == [image.reference for image in images]
    assert {path.name for path in (tmp_path / "images").glob("x-*.tar")} == {f"x-key{number}.tar" for number in (2, 3, 4)}


def test_wheels_are_placed_where_the_containerfiles_look_and_replaced_when_the_lock_changes(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path / "cache"))

    def download(*command: str | Path, **_: object) -> str:
        target = Path(command[-1])
        target.mkdir(exist_ok=True)
        lock = Path(command[command.index("-r") + 1])
        assert ("--no-deps" in command) == (lock.name == "privategpt.txt")
        (target / f"{lock.stem}-{lock.read_text()}.whl").touch()
        assert "--require-hashes" in command
        return ""

    monkeypatch.setattr(wheels, "run", download)
    wheels.place_wheels("client")
    (checkout / "requirements/client.txt").write_text("2")
    folder = wheels.place_wheels("client")

    assert folder == checkout / "wheels" / "client"
    assert {path.name for path in folder.iterdir()} == {"client-2.whl", "privategpt-privategpt.whl"}
