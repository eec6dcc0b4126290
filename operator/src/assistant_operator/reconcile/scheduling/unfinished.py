"""Passes that the API server ended early: it did not answer, or failed, or somebody wrote in between.

One such pass is made good by the next, a moment later, and status says nothing of it. Of several on end it must: what was true at the last
pass that came to its end is kept by nobody since. An admission webhook that does not answer can do that for days.
"""

from assistant_operator.reconcile.key import Key

TOLD_FROM = 3
"""Passes on end: with the queue's delays a few seconds, or as many calls that were given up."""


class Unfinished:
    """How many passes on end were ended early, by assistant."""

    def __init__(self) -> None:
        self._passes: dict[Key, int] = {}

    def again(self, key: Key) -> bool:
        """Note one more; tell whether status has to tell of it by now."""
        self._passes[key] = self._passes.get(key, 0) + 1
        return self._passes[key] >= TOLD_FROM

    def forget(self, key: Key) -> None:
        """A pass came to its end, or the assistant is gone."""
        self._passes.pop(key, None)
