"""Pulling a model: what arrives, what is refused, what survives interruptions."""

import json
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant_model.auth import Credentials
from assistant_model.check import check
from assistant_model.outcome import ModelError, Reason, Verified
from assistant_model.progress import Progress
from assistant_model.pull import pull
from assistant_model.reference import Reference
from assistant_model.registry import Registry
from assistant_model.store import Store
from assistant_model.transport import Patience
from tests.unit.model.registry_server import WEIGHTS, Behaviour, Handler, Model, Server, digest_of, layer, registry_server, serving

QUICK = Patience(connect=2.0, read=1.0, window=0.3, small=2.0, attempts=3, pause=0.001, longest_pause=0.002)


def pull_from(
    server: Server, folder: Path, *, digest: str | None = None, credentials: Credentials | None = None, progress: Progress | None = None
) -> Verified:
    """Pull the server's model into the folder."""
    reference = Reference.parse(server.name())
    with Registry(reference, insecure=True, credentials=credentials, patience=QUICK) as registry:
        return pull(reference, server.name(), digest, registry, Store(folder), progress or Progress())


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below the folder but the lock."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock"
    }


def expected_files(server: Server, model: Model) -> dict[str, bytes]:
    """Return what Ollama needs, and nothing else."""
    blobs = {f"blobs/{digest.replace(':', '-')}": content for digest, content in model.blobs.items()}
    return blobs | {f"manifests/127.0.0.1:{server.port}/library/tiny/test": model.manifest}


def partial_of(folder: Path, content: bytes) -> Path:
    """Return where a blob lies while it is downloaded."""
    return folder / "partial" / digest_of(content).replace(":", "-")


def assert_refused(server: Server, folder: Path, reason: Reason, **options: Any) -> str:
    """The pull ends for this reason, and no manifest makes the model visible."""
    with pytest.raises(ModelError) as caught:
        pull_from(server, folder, **options)

    assert caught.value.reason is reason
    assert not (folder / "manifests").exists()
    return caught.value.message


def test_the_folder_is_what_ollama_reads(tmp_path: Path) -> None:
    """Manifest and blobs lie where Ollama looks, byte for byte, and nothing else is left; a check agrees."""
    model, progress = Model(), Progress()
    with registry_server(serving(model)) as server:
        outcome = pull_from(server, tmp_path, progress=progress)

        assert outcome == Verified(name=server.name(), digest=model.digest, size_bytes=model.size)
        assert files(tmp_path) == expected_files(server, model)
        assert json.loads(progress.to_json()) == {"completedBytes": model.size, "totalBytes": model.size}
        assert check(Reference.parse(server.name()), server.name(), model.digest, Store(tmp_path), Progress()) == outcome


def test_a_second_pull_downloads_nothing(tmp_path: Path) -> None:
    """Blobs that are there are verified, not fetched."""
    with registry_server(serving(Model())) as server:
        first = pull_from(server, tmp_path)
        asked = len(server.asked("/blobs/"))

        assert pull_from(server, tmp_path) == first
        assert len(server.asked("/blobs/")) == asked


def test_a_pinned_digest_is_compared_before_any_blob(tmp_path: Path) -> None:
    """Another manifest than the pinned one costs nothing and leaves nothing."""
    with registry_server(serving(Model())) as server:
        message = assert_refused(server, tmp_path, Reason.DIGEST_MISMATCH, digest="sha256:" + "0" * 64)

        assert Model().digest in message
        assert not server.asked("/blobs/")
        assert files(tmp_path) == {}


def test_the_pinned_digest_is_accepted(tmp_path: Path) -> None:
    """The digest is the sha256 of the manifest's bytes as served."""
    model = Model()
    with registry_server(serving(model)) as server:
        assert pull_from(server, tmp_path, digest=model.digest).digest == model.digest


def test_a_cut_connection_is_resumed(tmp_path: Path) -> None:
    """The next connection asks for the rest only."""
    model = Model()
    cuts = [len(model.config), 200_000, 100_000]
    with registry_server(serving(model, cut_after=cuts)) as server:
        pull_from(server, tmp_path)

        asked = [request.headers.get("Range") for request in server.asked(digest_of(model.weights))]
        assert asked == [None, "bytes=200000-", "bytes=300000-"]
        assert files(tmp_path) == expected_files(server, model)


def test_a_killed_pull_is_resumed(tmp_path: Path) -> None:
    """What kill -9 left in the partial file is hashed and continued."""
    model = Model()
    partial = partial_of(tmp_path, model.weights)
    partial.parent.mkdir()
    partial.write_bytes(model.weights[:123_456])
    with registry_server(serving(model)) as server:
        pull_from(server, tmp_path)

        assert [request.headers.get("Range") for request in server.asked(digest_of(model.weights))] == ["bytes=123456-"]
        assert files(tmp_path) == expected_files(server, model)


def test_a_complete_partial_file_needs_no_request(tmp_path: Path) -> None:
    """Killed between the last byte and the move: nothing is asked for again."""
    model = Model()
    partial = partial_of(tmp_path, model.weights)
    partial.parent.mkdir()
    partial.write_bytes(model.weights)
    with registry_server(serving(model)) as server:
        pull_from(server, tmp_path)

        assert server.asked(digest_of(model.weights)) == []
        assert files(tmp_path) == expected_files(server, model)


@pytest.mark.parametrize("left", [b"x" * 100_000, b"x" * 10_000_000], ids=["spoilt", "longer than the blob"])
def test_a_spoilt_partial_file_is_started_again(tmp_path: Path, left: bytes) -> None:
    """A power failure may leave anything: the hash finds it, and the download starts from nothing."""
    model = Model()
    partial = partial_of(tmp_path, model.weights)
    partial.parent.mkdir()
    partial.write_bytes(left)
    with registry_server(serving(model)) as server:
        progress = Progress()
        pull_from(server, tmp_path, progress=progress)

        assert files(tmp_path) == expected_files(server, model)
        assert progress.completed_bytes == model.size


def test_a_registry_without_ranges_is_started_again(tmp_path: Path) -> None:
    """A 200 in place of a 206 replaces what was there; it is not appended to it."""
    model = Model()
    with registry_server(serving(model, ranges=False, cut_after=[len(model.config), 200_000])) as server:
        pull_from(server, tmp_path)

        assert files(tmp_path) == expected_files(server, model)


def test_a_registry_without_ranges_that_always_cuts_ends(tmp_path: Path) -> None:
    """Bytes that were had before are no progress: the tries are counted."""
    model = Model()
    with registry_server(serving(model, ranges=False, cut_after=[len(model.config)] + [200_000] * 50)) as server:
        assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)

        assert len(server.asked(digest_of(model.weights))) < 8


def test_a_range_that_starts_elsewhere_is_not_written(tmp_path: Path) -> None:
    """A registry that answers with other bytes than were asked for is tried again, then given up."""
    model = Model()

    def wrong_range(handler: Handler) -> bool:
        if "Range" not in handler.headers:
            return False
        handler.reply(206, model.weights[10:], {"Content-Range": f"bytes 10-{len(model.weights) - 1}/{len(model.weights)}"})
        return True

    with registry_server(serving(model, cut_after=[len(model.config), 200_000], intercept=wrong_range)) as server:
        assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)

    assert partial_of(tmp_path, model.weights).read_bytes() == model.weights[:200_000]


def test_a_spoilt_blob_on_the_volume_is_fetched_again(tmp_path: Path) -> None:
    """Blobs that are there are hashed: one flipped byte and the blob is downloaded anew."""
    model = Model()
    with registry_server(serving(model)) as server:
        pull_from(server, tmp_path)
        blob = tmp_path / "blobs" / digest_of(model.weights).replace(":", "-")
        blob.write_bytes(b"x" + model.weights[1:])

        progress = Progress()
        pull_from(server, tmp_path, progress=progress)

        assert files(tmp_path) == expected_files(server, model)
        assert progress.completed_bytes == model.size


def test_a_wrong_blob_is_never_kept(tmp_path: Path) -> None:
    """Right length, wrong bytes: tried twice, then the registry is to blame, and nothing of it stays."""
    model = Model()
    blobs = model.blobs | {digest_of(model.weights): b"x" * len(model.weights)}
    with registry_server(serving(model, blobs=blobs)) as server:
        assert_refused(server, tmp_path, Reason.BLOB_CORRUPT)

        assert len(server.asked(digest_of(model.weights))) == 2
        assert partial_of(tmp_path, model.weights).read_bytes() == b""


def test_a_longer_blob_is_cut_off(tmp_path: Path) -> None:
    """A blob longer than its manifest says fills no disk."""
    model = Model()
    blobs = model.blobs | {digest_of(model.weights): model.weights + b"x" * 5_000_000}
    with registry_server(serving(model, blobs=blobs)) as server:
        assert_refused(server, tmp_path, Reason.BLOB_CORRUPT)

    assert partial_of(tmp_path, model.weights).stat().st_size <= len(model.weights)


def test_a_shorter_blob_is_no_blob(tmp_path: Path) -> None:
    """A blob that ends early, however politely, is never complete."""
    model = Model()
    blobs = model.blobs | {digest_of(model.weights): model.weights[:-1]}
    with registry_server(serving(model, blobs=blobs)) as server:
        with pytest.raises(ModelError) as caught:
            pull_from(server, tmp_path)

        assert caught.value.reason in (Reason.REGISTRY_UNREACHABLE, Reason.BLOB_CORRUPT)
        assert not (tmp_path / "manifests").exists()


def test_a_blob_that_the_registry_lacks(tmp_path: Path) -> None:
    """The manifest lists it, the registry does not have it."""
    model = Model()
    with registry_server(serving(model, blobs={digest_of(model.config): model.config})) as server:
        assert_refused(server, tmp_path, Reason.BLOB_CORRUPT)


def test_a_model_that_runs_elsewhere_is_not_downloaded(tmp_path: Path) -> None:
    """The configuration is read before the weights: prompts would go to another machine."""
    model = Model(config=b'{"remote_host":"https://ollama.com","remote_model":"m"}')
    with registry_server(serving(model)) as server:
        assert_refused(server, tmp_path, Reason.NOT_A_MODEL)
        assert_refused(server, tmp_path, Reason.NOT_A_MODEL)

        assert not server.asked(digest_of(model.weights))


def test_an_absent_model(tmp_path: Path) -> None:
    """404 is an answer, not a failure to be tried again. It names the model, since an assistant may have two, and says what to do."""
    with registry_server(Behaviour(manifest_status=404)) as server:
        message = assert_refused(server, tmp_path, Reason.MODEL_NOT_FOUND)

        assert len(server.requests) == 1
        assert Reference.parse(server.name()).canonical in message
        assert "correct its name or tag" in message


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_failures_are_tried_again(tmp_path: Path, status: int) -> None:
    """A registry that is busy or restarting costs a pause."""
    with registry_server(serving(Model(), failures=[status, status])) as server:
        assert pull_from(server, tmp_path).digest == Model().digest


def test_lasting_failures_end(tmp_path: Path) -> None:
    """After the tries that patience allows, the Job's own back-off takes over."""
    with registry_server(serving(Model(), failures=[503] * 100)) as server:
        assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)

        assert len(server.requests) == QUICK.attempts


def test_an_unknown_status_is_said(tmp_path: Path) -> None:
    """What no rule knows ends the try and names the status."""
    with registry_server(Behaviour(manifest_status=418)) as server:
        assert "418" in assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)


def test_nothing_listens(tmp_path: Path) -> None:
    """A registry that is not there."""
    with registry_server(Behaviour()) as server:
        pass

    assert_refused(server, tmp_path, Reason.REGISTRY_UNREACHABLE)


def test_no_space_is_said_before_downloading(tmp_path: Path) -> None:
    """The manifest's sizes are compared with what is free."""
    changes = {"layers": [layer(WEIGHTS, b"x") | {"size": 1 << 45}]}
    model = Model(changes=changes)
    with registry_server(serving(model)) as server:
        assert_refused(server, tmp_path, Reason.NO_SPACE)

        assert not server.asked("/blobs/")


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other writers may fill the volume meanwhile; what was written is kept for the next try."""
    model = Model()
    monkeypatch.setattr("assistant_model.volume.Volume.free_bytes", lambda _: None)
    with registry_server(serving(model)) as server:
        with files_limited_to(300_000):
            assert_refused(server, tmp_path, Reason.NO_SPACE)

        assert partial_of(tmp_path, model.weights).read_bytes() == model.weights[:300_000]


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A volume that leads elsewhere is not written through."""
    volume, elsewhere = tmp_path / "volume", tmp_path / "elsewhere"
    volume.mkdir()
    elsewhere.mkdir()
    (volume / "blobs").symlink_to(elsewhere)
    with registry_server(serving(Model())) as server:
        assert_refused(server, volume, Reason.VOLUME_UNUSABLE)

    assert list(elsewhere.iterdir()) == []


def test_a_pipe_on_the_volume_hangs_nothing(tmp_path: Path) -> None:
    """A special file where a blob is expected is refused, not waited for."""
    model = Model()
    (tmp_path / "blobs").mkdir()
    os.mkfifo(tmp_path / "blobs" / digest_of(model.config).replace(":", "-"))
    with registry_server(serving(model)) as server:
        assert_refused(server, tmp_path, Reason.VOLUME_UNUSABLE)


def test_two_pulls_do_not_meet(tmp_path: Path) -> None:
    """While one pull holds the volume, another waits and then gives up."""
    store = Store(tmp_path)
    with store.lock(), pytest.raises(ModelError) as caught, Store(tmp_path).lock(wait=0.01):
        pass

    assert caught.value.reason is Reason.VOLUME_BUSY


def test_what_other_downloads_left_is_swept(tmp_path: Path) -> None:
    """A complete pull leaves no partial files of models that nobody wants any more."""
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / ("sha256-" + "0" * 64)).write_bytes(b"old")
    with registry_server(serving(Model())) as server:
        pull_from(server, tmp_path)

        assert files(tmp_path) == expected_files(server, Model())


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let the kernel refuse to write longer files: no disk has to be filled for a test."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
