"""Every text of a request masked: system prompts, messages and their parts, tools, their calls and results, and what nobody knows.

What is left as it is stands in one table, EXEMPT, with the reason and the form that it must have: a value in another form is text like all
others. Pictures and sound cannot be read here: unread.py tells of them, for the policy to refuse.
"""

import json
import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any, Final

from assistant_gateway.redaction.bodies.unread import OUTPUT, PICTURES, TOKENS, TooDeepError, media_of
from assistant_gateway.redaction.bodies.wire_names import KNOWN, meant
from assistant_gateway.redaction.replacing.values import Keys, context, number, rewritten

Body = dict[str, Any]
Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Exempt:
    """A field that is not text, wherever it stands."""

    form: "re.Pattern[str]"
    why: str


_NAME: Final = re.compile(r"[a-z][a-z_]{0,31}")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,79}")
_MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@\-]{0,254}")

EXEMPT: Final = {
    "role": Exempt(_NAME, "a word of the wire format"),
    "type": Exempt(_NAME, "a word of the wire format, or of JSON Schema"),
    "encoding_format": Exempt(_NAME, "a word of the wire format"),
    "reasoning_effort": Exempt(_NAME, "a word of the wire format"),
    "service_tier": Exempt(_NAME, "a word of the wire format"),
    "tool_choice": Exempt(_NAME, "a word of the wire format where it is a string"),
}
MODEL: Final = Exempt(_MODEL, "at the top only: checked against the policy, and the model server's own name for it")
CALL_ID: Final = Exempt(_ID, "joins a call and its result, in messages only; the model server gives it and needs it back")

_CALL_IDS: Final = ("tool_call_id", "call_id")
_JSON_FIELDS: Final = {"function_call": "arguments", OUTPUT: "output"}
"""Of an item of a conversation, by its type: what is JSON more often than not."""
_TOKEN_NUMBER: Final = re.compile(r"[0-9]{1,7}")
_DATA_URL: Final = re.compile(r"data:(?:image|audio|video|application/pdf)[^,]{0,200};base64,[A-Za-z0-9+/=_\-\r\n]*\Z")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=_\-\r\n]*\Z")
_BYTES: Final = frozenset({"image_url", "data", "file_data", "image"})
"""Where in such a part the bytes stand, as a data URL or without its beginning; in `url` only as one. All else of it is text."""

# What stays the same while a conversation grows is looked at first: values keep their numbers from turn to turn.
_FIRST: Final = ("tools", "functions", "format", "response_format", "system", "messages")
_SETTINGS: Final = frozenset({"seed"})
"""Numbers of the wire format that may look like anything."""
# Schemas of tools: what stands in examples and the like are values, and no schemas.
_EXAMPLES: Final = frozenset({"const", "default", "enum", "example", "examples"})


def transform(body: Body, mask: Mask, *, alone: bool = False) -> Body:
    """Return the body with every text masked; the one given stays as it is.

    `mask` gives the same for the same text, so that names go on fitting together. `alone`: a value in which nothing is found behind its
    name is looked at without it too. Raises TooDeepError, and what `mask` raises.
    """
    try:
        return _Walk(mask, alone=alone).body(body)
    except RecursionError:
        raise TooDeepError from None


class _Walk:
    """One request."""

    __slots__ = ("_alone", "_mask")

    def __init__(self, mask: Mask, *, alone: bool) -> None:
        self._mask = mask
        self._alone = alone

    def body(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a request's body."""
        shown: dict[str, Any] = {}
        keys = Keys(value, shown)
        for key in sorted(value, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST)):
            one = value[key]
            is_model = key == "model" and type(one) is str and MODEL.form.fullmatch(one)
            shown[self._key(key, keys)] = one if is_model else self._field(key, one)
        return shown

    def plain(self, value: dict[str, Any], leave: Container[str] = ()) -> dict[str, Any]:
        """Return an object field by field, without those that somebody else sees to."""
        shown: dict[str, Any] = {}
        keys = Keys(value, shown)
        for key, one in value.items():
            if key not in leave:
                shown[self._key(key, keys)] = self._field(key, one)
        return shown

    def _field(self, key: str, value: Any) -> Any:
        """Return what stands behind a name of the wire format, or behind one that nobody knows."""
        kind = type(value)
        if kind is str:
            return self._text(key, value)
        if kind is dict:
            return self._object(key, value)
        if kind is list:
            return [self._entry(key, one) for one in value]
        return self._number(key, value) if kind in (int, float) else value

    def _number(self, key: str, value: float) -> Any:
        return value if key in _SETTINGS else number(value, self._before, "" if key in KNOWN else context(key))

    def _text(self, key: str, text: str) -> str:
        exempt = EXEMPT.get(key)
        if exempt is not None and exempt.form.fullmatch(text):
            return text
        return self._mask(text) if key in KNOWN else self._before(context(key), text)

    def _entry(self, key: str, value: Any) -> Any:
        """Return an entry of a list that stands behind a name."""
        name = meant(key)
        if type(value) is int and name in TOKENS:
            return value  # unread.py has told of it
        if type(value) is not dict:
            is_picture = name == PICTURES and type(value) is str and _BASE64.match(value)
            return value if is_picture else self._field(key, value)
        match name:
            case "messages":
                return self._message(value)
            case "tool_calls":
                return self._but_for(value, _ids(value, ("id",)))
            case "content" if media_of(value) is not None:
                return self._media(value)
        return self._object(key, value)

    def _object(self, key: str, value: dict[str, Any]) -> dict[str, Any]:
        match meant(key):
            case "function" | "function_call" if any(meant(name) == "arguments" for name in value):
                return self._call(value)
            case "parameters" | "schema" | "format":
                return self._schema(value)
            case "metadata":
                values: dict[str, Any] = self._values(value)
                return values
            case "logit_bias" if all(_TOKEN_NUMBER.fullmatch(name) and type(one) in (int, float) for name, one in value.items()):
                return value  # numbers of tokens
        return self.plain(value)

    def _values(self, value: Any) -> Any:
        """Return what has no names of the wire format in it masked, numbers included."""
        return rewritten(value, self._before, hides=True)

    def _message(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a message, or an item of a conversation. What a tool gets or gives is JSON more often than not: value by value."""
        own: dict[str, Any] = _ids(value, _CALL_IDS)
        name = "content" if value.get("role") in ("tool", "function") else _JSON_FIELDS.get(str(value.get("type")), "")
        if type(text := value.get(name)) is str:
            own[name] = self._json(text)
        elif type(text) is list and name == "output":
            own[name] = self._field("content", text)
        return self._but_for(value, own)

    def _but_for(self, value: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        """Return an object with some of its fields as they are given."""
        return self.plain(value, leave=own) | own

    def _call(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a call with its arguments: JSON as text, or parsed."""
        shown: dict[str, Any] = {}
        keys = Keys(value, shown)
        for key, one in value.items():
            new = self._field(key, one) if meant(key) != "arguments" else self._json(one) if type(one) is str else self._values(one)
            shown[self._key(key, keys)] = new
        return shown

    def _schema(self, value: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        keys = Keys(value, shown)
        for key, one in value.items():
            shown[self._key(key, keys)] = self._values(one) if meant(key) in _EXAMPLES else self._in_schema(key, one)
        return shown

    def _in_schema(self, key: str, value: Any) -> Any:
        if type(value) is dict:
            return self._schema(value)
        if type(value) is list:
            return [self._in_schema(key, one) for one in value]
        return self._field(key, value)

    def _media(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a part with pictures or sound: its bytes as they are, and what else it says masked."""
        shown: dict[str, Any] = {}
        keys = Keys(value, shown)
        for key, one in value.items():
            if type(one) is dict:
                new: Any = self._media(one)
            else:
                new = one if type(one) is str and _is_bytes(key, one) else self._field(key, one)
            shown[self._key(key, keys)] = new
        return shown

    def _key(self, key: str, keys: Keys) -> str:
        """Return a key masked. Two that would become one stay two."""
        if key in KNOWN:
            return key
        masked = self._mask(key)
        return keys.like(masked) if masked != key and keys.has(masked) else masked

    def _before(self, before: str, text: str) -> str:
        """Return a value masked that may be known by its name only."""
        if before and (masked := self._mask(before + text)).startswith(before):
            masked = masked.removeprefix(before)
            return self._mask(text) if self._alone and masked == text else masked
        return self._mask(text)

    def _json(self, text: str) -> str:
        """Return JSON text masked value by value, other text as such. Where nothing is masked it is the same text."""
        if not text.lstrip().startswith(("{", "[")):
            return self._mask(text)
        repeats = False

        def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
            nonlocal repeats
            made = dict(found)
            repeats |= len(made) < len(found)
            return made

        try:
            parsed = json.loads(text, object_pairs_hook=pairs)
        except ValueError:
            return self._mask(text)
        masked = self._values(parsed)
        if masked == parsed and not repeats:  # of a key that is there twice we have seen one value only
            return text
        return _dumped(masked)


def _ids(value: dict[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Return the ids of calls, which stay where they look like some."""
    return {name: given for name in names if type(given := value.get(name)) is str and CALL_ID.form.fullmatch(given)}


def _is_bytes(key: str, text: str) -> bool:
    if key in _BYTES and _BASE64.match(text):
        return True
    return (key in _BYTES or key == "url") and _DATA_URL.match(text) is not None


def _dumped(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Half a character, which an escape can say, can be written as an escape only.
    return text if text.isascii() or not _SURROGATE.search(text) else json.dumps(value, separators=(",", ":"))


_SURROGATE: Final = re.compile("[\ud800-\udfff]")
