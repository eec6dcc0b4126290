"""PDF: the text of each page, with a form feed between pages.

A page that cannot be read makes the file broken: half a document that looks like a whole one is the worse answer. A file that opens without
a password is read even where its producer restricted copying; one that asks for a password is not.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from pypdf import PasswordType, PdfReader, filters
from pypdf.errors import FileNotDecryptedError, LimitReachedError

from assistant_documents.extraction.formats.sink import Sink
from assistant_documents.extraction.protocol import Reason, RefusedError


def read(document: BinaryIO, media_type: str | None, sink: Sink) -> None:
    """Add the pages' text; what a scanner made holds none and ends as empty."""
    try:
        reader = PdfReader(document)
        if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
            raise RefusedError(Reason.ENCRYPTED)
        for index, page in enumerate(reader.pages):
            if index:
                sink.add("\f")
            with _no_losses():
                text = page.extract_text()
            sink.add(_tidy(text))
    except FileNotDecryptedError:
        raise RefusedError(Reason.ENCRYPTED) from None
    except LimitReachedError:
        raise RefusedError(Reason.TOO_LARGE) from None


class _Losses(logging.Handler):
    """Hears of what the library leaves out of a page; it says so in its log and goes on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.reason: Reason | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what kind of loss it is, and nothing of the document."""
        for beginning, reason in _LOSSES.items():
            if str(record.msg).startswith(beginning):
                self.reason = reason


_LOADED: Final = filters  # else each child would load it anew, which takes longer than a page
_LOSSES: Final = {"Impossible to decode XFormObject": Reason.BROKEN, "Exceeded ": Reason.TOO_LARGE}
_LOGGER: Final = logging.getLogger("pypdf")
_LOGGER.propagate = False  # its lines quote documents


@contextmanager
def _no_losses() -> Iterator[None]:
    """Refuse the file where the block left text out."""
    losses = _Losses()
    _LOGGER.addHandler(losses)
    try:
        yield
    finally:
        _LOGGER.removeHandler(losses)
    if losses.reason is not None:
        raise RefusedError(losses.reason)


def _tidy(text: str) -> str:
    """Return lines without the spaces that a layout leaves at their ends; a form feed inside a page is none."""
    return "\n".join(line.rstrip() for line in text.replace("\f", "\n").splitlines())
