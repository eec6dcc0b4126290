"""A stand-in for docker.io/library/python:3.11-slim-bookworm, from the same distribution's packages.

Where no registry can be reached, the Containerfiles' base image has to come from somewhere. What they rely on is here: python3.11 with
venv and pip, /bin/sh and the usual small tools, the system's certificates. Releases use the public image.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.cluster.paths import cache
from tests.cluster.progress import step
from tests.cluster.shell import run

NAME = "docker.io/library/python:3.11-slim-bookworm"
PACKAGES = (
    *("python3.11", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-venv", "python3-distutils"),
    *("python3-lib2to3", "python3-pip-whl", "python3-setuptools-whl", "libc6", "libgcc-s1", "libstdc++6", "gcc-12-base", "zlib1g"),
    *("libexpat1", "libssl3", "libbz2-1.0", "liblzma5", "libffi8", "libsqlite3-0", "libuuid1", "libcrypt1", "libncursesw6", "libtinfo6"),
    *("libreadline8", "libc-bin", "media-types", "ca-certificates", "busybox-static", "tzdata", "netbase"),
)
UNNEEDED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}

RECIPE = hashlib.sha256(json.dumps([PACKAGES, UNNEEDED, FILES]).encode()).hexdigest()[:12]


def base_root() -> Path:
    """Return a tar archive of the base image's files, made once for each set of packages."""
    target = cache() / "images" / f"base-{RECIPE}.tar"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with step(f"base image from {len(PACKAGES)} Debian packages"), tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        root = Path(temporary) / "root"
        _unpack(Path(temporary), root)
        _finish(root)
        partial = target.with_suffix(".partial")
        with tarfile.open(partial, "w") as tar:
            tar.add(root, arcname=".")
        partial.replace(target)
    return target


def _unpack(folder: Path, root: Path) -> None:
    packages = folder / "packages"
    packages.mkdir(mode=0o755)
    folder.chmod(0o755)
    run("apt-get", "download", "--quiet", *PACKAGES, cwd=packages)
    root.mkdir()
    for package in sorted(packages.glob("*.deb")):
        run("dpkg-deb", "--extract", package, root)


def _finish(root: Path) -> None:
    for folder in UNNEEDED:
        shutil.rmtree(root / folder, ignore_errors=True)
    for name in ("python3", "python"):
        (root / "usr/bin" / name).unlink(missing_ok=True)
        (root / "usr/bin" / name).symlink_to("python3.11")
    for name in ("tmp", "root", "home", "var/tmp", "proc", "sys", "dev", "run", "usr/local/bin", "etc/ssl/certs"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    for name, content in FILES.items():
        (root / name).write_text(content)
    for applet in subprocess.run([root / "bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout.split():
        if not any(
            (root / folder / applet).is_symlink() or (root / folder / applet).exists() for folder in ("bin", "usr/bin", "sbin", "usr/sbin")
        ):
            (root / "bin" / applet).symlink_to("busybox")
    authorities = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    (root / "etc/ssl/certs/ca-certificates.crt").write_bytes(b"".join(path.read_bytes() for path in authorities))
