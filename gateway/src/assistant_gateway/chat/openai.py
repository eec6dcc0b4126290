"""Answers in OpenAI's format: what of them is kept, what is added to them, and how PrivateGPT's clients read them.

Its neighbour ollama.py has the same class for Ollama's format.
"""

from typing import Any, Final

import orjson

from assistant_gateway.chat.wanted import Shape
from assistant_gateway.conversations.messages import Message

DATA: Final = b"data: "
DONE: Final = b"[DONE]"


class Answer:
    """One answer, whole or as events; what is none raises what turn.ODD lists."""

    def __init__(self, shape: Shape, more: dict[str, Any]) -> None:
        self.ended = False
        """Whether the event that says so came: nothing after it, and nothing of it, goes out before the turn is stored."""
        self._shape: Shape = shape
        self._more = more  # fields of each choice: once in a stream
        self._finished = False
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}

    @property
    def is_whole(self) -> bool:
        """Whether the model came to an end: only such an answer is kept."""
        return self.ended and self._finished

    def document(self, data: bytes) -> bytes:
        """Take a whole answer; return it as it is shown."""
        parsed = orjson.loads(data)
        for choice in parsed["choices"]:
            self._read(choice, choice["message"])
        self.ended = self._finished = True
        return self._dressed(parsed, "message") or data

    def event(self, event: bytes) -> bytes:
        """Take one event of a stream; return it as it is shown."""
        if not event.startswith(DATA):
            return event
        payload = event.removeprefix(DATA)
        if payload == DONE:
            self.ended = True
            return event
        parsed = orjson.loads(payload)
        for choice in parsed["choices"]:
            self._read(choice, choice.get("delta") or {})
        dressed = self._dressed(parsed, "delta")
        return event if dressed is None else DATA + dressed

    def message(self) -> Message:
        """Return the answer as a message of the conversation: of several choices the first."""
        found: Message = {"role": "assistant", "content": "".join(self._text)}
        if self._refusal:
            found["refusal"] = "".join(self._refusal)
        if self._calls:
            found["tool_calls"] = [self._calls[index] for index in sorted(self._calls)]
            found["content"] = found["content"] or None
        elif self._refusal:
            found["content"] = found["content"] or None
        return found

    def _read(self, choice: dict[str, Any], part: dict[str, Any]) -> None:
        if choice.get("index", 0) != 0:
            return
        if type(text := part.get("content")) is str:
            self._text.append(text)
        if type(refusal := part.get("refusal")) is str:
            self._refusal.append(refusal)
        for place, call in enumerate(part.get("tool_calls") or ()):
            self._add(index if type(index := call.get("index")) is int else place, call)
        self._finished = self._finished or choice.get("finish_reason") is not None

    def _add(self, index: int, call: dict[str, Any]) -> None:
        """Take a tool call, or a further piece of one that began earlier."""
        function = call.get("function") or {}
        known = self._calls.setdefault(index, {"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
        known["id"] = known["id"] or call.get("id")
        known["function"]["name"] += function.get("name") or ""
        known["function"]["arguments"] += function.get("arguments") or ""

    def _dressed(self, parsed: dict[str, Any], part: str) -> bytes | None:
        """Return the answer with what is added and changed; None where that is nothing."""
        more = self._more if parsed["choices"] else {}
        if self._shape == "chat" and not more:
            return None
        for choice in parsed["choices"]:
            choice |= more
            if self._shape == "text":
                choice["text"] = (choice.pop(part, None) or {}).get("content") or ""
        if part == "delta" and more:
            self._more = {}
        if self._shape == "text":
            parsed["object"] = "text_completion"
        elif self._shape == "private":
            parsed["object"] = "completion.chunk" if part == "delta" else "completion"
        return orjson.dumps(parsed)
