"""The outside's DNS server: A records of the names in world.py, "no such name" for everything else; every query is recorded.

Queries are the classical way to carry data out of a closed place, so a test can ask what was looked up.
"""

import asyncio
import socket
import struct
import sys
import time
from typing import cast

from tests.cluster.outside.world import NAMES, Journal

PORT = 53
TYPE_A, CLASS_IN = 1, 1
RESPONSE, RECURSION_AVAILABLE, NO_SUCH_NAME = 0x8000, 0x0080, 3
TIME_TO_LIVE = 5
HEADER = struct.Struct("!HHHHHH")


def question(query: bytes) -> tuple[str, int, int]:
    """Return name and type of a query's question, and where the question ends; ValueError if it has none."""
    labels, position = [], HEADER.size
    while (length := query[position]) != 0:
        if length > 63:
            raise ValueError("a compressed name in a question")
        labels.append(query[position + 1 : position + 1 + length].decode("ascii", "replace"))
        position += 1 + length
    return ".".join(labels).lower(), struct.unpack_from("!H", query, position + 1)[0], position + 5


def answer(query: bytes) -> bytes:
    """Return the response to a query."""
    identity, flags, *_ = HEADER.unpack_from(query)
    name, kind, end = question(query)
    address = NAMES.get(name)
    flags |= RESPONSE | RECURSION_AVAILABLE | (0 if address else NO_SUCH_NAME)
    has_answer = address is not None and kind == TYPE_A
    response = HEADER.pack(identity, flags, 1, int(has_answer), 0, 0) + query[HEADER.size : end]
    if address is not None and has_answer:
        response += struct.pack("!HHHIH", 0xC00C, TYPE_A, CLASS_IN, TIME_TO_LIVE, 4) + socket.inet_aton(address)
    return response


class Server(asyncio.DatagramProtocol):
    """Answers over UDP."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = respond(data, addr[0], self._journal)
        if response is not None:
            self._transport.sendto(response, addr)


def respond(query: bytes, source: str, journal: Journal) -> bytes | None:
    """Record a query and return the response; what is no query gets none."""
    try:
        name, kind, _ = question(query)
        response = answer(query)
    except (ValueError, IndexError, struct.error):
        journal.note(time=time.time(), source=source, malformed=len(query))
        return None
    journal.note(time=time.time(), source=source, name=name, type=kind, found=name in NAMES)
    return response


async def serve_names(host: str, journal: Journal) -> None:
    """Serve over UDP and TCP."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: Server(journal), local_addr=(host, PORT), reuse_port=True)

    async def over_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await asyncio.wait_for(reader.readexactly(2), 5))
                response = respond(await reader.readexactly(length), writer.get_extra_info("peername")[0], journal)
                if response is None:
                    break
                writer.write(struct.pack("!H", len(response)) + response)
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass
        finally:
            writer.close()

    await asyncio.start_server(over_tcp, host, PORT, reuse_port=True)


def query(name: str) -> bytes:
    """Return a query for a name's A records."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return HEADER.pack(0x1234, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", TYPE_A, CLASS_IN)


def ask(server: str, name: str, timeout: float = 1.0) -> bool:
    """Say whether a server knows a name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.sendto(query(name), (server, PORT))
            response = connection.recv(512)
        except OSError:
            return False
    _, flags, _, answers, *_ = HEADER.unpack_from(response)
    return bool(flags & 0xF == 0 and answers > 0)


if __name__ == "__main__":
    # python -m tests.cluster.outside.names SERVER NAME: asked inside the node, by `up`.
    sys.exit(0 if ask(sys.argv[1], sys.argv[2]) else 1)
