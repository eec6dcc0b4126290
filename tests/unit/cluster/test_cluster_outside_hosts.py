"""The outside's web server, on the loopback: what it answers, and what it records of a connection."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.outside.hosts import Hosts
from tests.cluster.outside.world import WEB_HOST, WEB_NEIGHBOUR, Journal, Outside
from tests.cluster.shell import wait_until


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    outside = Outside(tmp_path / "outside")
    outside.prepare(tmp_path / "models")
    return outside


@pytest.fixture
def address(outside: Outside) -> Iterator[tuple[str, int]]:
    journal = Journal(outside.log("hosts"))
    server = Hosts(("127.0.0.1", 0), outside, journal)
    server.daemon_threads = False  # so that closing waits for them
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield ("127.0.0.1", server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()
    journal.close()


def recorded(outside: Outside) -> list[dict[str, Any]]:
    """Return what is recorded once something is, without what differs from run to run."""
    wait_until("a connection is recorded", lambda: bool(outside.records("hosts")), 5, interval=0.01, quiet=True)
    return [{name: value for name, value in record.items() if name not in ("time", "source")} for record in outside.records("hosts")]


def test_it_says_by_which_names_it_was_asked(address: tuple[str, int], outside: Outside) -> None:
    """Of the handshake and of the request, which may differ; over one connection as often as one likes."""
    trust = ssl.create_default_context(cafile=str(outside.authority))
    connection = http.client.HTTPSConnection(*address)
    connection.sock = trust.wrap_socket(socket.create_connection(address, 5), server_hostname=WEB_HOST)

    for host in (WEB_HOST, WEB_NEIGHBOUR):
        connection.request("GET", "/", headers={"Host": host})
        assert json.load(connection.getresponse()) == {"name": WEB_HOST, "host": host}
    connection.close()

    assert recorded(outside) == [{"spoke": True, "name": WEB_HOST, "requests": 2}]


def test_a_connection_without_a_word_is_recorded_as_that(address: tuple[str, int], outside: Outside) -> None:
    """Who connects and says nothing has sent nothing: what a proxy does that refuses afterwards."""
    socket.create_connection(address, 5).close()

    assert recorded(outside) == [{"spoke": False, "name": "", "requests": 0}]


def test_what_is_no_tls_has_spoken(address: tuple[str, int], outside: Outside) -> None:
    """One byte is enough."""
    with socket.create_connection(address, 5) as connection:
        connection.sendall(b"G")

    assert recorded(outside) == [{"spoke": True, "name": "", "requests": 0}]
