"""Lines hold what we wrote into them and nothing else."""

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from assistant_gateway import logs
from assistant_gateway.policy import LogFormat, LogLevel

CANARY = "CANARY-4711"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What is on standard error after logs.configure()."""
    seen = ""

    def read() -> str:
        nonlocal seen
        seen += capsys.readouterr().err
        return seen

    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, sys.unraisablehook, threading.excepthook, logging.raiseExceptions)
    yield read
    logging.captureWarnings(False)
    root.handlers[:], root.level, sys.excepthook, sys.unraisablehook, threading.excepthook, logging.raiseExceptions = before
    for name in ("uvicorn.error", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_a_line_is_json_with_its_fields(lines: Callable[[], str]) -> None:
    logs.configure("INFO", "JSON")
    logging.getLogger("assistant_gateway.x").info("Seen %d.", 3, extra={"fields": {"route": "/api/chat", "message": "not this"}})

    line = json.loads(lines())
    assert line.pop("time").endswith("Z")
    assert line == {"level": "INFO", "logger": "assistant_gateway.x", "message": "Seen 3.", "route": "/api/chat"}


def test_a_line_may_be_text(lines: Callable[[], str]) -> None:
    logs.configure("INFO", "Text")
    logging.getLogger("assistant_gateway.x").warning("Seen.", extra={"fields": {"count": 2}})

    assert lines().split(" ", 1)[1] == "WARNING assistant_gateway.x: Seen. count=2\n"


@pytest.mark.parametrize(("level", "seen"), [("ERROR", 1), ("WARNING", 2), ("INFO", 3), ("DEBUG", 4)])
def test_the_level_is_the_policys(lines: Callable[[], str], level: LogLevel, seen: int) -> None:
    logs.configure(level, "JSON")
    for name in ("error", "warning", "info", "debug"):
        getattr(logging.getLogger("assistant_gateway"), name)("x")

    assert len(lines().splitlines()) == seen


@pytest.mark.parametrize("style", ["JSON", "Text"])
def test_no_exceptions_text_is_written(lines: Callable[[], str], style: LogFormat) -> None:
    logs.configure("DEBUG", style)
    try:
        raise ValueError(CANARY) from KeyError(CANARY)
    except ValueError:
        logging.getLogger("assistant_gateway").exception("Failed.")

    assert CANARY not in lines()
    assert "ValueError" in lines()
    assert "test_logs.py:" in lines()


def test_of_foreign_loggers_the_template_is_written_alone(lines: Callable[[], str]) -> None:
    logs.configure("DEBUG", "JSON")
    logging.getLogger("uvicorn.error").error("Returned '%s'.", CANARY)
    logging.getLogger("somebody").warning(ValueError(CANARY))
    logging.getLogger("somebody").warning("x", extra={"fields": {"a": object()}}, stack_info=True)

    assert CANARY not in lines()
    assert "Returned '%s'." in lines()


def test_a_line_that_cannot_be_formatted_says_nothing(lines: Callable[[], str]) -> None:
    logs.configure("DEBUG", "JSON")
    logging.getLogger("assistant_gateway").error("%d", CANARY)

    assert CANARY not in lines()


def test_uncaught_exceptions_are_written_without_their_text(lines: Callable[[], str]) -> None:
    logs.configure("DEBUG", "JSON")
    error = ValueError(CANARY)
    sys.excepthook(ValueError, error, None)

    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail, name=CANARY)
    thread.start()
    thread.join()

    assert lines().count("ValueError") == 2
    assert CANARY not in lines()


def test_the_event_loops_complaints_are_written_without_their_text(lines: Callable[[], str]) -> None:
    logs.configure("DEBUG", "JSON")
    loop = asyncio.new_event_loop()
    logs.loop_exception(loop, {"message": CANARY, "exception": ValueError(CANARY), "future": CANARY})
    logs.loop_exception(loop, {"message": CANARY})
    logs.loop_exception(loop, {"message": CANARY, "exception": ConnectionResetError(CANARY)})
    loop.close()

    assert CANARY not in lines()
    assert len(lines().splitlines()) == 2
