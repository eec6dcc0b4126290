"""The files of a source: which there are, and how each is opened without leaving the folder.

Links are followed where they end inside the folder, as a mounted ConfigMap's do, and nowhere else. Whoever may write to a volume may swap a
file for a link at any moment, so what counts is not the path but the file that was opened: the kernel says where it lies. The kubelet's own
entries (names that begin with two dots) are no documents.
"""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from assistant_documents.ingest.globs import Glob
from assistant_documents.outcome import IngestError, Reason

_KUBELET: Final = ".."


class FileReason(StrEnum):
    """Why a file of the source is not in the store; the sidecar's reasons (extraction/protocol.py) stand beside these."""

    TOO_LARGE = "TooLarge"
    OUTSIDE_FOLDER = "OutsideFolder"
    NOT_A_FILE = "NotAFile"
    NAME_UNUSABLE = "NameUnusable"
    UNREADABLE = "Unreadable"
    CHANGING = "Changing"
    UNSUPPORTED = "Unsupported"
    BROKEN = "Broken"
    PERSONAL_DATA_REFUSED = "PersonalDataRefused"
    EMBEDDING_FAILED = "EmbeddingFailed"
    GATEWAY_FAILED = "GatewayFailed"
    REFUSED = "Refused"


class FileError(Exception):
    """One file cannot be had; the message is the reason."""

    def __init__(self, reason: FileReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class VanishedError(Exception):
    """The file is gone."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is meant; whether it can be read shows when it is opened."""

    locator: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """Something that is meant and no document."""

    reason: FileReason
    locator: str | None
    """None where its name cannot be said."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A folder that cannot be read: what the store holds from below it stays."""

    folder: str


class Folder:
    """A source's folder."""

    def __init__(self, root: Path, includes: tuple[Glob, ...]) -> None:
        try:
            self._root = os.path.realpath(root, strict=True)
            os.listdir(self._root)
        except OSError:
            raise IngestError(Reason.FOLDER_UNREADABLE) from None
        self._includes = includes

    def walk(self) -> Iterator[Found | Unusable | Unlisted]:
        """Yield what is meant, in the order of names; every real folder once, linked ones after all others."""
        folders: list[str] = [""]
        linked: list[str] = []
        visited: set[tuple[int, int]] = set()
        while folders or linked:
            relative = folders.pop() if folders else linked.pop()
            entries = self._entries(relative, visited)
            if entries is None:
                yield Unlisted(relative)
                continue
            deeper: list[str] = []
            for entry in entries:
                yield from self._entry(entry, f"{relative}/{entry.name}" if relative else entry.name, deeper, linked)
            folders += reversed(deeper)

    def open(self, locator: str) -> int:
        """Return the opened file; raises FileError and VanishedError."""
        try:
            file = os.open(f"{self._root}/{locator}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                raise VanishedError from None
            raise FileError(FileReason.NOT_A_FILE if error.errno == errno.ENXIO else FileReason.UNREADABLE) from None
        reason = None
        if not self._is_inside(os.readlink(f"/proc/self/fd/{file}")):
            reason = FileReason.OUTSIDE_FOLDER
        elif not stat.S_ISREG(os.fstat(file).st_mode):
            reason = FileReason.NOT_A_FILE
        if reason is not None:
            os.close(file)
            raise FileError(reason)
        return file

    def _entries(self, relative: str, visited: set[tuple[int, int]]) -> "list[os.DirEntry[str]] | None":
        """Return a folder's entries by name, none of one that was there already; None where it cannot be read."""
        path = f"{self._root}/{relative}"
        try:
            found = os.stat(path)
            if (found.st_dev, found.st_ino) in visited:
                return []
            visited.add((found.st_dev, found.st_ino))
            with os.scandir(path) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return None

    def _entry(self, entry: "os.DirEntry[str]", path: str, deeper: list[str], linked: list[str]) -> Iterator[Found | Unusable | Unlisted]:
        if entry.name.startswith(_KUBELET):
            return
        try:
            is_link, is_folder, is_file = entry.is_symlink(), entry.is_dir(), entry.is_file()
        except OSError:
            is_link, is_folder, is_file = False, False, True  # opening it will say what is wrong
        if is_folder:
            if any(glob.may_match_below(path) for glob in self._includes):
                yield from self._folder(path, linked if is_link else deeper, is_link=is_link)
            return
        if not any(glob.matches(path) for glob in self._includes):
            return
        if not _is_sayable(path):
            yield Unusable(FileReason.NAME_UNUSABLE, None)
        elif is_file or is_link:
            yield Found(path)
        else:
            yield Unusable(FileReason.NOT_A_FILE, path)

    def _folder(self, path: str, queue: list[str], *, is_link: bool) -> Iterator[Unusable]:
        if not _is_sayable(path):
            yield Unusable(FileReason.NAME_UNUSABLE, None)
        elif is_link and not self._is_inside(os.path.realpath(f"{self._root}/{path}")):
            yield Unusable(FileReason.OUTSIDE_FOLDER, None)
        else:
            queue.append(path)

    def _is_inside(self, path: str) -> bool:
        return path.startswith(self._root.rstrip("/") + "/")


def _is_sayable(path: str) -> bool:
    """Whether a path is text: names are bytes on disk, and only text can be a locator."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
