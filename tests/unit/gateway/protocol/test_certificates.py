"""The certificate is swapped under live connections, and a bad pair changes nothing."""

import asyncio
import ssl
from pathlib import Path

import pytest

from assistant_gateway.faults import FatalError
from assistant_gateway.protocol.certificates import Certificates
from tests.unit.gateway.conftest import write_certificate


def certificate_of(context: ssl.SSLContext) -> bytes:
    """Shake hands in memory and return the certificate that is served."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server), context.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[0].getpeercert(binary_form=True) or b""


def test_a_new_pair_serves_the_next_handshake(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    certificates = Certificates(tmp_path)
    certificates.load()
    first = certificate_of(certificates.context)
    write_certificate(tmp_path)
    certificates.load()

    assert first
    assert certificate_of(certificates.context) not in (b"", first)


@pytest.mark.parametrize("broken", ["tls.crt", "tls.key"])
@pytest.mark.parametrize("how", ["missing", "empty", "of another pair"])
def test_a_pair_that_does_not_fit_changes_nothing(tmp_path: Path, broken: str, how: str) -> None:
    write_certificate(tmp_path)
    certificates = Certificates(tmp_path)
    certificates.load()
    before = certificate_of(certificates.context)
    other = tmp_path / "other"
    other.mkdir()
    write_certificate(other)
    if how == "missing":
        (tmp_path / broken).unlink()
    else:
        (tmp_path / broken).write_bytes(b"" if how == "empty" else (other / broken).read_bytes())

    with pytest.raises(FatalError) as fatal:
        certificates.load()

    assert fatal.value.reason.reason == "CertificateInvalid"
    assert certificate_of(certificates.context) == before


async def test_a_mounted_secret_is_read_from_one_side_of_its_link(tmp_path: Path) -> None:
    for side in ("..one", "..two"):
        (tmp_path / side).mkdir()
        write_certificate(tmp_path / side)
    (tmp_path / "..data").symlink_to("..one")
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    certificates = Certificates(tmp_path)
    certificates.load()
    before = certificate_of(certificates.context)
    (tmp_path / "..new").symlink_to("..two")
    (tmp_path / "..new").rename(tmp_path / "..data")
    certificates.load()
    await asyncio.sleep(0)

    assert certificate_of(certificates.context) not in (b"", before)
