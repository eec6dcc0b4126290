"""Files below the models folder, opened without following any link.

The volume may be somebody else's (a claim), and the process that serves it may see more than whoever filled it: a link in it could lead
anywhere. So every step of a path is opened from the folder before it, and only regular files and folders count.

Neighbour: store.py, which knows what the folders mean.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from assistant_model.outcome import ModelError, Reason

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe must not hang the open; it is refused right after

_MESSAGES: Final = {
    errno.ENOSPC: (Reason.NO_SPACE, "The volume is full."),
    errno.EDQUOT: (Reason.NO_SPACE, "The volume's quota is used up."),
    errno.EFBIG: (Reason.NO_SPACE, "The volume takes no file of this size."),
    errno.EROFS: (Reason.VOLUME_UNUSABLE, "The volume is read-only."),
    errno.EACCES: (Reason.VOLUME_UNUSABLE, "Files on the volume are closed to the pod's user (65532): check their owner and mode."),
    errno.EPERM: (Reason.VOLUME_UNUSABLE, "Files on the volume are closed to the pod's user (65532): check their owner and mode."),
}
_LINKS: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO})
_NOT_REGULAR: Final = "The volume holds a link or a special file where a folder or file of the model is expected."


@contextmanager
def volume_errors() -> Iterator[None]:
    """Turn errors of the file system into outcomes; an absent file stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _LINKS:
            raise ModelError(Reason.VOLUME_UNUSABLE, _NOT_REGULAR) from error
        reason, message = _MESSAGES.get(error.errno or 0, (Reason.VOLUME_UNUSABLE, "The volume answers with an input/output error."))
        raise ModelError(reason, message) from error


class Volume:
    """A folder and what is below it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def folder(self, relative: str = "", *, create: bool = False) -> Iterator[int]:
        """Yield a descriptor of the folder; with `create`, folders that are missing are made."""
        with volume_errors():
            current = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in filter(None, relative.split("/")):
                with volume_errors():
                    if create:
                        _make(name, current)
                    child = os.open(name, _FOLDER, dir_fd=current)
                os.close(current)
                current = child
            yield current
        finally:
            os.close(current)

    def open(self, relative: str, *, write: bool = False) -> BinaryIO:
        """Open a regular file, unbuffered; with `write`, it and its folder are made where missing. Raises FileNotFoundError."""
        if write and not self.root.is_dir():
            raise ModelError(Reason.VOLUME_UNUSABLE, "There is no volume where the models folder is expected.")
        folder, _, name = relative.rpartition("/")
        flags = _FILE | (os.O_RDWR | os.O_CREAT if write else os.O_RDONLY)
        with self.folder(folder, create=write) as parent, volume_errors():
            descriptor = os.open(name, flags, 0o644, dir_fd=parent)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ModelError(Reason.VOLUME_UNUSABLE, _NOT_REGULAR)
        return open(descriptor, "r+b" if write else "rb", buffering=0)

    def size(self, relative: str) -> int | None:
        """Return the regular file's size, None where there is no such file."""
        try:
            with self.open(relative) as file:
                return os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            return None

    def move(self, source: str, target: str) -> None:
        """Put a file in its place: afterwards it is there wholly, also after a power failure, or not at all."""
        source_folder, _, source_name = source.rpartition("/")
        target_folder, _, target_name = target.rpartition("/")
        with self.folder(source_folder) as origin, self.folder(target_folder, create=True) as parent, volume_errors():
            os.rename(source_name, target_name, src_dir_fd=origin, dst_dir_fd=parent)
            os.fsync(parent)

    def remove(self, relative: str) -> None:
        """Remove a file, if it is there."""
        folder, _, name = relative.rpartition("/")
        try:
            with self.folder(folder) as parent, volume_errors():
                os.unlink(name, dir_fd=parent)
        except FileNotFoundError:
            return

    def names(self, relative: str) -> list[str]:
        """Return the sorted names in a folder; none where there is no folder."""
        try:
            with self.folder(relative) as folder, volume_errors():
                return sorted(os.listdir(folder))
        except FileNotFoundError:
            return []

    def free_bytes(self) -> int | None:
        """Return what is free for this user, None where the file system does not say."""
        with self.folder() as folder, volume_errors():
            figures = os.fstatvfs(folder)
        return figures.f_bavail * figures.f_frsize if figures.f_blocks else None


def _make(name: str, parent: int) -> None:
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)
