"""The request that opens a tunnel, and all that looks like one."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_egress.proxy.head import MAX_BYTES, Head, Request
from assistant_egress.proxy.refusals import RefusedError

LINE = b"CONNECT api.corp.example:443 HTTP/1.1\r\n"
ASKED = Request("api.corp.example", 443, None)


def feed(*parts: bytes) -> Request | None:
    head = Head()
    request = None
    for part in parts:
        assert request is None
        request = head.feed(part)
    return request


def refused(data: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        feed(data)
    assert caught.value.rule is None
    return caught.value.reason


@pytest.mark.parametrize(
    ("data", "request_"),
    [
        (LINE + b"\r\n", ASKED),
        (LINE.replace(b"1.1", b"1.0") + b"\r\n", ASKED),
        (LINE + b"Host: api.corp.example:443\r\n\r\n", Request("api.corp.example", 443, "api.corp.example:443")),
        (LINE + b"HOST:\t Api.Corp.Example \r\nUser-Agent: a\r\nX:\r\n\r\n", Request("api.corp.example", 443, "api.corp.example")),
        (b"CONNECT API.Corp.example:65535 HTTP/1.1\r\n\r\n", Request("api.corp.example", 65535, None)),
        (b"CONNECT localhost:1 HTTP/1.1\r\n\r\n", Request("localhost", 1, None)),
    ],
)
def test_a_request_is_read(data: bytes, request_: Request) -> None:
    """In lower case; it is whole with its last byte and not before, in whatever pieces it comes."""
    assert feed(data) == request_
    assert feed(*(data[at : at + 1] for at in range(len(data)))) == request_
    assert feed(data[:-1]) is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (None, True),
        ("api.corp.example", True),
        ("api.corp.example:443", True),
        ("api.corp.example:8443", False),
        ("api.corp.example:0443", False),
        ("evil.example", False),
        ("corp.example", False),
        ("", False),
        ("api.corp.example.", False),
        ("api.corp.example, evil.example", False),
    ],
)
def test_the_host_header_has_to_be_its_own(host: str | None, expected: bool) -> None:
    """With or without the port, or absent."""
    assert Request("api.corp.example", 443, host).host_is_its_own is expected


@pytest.mark.parametrize(
    "literal",
    [
        "127.0.0.1",
        "10.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0X7F.1",
        "0177.0.0.01",
        "017700000001",
        "1.1.1.0x1",
        "256.256.256.256",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fe80::1%25eth0]",
        "[v1.x]",
        "::1",
        "::ffff:10.0.0.1",
    ],
)
def test_an_address_is_no_name_however_it_is_spelled(literal: str) -> None:
    """With or without brackets; decimal, octal, hexadecimal, short or long."""
    assert refused(f"CONNECT {literal}:443 HTTP/1.1\r\n\r\n".encode()) == "IpLiteral"


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b":443",
        b"api.corp.example",
        b"api.corp.example:",
        b"api.corp.example:0",
        b"api.corp.example:0443",
        b"api.corp.example:+443",
        b"api.corp.example:65536",
        b"api.corp.example:443443",
        b"api.corp.example:https",
        b"api.corp.example.:443",
        b".api.corp.example:443",
        b"api..example:443",
        b"-api.corp.example:443",
        b"api_.corp.example:443",
        b"*.corp.example:443",
        b"api.corp.example/:443",
        b"https://api.corp.example:443",
        b"/api.corp.example:443",
        b"user@api.corp.example:443",
        b"user:password@api.corp.example:443",
        b"api%2ecorp.example:443",
        b"api.corp.example%00.evil.example:443",
        b"api.corp.example\x00.evil.example:443",
        b"api.corp.example\t:443",
        b"api.corp.example#:443",
        b"api.corp.example?:443",
        b"api.corp.example\\:443",
        "bücher.example:443".encode(),
        "api。corp。example:443".encode(),
        "ａpi.corp.example:443".encode(),
        b"127.0.0.1.:443",
        b"[::1:443",
        b"a" * 64 + b".example:443",
        b"a." * 126 + b"aa:443",
    ],
)
def test_any_other_target_is_malformed(target: bytes) -> None:
    """Whatever somebody else might make of it."""
    assert refused(b"CONNECT " + target + b" HTTP/1.1\r\n\r\n") == "MalformedRequest"


@pytest.mark.parametrize("method", [b"GET", b"POST", b"OPTIONS", b"connect", b"CONNECTED", b"PRI"])
def test_another_method_is_not_connect(method: bytes) -> None:
    """Methods have upper case; whether the rest would be allowed is not asked."""
    assert refused(method + b" http://api.corp.example/ HTTP/1.1\r\nHost: api.corp.example\r\n\r\n") == "NotConnect"


@pytest.mark.parametrize(
    "data",
    [
        b"CONNECT api.corp.example:443 HTTP/0.9\r\n\r\n",
        b"CONNECT api.corp.example:443 HTTP/1.2\r\n\r\n",
        b"CONNECT api.corp.example:443 HTTP/2\r\n\r\n",
        b"CONNECT api.corp.example:443 http/1.1\r\n\r\n",
        b"CONNECT api.corp.example:443\r\n\r\n",
        b"CONNECT  api.corp.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT api.corp.example:443  HTTP/1.1\r\n\r\n",
        b"CONNECT\tapi.corp.example:443 HTTP/1.1\r\n\r\n",
        b" CONNECT api.corp.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT api.corp.example:443 HTTP/1.1 \r\n\r\n",
        b"\r\n" + LINE + b"\r\n",
        b"C@NNECT api.corp.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT api.corp.example:443 HTTP/1.1\nHost: a\r\n\r\n",
        b"CONNECT api.corp.example:443 HTTP/1.1\rHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x05\x01\x00",
        b"\x80\x2e\x01\x00\x02",
        b"CONNECT api.corp.example:443 HTTP/1.1\x00",
        LINE + b"Host: a\nHost: b\r\n\r\n",
        LINE + b"Host: a\rHost: b\r\n\r\n",
        LINE + b"Host: api.corp.example\r\nHost: api.corp.example\r\n\r\n",
        LINE + b"Host: api.corp.example\r\nhost: evil.example\r\n\r\n",
        LINE + b"Host : api.corp.example\r\n\r\n",
        LINE + b"Host: api.corp\r\n .example\r\n\r\n",
        LINE + b"X: a\r\n\tb\r\n\r\n",
        LINE + b": a\r\n\r\n",
        LINE + b"nothing\r\n\r\n",
        LINE + b"X: \x7f\r\n\r\n",
        LINE + b"X: \xff\r\n\r\n",
        LINE + b"Content-Length: 0\r\n\r\n",
        LINE + b"content-length: 5\r\n\r\n",
        LINE + b"Transfer-Encoding: chunked\r\n\r\n",
        LINE + b"TRANSFER-ENCODING: identity\r\n\r\n",
        LINE + b"\r\n\x16\x03\x01",
        LINE + b"\r\n\r\n",
        LINE + b"\r\n" + LINE + b"\r\n",
    ],
)
def test_what_two_readers_could_understand_in_two_ways_is_malformed(data: bytes) -> None:
    """Line ends, spaces, folds, bodies, what comes too early: nothing is mended."""
    assert refused(data) == "MalformedRequest"


def test_a_head_has_eight_kibibytes() -> None:
    """To the byte, and in whatever pieces; without an end it is refused as soon as it cannot have one in time."""
    filled = LINE + b"X: " + b"a" * (MAX_BYTES - len(LINE) - 7) + b"\r\n\r\n"
    assert len(filled) == MAX_BYTES
    assert feed(filled) == ASKED
    assert feed(filled[:5000], filled[5000:-1], filled[-1:]) == ASKED

    assert refused(filled[:-4] + b"a\r\n\r\n") == "MalformedRequest"
    assert refused(LINE + b"X: " + b"a" * MAX_BYTES) == "MalformedRequest"


def test_only_an_untouched_head_is_empty() -> None:
    """Whoever sent one byte has begun to ask."""
    head = Head()
    assert head.is_empty
    head.feed(b"C")
    assert not head.is_empty


@settings(deadline=None)
@given(st.binary(max_size=300), st.randoms())
def test_no_bytes_are_more_than_refused(data: bytes, source: random.Random) -> None:
    """Alone, or put somewhere into a valid request; what passes is a plain name and a port."""
    at = source.randrange(len(LINE))
    for attempt in (data, LINE[:at] + data + LINE[at:] + b"\r\n", LINE + data + b"\r\n\r\n"):
        try:
            request = feed(attempt)
        except RefusedError:
            continue
        if request:
            assert set(request.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
            assert 1 <= request.port <= 65535
