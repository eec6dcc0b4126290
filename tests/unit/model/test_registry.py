"""The registry client: who gets credentials, where redirects lead, what a hostile server can do."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant_model.auth import Credentials
from assistant_model.manifest import MAX_MANIFEST
from assistant_model.outcome import ModelError, Reason
from assistant_model.reference import Reference
from assistant_model.registry import Registry
from assistant_model.transport import TransientError
from tests.unit.model.registry_server import (
    Behaviour,
    Handler,
    Model,
    digest_of,
    registry_server,
    serving,
    tls_server_context,
    write_certificate,
)
from tests.unit.model.test_pull import QUICK, assert_refused, expected_files, files, pull_from

USER = Credentials("robot", "correct horse battery staple")
PASSWORDS = ("correct horse", "Y29ycmVjdCBob3JzZ", "secret-signature")


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Passwords, tokens and signed links are in no log line of any test here, libraries' included."""
    caplog.set_level(logging.DEBUG, "assistant_model")
    yield
    lines = [record for record in caplog.records if record.name.startswith("assistant_model")]
    assert not [secret for secret in (*PASSWORDS, "t0ken") if any(secret in str(record.__dict__) for record in lines)]


def test_basic_credentials_are_sent_when_asked_for(tmp_path: Path) -> None:
    """The first request goes without: a registry that asks for nothing gets nothing."""
    with registry_server(serving(Model(), basic=("robot", USER.password))) as server:
        pull_from(server, tmp_path, credentials=USER)

        assert "Authorization" not in server.requests[0].headers
        assert server.requests[1].headers["Authorization"].startswith("Basic ")


def test_a_token_is_got_for_the_repository_alone(tmp_path: Path) -> None:
    """The scope is ours: the challenge of this registry asks for pushing everywhere."""
    with registry_server(serving(Model(), bearer="t0ken", basic=("robot", USER.password))) as server:
        pull_from(server, tmp_path, credentials=USER)

        (asked,) = server.asked("/token")
        assert "scope=repository%3Alibrary%2Ftiny%3Apull" in asked.path or "scope=repository:library/tiny:pull" in asked.path
        assert "push" not in asked.path
        assert "service=models" in asked.path
        assert all(request.headers["Authorization"] == "Bearer t0ken" for request in server.asked("/blobs/"))


def test_a_token_is_got_without_credentials(tmp_path: Path) -> None:
    """Public registries hand tokens to anyone."""
    with registry_server(serving(Model(), bearer="t0ken")) as server:
        pull_from(server, tmp_path)

        assert "Authorization" not in server.asked("/token")[0].headers


def test_an_expired_token_is_renewed(tmp_path: Path) -> None:
    """Half an hour of downloading outlives many tokens."""
    model = Model()
    behaviour = serving(model, bearer="t0ken")

    def expire(handler: Handler) -> bool:
        if digest_of(model.weights) in handler.path:
            behaviour.bearer = "t0ken-2"
        return False

    behaviour.intercept = expire
    with registry_server(behaviour) as server:
        pull_from(server, tmp_path)

        assert len(server.asked("/token")) == 2


@pytest.mark.parametrize("bearer", [None, "t0ken"])
@pytest.mark.parametrize("credentials", [None, Credentials("robot", "wrong")])
def test_refused_credentials_are_terminal(tmp_path: Path, bearer: str | None, credentials: Credentials | None) -> None:
    """Trying a wrong password six times locks accounts."""
    with registry_server(serving(Model(), bearer=bearer, basic=("robot", USER.password))) as server:
        assert_refused(server, tmp_path, Reason.UNAUTHORIZED, credentials=credentials)

        assert len(server.requests) <= 3


def test_forbidden_is_terminal(tmp_path: Path) -> None:
    """403 of the registry itself."""
    with registry_server(Behaviour(manifest_status=403)) as server:
        assert_refused(server, tmp_path, Reason.UNAUTHORIZED)


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b"{}", b'{"token": 5}', b'{"token": "a\\r\\nX-Evil: 1"}', b'{"token": ""}', b"[" * 100_000]
)
def test_a_token_that_is_none(tmp_path: Path, body: bytes) -> None:
    """Nothing that a token service says gets into a header unless it looks like a token."""

    def garbage(handler: Handler) -> bool:
        if handler.path.startswith("/token"):
            handler.reply(200, body)
            return True
        return False

    with registry_server(serving(Model(), bearer="t0ken", intercept=garbage)) as server:
        assert_refused(server, tmp_path, Reason.UNAUTHORIZED)


@pytest.mark.parametrize("realm", ["", "ftp://127.0.0.1/token", "http://user:pw@127.0.0.1/token", "http://[", "http://\x7f/"])
def test_a_realm_that_is_none(tmp_path: Path, realm: str) -> None:
    """Credentials go to HTTP servers only."""
    with registry_server(serving(Model(), bearer="t0ken", realm=realm or None)) as server:
        if not realm:
            server.behaviour.realm = " "
        with pytest.raises(ModelError):
            pull_from(server, tmp_path, credentials=USER)


def test_redirects_lead_without_credentials(tmp_path: Path) -> None:
    """Blobs lie on another host, which never sees the token; resuming goes through the registry again."""
    model = Model()
    with registry_server(serving(model, bearer="t0ken", cut_after=[len(model.config), 200_000])) as server:
        server.behaviour.redirect_blobs = server.other_url
        pull_from(server, tmp_path)

        stored = server.asked("/storage/")
        assert [request.headers.get("Range") for request in stored] == [None, None, "bytes=200000-", None]
        assert all("Authorization" not in request.headers and request.host.startswith("localhost") for request in stored)
        assert files(tmp_path) == expected_files(server, model)


def test_expired_links_are_made_anew(tmp_path: Path) -> None:
    """403 of the blob storage means an old link, not wrong credentials."""
    with registry_server(serving(Model(), storage_failures=[403, 403])) as server:
        server.behaviour.redirect_blobs = server.other_url
        pull_from(server, tmp_path)


@pytest.mark.parametrize(
    "location", ["", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http://u:p@127.0.0.1/", "http://[::1", "//"]
)
def test_redirects_to_nowhere(tmp_path: Path, location: str) -> None:
    """A redirect is followed to HTTP servers only."""

    def redirect(handler: Handler) -> bool:
        handler.reply(302, headers={"Location": location})
        return True

    with registry_server(Behaviour(intercept=redirect)) as server:
        assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)


def test_no_redirect_brings_credentials(tmp_path: Path) -> None:
    """They would be sent with the next request, to wherever the registry says."""

    def redirect(handler: Handler) -> bool:
        handler.reply(302, headers={"Location": server.url.replace("://", "://u:p@")})
        return True

    with registry_server(Behaviour(intercept=redirect)) as server:
        assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)

        assert len(server.requests) == 1


@pytest.mark.parametrize("where", ["blobs", "tokens"])
def test_a_host_that_the_pull_does_not_know_is_said(tmp_path: Path, where: str) -> None:
    """The pull's pod has no DNS: trying again would not help, and the message says what is the matter."""
    with registry_server(serving(Model())) as server:
        if where == "blobs":
            server.behaviour.redirect_blobs = "http://blobs.invalid"
        else:
            server.behaviour.bearer, server.behaviour.realm = "t0ken", "http://tokens.invalid/token"

        assert "another host" in assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)


def test_redirect_loops_end(tmp_path: Path) -> None:
    """A registry that sends in circles is left."""

    def loop(handler: Handler) -> bool:
        handler.reply(302, headers={"Location": handler.path})
        return True

    with registry_server(Behaviour(intercept=loop)) as server:
        assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)

        assert len(server.requests) == 6


def test_a_huge_manifest_is_not_read(tmp_path: Path) -> None:
    """Memory is not the registry's to fill."""
    with registry_server(Behaviour(manifest=b" " * (MAX_MANIFEST + 1))) as server:
        assert "answer is larger" in assert_refused(server, tmp_path, Reason.NOT_A_MODEL)


def test_an_encoded_answer_is_not_decoded(tmp_path: Path) -> None:
    """No encoding was accepted, so a bomb of one is never unpacked."""
    with registry_server(serving(Model(), manifest_headers={"Content-Encoding": "gzip"})) as server:
        assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)


@contextmanager
def raw_server(answer: bytes, pause: float = 0.0) -> Iterator[str]:
    """Answer every connection with these bytes, one every `pause` seconds; yields a reference to a model there."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(connection: socket.socket) -> None:
        try:
            with connection:
                connection.recv(65536)
                for byte in (answer[i : i + 1] for i in range(len(answer))) if pause else (answer,):
                    connection.sendall(byte)
                    time.sleep(pause)
        except OSError:
            return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}/library/tiny:test"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


GARBAGE = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "no headers": b"HTTP/1.1 200 OK\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    "a status without end": b"HTTP/1.1 " + b"2" * 300_000,
    "TLS where there is none": b"\x15\x03\x01\x00\x02\x02\x16",
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_no_answer(answer: bytes) -> None:
    """Whatever listens there: an error that quotes none of it."""
    with (
        raw_server(answer) as name,
        Registry(Reference.parse(name), insecure=True, patience=QUICK) as registry,
        pytest.raises((TransientError, ModelError)) as caught,
    ):
        registry.manifest()

    assert not [part for part in ("SSH", "hello", "X: y", "222") if part in str(caught.value)]


def test_a_drip_is_silence() -> None:
    """One byte now and then keeps a connection open, but not the pull."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + b"x" * 4000
    with (
        raw_server(answer, pause=0.005) as name,
        Registry(Reference.parse(name), insecure=True, patience=QUICK) as registry,
        pytest.raises(TransientError, match="too slow"),
    ):
        registry.manifest()


@pytest.mark.parametrize("trusted", [True, False])
def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    """TLS is the default, and the bundle in SSL_CERT_FILE decides whom to trust."""
    certificate, key = write_certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    else:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with (
        registry_server(serving(Model()), tls_server_context(certificate, key)) as server,
        Registry(Reference.parse(server.name()), patience=QUICK) as registry,
    ):
        if trusted:
            assert registry.manifest() == Model().manifest
            return
        with pytest.raises(ModelError, match="certificate is not trusted"):
            registry.manifest()


def test_tls_is_not_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with TLS that redirects to plain HTTP is not followed."""
    certificate, key = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    model = Model()
    with (
        registry_server(serving(model)) as plain,
        registry_server(serving(model, redirect_blobs=plain.url), tls_server_context(certificate, key)) as server,
        Registry(Reference.parse(server.name()), patience=QUICK) as registry,
    ):
        from assistant_model.manifest import Manifest

        with pytest.raises(ModelError, match="leads away from TLS"), registry.blob(Manifest.parse(model.manifest).config, 0):
            pass
        assert plain.requests == []


def test_a_missing_bundle_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle that cannot be read trusts nobody; it does not fall back to trusting more."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/ca.crt")

    with pytest.raises(ModelError, match="CA bundle"):
        Registry(Reference.parse("tiny"))


def test_proxies_and_netrc_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment cannot lead the pull elsewhere."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with registry_server(serving(Model())) as server:
        pull_from(server, tmp_path)


@pytest.mark.parametrize("entries", [{}, {"username": "u"}, {"username": "", "password": "p"}, {"username": "a:b", "password": "p"}])
def test_incomplete_credentials(tmp_path: Path, entries: dict[str, str]) -> None:
    """A Secret without its entries is said to be so."""
    for name, value in entries.items():
        (tmp_path / name).write_text(value)

    with pytest.raises(ModelError) as caught:
        Credentials.read(tmp_path)

    assert caught.value.reason is Reason.UNAUTHORIZED


def test_credentials_are_read_and_not_shown(tmp_path: Path) -> None:
    """One line end is an editor's, spaces are the password's; the password is in no repr."""
    (tmp_path / "username").write_text("robot\n")
    (tmp_path / "password").write_text(" pass word \n")

    credentials = Credentials.read(tmp_path)

    assert (credentials.username, credentials.password) == ("robot", " pass word ")
    assert "pass word" not in repr(credentials)
