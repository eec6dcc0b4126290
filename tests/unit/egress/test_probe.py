"""The probe: keeps looking, answers, and says once what has changed."""

import logging
import threading
from collections.abc import Iterator

import pytest

from assistant_egress import probe as module
from assistant_egress.lookout import Lookout, Pace
from assistant_egress.protocol import REQUIRED_BY_DEFAULT
from assistant_egress.tries import TIMEOUT
from assistant_model.logs import JsonFormatter
from assistant_operator.reconcile.asking.evidence import INTERVAL
from tests.unit.egress.client import post, verdict
from tests.unit.egress.targets import SECONDS, free_port, listener, refusing, target, until

LOOK_SECONDS = 2.0
"""From one question of the gateway to the next."""


class EndedError(Exception):
    """What ends a probe in a test."""


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[int]:
    """Of a probe that looks twenty times a second."""
    stop, number = threading.Event(), free_port()

    class Stoppable(Lookout):
        def turn(self, at_most: float | None = None) -> None:
            if stop.is_set():
                raise EndedError
            super().turn(0.02)

    def run() -> None:
        with pytest.raises(EndedError):
            module.probe(REQUIRED_BY_DEFAULT, number, Pace(repeat=0.05))

    monkeypatch.setattr(module, "Lookout", Stoppable)
    caplog.set_level(logging.INFO, "assistant_egress")
    thread = threading.Thread(target=run)
    thread.start()
    until("it has begun", lambda: caplog.records)
    yield number
    stop.set()
    thread.join(SECONDS)


def test_it_tries_once_for_each_round_of_the_operator_and_soon_without_one() -> None:
    """The operator's are ten seconds apart, and late by less than one. A breach is known within 15 s, where the operator is gone too."""
    assert module.PACE.repeat + module.PACE.lateness >= INTERVAL + 1.0
    assert module.PACE.repeat + module.PACE.lateness + TIMEOUT + LOOK_SECONDS <= 15.0


def test_it_knows_nothing_before_the_first_round(port: int) -> None:
    """And says so to the gateway, which then refuses."""
    assert verdict(port) == "Unknown"


def test_a_breach_is_seen_without_the_operator_and_so_is_its_end(port: int) -> None:
    """One round is enough; both ends are noticed by its own tries."""
    with refusing() as closed_port, listener() as open_port:
        assert post(port, target(closed_port)).phase == "probe"
        assert verdict(port) == "Confined"

        post(port, target(closed_port), target(open_port.port, path="dns"))
        assert verdict(port) == "Breached"
        open_port.close()
        until("the end is seen", lambda: verdict(port) == "Confined")


def test_each_change_is_one_line(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """With the classes that were reached, and no address."""
    with refusing() as closed_port, listener() as open_port:
        post(port, target(closed_port))
        post(port, target(open_port.port), target(open_port.port, path="outside"))
        until("it has looked again", lambda: open_port.count >= 6)

    records = [*caplog.get_records("setup"), *caplog.records]
    lines = [(record.levelname, record.__dict__["state"], record.__dict__["reached"]) for record in records[:3]]
    assert lines == [("INFO", "Unknown", ()), ("INFO", "Confined", ()), ("WARNING", "Breached", ("outside", "pods"))]
    assert not any("127.0.0.1" in JsonFormatter().format(record) for record in records)
