"""Builds the clusters' Go programs from their published modules, pinned by gomod/<family>/go.mod and go.sum.

Each family is a module of its own, because their requirements would clash in one. Libraries that several need are pinned in the same
version where they can be, above all Kubernetes' own and what these are made of: what was compiled for one family serves the next. What
was built lies in the cache under a hash of the pins and of the recipe, so it is built once per machine; an interrupted build goes on where
it stopped. images.py puts some of the programs into images, node/ and apiserver.py run the others.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.paths import HERE, REPOSITORY, cache
from tests.cluster.progress import say, step
from tests.cluster.shell import ClusterError, run

GO_MOD = HERE / "gomod"
KUBERNETES_VERSION = "v1.36.3"
OLLAMA_VERSION = "0.24.0"
MINIAUDIO_LOCK = REPOSITORY / "requirements" / "ollama-headers.txt"
HEADERS = "@HEADERS@"
"""Stands for the folder of C headers in a recipe, so that the recipe's hash does not depend on the machine."""


@dataclass(frozen=True, slots=True)
class Program:
    """One `go build`."""

    name: str
    package: str
    seconds: int
    """How long it took on two cores with empty caches; only shown."""
    ldflags: str = ""
    tags: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Programs that share a module, and so their pins."""

    name: str
    programs: tuple[Program, ...]
    env: dict[str, str] = field(default_factory=lambda: {"CGO_ENABLED": "0"})


def _kubernetes(name: str, seconds: int) -> Program:
    # Without the version flags the server calls itself v0.0.0-master, and clients that compare versions refuse it.
    stamp = " ".join(
        f"-X {package}.gitVersion={KUBERNETES_VERSION} -X {package}.gitMajor=1 -X {package}.gitMinor=36"
        f" -X {package}.gitTreeState=clean -X {package}.gitCommit=unknown"
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    )
    return Program(name, f"k8s.io/kubernetes/cmd/{name}", seconds, stamp, "notest,grpcnotrace")


def _containerd(name: str, seconds: int) -> Program:
    module = "github.com/containerd/containerd/v2"
    return Program(name, f"{module}/cmd/{name}", seconds, f"-X {module}/version.Version=v2.3.4", "no_btrfs,no_zfs,no_devmapper")


FAMILIES = {
    family.name: family
    for family in (
        Family("etcd", (Program("etcd", "go.etcd.io/etcd/server/v3", 77),)),
        Family(
            "kubernetes",
            (
                _kubernetes("kube-apiserver", 248),
                _kubernetes("kube-controller-manager", 131),
                _kubernetes("kube-scheduler", 9),
                _kubernetes("kubelet", 40),
                _kubernetes("kube-proxy", 17),
                _kubernetes("kubectl", 15),
            ),
        ),
        Family("containerd", (_containerd("containerd", 80), _containerd("containerd-shim-runc-v2", 5), _containerd("ctr", 9))),
        Family("kube-network-policies", (Program("kube-network-policies", "sigs.k8s.io/kube-network-policies/cmd", 20),)),
        Family("coredns", (Program("coredns", ".", 40),)),  # main.go names its plugins
        Family("helm", (Program("helm", "helm.sh/helm/v3/cmd/helm", 133, "-X helm.sh/helm/v3/internal/version.version=v3.22.0"),)),
        # What users' Prometheus and Argo CD make of our rules and of our health check; no discovery of targets is needed for that.
        Family("prometheus", (Program("promtool", "github.com/prometheus/prometheus/cmd/promtool", 160, tags="remove_all_sd,netgo"),)),
        Family("gopher-lua", (Program("glua", "github.com/yuin/gopher-lua/cmd/glua", 5),)),
        Family(
            "ollama",
            (
                Program(
                    "ollama",
                    "github.com/ollama/ollama",
                    200,
                    f"-linkmode external -extldflags '-static' -X github.com/ollama/ollama/version.Version={OLLAMA_VERSION}",
                ),
            ),
            # Without -march the compiler stays with SSE2: 8 to 20 times slower.
            {"CGO_ENABLED": "1", "CGO_CFLAGS": "-O3 -march=x86-64-v3", "CGO_CXXFLAGS": f"-O3 -march=x86-64-v3 -I{HEADERS}"},
        ),
    )
}
API_SERVER = ("etcd", "kubernetes")
NODE = ("etcd", "kubernetes", "containerd", "kube-network-policies", "coredns", "helm", "ollama")


def folder(family: Family) -> Path:
    """Return where a family's programs lie: named by a hash of everything that they are made from."""
    recipe = [family.name, [(program.name, program.package, program.ldflags, program.tags) for program in family.programs], family.env]
    made_from = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
    for source in sorted((GO_MOD / family.name).iterdir()):
        made_from.update(source.read_bytes())
    return cache() / "programs" / f"{family.name}-{made_from.hexdigest()[:12]}"


def search_path(families: tuple[str, ...]) -> str:
    """Return the folders of the families' programs, in the form of PATH."""
    return ":".join(str(folder(FAMILIES[name])) for name in families)


def built(name: str) -> Path:
    """Return the path of one program, whether it was built yet or not."""
    for family in FAMILIES.values():
        if any(program.name == name for program in family.programs):
            return folder(family) / name
    raise KeyError(name)


def build(families: tuple[str, ...], only: tuple[str, ...] = ()) -> None:
    """Build what is missing of the families' programs (all of them, or only some)."""
    todo = [
        (FAMILIES[name], program)
        for name in families
        for program in FAMILIES[name].programs
        if not (folder(FAMILIES[name]) / program.name).exists() and (not only or program.name in only)
    ]
    if not todo:
        return
    if shutil.which("go") is None:
        raise ClusterError("the cluster's programs are built from Go modules: install Go 1.26 or newer and put `go` in PATH")
    minutes = sum(program.seconds for _, program in todo) / 60
    say(f"{len(todo)} Go programs to build, about {minutes:.0f} minutes on two cores with empty caches; kept in {cache() / 'programs'}")
    for number, (family, program) in enumerate(todo, 1):
        following = todo[number][1].name if number < len(todo) else ""
        with step(f"build {program.name} ({number} of {len(todo)}, usually {program.seconds} s)", then=following):
            _build(family, program)


def _build(family: Family, program: Program) -> None:
    target = folder(family)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".building-") as temporary:
        flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-p", str(os.cpu_count() or 2), "-tags", program.tags]
        run(
            "go",
            "build",
            *flags,
            "-gcflags=all=-dwarf=false",  # a tenth of the compiler's time, for what the linker leaves out
            "-ldflags",
            f"-s -w {program.ldflags}",
            "-o",
            Path(temporary) / program.name,
            program.package,
            cwd=GO_MOD / family.name,
            env=_environment(family) | {"GOFLAGS": "", "GOWORK": "off"},
        )
        (Path(temporary) / program.name).replace(target / program.name)


def _environment(family: Family) -> dict[str, str]:
    if not any(HEADERS in value for value in family.env.values()):
        return family.env
    return {name: value.replace(HEADERS, str(_headers())) for name, value in family.env.items()}


def _headers() -> Path:
    """Return a folder with miniaudio/miniaudio.h: the module's archive lacks folders that are named vendor/, a Python package has it."""
    target = cache() / "headers"
    header = target / "miniaudio" / "miniaudio.h"
    if header.exists():
        return target
    with tempfile.TemporaryDirectory() as temporary:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        run(*pip, "--require-hashes", "-r", MINIAUDIO_LOCK, "--dest", temporary)
        archive = next(Path(temporary).glob("miniaudio-*.tar.gz"))
        with tarfile.open(archive) as tar:
            member = next(item for item in tar.getmembers() if re.search(r"/miniaudio\.h$", item.name))
            content = tar.extractfile(member)
            if content is None:
                raise ClusterError(f"{archive.name} has no miniaudio.h")
            header.parent.mkdir(parents=True, exist_ok=True)
            partial = header.with_suffix(".partial")
            partial.write_bytes(content.read())
            partial.replace(header)
    return target
