"""Answers in Ollama's own format: what of them is kept, and what is added to them.

Its neighbour openai.py has the same class for OpenAI's format.
"""

from typing import Any

import orjson

from assistant_gateway.chat.wanted import Shape
from assistant_gateway.conversations.messages import Message


class Answer:
    """One answer, whole or as lines; what is none raises what turn.ODD lists."""

    def __init__(self, shape: Shape, more: dict[str, Any]) -> None:
        self.ended = False
        """Whether the line that says so came: it does not go out before the turn is stored."""
        self._more = more  # fields of the last line, or of the whole answer
        self._text: list[str] = []
        self._calls: list[dict[str, Any]] = []

    @property
    def is_whole(self) -> bool:
        """Whether the model came to an end: only such an answer is kept."""
        return self.ended

    def document(self, data: bytes) -> bytes:
        """Take a whole answer; return it as it is shown."""
        shown = self._taken(data, is_last=True)
        self.ended = True
        return shown

    def event(self, event: bytes) -> bytes:
        """Take one line of a stream; return it as it is shown."""
        return self._taken(event, is_last=False) if event else event

    def message(self) -> Message:
        """Return the answer as a message of the conversation."""
        found: Message = {"role": "assistant", "content": "".join(self._text)}
        if self._calls:
            found["tool_calls"] = self._calls
            found["content"] = found["content"] or None
        return found

    def _taken(self, line: bytes, *, is_last: bool) -> bytes:
        parsed = orjson.loads(line)
        message = parsed["message"]
        if type(text := message.get("content")) is str:
            self._text.append(text)
        self._calls.extend(message.get("tool_calls") or ())
        self.ended = self.ended or parsed.get("done") is True
        return orjson.dumps(parsed | self._more) if self._more and (is_last or self.ended) else line
