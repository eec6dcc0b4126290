"""Command line: `python3 -m assistant_model pull|check|verify`.

`pull` brings a model from its registry, `check` proves what a serving pod is about to serve, `verify` reports what somebody else's volume
holds; with `--embedding` each does the same with an embedding model besides. All end with a termination message and an exit code
(outcome.py).
"""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final

from assistant_model import logs
from assistant_model.auth import Credentials
from assistant_model.check import check
from assistant_model.outcome import Failed, ModelError, Reason, TerminatedError, Verified, write_termination
from assistant_model.progress import Progress, serve
from assistant_model.pull import pull
from assistant_model.reference import InvalidReferenceError, Reference, is_digest
from assistant_model.registry import Registry
from assistant_model.store import Store

_log = logging.getLogger("assistant_model")

DEFAULT_OPS_PORT: Final = 9090
DEFAULT_TERMINATION_LOG: Final = Path("/dev/termination-log")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "check" and (options.embedding is None) != (options.embedding_digest is None):
        parser.error("check needs --embedding and --embedding-digest, or neither")
    logs.configure()
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, _terminate)
    outcome = _outcome(options)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    write_termination(outcome, options.termination_log)
    if isinstance(outcome, Failed):
        _log.error(outcome.message, extra={"reason": outcome.reason.value})
        return outcome.reason.exit_code
    _log.info("the model is on the volume", extra={"digest": outcome.digest, "sizeBytes": outcome.size_bytes})
    return 0


def _outcome(options: argparse.Namespace) -> Verified | Failed:
    try:
        return _run(options)
    except ModelError as error:
        return Failed(error.reason, error.message)
    except TerminatedError:
        return Failed(Reason.INTERRUPTED, "The command was ended from outside; what was downloaded is kept.")
    except Exception as error:  # whatever it is, its text stays here
        logs.unexpected(_log, error)
        return Failed(Reason.INTERNAL_ERROR, f"Unexpected {type(error).__name__}; the log says where.")


def _run(options: argparse.Namespace) -> Verified:
    store = Store(options.models)
    progress = Progress()
    with serve(progress, options.ops_port):
        work = _pull if options.command == "pull" else _check
        return work(options, store, progress)


def _check(options: argparse.Namespace, store: Store, progress: Progress) -> Verified:
    model = check(Reference.parse(options.name), options.name, options.digest, store, progress)
    if options.embedding is None:
        return model
    return replace(model, embedding=check(Reference.parse(options.embedding), options.embedding, options.embedding_digest, store, progress))


def _pull(options: argparse.Namespace, store: Store, progress: Progress) -> Verified:
    reference = Reference.parse(options.name)
    credentials = Credentials.read(options.credentials) if options.credentials else None
    with Registry(reference, insecure=options.insecure, credentials=credentials) as registry:
        model = pull(reference, options.name, options.digest, registry, store, progress)
    if options.embedding is None:
        store.write_complete([reference])
        return model
    other = Reference.parse(options.embedding)
    # Another host is another registry: neither are its connections known to be safe in plain, nor are the credentials its.
    same = other.host == reference.host
    with Registry(other, insecure=options.insecure and same, credentials=credentials if same else None) as registry:
        embedding = pull(other, options.embedding, options.embedding_digest, registry, store, progress, beside=[reference])
    store.write_complete([reference, other])
    return replace(model, embedding=embedding)


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise TerminatedError


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--models", type=Path, required=True, metavar="FOLDER", help="Ollama models folder")
    shared.add_argument("--name", type=_name, required=True, metavar="REFERENCE", help="model, e.g. gemma3:270m")
    shared.add_argument("--embedding", type=_name, metavar="REFERENCE", help="embedding model, e.g. all-minilm:l6-v2")
    shared.add_argument("--embedding-digest", type=_digest, help="refuse any other manifest of the embedding model")
    shared.add_argument("--termination-log", type=Path, default=DEFAULT_TERMINATION_LOG, metavar="FILE", help="where the outcome is left")
    parser = argparse.ArgumentParser(prog="assistant_model", description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    watched = argparse.ArgumentParser(add_help=False, parents=[shared])
    watched.add_argument(
        "--ops-port", type=int, default=DEFAULT_OPS_PORT, metavar="PORT", help="of /progress and /livez (default %(default)s)"
    )
    puller = commands.add_parser("pull", parents=[watched], help="bring the model from its registry")
    puller.add_argument("--digest", type=_digest, help="refuse any other manifest")
    puller.add_argument("--insecure", action="store_true", help="plain HTTP")
    puller.add_argument("--credentials", type=Path, metavar="FOLDER", help="folder with the files username and password")
    checker = commands.add_parser("check", parents=[shared], help="prove the model that is about to be served")
    checker.add_argument("--digest", type=_digest, required=True, help="sha256 of the manifest")
    checker.set_defaults(ops_port=None)  # runs for its exit code alone, in a pod whose ops port is the gateway's
    verifier = commands.add_parser("verify", parents=[watched], help="report and prove the model that a volume holds")
    verifier.add_argument("--digest", type=_digest, help="refuse any other manifest")
    return parser


def _name(text: str) -> str:
    try:
        Reference.parse(text)
    except InvalidReferenceError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _digest(text: str) -> str:
    if not is_digest(text):
        raise argparse.ArgumentTypeError("a digest is sha256: and 64 lower-case hex digits")
    return text


if __name__ == "__main__":
    sys.exit(main())
