"""Ingestion against the source API: what is sent, skipped, removed, counted, and what becomes of faults."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant_documents.ingest.gateway import Gateway as Client
from assistant_documents.ingest.globs import Glob
from assistant_documents.ingest.http import Patience
from assistant_documents.ingest.run import PARALLEL, ingest
from assistant_documents.ingest.walk import Folder
from assistant_documents.outcome import Done, IngestError, Reason
from tests.support.waiting import until
from tests.unit.documents.source_api import Gateway, Handler, Request, check_source_api, serving

QUICK = Patience(connect=2, answer=5, window=3, attempts=3, pause=0.01, longest_pause=0.05)


def run(gateway: Gateway, folder: Path, *patterns: str, patience: Patience = QUICK) -> Done:
    """Ingest the folder."""
    client = Client(gateway.url, gateway.authority, gateway.key_file, gateway.source, patience)
    return ingest(folder, tuple(Glob(pattern) for pattern in patterns) or (Glob("**"),), client)


def write(folder: Path, **files: str) -> None:
    """Write files; a double underscore in a name is a slash, a single one a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def once(status: int, code: str, method: str = "PUT", times: int = 1, **headers: str) -> Callable[[Handler, Request], bool]:
    """Return an interceptor that refuses the first requests of a method."""
    left = [times]

    def intercept(handler: Handler, request: Request) -> bool:
        if request.method != method or not left[0]:
            return False
        left[0] -= 1
        handler.refuse(status, code, **headers)
        return True

    return intercept


def test_the_fake_keeps_the_contract(gateway: Gateway) -> None:
    """What the tests below talk to behaves as the real gateway has to."""
    check_source_api(gateway.url, gateway.authority, gateway.key, gateway.source)


def test_new_changed_unchanged_and_vanished(gateway: Gateway, folder: Path) -> None:
    """The store follows the folder, and is told no more than it has to be."""
    write(folder, a_md="one", b__c_txt="two", d_html="<p>three</p>")
    assert run(gateway, folder) == Done(documents=3, stored=3, unchanged=0, removed=0, chunks=3)
    gateway.requests.clear()

    write(folder, a_md="changed")
    (folder / "d.html").unlink()
    done = run(gateway, folder)

    assert done == Done(documents=2, stored=1, unchanged=1, removed=1, chunks=1)
    assert gateway.documents == {"a.md": b"changed", "b/c.txt": b"two"}
    asked = [(request.method, request.locator) for request in gateway.requests]
    assert [asked[0], asked[1], asked[-1]] == [("GET", None), ("POST", None), ("POST", None)]
    assert sorted(asked[2:-1]) == [("DELETE", "d.html"), ("PUT", "a.md")]
    assert gateway.runs[-1] == {"state": "finished", "documents": 2, "chunks": 1, "failed": {}}


def test_includes_decide_and_what_is_no_longer_meant_goes(gateway: Gateway, folder: Path) -> None:
    """Narrower globs remove documents as a deleted file does."""
    write(folder, a_md="one", b_txt="two", sub__c_md="three")
    run(gateway, folder)

    assert run(gateway, folder, "*.md").removed == 2
    assert set(gateway.documents) == {"a.md"}


def test_names_travel_whole(gateway: Gateway, folder: Path) -> None:
    """Locators are any text."""
    names = ["a b&c=d?e#f%2f.md", "ünïcode ☃/é.md", "line\nbreak.md", "plus+.md", "quote'\".md"]
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)

    run(gateway, folder)

    assert gateway.documents == {name: name.encode() for name in names}
    assert run(gateway, folder).unchanged == len(names)


def test_one_bad_file_never_stops_a_source(gateway: Gateway, folder: Path) -> None:
    """Each failure is counted by its reason, the others are stored; no file's name is in what is reported."""
    answers = {
        "a.md": (422, "document_unreadable", {"X_Assistant_Reason": "Encrypted"}),
        "b.md": (422, "document_unreadable", {}),
        "c.md": (415, "unsupported_document", {}),
        "d.md": (413, "document_too_large", {}),
        "e.md": (502, "embedding_failed", {}),
        "f.md": (500, "internal_error", {}),
        "g.md": (400, "invalid_request", {"X_Assistant_Reason": "not a word"}),
        "h.md": (422, "personal_data_refused", {}),
    }

    def intercept(handler: Handler, request: Request) -> bool:
        if request.locator not in answers:
            return False
        status, code, headers = answers[request.locator]
        handler.refuse(status, code, **headers)
        return True

    gateway.intercept = intercept
    for name in [*answers, "z.md"]:
        (folder / name).write_text(name)

    done = run(gateway, folder)

    reasons = ["Encrypted", "Broken", "Unsupported", "TooLarge", "EmbeddingFailed", "GatewayFailed", "Refused", "PersonalDataRefused"]
    expected = dict.fromkeys(reasons, 1)
    assert done.failed == expected
    assert (done.stored, done.documents) == (1, 1)
    assert gateway.runs[-1]["failed"] == expected
    assert len(gateway.asked("PUT")) == 7 + 2 * QUICK.attempts  # only what may pass is tried again


def test_a_document_that_is_refused_now_takes_its_old_version_along(gateway: Gateway, folder: Path) -> None:
    """The store never holds what a file said before; where only the gateway failed it does until the next run."""
    write(folder, bad_md="old", weak_md="old")
    run(gateway, folder)
    write(folder, bad_md="new", weak_md="new")

    def intercept(handler: Handler, request: Request) -> bool:
        if request.method == "PUT":
            handler.refuse(*((422, "document_unreadable") if request.locator == "bad.md" else (502, "embedding_failed")))
        return request.method == "PUT"

    gateway.intercept = intercept
    done = run(gateway, folder)

    assert gateway.documents == {"weak.md": b"old"}
    assert (done.removed, done.documents, done.failed) == (1, 1, {"Broken": 1, "EmbeddingFailed": 1})


def test_the_limit_that_the_gateway_gives(gateway: Gateway, folder: Path) -> None:
    """A file that is too large is not even read, and what the store had of it goes."""
    write(folder, a_md="x" * 100, b_md="y" * 101)
    run(gateway, folder)
    gateway.max_bytes = 100
    gateway.requests.clear()

    done = run(gateway, folder)

    assert (done.failed, done.removed, done.documents) == ({"TooLarge": 1}, 1, 1)
    assert gateway.asked("PUT") == []


def test_a_large_file_that_is_refused_before_it_was_read(gateway: Gateway, folder: Path) -> None:
    """The gateway answers from the header alone and hangs up; the answer is heard or the file is given up, and the rest goes on."""

    def before_body(handler: Handler) -> bool:
        if int(handler.headers.get("Content-Length", "0")) < 1 << 20:
            return False
        handler.refuse(413, "document_too_large", Connection="close")
        handler.close_connection = True
        return True

    gateway.before_body = before_body
    (folder / "a.bin").write_bytes(os.urandom(8 << 20))
    write(folder, b_md="small")

    done = run(gateway, folder)

    assert done.stored == 1
    assert set(done.failed) <= {"TooLarge", "GatewayFailed"}
    assert sum(done.failed.values()) == 1


def test_links_and_odd_things_are_counted(gateway: Gateway, folder: Path) -> None:
    """What the walk refuses is in the report, and nothing of it at the gateway."""
    (folder.parent / "secret").write_text("SECRET")
    (folder / "link.md").symlink_to("../secret")
    (folder / "dir").symlink_to("..")
    os.mkfifo(folder / "pipe.md")
    write(folder, ok_md="fine")
    gateway.documents["link.md"] = b"from before it was a link"

    done = run(gateway, folder)

    assert done.failed == {"NotAFile": 1, "OutsideFolder": 2}
    assert gateway.documents == {"ok.md": b"fine"}


def test_a_folder_that_cannot_be_read_keeps_its_documents(gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the volume is no deletion."""
    write(folder, a_md="a", sub__b_md="b", sub__c__d_md="d", subx_md="x")
    run(gateway, folder)
    (folder / "subx.md").unlink()
    scandir = os.scandir

    def failing(path: Any) -> Any:
        if str(path).endswith("/sub"):
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr("assistant_documents.ingest.walk.os.scandir", failing)
    done = run(gateway, folder)

    assert set(gateway.documents) == {"a.md", "sub/b.md", "sub/c/d.md"}
    assert (done.documents, done.removed, done.failed) == (3, 1, {"Unreadable": 1})


def test_a_file_that_cannot_be_read_keeps_its_document(gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is an error in the middle of a file."""
    write(folder, a_md="a", b_md="b")
    run(gateway, folder)
    write(folder, a_md="changed")

    def failing(file: int, size: int, offset: int) -> bytes:
        raise OSError

    monkeypatch.setattr("assistant_documents.ingest.run.os.pread", failing)
    done = run(gateway, folder)

    assert set(gateway.documents) == {"a.md", "b.md"}
    assert (done.documents, done.failed) == (2, {"Unreadable": 2})


def test_a_file_that_vanishes_between_listing_and_reading(gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone, not bad, and so is its document."""
    write(folder, a_md="a", b_md="b")
    run(gateway, folder)
    opening = Folder.open

    def late(self: Folder, locator: str) -> int:
        if locator == "a.md":
            (folder / "a.md").unlink()
        return opening(self, locator)

    monkeypatch.setattr(Folder, "open", late)
    done = run(gateway, folder)

    assert (done.removed, done.failed) == (1, {})
    assert set(gateway.documents) == {"b.md"}


@pytest.mark.parametrize("size", [10, 5 << 20])
def test_a_file_that_changes_while_it_is_sent(gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """What the gateway gets is what the file was at one time; a file that changes all the time is counted, and never stored torn."""
    path = folder / "a.md"
    path.write_bytes(b"A" * size)
    reads, real = [0], os.pread

    def changing(file: int, count: int, offset: int) -> bytes:
        block = real(file, count, offset)
        if offset == 0:
            reads[0] += 1
            if reads[0] == 2:  # hashed, and now sent
                path.write_bytes(b"B" * size)
        return block

    monkeypatch.setattr("assistant_documents.ingest.run.os.pread", changing)
    assert run(gateway, folder).stored == 1
    assert gateway.documents == {"a.md": b"B" * size}

    ended = threading.Event()

    def scribble() -> None:
        with path.open("r+b") as file:
            while not ended.is_set():
                file.seek(0)
                file.write(os.urandom(8))
                file.flush()

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        done = run(gateway, folder)
    finally:
        ended.set()
        thread.join()
    assert done.failed == {"Changing": 1} or done.stored == 1
    assert gateway.documents["a.md"][8:] == b"B" * (size - 8)


def test_a_file_that_grows_and_shrinks_in_place(gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The length that was announced is the length that is sent, or nothing is."""
    path = folder / "a.md"
    path.write_bytes(b"A" * 300_000)
    real, sizes = os.pread, [400_000, 100_000, 0, 5]

    def changing(file: int, count: int, offset: int) -> bytes:
        if offset == 131_072 and sizes:
            os.truncate(path, sizes.pop())
        return real(file, count, offset)

    monkeypatch.setattr("assistant_documents.ingest.run.os.pread", changing)
    run(gateway, folder)

    assert run(gateway, folder).failed == {}
    assert len(gateway.documents["a.md"]) == path.stat().st_size


def test_a_gateway_that_is_not_ready_is_waited_for(gateway: Gateway, folder: Path) -> None:
    """503 and 429, at any request, cost time and nothing else."""
    write(folder, a_md="a")
    answered = [0]

    def intercept(handler: Handler, request: Request) -> bool:
        answered[0] += 1
        if answered[0] % 3:
            handler.refuse(503 if answered[0] % 3 == 1 else 429, "not_ready", Retry_After="0")
        return answered[0] % 3 != 0

    gateway.intercept = intercept

    assert run(gateway, folder).stored == 1
    assert [run["state"] for run in gateway.runs] == ["started", "finished"]


def test_retry_after_is_kept(gateway: Gateway, folder: Path) -> None:
    """The gateway knows best when it will have room."""
    write(folder, a_md="a")
    gateway.intercept = once(429, "rate_limited", Retry_After="1")
    started = time.monotonic()

    assert run(gateway, folder).stored == 1
    assert time.monotonic() - started >= 0.5


def test_a_gateway_that_restarts_midway(tls_folder: Path, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Connections break, nobody listens for a while, then it refuses, then it serves: every file arrives, none twice in the store."""
    caplog.set_level(logging.INFO)
    gateway = Gateway()
    for number in range(60):
        (folder / f"{number:03}.md").write_text(str(number))

    is_down = threading.Event()

    def breaking(handler: Handler, request: Request) -> bool:
        asked = len(gateway.asked("PUT"))
        if asked >= 22:
            is_down.wait(20)  # a connection that is open would be served on, whoever listens
        if asked == 20 or asked >= 22:
            raise ConnectionError
        return False

    gateway.intercept = breaking
    result: list[Done] = []
    with serving(gateway, tls_folder):
        port = int(gateway.url.rpartition(":")[2])
        thread = threading.Thread(target=lambda: result.append(run(gateway, folder, patience=Patience(2, 5, 20, 3, 0.02, 0.1))))
        thread.start()
        deadline = time.monotonic() + 20
        while len(gateway.asked("PUT")) < 22 and time.monotonic() < deadline:
            time.sleep(0.005)
    is_down.set()
    until("it is found that nobody listens", lambda: "waiting for the gateway" in caplog.text)
    gateway.intercept = once(503, "not_ready", times=5)
    with serving(gateway, tls_folder, port):
        thread.join(30)

    assert result[0].stored + result[0].unchanged == 60
    assert result[0].failed == {}
    assert gateway.documents == {f"{number:03}.md": str(number).encode() for number in range(60)}


def test_a_file_that_the_gateway_dies_of(gateway: Gateway, folder: Path) -> None:
    """It is given up after a few tries; the others are stored."""

    def breaking(handler: Handler, request: Request) -> bool:
        if request.locator == "poison.md":
            raise ConnectionError
        return False

    gateway.intercept = breaking
    write(folder, a_md="a", poison_md="p", z_md="z")
    done = run(gateway, folder)

    assert (done.stored, done.failed) == (2, {"GatewayFailed": 1})
    assert gateway.asked("PUT").count("poison.md") <= QUICK.attempts * 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": "another"}, Reason.KEY_REFUSED),
        ({"source": "another"}, Reason.SOURCE_UNKNOWN),
        ({"intercept": lambda handler, request: handler.refuse(403, "wrong_role") or True}, Reason.KEY_REFUSED),
        ({"intercept": lambda handler, request: handler.refuse(400, "documents_not_configured") or True}, Reason.SOURCE_UNKNOWN),
        ({"intercept": lambda handler, request: handler.refuse(503, "store_unavailable") or True}, Reason.GATEWAY_NOT_READY),
        ({"intercept": lambda handler, request: handler.refuse(500, "internal_error") or True}, Reason.GATEWAY_FAILED),
        ({"intercept": lambda handler, request: handler.answer({"data": "nonsense"}) or True}, Reason.GATEWAY_FAILED),
        (
            {"intercept": lambda handler, request: handler.answer({"data": [{"locator": "x", "sha256": "zz"}]}) or True},
            Reason.GATEWAY_FAILED,
        ),
    ],
)
def test_what_ends_a_run(gateway: Gateway, folder: Path, change: dict[str, Any], reason: Reason) -> None:
    """Each cause has its reason."""
    write(folder, a_md="a")
    client = Client(gateway.url, gateway.authority, gateway.key_file, gateway.source, Patience(2, 5, 0.2, 2, 0.01, 0.05))
    for name, value in change.items():
        setattr(gateway, name, value)

    with pytest.raises(IngestError) as caught:
        ingest(folder, (Glob("**"),), client)

    assert caught.value.reason is reason
    assert gateway.documents == {}


def test_nobody_listens_and_nobody_is_trusted(gateway: Gateway, folder: Path, tmp_path: Path) -> None:
    """Addresses and certificates have reasons of their own."""
    short = Patience(1, 1, 0.2, 2, 0.01, 0.05)
    with serving(Gateway(), tmp_path) as other:
        stranger = Client(gateway.url, other.authority, gateway.key_file, gateway.source, short)
        with pytest.raises(IngestError) as untrusted:
            ingest(folder, (Glob("**"),), stranger)
        other_url = other.url
    with pytest.raises(IngestError) as unreachable:
        ingest(folder, (Glob("**"),), Client(other_url, gateway.authority, gateway.key_file, gateway.source, short))
    with pytest.raises(IngestError) as plain:
        Client(gateway.url.replace("https", "http"), gateway.authority, gateway.key_file, gateway.source)

    assert untrusted.value.reason is Reason.GATEWAY_CERTIFICATE_INVALID
    assert unreachable.value.reason is plain.value.reason is Reason.GATEWAY_UNREACHABLE
    assert gateway.requests == []


def test_a_key_that_is_rotated_midway(gateway: Gateway, folder: Path) -> None:
    """A refused key is read again before it is given up."""
    write(folder, a_md="a", b_md="b")

    def rotate(handler: Handler, request: Request) -> bool:
        if request.method == "POST" and not gateway.runs:
            gateway.key = "rotated"
            gateway.key_file.write_text("rotated\n")
        return False

    gateway.intercept = rotate

    assert run(gateway, folder).stored == 2


def test_sources_with_names_of_others_are_not_reached(gateway: Gateway, folder: Path) -> None:
    """A source's name is one segment of the path, whatever is in it."""
    client = Client(gateway.url, gateway.authority, gateway.key_file, "../handbook", QUICK)

    with pytest.raises(IngestError) as caught:
        ingest(folder, (Glob("**"),), client)
    assert caught.value.reason is Reason.SOURCE_UNKNOWN


def test_a_huge_folder(gateway: Gateway, folder: Path) -> None:
    """10,000 small files: one request each and three more, over two kept connections and the run's own, two at a time; then three."""
    for number in range(10_000):
        path = folder / f"{number % 100:02}" / f"{number:05}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"number {number}")

    done = run(gateway, folder)

    assert (done.stored, done.failed) == (10_000, {})
    assert len(gateway.requests) == 10_003
    assert gateway.connections == 3
    assert gateway.most_at_once == PARALLEL
    gateway.requests.clear()
    assert run(gateway, folder).unchanged == 10_000
    assert [request.method for request in gateway.requests] == ["GET", "POST", "POST"]


def test_connections_that_the_gateway_closes_are_opened_again(gateway: Gateway, folder: Path) -> None:
    """An idle connection that is gone is no failure."""

    def closing(handler: Handler, request: Request) -> bool:
        handler.close_connection = True  # says nothing about it in the answer
        return False

    gateway.intercept = closing
    for number in range(20):
        (folder / f"{number}.md").write_text(str(number))

    assert run(gateway, folder, patience=Patience(2, 5, 3, 1, 0.01, 0.05)).stored == 20
    assert len(gateway.asked("PUT")) == 20
