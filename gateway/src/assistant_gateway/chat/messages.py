"""A chat's messages: the request's own, those of its conversation before them, and the context before the last question."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from assistant_gateway.conversations.messages import Message
from assistant_gateway.errors import RefusalError
from assistant_gateway.wire.fields import Body

FIRST: Final = frozenset({"system", "developer"})
ADDED: Final = frozenset({"user", "tool"})
"""Roles of a request's messages that are added to its conversation: all that a client may say that is new."""


def of(request: Body) -> list[Message]:
    """Return the request's messages; raises RefusalError."""
    messages = request.get("messages")
    if type(messages) is not list or not all(type(message) is dict for message in messages):
        raise RefusalError("invalid_request", "The field 'messages' must be a list of objects.", param="messages")
    return messages


def continued(messages: list[Message], history: list[Message]) -> list[Message]:
    """Return the messages with those of the conversation behind the instructions that the request begins with."""
    first = next((index for index, message in enumerate(messages) if message.get("role") not in FIRST), len(messages))
    return [*messages[:first], *history, *messages[first:]]


def added(messages: list[Message]) -> list[Message]:
    """Return the messages that the request adds to its conversation."""
    return [message for message in messages if message.get("role") in ADDED]


def question(messages: list[Message]) -> int | None:
    """Return the place of the last message of the user."""
    return next((index for index in reversed(range(len(messages))) if messages[index].get("role") == "user"), None)


def text(message: Message) -> str:
    """Return the text of a message, whose content may be a list of parts."""
    content = message.get("content")
    if type(content) is str:
        return content
    parts = content if type(content) is list else []
    return "\n".join(part["text"] for part in parts if type(part) is dict and type(part.get("text")) is str)


def for_ollama(message: Message) -> Message:
    """Return a kept message in Ollama's own shape: text and images apart, arguments of functions as objects."""
    shown = dict(message)
    content = message.get("content")
    if type(content) is not str:
        shown["content"] = text(message)
        parts = content if type(content) is list else []
        if images := [_base64(part) for part in parts if part.get("type") == "image_url"]:
            shown["images"] = images
    if message["role"] == "tool" and (name := shown.pop("name", None)) is not None:
        shown["tool_name"] = name
    if calls := message.get("tool_calls"):
        shown["tool_calls"] = [call | {"function": _function(call["function"])} for call in calls]
    return shown


def _base64(part: Mapping[str, Any]) -> str:
    """Return an image's bytes as Ollama takes them; one that is only named by an address was refused by it when it was sent."""
    url: str = part["image_url"]["url"]
    return url.partition(";base64,")[2] or url


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    try:
        arguments = orjson.loads(function["arguments"])
    except orjson.JSONDecodeError:  # the model wrote them
        arguments = {}
    return dict(function) | {"arguments": arguments if type(arguments) is dict else {}}
