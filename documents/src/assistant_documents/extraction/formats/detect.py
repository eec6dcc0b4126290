"""Tells what kind of document some bytes are.

The content decides where it can: names and media types are what somebody says about a file. They decide between kinds that are all text,
and a file that is said to be of a binary kind and is not is broken rather than text.
"""

import re
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from assistant_documents.extraction.protocol import MediaType, Reason, RefusedError

_HEAD: Final = 4096
_PDF_WITHIN: Final = 1024
"""Readers accept a PDF's mark after as much junk as this."""
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The container of old Office files, and of new ones that have a password."""
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_HTML: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,1000}?-->\s*)?<(?:!doctype\s+html|html|head|body)[\s>]", re.I | re.S
)
_OTHER: Final = (
    b"{\\rtf",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"BZh",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x7fELF",
    b"%!PS",
    b"\xfd7zXZ",
)
_SUFFIXES: Final = {
    ".pdf": MediaType.PDF,
    ".docx": MediaType.DOCX,
    ".docm": MediaType.DOCX,
    ".html": MediaType.HTML,
    ".htm": MediaType.HTML,
    ".xhtml": MediaType.HTML,
    ".md": MediaType.MARKDOWN,
    ".markdown": MediaType.MARKDOWN,
}
_MEDIA_TYPES: Final = {
    **{kind.value: kind for kind in MediaType},
    "application/xhtml+xml": MediaType.HTML,
    "text/x-markdown": MediaType.MARKDOWN,
}


def detect(document: BinaryIO, media_type: str | None, suffix: str) -> MediaType:
    """Return the kind; raises RefusedError where it is one that nothing here reads."""
    document.seek(0)
    head = document.read(_HEAD)
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return MediaType.PDF
    if head.startswith(_ZIP):
        return _packed(document)
    if head.startswith(_COMPOUND):
        raise RefusedError(Reason.ENCRYPTED if _has_password(document) else Reason.UNSUPPORTED)
    if head.startswith(_OTHER):
        raise RefusedError(Reason.UNSUPPORTED)
    said = _said(media_type, suffix)
    if said in (MediaType.PDF, MediaType.DOCX):
        raise RefusedError(Reason.BROKEN if head else Reason.EMPTY)
    if said is not MediaType.MARKDOWN and _HTML.match(_plain(head)):
        return MediaType.HTML
    return said or MediaType.TEXT


def _said(media_type: str | None, suffix: str) -> MediaType | None:
    """Return what name and media type say: the name first where the media type is only `text/plain`."""
    by_type = _MEDIA_TYPES.get((media_type or "").partition(";")[0].strip().lower())
    by_name = _SUFFIXES.get(suffix)
    return by_name if by_type in (None, MediaType.TEXT) else by_type


def _packed(document: BinaryIO) -> MediaType:
    try:
        with zipfile.ZipFile(document) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
        raise RefusedError(Reason.BROKEN) from None
    if any(PurePosixPath(name).parts[:1] == ("word",) for name in names):
        return MediaType.DOCX
    raise RefusedError(Reason.UNSUPPORTED)


def _has_password(document: BinaryIO) -> bool:
    """Look for the stream that an encrypted Office file keeps its package in, a block at a time."""
    document.seek(0)
    before = b""
    while block := document.read(1 << 20):
        if _ENCRYPTED_PACKAGE in before + block:
            return True
        before = block[-len(_ENCRYPTED_PACKAGE) :]
    return False


def _plain(head: bytes) -> bytes:
    """Return the start of a text with the zeros of UTF-16 taken out, so that its marks can be seen."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[2:].replace(b"\0", b"")
    return head
