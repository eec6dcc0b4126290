"""Tries again after failures that may pass, with pauses that grow and are spread."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from assistant_model.outcome import ModelError, Reason
from assistant_model.transport import Patience, TransientError

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Retry:
    """Counts failures in a row."""

    def __init__(self, patience: Patience, sleep: Callable[[float], None] = time.sleep) -> None:
        self._patience = patience
        self._sleep = sleep
        self._failures = 0

    def progressed(self) -> None:
        """Something was gained since the last failure: count anew."""
        self._failures = 0

    def pause(self, error: TransientError) -> None:
        """Wait before the next try; raises ModelError when there were enough."""
        self._failures += 1
        _log.warning("trying again", extra={"cause": str(error), "failures": self._failures})
        if self._failures >= self._patience.attempts:
            raise ModelError(Reason.REGISTRY_UNREACHABLE, f"The registry cannot be used: {error}.")
        longest = min(self._patience.longest_pause, self._patience.pause * 2.0 ** (self._failures - 1))
        self._sleep(max(error.after, longest * random.uniform(0.5, 1.0)))  # noqa: S311 - spreads load, keeps no secret

    def call(self, function: Callable[[], T]) -> T:
        """Return what the function returns when it does."""
        while True:
            try:
                return function()
            except TransientError as error:
                self.pause(error)
