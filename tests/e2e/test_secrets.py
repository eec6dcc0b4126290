"""Secrets that users bring: what is wrong is named; mended, it serves; a new key or certificate is taken up without a restart."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.cluster.certificates import SERVER, Pair, authority, issue, private_pem
from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.kubectl import Kubectl, Object, condition, until
from tests.e2e.support.shown import shown

NAME = "team"
PROMPT = "What is the capital of France? Answer in one short sentence."
BROKEN: dict[str, tuple[Object, str, str]] = {
    "no Secret of the key": ({"keys": [{"name": "bot", "secretRef": {"name": "absent"}}]}, "SecretNotFound", "absent"),
    "no entry of the key": ({"keys": [{"name": "bot", "secretRef": {"name": "bot-key", "key": "other"}}]}, "SecretEntryMissing", "other"),
    "no Secret of the certificate": ({"tls": {"mode": "Secret", "secretName": "no-tls"}}, "SecretNotFound", "no-tls"),
    "the key of another certificate": ({"tls": {"mode": "Secret", "secretName": "mixed-tls"}}, "CertificateInvalid", "mixed-tls"),
}
"""What is wrong: access, the reason, and the name that the message must have."""


@dataclass(frozen=True)
class Material:
    """The good key and certificate."""

    key: str
    root: Pair
    leaf: Pair


@pytest.fixture(scope="module")
def material(shared_assistants: Assistants) -> Material:
    """Apply everything that is broken, and one assistant with the broken certificate that will be mended."""
    kubectl = shared_assistants.kubectl
    root = authority("a company")
    leaf = issue(root, NAME, SERVER, dns=(f"{NAME}.{kubectl.namespace}.svc.cluster.local",))
    found = Material(f"key-{secrets.token_hex(16)}", root, leaf)
    kubectl.apply(key_secret(found), tls_secret("mixed-tls", found, private_pem(authority("another").key)))
    for number, (access, _, _) in enumerate(BROKEN.values()):
        # Nothing to pull: these are never mended.
        source = {"claim": {"name": "none"}}
        shared_assistants.apply(f"broken-{number}", {"model": {"name": MODEL, "source": source}, "access": access})
    kubectl.apply(tls_secret("team-tls", found, private_pem(authority("another").key)))
    keys = [{"name": "bot", "secretRef": {"name": "bot-key"}}]
    shared_assistants.apply(NAME, {"access": {"keys": keys, "tls": {"mode": "Secret", "secretName": "team-tls"}}})
    return found


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_with_a_secret_is_named(material: Material, shared_kubectl: Kubectl, what: str) -> None:
    """Reason, field and the Secret's name, on the gateway's condition and on Ready; waited for, since it can be mended."""
    _, reason, name = BROKEN[what]
    assistant = f"broken-{list(BROKEN).index(what)}"

    def told() -> Object | None:
        found = shared_kubectl.get("pa", assistant)
        gateway, ready = condition(found, "GatewayReady"), condition(found, "Ready")
        is_told = (gateway.get("status"), gateway.get("reason"), ready.get("status")) == ("False", reason, "False")
        return found if is_told else None

    found = until(reason, told, 120)

    assert name in condition(found, "GatewayReady")["message"]
    assert condition(found, "GatewayReady")["message"].startswith("spec.access.")
    assert not condition(found, "Stalled")
    assert shared_kubectl.find("statefulset", assistant) is None


def test_a_mended_secret_serves(material: Material, shared_assistants: Assistants) -> None:
    """With the user's own certificate and key, both SDKs answer; the certificate's authority is published."""
    kubectl = shared_assistants.kubectl
    wanted = "CertificateInvalid"
    until("the certificate is refused", lambda: condition(kubectl.get("pa", NAME), "Ready").get("reason") == wanted, 120)

    kubectl.apply(tls_secret("team-tls", material))

    shared_assistants.settled(NAME)
    assert shared_assistants.authority(NAME) == material.root.certificate_pem.decode()
    shared_assistants.pod("client", {"key": {"secret": {"secretName": "bot-key"}}, "ca": {"configMap": {"name": f"{NAME}-ca"}}})
    for sdk in ("openai", "ollama"):
        assert "Paris" in shared_assistants.ask(sdk, PROMPT, name=NAME)["whole"]
    assert names_of_secrets(kubectl) == set()


def test_a_new_key_and_a_new_certificate_need_no_restart(material: Material, shared_assistants: Assistants) -> None:
    """Written to their Secrets, they are what counts within the kubelet's time; the old key is refused, and the pod is the same."""
    kubectl = shared_assistants.kubectl
    shared_assistants.settled(NAME)
    pod = kubectl.get("pod", f"{NAME}-0")["metadata"]["uid"]
    leaf = issue(material.root, NAME, SERVER, dns=(f"{NAME}.{kubectl.namespace}.svc.cluster.local",))
    new = replace(material, key=f"new-{secrets.token_hex(16)}", leaf=leaf)

    kubectl.apply(key_secret(new), tls_secret("team-tls", new))
    kubectl.run("annotate", "pod", f"{NAME}-0", "example.test/look=again")  # the kubelet looks at once, and not within a minute

    until("the new key counts", lambda: answers(shared_assistants, new.key, material.key) == [200, 401], 180)
    until("the new certificate is shown", lambda: shown(kubectl, NAME) == str(leaf.certificate.serial_number), 180)
    assert kubectl.get("pod", f"{NAME}-0")["metadata"]["uid"] == pod
    until("it is Ready", lambda: condition(kubectl.get("pa", NAME), "Ready")["status"] == "True", 60)


def key_secret(material: Material) -> Object:
    return secret("bot-key", {"api-key": material.key})


def tls_secret(name: str, material: Material, key: bytes | None = None) -> Object:
    """Return the Secret of the certificate; with a key, one that does not belong to it."""
    entries = {"tls.crt": material.leaf.certificate_pem, "tls.key": key or material.leaf.key_pem, "ca.crt": material.root.certificate_pem}
    return secret(name, {entry: pem.decode() for entry, pem in entries.items()}) | {"type": "kubernetes.io/tls"}


def secret(name: str, entries: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": entries}


def names_of_secrets(kubectl: Kubectl) -> set[str]:
    """Return the Secrets that the operator made for the assistant."""
    return {found["metadata"]["name"] for found in kubectl.list("secrets", f"privateassistant.dev/assistant={NAME}")}


def answers(assistants: Assistants, *keys: str) -> list[int]:
    requests = [{"path": "/api/tags", "method": "GET", "key": key} for key in keys]
    return [answer["status"] for answer in assistants.send(*requests, name=NAME)]
