"""A pass-through on the gateway's own server and client, without all that it is for: what is left is the price of the stack."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

import uvloop

from assistant_gateway.neighbours.upstream import Upstream
from assistant_gateway.protocol import server
from assistant_gateway.protocol.certificates import Certificates


class PassThrough:
    """Sends the body on as it came, and the answer back as it comes."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        del scope[server.PEER]
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        answer = await self.upstream.request("POST", scope["path"], body, seconds=60)
        await send({"type": "http.response.start", "status": answer.status, "headers": [(b"content-type", answer.content_type)]})
        while data := await answer.read(60):
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--upstream")
    parser.add_argument("--tls", type=Path)
    parser.add_argument("--port", type=int)
    settings = parser.parse_args()
    certificates = Certificates(settings.tls)
    certificates.load()
    serving = server.make(PassThrough(Upstream(settings.upstream)), "127.0.0.1", settings.port, certificates.context, 1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving.serve())


if __name__ == "__main__":
    main()
