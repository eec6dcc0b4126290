"""What the proxy says of its decisions, and what the operator takes for it."""

import json

import pytest

from assistant_egress.proxy.decisions import Decisions, MalformedError, encode_decisions, parse_decisions

SINCE = "2026-11-29T01:00:00Z"


def test_what_is_written_is_read() -> None:
    """In the shape that the module's docstring shows."""
    decisions = Decisions(SINCE, 12, {"HostNotAllowed": 3, "NotTls": 0})

    assert json.loads(encode_decisions(decisions)) == {"since": SINCE, "allowed": 12, "refused": {"HostNotAllowed": 3, "NotTls": 0}}
    assert parse_decisions(encode_decisions(decisions)) == decisions


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"since": SINCE, "allowed": 1},
        {"since": SINCE, "allowed": 1, "refused": {}, "more": 1},
        {"since": SINCE, "allowed": -1, "refused": {}},
        {"since": SINCE, "allowed": 1.0, "refused": {}},
        {"since": SINCE, "allowed": True, "refused": {}},
        {"since": SINCE, "allowed": 1 << 63, "refused": {}},
        {"since": SINCE, "allowed": 1, "refused": []},
        {"since": SINCE, "allowed": 1, "refused": {"IdleTimeout": 1}},
        {"since": SINCE, "allowed": 1, "refused": {"evil.example": 1}},
        {"since": SINCE, "allowed": 1, "refused": {"NotTls": "1"}},
        {"since": SINCE, "allowed": 1, "refused": {"NotTls": None}},
        {"since": "2026-11-29T01:00:00", "allowed": 1, "refused": {}},
        {"since": "2026-11-29T01:00:00.5Z", "allowed": 1, "refused": {}},
        {"since": "2026-13-29T01:00:00Z", "allowed": 1, "refused": {}},
        {"since": "2026-11-29T01:00:00+00:00", "allowed": 1, "refused": {}},
        {"since": 0, "allowed": 1, "refused": {}},
    ],
)
def test_anything_else_is_refused(document: object) -> None:
    """The operator puts it into status: nothing but counts, known reasons and a time gets there."""
    with pytest.raises(MalformedError):
        parse_decisions(json.dumps(document).encode())


@pytest.mark.parametrize("body", [b"", b"\xff", b'{"since":1,"since":1}', b" " * 8193])
def test_what_is_no_such_json_is_refused(body: bytes) -> None:
    """By the same error."""
    with pytest.raises(MalformedError):
        parse_decisions(body)
