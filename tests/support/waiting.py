"""Waiting for a condition: as long as it takes, and not for ever."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(what: str, look: Callable[[], Found | None], seconds: float = 15.0, *, every: float = 0.02) -> Found:
    """Return the first thing that is found, or fail after a while with what was looked for."""
    end = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(every)
