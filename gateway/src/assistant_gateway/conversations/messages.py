"""A conversation's items as the messages of a chat, in OpenAI's chat shape: the way back from shapes.py."""

from collections.abc import Iterable
from typing import Any

from assistant_gateway.conversations.shapes import Item

Message = dict[str, Any]


def of_items(items: Iterable[Item]) -> list[Message]:
    """Return the messages; function calls that follow one another, or the assistant's message, are one message's tool calls."""
    messages: list[Message] = []
    for item in items:
        match item["type"]:
            case "message":
                messages.append({"role": item["role"], "content": _content(item["content"])})
            case "function_call":
                if not messages or messages[-1]["role"] != "assistant":
                    messages.append({"role": "assistant", "content": None})
                messages[-1].setdefault("tool_calls", []).append(_tool_call(item))
            case "function_call_output":
                messages.append(_tool(item))
    return messages


def _content(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Return text where there is nothing but text: the model server takes both, and every template takes text."""
    shown = [_part(part) for part in parts]
    if all(part["type"] == "text" for part in shown):
        return "\n".join(part["text"] for part in shown)
    return shown


def _part(part: dict[str, Any]) -> dict[str, Any]:
    match part["type"]:
        case "input_image":
            return {"type": "image_url", "image_url": {"url": part["image_url"], "detail": part["detail"]}}
        case "refusal":
            return {"type": "text", "text": part["refusal"]}
    return {"type": "text", "text": part["text"]}


def _tool_call(item: Item) -> dict[str, Any]:
    return {"id": item["call_id"], "type": "function", "function": {"name": item["name"], "arguments": item["arguments"]}}


def _tool(item: Item) -> Message:
    output = item["output"]
    message: Message = {"role": "tool", "content": output if isinstance(output, str) else _content(output)}
    if "call_id" in item:
        message["tool_call_id"] = item["call_id"]
    if "name" in item:
        message["name"] = item["name"]
    return message
