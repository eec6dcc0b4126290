"""What programs use for HTTPS, through the proxy: each says CONNECT in its own way."""

import http.client
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.cluster.certificates import SERVER, authority, issue
from tests.unit.egress.proxy.hellos import GOOD
from tests.unit.egress.proxy.running import counts, rules, running
from tests.unit.egress.proxy.upstream import host
from tests.unit.egress.targets import until

Fetch = Callable[[int, str, int, ssl.SSLContext], bytes]


def by_http_client(proxy: int, name: str, port: int, context: ssl.SSLContext) -> bytes:
    """Python's own, which requests and urllib3 are built on; up to 3.11 it says HTTP/1.0, and no Host."""
    connection = http.client.HTTPSConnection("127.0.0.1", proxy, timeout=10, context=context)
    connection.set_tunnel(name, port)
    connection.request("GET", "/")
    body = connection.getresponse().read()
    connection.close()
    return body


def by_httpx(proxy: int, name: str, port: int, context: ssl.SSLContext) -> bytes:
    """What the gateway uses."""
    with httpx.Client(proxy=f"http://127.0.0.1:{proxy}", verify=context, timeout=10) as client:
        return client.get(f"https://{name}:{port}/").content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the host, and the authority that issued it."""
    made = tmp_path_factory.mktemp("tls")
    by = authority("test")
    by.write(made, "ca")
    issue(by, GOOD, SERVER, dns=(GOOD,)).write(made, "tls")
    return made


@pytest.mark.parametrize("fetch", [by_http_client, by_httpx])
def test_a_library_fetches_a_page(folder: Path, fetch: Fetch) -> None:
    """The host's certificate is checked, by its own name."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "tls.crt", folder / "tls.key")

    def serve(opened: socket.socket) -> None:
        with serving.wrap_socket(opened, server_side=True) as tls:
            assert tls.recv(10_000).startswith(b"GET / HTTP/1.1\r\n")
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    with host(serve) as port, running(rules(port)) as proxy:
        assert fetch(proxy.port, GOOD, port, ssl.create_default_context(cafile=folder / "ca.crt")) == b"hello"
        until("it is over", lambda: not proxy.connections)
        assert counts(proxy) == {"allowed/Allowed": 1}


@pytest.mark.parametrize(("fetch", "expected"), [(by_http_client, OSError), (by_httpx, httpx.ProxyError)])
def test_a_library_says_that_a_host_is_refused(fetch: Fetch, expected: type[Exception]) -> None:
    """With the status that it got: whoever wrote the program can see why."""
    with running(rules(443)) as proxy, pytest.raises(expected, match="403"):
        fetch(proxy.port, "evil.example", 443, ssl.create_default_context())
