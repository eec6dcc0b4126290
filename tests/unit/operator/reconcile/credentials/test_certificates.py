"""The CA, the leaf, when they are renewed, and what is said of certificates that users bring."""

import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from assistant_operator.reconcile.credentials import certificates
from assistant_operator.reconcile.credentials.certificates import CertificateError, Pair

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = ("one", "one.ns", "one.ns.svc", "one.ns.svc.cluster.local", "localhost")
CA = certificates.make_ca("ns/one", NOW)
LEAF = certificates.make_leaf(CA, NAMES, NOW)


def test_the_leaf_is_good_for_its_names_and_the_loopback() -> None:
    assert set(certificates.names_of(LEAF.certificate)) == {*NAMES, "127.0.0.1"}
    certificates.check(LEAF.certificate, LEAF.key, NOW)


def test_lives() -> None:
    assert certificates.end_of(CA.certificate) == NOW + certificates.CA_LIFE
    assert certificates.end_of(LEAF.certificate) == NOW + certificates.LEAF_LIFE


def test_the_ca_signs_servers_and_nothing_else() -> None:
    loaded = x509.load_pem_x509_certificate(CA.certificate.encode())
    constraints = loaded.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    leaf = x509.load_pem_x509_certificate(LEAF.certificate.encode())
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_client_that_trusts_the_ca_shakes_hands(tmp_path: Path) -> None:
    """As Python's strict default context does it, TLS 1.3."""
    (tmp_path / "crt").write_text(LEAF.certificate)
    (tmp_path / "key").write_text(LEAF.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    client = ssl.create_default_context(cadata=CA.certificate)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("one.ns.svc", "127.0.0.1"):
        assert shake(client, server, name) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client, server, "two.ns.svc")


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> str | None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(6):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ours.version()


def renewal(now: datetime = NOW, names: tuple[str, ...] = NAMES, ca: Pair = CA) -> str | None:
    return certificates.renewal(LEAF.certificate, ca.certificate, names, now)


def test_a_good_leaf_is_left_alone() -> None:
    assert renewal() is None
    assert renewal(NOW + certificates.LEAF_LIFE * 0.6) is None


def test_a_leaf_is_renewed_in_its_last_third() -> None:
    assert renewal(NOW + certificates.LEAF_LIFE * 0.7) == "it ends soon"
    assert certificates.renewal_time(LEAF.certificate) < NOW + certificates.LEAF_LIFE * 0.7


def test_a_leaf_is_renewed_for_other_names() -> None:
    assert renewal(names=(*NAMES, "more")) == "its names differ"
    assert renewal(names=NAMES[:-1]) == "its names differ"


def test_a_leaf_of_another_ca_is_renewed() -> None:
    assert renewal(ca=certificates.make_ca("other", NOW)) == "another CA signed it"
    assert certificates.renewal("x", CA.certificate, NAMES, NOW) == "another CA signed it"


def test_a_renewed_ca_is_trusted_by_those_who_trust_the_old_one() -> None:
    """Same key, same name: what the new one signs verifies against the old certificate, and the other way round."""
    later = NOW + certificates.CA_LIFE - timedelta(days=100)
    renewed = certificates.renew_ca(CA, "ns/one", later)
    leaf = certificates.make_leaf(renewed, NAMES, later)

    assert certificates.end_of(renewed.certificate) == later + certificates.CA_LIFE
    assert certificates.renewal(leaf.certificate, CA.certificate, NAMES, later) is None
    assert certificates.renewal(LEAF.certificate, renewed.certificate, NAMES, NOW) is None


def test_a_leaf_does_not_outlive_its_ca() -> None:
    late = NOW + certificates.CA_LIFE - timedelta(days=10)

    assert certificates.end_of(certificates.make_leaf(CA, NAMES, late).certificate) == certificates.end_of(CA.certificate)


def test_long_names_are_no_trouble() -> None:
    """A common name has 64 characters at most; the names that count are elsewhere."""
    long = f"{'a' * 63}.{'b' * 63}.svc"
    ca = certificates.make_ca(f"{'b' * 63}/{'a' * 63}", NOW)

    assert long in certificates.names_of(certificates.make_leaf(ca, (long,), NOW).certificate)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes | None = None) -> str:
    hiding = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hiding).decode()


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        (LEAF.certificate, CA.key, "does not belong"),
        (LEAF.certificate, pem(ed25519.Ed25519PrivateKey.generate()), "does not belong"),
        (LEAF.certificate, pem(rsa.generate_private_key(65537, 2048)), "does not belong"),
        (LEAF.certificate, pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), "unencrypted"),
        (LEAF.certificate, "", "cannot be read"),
        (LEAF.certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key"),
        ("", LEAF.key, "PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", LEAF.key, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_quoted(certificate: str, key: str, words: str) -> None:
    with pytest.raises(CertificateError, match=words) as caught:
        certificates.check(certificate, key, NOW)

    assert "AAAA" not in str(caught.value)


def test_a_large_key_holds_nobody_up() -> None:
    """A quarter of a second for 4096 bits, seconds for 8192: each pass asks, and the Lease is renewed on the same loop."""
    key = pem(rsa.generate_private_key(65537, 3072))
    begun = time.process_time()
    serialization.load_pem_private_key(key.encode(), None)
    tried = time.process_time()
    with pytest.raises(CertificateError, match="does not belong"):
        certificates.check(LEAF.certificate, key, NOW)

    assert time.process_time() - tried < (tried - begun) / 4


def test_times_are_checked() -> None:
    with pytest.raises(CertificateError, match="ended on"):
        certificates.check(LEAF.certificate, LEAF.key, NOW + certificates.LEAF_LIFE)
    with pytest.raises(CertificateError, match="only from"):
        certificates.check(LEAF.certificate, LEAF.key, NOW - timedelta(days=1))


def test_a_ca_that_was_broken_by_hand_is_said() -> None:
    with pytest.raises(CertificateError):
        certificates.make_leaf(Pair("x", CA.certificate), NAMES, NOW)
    with pytest.raises(CertificateError):
        certificates.make_leaf(Pair(pem(rsa.generate_private_key(65537, 2048)), CA.certificate), NAMES, NOW)


def test_a_certificate_without_names() -> None:
    assert certificates.names_of(CA.certificate) == ()
