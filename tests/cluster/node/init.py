"""The node's first process: arranges mounts and addresses, starts services in their order, and starts again what ended.

Runs as process 1 of the node's PID namespace (see process.py): when it ends, for whatever reason, the kernel ends everything else.

    python -m tests.cluster.node.init STATE
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cluster import builds
from tests.cluster.node.addresses import NODE_IP, NODE_LINK, SERVICE_RANGE
from tests.cluster.node.layout import Layout
from tests.cluster.node.services import Service, services
from tests.cluster.shell import run

RESTART_DELAY = 1.0
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Supervisor:
    """Starts services in order and again when they end."""

    def __init__(self, layout: Layout, wanted: tuple[Service, ...]) -> None:
        self._layout = layout
        self._waiting = list(wanted)
        self._running: dict[int, tuple[Service, subprocess.Popen[bytes]]] = {}
        self._again: list[tuple[float, Service]] = []

    def run(self) -> None:
        """Go on until the kernel ends this process."""
        while True:
            self._start_what_can()
            signal.sigtimedwait({signal.SIGCHLD}, 0.1 if self._waiting or self._again else 30)
            self._reap()

    def _start_what_can(self) -> None:
        for service in list(self._waiting):
            if service.after is None or service.after():
                self._waiting.remove(service)
                self._start(service)
        due = [service for when, service in self._again if when <= time.monotonic()]
        self._again = [(when, service) for when, service in self._again if when > time.monotonic()]
        for service in due:
            self._start(service)

    def _start(self, service: Service) -> None:
        with (self._layout.logs / f"{service.name}.log").open("ab") as log:
            process = subprocess.Popen(service.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd="/")
        # The object is kept: subprocess reaps behind our back the children of those that were thrown away.
        self._running[process.pid] = (service, process)
        _note(f"start {service.name}")
        pids = {item.name: pid for pid, (item, _) in self._running.items()}
        partial = self._layout.services.with_suffix(".partial")
        partial.write_text(json.dumps(pids))
        partial.replace(self._layout.services)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if ended := self._running.pop(pid, None):
                service, process = ended
                process.returncode = os.waitstatus_to_exitcode(status)
                _note(f"{service.name} ended with status {process.returncode}; again in {RESTART_DELAY:g} s")
                self._again.append((time.monotonic() + RESTART_DELAY, service))


def _note(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _mount(layout: Layout) -> None:
    for target, source in layout.binds.items():
        if source is None:
            run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", target)
        else:
            run("mount", "--bind", source, target)
    run("mount", "--make-rshared", "/")  # pods may ask for mount propagation


def _set_network() -> None:
    for name, value in {
        "net/ipv6/conf/all/disable_ipv6": "1",
        "net/ipv6/conf/default/disable_ipv6": "1",
        "net/ipv4/ip_forward": "1",
    }.items():
        Path("/proc/sys", name).write_text(value)
    run("ip", "link", "set", "lo", "up")
    # `up` moves this end of the pair in; it may have to be called a second time for it.
    while NODE_LINK not in Path("/proc/self/net/dev").read_text():
        time.sleep(0.02)
    run("ip", "addr", "add", f"{NODE_IP}/30", "dev", NODE_LINK)
    run("ip", "link", "set", NODE_LINK, "up")
    # A node's own processes need some route to a Service's address before kube-proxy's rule can rewrite it.
    run("ip", "route", "add", SERVICE_RANGE, "dev", NODE_LINK, "src", NODE_IP)
    # Answers to kubectl may leave towards the machine; nothing that a pod starts may: the machine is no part of the test.
    run("iptables", "-w", "-A", "FORWARD", "-o", NODE_LINK, "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP")


def main() -> None:
    """Become the node."""
    layout = Layout(Path(sys.argv[1]))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    os.environ["PATH"] = f"{builds.search_path(builds.NODE)}:{SYSTEM_PATH}"  # containerd looks for its shim in PATH
    _mount(layout)
    _set_network()
    Supervisor(layout, services(layout)).run()


if __name__ == "__main__":
    main()
