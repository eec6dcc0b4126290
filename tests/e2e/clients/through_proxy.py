"""Run inside a pod: make requests through the proxy of its environment, proper ones and others, and print what became of them as JSON.

usage: python3 - AUTHORITY ATTEMPTS < through_proxy.py     (AUTHORITY: PEM of whom to trust)
ATTEMPTS is JSON: [{"ask": URL}, ...] for a request by the standard library, which reads HTTPS_PROXY itself; or
[{"connect": "HOST:PORT", "host": Host of the CONNECT, "method": instead of CONNECT, "name": of the handshake, "" for one without}], where
without "name" there is no handshake.
Answers: {"status": of the request or of the CONNECT, "code": of a refusal, "answer": JSON from the far end, None where nothing came}.
"""

import http.client
import json
import os
import socket
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SECONDS = 20.0
PROXY = urllib.parse.urlsplit(os.environ.get("HTTPS_PROXY", ""))
TRUST = ssl.create_default_context(cadata=sys.argv[1])
ANYBODY = ssl.create_default_context()
ANYBODY.check_hostname, ANYBODY.verify_mode = False, ssl.CERT_NONE


def ask(url: str) -> dict[str, object]:
    try:
        with urllib.request.urlopen(url, context=TRUST, timeout=SECONDS) as answer:
            return {"status": answer.status, "answer": json.load(answer)}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "answer": None}
    except OSError as error:  # a proxy's refusal has the status in its text
        return {"status": next((int(word) for word in str(error).split() if word.isdigit()), 0), "answer": None}


def connect(target: str, host: str | None = None, method: str = "CONNECT", name: str | None = None) -> dict[str, object]:
    with to_proxy() as plain:
        plain.sendall(f"{method} {target} HTTP/1.1\r\nHost: {host or target}\r\n\r\n".encode())
        lines = plain.makefile("rb")
        status = int((lines.readline().split() or [b"", b"0"])[1])
        length = 0
        while header := lines.readline().strip():
            if header.lower().startswith(b"content-length:"):
                length = int(header.split(b":")[1])
        if status != 200:
            return {"status": status, "code": json.loads(lines.read(length))["error"]["code"], "answer": None}
        try:
            return {"status": status, "answer": far_end(plain, name)}
        except (OSError, ValueError, http.client.HTTPException):
            return {"status": status, "answer": None}


def to_proxy() -> socket.socket:
    """Connect to the proxy; while its Service has no pod, as one takes over from another, that is refused, and tried again."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            return socket.create_connection((PROXY.hostname, PROXY.port), SECONDS)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)  # before the next try


def far_end(plain: socket.socket, name: str | None) -> object:
    """Return what answers at the tunnel's other end."""
    tunnel = plain if name is None else ANYBODY.wrap_socket(plain, server_hostname=name or None)
    tunnel.sendall(b"GET /v2/ HTTP/1.1\r\nHost: far.example.test\r\n\r\n")
    with http.client.HTTPResponse(tunnel) as answer:
        answer.begin()
        return json.load(answer)


print(json.dumps([ask(one["ask"]) if "ask" in one else connect(one.pop("connect"), **one) for one in json.loads(sys.argv[2])]))
