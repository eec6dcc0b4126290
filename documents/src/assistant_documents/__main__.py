"""Command line: `python3 -m assistant_documents serve|ingest`.

`serve` answers the gateway on a unix socket for as long as the pod lives; `ingest` brings one source into the store and ends with a
termination message and an exit code (outcome.py).
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from assistant_documents import logs
from assistant_documents.ingest.globs import Glob, InvalidGlobError
from assistant_documents.outcome import Done, Failed, IngestError, Reason
from assistant_model.logs import unexpected
from assistant_model.outcome import TerminatedError, write_termination

_log = logging.getLogger("assistant_documents")

DEFAULT_TERMINATION_LOG: Final = Path("/dev/termination-log")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    logs.configure()
    return _serve(options) if options.command == "serve" else _ingest(options)


def _serve(options: argparse.Namespace) -> int:
    from assistant_documents.extraction.server import Settings, serve  # each command loads what it needs and no more

    settings = Settings(options.socket, options.memory_mebibytes << 20, options.workers)
    return 0 if asyncio.run(serve(settings)) else 1


def _ingest(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, _terminate)
    outcome = _outcome(options)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    write_termination(outcome, options.termination_log)
    if isinstance(outcome, Failed):
        _log.error(outcome.message, extra={"reason": outcome.reason.value})
        return outcome.reason.exit_code
    _log.info("the source is in the store", extra=outcome.fields())
    return 0


def _outcome(options: argparse.Namespace) -> Done | Failed:
    from assistant_documents.ingest.gateway import Gateway
    from assistant_documents.ingest.run import ingest, is_complete

    try:
        done = ingest(
            options.folder, tuple(options.include or (Glob("**"),)), Gateway(options.url, options.ca, options.key, options.source)
        )
    except IngestError as error:
        return Failed(error.reason)
    except TerminatedError:
        return Failed(Reason.INTERRUPTED)
    except Exception as error:  # whatever it is, its text stays here
        unexpected(_log, error)
        return Failed(Reason.INTERNAL_ERROR)
    if is_complete(done):
        return done
    _log.info("walked", extra=done.fields())
    return Failed(Reason.INCOMPLETE)


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise TerminatedError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assistant_documents", description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="turn documents into text, on a unix socket")
    server.add_argument("--socket", type=Path, required=True, metavar="PATH", help="where to listen")
    server.add_argument("--memory-mebibytes", type=_positive, default=256, metavar="N", help="for each document (default %(default)s)")
    server.add_argument("--workers", type=_positive, default=2, metavar="N", help="documents at a time (default %(default)s)")
    ingest = commands.add_parser("ingest", help="bring the store in line with a folder")
    ingest.add_argument("--source", required=True, metavar="NAME", help="name of the source in the policy")
    ingest.add_argument("--folder", type=Path, required=True, metavar="PATH", help="the source's files")
    ingest.add_argument(
        "--include", type=_glob, action="extend", nargs="+", metavar="GLOB", help="which files, from the folder's root (default **)"
    )
    ingest.add_argument("--url", required=True, help="of the gateway")
    ingest.add_argument("--ca", type=Path, required=True, metavar="FILE", help="the certificate authority of the gateway")
    ingest.add_argument("--key", type=Path, required=True, metavar="FILE", help="the API key of the role Ingest")
    ingest.add_argument("--termination-log", type=Path, default=DEFAULT_TERMINATION_LOG, metavar="FILE", help="where the outcome is left")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _glob(text: str) -> Glob:
    try:
        return Glob(text)
    except InvalidGlobError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
