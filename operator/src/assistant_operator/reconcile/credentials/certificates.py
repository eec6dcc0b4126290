"""Certificates: the small CA of an assistant in mode SelfSigned, and the questions that are put to a certificate of the user's.

Pure but for the keys that it makes: the clock is given. EC P-256 throughout: every TLS 1.3 client has it, and handshakes are cheap.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes, PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=365)
BACKDATED = timedelta(minutes=5)
"""Clocks differ."""
LOOPBACK = "127.0.0.1"
MAX_COMMON_NAME = 64


class CertificateError(ValueError):
    """What is wrong with a certificate or its key; the message holds neither."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key and its certificate, PEM."""

    key: str
    certificate: str


def make_ca(subject: str, now: datetime) -> Pair:
    """Return a new CA."""
    return _signed_ca(ec.generate_private_key(ec.SECP256R1()), subject, now)


def renew_ca(ca: Pair, subject: str, now: datetime) -> Pair:
    """Return the CA with the same key and a new term: clients that trust the old certificate keep trusting what it signs."""
    return _signed_ca(_ec_key(ca.key), subject, now)


def _signed_ca(key: ec.EllipticCurvePrivateKey, subject: str, now: datetime) -> Pair:
    name = _name(f"{subject} CA")
    public = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        _builder(name, name, key.public_key(), now, now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(public, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(public), critical=False)
    )
    return Pair(_key_pem(key), _pem(builder.sign(key, hashes.SHA256())))


def make_leaf(ca: Pair, dns_names: Sequence[str], now: datetime) -> Pair:
    """Return a new key and a server certificate for the names and 127.0.0.1, signed by the CA."""
    ca_key = _ec_key(ca.key)
    ca_certificate = _load(ca.certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [*map(x509.DNSName, dns_names), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
    end = min(now + LEAF_LIFE, ca_certificate.not_valid_after_utc)
    builder = (
        _builder(_name(dns_names[0]), ca_certificate.subject, key.public_key(), now, end)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    return Pair(_key_pem(key), _pem(builder.sign(ca_key, hashes.SHA256())))


def renewal(certificate: str, ca: str, dns_names: Sequence[str], now: datetime) -> str | None:
    """Return why a certificate of ours must be made anew, None where it need not."""
    try:
        leaf, issuer = _load(certificate), _load(ca)
        leaf.verify_directly_issued_by(issuer)
    except (CertificateError, InvalidSignature, ValueError, TypeError):
        return "another CA signed it"
    if set(names_of(certificate)) != {*dns_names, LOOPBACK}:
        return "its names differ"
    return "it ends soon" if now >= renewal_time(certificate) else None


def renewal_time(certificate: str) -> datetime:
    """Return when a third of the certificate's life is left."""
    loaded = _load(certificate)
    end = loaded.not_valid_after_utc
    return end - (end - loaded.not_valid_before_utc) / 3


def made_at(certificate: str) -> datetime:
    """Return when a certificate of ours was issued."""
    return _load(certificate).not_valid_before_utc + BACKDATED


def names_of(certificate: str) -> tuple[str, ...]:
    """Return the names and addresses for which a certificate is good."""
    try:
        names = _load(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(x509.DNSName), *(str(one) for one in names.get_values_for_type(x509.IPAddress)))


def check(certificate: str, key: str, now: datetime) -> None:
    """Raise CertificateError unless the certificate is good now and the key is its key."""
    loaded = _load(certificate)
    try:
        private = _private(key)
    except (ValueError, TypeError) as error:
        raise CertificateError("the key cannot be read: it must be an unencrypted PEM private key") from error
    except Exception as error:  # cryptography's UnsupportedAlgorithm, and whatever a hostile key makes it raise
        raise CertificateError("the key is of a kind that is not supported") from error
    if _public_bytes(private.public_key()) != _public_bytes(loaded.public_key()):
        raise CertificateError("the key does not belong to the certificate")
    if now < loaded.not_valid_before_utc:
        raise CertificateError(f"the certificate is good only from {loaded.not_valid_before_utc:%Y-%m-%d} on")
    if now >= loaded.not_valid_after_utc:
        raise CertificateError(f"the certificate ended on {loaded.not_valid_after_utc:%Y-%m-%d}")


def end_of(certificate: str) -> datetime:
    return _load(certificate).not_valid_after_utc


@lru_cache(maxsize=128)
def _load(pem: str) -> x509.Certificate:
    """Return the certificate, which a pass asks several questions; keys are not kept."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise CertificateError("the certificate cannot be read: it must be PEM") from error


def _private(pem: str) -> PrivateKeyTypes:
    """Return the key.

    RSA's numbers are not tried for primes. Of a key of 8192 bits that takes seconds, in each pass, and nothing else is done meanwhile. Here
    such a key signs nothing: its public half is all that is looked at.
    """
    return serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)


def _ec_key(pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = _private(pem)
    except (ValueError, TypeError) as error:
        raise CertificateError("the CA's key cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError("the CA's key is no EC key")
    return key


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: CertificatePublicKeyTypes, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:MAX_COMMON_NAME])])


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def _public_bytes(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
