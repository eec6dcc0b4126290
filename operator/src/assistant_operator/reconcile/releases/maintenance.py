"""When a maintenance window is open, and when it opens next: spec.maintenance.window over a clock."""

from datetime import UTC, datetime, time, timedelta

from assistant_operator.api.v1alpha1.maintenance import DAYS, Window
from assistant_operator.api.v1alpha1.values import seconds, zone

LOOK_AHEAD = 8
"""Days, from yesterday on: a window of a week ago has closed, and within a week each day comes once."""


def opens_at(window: Window | None, now: datetime) -> datetime | None:
    """Return when the window opens next (UTC); None where it is open, or there is none."""
    if window is None:
        return None
    length = timedelta(seconds=seconds(window.duration) or 0)
    starts = _starts(window, now)
    if any(start <= now < start + length for start in starts):
        return None
    return min(start for start in starts if start > now)


def _starts(window: Window, now: datetime) -> list[datetime]:
    """Return the openings around now. Where clocks go forward over one, it is the moment after; where they go back, the first of two."""
    where = zone(window.time_zone) or UTC
    today = now.astimezone(where).date()
    days = (today + timedelta(days=number) for number in range(-1, LOOK_AHEAD))
    wanted = (day for day in days if DAYS[day.weekday()] in window.days)
    return [datetime.combine(day, time.fromisoformat(window.start), where).astimezone(UTC) for day in wanted]
