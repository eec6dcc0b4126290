"""The release before this one, as its users have it: its chart, and the images of operator and gateway, made from its own sources.

They lie in releases/ as an archive, for no registry has them. When VERSION is raised for a release, the one that was takes its place:

    git archive v0.2.0 charts/private-assistant-operator images/{operator,gateway} {operator,gateway,model,egress,documents}/src \
        requirements/{operator,gateway,names}.txt | xz -9e > tests/cluster/releases/0.2.0.tar.xz
"""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.images import containers
from tests.cluster.images.catalog import PROJECT, Image, hash_of
from tests.cluster.images.wheels import place_wheels
from tests.cluster.paths import HERE

VERSION = "0.1.0"
ARCHIVE = HERE / "releases" / f"{VERSION}.tar.xz"
IMAGES = ("operator", "gateway")


@contextmanager
def checkout() -> Iterator[Path]:
    """Yield a folder with the release's files, as they lie in a checkout."""
    with tempfile.TemporaryDirectory() as temporary, tarfile.open(ARCHIVE) as tar:
        tar.extractall(temporary, filter="data")
        yield Path(temporary)


def previous_images() -> dict[str, Image]:
    """Return the release's own images by their short names."""
    return {short: _image(short) for short in IMAGES}


def chart_of(folder: Path) -> Path:
    """Return the release's chart in a folder of checkout()."""
    return folder / "charts" / "private-assistant-operator"


def _image(short: str) -> Image:
    def make(reference: str, archive: Path) -> None:
        with checkout() as folder:
            place_wheels(short, folder)
            containers.build(folder / "images" / short / "Containerfile", folder, reference, archive)

    key = hash_of(ARCHIVE)
    return Image(f"{short}-{VERSION}", f"{PROJECT}/{short}-{VERSION}", key, key, make)
