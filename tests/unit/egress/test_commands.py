"""The commands as the pods run them: exit codes, lines on stdout, signals, memory."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant_egress.__main__ import _parser
from assistant_egress.proxy.decisions import parse_decisions
from assistant_egress.proxy.rules import HostRule, NetworkRule, PortRange, Rules, encode_rules
from tests.unit.egress.client import connect, exchange, post, read, request, verdict
from tests.unit.egress.proxy.hellos import GOOD, real
from tests.unit.egress.proxy.running import asking, take
from tests.unit.egress.proxy.upstream import upstream
from tests.unit.egress.targets import SECONDS, free_port, listener, refusing, target, until

ROOT = Path(__file__).resolve().parents[3]
SOURCES = os.pathsep.join(str(ROOT / room / "src") for room in ("egress", "model"))
MAX_KIBIBYTES = 20_000
MAX_PROXY_KIBIBYTES = 30_000
HELLO = real(GOOD)


@contextmanager
def command(*words: str, port: int, sources: str = SOURCES) -> Iterator[subprocess.Popen[str]]:
    """Run a command while the block runs; it listens when the block begins."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": sources, "PYTHONUNBUFFERED": "1"}
    line = [sys.executable, "-m", "assistant_egress", *words, f"--port={port}"]
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            until("it listens", lambda: process.poll() is not None or is_open(port))
            yield process
        finally:
            process.kill()


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def lines(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Wait for the end; every line of stdout is JSON, and stderr has none."""
    output, errors = process.communicate(timeout=SECONDS)
    assert errors == ""
    return [json.loads(line) for line in output.splitlines()]


def resident_kibibytes(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


@pytest.mark.parametrize("words", [("gate",), ("probe",), ("canary",)], ids=lambda words: words[0])
def test_sigterm_ends_it_with_143(words: tuple[str, ...]) -> None:
    """At once: nothing here has anything to finish."""
    with command(*words, port=free_port()) as process:
        process.send_signal(signal.SIGTERM)
        lines(process)

        assert process.returncode == 143


def test_sigterm_is_heard_in_the_middle_of_a_try() -> None:
    """A gate that is held by a breach ends like any other."""
    port = free_port()
    with command("gate", "--require=pods", port=port) as process, listener() as open_port:
        post(port, target(open_port.port))
        until("it tries by itself", lambda: open_port.count >= 2)
        process.send_signal(signal.SIGTERM)
        said = lines(process)

    assert process.returncode == 143
    assert [line["waiting for"] for line in said] == ["a round of the operator", ["pods"]]


def test_the_gate_opens_with_zero() -> None:
    """Its lines have the form of all of the image's commands; the classes are in the order that the project names them in."""
    port = free_port()
    with command("gate", "--require=dns,outside", port=port) as process, refusing() as closed_port:
        post(port, target(closed_port, path="outside"), target(closed_port, path="dns"))
        said = lines(process)

    assert process.returncode == 0
    assert [line["message"] for line in said] == ["waiting", "every required path is closed"]
    assert said[1]["paths"] == ["outside", "dns"]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in said)


def test_the_probe_requires_what_it_is_told() -> None:
    """By default not the API server."""
    for words, expected in (((), "Unknown"), (("--require=apiServer,pods",), "Breached")):
        port = free_port()
        with command("probe", *words, port=port), listener() as open_port:
            post(port, target(open_port.port, path="apiServer"))
            assert verdict(port) == expected


@pytest.mark.parametrize("phase", ["gate", "probe"])
def test_it_stays_small(phase: str) -> None:
    """Every assistant's pod has one: it loads no asyncio and no HTTP library, and keeps nothing of what it has tried."""
    port = free_port()
    with command(phase, port=port) as process, listener() as open_port, refusing() as closed_port:
        for _ in range(30):
            post(port, target(open_port.port), target(open_port.port, path="dns"), target(closed_port), target(closed_port, "udp"))
        before = resident_kibibytes(process)
        for _ in range(60):
            post(port, target(open_port.port))

        assert resident_kibibytes(process) <= min(MAX_KIBIBYTES, before + 200)


def test_a_port_that_is_taken_ends_it_with_one() -> None:
    """The line says where it happened, and nothing else."""
    with socket.create_server(("", free_port())) as taken, command("probe", port=taken.getsockname()[1]) as process:
        said = lines(process)

    assert process.returncode == 1
    assert [(line["message"], line["error"]) for line in said] == [("unexpected error", "OSError")]


# Loopback has no name of two labels: the process has a resolver that has one for each.
RESOLVER = """
import socket
socket.getaddrinfo = lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
"""


@contextmanager
def proxy(folder: Path, host: int) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Run the proxy with one rule, for loopback; gives its port and that of its operations."""
    (folder / "sitecustomize.py").write_text(RESOLVER)
    network = NetworkRule("127.0.0.0/8", (PortRange(host, host),))
    (folder / "rules.json").write_bytes(encode_rules(Rules((HostRule(GOOD, host),), (network,))))
    port, ops_port = free_port(), free_port()
    words = ("proxy", f"--rules={folder / 'rules.json'}", f"--ops-port={ops_port}")
    with command(*words, port=port, sources=f"{folder}{os.pathsep}{SOURCES}") as process:
        yield process, port, ops_port


@contextmanager
def tunnel(port: int, host: int) -> Iterator[socket.socket]:
    """A tunnel through which the host's echo has been heard."""
    with connect(port) as client:
        client.sendall(asking(host))
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        client.sendall(HELLO)
        assert take(client, len(HELLO)) == HELLO
        yield client


def test_the_proxy_serves_and_says_what_it_decided(tmp_path: Path) -> None:
    """A line for each decision, in the form of all of the image's commands."""
    with upstream() as host, proxy(tmp_path, host.port) as (process, port, ops_port):
        with tunnel(port, host.port):
            pass
        with connect(port) as client:
            client.sendall(asking(host.port, "evil.example"))
            assert read(client).startswith(b"HTTP/1.1 403 ")
        assert parse_decisions(exchange(ops_port, request(b"", "GET", "/decisions"))[1]).refused == {"HostNotAllowed": 1}
        process.send_signal(signal.SIGTERM)
        said = lines(process)

    assert process.returncode == 143
    assert [line["message"] for line in said] == ["serving", "egress", "egress"]
    assert [(line["decision"], line["reason"], line["rule"]) for line in said[1:]] == [
        ("allowed", "Allowed", f"{GOOD}:{host.port}"),
        ("refused", "HostNotAllowed", None),
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_proxy_s_tunnels_have_a_little_time_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    """What is under way may end; then so does the program."""
    with upstream() as host, proxy(tmp_path, host.port) as (process, port, ops_port):
        with tunnel(port, host.port) as client:
            process.send_signal(number)
            until("it is stopping", lambda: exchange(ops_port, request(b"", "GET", "/readyz"))[0] == 503)
            client.sendall(b"on")
            assert take(client, 2) == b"on"
            assert process.poll() is None
        lines(process)

    assert process.returncode == 143


def test_the_proxy_stays_small(tmp_path: Path) -> None:
    """Whatever goes through it: bytes stay in the kernel."""
    with upstream() as host, proxy(tmp_path, host.port) as (process, port, _), ExitStack() as stack:
        clients = [stack.enter_context(tunnel(port, host.port)) for _ in range(50)]
        for client in clients:
            client.sendall(bytes(100_000))
        for client in clients:
            assert take(client, 100_000) == bytes(100_000)

        assert resident_kibibytes(process) <= MAX_PROXY_KIBIBYTES


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"version":1,"hosts":[],"networks":[],"limits":{"connections":0,"idleSeconds":1,"bytes":1}}', "limits.connections: "),
        (b'{"version":1,"hosts":[{"host":"canary","port":443}],"networks":[],"limits":{}}', "hosts[0].host: "),
        (b"", "not JSON"),
        (None, "No such file or directory"),
    ],
)
def test_rules_that_are_not_what_they_should_be_end_the_proxy_with_one(tmp_path: Path, content: bytes | None, why: str) -> None:
    """Its line names the field, and does not repeat what it holds; no port is opened before."""
    if content is not None:
        (tmp_path / "rules.json").write_bytes(content)
    with command("proxy", f"--rules={tmp_path / 'rules.json'}", port=free_port()) as process:
        [line] = lines(process)

    assert process.returncode == 1
    assert line["level"] == "CRITICAL"
    assert line["why"].startswith(why)
    assert "canary" not in json.dumps(line)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("watch",),
        ("proxy",),
        ("proxy", "--rules=x", "--ops-port=0"),
        ("proxy", "--rules=x", "--require=pods"),
        ("gate", "--require="),
        ("gate", "--require=pods,"),
        ("gate", "--require=everywhere"),
        ("gate", "--require=pods,allowed"),
        ("probe", "--port=0"),
        ("probe", "--port=65536"),
        ("canary", "--port=x"),
        ("canary", "--require=pods"),
    ],
)
def test_a_command_line_that_means_nothing_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Above all a gate that would ask for nothing."""
    with pytest.raises(SystemExit) as caught:
        _parser().parse_args(words)

    assert caught.value.code == 2
    capsys.readouterr()
