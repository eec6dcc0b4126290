"""Log lines of the commands: one JSON object a line on stderr; neither file names nor text are ever in them.

The parsers' own loggers are silenced: what they say about a document quotes it.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record and its `extra` fields; an exception's text is left out, for it may quote a document or a path."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((key, value) for key, value in record.__dict__.items() if key not in _STANDARD)
        return json.dumps(line, default=str)


def configure() -> None:
    """Send this package's lines to stderr, and no one else's."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(lambda record: record.name.startswith("assistant_documents"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def unexpected(log: logging.Logger, error: BaseException) -> None:
    """Log where an error came from, and nothing of what it says."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.critical("unexpected error", extra={"error": type(error).__name__, "frames": frames})
