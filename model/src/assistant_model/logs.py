"""Log lines of the commands: one JSON object a line on stderr.

The libraries' own loggers are silenced: httpx logs whole URLs, and those of blobs carry signatures. assistant_documents, which stands in
the same image, writes its lines by the same formatter.
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
    """Formats a record and its `extra` fields; an exception's text is left out, for it may quote what a registry sent, or a document."""

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
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "hpack"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def unexpected(log: logging.Logger, error: BaseException) -> None:
    """Log where an error came from, and nothing of what it says."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.critical("unexpected error", extra={"error": type(error).__name__, "frames": frames})
