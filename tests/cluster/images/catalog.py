"""Every image of the local cluster, and the archive of each, current by construction: its name holds a hash of what it is made from."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import builds, names, postgres
from tests.cluster.images import containers
from tests.cluster.images.archive import Settings, write_archive
from tests.cluster.images.base import RECIPE as BASE_RECIPE
from tests.cluster.images.wheels import all_locks, place_wheels
from tests.cluster.paths import HERE, REPOSITORY, cache
from tests.cluster.progress import step
from tests.cluster.shell import locked, run

PROJECT = "localhost/private-assistant"
SYSTEM = "localhost/private-assistant-test"
DEVELOPMENT_TAG = "dev"
KEEP = 3
"""Archives of one image that stay in the cache."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image; `make` writes its archive."""

    short: str
    name: str
    tag: str
    """A fixed version, or a hash of the content for what is built from this checkout."""
    key: str
    make: Callable[[str, Path], None]

    @property
    def reference(self) -> str:
        return f"{self.name}:{self.tag}"

    @property
    def archive(self) -> Path:
        return cache() / "images" / f"{self.short}-{self.key}.tar"

    def ensure(self) -> Path:
        """Return the archive, made if it is not there yet."""
        if self.archive.exists():
            return self.archive
        with locked(cache() / "images.lock"):  # two checkouts, or two terminals, may want the same one
            if not self.archive.exists():
                self.archive.parent.mkdir(parents=True, exist_ok=True)
                with step(f"image {self.reference}"):
                    self.make(self.reference, self.archive)
                _forget_old(self)
        return self.archive


def system_images() -> tuple[Image, ...]:
    """Return what the node itself runs."""
    return (
        _image("pause", SYSTEM, "1", hash_of(HERE / "images" / "pause.c"), _make_pause),
        _program_image("coredns", "1.14.1"),
        _program_image("kube-network-policies", "0.8.0"),
    )


def project_images() -> tuple[Image, ...]:
    """Return the product's images and the client that asks it."""
    source = {room: REPOSITORY / room / "src" for room in ("documents", "egress", "gateway", "model", "operator")}
    shared = (source["egress"], source["gateway"], source["model"])
    return (
        _python_image("operator", REPOSITORY / "images" / "operator" / "Containerfile", *shared, source["operator"]),
        _python_image("gateway", REPOSITORY / "images" / "gateway" / "Containerfile", names.SCRIPTS, source["documents"], *shared),
        _ollama_image(),
        _store_image(),
        _python_image("client", HERE / "client" / "Containerfile"),
    )


def test_image(short: str, folder: Path) -> Image:
    """Return an image that a test makes from a folder with a Containerfile on the base image."""

    def make(reference: str, archive: Path) -> None:
        containers.build(folder / "Containerfile", folder, reference, archive)

    return _image(short, SYSTEM, "", hash_of(folder, BASE_RECIPE), make)


def _image(short: str, prefix: str, tag: str, key: str, make: Callable[[str, Path], None]) -> Image:
    return Image(short, f"{prefix}/{short}", tag or key, key, make)


def _python_image(short: str, containerfile: Path, *sources: Path) -> Image:
    def make(reference: str, archive: Path) -> None:
        place_wheels(short)
        containers.build(containerfile, REPOSITORY, reference, archive)

    return _image(short, PROJECT, "", hash_of(containerfile, *all_locks(short), BASE_RECIPE, *sources), make)


def _ollama_image() -> Image:
    containerfile, program = REPOSITORY / "images" / "ollama" / "Containerfile", builds.built("ollama")

    def make(reference: str, archive: Path) -> None:
        containers.build(containerfile, program.parent, reference, archive)

    return _image("ollama", PROJECT, "", hash_of(containerfile, BASE_RECIPE, program), make)


def _store_image() -> Image:
    containerfile = REPOSITORY / "images" / "store" / "Containerfile"

    def make(reference: str, archive: Path) -> None:
        containers.build(containerfile, postgres.postgres_folder(), reference, archive)

    return _image("store", PROJECT, "", hash_of(containerfile, BASE_RECIPE, *postgres.MADE_FROM), make)


def _make_pause(reference: str, archive: Path) -> None:
    with tempfile.TemporaryDirectory() as root:
        run("cc", "-static", "-Os", "-s", "-o", f"{root}/pause", HERE / "images" / "pause.c")
        write_archive(Path(root), archive, reference, Settings(("/pause",), user="65535:65535"))


def _program_image(name: str, version: str) -> Image:
    """Return an image with one built program and nothing else."""

    def make(reference: str, archive: Path) -> None:
        with tempfile.TemporaryDirectory() as root:
            (Path(root) / "bin").mkdir()
            (Path(root) / "tmp").mkdir()
            (Path(root) / "tmp").chmod(0o1777)
            shutil.copy2(builds.built(name), Path(root) / "bin" / name)
            write_archive(Path(root), archive, reference, Settings((f"/bin/{name}",)))

    return _image(name, SYSTEM, version, hash_of(builds.built(name), HERE / "images" / "archive.py"), make)


def hash_of(*parts: Path | str) -> str:
    """Return a hash over files, folders and texts; a built program is known by its path, which holds a hash already."""
    digest = hashlib.sha256()
    for path in parts:
        if isinstance(path, str):
            digest.update(path.encode())
        elif path.is_relative_to(cache()):
            digest.update(str(path.relative_to(cache())).encode())
        elif path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    digest.update(f"{file.relative_to(path)}\0".encode() + file.read_bytes() + b"\0")
        else:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _forget_old(image: Image) -> None:
    found = sorted(image.archive.parent.glob(f"{image.short}-*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[KEEP:]:
        path.unlink(missing_ok=True)
