"""Log lines without content: ours say what we wrote into them, everybody else's only their template.

An exception's text may quote what a client or the model server sent, so of an exception a line shows the type and the place in the
code, never the text. Of a foreign logger's line (uvicorn, asyncio, warnings) the arguments are left out for the same reason.
Records of requests are not log lines: see record.py.
"""

import asyncio
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

import orjson

from assistant_gateway.policy import LogFormat, LogLevel

OURS: Final = ("assistant_gateway", "ollama")
FIELDS: Final = "fields"
"""Name in `extra` of a dict with more fields for the line."""

logger = logging.getLogger(__name__)


class ContentFreeFormatter(logging.Formatter):
    """Formats a line as JSON or text."""

    def __init__(self, style: LogFormat) -> None:
        super().__init__()
        self._json = style == "JSON"

    def format(self, record: logging.LogRecord) -> str:
        line = describe(record)
        if self._json:
            return orjson.dumps(line, default=lambda value: type(value).__name__).decode()
        head = f"{line.pop('time')} {line.pop('level')} {line.pop('logger')}: {line.pop('message')}"
        return " ".join([head, *(f"{key}={value}" for key, value in line.items())])


def describe(record: logging.LogRecord) -> dict[str, Any]:
    """Return a line's fields."""
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:23] + "Z",
        "level": record.levelname,
        "logger": record.name,
        "message": _message(record),
    }
    if record.exc_info and record.exc_info[1] is not None:
        line |= where(record.exc_info[1])
    extra = getattr(record, FIELDS, None)
    if isinstance(extra, dict):
        line |= {key: value for key, value in extra.items() if key not in line}
    return line


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    return record.msg if isinstance(record.msg, str) else type(record.msg).__name__


def where(error: BaseException) -> dict[str, str]:
    """Return an exception's type and the place that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "unknown"
    return {"exception": type(error).__name__, "at": place}


def configure(level: LogLevel, style: LogFormat) -> None:
    """Send every logger's lines to standard error in this form; may be called again."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ContentFreeFormatter(style))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for foreign in ("uvicorn.error", "uvicorn.access", "asyncio"):
        logging.getLogger(foreign).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a failing handler would print the line's arguments
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda found: _log_crash(found.exc_value)
    threading.excepthook = lambda found: _log_crash(found.exc_value)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log_crash(error)


def _log_crash(error: BaseException | None) -> None:
    logger.critical("Uncaught exception.", exc_info=error)


def loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what the event loop has no better place for: its context holds objects whose repr is not ours."""
    error = context.get("exception")
    if isinstance(error, ConnectionError | TimeoutError):
        return
    logger.warning("The event loop reports a failure.", exc_info=error if isinstance(error, BaseException) else None)
