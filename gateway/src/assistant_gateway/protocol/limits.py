"""How much one gateway process accepts: a token bucket for each key, and a cap on requests in flight over all keys."""

import math
import time
from collections.abc import Callable

from assistant_gateway.errors import RefusalError


class Limiter:
    """Holds the counts; the policy's numbers come with each call, so a new policy needs no hand-over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.in_flight = 0
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # key name -> (tokens, when)

    def spend(self, key: str, requests_per_minute: int) -> None:
        """Take one request off the key's bucket; raises RefusalError with Retry-After when it is empty."""
        now = self._clock()
        tokens, then = self._buckets.get(key, (float(requests_per_minute), now))
        tokens = min(float(requests_per_minute), tokens + (now - then) * requests_per_minute / 60.0)
        if tokens < 1.0:
            self._buckets[key] = (tokens, now)
            wait = math.ceil((1.0 - tokens) * 60.0 / requests_per_minute)
            raise RefusalError("rate_limited", headers=[(b"retry-after", str(max(1, wait)).encode())])
        self._buckets[key] = (tokens - 1.0, now)

    def enter(self, concurrent_requests: int) -> None:
        """Count one more request in flight; raises RefusalError at the cap. Every success is followed by leave()."""
        if self.in_flight >= concurrent_requests:
            raise RefusalError("too_many_requests_in_flight", headers=[(b"retry-after", b"1")])
        self.in_flight += 1

    def leave(self) -> None:
        self.in_flight -= 1
