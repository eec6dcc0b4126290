"""The folder of the gateway's detector of names, as its image has it: for tests and the bench that run a gateway without an image.

Made by the same script from the same lock as in images/gateway/Containerfile, and kept in the cache.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from tests.cluster.images.wheels import locks, wheels
from tests.cluster.paths import REPOSITORY, cache
from tests.cluster.progress import step
from tests.cluster.shell import locked, run

SCRIPTS = REPOSITORY / "images" / "gateway" / "names"


def names_folder() -> Path:
    """Return the folder, made if it is not there yet (half a minute, and the wheels)."""
    target = _target()
    if target.exists():
        return target
    with locked(cache() / "names.lock"):  # tests run in several processes
        if not target.exists():
            _make(target)
    return target


def _target() -> Path:
    made_from = hashlib.sha256()
    for file in (*locks("names"), *sorted(SCRIPTS.glob("*.py"))):
        made_from.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return cache() / "names" / made_from.hexdigest()[:12]


def _make(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source = wheels("names")
    with step("what finds names"), tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        python = Path(temporary) / "venv" / "bin" / "python3"
        run(sys.executable, "-m", "venv", python.parents[1])
        (lock,) = locks("names")
        offline = ("--quiet", "--disable-pip-version-check", "--no-index", "--find-links", source)
        run(python, "-m", "pip", "install", *offline, "--require-hashes", "--no-deps", "--requirement", lock)
        run(python, SCRIPTS / "build.py", Path(temporary) / "names", env={"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"})
        (Path(temporary) / "names").replace(target)
