"""The wheels that a Containerfile installs: downloaded before the build, checked against the lock, kept in the cache.

The build itself needs no network, and what it installs is what requirements/*.txt names by hash.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.cluster.paths import REPOSITORY, cache
from tests.cluster.progress import step
from tests.cluster.shell import run

WITHOUT_DEPENDENCIES = {"client": "privategpt"}
"""Another lock of an image, of packages that ask for older versions of what the first one has, and work with these."""


BESIDE = {"gateway": ("names",)}
"""Other locks of an image's build, with wheels in a folder of their own: what only makes a file of the image."""
COMPLETE = frozenset({"names"})
"""Locks that name all that is needed of them, and not all that their packages ask for."""


def locks(image: str, checkout: Path | None = None) -> tuple[Path, ...]:
    """Return the files that pin the image's packages; what the second one names is installed without its dependencies."""
    names = (image, WITHOUT_DEPENDENCIES[image]) if image in WITHOUT_DEPENDENCIES else (image,)
    return tuple((checkout or REPOSITORY) / "requirements" / f"{name}.txt" for name in names)


def all_locks(image: str) -> tuple[Path, ...]:
    """Return every file that pins what an image's build installs."""
    return (*locks(image), *(lock for name in BESIDE.get(image, ()) for lock in locks(name)))


def wheels(image: str, checkout: Path | None = None) -> Path:
    """Return a folder with every wheel of the image, as a checkout pins them."""
    made_from = b"".join(lock.read_bytes() for lock in locks(image, checkout))
    target = cache() / "wheels" / f"{image}-{hashlib.sha256(made_from).hexdigest()[:12]}"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with step(f"wheels of the {image} image"), tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        folder = Path(temporary) / "wheels"
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--require-hashes")
        first: tuple[str, ...] = ("--no-deps",) if image in COMPLETE else ()
        for lock, options in zip(locks(image, checkout), (first, ("--no-deps",)), strict=False):
            run(*pip, *options, "-r", lock, "--dest", folder)
        folder.replace(target)
    return target


def place_wheels(image: str, checkout: Path | None = None) -> Path:
    """Put the wheels where the Containerfiles look for them, wheels/<image> in a checkout, and return that folder.

    The wheels that its build needs beside them are put into folders of their own.
    """
    for other in BESIDE.get(image, ()):
        place_wheels(other, checkout)
    source, target = wheels(image, checkout), (checkout or REPOSITORY) / "wheels" / image
    names = {path.name for path in source.iterdir()}
    if target.exists() and {path.name for path in target.iterdir()} == names:
        return target
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    shutil.copytree(source, target, copy_function=_link)
    return target


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
