"""Builds of Go programs: what names a folder, what is built again, what an interrupted build leaves."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster import builds
from tests.cluster.shell import ClusterError

GO = """#!/bin/sh
# Stands for `go build ... -o FILE PACKAGE`: writes what it was called with.
echo "$@" >> "$GO_CALLS"
case "$*" in *broken*) echo "does not compile" >&2; exit 1;; esac
while [ "$1" != "-o" ]; do shift; done
echo "$PWD $CGO_ENABLED" > "$2"
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `go` that compiles nothing; returns the file with its calls."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_text(GO)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("GO_CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "calls").touch()
    return tmp_path / "calls"


def test_every_program_is_built_once(go: Path) -> None:
    builds.build(("etcd", "containerd"))
    builds.build(("etcd", "containerd"))

    assert builds.built("containerd-shim-runc-v2").exists()
    assert len(go.read_text().splitlines()) == 4


def test_only_what_was_asked_for_is_built(go: Path) -> None:
    builds.build(("kubernetes",), only=("kubectl",))

    assert builds.built("kubectl").exists()
    assert not builds.built("kubelet").exists()


def test_the_build_runs_in_its_pins_folder_and_without_cgo(go: Path) -> None:
    builds.build(("etcd",))

    assert builds.built("etcd").read_text().split() == [str(builds.GO_MOD / "etcd"), "0"]
    assert "-mod=readonly -trimpath" in go.read_text()


def test_a_failed_build_says_why_and_leaves_nothing(go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    etcd = builds.FAMILIES["etcd"]
    broken = replace(etcd, programs=(replace(etcd.programs[0], package="broken"),))
    monkeypatch.setitem(builds.FAMILIES, "etcd", broken)

    with pytest.raises(ClusterError, match="does not compile"):
        builds.build(("etcd",))

    assert list(builds.folder(broken).iterdir()) == []


def test_another_recipe_or_another_pin_is_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    etcd = builds.FAMILIES["etcd"]
    before = builds.folder(etcd)
    assert builds.folder(replace(etcd, programs=(replace(etcd.programs[0], tags="x"),))) != before

    for pin in ("go.mod", "go.sum"):
        (tmp_path / "etcd").mkdir(exist_ok=True)
        (tmp_path / "etcd" / pin).write_bytes((builds.GO_MOD / "etcd" / pin).read_bytes())
    monkeypatch.setattr(builds, "GO_MOD", tmp_path)
    assert builds.folder(etcd) == before
    (tmp_path / "etcd" / "go.sum").write_text("other")
    assert builds.folder(etcd) != before


def test_how_long_a_build_takes_is_not_part_of_what_it_makes() -> None:
    etcd = builds.FAMILIES["etcd"]

    assert builds.folder(replace(etcd, programs=(replace(etcd.programs[0], seconds=1),))) == builds.folder(etcd)


def test_without_go_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path))

    with pytest.raises(ClusterError, match=r"install Go 1\.26"):
        builds.build(("etcd",))


@pytest.mark.parametrize("family", builds.FAMILIES.values(), ids=lambda family: family.name)
def test_every_family_has_its_pins_and_no_path_of_a_machine(family: builds.Family) -> None:
    for pin in ("go.mod", "go.sum"):
        assert (builds.GO_MOD / family.name / pin).stat().st_size > 0
    assert not any(value.startswith("/") or "=/" in value for value in family.env.values())
