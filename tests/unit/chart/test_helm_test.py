"""The program of `helm test`: content with a release that works, and with no other."""

import asyncio
import importlib.util
import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from assistant_operator.metrics import Metrics
from assistant_operator.ops import OpsServer

PROGRAM = Path(__file__).resolve().parents[3] / "charts" / "private-assistant-operator" / "files" / "test.py"


def program() -> ModuleType:
    """Load the program as a module."""
    spec = importlib.util.spec_from_file_location("helm_test_program", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def canary() -> Iterator[str]:
    """Somebody who listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens any more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("is_ready", "is_leader", "has_canary", "status"),
    [(True, True, True, 0), (False, True, True, 1), (True, False, True, 1), (True, True, False, 1)],
)
async def test_only_a_release_that_works_passes(
    is_ready: bool, is_leader: bool, has_canary: bool, status: int, canary: str, nobody: str
) -> None:
    """Ready, active and a canary that answers: none of them can be missing."""
    metrics = Metrics()
    metrics.watch_shards(1, lambda: (0,) if is_leader else ())
    server = OpsServer(metrics, lambda: is_ready, "127.0.0.1", 0)
    operator = f"127.0.0.1:{await server.start()}"
    try:
        addresses = [operator, canary if has_canary else nobody]
        assert await asyncio.to_thread(program().main, addresses, 0.0) == status
    finally:
        await server.close()


def test_an_operator_that_is_not_there_fails(nobody: str, canary: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And the pod's log says what was not seen."""
    assert program().main([nobody, canary], 0.0) == 1
    assert "operator" in capsys.readouterr().err


def test_the_canary_is_optional(nobody: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A release without one is not asked for it."""
    program().main([nobody], 0.0)
    assert "canary" not in capsys.readouterr().err
