"""Plain text and Markdown, which is kept as it is written; and how bytes become text for every kind that is not binary."""

import codecs
import re
from typing import BinaryIO, Final

from assistant_documents.extraction.formats.sink import Sink
from assistant_documents.extraction.protocol import Reason, RefusedError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with UTF-16's mark, so it is asked first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9._-]{1,40})", re.I)
_KNOWN: Final = re.compile(
    r"(utf(8|16|16le|16be|32)|usascii|ascii|latin[1-9]|iso8859([1-9]|1[0-6])|(windows|cp)125[0-8]|(cp|ibm)?(437|850|852|866)"
    r"|koi8[rut]|macroman|macintosh|(x)?sjis|shiftjis|cp932|windows31j|eucjp|iso2022jp|euckr|cp949|gb2312|gbk|gb18030|big5|big5hkscs|tis620)$"
)
"""Encodings of text. Python knows others that are none (`idna`, `unicode_escape`, `zip`): no document gets at those."""
_MAX_CONTROLS: Final = 0.01
"""Part of a text that may be control characters; what has more is no text."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def read(document: BinaryIO, media_type: str | None, sink: Sink) -> None:
    """Add the text, unchanged but for line ends."""
    text = decode(document.read(), charset_of(media_type))
    refuse_binary(text)
    sink.add(text)


def charset_of(text: str | None) -> str | None:
    """Return the encoding that a Content-Type or a `meta` names, where it is one of text."""
    found = _CHARSET.search(text or "")
    if found is None or not _KNOWN.match(re.sub(r"[-_.]", "", found[1].lower())):
        return None
    try:
        return codecs.lookup(found[1]).name
    except LookupError:
        return None


def decode(data: bytes, charset: str | None = None) -> str:
    """Return the text; every sequence of bytes is one, in the worst case of another alphabet.

    Marks first, then UTF-8, which hardly anything else passes for, then what somebody says; then zeros, which give UTF-16 away; then the
    code page of western Windows.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if charset is not None and charset.startswith("iso2022"):  # made of ASCII bytes, so it would pass for UTF-8
        return data.decode(charset, "replace")
    guesses = ["utf-8", charset, _by_zeros(data)]
    if guesses[2] is not None:
        guesses = [guesses[2]]
    for encoding in filter(None, guesses):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("cp1252", "unseen")


def refuse_binary(text: str) -> None:
    """Raise RefusedError where this is no text."""
    if len(_CONTROLS.findall(text)) > len(text) * _MAX_CONTROLS:
        raise RefusedError(Reason.UNSUPPORTED)


def _by_zeros(data: bytes) -> str | None:
    """Return which UTF-16 this is by where its zeros are: text has them in one half of each pair."""
    sample = data[: 1 << 14]
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if half >= 4 and odd > half * 0.6 and even < half * 0.05:
        return "utf-16-le"
    if half >= 4 and even > half * 0.6 and odd < half * 0.05:
        return "utf-16-be"
    return None


def _unseen(error: UnicodeError) -> tuple[str, int]:
    """Stand in for the five bytes that cp1252 leaves out."""
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd", error.end


codecs.register_error("unseen", _unseen)
