"""What looking costs an assistant, without a cluster.

Runs the probe for a while with a round of twelve targets, as a pod has them whose policy drops everything: TCP and DNS that nobody answers,
so that each try lasts its whole second. All who ask it in a pod are played too: the operator, the gateway beside it and the kubelet.
Its start and the first ten seconds are not counted. In a pod: pod.py.
"""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

from assistant_egress.protocol import ROUNDS_PATH, VERDICT_PATH, Answer, Protocol, Round, Target, encode_round, parse_answer
from bench.egress import warm
from bench.egress.figures import Figures

ROOT = Path(__file__).parents[2]
WINDOW = 10.0
"""Seconds from one round of the operator to the next."""
VERDICTS = (1.5, 3.5, 5.5, 6.5, 7.5, 9.5)
"""When in a window the gateway asks, every two seconds, and the kubelet once."""
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
        return parse_answer(self._exchange("POST", ROUNDS_PATH, encode_round(asked)))

    def ask_verdict(self) -> None:
        self._exchange("GET", VERDICT_PATH)

    def rss(self) -> float:
        return rss(self.process.pid)

    def cpu(self) -> float:
        """Return seconds of processor time so far; schedstat counts nanoseconds of the one thread."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def _exchange(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body)
        answer = connection.getresponse().read()
        connection.close()
        return answer


def rss(pid: int) -> float:
    """Return a process's resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) / 1000


def measure(figures: Figures, seconds: float) -> None:
    """Note memory, processor time and an answer's time of each window of ten seconds; half of them with the probe's memory kept mapped."""
    figures.spread("a page of 4 KiB touched after two seconds of rest, microseconds", warm.page_price(2.0))
    figures.spread("a page of 4 KiB touched at once, microseconds", warm.page_price(0.0))
    with ExitStack() as stack:
        asked, probe = silent_targets(stack), Probe(stack)
        _windows(figures, probe, asked, seconds / 2, "")
        with warm.kept(probe.process.pid):
            _windows(figures, probe, asked, seconds / 2, ", memory mapped")


def _windows(figures: Figures, probe: Probe, asked: Round, seconds: float, state: str) -> None:
    memory, millicores, answers = [], [], []
    play(probe, asked, time.monotonic())
    until = time.monotonic() + seconds
    while (started := time.monotonic()) < until:
        spent = probe.cpu()
        answers.append(play(probe, asked, started))
        millicores.append((probe.cpu() - spent) / (time.monotonic() - started) * 1000)
        memory.append(probe.rss())
    figures.spread(f"probe, {TARGETS} silent targets{state}: resident memory, MB", memory)
    figures.spread(f"probe, {TARGETS} silent targets{state}: processor, thousandths of a core", millicores)
    figures.spread(f"probe, {TARGETS} silent targets{state}: answer to a round, s", answers)


def play(probe: Probe, asked: Round, started: float) -> float:
    """Ask all that is asked of a probe in one window; return the seconds that the answer to the round took."""
    seen = {result.observed for result in probe.ask(asked).results}
    took = time.monotonic() - started
    if seen != {"Blocked"}:
        raise RuntimeError(f"the targets are not silent: {sorted(seen)}")
    for moment in VERDICTS:
        wait_until(started + moment)
        probe.ask_verdict()
    wait_until(started + WINDOW)
    return took


def wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
