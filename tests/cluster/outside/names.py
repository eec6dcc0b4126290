"""The outside's DNS server: A records of the model registries, "no such name" for everything else; every query is recorded.

Queries are the classical way to carry data out of a closed place, so a test can ask what was looked up.
"""

import asyncio
import socket
import struct
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
