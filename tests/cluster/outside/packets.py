"""Records what arrives from the node: the first packet of each TCP connection, and every other IPv4 packet that is no part of one.

Reads the wire itself, below every listener and firewall, so it also sees what nobody answers: closed ports, unknown addresses, ICMP.
"""

import ipaddress
import socket
import struct
import time
from dataclasses import dataclass

from tests.cluster.outside.world import Journal

ETHERNET_HEADER = 14
IPV4 = 0x0800
SYN, ACK = 0x02, 0x10
PROTOCOLS = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp", socket.IPPROTO_ICMP: "icmp"}
OUTGOING = 4
"""Packet type of what this side sends itself (linux/if_packet.h)."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What a record says of one packet."""

    protocol: str
    source: str
    destination: str
    port: int
    size: int


def parse(frame: bytes) -> Packet | None:
    """Return what to record of an Ethernet frame; None for later packets of a TCP connection and for what is not IPv4."""
    if len(frame) < ETHERNET_HEADER + 20 or struct.unpack_from("!H", frame, 12)[0] != IPV4:
        return None
    ip = frame[ETHERNET_HEADER:]
    header = (ip[0] & 0x0F) * 4
    number = ip[9]
    protocol = PROTOCOLS.get(number, str(number))
    payload = ip[header:]
    port = 0
    if protocol in ("tcp", "udp") and len(payload) >= 4:
        port = struct.unpack_from("!H", payload, 2)[0]
    if protocol == "tcp" and (len(payload) < 14 or (payload[13] & (SYN | ACK)) != SYN):
        return None
    source, destination = (str(ipaddress.IPv4Address(ip[offset : offset + 4])) for offset in (12, 16))
    return Packet(protocol, source, destination, port, len(ip))


def record_packets(link: str, journal: Journal) -> None:
    """Record for as long as the link lives; runs in a thread of its own."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        wire.bind((link, IPV4))
        while True:
            frame, address = wire.recvfrom(256)
            if address[2] != OUTGOING and (packet := parse(frame)) is not None:
                journal.note(
                    time=time.time(),
                    protocol=packet.protocol,
                    source=packet.source,
                    destination=packet.destination,
                    port=packet.port,
                    size=packet.size,
                )
