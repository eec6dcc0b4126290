"""The end of a certificate, as the library reads it that is not loaded for this."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from assistant_gateway.protocol.validity import end_of

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
PEM = serialization.Encoding.PEM
KEYS: dict[str, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = {
    "EC": ec.generate_private_key(ec.SECP256R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
}


def certificate(end: datetime, key: str = "EC", name: str = "one") -> bytes:
    """Return a certificate that ends then."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name), x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "ü" * 60)])
    builder = x509.CertificateBuilder(subject, subject, KEYS[key].public_key(), x509.random_serial_number(), BEGIN, end)
    return builder.sign(KEYS[key], hashes.SHA256()).public_bytes(PEM)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "end", [datetime(2026, 3, 4, 5, 6, 7), datetime(2049, 12, 31, 23, 59, 59), datetime(2050, 1, 1), datetime(9999, 12, 31)]
)
def test_the_end_is_the_librarys(end: datetime, key: str) -> None:
    """Both forms of time in both forms of length."""
    pem = certificate(end.replace(tzinfo=UTC), key)

    assert end_of(pem) == x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()


def test_of_a_chain_the_first_counts() -> None:
    """It is the one that is served; text around it is no matter."""
    first, second = certificate(BEGIN + timedelta(days=9)), certificate(BEGIN + timedelta(days=99), name="issuer")

    assert end_of(b"Bag Attributes\n  localKeyID: 01\n" + first + second) == (BEGIN + timedelta(days=9)).timestamp()


@pytest.mark.parametrize(
    "pem",
    [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", certificate(BEGIN + timedelta(1))[:90]],
    ids=["empty", "no PEM", "cut inside", "cut off"],  # the same in each worker: the last is another certificate each time
)
def test_what_cannot_be_read_has_no_end(pem: bytes) -> None:
    """No exception: a metric is no reason not to serve."""
    assert math.isnan(end_of(pem))
