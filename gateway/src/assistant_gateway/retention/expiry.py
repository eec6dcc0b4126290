"""When what is kept is gone: the arithmetic, as SQL, that readers, writers and the purger share.

An item's `expires_at` is the store's time at which it was written plus its conversation's `ttl_seconds`, always. So a shorter ttl moves
it earlier by the difference, whenever it was written; and what is past `expires_at` is gone for every reader, whether the purger was
there or not.

The store's time never goes back: it is the server's clock, or the latest time that a purge has seen where that is later.
"""

from typing import Final

TIME: Final = "greatest(now(), (SELECT high_water FROM purges))"
"""The store's time. One of a statement, however often it is written there."""


def after(seconds: str) -> str:
    """Return the store's time so many seconds from now."""
    return f"{TIME} + make_interval(secs => {seconds})"


def narrowing(pinned: str, allowed: str) -> str:
    """Return by how much a ttl that was pinned is wider than the policy allows now: nothing, where it is not."""
    return f"make_interval(secs => greatest({pinned} - {allowed}, 0))"
