"""The parts of which benches of the gateway are made: processes, each on its core, the load generator, and the table."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
    ready_seconds: float = 0.0
    """From the process's start to the first 200 of /readyz; the gateway's only."""

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
def running(core: str, command: list[str], environment: dict[str, str] | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    null = subprocess.DEVNULL
    process = subprocess.Popen(["taskset", "-c", core, *command], stdout=null, stderr=null, env=environment)
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
    """Write a certificate, keys and a policy."""
    for name in ("tls", "keys"):
        (folder / name).mkdir()
    new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", str(folder / "tls" / "tls.key"), "-out", str(folder / "tls" / "tls.crt")]
    subprocess.run(["openssl", *new.split(), *files], check=True, capture_output=True)
    (folder / "keys" / "bench").write_text(KEY)
    (folder / "keys" / "another").write_text("sk-of-another-0123456789")
    (folder / "policy.json").write_text(policy_of().to_json())


def policy_of(redaction: policy.RedactionPolicy | None = None) -> policy.Policy:
    """Return a policy whose limits do not limit."""
    return policy.Policy(
        api_version="policy.privateassistant.dev/v1",
        assistant=policy.AssistantRef(namespace="bench", name="bench"),
        generation=1,
        model=policy.ModelPolicy(name="tiny:1b", digest=f"sha256:{DIGEST}"),
        keys=tuple(policy.KeyPolicy(name=name, subject=name) for name in ("another", "bench")),
        limits=policy.Limits(requests_per_minute=10**9, concurrent_requests=1000, max_body_bytes=8 << 20, max_output_tokens=10**7),
        logging=policy.LoggingPolicy(level="INFO", format="JSON", runtime="Discard"),
        retention=policy.RetentionPolicy(conversations=policy.ConversationRetention(mode="None")),
        redaction=redaction or policy.RedactionPolicy(),
    )


def build(folder: Path) -> None:
    """Build the Go programs into folder/bin."""
    subprocess.run(["go", "build", "-o", f"{folder / 'bin'}/", "./..."], cwd=HERE, check=True)


@contextmanager
def model_server(folder: Path, *flags: str) -> Iterator[Peer]:
    """Run the model server without a model, on the load generator's core."""
    port = free_port()
    with running(LOAD_CORE, [str(folder / "bin" / "fake"), "-listen", f"127.0.0.1:{port}", *flags]) as process:
        wait_for(port)
        yield Peer("direct", f"http://127.0.0.1:{port}", process)


@contextmanager
def gateway(folder: Path, upstream: str, name: str = "gateway", policy_file: str = "policy.json") -> Iterator[Peer]:
    """Run a gateway until it is ready."""
    port, ops_port = free_port(), free_port()
    command = [sys.executable, "-m", "assistant_gateway", f"--policy={folder / policy_file}", f"--tls={folder / 'tls'}"]
    command += [f"--keys={folder / 'keys'}", f"--upstream={upstream}", "--host=127.0.0.1", f"--port={port}", f"--ops-port={ops_port}"]
    environment = os.environ | {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}  # as the operator runs it
    began = time.perf_counter()
    with running(PROXY_CORE, [*command, f"--termination-log={folder / 'termination'}"], environment) as process:
        wait_until_ready(ops_port)
        yield Peer(name, f"https://127.0.0.1:{port}", process, time.perf_counter() - began)


@contextmanager
def pass_through(folder: Path, upstream: str) -> Iterator[Peer]:
    """Run the gateway's server and client with nothing between them."""
    port = free_port()
    command = [sys.executable, str(HERE / "bare.py"), f"--upstream={upstream}", f"--tls={folder / 'tls'}", f"--port={port}"]
    with running(PROXY_CORE, command) as process:
        wait_for(port)
        yield Peer("bare pass-through", f"https://127.0.0.1:{port}", process)


def wait_until_ready(ops_port: int) -> None:
    for _ in range(4000):
        try:
            with socket.create_connection(("127.0.0.1", ops_port)) as connection:
                connection.sendall(b"GET /readyz HTTP/1.1\r\nconnection: close\r\n\r\n")
                if connection.recv(64).startswith(b"HTTP/1.1 200"):
                    return
        except ConnectionError:  # nobody listens yet
            pass
        time.sleep(0.005)
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


def be_first() -> None:
    """Come before all others that use the machine; what is started from here inherits it."""
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
