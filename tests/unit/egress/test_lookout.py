"""Rounds: each is tried on arrival, the newest again and again."""

import json
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime

import pytest

from assistant_egress import gate, probe
from assistant_egress.lookout import MAX_WAITING, Lookout, Pace
from assistant_egress.protocol import PATHS, Phase, Round, encode_round
from assistant_egress.server import Connection
from tests.unit.egress.client import connect, exchange, post, read, request, running, verdict
from tests.unit.egress.targets import listener, receiver, refusing, silent, target, until


@pytest.mark.parametrize("phase", ["gate", "probe"])
def test_a_round_is_answered_with_what_one_whole_try_saw(phase: Phase) -> None:
    """Every target once, in the round's order, in both families and by all protocols."""
    with running(phase) as lookout, listener() as open_port, refusing() as closed_port, receiver() as (udp, _):
        asked = (
            target(open_port.port),
            target(closed_port, address="::ffff:127.0.0.1"),
            target(udp, "udp"),
            target(udp, "dns", path="dns"),
        )
        before = time.time()
        answer = post(lookout.port, *asked)

    assert answer.phase == phase
    assert [result.id for result in answer.results] == [each.id for each in asked]
    assert [result.observed for result in answer.results] == ["Reached", "Blocked", "Reached", "Reached"]
    assert all(abs(datetime.fromisoformat(result.at).timestamp() - before) < 5 for result in answer.results)


@pytest.mark.parametrize("pace", [gate.PACE, probe.PACE], ids=["gate", "probe"])
def test_each_asks_three_times_before_it_answers(pace: Pace) -> None:
    """At the pace that each has in a pod, short as the gate's is."""
    with running(pace=replace(pace, repeat=60.0)) as lookout, receiver(answer=None) as (mute, received):
        (result,) = post(lookout.port, target(mute, "udp")).results

    assert result.observed == "Blocked"
    assert len(received) == 3


def test_the_newest_round_is_tried_again_without_being_asked() -> None:
    """The operator may be gone: a breach is seen all the same, and so is its end."""
    with running(pace=Pace(repeat=0.05)) as lookout, listener() as first, listener() as second:
        post(lookout.port, target(first.port))
        until("it is tried again", lambda: first.count >= 3)
        assert verdict(lookout.port) == "Breached"

        post(lookout.port, target(second.port))
        seen = first.count
        until("the newest is tried again", lambda: second.count >= 3)
        assert first.count == seen

        second.close()
        until("its end is seen", lambda: verdict(lookout.port) == "Confined")


def test_a_round_that_is_no_longer_fresh_is_not_tried_again() -> None:
    """What it says of its targets' being alive has become old; another one wakes it."""
    with running("gate", pace=Pace(repeat=0.05, fresh=0.3)) as lookout, listener() as open_port:
        assert not lookout.has_fresh_round
        post(lookout.port, target(open_port.port))
        assert lookout.has_fresh_round
        until("it is old", lambda: not lookout.has_fresh_round)
        seen = open_port.count
        assert seen > 1
        threading.Event().wait(0.3)  # six tries long
        assert open_port.count <= seen + 1  # the one that had begun

        post(lookout.port, target(open_port.port))
        until("it is tried again", lambda: open_port.count >= seen + 3)


def test_a_lookout_that_has_nothing_to_do_sleeps() -> None:
    """It waits for the kernel, not by the clock."""
    with Lookout("probe", PATHS, 0, Pace(repeat=10.0)) as lookout:
        assert lookout._patience(None) is None
        assert lookout._patience(3.0) == pytest.approx(3.0, abs=0.1)


def test_a_round_that_is_a_little_late_is_waited_for() -> None:
    """Two tries in place of one would tell nothing more. Where none has come, it tries by itself, and goes on without waiting longer."""
    with Lookout("probe", PATHS, 0, Pace(repeat=100.0, lateness=1000.0)) as lookout, refusing() as port:
        with connect(lookout.port) as client:
            client.sendall(request(encode_round(Round((target(port),)))))
            until("it is tried", lambda: turned(lookout).newest)
        first = lookout.newest
        until("the client is gone", lambda: not turned(lookout)._server.connections)
        assert lookout._patience(None) == pytest.approx(1100.0, abs=50.0)

        lookout._next_try = time.monotonic()
        until("it tries by itself", lambda: turned(lookout).newest is not first)
        assert lookout._patience(None) == pytest.approx(100.0, abs=50.0)


def test_rounds_that_come_together_wait_their_turn() -> None:
    """Each is answered with a try of its own targets; more than a few are told to come back; the verdict is answered meanwhile."""
    statuses: list[int] = []
    with running(pace=Pace(repeat=60.0, timeout=0.2)) as lookout, silent() as port:

        def ask(number: int) -> None:
            asked = target(port, path=PATHS[number % len(PATHS)])
            status, body = exchange(lookout.port, request(encode_round(Round((asked,)))))
            statuses.append(status)
            if status == 200:
                assert [each["id"] for each in json.loads(body)["results"]] == [asked.id]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(MAX_WAITING + 4)]
        for thread in threads:
            thread.start()
        until("one is turned away", lambda: 503 in statuses)
        verdict(lookout.port)
        assert statuses.count(200) < MAX_WAITING  # the queue is still there
        for thread in threads:
            thread.join()

    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= MAX_WAITING


def turned(lookout: Lookout) -> Lookout:
    lookout.turn(0.05)
    return lookout


def test_what_has_been_answered_is_sent_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate's last answer is the one that says that all is closed: it goes out although the kernel had no room for it at first."""
    original = Connection._send
    full = [True]

    def send(self: Connection) -> None:
        if full[0]:
            raise BlockingIOError
        original(self)

    monkeypatch.setattr(Connection, "_send", send)
    with ExitStack() as stack:
        port = stack.enter_context(refusing())
        with Lookout("gate", PATHS, 0, Pace(repeat=60.0)) as lookout:
            client = stack.enter_context(connect(lookout.port))
            client.sendall(request(encode_round(Round((target(port),)))))
            until("it is tried", lambda: turned(lookout).newest)
            full[0] = False
            lookout.flush()

        assert b'"Blocked"' in read(client)


def test_an_answer_that_cannot_be_sent_does_not_keep_it_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reads nothing cannot hold the gate."""

    def send(_: Connection) -> None:
        raise BlockingIOError

    monkeypatch.setattr(Connection, "_send", send)
    monkeypatch.setattr("assistant_egress.lookout.FLUSH_SECONDS", 0.1)
    with Lookout("gate", PATHS, 0, Pace(repeat=60.0)) as lookout, connect(lookout.port) as client:
        client.sendall(request(b"", "GET", "/verdict"))
        until("it is answered", lambda: not turned(lookout)._server.has_answered)

        lookout.flush()

        assert not lookout._server.has_answered
