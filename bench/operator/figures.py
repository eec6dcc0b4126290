"""What was measured: printed as it comes, kept for --json."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Numbers by name."""

    numbers: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, value: float, unit: str = "") -> None:
        """Note one number."""
        self.numbers[name] = round(value, 4)
        print(f"{name:<84} {value:>10.2f} {unit}", flush=True)

    def spread(self, name: str, values: Sequence[float], unit: str = "") -> None:
        """Note a median, and print the extremes beside it."""
        self.numbers[name] = round(statistics.median(values), 4)
        print(f"{name:<84} {statistics.median(values):>10.2f} {unit} ({min(values):.2f} to {max(values):.2f}, n={len(values)})", flush=True)

    def latencies(self, name: str, seconds: Sequence[float]) -> None:
        """Note median, 99th percentile and the worst, in milliseconds."""
        found = sorted(seconds)
        self.note(f"{name}: p50 of {len(found)}", statistics.median(found) * 1000, "ms")
        self.note(f"{name}: p99", found[min(len(found) - 1, int(0.99 * len(found)))] * 1000, "ms")
        self.note(f"{name}: worst", found[-1] * 1000, "ms")
