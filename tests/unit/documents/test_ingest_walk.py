"""Walking a folder: what is found, what is refused, and that nothing outside is ever opened."""

import itertools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_documents.ingest.globs import Glob
from assistant_documents.ingest.walk import FileError, FileReason, Folder, Found, Unlisted, Unusable, VanishedError
from assistant_documents.outcome import IngestError, Reason

ALL = (Glob("**"),)


def walked(root: Path, *patterns: str) -> list[Found | Unusable | Unlisted]:
    """Walk a folder to its end."""
    return list(Folder(root, tuple(Glob(pattern) for pattern in patterns) or ALL).walk())


def found(root: Path, *patterns: str) -> list[str]:
    """Return the locators of the files that are found."""
    return [seen.locator for seen in walked(root, *patterns) if isinstance(seen, Found)]


def write(root: Path, *names: str) -> None:
    """Write small files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def read(folder: Folder, locator: str) -> bytes:
    """Open a file by its locator and read it."""
    with os.fdopen(folder.open(locator), "rb") as file:
        return file.read()


def test_files_in_order(folder: Path) -> None:
    """Names decide the order, hidden files are not meant unless they are asked for."""
    write(folder, "b.md", "a/2.md", "a/1.txt", "a/.hidden", ".git/config", "c/d/e/f.md")

    assert found(folder) == ["b.md", "a/1.txt", "a/2.md", "c/d/e/f.md"]
    assert found(folder, "**/*.md") == ["b.md", "a/2.md", "c/d/e/f.md"]
    assert found(folder, ".git/**", "a/.h*") == [".git/config", "a/.hidden"]


def test_a_mounted_config_map(folder: Path) -> None:
    """The kubelet's links are followed, its own folders are not documents twice."""
    write(folder, "..2026_01_01/handbook.md", "..2026_01_01/deep/more.md")
    (folder / "..data").symlink_to("..2026_01_01")
    (folder / "handbook.md").symlink_to("..data/handbook.md")
    (folder / "deep").symlink_to("..data/deep")
    opened = Folder(folder, ALL)

    assert found(folder) == ["handbook.md", "deep/more.md"]
    assert read(opened, "handbook.md") == b"..2026_01_01/handbook.md"
    assert read(opened, "deep/more.md") == b"..2026_01_01/deep/more.md"
    assert found(folder, "**", "**/.*", ".*/**") == ["handbook.md", "deep/more.md"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.txt", "sub/../../outside.txt", "/proc/self/environ"])
def test_links_that_leave_the_folder(folder: Path, target: str) -> None:
    """A link out is not followed, however it is written."""
    write(folder.parent, "outside.txt")
    write(folder, "sub/inside.txt")
    (folder / "link.txt").symlink_to(target)
    opened = Folder(folder, ALL)

    assert found(folder) == ["link.txt", "sub/inside.txt"]
    with pytest.raises(FileError) as caught:
        opened.open("link.txt")
    assert caught.value.reason is FileReason.OUTSIDE_FOLDER


def test_a_linked_folder_outside(folder: Path) -> None:
    """Nothing below it is even listed; the folder beside with a longer name is outside too."""
    write(folder.parent, "source-secrets/key", "elsewhere/key")
    write(folder, "a.txt")
    (folder / "near").symlink_to("../source-secrets")
    (folder / "far").symlink_to(folder.parent / "elsewhere")

    assert walked(folder) == [Found("a.txt"), Unusable(FileReason.OUTSIDE_FOLDER, None), Unusable(FileReason.OUTSIDE_FOLDER, None)]


def test_a_folder_that_becomes_a_link_while_it_is_walked(folder: Path) -> None:
    """What was listed inside is refused when it is opened outside."""
    write(folder, "sub/file.txt")
    write(folder.parent, "outside/file.txt")
    opened = Folder(folder, ALL)
    assert found(folder) == ["sub/file.txt"]
    (folder / "sub").rename(folder / "moved")
    (folder / "sub").symlink_to("../outside")

    with pytest.raises(FileError) as caught:
        opened.open("sub/file.txt")
    assert caught.value.reason is FileReason.OUTSIDE_FOLDER


def test_swapping_a_file_for_a_link_never_gives_the_secret(folder: Path) -> None:
    """Somebody who writes to the volume swaps as fast as can be: every byte that is read is the source's own."""
    (folder.parent / "secret").write_text("SECRET")
    (folder / "file").write_text("own")
    ended = threading.Event()

    def swap() -> None:
        while not ended.is_set():
            for make in (lambda: os.symlink("../secret", folder / "next"), lambda: (folder / "next").write_text("own")):
                make()
                (folder / "next").replace(folder / "file")

    thread = threading.Thread(target=swap)
    thread.start()
    opened = Folder(folder, ALL)
    seen: set[bytes] = set()
    try:
        deadline = time.monotonic() + 20
        for count in itertools.count():
            if time.monotonic() > deadline or (count > 2000 and {b"own", b"OutsideFolder"} <= seen):
                break
            try:
                seen.add(read(opened, "file"))
            except FileError as error:
                seen.add(error.reason.value.encode())
    finally:
        ended.set()
        thread.join()

    assert {b"own", b"OutsideFolder"} <= seen <= {b"own", b"", b"OutsideFolder"}


def test_loops_end(folder: Path) -> None:
    """Links to where one is, and two that lead to each other."""
    write(folder, "a/file.txt")
    (folder / "a" / "self").symlink_to(".")
    (folder / "a" / "up").symlink_to("..")
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    (folder / "b").symlink_to("a")
    opened = Folder(folder, ALL)

    assert found(folder) == ["one", "two", "a/file.txt"]
    for name in ("one", "two"):
        with pytest.raises(FileError) as caught:
            opened.open(name)
        assert caught.value.reason is FileReason.UNREADABLE


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    os.mknod(path, 0o140644)


@pytest.mark.parametrize("make", [_fifo, _socket])
def test_what_is_no_file(folder: Path, make: Callable[[Path], None]) -> None:
    """Nothing waits for the other end of a pipe."""
    make(folder / "x.md")
    opened = Folder(folder, ALL)

    assert walked(folder) == [Unusable(FileReason.NOT_A_FILE, "x.md")]
    with pytest.raises(FileError) as caught:
        opened.open("x.md")
    assert caught.value.reason is FileReason.NOT_A_FILE


def test_names_that_are_no_text(folder: Path) -> None:
    """Names are bytes; those that are not UTF-8 cannot be locators."""
    (Path(os.fsencode(folder).decode()) / os.fsdecode(b"caf\xe9.md")).write_text("x")
    os.mkdir(os.fsencode(folder) + b"/\xff")
    write(folder, "ok.md", "line\nbreak & more?#%00.md")

    seen = walked(folder)

    assert [one for one in seen if isinstance(one, Found)] == [Found("line\nbreak & more?#%00.md"), Found("ok.md")]
    assert [one for one in seen if not isinstance(one, Found)] == [Unusable(FileReason.NAME_UNUSABLE, None)] * 2


def test_what_vanishes(folder: Path) -> None:
    """A file that is gone is not a bad file."""
    write(folder, "a")
    opened = Folder(folder, ALL)
    (folder / "a").unlink()

    for gone in ("a", "a/b", "x/y"):
        with pytest.raises(VanishedError):
            opened.open(gone)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """The source itself: nothing is removed from the store because a mount failed."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(IngestError) as caught:
            Folder(path, ALL)
        assert caught.value.reason is Reason.FOLDER_UNREADABLE


def test_a_tree_too_deep_to_name(folder: Path) -> None:
    """A path longer than the kernel takes is a folder that cannot be read, and the walk goes on."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    write(folder, "z.md")

    seen = walked(folder)

    assert Found("z.md") in seen
    assert any(isinstance(one, Unlisted) for one in seen)


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: not name.startswith(".") and len(name.encode()) < 200
)


@settings(max_examples=50, deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=8))
def test_any_name_is_found_and_opened(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    """Whatever a file is called: it is found once, and its locator opens it."""
    root = tmp_path_factory.mktemp("names")
    for name in names:
        (root / name).write_text(name, newline="")
    opened = Folder(root, ALL)

    assert sorted(found(root)) == sorted(names)
    assert all(read(opened, name) == name.encode() for name in names)
