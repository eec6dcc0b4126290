"""What the gateway and the worker say to each other over one stream socket.

The worker first says READY. A question is a text: its length in bytes (unsigned, 32 bits, little-endian) and so many bytes of UTF-8 (lone
surrogates let through: JSON can carry them). The answer is a number of spans (32 bits) and for each its start and end (32 bits each, code
points) and its type (8 bits, the place in ENTITIES). One question at a time. Either side's end of file is the end of both.
"""

import struct
from collections.abc import Sequence
from typing import Final

from assistant_gateway.redaction.entities import NAMES, STRUCTURED, Span

READY: Final = b"\x06"
ENTITIES: Final = (*NAMES, *STRUCTURED)
COUNT: Final = struct.Struct("<I")
SPAN: Final = struct.Struct("<IIB")

_PLACES: Final[dict[str, int]] = {entity: place for place, entity in enumerate(ENTITIES)}


class InvalidAnswerError(Exception):
    """The worker does not keep the protocol."""


def check_greeting(data: bytes) -> None:
    """Take what a worker says first; raises InvalidAnswerError."""
    if data != READY:
        raise InvalidAnswerError


def question(text: str) -> bytes:
    """Return a text as it is sent."""
    data = text.encode("utf-8", "surrogatepass")
    return COUNT.pack(len(data)) + data


def text_of(data: bytes) -> str:
    """Return the text of a question without its length."""
    return data.decode("utf-8", "surrogatepass")


def answer(spans: Sequence[Span]) -> bytes:
    """Return what was found as it is sent."""
    return COUNT.pack(len(spans)) + b"".join(SPAN.pack(span.start, span.end, _PLACES[span.entity]) for span in spans)


def spans_of(data: bytes, size: int) -> list[Span]:
    """Return the spans of an answer without their number about a text of `size` code points; raises InvalidAnswerError.

    A worker that answers about another text than the one asked for must not be believed: that is how one user's names would be left in.
    """
    spans: list[Span] = []
    place = 0
    for start, end, entity in SPAN.iter_unpack(data):
        if not place <= start < end <= size or entity >= len(ENTITIES):
            raise InvalidAnswerError
        spans.append(Span(start, end, ENTITIES[entity]))
        place = end
    return spans
