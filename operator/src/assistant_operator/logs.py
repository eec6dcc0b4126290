"""The operator's own log: one line for each record on stdout, JSON or text, with the structured keys that callers give as `extra`."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("assistant_operator")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "settings"}
# kopf puts the whole object and its own objects into records.
_FOREIGN = frozenset({"k8s_skip", "k8s_ref"})


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller gave as `extra`."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD and key not in _FOREIGN}


class JsonFormatter(logging.Formatter):
    """One JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _time(record), "level": record.levelname, "logger": record.name, "message": record.getMessage(), **fields(record)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Time, level, message, and the keys as k=v."""

    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {key}={value}" for key, value in fields(record).items())
        text = f"{_time(record)} {record.levelname} {record.getMessage()}{extra}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def configure(level: str, form: str) -> None:
    """Send everything to stdout; libraries only speak up when something is wrong."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if form == "JSON" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("assistant_operator").setLevel(level)
    # Its records may quote whole objects; what matters of a watch's trouble is at this level.
    logging.getLogger("kopf").setLevel(logging.ERROR if level == "ERROR" else logging.WARNING)
