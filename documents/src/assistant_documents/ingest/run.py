"""One ingestion: what is new or changed is sent, what is gone is removed, the rest is left alone.

Nothing is remembered between runs: the gateway says what it has, the folder what there is. A run that is killed has done what it has done,
and the next one skips that. Files are read in blocks, twice where they have to be sent, so memory does not depend on them.
"""

import hashlib
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from assistant_documents.ingest.crew import Crew
from assistant_documents.ingest.gateway import DocumentRefusedError, Gateway, Held, Session
from assistant_documents.ingest.globs import Glob
from assistant_documents.ingest.walk import FileError, FileReason, Folder, Found, Unlisted, Unusable, VanishedError
from assistant_documents.outcome import Done

PARALLEL: Final = 2
"""Files at a time: one is sent and read while another is embedded."""
_BLOCK: Final = 1 << 17
_READINGS: Final = 3
"""Tries of a file that changes while it is read."""
_LOG_EVERY: Final = 10.0
_NO_PART: Final = frozenset({FileReason.OUTSIDE_FOLDER, FileReason.NOT_A_FILE, FileReason.TOO_LARGE})
"""Reasons for which a document of an earlier file goes too: that file is not in the source any more."""
_MAY_PASS: Final = frozenset({FileReason.EMBEDDING_FAILED, FileReason.GATEWAY_FAILED, FileReason.CHANGING})
"""Reasons that are not the file's fault: without another try, a source that has no schedule would miss the document for ever."""

_log = logging.getLogger(__name__)


class _ChangedError(Exception):
    """The file is not what it was when it was hashed."""


def ingest(root: Path, includes: tuple[Glob, ...], gateway: Gateway) -> Done:
    """Bring the store in line with the folder; raises IngestError."""
    folder = Folder(root, includes)
    with closing(gateway.session()) as session:
        return _ingest(folder, session, gateway)


def is_complete(done: Done) -> bool:
    """Tell whether another try of the same files would come to the same."""
    return _MAY_PASS.isdisjoint(done.failed)


def _ingest(folder: Folder, session: Session, gateway: Gateway) -> Done:
    listing = session.documents()
    session.report("started", len(listing.documents), sum(held.chunks for held in listing.documents.values()), {})
    run = _Run(folder, listing.max_bytes)
    _log.info("walking", extra={"held": len(listing.documents)})
    with Crew(PARALLEL, gateway.session, gateway.target.stop) as crew:
        vanished = run.walk(crew, listing.documents)
        for locator in sorted(vanished):
            crew.do(partial(run.remove, locator=locator))
    done = run.done()
    session.report("finished", done.documents, done.chunks, done.failed)
    return done


class _Run:
    """The counts, and what is done about one file."""

    def __init__(self, folder: Folder, max_bytes: int | None) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._logged = time.monotonic()

    def walk(self, crew: Crew, held: dict[str, Held]) -> set[str]:
        """Give every file to the crew; returns the documents whose files are gone. Empties `held`."""
        unlisted: list[str] = []
        for seen in self._folder.walk():
            if isinstance(seen, Found):
                crew.do(partial(self.file, locator=seen.locator, held=held.pop(seen.locator, None)))
            elif isinstance(seen, Unusable):
                self._fail(seen.reason)
            elif isinstance(seen, Unlisted):
                self._fail(FileReason.UNREADABLE)
                unlisted.append(f"{seen.folder}/" if seen.folder else "")
        kept = [locator for locator in held if locator.startswith(tuple(unlisted))] if unlisted else []
        for locator in kept:
            self._keep(held.pop(locator))
        return set(held)

    def file(self, session: Session, locator: str, held: Held | None) -> None:
        """Bring one file into the store, unless it is there."""
        try:
            for reading in range(_READINGS):
                try:
                    return self._read(session, locator, held)
                except _ChangedError:
                    if reading + 1 == _READINGS:
                        raise FileError(FileReason.CHANGING) from None
        except VanishedError:
            self._outdated(session, locator, held)
        except FileError as error:
            self._fail(error.reason)
            if error.reason in _NO_PART:
                self._outdated(session, locator, held)
            else:
                self._keep(held)
        except DocumentRefusedError as error:
            self._fail(error.reason)
            if error.is_final:
                self._outdated(session, locator, held)
            else:
                self._keep(held)

    def remove(self, session: Session, locator: str) -> None:
        """Remove the document of a file that is gone."""
        if session.delete(locator):
            self._count("removed")
        else:
            self._fail(FileReason.GATEWAY_FAILED)
            self._keep(Held(b"", 0))

    def done(self) -> Done:
        """Return the counts."""
        counts = self._counts
        return Done(
            documents=counts["documents"],
            stored=counts["stored"],
            unchanged=counts["unchanged"],
            removed=counts["removed"],
            chunks=counts["chunks"],
            failed=dict(sorted(self._failed.items())),
        )

    def _read(self, session: Session, locator: str, held: Held | None) -> None:
        file = self._folder.open(locator)
        try:
            size = os.fstat(file).st_size
            if self._max_bytes is not None and size > self._max_bytes:
                raise FileError(FileReason.TOO_LARGE)
            reading = _Reading(file)
            digest = reading.digest()
            if held is not None and held.sha256 == digest:
                self._count("unchanged")
                self._keep(held)
                return
            stored = session.put(locator, reading.size, reading.blocks)
        except OSError:
            raise FileError(FileReason.UNREADABLE) from None
        finally:
            os.close(file)
        self._count("stored" if stored.is_new else "unchanged")
        self._keep(Held(digest, stored.chunks))

    def _outdated(self, session: Session, locator: str, held: Held | None) -> None:
        if held is not None:
            self.remove(session, locator)

    def _keep(self, held: Held | None) -> None:
        if held is not None:
            self._count("documents")
            self._count("chunks", held.chunks)

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._failed[str(reason)] += 1

    def _count(self, what: str, amount: int = 1) -> None:
        with self._lock:
            self._counts[what] += amount
            if (now := time.monotonic()) - self._logged >= _LOG_EVERY:
                self._logged = now
                _log.info("progress", extra={**self._counts, "failed": sum(self._failed.values())})


class _Reading:
    """A file that is hashed, then sent; what changed in between is not sent to its end, so the gateway never has it."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._before = _version(file)
        self._digest = b""
        self.size = 0

    def digest(self) -> bytes:
        """Return the sha256 of the content; raises _ChangedError."""
        found = hashlib.sha256()
        for block in self._raw():
            found.update(block)
            self.size += len(block)
        self._check()
        self._digest = found.digest()
        return self._digest

    def blocks(self) -> Iterator[bytes]:
        """Yield the content that was hashed; raises _ChangedError before the last block of any other."""
        found, last, sent = hashlib.sha256(), b"", 0
        for block in self._raw():
            if last:
                yield last
            found.update(block)
            last, sent = block, sent + len(block)
            if sent > self.size:
                raise _ChangedError
        self._check()
        if found.digest() != self._digest:
            raise _ChangedError
        if last:
            yield last

    def _raw(self) -> Iterator[bytes]:
        offset = 0
        while block := os.pread(self._file, _BLOCK, offset):
            offset += len(block)
            yield block

    def _check(self) -> None:
        if _version(self._file) != self._before:
            raise _ChangedError


def _version(file: int) -> tuple[int, int, int]:
    found = os.fstat(file)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
