"""What stands between the real operator and the real API server: an HTTP proxy that tells of every call and spoils some.

The operator speaks plain HTTP to it, and it speaks to the API server with the operator's certificate, so rights and audit are as in life.

    with proxied(cluster, OPERATOR) as proxy:
        proxy.spoil = lambda call: Fault.LOST if call.verb == "POST" else None
        Running(proxy.kubeconfig, ...)
"""

import asyncio
import json
import ssl
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from tests.cluster.apiserver import ApiServer
from tests.cluster.certificates import CLIENT, issue, write_secret
from tests.integration.running import connections_closed

HOST = "127.0.0.1"
LARGEST = 16 * 2**20
RETRY_AFTER = 1
"""Seconds, the least that the header can say."""
_HOP = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Fault(Enum):
    """How a call fails."""

    CONFLICT = "409, nothing was done"
    THROTTLED = "429 with Retry-After, nothing was done"
    ERROR = "500, nothing was done"
    DROPPED = "the connection ended, nothing was done"
    LOST = "the connection ended, it was done"
    LATE = "no answer at all, it was done"
    EXPIRED = "410 in the stream of a watch, whose version is too old"


OF_CALLS = tuple(fault for fault in Fault if fault is not Fault.EXPIRED)
"""Those that any call may meet."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the operator has made."""

    verb: str
    path: str
    """Without query."""
    name: str
    """Of the object that it is about; the assistant's for an Event."""
    is_watch: bool
    body: bytes

    @property
    def is_write(self) -> bool:
        return self.verb in WRITES


Spoil = Callable[[Call], Fault | None]
Hold = Callable[[Call], Awaitable[None]]


async def _go_on(_call: Call) -> None:
    """Hold nothing up."""


class Proxy:
    """One proxy; its functions may be exchanged at any time."""

    def __init__(self, cluster: ApiServer, user: str, group: str = "") -> None:
        self.calls: list[Call] = []
        self.spoil: Spoil = lambda _call: None
        self.before: Hold = _go_on
        """Awaited before a call is sent on."""
        self.after: Hold = _go_on
        """Awaited when the API server has answered, before the operator is."""
        self.made: dict[str, list[Any]] = {}
        """Every object that a POST has made, by its path: what the API server answered, whether the operator heard it or not."""
        self.answers: Counter[int] = Counter()
        self.watches: set[asyncio.Task[Any]] = set()
        self.port = 0
        self.kubeconfig = cluster.folder / f"proxied-{id(self)}.kubeconfig"
        self.loop = asyncio.new_event_loop()
        self._url = cluster.url
        self._trust = _trust(cluster, user, group)
        self._ready = threading.Event()
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name="proxy", daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)
        cluster = {"name": "proxy", "cluster": {"server": f"http://{HOST}:{self.port}"}}
        context = {"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}
        document = {"apiVersion": "v1", "kind": "Config", "current-context": "proxy", "clusters": [cluster], "contexts": [context]}
        write_secret(self.kubeconfig, json.dumps({**document, "users": [{"name": "nobody", "user": {}}]}).encode())

    def stop(self) -> None:
        assert self._end is not None
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def end_watches(self) -> None:
        """End every stream that is open, as a load balancer or an API server that goes away does."""
        self.loop.call_soon_threadsafe(lambda: [task.cancel() for task in self.watches])

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = web.Server(self._handle)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        self.port = runner.addresses[0][1]
        connector = aiohttp.TCPConnector(ssl=self._trust, limit=0)
        forever = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False, timeout=forever) as self._session:
            self._ready.set()
            await self._end.wait()
            for task in list(self.watches):
                task.cancel()
            await runner.cleanup()
        await connections_closed()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read(LARGEST) if request.can_read_body else b""
        call = Call(request.method, request.path, _name(request, body), "watch" in request.query, body)
        self.calls.append(call)
        fault = self.spoil(call)
        if fault in _REFUSALS:
            return _refused(fault)
        await self.before(call)
        if fault is Fault.DROPPED:
            return _hang_up(request)
        if fault is Fault.EXPIRED:
            return web.Response(body=json.dumps({"type": "ERROR", "object": _EXPIRED}) + "\n", content_type="application/json")
        if call.is_watch:
            return await self._stream(request) if fault is None else _hang_up(request)
        status, headers, answer = await self._forward(request, body)
        if call.verb == "POST" and status == 201:
            self.made.setdefault(f"{call.path}/{call.name}", []).append(json.loads(answer))
        await self.after(call)
        if fault is Fault.LOST:
            return _hang_up(request)
        if fault is Fault.LATE:
            await asyncio.sleep(3600)  # until the operator hangs up
        self.answers[status] += 1
        return web.Response(status=status, headers=headers, body=answer)

    async def _forward(self, request: web.BaseRequest, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers, own = _kept(request.headers), ("Content-Type",)  # the session's own, which it would send where there is no body, too
        call = self._session.request(request.method, self._target(request), headers=headers, data=body or None, skip_auto_headers=own)
        async with call as answer:
            return answer.status, _kept(answer.headers), await answer.read()

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self.watches.add(task)
        try:
            async with self._session.get(self._target(request), headers=_kept(request.headers)) as answer:
                told = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
                await told.prepare(request)
                async for chunk in answer.content.iter_any():
                    await told.write(chunk)
        except (aiohttp.ClientError, ConnectionError, asyncio.CancelledError):
            return _hang_up(request)
        finally:
            self.watches.discard(task)
        return told

    def _target(self, request: web.BaseRequest) -> URL:
        return URL(self._url + request.path_qs, encoded=True)


def _trust(cluster: ApiServer, user: str, group: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=cluster.authority.certificate_pem.decode())
    issue(cluster.authority, user, CLIENT, organization=group).write(cluster.folder, "proxied")
    context.load_cert_chain(cluster.folder / "proxied.crt", cluster.folder / "proxied.key")
    return context


def _kept(headers: Any) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key.lower() not in _HOP}


def _name(request: web.BaseRequest, body: bytes) -> str:
    if request.method == "POST":
        made = json.loads(body)
        return str((made.get("regarding") or made["metadata"])["name"])
    parts = request.path.strip("/").split("/")
    parts = parts[:-1] if parts[-1] == "status" else parts
    at = parts.index("namespaces") + 3 if "namespaces" in parts else len(parts)
    return parts[at] if len(parts) > at else ""


_REFUSALS = {Fault.CONFLICT: (409, "Conflict"), Fault.THROTTLED: (429, "TooManyRequests"), Fault.ERROR: (500, "InternalError")}


_EXPIRED = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410, "message": "made up: too old"}


def _refused(fault: Fault | None) -> web.Response:
    status, reason = _REFUSALS[fault or Fault.ERROR]
    headers = {"Retry-After": str(RETRY_AFTER)} if status == 429 else {}
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status, "message": f"made up: {reason}"}
    return web.json_response(told, status=status, headers=headers)


def _hang_up(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@contextmanager
def proxied(cluster: ApiServer, user: str, group: str = "") -> Iterator[Proxy]:
    """Run a proxy that speaks to the API server as the user."""
    proxy = Proxy(cluster, user, group)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
