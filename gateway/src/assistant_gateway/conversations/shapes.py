"""What is kept of a conversation, in the shape of OpenAI's conversation items, from whatever a client or a chat brings.

Kept are messages of text and images, function calls and their outputs: what a chat completion can be given again. Other kinds of items
are refused rather than kept in part. messages.py makes chat messages from items.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

import orjson

from assistant_gateway.errors import RefusalError

Item = dict[str, Any]
"""One item without its id, as it is sealed and as clients get it."""

MAX_ITEMS: Final = 20
"""As many items as OpenAI takes in one request."""
MAX_PAIRS: Final = 16
MAX_KEY: Final = 64
MAX_VALUE: Final = 512

ROLES: Final = frozenset({"user", "assistant", "system", "developer"})
DETAILS: Final = frozenset({"low", "high", "auto", "original"})


def items(value: object) -> list[Item]:
    """Return the items that a request brings; raises RefusalError."""
    if type(value) is not list or not 1 <= len(value) <= MAX_ITEMS:
        raise RefusalError("invalid_request", f"The field 'items' must be a list of 1 to {MAX_ITEMS} items.", param="items")
    return [item for one in value for item in kept(one)]


def kept(value: object) -> list[Item]:
    """Return what is kept of one item, or of one message of a chat, which may hold several function calls; raises RefusalError."""
    if not isinstance(value, Mapping):
        raise _refused("An item must be an object.")
    kind = value.get("type", "message")
    make = _KINDS.get(kind) if isinstance(kind, str) else None
    if make is None:
        raise _refused("Items of this type are not kept: 'message', 'function_call' and 'function_call_output' are.")
    return make(value)


def metadata(value: object) -> dict[str, str]:
    """Return the pairs that a request attaches to a conversation; raises RefusalError."""
    if value is None:
        return {}
    if type(value) is not dict or len(value) > MAX_PAIRS:
        raise RefusalError("invalid_request", f"The field 'metadata' must be an object of at most {MAX_PAIRS} pairs.", param="metadata")
    if any(type(text) is not str or len(key) > MAX_KEY or len(text) > MAX_VALUE for key, text in value.items()):
        message = f"Keys of 'metadata' have at most {MAX_KEY} characters, values are strings of at most {MAX_VALUE}."
        raise RefusalError("invalid_request", message, param="metadata")
    return value


def _message(value: Mapping[str, Any]) -> list[Item]:
    role = value.get("role")
    if role == "tool":
        return [_output(value.get("content"), value.get("tool_call_id"), value.get("tool_name"))]
    if not isinstance(role, str) or role not in ROLES:
        raise _refused("A message's 'role' must be one of user, assistant, system, developer and tool.")
    calls = [_call_of_chat(call) for call in _list(value.get("tool_calls"), "tool_calls")]
    content = value.get("content")
    parts = _parts(content, role)
    parts += [_image_of_ollama(data) for data in _list(value.get("images"), "images")]
    if isinstance(value.get("refusal"), str):
        parts.append({"type": "refusal", "refusal": value["refusal"]})
    if content is None and not parts and not calls:
        raise _refused("A message must have a 'content'.")
    message: list[Item] = [{"type": "message", "status": "completed", "role": role, "content": parts}] if parts or not calls else []
    return message + calls


def _parts(content: object, role: str) -> list[dict[str, Any]]:
    if content is None:
        return []
    if isinstance(content, str):
        return [_text(content, role)]
    return [_part(part, role) for part in _list(content, "content")]


def _part(part: Any, role: str) -> dict[str, Any]:
    match part:
        case {"type": "text" | "input_text" | "output_text", "text": str(text)}:
            return _text(text, role)
        case {"type": "refusal", "refusal": str(text)}:
            return {"type": "refusal", "refusal": text}
        case {"type": "input_image" | "image_url", "image_url": str(url)}:
            return _image(url, part.get("detail"))
        case {"type": "image_url", "image_url": {"url": str(url), **more}}:
            return _image(url, more.get("detail"))
    raise _refused("A message's content must be text, or a list of parts of text, refusals and images with their 'image_url'.")


def _text(text: str, role: str) -> dict[str, Any]:
    if role == "assistant":
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "input_text", "text": text}


def _image(url: str, detail: object = None) -> dict[str, Any]:
    return {"type": "input_image", "detail": detail if isinstance(detail, str) and detail in DETAILS else "auto", "image_url": url}


def _image_of_ollama(data: object) -> dict[str, Any]:
    """Return an image as Ollama's chats hold it: base64 alone."""
    if not isinstance(data, str):
        raise _refused("An image must be a string.")
    return _image(f"data:image/png;base64,{data}")


def _call(value: Mapping[str, Any]) -> list[Item]:
    return [_called(value.get("name"), value.get("arguments"), value.get("call_id"))]


def _call_of_chat(call: Any) -> Item:
    match call:
        case {"function": {"name": name, **more}}:
            return _called(name, more.get("arguments"), call.get("id"))
    raise _refused("A tool call must have a 'function' with a 'name'.")


def _called(name: object, arguments: object, call: object) -> Item:
    if isinstance(arguments, Mapping):  # Ollama's own format has them as an object
        try:
            arguments = orjson.dumps(arguments).decode()
        except TypeError:
            raise _refused("The arguments of a function call are nested too deeply.") from None
    if not isinstance(name, str) or not isinstance(arguments, str):
        raise _refused("A function call must have a 'name' and 'arguments'.")
    return {
        "type": "function_call",
        "status": "completed",
        "call_id": call if isinstance(call, str) else f"call_{uuid4().hex}",
        "name": name,
        "arguments": arguments,
    }


def _function_output(value: Mapping[str, Any]) -> list[Item]:
    return [_output(value.get("output"), value.get("call_id"), value.get("name"))]


def _output(content: object, call: object, name: object) -> Item:
    output = content if isinstance(content, str) else _parts(content, "user")
    if not output and not isinstance(output, str):
        raise _refused("The output of a function call must be a string or a list of parts.")
    item: Item = {"type": "function_call_output", "status": "completed", "output": output}
    return item | {key: text for key, text in (("call_id", call), ("name", name)) if isinstance(text, str)}


def _list(value: object, name: str) -> Iterable[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _refused(f"The field '{name}' must be a list.")
    return value


def _refused(message: str) -> RefusalError:
    return RefusalError("invalid_request", message, param="items")


_KINDS: Final[dict[str, Callable[[Mapping[str, Any]], list[Item]]]] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _function_output,
}
