"""The texts of one choice of an answer, each field with a stream of its own; the wire they come on is frames.py's matter.

Which strings are no text is said here, in one table; all others are, known or not.
"""

import itertools
from typing import Any, Final

from assistant_gateway.redaction.replacing.values import rewritten
from assistant_gateway.redaction.streams.cutting import UnreadableAnswerError
from assistant_gateway.redaction.streams.json_text import JsonText
from assistant_gateway.redaction.streams.streaming import Rewriting, TextStream

MOST_FIELDS: Final = 256
"""Texts of one choice that are begun and not ended."""

# Words of the wire format, and names that the model server gives: the model does not write them.
NO_TEXT: Final = frozenset({
    "created", "created_at", "done_reason", "finish_reason", "id", "index", "model", "object", "role", "service_tier", "system_fingerprint",
    "tool_call_id", "type",
})  # fmt: skip
LOGPROBS: Final = "logprobs"
TOKENS: Final = "context"
"""Ollama's /api/generate: the whole exchange as the model's tokens, what is masked in its answer included."""
ARGUMENTS: Final = "arguments"
NAME: Final = "name"
"""Comes whole, and clients want it in a call's first event."""
THOUGHTS: Final = frozenset({"reasoning", "reasoning_content", "thinking"})
"""Fields that are over when the answer proper begins: what is held of them is not shown behind it."""

Path = tuple[str | int, ...]


class Fields:
    """The texts of one choice."""

    __slots__ = ("_answers", "_is_whole", "_rewriting", "_streams")

    def __init__(self, rewriting: Rewriting) -> None:
        self._rewriting = rewriting
        self._streams: dict[Path, TextStream] = {}
        self._answers = False  # whether the event at hand has text that is no thought
        self._is_whole = False  # whether it is the choice's last: a text that begins in it is whole

    @property
    def holds(self) -> bool:
        """Whether a text was begun of which something is held back."""
        return any(stream.holds for stream in self._streams.values())

    def take(self, choice: dict[str, Any], *, ends: bool) -> bool:
        """Rewrite in place what an event says of this choice, the last one with `ends`; say whether anything changed."""
        self._answers = False
        self._is_whole = ends
        changed = self._object(choice, ())
        if ends:
            return self.end(choice) or changed
        if self._answers:
            for path in [path for path in self._streams if path[-1] in THOUGHTS]:
                changed |= self._end(path, choice)
        return changed

    def beside(self, parsed: dict[str, Any], leave: str) -> bool:
        """Rewrite in place what an event says beside `leave`, in texts that are whole; say whether anything changed."""
        others = {key: one for key, one in parsed.items() if key != leave and key not in NO_TEXT and type(one) in (str, dict, list)}
        if not others or not self.take(others, ends=True):
            return False
        parsed |= others
        return True

    def end(self, choice: dict[str, Any]) -> bool:
        """Put everything that is held back into its field; say whether that was anything."""
        changed = False
        for path in list(self._streams):
            changed |= self._end(path, choice)
        return changed

    def _end(self, path: Path, choice: dict[str, Any]) -> bool:
        rest = self._streams.pop(path).end()
        if rest:
            _append(choice, path, rest)
        return bool(rest)

    def _object(self, value: dict[str, Any], path: Path) -> bool:
        changed = False
        for key, one in value.items():
            kind = type(one)
            if one is None or key in NO_TEXT:
                continue
            if key == LOGPROBS or (key == TOKENS and kind is list and self._rewriting.hides and not path):
                value[key] = None
                changed = True
            elif kind is str:
                if one and (new := self._text((*path, key), one)) != one:
                    value[key] = new
                    changed = True
            elif kind is list:
                changed |= self._list(one, (*path, key))
            elif kind is dict:
                changed |= self._parsed(value, key) if key == ARGUMENTS else self._object(one, (*path, key))
        return changed

    def _list(self, values: list[Any], path: Path) -> bool:
        changed = False
        for place, one in enumerate(values):
            if type(one) is dict:
                changed |= self._object(one, (*path, _index(one, place)))
            elif type(one) is str:
                new = self._rewriting.once("", one)
                changed |= new != one
                values[place] = new
            elif type(one) is list:  # no API has them: whole, as all that comes whole
                changed |= self._parsed(values, place)
        return changed

    def _text(self, path: Path, text: str) -> str:
        """Return what can go on of one text's next piece."""
        self._answers = self._answers or path[-1] not in THOUGHTS
        stream = self._streams.get(path)
        if stream is None:
            if path[-1] == NAME or (self._is_whole and path[-1] != ARGUMENTS):
                return self._rewriting.once("", text)
            if len(self._streams) >= MOST_FIELDS:
                raise UnreadableAnswerError
            is_json = path[-1] == ARGUMENTS
            stream = JsonText(self._rewriting.make, hides=self._rewriting.hides) if is_json else self._rewriting.make("")
            self._streams[path] = stream
        return stream.feed(text)

    def _parsed(self, value: Any, key: str | int) -> bool:
        """Rewrite a value that comes whole: arguments as an object, lists in lists."""
        old = value[key]
        value[key] = rewritten(old, self._rewriting.once, hides=self._rewriting.hides)
        self._answers = True
        return bool(value[key] != old)


def _index(value: dict[str, Any], place: int) -> int:
    """Return which of its list's entries this is: the pieces of one tool call say so themselves."""
    index = value.get("index")
    return index if type(index) is int else place


def _append(choice: dict[str, Any], path: Path, rest: str) -> None:
    """Add text to a field, which is made where the event does not have it."""
    at: Any = choice
    for step, following in itertools.pairwise(path):
        empty: Any = [] if type(following) is int else {}
        if type(step) is int:
            at = _entry(at, step)
        else:
            if type(at.get(step)) is not type(empty):
                at[step] = empty
            at = at[step]
    at[path[-1]] = (at.get(path[-1]) or "") + rest


def _entry(entries: list[Any], index: int) -> Any:
    for place, entry in enumerate(entries):
        if type(entry) is dict and _index(entry, place) == index:
            return entry
    entries.append({"index": index})
    return entries[-1]
