"""Whether what the policy asks for happens, tried on made-up values of every type by the rules that serve requests.

A request and an answer go the way that those of clients go (trials.py), each minute and as soon as another policy serves. A type whose
value comes through, or a check that cannot be made, is a reason to serve nobody until a later check shows otherwise. So is a worker for
names that is gone, and this is where it is started again.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from assistant_gateway.faults import Reason
from assistant_gateway.redaction.names.client import NamesUnavailableError

if TYPE_CHECKING:
    from assistant_gateway.redaction.service import Redaction
    from assistant_gateway.snapshot import Current

SECONDS: Final = 60.0

UNCHECKED: Final = Reason("RedactionUnchecked", "The redaction of the policy in force has not been tried yet.")
NAMELESS: Final = Reason("NamesUnavailable", "The process that finds names does not run, or does not answer; it is started again.")
FAILING: Final = Reason("RedactionFailing", "Made-up values of some types of personal data come through; /status names the types.")

logger = logging.getLogger(__name__)


class SelfCheck:
    """Tries, and keeps what came of it last."""

    def __init__(self, current: "Current", clock: Callable[[], float] = time.monotonic) -> None:
        self._current = current
        self._clock = clock
        self._checked: Redaction | None = None
        self._due = 0.0
        self._page: dict[str, Any] | None = None
        self._is_nameless = False

    @property
    def fault(self) -> Reason | None:
        """Why nothing may be served; None where every type is masked, and where the policy asks for none."""
        redaction = self._current.snapshot.redaction
        if redaction is None:
            return None
        if not _can_ask(redaction):
            return NAMELESS
        if self._page is None or self._checked is not redaction:
            return UNCHECKED
        return FAILING if self._page["failing"] else None

    async def look(self) -> None:
        """Try where it is time to, or where another policy serves."""
        snapshot = self._current.snapshot
        redaction = snapshot.redaction
        if redaction is None:
            self._checked = self._page = None
            return
        if not await self._has_names(redaction):
            return
        is_told = self._page is not None and self._page["revision"] == snapshot.revision
        if self._checked is redaction and is_told and self._clock() < self._due:
            return
        from assistant_gateway.redaction.proving import trials  # a gateway that looks for nothing does not load what it would look with

        try:
            shown = await trials.shown(redaction)
        except NamesUnavailableError:
            return  # nothing comes through, since nobody is served while the worker is away
        failing = [entity for entity, holds in shown.items() if holds is False]
        if failing:
            logger.error("Made-up personal data comes through.", extra={"fields": {"types": failing, "revision": snapshot.revision}})
        self._checked, self._due = redaction, self._clock() + SECONDS
        self._page = {
            "revision": snapshot.revision,
            "active": [entity for entity, holds in shown.items() if holds],
            "failing": failing,
            "notCovered": [entity for entity, holds in shown.items() if holds is None],
            "checkedAt": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }

    async def _has_names(self, redaction: "Redaction") -> bool:
        """Say whether names can be asked for, where they have to be. A worker that was gone shows anew what it finds."""
        if _can_ask(redaction):
            self._is_nameless = False
            return True
        self._due = 0.0
        try:
            if redaction.names is not None:
                await redaction.names.start()
        except NamesUnavailableError:
            self._is_nameless = True
            return False
        self._is_nameless = False
        return redaction.names is not None

    def status(self) -> dict[str, Any] | None:
        """Return what /status says of it; None where the policy asks for nothing.

        `fault` says that names cannot be found: their worker ended, or could not be started; not that it starts for the first time.
        """
        if (snapshot := self._current.snapshot).redaction is None:
            return None
        page = self._page or {"revision": snapshot.revision, "active": [], "failing": [], "notCovered": [], "checkedAt": None}
        is_gone = not _can_ask(snapshot.redaction) and (self._is_nameless or self._checked is snapshot.redaction)
        return {**page, "fault": {"reason": NAMELESS.reason, "message": NAMELESS.message} if is_gone else None}


def _can_ask(redaction: "Redaction") -> bool:
    return not redaction.looks_for_names or (redaction.names is not None and redaction.names.is_ready)
