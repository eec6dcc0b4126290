"""What was measured: printed as it comes, and kept for --json."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Numbers by their names."""

    numbers: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        """Note one number."""
        self.numbers[name] = round(value, 3)
        print(f"{name:<80} {value:>9.2f}", flush=True)

    def spread(self, name: str, values: list[float]) -> None:
        """Note a median, and print the extremes beside it."""
        self.numbers[name] = round(statistics.median(values), 3)
        print(f"{name:<80} {statistics.median(values):>9.2f}  ({min(values):.2f} to {max(values):.2f}, n={len(values)})", flush=True)
