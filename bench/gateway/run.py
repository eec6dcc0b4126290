"""The gateway against calling the model server directly, a bare pass-through, and a Go proxy that does the same work for each request.

    python bench/gateway/run.py [--rounds 5] [--seconds 1] [--realtime]

Proxies are pinned to one core, load generator and model server to another; rounds are interleaved, and medians with their spread are
shown. Where others use the machine too, --realtime (as root) puts the bench before them, and pauses after each figure to let them on.
Needs Go, openssl, taskset and chrt.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant_gateway import policy

HERE = Path(__file__).parent
KEY = "sk-of-the-bench-0123456789"
DIGEST = "a6" * 32
PROXY_CORE, LOAD_CORE = "1", "0"
PAUSE_SECONDS = 0.7
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Peer:
    """One way to the model server."""

    name: str
    url: str
    process: "subprocess.Popen[bytes]"

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_mb(self) -> float:
        line = next(line for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(core: str, command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["taskset", "-c", core, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(1000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise TimeoutError(f"nothing listens on port {port}")


def write_files(folder: Path) -> None:
    """Write a certificate, a key and a policy whose limits do not limit."""
    for name in ("tls", "keys"):
        (folder / name).mkdir()
    new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", str(folder / "tls" / "tls.key"), "-out", str(folder / "tls" / "tls.crt")]
    subprocess.run(["openssl", *new.split(), *files], check=True, capture_output=True)
    (folder / "keys" / "bench").write_text(KEY)
    (folder / "keys" / "another").write_text("another")
    wanted = policy.Policy(
        api_version="policy.privateassistant.dev/v1",
        assistant=policy.AssistantRef(namespace="bench", name="bench"),
        generation=1,
        model=policy.ModelPolicy(name="tiny:1b", digest=f"sha256:{DIGEST}"),
        keys=tuple(policy.KeyPolicy(name=name, subject=name) for name in ("another", "bench")),
        limits=policy.Limits(requests_per_minute=10**9, concurrent_requests=1000, max_body_bytes=8 << 20, max_output_tokens=10**7),
        logging=policy.LoggingPolicy(level="INFO", format="JSON", runtime="Discard"),
        retention=policy.RetentionPolicy(conversations=policy.ConversationRetention(mode="None")),
    )
    (folder / "policy.json").write_text(wanted.to_json())


def start(folder: Path, stack: ExitStack) -> tuple[Peer, list[Peer]]:
    """Start the model server and everything in front of it."""
    write_files(folder)
    built = folder / "bin"
    subprocess.run(["go", "build", "-o", f"{built}/", "./..."], cwd=HERE, check=True)
    ports = [free_port() for _ in range(5)]
    fake_port, gateway_port, ops_port, bare_port, go_port = ports
    fake_url = f"http://127.0.0.1:{fake_port}"
    tls = str(folder / "tls")
    fake = stack.enter_context(running(LOAD_CORE, [str(built / "fake"), "-listen", f"127.0.0.1:{fake_port}"]))
    wait_for(fake_port)
    gateway = [sys.executable, "-m", "assistant_gateway", f"--policy={folder / 'policy.json'}", f"--tls={tls}", f"--keys={folder / 'keys'}"]
    gateway += [f"--upstream={fake_url}", "--host=127.0.0.1", f"--port={gateway_port}", f"--ops-port={ops_port}"]
    gateway += [f"--termination-log={folder / 'termination'}"]
    commands = {
        "gateway": (gateway_port, gateway),
        "bare pass-through": (
            bare_port,
            [sys.executable, str(HERE / "bare.py"), f"--upstream={fake_url}", f"--tls={tls}", f"--port={bare_port}"],
        ),
        "Go ReverseProxy": (
            go_port,
            [str(built / "proxy"), "-listen", f"127.0.0.1:{go_port}", "-upstream", fake_url, "-tls", tls, "-key", KEY],
        ),
    }
    peers = [Peer("direct", fake_url, fake)]
    for name, (port, command) in commands.items():
        peers.append(Peer(name, f"https://127.0.0.1:{port}", stack.enter_context(running(PROXY_CORE, command))))
        wait_for(port)
    wait_until_ready(ops_port)
    return peers[0], peers


def wait_until_ready(ops_port: int) -> None:
    for _ in range(1000):
        with socket.create_connection(("127.0.0.1", ops_port)) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nconnection: close\r\n\r\n")
            if connection.recv(64).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.02)
    raise TimeoutError("the gateway does not become ready")


def load(folder: Path, peer: Peer, **flags: object) -> dict[str, float]:
    """Run the load generator and return what it measured, with the peer's CPU time and memory."""
    command = ["taskset", "-c", LOAD_CORE, str(folder / "bin" / "load"), f"-url={peer.url}", f"-key={KEY}"]
    before = peer.cpu_seconds()
    found: dict[str, float] = json.loads(subprocess.check_output([*command, *(f"-{name}={value}" for name, value in flags.items())]))
    spent = peer.cpu_seconds() - before
    found["rss_mb"] = peer.rss_mb()
    time.sleep(PAUSE_SECONDS)
    if found.get("requests"):
        found["cpu_us"] = spent / found["requests"] * 1e6
    if found.get("tokens"):
        found["cpu_us"] = spent / found["tokens"] * 1e6
    return found


def stalled(folder: Path, peer: Peer, seconds: float) -> dict[str, float]:
    """Return the memory before and while a client asks for a million tokens and reads none."""
    command = [str(folder / "bin" / "load"), f"-url={peer.url}", f"-key={KEY}", "-mode=stall", "-tokens=1000000", f"-seconds={seconds}"]
    before = peer.rss_mb()
    process = subprocess.Popen(["taskset", "-c", LOAD_CORE, *command], stdout=subprocess.DEVNULL)
    highest = before
    while process.poll() is None:
        highest = max(highest, peer.rss_mb())
        time.sleep(0.05)
    return {"rss_before_mb": before, "rss_highest_mb": highest}


def measure(folder: Path, peers: list[Peer], rounds: int, seconds: float) -> dict[tuple[str, str], list[dict[str, float]]]:
    cases: dict[str, dict[str, Any]] = {
        "1 client": {"clients": 1, "seconds": seconds},
        "10 clients": {"clients": 10, "seconds": seconds},
        "64 clients": {"clients": 64, "seconds": seconds},
        "streams, 2 ms a token": {"mode": "stream", "tokens": 100, "pause": 2000, "seconds": seconds},
        "a stream of 100,000 tokens flat out": {"mode": "stream", "tokens": 100_000, "seconds": 0.01},
    }
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number in range(rounds):
        for case, flags in cases.items():
            for peer in peers:
                found.setdefault((case, peer.name), []).append(load(folder, peer, **flags))
                print(f"round {number + 1}: {case}: {peer.name}", file=sys.stderr)
    for peer in peers[1:]:
        found["a client that does not read", peer.name] = [stalled(folder, peer, seconds * 2)]
    return found


def table(found: dict[tuple[str, str], list[dict[str, float]]]) -> str:
    """Return the figures as Markdown: median, and lowest to highest where there is more than one."""
    lines: list[str] = []
    for case in dict.fromkeys(case for case, _ in found):
        names = list(next(runs[0] for (found_case, _), runs in found.items() if found_case == case))
        lines += [f"\n{case}\n", f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
        for (found_case, peer), runs in found.items():
            if found_case == case:
                lines.append(f"| {peer} | {' | '.join(cell([run[name] for run in runs]) for name in names)} |")
    return "\n".join(lines)


def cell(values: list[float]) -> str:
    median = f"{statistics.median(values):,.0f}"
    return median if len(values) == 1 else f"{median} ({min(values):,.0f}-{max(values):,.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--realtime", action="store_true")
    settings = parser.parse_args()
    if settings.realtime:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))  # what it starts inherits it
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        _, peers = start(Path(folder), stack)
        print(f"load of the machine at the start: {os.getloadavg()[0]:.1f}")
        print(table(measure(Path(folder), peers, settings.rounds, settings.seconds)))
        print(f"\nload of the machine at the end, the bench with it: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
