"""API keys: read from files, compared without a timing that tells which byte, or which key, was close.

A key's identity comes from the policy (`keys[]`), its value from the file of that name. While a key is being replaced a second file,
`NAME.other`, holds the next one, and then the one before. What is kept in memory is the values' sha256.
"""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import MIN_DIFFERENT, MIN_KEY, KeyPolicy, Role

OTHER = ".other"
"""Of the second file of a key."""
CHALLENGE = [(b"www-authenticate", b"Bearer")]


class KeyFileError(Exception):
    """A key's file is missing, empty or unreadable; the message names the key, never its value."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: from the key alone, never from the request."""

    key: str
    subject: str
    groups: tuple[str, ...]
    role: Role = "User"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys of the policy."""

    entries: tuple[tuple[bytes, Identity], ...]

    @classmethod
    def load(cls, folder: Path, keys: tuple[KeyPolicy, ...]) -> "KeyRing":
        """Read every key's file; raises KeyFileError if one cannot be used."""
        entries: dict[bytes, Identity] = {}
        for key in keys:
            identity = Identity(key.name, key.subject, key.groups, key.role)
            for digest in {_digest(folder, key.name), *_other(folder, key.name)}:
                if entries.setdefault(digest, identity) is not identity:
                    raise KeyFileError("Two keys have the same value, so a request could not be told to come from one of them.")
        return cls(tuple(entries.items()))

    def identify(self, headers: list[tuple[bytes, bytes]]) -> Identity:
        """Return whose key the request carries; raises RefusalError. Every key is compared, whether or not an earlier one matched."""
        values = [value for name, value in headers if name == b"authorization"]
        if not values:
            raise RefusalError("missing_key", headers=CHALLENGE)
        scheme, _, presented = values[0].partition(b" ")
        if scheme.lower() != b"bearer":
            raise RefusalError("missing_key", headers=CHALLENGE)
        digest = hashlib.sha256(presented.strip()).digest()
        found: Identity | None = None
        for known, identity in self.entries:
            if hmac.compare_digest(known, digest):
                found = identity
        if found is None or len(values) > 1:
            raise RefusalError("wrong_key", headers=CHALLENGE)
        return found


def presented(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the API key itself, of a request that `identify` has let pass; it is to go into no log, record or answer."""
    value = next(value for name, value in headers if name == b"authorization")
    return value.partition(b" ")[2].strip()


def other_file(folder: Path, name: str) -> Path:
    """Return the file that is there while the key of that name is being replaced."""
    return folder / f"{name}{OTHER}"


def _other(folder: Path, name: str) -> tuple[bytes, ...]:
    """Return the second value's digest; nothing where there is none, or no usable one: it is then not accepted."""
    try:
        return (_digest(folder, f"{name}{OTHER}"),)
    except KeyFileError:
        return ()


def _digest(folder: Path, name: str) -> bytes:
    if "/" in name or name in ("", ".", ".."):
        raise KeyFileError("A key's name is not the name of a file.")
    try:
        value = (folder / name).read_bytes().strip()
    except OSError as error:
        raise KeyFileError(f"The file of key '{name}' cannot be read.") from error
    if not value or not value.isascii() or any(byte <= 0x20 or byte == 0x7F for byte in value):
        raise KeyFileError(f"The file of key '{name}' is empty or holds spaces or characters that an HTTP header cannot carry.")
    if len(value) < MIN_KEY or len(set(value)) < MIN_DIFFERENT:
        raise KeyFileError(f"The file of key '{name}' holds fewer than {MIN_KEY} characters, or than {MIN_DIFFERENT} different ones.")
    return hashlib.sha256(value).digest()
