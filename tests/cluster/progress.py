"""What the person who waits sees: each step when it starts, that it is still alive, and how long it took.

Everything goes to standard error, so that a command's own output (a kubeconfig's path, a status table) stays clean.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STILL_RUNNING_EVERY = 30.0

_started = time.monotonic()


def say(text: str) -> None:
    """Print one line with the seconds since the command's start."""
    print(f"[{time.monotonic() - _started:7.1f} s] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(what: str, *, then: str = "") -> Iterator[None]:
    """Announce a step, show every half minute that it goes on, and say at its end how long it took and what comes next."""
    say(f"{what} ...")
    begin, over = time.monotonic(), threading.Event()

    def reassure() -> None:
        while not over.wait(STILL_RUNNING_EVERY):
            say(f"{what}: still running after {time.monotonic() - begin:.0f} s")

    watcher = threading.Thread(target=reassure, daemon=True)
    watcher.start()
    try:
        yield
    except BaseException:
        say(f"{what}: failed after {time.monotonic() - begin:.1f} s")
        raise
    finally:
        over.set()
        watcher.join()
    say(f"{what}: done in {time.monotonic() - begin:.1f} s" + (f"; next: {then}" if then else ""))
