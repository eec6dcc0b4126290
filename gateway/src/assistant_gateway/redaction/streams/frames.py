"""An answer on the wire, in both formats, whole or as a stream: every text in it goes through a stream object of its own.

The texts are told apart by choice and by field (`choices[1].delta.content`, `message.thinking`), so that several answers in one stream do
not mix. What a text's stream holds back goes out with the event that ends it: the choice's `finish_reason`, the line with `done`, or, where
there is none, an event of our own before `[DONE]`, usage, an error or the end. Logprobs spell the text out by tokens: they are removed.
An event in which nothing changes passes as the bytes that came.
"""

from typing import Any, Final

import orjson

from assistant_gateway.redaction.streams.cutting import LINE_END, Cutter, UnreadableAnswerError, Wire
from assistant_gateway.redaction.streams.fields import Fields
from assistant_gateway.redaction.streams.streaming import Rewriting

DATA: Final = b"data:"
DONE: Final = b"[DONE]"
MOST_CHOICES: Final = 128

# What an event of our own has in common with those of the model server.
_HEAD: Final = ("id", "object", "created", "model", "system_fingerprint", "created_at")


class Frames:
    """One answer."""

    __slots__ = ("_choices", "_cutter", "_head", "_is_ollama", "_rewriting")

    def __init__(self, wire: Wire, rewriting: Rewriting) -> None:
        self._is_ollama = wire == "ollama"
        self._rewriting = rewriting
        self._cutter = Cutter(wire)
        self._choices: dict[int, Fields] = {}
        self._head: dict[str, Any] = {}

    def feed(self, data: bytes) -> bytes:
        """Take bytes of a stream, cut anywhere; return what can go on. Raises UnreadableAnswerError."""
        return b"".join([self._event(event) for event in self._cutter.feed(data)])

    def end(self) -> bytes:
        """Return what was held back; an event that broke off is dropped."""
        rest = self._cutter.finish()
        try:
            shown = self._event(rest) if rest.strip() else b""
        except UnreadableAnswerError:
            shown = b""
        return shown + self._flushed()

    def document(self, data: bytes) -> bytes:
        """Return a whole answer, one JSON document. Raises UnreadableAnswerError."""
        parsed = _parsed(data)
        changed = self._object(parsed, is_whole=True)
        return _dumped(parsed) if changed else data

    def _event(self, event: bytes) -> bytes:
        return self._line(event) if self._is_ollama else self._sse(event)

    def _line(self, line: bytes) -> bytes:
        if not line.strip():
            return line
        parsed = _parsed(line)
        is_error = "error" in parsed
        before = self._flushed() if is_error else b""
        changed = self._object(parsed, is_whole=is_error)
        return before + (_dumped(parsed) + b"\n" if changed else line)

    def _sse(self, event: bytes) -> bytes:
        lines = LINE_END.split(event) if b"\r" in event else event.split(b"\n")
        payloads = [line[len(DATA) :].removeprefix(b" ") for line in lines if line.startswith(DATA)]
        others = [line for line in lines if line and not line.startswith(DATA)]
        beside = self._beside(others) if others else others
        if not payloads:
            return event if beside == others else _written(beside, b"")
        payload = payloads[0] if len(payloads) == 1 else b"\n".join(payloads)
        if payload.strip() == DONE:
            return self._flushed() + (event if beside == others else _written(beside, payload))
        parsed = _parsed(payload)
        before = b"" if parsed.get("choices") else self._flushed()
        if not self._object(parsed, is_whole=False) and beside == others:
            return before + event
        return before + _written(beside, _dumped(parsed))

    def _beside(self, lines: list[bytes]) -> list[bytes]:
        """Return what an event has beside its data: text too, where answers are looked at. What is clean stays as the bytes that came."""
        if not self._rewriting.hides:
            return lines
        shown = []
        for line in lines:
            text = line.decode("utf-8", "replace")
            new = self._rewriting.once("", text)
            shown.append(line if new == text else new.encode())
        return shown

    def _object(self, parsed: dict[str, Any], *, is_whole: bool) -> bool:
        """Rewrite the texts of one event or document in place; say whether anything changed."""
        try:
            if self._is_ollama:
                return self._choice(0, parsed, parsed, ends=is_whole or parsed.get("done") is True)
            changed = False
            for choice in parsed.get("choices") or ():
                index = choice.get("index")
                ends = is_whole or choice.get("finish_reason") is not None
                changed |= self._choice(index if type(index) is int else 0, choice, parsed, ends=ends)
            return Fields(self._rewriting).beside(parsed, leave="choices") or changed
        except (AttributeError, TypeError, RecursionError):
            raise UnreadableAnswerError from None

    def _choice(self, index: int, choice: dict[str, Any], parsed: dict[str, Any], *, ends: bool) -> bool:
        known = self._choices.get(index)
        if known is None:
            if len(self._choices) >= MOST_CHOICES:
                raise UnreadableAnswerError
            known = self._choices[index] = Fields(self._rewriting)
            self._head = {name: parsed[name] for name in _HEAD if name in parsed}
        changed = known.take(choice, ends=ends)
        if ends:
            del self._choices[index]
        return changed

    def _flushed(self) -> bytes:
        """Return events of our own with all that is held back."""
        events: list[bytes] = []
        for index, known in sorted(self._choices.items()):
            if not known.holds:
                continue
            if self._is_ollama:
                line = self._head | {"done": False}
                known.end(line)
                events.append(_dumped(line) + b"\n")
            else:
                choice: dict[str, Any] = {"index": index, "finish_reason": None}
                known.end(choice)
                events.append(b"data: %s\n\n" % _dumped(self._head | {"choices": [choice]}))
        return b"".join(events)


def _written(beside: list[bytes], payload: bytes) -> bytes:
    """Return an event."""
    lines = [*beside, b"data: " + payload] if payload else beside
    return b"".join([line + b"\n" for line in lines]) + b"\n"


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise UnreadableAnswerError from None
    if type(parsed) is not dict:
        raise UnreadableAnswerError
    return parsed


def _dumped(parsed: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(parsed)
    except TypeError:  # nested too deeply to be written
        raise UnreadableAnswerError from None
