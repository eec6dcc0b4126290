"""What the pod's egress probe says: whether something that must be out of reach was reached.

The probe (assistant_egress) is a container of the same pod and tries from the pod's network namespace; the operator brings it what to
try. Here its verdict is only asked for. Whatever is not a clear "Confined" is a reason to refuse: silence, nonsense and "Unknown" alike.
"""

import asyncio
from typing import Final

from assistant_egress.protocol import VERDICT_PATH, State, parse_state
from assistant_gateway.faults import Reason
from assistant_gateway.neighbours.upstream import Upstream, UpstreamError
from assistant_gateway.snapshot import Current

VERDICT_SECONDS = 5.0
"""For one whole answer. With the pause between two looks it stays below the 15 s within which a breach has to be refused; it is not shorter
because the probe has little processor time, and the model all the rest."""
MAX_ANSWER_BYTES: Final = 1024

BREACHED: Final = Reason("EgressNotConfined", "The egress probe reached something that must be out of reach of this pod.")
UNKNOWN: Final = Reason("EgressUnknown", "The egress probe does not say that this pod is confined.")
FAULTS: Final[dict[State, Reason | None]] = {"Confined": None, "Breached": BREACHED, "Unknown": UNKNOWN}


class Egress:
    """Asks, and keeps what it heard last."""

    def __init__(self, current: Current, probe: Upstream) -> None:
        self._current = current
        self._probe = probe
        self._heard: Reason | None = UNKNOWN

    @property
    def fault(self) -> Reason | None:
        """Why nothing may be served; None where the probe says that the pod is confined, and where the policy does not want to know."""
        return self._heard if self._is_required else None

    @property
    def _is_required(self) -> bool:
        return self._current.snapshot.policy.egress.evidence == "Required"

    async def look(self) -> None:
        """Ask the probe, where the policy requires its evidence; a policy that comes to require it begins with knowing nothing."""
        self._heard = await self._ask() if self._is_required else UNKNOWN

    async def _ask(self) -> Reason | None:
        try:
            async with asyncio.timeout(VERDICT_SECONDS):
                state = parse_state(await self._answer())
        except (UpstreamError, TimeoutError, ValueError):
            return UNKNOWN
        return FAULTS[state]

    async def _answer(self) -> bytes:
        """Return the answer's body; raises UpstreamError where there is none, ValueError where it cannot be a verdict."""
        connection = await self._probe.request("GET", VERDICT_PATH, b"", seconds=VERDICT_SECONDS)
        try:
            answer = b""
            while data := await connection.read(VERDICT_SECONDS):
                answer += data
                if len(answer) > MAX_ANSWER_BYTES:
                    raise ValueError("no verdict is as long as this")
        finally:
            connection.abort()
        if connection.status != 200:
            raise ValueError("the probe did not answer with a verdict")
        return answer
