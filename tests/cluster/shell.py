"""Runs other programs: quiet when they succeed, with their whole output when they fail.

Also the few waiting and locking helpers that every kind of cluster needs.
"""

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.progress import say


class ClusterError(Exception):
    """Something that the person at the keyboard has to know; printed without a traceback."""


def run(
    *command: str | Path, check: bool = True, stdin: str | None = None, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run one program and return its standard output and error together; raise with that output if it fails."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            check=False,
        )
    except FileNotFoundError as error:
        raise ClusterError(f"no program {error.filename}: install it, or put it in PATH") from error
    if check and done.returncode:
        raise ClusterError(f"failed with status {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def succeeds(*command: str | Path) -> bool:
    """Say whether a program ends with status 0; its output is dropped."""
    return subprocess.run([str(word) for word in command], capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode == 0


def program(name: str, folders: str = "") -> Path:
    """Return a program's path from the given folders, else from PATH."""
    found = shutil.which(name, path=f"{folders}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise ClusterError(f"no program {name} in {folders or 'PATH'}")
    return Path(found)


def wait_until(what: str, test: Callable[[], bool], seconds: float, *, interval: float = 0.1, quiet: bool = False) -> None:
    """Wait until the test is true."""
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise ClusterError(f"gave up after {seconds:g} s waiting for: {what}")
        time.sleep(interval)
    if not quiet:
        say(what)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a machine-wide lock; a process that dies lets go of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another cluster command is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
