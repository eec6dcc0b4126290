"""Forms as clients send them, and as attackers do."""

import httpx
import pytest

from assistant_gateway.documents import uploads
from assistant_gateway.errors import RefusalError

BOUNDARY = b"multipart/form-data; boundary=b"


def form(*parts: tuple[str, bytes]) -> bytes:
    return b"".join(b"--b\r\n%s\r\n\r\n%s\r\n" % (head.encode(), data) for head, data in parts) + b"--b--\r\n"


FILE = 'Content-Disposition: form-data; name="file"; filename="a.txt"'


@pytest.mark.parametrize("name", ["a.txt", "Übersicht – 日本.pdf", 'quo"te.txt', "sp ace.md"])
def test_what_httpx_sends(name: str) -> None:
    sent = httpx.Request("POST", "http://x", files={"file": (name, b"\x00\r\n--b\xff" * 1000, "text/x")}, data={"metadata": '{"a": "ü"}'})
    found = uploads.read(sent.headers["content-type"].encode(), sent.read())
    assert found.data == b"\x00\r\n--b\xff" * 1000
    assert (found.media_type, found.fields) == ("text/x", {"metadata": '{"a": "ü"}'})
    assert found.name in (name, name.replace('"', "%22"))


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Users\\\\a.txt", "a.txt"),
        ("a/", "file"),
        ("..", ".."),
        ("", "file"),
        ("a\x00b\x1b[31m.txt", "ab[31m.txt"),
        ("\u202efdp.exe", "fdp.exe"),
        ("x" * 300 + ".txt", "x" * 251 + ".txt"),
    ],
)
def test_a_name_is_no_path(sent: str, shown: str) -> None:
    assert uploads.clean_name(sent) == shown


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"", form((FILE, b"x"))),
        (b"application/json", b"{}"),
        (b"multipart/form-data", form((FILE, b"x"))),
        (b"multipart/form-data; boundary=", form((FILE, b"x"))),
        (b"multipart/form-data; boundary=other", form((FILE, b"x"))),
        (BOUNDARY, b""),
        (BOUNDARY, b"garbage"),
        (BOUNDARY, form()),
        (BOUNDARY, form((FILE, b"x"))[:-10]),
        (BOUNDARY, form((FILE, b"x"))[:20]),
        (BOUNDARY, form(('Content-Disposition: form-data; name="other"', b"x"))),
        (BOUNDARY, form(*[(f'Content-Disposition: form-data; name="f{n}"', b"x") for n in range(20)], (FILE, b"x"))),
        (BOUNDARY, form((FILE + "\r\n" + "\r\n".join(f"X-{n}: y" for n in range(100)), b"x"))),
        (BOUNDARY, form((FILE + "\r\nX-Long: " + "y" * 100_000, b"x"))),
        (b"multipart/form-data; boundary=" + b"b" * 10_000, form((FILE, b"x"))),
        (b"multipart/form-data; boundary=\xff\xfe", form((FILE, b"x"))),
    ],
)
def test_a_form_that_is_none_is_refused(content_type: bytes, body: bytes) -> None:
    with pytest.raises(RefusalError) as refused:
        uploads.read(content_type, body)
    assert refused.value.status == 400


def test_a_name_of_a_million_letters_takes_no_time() -> None:
    assert len(uploads.clean_name("x" * 1_000_000)) == 255


def test_an_empty_file_is_a_file() -> None:
    assert uploads.read(BOUNDARY, form((FILE, b""))).data == b""


def test_ten_megabytes_of_almost_boundaries() -> None:
    """What makes parsers slow."""
    data = b"\r\n--" * 2_500_000
    assert uploads.read(BOUNDARY, form((FILE, data))).data == data
