"""Text that comes in pieces: what is certain goes on at once, what may still become something else is held back.

However a text is cut, the pieces that come out make the same text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assistant_gateway.redaction.replacing.restoring import NESTED_HEAD, Restorer, is_nested


class TextStream(Protocol):
    """One text, piece by piece."""

    def feed(self, text: str) -> str:
        """Take a piece; return what can go on."""

    def end(self) -> str:
        """Return what was held back: nothing follows."""

    @property
    def holds(self) -> bool:
        """Whether anything is held back."""


Make = Callable[[str], TextStream]
"""Begins a text; it is told what stands right before it, for values that are known by their name (`password: `)."""


def once(stream: TextStream, text: str) -> str:
    """Return a whole text as the stream gives it."""
    return stream.feed(text) + stream.end()


class StreamRestorer:
    """Restores one text; holds back what may still become a token, which is a token's length at most."""

    __slots__ = ("_head", "_held", "_lower", "_restorer", "_upper")

    def __init__(self, restorer: Restorer) -> None:
        self._restorer = restorer
        self._upper, self._lower = restorer.letters
        self._held = ""
        self._head = ""

    @property
    def holds(self) -> bool:
        return bool(self._held)

    def feed(self, text: str) -> str:
        if len(self._head) < NESTED_HEAD:
            self._head += text[:NESTED_HEAD]
        if self._held:
            text = self._held + text
        elif self._upper not in text and self._lower not in text:
            return text
        shown, end = self._restorer.scan(text, quoted=is_nested(self._head), final=False)
        self._held = text[end:]
        return shown

    def end(self) -> str:
        text, self._held = self._held, ""
        return self._restorer.scan(text, quoted=is_nested(self._head), final=True)[0] if text else ""


class Chain:
    """Several streams behind one another: what an answer must not say is masked first, then the caller's own values are put back."""

    __slots__ = ("_streams",)

    def __init__(self, streams: Sequence[TextStream]) -> None:
        self._streams = streams

    @property
    def holds(self) -> bool:
        return any(stream.holds for stream in self._streams)

    def feed(self, text: str) -> str:
        for stream in self._streams:
            text = stream.feed(text)
        return text

    def end(self) -> str:
        text = ""
        for stream in self._streams:
            text = stream.feed(text) + stream.end()
        return text


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What is done to every text of an answer."""

    make: Make = field(repr=False)
    """Begins a text that comes in pieces."""
    once: Callable[[str, str], str] = field(repr=False)
    """(what stands right before a text, the whole text) -> the text as it is to be."""
    hides: bool
    """Whether it takes something away: then numbers are looked at as well."""


def restoring(restorer: Restorer) -> Rewriting:
    """Return the rewriting that puts values back."""
    return Rewriting(lambda _: StreamRestorer(restorer), lambda _, text: restorer.restore(text), hides=False)


def both(first: Rewriting, second: Rewriting) -> Rewriting:
    """Return the rewriting that does one after the other."""

    def make(before: str) -> TextStream:
        return Chain([first.make(before), second.make(before)])

    return Rewriting(make, lambda before, text: second.once(before, first.once(before, text)), first.hides or second.hides)
