"""Answers on the ports that a leak would use, at every address that is not one of ours: the metadata service and the rest of the world.

A test that shows that something is closed is worth as much as its counterpart that shows that the same thing is open without a policy.
"""

import asyncio
from typing import cast

TCP_PORTS = (80, 443, 8080)
UDP_PORTS = (53, 123, 9999)
ANSWER = b"canary\n"


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(ANSWER, addr)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await asyncio.wait_for(reader.readline(), 2)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))
        await writer.drain()
    except (TimeoutError, OSError):
        pass
    finally:
        writer.close()


async def serve_canary() -> None:
    """Listen on every address; the registries and the DNS server listen on one of their own, which takes precedence.

    Every listener of the outside sets SO_REUSEPORT: without it the kernel lets none have a port of which another has all addresses.
    """
    for port in TCP_PORTS:
        await asyncio.start_server(_answer, "0.0.0.0", port, reuse_port=True)
    loop = asyncio.get_running_loop()
    for port in UDP_PORTS:
        await loop.create_datagram_endpoint(_Echo, local_addr=("0.0.0.0", port), reuse_port=True)
