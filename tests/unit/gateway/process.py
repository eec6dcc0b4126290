"""The gateway as a process of its own: what only a whole process shows (signals, exit status, all that it writes)."""

import asyncio
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from assistant_gateway.policy import Policy
from tests.unit.gateway.conftest import write_certificate
from tests.unit.gateway.fake_ollama import FakeOllama
from tests.unit.gateway.running import KEY, SECONDS, free_port, make_policy, write_keys


@dataclass
class GatewayProcess:
    """A running `python -m assistant_gateway`, and its files."""

    folder: Path
    port: int
    ops_port: int
    process: asyncio.subprocess.Process

    @property
    def output(self) -> Path:
        return self.folder / "stdout"

    @property
    def errors(self) -> Path:
        return self.folder / "stderr"

    @property
    def pipe(self) -> Path:
        return self.folder / "runtime.log"

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def termination(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "termination").read_text())
        return found

    def http(self, key: str = KEY) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"https://localhost:{self.port}", verify=self.context(), headers={"authorization": f"Bearer {key}"}, timeout=SECONDS
        )

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "tls" / "tls.crt"))

    async def ops(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.ops_port}", timeout=SECONDS) as client:
            return await client.get(path)

    async def ready(self) -> None:
        """Wait until /readyz says so; fails at once if the process ends."""
        async with asyncio.timeout(SECONDS * 3):
            while True:
                assert self.process.returncode is None, self.errors.read_text()
                try:
                    if (await self.ops("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)

    async def exit_status(self) -> int:
        return await asyncio.wait_for(self.process.wait(), SECONDS * 3)


def write_files(folder: Path, policy: Policy) -> None:
    for name in ("tls", "keys"):
        (folder / name).mkdir()
    write_certificate(folder / "tls")
    write_keys(folder / "keys")
    (folder / "policy.json").write_text(policy.to_json())


@asynccontextmanager
async def start_process(folder: Path, fake: FakeOllama, *more: str, prelude: str = "") -> AsyncIterator[GatewayProcess]:
    """Start the process on the folder's files; `prelude` is Python that runs in it first."""
    if not (folder / "policy.json").exists():
        write_files(folder, make_policy())
    port, ops_port = free_port(), free_port()
    start = (
        ["-m", "assistant_gateway"]
        if not prelude
        else ["-c", f"{prelude}\nimport runpy; runpy.run_module('assistant_gateway', run_name='__main__')"]
    )
    flags = {
        "policy": folder / "policy.json",
        "tls": folder / "tls",
        "keys": folder / "keys",
        "runtime-log": folder / "runtime.log",
        "termination-log": folder / "termination",
        "upstream": fake.url,
        "host": "127.0.0.1",
        "port": port,
        "ops-port": ops_port,
        "poll-seconds": 0.05,
    }
    arguments = [f"--{name}={value}" for name, value in flags.items()]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = await asyncio.create_subprocess_exec(sys.executable, *start, *arguments, *more, stdout=out, stderr=err, env=environment)
    try:
        yield GatewayProcess(folder, port, ops_port, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
