"""The keys of single records, and the key under which things are found again without being readable.

AES-256-GCM throughout: a random nonce of 12 bytes in front of the ciphertext, and the record's identity as associated data, so that a
row that was moved to another record does not open there.
"""

import hashlib
import hmac
import os
from typing import Final, Literal, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from assistant_gateway.sealing.errors import SealBrokenError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
TOKEN_BYTES: Final = 8
LEXEME_BYTES: Final = 8

TokenKind = Literal["subject", "group", "locator", "everyone"]


class DataKey:
    """Seals what belongs to one conversation or document."""

    __slots__ = ("_aead", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._aead = AESGCM(raw)

    @classmethod
    def new(cls) -> Self:
        """Return a key that nobody else has."""
        return cls(AESGCM.generate_key(KEY_BYTES * 8))

    def seal(self, plaintext: bytes, label: bytes) -> bytes:
        """Return the sealed bytes; only the same label opens them."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plaintext, label)

    def open(self, sealed: bytes, label: bytes) -> bytes:
        """Return what was sealed under this label; raises SealBrokenError."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], label)
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
            raise SealBrokenError from error


class IndexKey:
    """Turns subjects, groups, places and words into tokens: equal for equal input, meaningless to whoever has only the store.

    Each use has its own prefix, so that a word's token says nothing about a subject of the same spelling.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    @property
    def raw(self) -> bytes:
        return self._raw

    def token(self, kind: TokenKind, text: str) -> int:
        """Return a signed number of 64 bits, as bigint columns hold it."""
        return int.from_bytes(self._digest(f"token\0{kind}\0{text}".encode("utf-8", "surrogatepass"))[:TOKEN_BYTES], "big", signed=True)

    def lexeme(self, word: str) -> str:
        """Return what stands for the word in the full-text index: 16 hex digits."""
        return self._digest(f"lexeme\0{word}".encode("utf-8", "surrogatepass"))[:LEXEME_BYTES].hex()

    def tag(self, data: bytes) -> bytes:
        """Return 16 bytes that are the same for the same content, so that what did not change need not be stored again."""
        return self._digest(b"tag\0" + hashlib.sha256(data).digest())[:TAG_BYTES]

    def _digest(self, data: bytes) -> bytes:
        return hmac.digest(self._raw, data, "sha256")
