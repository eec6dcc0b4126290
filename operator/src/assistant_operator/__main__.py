"""`python -m assistant_operator`, or `private-assistant`: run the operator."""

import gc
import sys
from collections.abc import Sequence
from typing import Final

import uvloop

from assistant_operator import errors, logs
from assistant_operator.handlers.operator import Operator
from assistant_operator.reconcile.judging.advisories import NoTable
from assistant_operator.settings import Settings, SettingsError, load
from assistant_operator.version import VERSION

COLLECTIONS: Final = (20_000, 20, 50)
"""Thresholds of Python's garbage collector. With its own, a tenth of a restart's processor time goes into looking for cycles in what lives
on: the imported modules, and the cache, whose objects know no others."""


async def run(settings: Settings) -> int:
    """Run one replica; the exit code says whether it ended in good order."""
    try:
        await Operator(settings).run()
    except errors.LeaseLostError as error:
        logs.log.error("Lease lost", extra={"reason": str(error)})
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the settings and run until told to stop."""
    try:
        settings = load(sys.argv[1:] if arguments is None else arguments)
    except SettingsError as error:
        sys.stderr.write(f"private-assistant: {error}\n")
        return 2
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    logs.configure(settings.log_level, settings.log_format)
    logs.log.info("Started", extra={"version": VERSION, "identity": settings.identity})
    if isinstance(settings.advisories, NoTable):
        logs.log.error("No table of known vulnerabilities", extra={"reason": settings.advisories.why})
    return uvloop.run(run(settings))


if __name__ == "__main__":
    raise SystemExit(main())
