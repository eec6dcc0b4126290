"""`python3 -m assistant_egress proxy`: reads its rules, serves until SIGTERM, then lets its tunnels end for a few seconds."""

import logging
import signal
from pathlib import Path
from types import FrameType
from typing import Final

from assistant_egress.proxy.rules import MalformedError, Rules, parse_rules
from assistant_egress.proxy.server import Proxy, raise_file_limit

STOPPED: Final = 128 + signal.SIGTERM
REFUSED: Final = 1

_log = logging.getLogger("assistant_egress")


def proxy(port: int, ops_port: int, file: Path) -> int:
    """Serve; returns the exit code: 143 after a signal, 1 where the rules cannot be read. Raises OSError when a port cannot be had."""
    rules = _rules(file)
    if rules is None:
        return REFUSED
    raise_file_limit()
    with Proxy(rules, port, ops_port) as running:

        def stop(number: int, frame: FrameType | None) -> None:
            running.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        _log.info("serving", extra={"hosts": len(rules.hosts), "networks": len(rules.networks)})
        while not running.is_over:
            running.turn()
    return STOPPED


def _rules(file: Path) -> Rules | None:
    try:
        return parse_rules(file.read_bytes())
    except MalformedError as error:  # its text names a field, and quotes nothing
        _log.critical("the rules are not what they should be", extra={"why": str(error)})
    except OSError as error:
        _log.critical("the rules cannot be read", extra={"why": error.strerror})
    return None
