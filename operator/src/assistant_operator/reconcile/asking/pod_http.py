"""HTTP to pods, bounded in every way: in time, in the length of the answer, in connections; redirects and proxies are never followed.

What is not 200 or not in time is no answer, and no error. Neighbours: polling.py decides whom to ask when.
"""

import contextlib

import aiohttp


class PodHttp:
    """One session with many pods, each of which may be hostile."""

    def __init__(self, port: int, seconds: float, most_bytes: int, connections: int, connect_seconds: float | None = None) -> None:
        """`seconds` are for all of it, `connect_seconds` for the connection to come about."""
        self._port = port
        self._timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=connect_seconds)
        self._most = most_bytes
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def get(self, address: str, path: str) -> bytes | None:
        return await self._send("GET", address, path, None)

    async def post(self, address: str, path: str, body: bytes) -> bytes | None:
        return await self._send("POST", address, path, body)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _send(self, method: str, address: str, path: str, body: bytes | None) -> bytes | None:
        session = self._open()
        host = f"[{address}]" if ":" in address else address
        headers = {"Content-Type": "application/json"} if body is not None else {}
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            url = f"http://{host}:{self._port}{path}"
            async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer:
                if answer.status == 200:
                    return await _body(answer, self._most)
        return None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A connection that the pod has closed meanwhile would cost an answer: none is used twice.
            connector = aiohttp.TCPConnector(limit=self._connections, force_close=True)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, trust_env=False)
        return self._session


async def _body(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the body, cut where it is longer than any answer may be: what is cut is not understood."""
    found = bytearray()
    async for part in answer.content.iter_any():
        found += part
        if len(found) > most:
            break
    return bytes(found[:most])
