"""What of a request holds no text that could be searched: pictures, sound, video, files and ready-made tokens."""

from collections.abc import Iterator
from typing import Any, Final

from assistant_gateway.redaction.bodies.wire_names import meant

_MEDIA: Final = {
    "image_url": "image", "input_image": "image", "image": "image", "input_audio": "audio", "audio": "audio", "audio_url": "audio",
    "video_url": "video", "input_video": "video", "video": "video", "file": "file", "input_file": "file", "document": "file",
}  # fmt: skip
"""A message part's type, and what the part holds."""
OUTPUT: Final = "function_call_output"
PICTURES: Final = "images"
TOKENS: Final = frozenset({"context", "prompt", "input"})
"""Fields that may hold text as the model's tokens."""


class TooDeepError(Exception):
    """The body is nested too deeply to be looked through. It says nothing of the content."""

    def __init__(self) -> None:
        super().__init__("The body is nested too deeply.")


def unscanned(body: dict[str, Any]) -> frozenset[str]:
    """Return what the body holds that cannot be read: `image`, `audio`, `file`, `tokens`. Raises TooDeepError."""
    try:
        return frozenset(_unread("", body))
    except RecursionError:
        raise TooDeepError from None


def _unread(key: str, value: Any) -> Iterator[str]:
    if type(value) is dict:
        if key == "content" and (kind := media_of(value)) is not None:
            yield kind
        for name, one in value.items():
            yield from _unread("content" if name == "output" and value.get("type") == OUTPUT else meant(name), one)
    elif type(value) is list:
        if key == PICTURES and value:
            yield "image"
        elif key in TOKENS and _holds_tokens(value):
            yield "tokens"
        else:
            for one in value:
                yield from _unread(key, one)


def media_of(part: dict[str, Any]) -> str | None:
    """Return what a part of a message holds that cannot be read."""
    kind = part.get("type")
    return _MEDIA.get(kind) if type(kind) is str else None


def _holds_tokens(value: list[Any]) -> bool:
    return any(type(one) is int or (type(one) is list and _holds_tokens(one)) for one in value)
