"""What looking costs an assistant, without a cluster.

Runs the probe for a while with a round of twelve targets, as a pod has them whose policy drops everything: TCP and DNS that nobody answers,
so that each try lasts its whole second. The operator's part, a round every ten seconds, is played too.
"""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

from assistant_egress.protocol import Answer, Protocol, Round, Target, encode_round, parse_answer
from bench.egress.figures import Figures

ROOT = Path(__file__).parents[2]
WINDOW = 10.0
TARGETS = 12


def silent_targets(stack: ExitStack) -> Round:
    """Return targets on loopback that take no notice: listeners with full queues, and UDP sockets that nobody reads."""
    targets = []
    for number in range(TARGETS):
        protocol: Protocol = "dns" if number % 3 == 0 else "tcp"
        if protocol == "tcp":
            bound = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            stack.enter_context(socket.create_connection(bound.getsockname()))
        else:
            bound = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            bound.bind(("127.0.0.1", 0))
        targets.append(Target(f"pods/{number}", "pods", protocol, "127.0.0.1", bound.getsockname()[1], True))
    return Round(tuple(targets))


class Probe:
    """`python -m assistant_egress probe`."""

    def __init__(self, stack: ExitStack) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(str(ROOT / room / "src") for room in ("egress", "model"))}
        line = [sys.executable, "-m", "assistant_egress", "probe", f"--port={self.port}"]
        self.process = stack.enter_context(subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL))
        stack.callback(self.process.terminate)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError("the probe does not listen")

    def ask(self, asked: Round) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", "/rounds", encode_round(asked))
        answer = parse_answer(connection.getresponse().read())
        connection.close()
        return answer

    def rss(self) -> float:
        """Return resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) / 1000

    def cpu(self) -> float:
        """Return seconds of processor time so far; schedstat counts nanoseconds of the one thread."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9


def measure(figures: Figures, seconds: float) -> None:
    """Note memory, processor time and an answer's time of each window of ten seconds."""
    memory, millicores, answers = [], [], []
    with ExitStack() as stack:
        asked, probe = silent_targets(stack), Probe(stack)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            started, spent = time.monotonic(), probe.cpu()
            seen = {result.observed for result in probe.ask(asked).results}
            answers.append(time.monotonic() - started)
            if seen != {"Blocked"}:
                raise RuntimeError(f"the targets are not silent: {sorted(seen)}")
            time.sleep(max(0.0, started + WINDOW - time.monotonic()))
            millicores.append((probe.cpu() - spent) / (time.monotonic() - started) * 1000)
            memory.append(probe.rss())
    figures.spread(f"probe, {TARGETS} silent targets: resident memory, MB", memory)
    figures.spread(f"probe, {TARGETS} silent targets: processor, thousandths of a core", millicores)
    figures.spread(f"probe, {TARGETS} silent targets: answer to a round, s", answers)
