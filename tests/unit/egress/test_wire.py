"""The little HTTP that the server speaks."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_egress.protocol import MAX_BYTES
from assistant_egress.wire import MAX_HEAD_BYTES, Reader, RefusedError, Request, answer

HEAD = b"POST /rounds HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"


def feed(*parts: bytes) -> Request | None:
    reader = Reader()
    request = None
    for part in parts:
        assert request is None
        request = reader.feed(part)
    return request


@settings(deadline=None)
@given(st.binary(max_size=200), st.randoms())
def test_a_request_may_come_in_any_pieces(body: bytes, source: random.Random) -> None:
    """It is whole with its last byte and not before."""
    data = b"POST /rounds HTTP/1.1\r\ncontent-LENGTH:  %d \r\n\r\n" % len(body) + body
    cuts = sorted({source.randrange(1, len(data)) for _ in range(source.randrange(6))})
    reader = Reader()

    pieces = [reader.feed(data[start:end]) for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    assert pieces == [None] * len(cuts) + [Request("POST", "/rounds", body)]


def test_a_head_that_came_before_has_a_body_of_its_own() -> None:
    """What is kept of a head that comes again and again is the head alone; one that differs in a letter is another."""
    data = b"POST /rounds HTTP/1.1\r\nContent-Length: 4\r\n\r\n"

    bodies = [(found := feed(data + body)) and found.body for body in (b"abcd", b"efgh")]

    assert bodies == [b"abcd", b"efgh"]
    assert feed(data.replace(b"4", b"3") + b"abcd") == Request("POST", "/rounds", b"abc")
    assert feed(data.replace(b"rounds", b"bounds") + b"abcd") == Request("POST", "/bounds", b"abcd")


def test_a_request_without_a_body_ends_with_its_head() -> None:
    """As the gateway's does."""
    assert feed(b"GET /verdict HTTP/1.0\r\n\r\n") == Request("GET", "/verdict", b"")


def test_what_comes_after_a_request_is_not_looked_at() -> None:
    """A connection has one."""
    assert feed(HEAD + b"abcdGET /verdict") == Request("POST", "/rounds", b"abcd")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /verdict\r\n\r\n", 400),
        (b"GET /verdict HTTP/2\r\n\r\n", 400),
        (b"GET  /verdict HTTP/1.1\r\n\r\n", 400),
        (b"GET /ver dict HTTP/1.1\r\n\r\n", 400),
        (b"GET http://a/verdict HTTP/1.1\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"G\x00T / HTTP/1.1\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n: nameless\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\na : b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\na: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\na: b\nContent-Length: 4\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\na: \x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: identity\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: +4\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BYTES + 1), 413),
        (b"GET /" + b"a" * MAX_HEAD_BYTES, 413),
        (b"GET / HTTP/1.1\r\na: " + b"b" * MAX_HEAD_BYTES + b"\r\n\r\n", 413),
    ],
)
def test_what_is_no_plain_request_is_refused(data: bytes, status: int) -> None:
    """What two programs could read in two ways is read in none."""
    with pytest.raises(RefusedError) as caught:
        feed(data)

    assert caught.value.status == status


def test_the_largest_request_is_read() -> None:
    """Head and body at their limits."""
    head = b"POST /rounds HTTP/1.1\r\nContent-Length: %d\r\na: " % MAX_BYTES
    head += b"b" * (MAX_HEAD_BYTES - len(head) - 4) + b"\r\n\r\n"

    request = feed(head, bytes(MAX_BYTES))

    assert request is not None
    assert len(request.body) == MAX_BYTES


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail_in_another_way(data: bytes) -> None:
    """A request, a refusal, or more to come."""
    for start in (b"", b"GET /verdict HTTP/1.1\r\n", HEAD):
        with contextlib.suppress(RefusedError):
            feed(start + data)


def test_an_answer_closes_and_says_how_long_it_is() -> None:
    """With a body, and without one."""
    assert answer(200, b"{}") == b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    assert answer(404) == b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
