"""The init container that lets a pod's other containers start: not before one whole try has shown every required class of paths closed.

Where a cluster enforces policies some time after a pod has started, this is what keeps that time free of anything that could leak. It has
no time limit: a pod that is not confined stays a pod that does not run, and its log says what it waits for.
"""

import logging
from typing import Final

from assistant_egress.lookout import Lookout, Pace
from assistant_egress.protocol import ClassVerdict, PathClass, judge

PACE: Final = Pace(repeat=0.5, fresh=15.0, timeout=0.5, resend=0.2)
"""A try is half as long as the probe's, and asks each target three times in it: what is closed never answers, so that every start lasts as
long as one try. A way that is slower than that is seen by the probe, and the gateway serves nothing before the probe has had its say."""
A_ROUND: Final = "a round of the operator"

_log = logging.getLogger("assistant_egress")


def gate(required: tuple[PathClass, ...], port: int, pace: Pace = PACE) -> None:
    """Return when all of `required`, one class or more, are closed; raises OSError when the port cannot be had."""
    said: object = None
    with Lookout("gate", required, port, pace) as lookout:
        while (open_classes := _open_classes(lookout, required)) != {}:
            if open_classes is not None and open_classes != said:
                _say(open_classes)
                said = open_classes
            lookout.turn()
        lookout.flush()
    _log.info("every required path is closed", extra={"paths": required})


def _open_classes(lookout: Lookout, required: tuple[PathClass, ...]) -> dict[str, ClassVerdict] | str | None:
    """Return the classes that are not closed, or what else is waited for; None while a round is being tried for the first time."""
    if not lookout.has_fresh_round:
        return A_ROUND
    seen = lookout.newest
    if seen is None:
        return None
    verdicts = {path: judge(path, seen.asked.targets, seen.results) for path in required}
    return {path: verdict for path, verdict in verdicts.items() if not verdict.is_satisfied}


def _say(missing: dict[str, ClassVerdict] | str) -> None:
    if isinstance(missing, str):
        _log.info("waiting", extra={"waiting for": missing})
    else:
        _log.info("waiting", extra={"waiting for": list(missing), "because": {path: each.reason for path, each in missing.items()}})
