"""The operator as a process of its own, and its port for operations."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOTS = ("operator/src", "gateway/src", "model/src", "egress/src")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def fetch(port: int, path: str) -> tuple[int, str]:
    """Return status and body of a GET, 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return 0, ""


@contextmanager
def process(kubeconfig: Path, namespace: str, port: int, log: Path, *extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m assistant_operator`, with its settings from the environment."""
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(root / source) for source in ROOTS),
        "KUBECONFIG": str(kubeconfig),
        "PRIVATE_ASSISTANT_GATEWAY_IMAGE": "gateway:test",
        "PRIVATE_ASSISTANT_OLLAMA_IMAGE": "ollama/ollama:0.24.0",
        "PRIVATE_ASSISTANT_OPERATOR_NAMESPACE": namespace,
        "PRIVATE_ASSISTANT_OPERATOR_LABELS": "app=operator",
        "PRIVATE_ASSISTANT_OPS_HOST": "127.0.0.1",
        "PRIVATE_ASSISTANT_OPS_PORT": str(port),
    }
    with log.open("wb") as stream:
        started = subprocess.Popen([sys.executable, "-m", "assistant_operator", *extra], env=environment, stdout=stream, stderr=stream)
    try:
        yield started
    finally:
        started.kill()
        started.wait()
