"""Secrets that users bring: everything that can be wrong with them is told by its own reason, and nothing of them is."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant_operator.kube.kinds import CONFIG_MAP, NETWORK_POLICY, SECRET, STATEFUL_SET
from assistant_operator.kube.objects import Object
from assistant_operator.reconcile.credentials import certificates
from tests.integration.lab import MODEL, Lab

GOOD = "0123456789-abcdefghij-ABCDEFGHIJ"
BASIC_AUTH = "kubernetes.io/basic-auth"
KEYS = {"keys": [{"name": "bot", "secretRef": {"name": "bot-key"}}]}


def secret(lab: Lab, name: str, data: dict[str, str | bytes], kind: str = "Opaque") -> Object:
    raw = {entry: base64.b64encode(value.encode() if isinstance(value, str) else value).decode() for entry, value in data.items()}
    return lab.api.apply(
        {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": name, "namespace": lab.namespace}, "data": raw}
    )


def spec(access: dict[str, Any]) -> dict[str, Any]:
    return {"model": {"name": MODEL}, "access": access}


BAD_KEYS: list[Any] = [
    pytest.param(None, "SecretNotFound", id="no Secret"),
    pytest.param({"other": GOOD}, "SecretEntryMissing", id="no entry"),
    pytest.param({"api-key": b"\xff\xfe" * 20}, "SecretEntryInvalid", id="no text"),
    pytest.param({"api-key": "short"}, "KeyInvalid", id="short"),
    pytest.param({"api-key": "z" * 40}, "KeyInvalid", id="weak"),
    pytest.param({"api-key": GOOD + "\n"}, "KeyInvalid", id="line break"),
    pytest.param({"api-key": GOOD + "ü"}, "KeyInvalid", id="not ASCII"),
    pytest.param({"api-key": ""}, "KeyInvalid", id="empty"),
]


@pytest.mark.parametrize(("data", "reason"), BAD_KEYS)
def test_a_bad_key_is_told_and_a_good_one_heals_it(lab: Lab, data: dict[str, str | bytes] | None, reason: str) -> None:
    """The workload waits, what confines it does not, and the value is nowhere."""
    if data is not None:
        secret(lab, "bot-key", data)
    lab.apply(spec(KEYS))
    lab.pull_succeeds()

    assert lab.verdict() == ("False", reason)
    assert lab.verdict("GatewayReady") == ("False", reason)
    message = lab.condition("Ready")["message"]
    assert "spec.access.keys[bot]" in message
    assert "bot-key" in message
    for value in (data or {}).values():
        assert not value or str(value) not in json.dumps(lab.assistant()["status"])
    assert lab.child(NETWORK_POLICY, "one")
    assert lab.api.get(STATEFUL_SET, lab.namespace, "one") is None

    secret(lab, "bot-key", {"api-key": GOOD})
    lab.running.another_pass(lab.key)
    lab.pods_become_ready()
    assert lab.verdict() == ("True", "Serving")


def test_two_names_with_one_key_are_refused(lab: Lab) -> None:
    """Records would not know who called."""
    secret(lab, "a", {"api-key": GOOD})
    secret(lab, "b", {"api-key": GOOD})
    lab.apply(spec({"keys": [{"name": "a", "secretRef": {"name": "a"}}, {"name": "b", "secretRef": {"name": "b"}}]}))

    assert lab.verdict() == ("False", "KeyInvalid")
    assert GOOD not in json.dumps(lab.assistant()["status"])


def test_a_live_assistant_goes_on_while_a_new_secret_is_missing(lab: Lab) -> None:
    """The pods keep their old policy; the network is kept right; nothing is pruned."""
    lab.make_ready()
    before = lab.stateful_set()["metadata"]["resourceVersion"]
    policy = lab.child(CONFIG_MAP, "one-policy")["metadata"]["resourceVersion"]
    lab.apply({**spec(KEYS), "egress": {"mode": "Allowlist", "allow": [{"cidr": "10.0.0.0/8", "ports": [{"port": 443}]}]}})

    assert lab.verdict() == ("False", "SecretNotFound")
    assert lab.stateful_set()["metadata"]["resourceVersion"] == before
    assert lab.child(CONFIG_MAP, "one-policy")["metadata"]["resourceVersion"] == policy
    assert "10.0.0.0/8" in json.dumps(lab.child(NETWORK_POLICY, "one"))
    assert lab.child(SECRET, "one-key-default")


NOW = datetime.now(UTC)
CA = certificates.make_ca("test", NOW)
LEAF = certificates.make_leaf(CA, ["one.example"], NOW)
EXPIRED = certificates.make_leaf(certificates.make_ca("old", NOW - timedelta(days=3000)), ["one.example"], NOW - timedelta(days=900))
FUTURE = certificates.make_leaf(CA, ["one.example"], NOW + timedelta(days=30))

BAD_CERTIFICATES: list[Any] = [
    pytest.param(None, "SecretNotFound", "no Secret", id="no Secret"),
    pytest.param({"tls.crt": LEAF.certificate}, "SecretEntryMissing", "tls.key", id="no key"),
    pytest.param({"tls.crt": LEAF.certificate, "tls.key": EXPIRED.key}, "CertificateInvalid", "does not belong", id="another's key"),
    pytest.param({"tls.crt": EXPIRED.certificate, "tls.key": EXPIRED.key}, "CertificateInvalid", "ended on", id="expired"),
    pytest.param({"tls.crt": FUTURE.certificate, "tls.key": FUTURE.key}, "CertificateInvalid", "only from", id="not yet"),
    pytest.param({"tls.crt": "x", "tls.key": LEAF.key}, "CertificateInvalid", "PEM", id="no certificate"),
    pytest.param({"tls.crt": LEAF.certificate, "tls.key": "x"}, "CertificateInvalid", "PEM", id="no PEM key"),
]


@pytest.mark.parametrize(("data", "reason", "words"), BAD_CERTIFICATES)
def test_a_bad_certificate_is_told_and_a_good_one_heals_it(lab: Lab, data: dict[str, str | bytes] | None, reason: str, words: str) -> None:
    """Field, Secret and remedy; never a byte of the key."""
    if data is not None:
        secret(lab, "cert", data)
    lab.apply(spec({"tls": {"mode": "Secret", "secretName": "cert"}}))
    lab.pull_succeeds()

    assert lab.verdict() == ("False", reason)
    assert words in lab.condition("Ready")["message"]
    assert "spec.access.tls.secretName" in lab.condition("Ready")["message"]
    assert "PRIVATE" not in json.dumps(lab.assistant()["status"])

    secret(lab, "cert", {"tls.crt": LEAF.certificate, "tls.key": LEAF.key, "ca.crt": CA.certificate})
    lab.running.another_pass(lab.key)
    lab.pods_become_ready()
    assert lab.verdict() == ("True", "Serving")
    assert lab.child(CONFIG_MAP, "one-ca")["data"]["ca.crt"] == CA.certificate
    assert lab.api.get(SECRET, lab.namespace, "one-ca") is None


def test_self_signed_certificates_go_when_one_is_brought(lab: Lab) -> None:
    """And come back anew when it is taken away."""
    lab.make_ready()
    secret(lab, "cert", {"tls.crt": LEAF.certificate, "tls.key": LEAF.key})
    lab.apply(spec({"tls": {"mode": "Secret", "secretName": "cert"}}))
    lab.pods_become_ready()
    assert lab.verdict() == ("True", "Serving")
    assert lab.api.get(SECRET, lab.namespace, "one-tls") is None
    assert lab.api.get(CONFIG_MAP, lab.namespace, "one-ca") is None  # theirs came without a CA

    lab.apply()
    lab.pods_become_ready()
    assert lab.child(SECRET, "one-tls")
    assert lab.child(CONFIG_MAP, "one-ca")
    assert lab.verdict() == ("True", "Serving")


def test_the_certificate_is_good_for_what_clients_call(lab: Lab) -> None:
    """Service names in every length, and the loopback for port-forwards; the CA is in the ConfigMap."""
    lab.make_ready()
    data = lab.child(SECRET, "one-tls")["data"]
    certificate = base64.b64decode(data["tls.crt"]).decode()

    assert set(certificates.names_of(certificate)) == {*lab.names.dns_names("cluster.local"), "127.0.0.1"}
    published = lab.child(CONFIG_MAP, "one-ca")["data"]["ca.crt"]
    assert base64.b64decode(data["ca.crt"]).decode() == published
    assert certificates.renewal(certificate, published, lab.names.dns_names("cluster.local"), datetime.now(UTC)) is None


def test_generated_keys_are_random_and_stay(lab: Lab) -> None:
    """Made once, never rewritten."""
    lab.make_ready({"model": {"name": MODEL}, "access": {"keys": [{"name": "a"}, {"name": "b"}]}})
    first = {name: lab.child(SECRET, f"one-key-{name}") for name in "ab"}
    values = [base64.b64decode(obj["data"]["api-key"]).decode() for obj in first.values()]
    assert len(set(values)) == 2
    assert all(value.startswith("pa-") and len(value) == 46 for value in values)
    lab.running.another_pass(lab.key)

    assert {name: lab.child(SECRET, f"one-key-{name}") for name in "ab"} == first


@pytest.mark.parametrize(
    ("data", "reason"),
    [(None, "SecretNotFound"), ({"username": "x"}, "SecretEntryMissing"), ({"username": "", "password": "x"}, "SecretEntryInvalid")],
)
def test_registry_credentials_are_checked(lab: Lab, data: dict[str, str | bytes] | None, reason: str) -> None:
    """No pull starts without them; the rest stands."""
    if data is not None:
        secret(lab, "registry", data, BASIC_AUTH)
    source = {"registry": {"credentialsSecretRef": {"name": "registry"}}}
    lab.apply({"model": {"name": MODEL, "source": source}})
    assert lab.verdict() == ("False", reason)
    assert lab.verdict("ModelReady") == ("False", reason)
    assert all(obj["kind"] != "Job" for obj in lab.children())

    secret(lab, "registry", {"username": "u", "password": "p"}, BASIC_AUTH)
    lab.running.another_pass(lab.key)
    assert lab.verdict() == ("Unknown", "Pulling")


def test_only_a_secret_that_is_meant_for_it_is_sent_to_a_registry(lab: Lab) -> None:
    """Another Secret with the same entries stays in the cluster: the registry is chosen by who writes the assistant."""
    secret(lab, "database", {"username": "u", "password": "p"})
    source = {"registry": {"credentialsSecretRef": {"name": "database"}}}
    lab.apply({"model": {"name": MODEL, "source": source}})

    assert lab.verdict("ModelReady") == ("False", "SecretTypeInvalid")
    assert all(obj["kind"] != "Job" for obj in lab.children())
