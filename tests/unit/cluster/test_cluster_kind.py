"""The path with kind: what it renders and what it calls. It runs nowhere here, so this is all that is known of it."""

import json
import socket
from pathlib import Path

import pytest

from tests.cluster import choice, kind
from tests.cluster.images.catalog import Image
from tests.cluster.node.cluster import Node

Call = tuple[list[str], str | None]


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    found: list[Call] = []

    def run(*command: str | Path, check: bool = True, stdin: str | None = None) -> str:
        found.append(([str(word) for word in command], stdin))
        return ""

    monkeypatch.setattr(kind, "run", run)
    monkeypatch.setattr(kind, "place_wheels", lambda image: tmp_path / image)
    monkeypatch.setattr(kind, "project_images", lambda: [image(name) for name in ("operator", "gateway", "ollama", "store", "client")])
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path))
    return found


def image(short: str) -> Image:
    return Image(short, f"localhost/private-assistant/{short}", "abc", "abc", lambda *_: pytest.fail("docker builds it"))


def commands(calls: list[Call], *start: str) -> list[list[str]]:
    return [words for words, _ in calls if words[: len(start)] == list(start)]


def test_up_creates_a_named_cluster_with_a_kubeconfig_of_its_own(calls: list[Call], tmp_path: Path) -> None:
    kind.Kind().up()

    (create,) = commands(calls, "kind", "create")
    assert create[create.index("--kubeconfig") + 1] == str(tmp_path / "kind" / "kubeconfig")
    assert create[create.index("--name") + 1] == "private-assistant"
    (configuration,) = [stdin for words, stdin in calls if words[:2] == ["kind", "create"] and stdin]
    assert json.loads(configuration)["apiVersion"] == "kind.x-k8s.io/v1alpha4"


def test_a_cluster_that_runs_is_not_created_again(calls: list[Call], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*command: str | Path, check: bool = True, stdin: str | None = None) -> str:
        calls.append(([str(word) for word in command], stdin))
        return "other\nprivate-assistant\n"

    monkeypatch.setattr(kind, "run", run)

    kind.Kind().up()

    assert not commands(calls, "kind", "create")
    assert commands(calls, "kind", "export", "kubeconfig")


def test_images_are_built_by_docker_but_for_the_public_ones(calls: list[Call]) -> None:
    references = kind.Kind().load_images()

    assert references["operator"] == "localhost/private-assistant/operator:abc"
    assert references["ollama"] == "docker.io/ollama/ollama:0.24.0"
    assert references["store"].startswith("docker.io/pgvector/pgvector:")
    assert [words[words.index("--tag") + 1] for words in commands(calls, "docker", "build")] == [
        references[name] for name in ("operator", "gateway", "client")
    ]
    assert len(commands(calls, "kind", "load", "docker-image")) == 3


@pytest.mark.parametrize("tool", ["kubectl", "helm"])
def test_no_tool_is_ever_called_without_the_kubeconfig(calls: list[Call], tool: str, tmp_path: Path) -> None:
    getattr(kind.Kind(), tool)("list")

    assert calls[-1][0] == [tool, f"--kubeconfig={tmp_path}/kind/kubeconfig", "list"]


def test_assistants_are_to_try_the_registrys_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address, since pods have no DNS; of a host that the cluster talks to in any case."""
    monkeypatch.setattr(socket, "gethostbyname", {"registry.ollama.ai": "192.0.2.7"}.__getitem__)

    assert kind.Kind().outside_targets() == ("192.0.2.7:443",)


def test_down_removes_only_its_own(calls: list[Call]) -> None:
    kind.Kind().down()

    assert commands(calls, "kind", "delete", "cluster", "--name", "private-assistant")


@pytest.mark.parametrize(
    ("wanted", "works", "expected"), [("", True, kind.Kind), ("", False, Node), ("node", True, Node), ("kind", False, kind.Kind)]
)
def test_kind_is_used_where_it_works_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, wanted: str, works: bool, expected: type
) -> None:
    monkeypatch.setenv(choice.VARIABLE, wanted)
    monkeypatch.setattr(choice, "kind_works", lambda: works)

    assert isinstance(choice.choose(), expected)


def test_docker_that_does_not_answer_is_no_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, status in (("kind", 0), ("docker", 1)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert not choice.kind_works()
