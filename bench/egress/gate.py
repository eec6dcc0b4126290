"""What the gate adds to a pod's start, by the container runtime's own clock, on an idle machine and on one whose cores are all taken."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from bench.egress.figures import Figures
from bench.egress.lab import NAME, POD, Lab
from tests.cluster import builds
from tests.cluster.node import process
from tests.e2e.support.confinement import GATE
from tests.e2e.support.kubectl import Object, until

NEXT = "model-check"
"""The container that starts when the gate has ended."""
Moments = dict[tuple[str, str], float]
"""(container's id, "start" or "exit") -> seconds of the wall clock."""


def measure(lab: Lab, figures: Figures, rounds: int) -> None:
    """Have the assistant's pod start anew, again and again."""
    lab.assistants.ready(NAME)
    with container_moments(lab) as moments:
        for text, spinners in (("idle machine", 0), ("every core taken", os.cpu_count() or 1)):
            with spinning(spinners):
                pods = [restarted(lab) for _ in range(rounds)]
            found = told(pods, moments)
            started = [found[ident(pod, GATE), "start"] for pod in pods]
            figures.spread(
                f"gate, {text}: from its start to its end, s",
                [found[ident(pod, GATE), "exit"] - at for pod, at in zip(pods, started, strict=True)],
            )
            figures.spread(
                f"gate, {text}: from its start to the next container's, s",
                [found[ident(pod, NEXT), "start"] - at for pod, at in zip(pods, started, strict=True)],
            )


def told(pods: list[Object], moments: Callable[[], Moments]) -> Moments:
    """Return what the runtime told, once it has told of all the pods."""
    wanted = {(ident(pod, NEXT), "start") for pod in pods}
    until("the runtime has told of all", lambda: wanted <= moments().keys(), 10)
    return moments()


def restarted(lab: Lab) -> Object:
    """Delete the pod and return the one that serves in its place."""
    before = lab.serving()["metadata"]["uid"]
    lab.kubectl.delete("pod", POD)
    return lab.serving(but=before)


def ident(pod: Object, container: str) -> str:
    """Return the runtime's name of one of the pod's init containers."""
    (found,) = [one for one in pod["status"]["initContainerStatuses"] if one["name"] == container]
    return str(found["containerID"]).removeprefix("containerd://")


@contextmanager
def container_moments(lab: Lab) -> Iterator[Callable[[], Moments]]:
    """Have containerd tell of every container that starts and ends; what is yielded returns what it told so far."""
    # Without the node's process numbers: nsenter would fork for these, and ending it would not end the other.
    enter = ("nsenter", f"--target={process.find(lab.node.layout)}", "--net", "--mount", "--")
    with tempfile.TemporaryFile("w+") as file:
        events = subprocess.Popen([*enter, builds.built("ctr"), "--namespace", "k8s.io", "events"], stdout=file)

        def moments() -> Moments:
            file.seek(0)
            return dict(filter(None, map(_moment, file.read().splitlines())))

        try:
            yield moments
        finally:
            events.terminate()
            events.wait(timeout=10)


def _moment(line: str) -> tuple[tuple[str, str], float] | None:
    """Return what a line tells; lines are `2026-11-29 01:02:03.456789 +0000 UTC k8s.io /tasks/start {"container_id": ...}`."""
    words = line.split(" ", 6)
    if len(words) < 7 or words[5] not in ("/tasks/start", "/tasks/exit"):
        return None
    day, clock, offset = words[:3]
    seconds, _, fraction = clock.partition(".")
    at = datetime.fromisoformat(f"{day}T{seconds}{offset}").timestamp() + float(f"0.{fraction or 0}")
    return (json.loads(words[6])["container_id"], words[5].removeprefix("/tasks/")), at


@contextmanager
def spinning(count: int) -> Iterator[None]:
    """Run so many processes that do nothing but take a core each."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for one in processes:
            one.kill()
            one.wait()
