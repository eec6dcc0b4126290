"""What a proxy has decided and carried since it started: counted for metrics and for the operator, and a line in the log for each decision.

Nothing that a client sent is in either. A name can carry data; of an allowed one there is the rule's pattern, of a refused one nothing.
"""

import logging
import time
from typing import Final, Literal

from assistant_egress.proxy.decisions import Decisions
from assistant_egress.proxy.reasons import ALLOWED, ENDINGS, REFUSALS, Decision, Ending, Reason, Refusal
from assistant_egress.proxy.rules import HostRule

Direction = Literal["sent", "received"]
"""As the assistant sees it."""

_PREFIX: Final = "private_assistant_egress"

_log = logging.getLogger("assistant_egress")


class Record:
    """Counts from the moment that it is made."""

    def __init__(self) -> None:
        self.since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.bytes: dict[Direction, int] = {"sent": 0, "received": 0}
        self._counts: dict[tuple[Decision, Reason], int] = {
            ("allowed", ALLOWED): 0,
            **{("refused", reason): 0 for reason in REFUSALS},
            **{("ended", reason): 0 for reason in ENDINGS},
        }

    def allowed(self, rule: HostRule, seconds: float) -> None:
        """A connection was let through, after so many seconds."""
        self._note("allowed", ALLOWED, rule, seconds)

    def refused(self, reason: Refusal, rule: HostRule | None, seconds: float) -> None:
        """A connection was refused; `rule` had allowed its host, where there is one."""
        self._note("refused", reason, rule, seconds)

    def ended(self, reason: Ending, rule: HostRule, seconds: float) -> None:
        """A limit cut a connection that had been allowed."""
        self._note("ended", reason, rule, seconds)

    def decisions(self) -> Decisions:
        """Return what the operator is told; reasons that never were are left out."""
        refused = {reason: count for reason in REFUSALS if (count := self._counts["refused", reason])}
        return Decisions(self.since, self._counts["allowed", ALLOWED], refused)

    def page(self, connections: int) -> bytes:
        """Return the metrics in Prometheus' text format; `connections` are open now."""
        lines = [
            f"# HELP {_PREFIX}_decisions_total Connections that were allowed, refused, or allowed and then ended by a limit.",
            f"# TYPE {_PREFIX}_decisions_total counter",
            *(
                f'{_PREFIX}_decisions_total{{decision="{decision}",reason="{reason}"}} {count}'
                for (decision, reason), count in self._counts.items()
            ),
            f"# HELP {_PREFIX}_connections Connections that are open.",
            f"# TYPE {_PREFIX}_connections gauge",
            f"{_PREFIX}_connections {connections}",
            f"# HELP {_PREFIX}_bytes_total Bytes that were carried in tunnels, as the assistant sees them.",
            f"# TYPE {_PREFIX}_bytes_total counter",
            *(f'{_PREFIX}_bytes_total{{direction="{direction}"}} {count}' for direction, count in self.bytes.items()),
        ]
        return ("\n".join(lines) + "\n").encode()

    def _note(self, decision: Decision, reason: Reason, rule: HostRule | None, seconds: float) -> None:
        self._counts[decision, reason] += 1
        fields = {"decision": decision, "reason": reason, "rule": rule and rule.text, "duration_ms": round(seconds * 1000, 1)}
        _log.info("egress", extra=fields)
