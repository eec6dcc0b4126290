"""An operator in a process of its own, that can be killed: begun by a fork server, which has imported everything already."""

import multiprocessing
import threading
from collections.abc import Callable
from pathlib import Path

from tests.integration.lab import REGISTRY
from tests.integration.running import Hosts, Running

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.integration.faults.killable"])


def main(kubeconfig: Path, namespace: str) -> None:
    """Be an operator until the end."""
    running = Running(kubeconfig, namespace, Hosts({REGISTRY: ("192.0.2.10",)}), f"--namespace={namespace}").start()
    running.wait_ended(3600)
    running.check()


class Succession:
    """One process after the other: whoever is killed has a successor at once, as a container has."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self._make: Callable[[], multiprocessing.process.BaseProcess] = lambda: _FORKS.Process(
            target=main, args=(kubeconfig, namespace), daemon=True
        )
        self._is_over = False
        self.ended: list[int | None] = []
        self._process = self._start()
        self._thread = threading.Thread(target=self._succeed, name="succession", daemon=True)
        self._thread.start()

    def _start(self) -> multiprocessing.process.BaseProcess:
        process = self._make()
        process.start()
        return process

    def _succeed(self) -> None:
        while True:
            self._process.join()
            self.ended.append(self._process.exitcode)
            if self._is_over:
                return
            self._process = self._start()

    def kill(self) -> None:
        """SIGKILL: nothing of it is put in order."""
        self._process.kill()

    def stop(self) -> None:
        self._is_over = True
        self._process.kill()
        self._thread.join(20)
