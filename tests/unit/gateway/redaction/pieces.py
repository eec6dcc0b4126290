"""Texts and bytes in pieces, answers on the wire as the model server writes them, and what a reader of such an answer sees."""

import itertools
import re
from collections.abc import Iterable
from typing import Any

import orjson
from hypothesis import strategies as st

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
from assistant_gateway.redaction.replacing.restoring import Restorer
from assistant_gateway.redaction.streams.frames import Frames
from assistant_gateway.redaction.streams.streaming import TextStream

CUTS = st.lists(st.integers(0, 5000), max_size=12)
ADDRESS = "alice@example.com"
QUOTED = 'a"b\\c\nd'
"""A value that breaks JSON where it is put in as it is."""


def known() -> Pseudonyms:
    """Return the tokens of a conversation: Xk3-EMAIL-1, Xk3-PASSWORD-1, Xk3-CUSTOMER-NUMBER-1."""
    pseudonyms = Pseudonyms("Xk3")
    pseudonyms.token("EMAIL", ADDRESS)
    pseudonyms.token("PASSWORD", QUOTED)
    pseudonyms.token("CUSTOM:customer-number", "C-4711")
    return pseudonyms


def restorer() -> Restorer:
    return Restorer(known())


_VALUES = re.compile(
    r"(?P<EMAIL>[a-z]+@[a-z]+\.com)|(?P<CARD>\d{4} \d{4} \d{4} \d{4}|\d{16})"
    r"|(?:(?<=password )|(?<=password: ))(?P<PASSWORD>(?:(?!-----BEGIN)[^\s.])+)"
    r"|(?P<TOKEN>eyJ[A-Za-z0-9]{8,})|(?P<PRIVATE_KEY>-----BEGIN PRIVATE KEY-----[^-]{16,}(?:-----END PRIVATE KEY-----)?)"
)


class Fake:
    """A detector that knows five kinds of values, by far simpler than the real one."""

    reach = 40
    finds_words = False

    def __init__(self) -> None:
        self.looked = 0
        self.longest = 0

    def find(self, text: str) -> list[Span]:
        self.looked += 1
        self.longest = max(self.longest, len(text))
        return [Span(*found.span(found.lastgroup or 0), found.lastgroup or "") for found in _VALUES.finditer(text)]

    def secret_follows(self, text: str) -> int:
        return text.rfind("password") + 8 if "password" in text else -1


def cut(text: str, cuts: Iterable[int]) -> list[str]:
    """Cut a text at these places."""
    places = [0, *sorted(one % (len(text) + 1) for one in cuts), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(places)]


def streamed(stream: TextStream, pieces: Iterable[str]) -> str:
    return "".join([stream.feed(piece) for piece in pieces]) + stream.end()


def framed(frames: Frames, pieces: Iterable[bytes]) -> bytes:
    return b"".join([frames.feed(piece) for piece in pieces]) + frames.end()


def chunk(*choices: dict[str, Any], **more: Any) -> bytes:
    """Return one event of /v1/chat/completions."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795562051, "model": "tiny:1b", "system_fingerprint": "fp"}
    return b"data: " + orjson.dumps(head | {"choices": list(choices)} | more) + b"\n\n"


def choice(index: int = 0, reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"index": index, "delta": {"role": "assistant"} | delta, "finish_reason": reason}


def call(arguments: str, index: int = 0, **more: Any) -> dict[str, Any]:
    """Return a piece of a tool call."""
    return {"index": index, "function": {"arguments": arguments} | more}


def line(**fields: Any) -> bytes:
    """Return one line of Ollama's own format."""
    return orjson.dumps({"model": "tiny:1b", "created_at": "2026-11-24T23:14:58.611222393Z"} | fields) + b"\n"


def events(stream: bytes) -> list[dict[str, Any]]:
    """Return the parsed events of either format."""
    payloads: list[bytes] = []
    for block in stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n"):
        lines = block.split(b"\n")
        data = [one.removeprefix(b"data:") for one in lines if one.startswith(b"data:")]
        payloads += [b"\n".join(data)] if data else lines
    return [orjson.loads(one) for one in payloads if one.strip().startswith(b"{")]


def texts(stream: bytes) -> dict[tuple[Any, ...], str]:
    """Return all texts of a stream, put together as a client does: by choice and field."""
    found: dict[tuple[Any, ...], str] = {}
    for event in events(stream):
        for one in event.get("choices") or [event]:
            for path, text in _leaves(one, ()):
                found[(one.get("index", 0), *path)] = found.get((one.get("index", 0), *path), "") + text
    return {path: text for path, text in found.items() if text}


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterable[tuple[tuple[Any, ...], str]]:
    if type(value) is str:
        yield path, value
    elif type(value) is dict:
        for key, one in value.items():
            if key not in ("role", "id", "type", "index", "finish_reason", "done_reason", "created_at", "model", "object"):
                yield from _leaves(one, (*path, key))
    elif type(value) is list:
        for place, one in enumerate(value):
            yield from _leaves(one, (*path, one.get("index", place) if type(one) is dict else place))
