"""One reader for each kind of document; what kind it is, the content says first and the name last.

Neighbours: detect.py (which kind), sink.py (where text goes, and how much of it fits), one module a kind.
"""

from typing import BinaryIO

from assistant_documents.extraction.formats import docx, html, pdf, text
from assistant_documents.extraction.formats.detect import detect
from assistant_documents.extraction.formats.sink import Sink
from assistant_documents.extraction.protocol import MediaType, Text

_READERS = {
    MediaType.PDF: pdf.read,
    MediaType.DOCX: docx.read,
    MediaType.HTML: html.read,
    MediaType.MARKDOWN: text.read,
    MediaType.TEXT: text.read,
}


def read(document: BinaryIO, media_type: str | None, suffix: str, max_text: int) -> Text:
    """Return a document's text; raises RefusedError, or whatever a parser raises."""
    kind = detect(document, media_type, suffix)
    sink = Sink(max_text)
    document.seek(0)
    _READERS[kind](document, media_type, sink)
    return Text(kind, sink.content())
