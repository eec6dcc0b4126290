"""Progress over HTTP and on the log."""

import json
import logging
import socket

import httpx
import pytest

from assistant_model.progress import Progress, serve


def test_progress_is_served() -> None:
    """The operator reads it from the ops port."""
    progress = Progress()
    progress.expect(1000)
    progress.advance(250)
    with serve(progress, 0, "127.0.0.1") as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert client.get("/progress").json() == {"completedBytes": 250, "totalBytes": 1000}
        assert client.get("/livez").status_code == 200
        assert [client.get(path).status_code for path in ("/", "/progress/..", "/models")] == [404, 404, 404]
        assert client.post("/progress").status_code == 501


def test_pods_are_reached_on_any_address() -> None:
    """Without a host, IPv4 and IPv6 (where there is one) are both served."""
    with serve(Progress(), 0) as port:
        assert httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).status_code == 200


def test_garbage_and_silence_stop_nothing() -> None:
    """A stranger that gets through the policy cannot keep the operator out."""
    with serve(Progress(), 0, "127.0.0.1") as port:
        assert port is not None
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        with socket.create_connection(("127.0.0.1", port)) as garbage:
            garbage.sendall(b"\x00\xff" * 70_000)

        assert httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).status_code == 200
        for connection in silent:
            connection.close()


def test_a_taken_port_costs_the_progress_alone(caplog: pytest.LogCaptureFixture) -> None:
    """The pull goes on without it."""
    with socket.create_server(("127.0.0.1", 0)) as taken, serve(Progress(), taken.getsockname()[1], "127.0.0.1") as port:
        assert port is None
    assert "not served" in caplog.text


def test_without_a_port_nothing_is_served() -> None:
    """The check before serving has no ops port."""
    with serve(Progress(), None) as port:
        assert port is None


def test_what_is_done_again_is_taken_back() -> None:
    """A restarted blob counts once, and more than everything is never shown."""
    progress = Progress()
    progress.expect(10)
    progress.advance(8)
    progress.advance(-8)
    progress.advance(12)

    assert json.loads(progress.to_json()) == {"completedBytes": 10, "totalBytes": 10}


def test_a_line_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """One line every ten seconds, however many chunks arrive."""
    caplog.set_level(logging.INFO)
    now = 0.0
    progress = Progress(clock=lambda: now)
    progress.expect(100)
    for _ in range(100):
        now += 0.25
        progress.advance(1)

    assert [record.__dict__["completedBytes"] for record in caplog.records] == [40, 80]
