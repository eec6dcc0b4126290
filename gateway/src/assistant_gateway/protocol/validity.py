"""When a certificate ends, read from its own bytes: what else could tell loads a library that most assistants do without.

RFC 5280, section 4.1: Certificate ::= { tbsCertificate { [0] version, serialNumber, signature, issuer, validity, ... }, ... } and
Validity ::= { notBefore, notAfter }, all of them in DER.
"""

import base64
import math
import re
from datetime import UTC, datetime
from typing import Final

_FIRST: Final = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.+?)-----END ", re.DOTALL)
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_LONG_FORM: Final = 0x80


def end_of(pem: bytes) -> float:
    """Return when the first certificate ends, in seconds since 1970; not a number where it cannot be read."""
    try:
        return _end(base64.b64decode(_FIRST.findall(pem)[0])).timestamp()
    except (IndexError, ValueError):
        return math.nan


def _end(der: bytes) -> datetime:
    _, certificate, _ = _element(der, 0)
    _, at, _ = _element(der, certificate)
    tag, _, after = _element(der, at)
    if tag == _VERSION:
        at = after
    for _ in ("serialNumber", "signature", "issuer"):
        at = _element(der, at)[2]
    _, not_before, _ = _element(der, at)
    tag, start, end = _element(der, _element(der, not_before)[2])
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"  # UTCTime is for years before 2050
    return datetime.strptime(der[start:end].decode("ascii"), form).replace(tzinfo=UTC)


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag of the element that begins there, and where its content begins and ends."""
    length, start = der[at + 1], at + 2
    if length & _LONG_FORM:
        count = length & ~_LONG_FORM
        length, start = int.from_bytes(der[start : start + count]), start + count
    return der[at], start, start + length
