"""A file as a browser's form sends it (multipart/form-data): read from memory, and never written anywhere."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from assistant_gateway.errors import RefusalError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS: Final = 16
MAX_NAME: Final = 255
MULTIPART: Final = b"multipart/form-data"

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(slots=True)
class Part:
    """One field of the form."""

    headers: dict[str, str] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)

    @property
    def field_name(self) -> str:
        return self._option(b"name") or ""

    @property
    def file_name(self) -> str | None:
        return self._option(b"filename")

    def _option(self, name: bytes) -> str | None:
        _, options = parse_options_header(self.headers.get("content-disposition"))
        value = options.get(name)
        return None if value is None else value.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Upload:
    """The form of an upload: one file and what is said about it."""

    name: str
    media_type: str | None
    data: bytes
    fields: dict[str, str]


def read(content_type: bytes, body: bytes) -> Upload:
    """Return what the form holds; raises RefusalError."""
    parts = _parts(content_type, body)
    file = next((part for part in parts if part.field_name == "file"), None)
    if file is None:
        raise RefusalError("invalid_request", "The form must have a file in its field 'file'.", param="file")
    fields = {part.field_name: part.data.decode("utf-8", "replace") for part in parts if part is not file and part.file_name is None}
    return Upload(clean_name(file.file_name or "file"), file.headers.get("content-type"), bytes(file.data), fields)


def clean_name(name: str) -> str:
    """Return a file's name as it is shown: no folders, nothing that a terminal obeys. It is no path anywhere."""
    inside = name[max(name.rfind("/"), name.rfind("\\")) + 1 :]
    return _CONTROLS.sub("", inside).strip()[-MAX_NAME:] or "file"


def _parts(content_type: bytes, body: bytes) -> list[Part]:
    kind, options = parse_options_header(content_type.decode("latin-1"))
    boundary = options.get(b"boundary", b"")
    if kind != MULTIPART or not boundary:
        raise RefusalError("invalid_request", "The request's body must be multipart/form-data.")
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise RefusalError("invalid_request", "The request's body is not valid multipart/form-data.") from None
    if not reader.ended:
        raise RefusalError("invalid_request", "The form is not complete.")
    return reader.parts


class _Reader:
    """Collects what the parser finds."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._name = b""
        self._value = b""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_part_data": lambda data, start, end: self.parts[-1].data.extend(data[start:end]),
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= MAX_PARTS:
            raise FormParserError("too many parts")
        self.parts.append(Part())

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        # Latin-1 as the parser of options wants it: it gives the bytes back, which are UTF-8 in practice.
        self.parts[-1].headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name = self._value = b""

    def _end(self) -> None:
        self.ended = True
