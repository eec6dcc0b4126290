"""What runs in the process that is there for one file: give up every right, read, answer, end.

It is a fork of the nursery, so the parsers are loaded and nothing of any other document ever was. Whatever happens here, the server gets
one answer in the protocol's form, or an exit status that says why there is none.
"""

import io
import os
from collections.abc import Callable
from typing import BinaryIO, NoReturn

from assistant_documents.extraction import limits, syscalls
from assistant_documents.extraction.formats import read
from assistant_documents.extraction.jobs import Job
from assistant_documents.extraction.protocol import Answer, Reason, Refused, RefusedError

Reader = Callable[[BinaryIO, Job], Answer]


def read_document(document: BinaryIO, job: Job) -> Answer:
    """Return the document's text; raises RefusedError, or whatever a parser raises."""
    return read(document, job.media_type, job.suffix, job.max_text)


def _answer(reader: Reader, document: BinaryIO, job: Job) -> Answer:
    try:
        return reader(document, job)
    except RefusedError as error:
        return Refused(error.reason)
    except MemoryError:
        return Refused(Reason.OUT_OF_MEMORY)
    except Exception:  # whatever a parser thinks of a document: its text is never looked at
        return Refused(Reason.BROKEN)


def run(job: Job, document: int, answer: int, memory_bytes: int, reader: Reader) -> NoReturn:
    """Read one file in this process, which ends with it."""
    try:
        os.environ.clear()
        document, answer = limits.keep_only(document, answer)
        limits.confine(memory_bytes - job.size, job.seconds)  # the document is in memory too
        syscalls.restrict()
        with io.FileIO(document) as raw:
            data = _answer(reader, io.BufferedReader(raw), job).to_bytes()
        _write(answer, data)
        os._exit(0)
    finally:
        os._exit(1)


def _write(answer: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(answer, view) :]
