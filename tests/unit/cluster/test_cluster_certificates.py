"""Certificates and kubeconfigs of the local clusters."""

import base64
import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.cluster.certificates import CLIENT, SERVER, Pair, authority, issue, write_secret
from tests.cluster.kubeconfig import kubeconfig


def test_a_server_certificate_names_its_hosts_and_is_signed_by_its_authority() -> None:
    root = authority("root")

    server = issue(root, "server", SERVER, dns=("a.example.test", "b.example.test"), ips=("203.0.113.2",)).certificate

    server.verify_directly_issued_by(root.certificate)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example.test", "b.example.test"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["203.0.113.2"]
    assert list(server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_client_certificate_carries_user_and_group_where_kubernetes_reads_them() -> None:
    client = issue(authority("root"), "system:node:n", CLIENT, organization="system:nodes").certificate

    assert client.subject.rfc4514_string() == "CN=system:node:n,O=system:nodes"


def test_a_leaf_cannot_sign() -> None:
    leaf = issue(authority("root"), "leaf", CLIENT).certificate

    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_a_pair_is_read_as_it_was_written_and_its_key_is_the_owners_alone(tmp_path: Path) -> None:
    pair = authority("root")

    pair.write(tmp_path, "ca")

    assert Pair.read(tmp_path, "ca").certificate == pair.certificate
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600


def test_a_secret_is_never_readable_by_others_even_where_a_readable_file_was(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)

    write_secret(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("field", ["client-certificate-data", "client-key-data"])
def test_a_kubeconfig_holds_its_certificates(field: str) -> None:
    root = authority("root")
    client = issue(root, "admin", CLIENT)

    document = json.loads(kubeconfig("https://203.0.113.2:6443", root, "admin", client))

    assert document["clusters"][0]["cluster"]["server"] == "https://203.0.113.2:6443"
    assert b"BEGIN" in base64.b64decode(document["users"][0]["user"][field])
    assert document["current-context"] == document["contexts"][0]["name"]
