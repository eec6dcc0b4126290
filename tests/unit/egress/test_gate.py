"""The gate: nothing behind it starts before every required class has been seen closed, in one whole try."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from assistant_egress.gate import A_ROUND, gate
from assistant_egress.lookout import Pace
from assistant_egress.protocol import PATHS, REQUIRED_BY_DEFAULT, PathClass
from assistant_model.logs import JsonFormatter
from tests.unit.egress.client import NoAnswer, post
from tests.unit.egress.targets import SECONDS, free_port, listener, refusing, silent, target, until

FAST = Pace(repeat=0.05, fresh=15.0, timeout=0.3)


class Lines(logging.Handler):
    """The log, as the container writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))

    @property
    def waited_for(self) -> list[Any]:
        return [line["waiting for"] for line in self.lines if line["message"] == "waiting"]


class Gate(threading.Thread):
    """A gate in a thread."""

    def __init__(self, required: tuple[PathClass, ...], pace: Pace, log: Lines) -> None:
        super().__init__(daemon=True)
        self.port = free_port()
        self.log = log
        self._arguments = (required, self.port, pace)

    def run(self) -> None:
        gate(*self._arguments)

    def holds(self) -> bool:
        """Whether it is still closed, some tries later."""
        self.join(0.3)
        return self.is_alive()

    def opens(self) -> bool:
        self.join(SECONDS)
        return not self.is_alive()


@contextmanager
def closed_gate(required: tuple[PathClass, ...] = ("pods",), pace: Pace = FAST) -> Iterator[Gate]:
    """A gate that waits; the block has to open it, or to leave it closed and satisfiable by one round."""
    log, logger = Lines(), logging.getLogger("assistant_egress")
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    try:
        running = Gate(required, pace, log)
        running.start()
        until("it listens", lambda: log.waited_for)
        yield running
        if running.is_alive():
            # It may open by itself meanwhile: the block's own targets are closed by now, and its last round is tried again and again.
            with refusing() as port, suppress(OSError, NoAnswer):
                post(running.port, *(target(port, path=path) for path in required))
            assert running.opens()
    finally:
        logger.removeHandler(log)


def test_it_waits_for_a_round_first() -> None:
    """And says so; without the operator nothing starts."""
    with closed_gate() as running:
        assert running.holds()
        assert running.log.waited_for == [A_ROUND]


def test_it_opens_after_one_whole_try_that_is_satisfied() -> None:
    """The answer to the round still arrives, and says what was seen."""
    with closed_gate(REQUIRED_BY_DEFAULT) as running, refusing() as port:
        answer = post(running.port, *(target(port, path=path) for path in REQUIRED_BY_DEFAULT))

        assert running.opens()
        assert answer.phase == "gate"
        assert {result.observed for result in answer.results} == {"Blocked"}
        assert running.log.waited_for == [A_ROUND]
        assert running.log.lines[-1]["paths"] == list(REQUIRED_BY_DEFAULT)


def test_it_holds_while_a_required_target_is_reached_and_opens_by_itself_when_it_no_longer_is() -> None:
    """The policy may come late: the round is tried again without the operator, and what is waited for is said once."""
    with closed_gate() as running, listener() as open_port, refusing() as closed_port:
        answer = post(running.port, target(open_port.port), target(closed_port), target(closed_port, path="outside"))
        assert [result.observed for result in answer.results] == ["Reached", "Blocked", "Blocked"]
        until("it tries again and again", lambda: open_port.count >= 8)
        assert running.is_alive()
        assert running.log.waited_for == [A_ROUND, ["pods"]]
        assert running.log.lines[-1]["because"] == {"pods": "Reached"}

        open_port.close()

        assert running.opens()


def test_halves_of_two_tries_are_not_one_whole() -> None:
    """Each class has been seen closed, never both at once."""
    with closed_gate(("pods", "dns")) as running, listener() as open_port, refusing() as closed_port:
        for _ in range(3):
            post(running.port, target(open_port.port), target(closed_port, path="dns"))
            post(running.port, target(closed_port), target(open_port.port, path="dns"))

        assert running.holds()
        assert ["pods"] in running.log.waited_for
        assert running.log.waited_for[-1] == ["dns"]


@pytest.mark.parametrize(
    ("alive", "path", "why"), [(False, "pods", "NotAlive"), (True, "outside", "NoTarget")], ids=["its target is down", "it has no target"]
)
def test_a_class_that_nothing_was_shown_of_keeps_it_closed(alive: bool, path: PathClass, why: str) -> None:
    """ "Blocked" of a target that is down shows nothing."""
    with closed_gate() as running, refusing() as port:
        post(running.port, target(port, path=path, alive=alive))

        assert running.holds()
        assert running.log.lines[-1]["because"] == {"pods": why}


def test_metadata_that_is_nowhere_holds_nobody() -> None:
    """All of its targets were tried and blocked, and nothing answers there from anywhere."""
    with closed_gate(("metadata",)) as running, refusing() as port:
        post(running.port, target(port, path="metadata", alive=False))

        assert running.opens()


def test_what_is_not_required_does_not_hold_it() -> None:
    """The API server is open in most clusters."""
    with closed_gate() as running, listener() as open_port, refusing() as port:
        post(running.port, target(port), target(open_port.port, path="apiServer"))

        assert running.opens()


def test_what_is_allowed_does_not_hold_it() -> None:
    """Reached or not, and beside every class that can be required."""
    with closed_gate(PATHS) as running, listener() as open_port, refusing() as port:
        closed = [target(port, path=path) for path in PATHS]
        answer = post(running.port, *closed, target(open_port.port, path="allowed"), target(port, path="allowed"))

        assert [result.observed for result in answer.results[-2:]] == ["Reached", "Blocked"]
        assert running.opens()


def test_an_old_round_keeps_it_waiting() -> None:
    """That its target was alive is no longer known, so its being blocked later shows nothing: a new round has to come."""
    with closed_gate(pace=Pace(repeat=0.05, fresh=0.4, timeout=0.3)) as running, listener() as open_port:
        post(running.port, target(open_port.port))
        until("the round is old", lambda: running.log.waited_for[-1] == A_ROUND and len(running.log.waited_for) > 1)
        open_port.close()

        assert running.holds()
        assert running.log.waited_for == [A_ROUND, ["pods"], A_ROUND]


def test_a_try_that_ends_after_its_round_has_become_old_does_not_open_it() -> None:
    """Neither at once, nor together with the next round, whose own try it has to be."""
    with closed_gate(pace=Pace(repeat=0.05, fresh=0.2, timeout=0.5)) as running, listener() as open_port, silent() as port:
        assert [result.observed for result in post(running.port, target(port)).results] == ["Blocked"]
        assert running.holds()

        post(running.port, target(open_port.port))
        assert running.holds()
