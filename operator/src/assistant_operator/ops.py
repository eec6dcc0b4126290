"""The port for operations: /healthz (alive), /readyz (may count as a replica), /metrics. Plain HTTP, nothing secret, nothing of users'."""

from collections.abc import Callable

from aiohttp import web

from assistant_operator.metrics import CONTENT_TYPE, Metrics


class OpsServer:
    """Serves until it is closed."""

    def __init__(self, metrics: Metrics, is_ready: Callable[[], bool], host: str, port: int) -> None:
        """Is_ready: a standby is ready too, since it can take over; only a replica that starts or ends is not."""
        self._metrics = metrics
        self._is_ready = is_ready
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen, and return the port."""
        app = web.Application()
        app.add_routes([web.get("/healthz", self._healthz), web.get("/readyz", self._readyz), web.get("/metrics", self._show_metrics)])
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n") if self._is_ready() else web.Response(status=503, text="not ready\n")

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})
