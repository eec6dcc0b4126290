"""Room for a model on a volume that holds older ones."""

import os
from pathlib import Path

import pytest

from assistant_model.outcome import ModelError, Reason
from assistant_model.progress import Progress
from assistant_model.pull import pull
from assistant_model.reference import Reference
from assistant_model.registry import Registry
from assistant_model.store import Store
from tests.unit.model.registry_server import Model, Server, digest_of, registry_server, serving
from tests.unit.model.test_pull import QUICK

CAPACITY = (16 << 20) + 1_200_000
"""Room for two models of half a megabyte each, besides the reserve."""


@pytest.fixture(autouse=True)
def small_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the volume be as small as the test needs: what is free is computed from what lies there."""

    def free(volume: object) -> int:
        root: Path = volume.root  # type: ignore[attr-defined]
        return CAPACITY - sum(path.stat().st_size for path in root.rglob("*") if path.is_file())

    monkeypatch.setattr("assistant_model.volume.Volume.free_bytes", free)


def model(number: int) -> Model:
    """Return a model of half a megabyte whose template all of them share."""
    return Model(weights=bytes([number]) * 500_000)


def bring(server: Server, folder: Path, number: int, when: int | None = None) -> None:
    """Pull one more model under a tag of its own; the file's time is what tells which is the newest."""
    server.behaviour.manifest = model(number).manifest
    server.behaviour.blobs |= model(number).blobs
    reference = Reference.parse(server.name(f"tiny:v{number}"))
    with Registry(reference, insecure=True, patience=QUICK) as registry:
        pull(reference, reference.canonical, None, registry, Store(folder), Progress())
    written = folder / reference.manifest_path
    os.utime(written, (when or number, when or number))


def tags(folder: Path) -> set[str]:
    """Return the models on the volume."""
    return {path.name for path in folder.glob("manifests/*/*/*/*")}


def weights(folder: Path) -> set[int]:
    """Return whose weights are on the volume."""
    return {number for number in range(10) if (folder / "blobs" / digest_of(model(number).weights).replace(":", "-")).exists()}


def test_older_models_stay_while_there_is_room(tmp_path: Path) -> None:
    """Changing back to one of them downloads nothing."""
    with registry_server(serving(model(1))) as server:
        bring(server, tmp_path, 1)
        bring(server, tmp_path, 2)

        assert (tags(tmp_path), weights(tmp_path)) == ({"v1", "v2"}, {1, 2})


def test_models_that_are_not_served_go_when_room_is_short(tmp_path: Path) -> None:
    """The newest is what the pods serve: it stays until the next one is complete, and blobs that it shares stay with it."""
    with registry_server(serving(model(1))) as server:
        for number in (1, 2, 3):
            bring(server, tmp_path, number)

        assert (tags(tmp_path), weights(tmp_path)) == ({"v2", "v3"}, {2, 3})
        assert (tmp_path / "blobs" / digest_of(Model().template).replace(":", "-")).exists()


def test_what_is_served_never_goes(tmp_path: Path) -> None:
    """A model that does not fit beside the served one is refused, and the served one is whole."""
    with registry_server(serving(model(1))) as server:
        bring(server, tmp_path, 1)
        large = Model(weights=b"x" * 900_000)
        server.behaviour.manifest, server.behaviour.blobs = large.manifest, large.blobs
        reference = Reference.parse(server.name("tiny:large"))
        with Registry(reference, insecure=True, patience=QUICK) as registry, pytest.raises(ModelError) as caught:
            pull(reference, reference.canonical, None, registry, Store(tmp_path), Progress())

        assert caught.value.reason is Reason.NO_SPACE
        assert (tags(tmp_path), weights(tmp_path)) == ({"v1"}, {1})


def test_what_was_downloaded_of_the_wanted_model_stays(tmp_path: Path) -> None:
    """Making room does not throw away what an interrupted pull has brought already."""
    with registry_server(serving(model(1))) as server:
        bring(server, tmp_path, 1)
        bring(server, tmp_path, 2)
        partial = tmp_path / "partial" / digest_of(model(3).weights).replace(":", "-")
        partial.write_bytes(model(3).weights[:1000])
        (tmp_path / "partial" / ("sha256-" + "0" * 64)).write_bytes(b"old" * 1000)
        bring(server, tmp_path, 3)

        assert server.asked(digest_of(model(3).weights))[0].headers["Range"] == "bytes=1000-"


def test_a_served_manifest_that_cannot_be_read_removes_nothing(tmp_path: Path) -> None:
    """Where it is unknown what is served, everything may be."""
    with registry_server(serving(model(1))) as server:
        bring(server, tmp_path, 1)
        bring(server, tmp_path, 2)
        newest = next(tmp_path.glob("manifests/*/*/*/v2"))
        newest.write_bytes(b"no manifest")
        os.utime(newest, (9, 9))
        with pytest.raises(ModelError):
            bring(server, tmp_path, 3)

        assert (tags(tmp_path), weights(tmp_path)) == ({"v1", "v2"}, {1, 2})


def test_leftovers_without_a_manifest_go(tmp_path: Path) -> None:
    """Blobs of a pull that never became a model are nobody's."""
    with registry_server(serving(model(1))) as server:
        (tmp_path / "blobs").mkdir()
        (tmp_path / "blobs" / ("sha256-" + "0" * 64)).write_bytes(b"x" * 1_000_000)
        bring(server, tmp_path, 1)

        assert (tags(tmp_path), weights(tmp_path)) == ({"v1"}, {1})


def small(number: int) -> Model:
    return Model(weights=bytes([number]) * 250_000)


def test_both_served_models_and_what_the_pull_has_brought_stay(tmp_path: Path) -> None:
    """A model and its embedding model are served until the next two are complete; the one that was served before them goes."""
    references = {}
    with registry_server(serving(small(0))) as server:
        for number in (0, 2, 1, 3, 4):
            server.behaviour.manifest = small(number).manifest
            server.behaviour.blobs |= small(number).blobs
            references[number] = reference = Reference.parse(server.name(f"tiny:v{number}"))
            beside = [references[3]] if number == 4 else []
            with Registry(reference, insecure=True, patience=QUICK) as registry:
                pull(reference, reference.canonical, None, registry, Store(tmp_path), Progress(), beside=beside)
            if number == 1:
                Store(tmp_path).write_complete([references[1], references[2]])

    assert tags(tmp_path) == {"v1", "v2", "v3", "v4"}
    assert Store(tmp_path).read_complete() == {references[1].manifest_path, references[2].manifest_path}


@pytest.mark.parametrize("noted", [b"", b"\xff\x00", b"manifests/gone/library/m/latest"])
def test_a_note_that_says_nothing_leaves_the_newest(tmp_path: Path, noted: bytes) -> None:
    """As for volumes that were filled before there was one."""
    with registry_server(serving(model(1))) as server:
        bring(server, tmp_path, 1)
        (tmp_path / "partial" / "complete").write_bytes(noted)
        for number in (2, 3):
            bring(server, tmp_path, number)

        assert tags(tmp_path) == {"v2", "v3"}
