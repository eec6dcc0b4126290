"""The first message in a tunnel: what name it asks for, and everything that is not to be let through."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_egress.proxy.hello import MAX_BYTES, MAX_RECEIVED, Hello
from assistant_egress.proxy.refusals import RefusedError
from tests.unit.egress.proxy.hellos import ECH, GOOD, encrypted, hello, message, named, real, records, seen_by_openssl, server_name, vector

REAL = real(GOOD)


def feed(*parts: bytes) -> str | None:
    reader = Hello()
    name = None
    for part in parts:
        assert name is None
        name = reader.feed(part)
    assert bytes(reader.received) == b"".join(parts)
    return name


def refused(data: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        feed(data)
    return caught.value.reason


@pytest.mark.parametrize("data", [REAL, hello(named(GOOD)), hello(named(GOOD.upper())), hello((ECH + 1, b""), named(GOOD))])
def test_the_name_is_found(data: bytes) -> None:
    """In lower case; with its last byte and not before, in whatever pieces, and all that came is there to be sent on."""
    assert feed(data) == GOOD
    assert feed(*(data[at : at + 1] for at in range(len(data)))) == GOOD
    assert feed(data[:-1]) is None


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
def test_a_message_may_come_in_many_records(size: int) -> None:
    """However small: some clients split it in the middle of the name."""
    assert feed(records(message([named(GOOD)]), size)) == GOOD


def test_what_comes_after_the_message_is_not_looked_at() -> None:
    """Data that a client may send before the server's answer (0-RTT) is in records of its own."""
    assert feed(REAL + b"\x14\x03\x03\x00\x01\x01" + b"\x17\x03\x03\x00\x05hello") == GOOD


@pytest.mark.parametrize(
    "data", [real(None), hello(), records(message(None)), records(message([])), hello(server_name()), hello(named(""))]
)
def test_a_hello_without_a_name_is_refused(data: bytes) -> None:
    """Whatever it leaves out: the server would choose."""
    assert refused(data) == "NoServerName"


def test_a_name_of_another_kind_is_none() -> None:
    """There is one kind; nobody knows what servers make of others."""
    assert refused(hello(server_name((1, GOOD.encode())))) == "NoServerName"


@pytest.mark.parametrize("second", ["evil.example", GOOD])
def test_two_names_are_refused(second: str) -> None:
    """A server may take either."""
    assert refused(hello(server_name((0, GOOD.encode()), (0, second.encode())))) == "ServerNameMismatch"
    assert refused(hello(named(GOOD), named(second))) == "NotTls"


@pytest.mark.parametrize("kind", [ECH, 0xFF02, 0xFF03, 0xFE08, 0xFE09, 0xFE0A, 0xFE0B, 0xFE0C, 0xFFCE])
def test_an_encrypted_name_is_refused(kind: int) -> None:
    """Whatever name stands outside; drafts and predecessors, too."""
    assert refused(encrypted(GOOD, kind)) == "EncryptedServerName"
    assert refused(hello((kind, b""))) == "EncryptedServerName"


def test_a_name_beyond_ascii_equals_none_that_is_allowed() -> None:
    """Nor does one with a NUL, a dot at its end, or a port."""
    for name in (b"\xff", GOOD.encode() + b"\x00", GOOD.encode() + b".", GOOD.encode() + b":443", b" " + GOOD.encode()):
        assert feed(hello(server_name((0, name)))) not in (None, GOOD)


def trailing(data: bytes) -> bytes:
    return records(message([named(GOOD)]) + data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: api.corp.example\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"\x80\x2e\x01\x03\x01\x00\x15",  # SSLv2's hello
        b"\x15\x03\x01\x00\x02\x02\x28",  # an alert
        b"\x17\x03\x03\x00\x01x",  # data
        b"G",
        b"\x17" + REAL[1:],
        b"\x16\x02\x00\x00\x01\x01",
        b"\x16\x04",
        b"\x16\xfe\xff",  # DTLS
        b"\x16\x03\x01\x00\x00",
        b"\x16\x03\x01\x40\x01",
        records(b"\x02" + message([named(GOOD)])[1:]),
        records(b"\x01" + (MAX_BYTES + 1).to_bytes(3, "big") + b"x"),
        trailing(b"\x00"),
        trailing(message([named("evil.example")])),
        records(message([named(GOOD)], session=bytes(33))),
        records(message([named(GOOD)], suites=b"")),
        records(message([named(GOOD)], suites=b"\x13")),
        hello((0, b"")),
        hello((0, vector(2, b"\x00"))),
        hello((0, vector(2, b"\x00" + vector(2, GOOD.encode())) + b"x")),
        hello((0, vector(2, b"\x00" + b"\x00\xff" + GOOD.encode()))),
        records(b"\x01" + vector(3, b"\x03\x03")),
        records(b"\x01" + vector(3, b"")),
        records(b"\x01" + vector(3, message([named(GOOD)])[4:] + b"x")),
        hello(named(GOOD), (43, b""), (43, b"")),
    ],
)
def test_what_is_no_hello_is_refused(data: bytes) -> None:
    """As soon as that shows; nothing waits for the rest of what cannot become one."""
    assert refused(data) == "NotTls"


def test_a_hello_has_sixteen_kibibytes() -> None:
    """And the records around it a little: a byte of it in each does not do."""

    def filled(length: int) -> bytes:
        return message([named(GOOD), (21, bytes(length - len(message([named(GOOD), (21, b"")])) + 4))])

    assert len(filled(MAX_BYTES)) == MAX_BYTES + 4
    assert feed(records(filled(MAX_BYTES))) == GOOD
    assert refused(records(filled(MAX_BYTES + 1))) == "NotTls"
    assert refused(records(filled(MAX_BYTES), 1)[:MAX_RECEIVED]) == "NotTls"


@settings(deadline=None, max_examples=300)
@given(st.randoms(), st.sampled_from([REAL, hello(named(GOOD)), encrypted(), real(None)]))
def test_a_spoiled_hello_is_never_more_than_refused(source: random.Random, whole: bytes) -> None:
    """Bytes changed, lost, added, cut short: the one error that its readers know, or a name."""
    data = bytearray(whole)
    for _ in range(source.randrange(1, 6)):
        at = source.randrange(max(1, len(data) - 1))
        change = source.randrange(4)
        if change == 0:
            data[at : at + 1] = source.randbytes(1)
        elif change == 1:
            del data[at : at + 1]
        elif change == 2:
            data[at:at] = source.randbytes(source.randrange(1, 5))
        else:
            del data[max(1, at) :]
    cut = source.randrange(len(data) + 1)
    reader = Hello()
    try:
        for part in (bytes(data[:cut]), bytes(data[cut:])):
            if reader.feed(part) is not None:
                break
    except RefusedError:
        pass


def test_what_passes_has_the_name_that_a_server_sees() -> None:
    """OpenSSL's reader is the judge: of hellos with changed bytes it never sees another name than the one that was found here."""
    source = random.Random(7)
    passed = 0
    for _ in range(3000):
        data = bytearray(REAL)
        for _ in range(source.randrange(1, 3)):
            data[source.randrange(len(data))] = source.randrange(256)
        try:
            name = feed(bytes(data))
        except RefusedError:
            continue
        if name is not None and name.isascii():
            passed += 1
            assert seen_by_openssl(bytes(data)) in ([], [name])

    assert passed > 300
    assert seen_by_openssl(REAL) == [GOOD]
    assert struct.unpack("!H", REAL[3:5])[0] == len(REAL) - 5
