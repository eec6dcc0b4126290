"""Builds images from Containerfiles with buildah: no daemon, no registry, and nothing left behind but its own storage in the cache."""

import tempfile
from pathlib import Path

from tests.cluster.images.base import NAME as BASE
from tests.cluster.images.base import RECIPE, base_root
from tests.cluster.paths import cache
from tests.cluster.shell import run, succeeds


def build(containerfile: Path, context: Path, name: str, archive: Path) -> None:
    """Build one image and write it as an archive; layers that did not change are taken from buildah's own cache."""
    _ensure_base()
    _buildah("bud", "--layers", "--isolation", "chroot", "--pull-never", "--tag", name, "--file", containerfile, context)
    partial = archive.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    _buildah("push", name, f"docker-archive:{partial}:{name}")
    partial.replace(archive)
    _forget_other_tags(name)


def _forget_other_tags(name: str) -> None:
    """Remove what this image was before; its archive stays a while, and the layers that both share stay for the next build."""
    repository = name.rpartition(":")[0]
    found = _buildah("images", "--noheading", "--format", "{{.Name}}:{{.Tag}}", "--filter", f"reference={repository}", check=False).split()
    old = [other for other in found if other != name and other.rpartition(":")[0] == repository]
    if old:
        _buildah("rmi", *old, check=False)


def _ensure_base() -> None:
    root = base_root()
    found = _buildah("inspect", "--type", "image", BASE, check=False)
    if f'"recipe": "{RECIPE}"' in found:
        return
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "Containerfile"
        path = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
        file.write_text(f"FROM scratch\nADD {root.name} /\nENV PATH={path}\nLABEL recipe={RECIPE}\n")
        _buildah("bud", "--isolation", "chroot", "--tag", BASE, "--file", file, root.parent)


def _buildah(*arguments: str | Path, check: bool = True) -> str:
    """Run buildah with its storage in the cache; in a mount namespace of its own, because it leaves its storage mounted."""
    folder = cache() / "buildah"
    folder.mkdir(parents=True, exist_ok=True)
    storage = ("--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", _driver(folder))
    return run("unshare", "--mount", "buildah", *storage, *arguments, check=check)


def _driver(folder: Path) -> str:
    """Return overlay where the file system can carry it (not in a container, whose own root is one); vfs copies instead."""
    chosen = folder / "driver"
    if not chosen.exists():
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            for name in ("lower", "upper", "work", "merged"):
                (Path(temporary) / name).mkdir()
            options = ",".join(f"{name}dir={temporary}/{name}" for name in ("lower", "upper", "work"))
            works = succeeds("unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, f"{temporary}/merged")
        chosen.write_text("overlay" if works else "vfs")
    return chosen.read_text()
