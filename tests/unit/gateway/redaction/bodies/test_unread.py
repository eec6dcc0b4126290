"""What of a request cannot be searched is told by its kind, however it is written, and goes through as it came where it may."""

from typing import Any

import pytest

from assistant_gateway.redaction.bodies.unread import unscanned
from assistant_gateway.redaction.bodies.walk import transform

PICTURE = "data:image/png;base64,aGVsbG8="


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ({"messages": [{"content": [{"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}]}]}, {"image"}),
        ({"messages": [{"content": [{"type": "image_url", "image_url": PICTURE}]}]}, {"image"}),
        ({"messages": [{"content": [{"type": "input_audio", "input_audio": {"data": "aGVsbG8=", "format": "wav"}}]}]}, {"audio"}),
        ({"messages": [{"content": [{"type": "file", "file": {"file_data": "data:application/pdf;base64,aGVsbG8="}}]}]}, {"file"}),
        ({"messages": [{"content": [{"type": "video_url", "video_url": {"url": "data:video/mp4;base64,aGVsbG8="}}]}]}, {"video"}),
        ({"messages": [{"content": [{"type": "input_file", "file_data": "data:application/pdf;base64,aGVsbG8="}]}]}, {"file"}),
        ({"messages": [{"content": [{"type": "document", "source": {"type": "base64", "data": "aGVsbG8="}}]}]}, {"file"}),
        ({"messages": [{"images": ["aGVsbG8="]}]}, {"image"}),
        ({"images": ["aGVsbG8="], "context": [1, 2]}, {"image", "tokens"}),
        ({"input": [[1, 2]]}, {"tokens"}),
        ({"prompt": [1, 2]}, {"tokens"}),
        ({"messages": [{"Images": ["aGVsbG8="]}], "Context": [1]}, {"image", "tokens"}),
        ({"messages": [{"Content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}]}, {"image"}),
        ({"messages": [{"type": "function_call_output", "output": [{"type": "input_image", "image_url": PICTURE}]}]}, {"image"}),
    ],
)
def test_what_cannot_be_read_is_told_and_stays(body: dict[str, Any], kinds: set[str]) -> None:
    """Whether it may pass is the policy's to say."""
    assert unscanned(body) == kinds
    assert transform(body, lambda text: text if text in ("low", "wav") else f"<{text}>" if "/" in text or "=" in text else text) == body


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"content": "x", "images": []}], "prompt": "x", "input": ["x"], "context": None, "tools": [{"type": "file"}]},
        {"content": [{"type": ["image"]}, {"type": {}}, {"type": None}]},
        {"content": {"type": "text"}, "options": {"stop": [1]}},
    ],
)
def test_what_can_be_read_is_not_told(body: dict[str, Any]) -> None:
    """Else requests would be refused for nothing."""
    assert unscanned(body) == frozenset()
