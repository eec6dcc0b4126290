"""Sockets bound to every address, in both families."""

import errno
import socket

import pytest

from assistant_egress import endpoints
from assistant_egress.endpoints import bound

KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


@pytest.mark.parametrize("kind", KINDS)
def test_both_families_have_the_same_port(kind: socket.SocketKind) -> None:
    """IPv4's own socket first; neither blocks."""
    sockets = bound(0, kind)
    try:
        assert [each.family for each in sockets] == [socket.AF_INET, socket.AF_INET6]
        assert len({each.getsockname()[1] for each in sockets}) == 1
        assert not any(each.getblocking() for each in sockets)
    finally:
        for each in sockets:
            each.close()


def failing(number: int, monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Let IPv6 fail; returns the sockets that are made for IPv4."""
    original = endpoints._bind
    made: list[socket.socket] = []

    def bind(family: socket.AddressFamily, port: int, kind: socket.SocketKind) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(number, "no")
        made.append(original(family, port, kind))
        return made[-1]

    monkeypatch.setattr(endpoints, "_bind", bind)
    return made


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_machine_without_ipv6_has_ipv4_alone(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel has none, or the pod."""
    made = failing(number, monkeypatch)

    assert bound(0, socket.SOCK_STREAM) == made
    made[0].close()


def test_a_port_that_is_taken_in_one_family_is_not_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left open, and nobody listens on half of it."""
    made = failing(errno.EADDRINUSE, monkeypatch)

    with pytest.raises(OSError, match="no"):
        bound(0, socket.SOCK_STREAM)

    assert made[0].fileno() == -1
