"""One try of real sockets on loopback."""

import errno
import os
import resource
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import pytest

from assistant_egress import gate, probe
from assistant_egress.lookout import Pace
from assistant_egress.protocol import MAX_TARGETS, UDP_QUESTION, Round
from assistant_egress.tries import RESEND, Try
from tests.unit.egress.targets import (
    FAMILIES,
    LOOPBACK,
    SECONDS,
    full,
    listener,
    observe,
    receiver,
    refusing,
    silent,
    target,
    unanswered_port,
    until,
    whole_try,
)

Family = socket.AddressFamily
each_pace = pytest.mark.parametrize("pace", [gate.PACE, probe.PACE], ids=["gate", "probe"])
both_families = pytest.mark.parametrize("family", FAMILIES, ids=["v4", "v6"])


@both_families
def test_a_connection_that_completes_is_reached(family: Family) -> None:
    """TCP: somebody listens."""
    with listener(family) as open_port:
        assert observe(target(open_port.port, address=LOOPBACK[family])) == ["Reached"]


@both_families
def test_a_refusal_is_blocked(family: Family) -> None:
    """A firewall's REJECT looks the same; the control tells it from a target that is down."""
    with refusing(family) as port:
        assert observe(target(port, address=LOOPBACK[family])) == ["Blocked"]


@both_families
@pytest.mark.parametrize("protocol", ["udp", "dns"])
def test_a_datagram_that_is_lost_is_not_one_that_is_blocked(family: Family, protocol: Literal["udp", "dns"]) -> None:
    """It is sent again, within the same try."""
    with receiver(family, lost=2) as (port, received):
        assert observe(target(port, protocol, LOOPBACK[family])) == ["Reached"]
        assert len(received) == 3


@both_families
def test_a_connection_whose_first_packet_is_lost_is_not_one_that_is_blocked(family: Family) -> None:
    """It is begun again before the kernel would send its second SYN, a second later; the other one is given up with it."""
    with full(family) as (server, first):

        def make_room() -> None:
            time.sleep(RESEND / 2)  # the first SYN has been dropped by then, and no second one has come
            server.accept()[0].close()

        first.close()
        thread = threading.Thread(target=make_room)
        (result,) = whole_try(target(server.getsockname()[1], address=LOOPBACK[family]), timeout=0.9, before_looking=thread.start)
        thread.join()

    assert result.observed == "Reached"


@each_pace
@pytest.mark.parametrize("protocol", ["udp", "dns"])
def test_a_try_asks_three_times(pace: Pace, protocol: Literal["udp", "dns"]) -> None:
    """Two losses are no wall; and each question more is paid for in every pod."""
    with receiver(answer=None) as (mute, received):
        assert observe(target(mute, protocol), timeout=pace.timeout, resend=pace.resend) == ["Blocked"]

        assert len(received) == 3


@each_pace
@both_families
def test_a_connection_is_begun_three_times(pace: Pace, family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as datagrams are sent."""
    begun: list[object] = []

    class Counted(socket.socket):
        def connect_ex(self, address: object) -> int:
            begun.append(address)
            return super().connect_ex(address)  # type: ignore[arg-type]

    with silent(family) as port, monkeypatch.context() as patched:
        patched.setattr("assistant_egress.tries.socket.socket", Counted)
        assert observe(target(port, address=LOOPBACK[family]), timeout=pace.timeout, resend=pace.resend) == ["Blocked"]

    assert len(begun) == 3


def test_a_target_that_is_asked_again_is_observed_once() -> None:
    """What cannot be asked a second time, for want of a file descriptor, was asked all the same; no socket is left."""
    with silent() as port, select.epoll() as watched:
        start = time.monotonic()
        attempt = Try(Round((target(port),)), watched, now=start)
        attempt.expire(start + RESEND)
        assert attempt.sockets == 2
        with no_file_descriptor():
            attempt.expire(start + 2 * RESEND)
        assert not attempt.is_over
        for hundredths in range(75, 101):
            attempt.expire(start + hundredths / 100)

        assert not attempt.sockets
    assert [result.observed for result in attempt.results()] == ["Blocked"]


def test_a_target_that_answers_twice_is_observed_once() -> None:
    """The second answer is that of a socket which is closed by then; both connections are reset."""
    with socket.create_server(("127.0.0.1", 0)) as server, select.epoll() as watched:
        server.settimeout(SECONDS)
        start = time.monotonic()
        attempt = Try(Round((target(server.getsockname()[1]),)), watched, now=start)
        attempt.expire(start + RESEND)
        accepted = [server.accept()[0] for _ in range(2)]
        until("both have answered", lambda: len(watched.poll(0)) == 2)

        attempt.look()

        assert [result.observed for result in attempt.results()] == ["Reached"]
        assert not attempt.sockets
        for each in accepted:
            with each, pytest.raises(ConnectionResetError):
                each.recv(1)


@each_pace
def test_a_program_that_comes_late_to_it_asks_as_often_all_the_same(pace: Pace) -> None:
    """On a machine that is busy: the end waits for the last question, and the last question for half as long as the others."""
    with receiver(answer=None) as (mute, received), select.epoll() as watched:
        late = time.monotonic()
        attempt = Try(Round((target(mute, "udp"),)), watched, now=late, timeout=pace.timeout, resend=pace.resend)
        asked = 0
        while not attempt.is_over:
            late = attempt.deadline + 0.15
            attempt.expire(late)
            asked += not attempt.is_over
            assert attempt.is_over or attempt.deadline >= late + pace.resend / 2 - 1e-6  # sums of clocks are not exact

        assert asked == 2
        until("all have come", lambda: len(received) == asked + 1)


@both_families
def test_silence_is_blocked_in_time(family: Family) -> None:
    """TCP whose SYNs are dropped, UDP and DNS that nobody answers, all at once: together no longer than the timeout of one."""
    with silent(family) as port, receiver(family, answer=None) as (mute, received):
        address = LOOPBACK[family]
        started = time.monotonic()
        seen = observe(target(port, address=address), target(mute, "udp", address), target(mute, "dns", address), timeout=0.5)

        assert seen == ["Blocked"] * 3
        assert 0.5 <= time.monotonic() - started < 1.0
        assert len(received) == 4  # each twice, or one that was lost would look the same


@both_families
@pytest.mark.parametrize("answer", [b"yes", b"", bytes(1400)], ids=["short", "empty", "long"])
def test_any_datagram_in_answer_is_reached(family: Family, answer: bytes) -> None:
    """UDP and DNS: whatever comes back has been there and back."""
    with receiver(family, answer) as (port, _):
        assert observe(target(port, "udp", LOOPBACK[family]), target(port, "dns", LOOPBACK[family])) == ["Reached"] * 2


@both_families
def test_a_port_that_is_unreachable_is_blocked(family: Family) -> None:
    """ICMP comes back and no datagram."""
    assert observe(target(unanswered_port(family), "udp", LOOPBACK[family])) == ["Blocked"]


def datagrams() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    bound.settimeout(SECONDS)
    return bound


def test_a_datagram_of_somebody_else_is_no_answer() -> None:
    """Only what comes from the target counts."""
    with datagrams() as mute, datagrams() as stranger, select.epoll() as watched:
        attempt = Try(Round((target(mute.getsockname()[1], "udp"),)), watched, now=time.monotonic(), timeout=0.2)
        question, asking = mute.recvfrom(2048)
        stranger.sendto(b"yes", asking)
        assert not watched.poll(0.2)
        attempt.expire(time.monotonic() + 0.2)

    assert [result.observed for result in attempt.results()] == ["Blocked"]
    assert question == UDP_QUESTION


def test_the_ipv4_mapped_form_is_tried_as_such() -> None:
    """`::ffff:a.b.c.d` is another way to the same host, which a policy for IPv4 has to close as well."""
    with listener() as open_port, refusing() as closed_port:
        assert observe(target(open_port.port, address="::ffff:127.0.0.1"), target(closed_port, address="::FFFF:7f00:1")) == [
            "Reached",
            "Blocked",
        ]


def test_the_ipv4_mapped_form_does_not_need_the_sysctl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where net.ipv6.bindv6only is set, a socket that says nothing has no way to any such address, and all would look closed."""

    class OnlyIPv6(socket.socket):
        def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
            super().__init__(family, type, proto, fileno)
            if fileno is None and self.family == socket.AF_INET6:
                self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as the sysctl would

    with listener() as open_port, monkeypatch.context() as patched:
        patched.setattr("assistant_egress.tries.socket.socket", OnlyIPv6)

        assert observe(target(open_port.port, address="::ffff:127.0.0.1")) == ["Reached"]


def test_a_connection_that_was_reset_at_once_is_reached() -> None:
    """It has been there: a canary that closes fast is no firewall."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept_and_reset() -> None:
            accepted, _ = server.accept()
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()

        (result,) = whole_try(target(server.getsockname()[1]), before_looking=accept_and_reset)

    assert result.observed == "Reached"


def test_a_tcp_target_is_sent_nothing_and_reset() -> None:
    """No byte leaves, and no connection is left behind on either side."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        assert observe(target(server.getsockname()[1])) == ["Reached"]
        accepted, _ = server.accept()
        with accepted, pytest.raises(ConnectionResetError):
            accepted.recv(1)


def test_a_dns_target_is_asked_one_question_with_a_new_number() -> None:
    """For the A record of `kubernetes.default.svc.`, which tells nobody anything."""
    with receiver() as (port, received):
        for _ in range(4):
            assert observe(target(port, "dns")) == ["Reached"]

    numbers = {struct.unpack("!H", question[:2])[0] for question in received}
    assert len(numbers) > 1
    assert {question[2:] for question in received} == {
        bytes.fromhex("0100 0001 0000 0000 0000") + b"\x0akubernetes\x07default\x03svc\x00" + bytes.fromhex("0001 0001")
    }


@contextmanager
def no_file_descriptor() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_try_that_cannot_be_made_is_failed() -> None:
    """Without a file descriptor nothing has been seen, least of all that a path is closed."""
    with refusing() as port, select.epoll() as watched, no_file_descriptor():
        attempt = Try(Round((target(port), target(port, "udp"))), watched, now=time.monotonic())

    assert attempt.is_over
    assert [result.observed for result in attempt.results()] == ["Failed"] * 2


@pytest.mark.parametrize(("number", "observed"), [(errno.EADDRNOTAVAIL, "Blocked"), (errno.EPERM, "Failed")])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_an_error_of_connect_is_looked_up(monkeypatch: pytest.MonkeyPatch, protocol: str, number: int, observed: str) -> None:
    """The family of the target decides what EADDRNOTAVAIL says."""
    monkeypatch.setattr("assistant_egress.tries.socket.socket.connect_ex", lambda *_: number)

    assert observe(target(9, protocol, "fd00:ec2::254")) == [observed]  # type: ignore[arg-type]


def test_a_kernel_without_ipv6_has_no_way_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """socket() itself fails."""

    def refuse(*_: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "no")

    monkeypatch.setattr("assistant_egress.tries.socket.socket", refuse)

    assert observe(target(9, address="fd00:ec2::254"), target(9)) == ["Blocked", "Failed"]


def test_sixty_four_targets_are_one_try() -> None:
    """The most that a round may hold; each result is its own target's, in the round's order."""
    with listener() as open_port, refusing() as closed_port:
        is_open = [number % 3 == 0 for number in range(MAX_TARGETS)]
        asked = [replace(target(open_port.port if each else closed_port), id=f"t{number}") for number, each in enumerate(is_open)]
        results = whole_try(*asked)

    assert [result.id for result in results] == [each.id for each in asked]
    assert [result.observed == "Reached" for result in results] == is_open


def test_an_end_in_between_shows_nothing() -> None:
    """What had no answer when the program ended is Failed, and its socket is closed."""
    with silent() as port, select.epoll() as watched:
        attempt = Try(Round((target(port),)), watched, now=time.monotonic())
        attempt.end()

        assert not attempt.sockets
        assert not watched.poll(0)
    assert [result.observed for result in attempt.results()] == ["Failed"]
