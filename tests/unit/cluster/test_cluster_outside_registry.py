"""The outside's model registry, on the loopback: what clients of the public one rely on, and what tests can make it do."""

import hashlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.outside.registry import AUTHORIZED, Registry
from tests.cluster.outside.world import PUBLIC_BLOBS, PUBLIC_REGISTRY, Journal, Outside
from tests.cluster.shell import wait_until

BLOB = bytes(range(256)) * 8192  # two mebibytes
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
MANIFEST = b'{"schemaVersion": 2}\n'
OTHER = b'{"schemaVersion": 2, "other": true}\n'
BLOB_PATH = f"/v2/library/smollm2/blobs/{DIGEST}"


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    models = tmp_path / "models"
    tags = models / "manifests" / PUBLIC_REGISTRY / "library" / "smollm2"
    tags.mkdir(parents=True)
    (tags / "135m").write_bytes(MANIFEST)
    (tags / "alt").write_bytes(OTHER)
    (models / "blobs").mkdir()
    (models / "blobs" / DIGEST.replace(":", "-")).write_bytes(BLOB)
    outside = Outside(tmp_path / "outside")
    outside.prepare(models)
    return outside


class Client:
    """One registry and requests to it."""

    def __init__(self, registry: Registry, trust: ssl.SSLContext | None) -> None:
        self._port, self._trust = registry.server_address[1], trust

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = (
            http.client.HTTPSConnection("localhost", self._port, timeout=10, context=self._trust)
            if self._trust
            else http.client.HTTPConnection("localhost", self._port, timeout=10)
        )
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            try:
                return answer, answer.read()
            except http.client.IncompleteRead as error:
                return answer, error.partial
        finally:
            connection.close()


def serving(outside: Outside, *, tls: bool = False, credentials: bool = False) -> Iterator[Client]:
    journal = Journal(outside.log("registry"))
    registry = Registry(("127.0.0.1", 0), outside, journal, tls=tls, credentials=credentials)
    registry.daemon_threads = False  # closing waits for the connections: none outlives its test
    thread = threading.Thread(target=registry.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    trust = ssl.create_default_context(cafile=str(outside.authority)) if tls else None
    if trust is not None:
        trust.check_hostname = False  # it is the registry's own name that the certificate has
    yield Client(registry, trust)
    registry.shutdown()
    thread.join()
    registry.server_close()
    journal.close()


@pytest.fixture
def plain(outside: Outside) -> Iterator[Client]:
    yield from serving(outside)


@pytest.fixture
def secured(outside: Outside) -> Iterator[Client]:
    yield from serving(outside, tls=True)


@pytest.fixture
def closed(outside: Outside) -> Iterator[Client]:
    yield from serving(outside, credentials=True)


def test_a_manifest_comes_as_it_lies_there_by_tag_and_by_digest(plain: Client) -> None:
    by_tag, body = plain.get("/v2/library/smollm2/manifests/135m")
    digest = by_tag.headers["Docker-Content-Digest"]
    _, by_digest = plain.get(f"/v2/library/smollm2/manifests/{digest}")

    assert body == by_digest == MANIFEST
    assert digest == f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


@pytest.mark.parametrize("path", ["/v2/library/other/manifests/135m", "/v2/library/smollm2/manifests/none", "/v2/a/b/blobs/sha256:0", "/"])
def test_what_is_not_there_is_a_404(plain: Client, path: str) -> None:
    answer, _ = plain.get(path)

    assert answer.status == 404


@pytest.mark.parametrize("path", ["/v2/../../secret/manifests/x", "/v2/library/smollm2/manifests/../../../../x", "/v2/a/../blobs/sha256:0"])
def test_no_path_leads_out_of_the_folder(plain: Client, path: str) -> None:
    answer, _ = plain.get(path)

    assert answer.status == 404


def test_a_blob_comes_whole_or_in_ranges(plain: Client) -> None:
    whole, body = plain.get(BLOB_PATH)
    part, middle = plain.get(BLOB_PATH, Range="bytes=1000-1999")
    _, rest = plain.get(BLOB_PATH, Range=f"bytes={len(BLOB) - 5}-")
    beyond, _ = plain.get(BLOB_PATH, Range=f"bytes={len(BLOB)}-")

    assert (whole.status, body) == (200, BLOB)
    assert (part.status, middle, part.headers["Content-Range"]) == (206, BLOB[1000:2000], f"bytes 1000-1999/{len(BLOB)}")
    assert rest == BLOB[-5:]
    assert beyond.status == 416


def test_the_public_registry_sends_downloads_to_another_host(secured: Client) -> None:
    answer, _ = secured.get(BLOB_PATH, Host=PUBLIC_REGISTRY)
    there, body = secured.get(BLOB_PATH, Host=PUBLIC_BLOBS)

    assert (answer.status, answer.headers["Location"]) == (307, f"https://{PUBLIC_BLOBS}{BLOB_PATH}")
    assert (there.status, body) == (200, BLOB)


def test_credentials_are_asked_for_and_checked(closed: Client) -> None:
    without, _ = closed.get("/v2/library/smollm2/manifests/135m")
    wrong, _ = closed.get("/v2/library/smollm2/manifests/135m", Authorization="Basic d3Jvbmc6d3Jvbmc=")
    right, _ = closed.get("/v2/library/smollm2/manifests/135m", Authorization=AUTHORIZED)

    assert (without.status, wrong.status, right.status) == (401, 401, 200)


def test_a_cut_download_ends_early(plain: Client, outside: Outside) -> None:
    with outside.behaving(cut_after=300_000):
        _, body = plain.get(BLOB_PATH)

    assert 0 < len(body) <= 300_000
    assert body == BLOB[: len(body)]


def test_a_spoiled_blob_differs_in_one_byte(plain: Client, outside: Outside) -> None:
    with outside.behaving(corrupt=True):
        _, body = plain.get(BLOB_PATH)

    assert len(body) == len(BLOB)
    assert sum(a != b for a, b in zip(body, BLOB, strict=True)) == 1


def test_a_slow_registry_is_slow(plain: Client, outside: Outside) -> None:
    begin = time.monotonic()
    with outside.behaving(rate=1_000_000):
        plain.get(BLOB_PATH, Range="bytes=0-199999")

    assert time.monotonic() - begin > 0.15


def test_a_broken_registry_says_503_and_a_moved_tag_serves_the_other(plain: Client, outside: Outside) -> None:
    with outside.behaving(broken=True):
        broken, _ = plain.get("/v2/library/smollm2/manifests/135m")
    with outside.behaving(moved_to="alt"):
        _, moved = plain.get("/v2/library/smollm2/manifests/135m")

    assert broken.status == 503
    assert moved == OTHER


def test_it_behaves_as_before_when_a_test_fails(plain: Client, outside: Outside) -> None:
    with pytest.raises(RuntimeError), outside.behaving(broken=True):
        raise RuntimeError

    answer, _ = plain.get("/v2/")
    assert answer.status == 200


def test_every_request_is_recorded_without_its_credentials(closed: Client, outside: Outside) -> None:
    begin = time.time()
    closed.get(BLOB_PATH, Authorization=AUTHORIZED, Range="bytes=0-9")

    # A record is written after the last byte was sent.
    wait_until("the request is recorded", lambda: bool(outside.records("registry", since=begin)), 5, interval=0.01)
    (record,) = outside.records("registry", since=begin)
    assert (record["method"], record["path"], record["status"], record["bytes"], record["authorized"]) == ("GET", BLOB_PATH, 206, 10, True)
    assert AUTHORIZED not in json.dumps(record)


def test_no_name_is_looked_up_at_the_start(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no DNS out there; the standard library's server asks it for its own name and waits."""
    monkeypatch.setattr("socket.getfqdn", lambda *_: pytest.fail("looked up"))
    journal = Journal(outside.log("registry"))

    Registry(("127.0.0.1", 0), outside, journal).server_close()

    journal.close()
