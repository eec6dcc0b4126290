"""The sidecar that keeps looking: tries the newest round again and again, and tells the gateway beside it whether the pod is confined.

It needs the operator for what to try, not for trying: a breach is seen where the operator is gone, too.
"""

import logging
from typing import Final, NoReturn

from assistant_egress.lookout import Lookout, Pace
from assistant_egress.protocol import PathClass

PACE: Final = Pace(repeat=10.0, lateness=1.0)
"""The operator's rounds come every ten seconds, too, and a little late now and then."""

_log = logging.getLogger("assistant_egress")


def probe(required: tuple[PathClass, ...], port: int, pace: Pace = PACE) -> NoReturn:
    """Look until the process is ended; raises OSError when the port cannot be had."""
    with Lookout("probe", required, port, pace) as lookout:
        standing = lookout.standing
        said: object = None
        while True:
            if (news := (standing.state, standing.reached)) != said:
                _log.log(
                    logging.WARNING if standing.state == "Breached" else logging.INFO,
                    "what the pod is",
                    extra={"state": standing.state, "reached": standing.reached},
                )
                said = news
            lookout.turn()
