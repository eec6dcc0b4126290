"""How a pass ended, and when the next one is due."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a pass."""

    label: str
    """For metrics: ready, progressing, stalled, suspended, gone, error."""
    after: float | None = None
    """Seconds until the next pass where there is no news; None for never."""
    is_failure: bool = False
    """Try again with back-off, not before `after`."""
