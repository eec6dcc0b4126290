"""The gateway and the probe that runs beside it in every pod: what the one says is what the other understands."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from assistant_egress.protocol import ROUNDS_PATH, Round, Target, encode_round
from assistant_gateway.auth import KeyRing
from assistant_gateway.neighbours.egress import BREACHED, UNKNOWN, Egress
from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.snapshot import Current, Snapshot
from tests.unit.gateway.fake_probe import requiring
from tests.unit.gateway.running import SECONDS, free_port, write_keys


@asynccontextmanager
async def probe() -> AsyncIterator[str]:
    """Run the program as its container does, on a free port; yields its address once it listens."""
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "assistant_egress", "probe", f"--port={port}", "--require=pods"]
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    try:
        async with asyncio.timeout(SECONDS):
            while not await listens(port):
                assert process.returncode is None
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        await asyncio.sleep(0.02)
        return False
    writer.close()
    return True


@pytest.fixture
def current(tmp_path: Path) -> Current:
    write_keys(tmp_path)
    return Current(Snapshot.of(requiring(), KeyRing.load(tmp_path, requiring().keys)))


async def test_what_the_probe_sees_decides(current: Current) -> None:
    """Closed before anything was tried, closed while the target is reached, open once it is not."""
    async with probe() as url, httpx.AsyncClient(base_url=url, timeout=SECONDS) as operator:
        looking = Egress(current, Upstream(url))

        await looking.look()
        before = looking.fault
        with socket.create_server(("127.0.0.1", 0)) as canary:
            address, port = canary.getsockname()
            asked = encode_round(Round((Target("pods/tcp", "pods", "tcp", address, port, is_alive=True),)))
            assert (await operator.post(ROUNDS_PATH, content=asked)).status_code == 200
            await looking.look()
            reached = looking.fault
        assert (await operator.post(ROUNDS_PATH, content=asked)).status_code == 200
        await looking.look()

    assert (before, reached, looking.fault) == (UNKNOWN, BREACHED, None)
