"""What the outside's recorder makes of frames on the wire."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cluster.outside.packets import ACK, SYN, Packet, parse

RST = 0x04


def frame(protocol: int, payload: bytes, *, ethertype: int = 0x0800) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0)
    return b"\0" * 12 + struct.pack("!H", ethertype) + header + socket.inet_aton("10.244.0.7") + socket.inet_aton("8.8.8.8") + payload


def tcp(flags: int) -> bytes:
    return struct.pack("!HHIIBBHHH", 40000, 443, 0, 0, 0x50, flags, 0, 0, 0)


def test_the_first_packet_of_a_connection_is_recorded() -> None:
    assert parse(frame(socket.IPPROTO_TCP, tcp(SYN))) == Packet("tcp", "10.244.0.7", "8.8.8.8", 443, 40)


@pytest.mark.parametrize("flags", [ACK, SYN | ACK, RST])
def test_later_packets_of_a_connection_are_not(flags: int) -> None:
    assert parse(frame(socket.IPPROTO_TCP, tcp(flags))) is None


def test_every_datagram_is_recorded_whatever_its_port() -> None:
    assert parse(frame(socket.IPPROTO_UDP, struct.pack("!HHHH", 1, 31337, 8, 0))) == Packet("udp", "10.244.0.7", "8.8.8.8", 31337, 28)


def test_other_protocols_are_recorded_too() -> None:
    assert parse(frame(socket.IPPROTO_ICMP, b"\x08\0\0\0")) == Packet("icmp", "10.244.0.7", "8.8.8.8", 0, 24)
    assert parse(frame(132, b"")) == Packet("132", "10.244.0.7", "8.8.8.8", 0, 20)


def test_what_is_not_ipv4_is_not() -> None:
    assert parse(frame(socket.IPPROTO_TCP, tcp(SYN), ethertype=0x0806)) is None


@given(st.binary(max_size=128))
def test_nonsense_never_raises(data: bytes) -> None:
    parse(data)
    parse(b"\0" * 12 + b"\x08\0" + data)
