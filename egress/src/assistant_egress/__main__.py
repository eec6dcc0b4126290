"""Command line: `python3 -m assistant_egress gate|probe|canary|proxy`.

`gate` ends with 0 when all that is required is closed; the others never do by themselves. SIGTERM ends each with 143, `proxy` after its
tunnels; a port that cannot be had, rules that cannot be read, or an error that nobody expected, ends it with 1.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from assistant_egress import logs
from assistant_egress.protocol import PATHS, REQUIRED_BY_DEFAULT, PathClass
from assistant_model.logs import unexpected

EVIDENCE_PORT: Final = 9091
CANARY_PORT: Final = 9092
PROXY_PORT: Final = 3128
OPS_PORT: Final = 8081

_log = logging.getLogger("assistant_egress")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    logs.configure()
    for number in (signal.SIGTERM, signal.SIGINT):  # the container's first process, which has no handler by default
        signal.signal(number, _end)
    try:
        return _run(options)
    except Exception as error:
        unexpected(_log, error)
        return 1


def _run(options: argparse.Namespace) -> int:
    if options.command == "gate":
        from assistant_egress.gate import gate  # each command loads what it needs and no more

        gate(options.require, options.port)
    elif options.command == "probe":
        from assistant_egress.probe import probe

        probe(options.require, options.port)
    elif options.command == "proxy":
        from assistant_egress.proxy.run import proxy

        return proxy(options.port, options.ops_port, options.rules)
    else:
        from assistant_egress.canary import Canary

        with Canary(options.port) as canary:
            while True:
                canary.turn()
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)  # nothing is left to finish, and an exception could come up in the middle of anything


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assistant_egress", description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("gate", "end when what is required is closed"), ("probe", "look, and tell, for as long as the pod lives")):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "--port", type=_port, default=EVIDENCE_PORT, metavar="PORT", help="of rounds and verdicts (default %(default)s)"
        )
        command.add_argument(
            "--require",
            type=_paths,
            default=REQUIRED_BY_DEFAULT,
            metavar="CLASS,...",
            help=f"classes of paths that have to be closed, of {', '.join(PATHS)} (default {','.join(REQUIRED_BY_DEFAULT)})",
        )
    canary = commands.add_parser("canary", help="be what must not be reached")
    canary.add_argument("--port", type=_port, default=CANARY_PORT, metavar="PORT", help="over TCP and UDP (default %(default)s)")
    proxy = commands.add_parser("proxy", help="be the one way to the hosts that are allowed")
    proxy.add_argument("--port", type=_port, default=PROXY_PORT, metavar="PORT", help="of clients (default %(default)s)")
    proxy.add_argument("--ops-port", type=_port, default=OPS_PORT, metavar="PORT", help="of health and metrics (default %(default)s)")
    proxy.add_argument("--rules", type=Path, required=True, metavar="FILE", help="what may be reached: JSON, see proxy/rules.py")
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError
    return number


def _paths(text: str) -> tuple[PathClass, ...]:
    chosen = set(text.split(","))
    if not chosen <= set(PATHS):  # an empty list is no class, too: a gate that asks for nothing would always be open
        raise argparse.ArgumentTypeError("not a list of classes of paths")
    return tuple(path for path in PATHS if path in chosen)


if __name__ == "__main__":
    sys.exit(main())
