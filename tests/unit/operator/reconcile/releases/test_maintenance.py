"""When a window is open: days, nights over midnight, and the two days of the year on which clocks are set."""

from datetime import UTC, datetime

import pytest

from assistant_operator.api.v1alpha1.maintenance import Window
from assistant_operator.reconcile.releases.maintenance import opens_at

NIGHT = Window(start="23:00", duration="3h")
WEEKEND = Window(days=("Saturday", "Sunday"), start="02:30", duration="90m", time_zone="Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "opening"),
    [
        (None, "2026-11-29T15:00", None),
        (NIGHT, "2026-11-29T22:59", "2026-11-29T23:00"),
        (NIGHT, "2026-11-29T23:00", None),
        (NIGHT, "2026-11-30T01:59", None),
        (NIGHT, "2026-11-30T02:00", "2026-11-30T23:00"),
        (WEEKEND, "2026-11-27T12:00", "2026-11-28T01:30"),  # a Friday
        (WEEKEND, "2026-11-28T01:30", None),
        (WEEKEND, "2026-11-28T03:00", "2026-11-29T01:30"),
        (WEEKEND, "2026-11-29T03:00", "2026-12-05T01:30"),
        (Window(start="00:00", duration="24h"), "2026-11-29T15:00", None),
        (Window(days=("Sunday",), start="00:00", duration="24h"), "2026-11-30T00:00", "2026-12-06T00:00"),
    ],
)
def test_when_it_opens(window: Window | None, now: str, opening: str | None) -> None:
    """None: it is open. Its first moment is part of it, its end is not."""
    assert opens_at(window, at(now)) == (at(opening) if opening else None)


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-03-29T00:00", "2026-03-29T01:30"),  # 02:30 is not on this day's clock: the moment that would have been
        ("2026-03-29T02:00", None),
        ("2026-10-25T00:00", "2026-10-25T00:30"),  # 02:30 comes twice: the first
        ("2026-10-25T01:59", None),
        ("2026-10-25T02:00", "2026-10-31T01:30"),
    ],
)
def test_when_clocks_are_set(now: str, opening: str | None) -> None:
    """It opens on each of its days once, and is open for as long as on others."""
    assert opens_at(WEEKEND, at(now)) == (at(opening) if opening else None)
