"""What was measured, printed as it comes and kept for --json."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Numbers by name."""

    numbers: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, value: float, unit: str = "") -> None:
        self.numbers[name] = round(value, 4)
        print(f"{name:<96} {value:>10.3f} {unit}", flush=True)

    def latencies(self, name: str, seconds: Sequence[float]) -> None:
        """Note median and 99th percentile, in milliseconds."""
        self.note(f"{name}: p50", statistics.median(seconds) * 1000, "ms")
        self.note(f"{name}: p99", percentile(seconds, 0.99) * 1000, "ms")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
