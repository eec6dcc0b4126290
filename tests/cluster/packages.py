"""The Debian packages that the node and its builds need, installed if one of their programs is missing.

No service of theirs is started or configured: the node brings its own configuration.
"""

import os
import shutil
from pathlib import Path

from tests.cluster.progress import step
from tests.cluster.shell import ClusterError, run

PROGRAMS = {
    "runc": "runc",
    "iptables": "iptables",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ipset": "ipset",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "mount": "mount",
    "nsenter": "util-linux",
    "buildah": "buildah",
    "gcc": "gcc",
    "g++": "g++",
    "npm": "npm",
    "strace": "strace",
}
FILES = {
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/usr/include/nlohmann/json.hpp": "nlohmann-json3-dev",
    "/usr/include/stb/stb_image.h": "libstb-dev",
    "/usr/include/stdlib.h": "libc6-dev",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> list[str]:
    """Return the packages that have to be installed."""
    path = f"{SYSTEM_PATH}:{os.environ.get('PATH', '')}"
    found = [package for name, package in PROGRAMS.items() if shutil.which(name, path=path) is None]
    found += [package for file, package in FILES.items() if not Path(file).exists()]
    return found


def ensure() -> None:
    """Install what is missing."""
    wanted = missing()
    if not wanted:
        return
    if shutil.which("apt-get") is None:
        raise ClusterError(f"install these programs, by their Debian names: {', '.join(wanted)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Debian packages: {', '.join(wanted)}"):
        run("apt-get", "update", "--quiet", env=quiet)
        run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *wanted, env=quiet)
