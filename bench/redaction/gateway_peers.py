"""Gateways of others before the same model server: in virtual environments of their own, which somebody made by hand (README.md).

They speak plain HTTP, in their favour; LiteLLM asks for a key, as the gateway does.
"""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from bench.gateway import rig

_START_SECONDS: Final = 120


def start(environments: Path, folder: Path, upstream: str, stack: ExitStack) -> list[rig.Peer]:
    """Start those whose environment is there; raises FileNotFoundError if none is."""
    found = [
        stack.enter_context(make(environments / name, folder, upstream))
        for name, make in (("llm-redact-proxy", _llm_redact), ("litellm", _litellm))
        if (environments / name).is_dir()
    ]
    if not found:
        raise FileNotFoundError(f"no environment of llm-redact-proxy or litellm in {environments}")
    return found


@contextmanager
def _llm_redact(environment: Path, folder: Path, upstream: str) -> Iterator[rig.Peer]:
    """llm-redact-proxy with its own defaults, its table of values in memory."""
    port = rig.free_port()
    settings = [f"port = {port}", "[providers.openai]", f'upstream_base_url = "{upstream}"', "[vault]", 'backend = "memory"']
    (folder / "llm-redact.toml").write_text("\n".join(settings))
    command = [str(environment / "bin/llm-redact"), "serve", f"--config={folder / 'llm-redact.toml'}"]
    with _running("llm-redact-proxy", port, command) as peer:
        yield peer


@contextmanager
def _litellm(environment: Path, folder: Path, upstream: str) -> Iterator[rig.Peer]:
    """LiteLLM's proxy without a guardrail or a database: it passes on what it gets."""
    port = rig.free_port()
    model = {"model": "openai/tiny:1b", "api_base": f"{upstream}/v1", "api_key": "none"}
    (folder / "litellm.json").write_text(json.dumps({"model_list": [{"model_name": "tiny:1b", "litellm_params": model}]}))
    command = [str(environment / "bin/litellm"), f"--config={folder / 'litellm.json'}", "--host=127.0.0.1", f"--port={port}"]
    with _running("LiteLLM, no guardrail", port, [*command, "--num_workers=1", "--telemetry=False"]) as peer:
        yield peer


@contextmanager
def _running(name: str, port: int, command: list[str]) -> Iterator[rig.Peer]:
    with rig.running(rig.PROXY_CORE, command, os.environ | {"PYTHONPATH": "", "LITELLM_MASTER_KEY": rig.KEY}) as process:
        peer = rig.Peer(name, f"http://127.0.0.1:{port}", process)
        _wait_for(peer)
        yield peer


def _wait_for(peer: rig.Peer) -> None:
    """Wait until it answers a prompt."""
    body = json.dumps({"model": "tiny:1b", "messages": [{"role": "user", "content": "Hello."}]}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {rig.KEY}"}
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{peer.url}/v1/chat/completions", body, headers), timeout=10):
                return
        except urllib.error.HTTPError:
            raise
        except OSError:  # nobody listens yet
            time.sleep(0.1)
    raise TimeoutError(f"{peer.name} does not answer")
