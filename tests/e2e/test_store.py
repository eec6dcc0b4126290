"""A store that the user brings: it works where it is as it has to be, and where it is not, a condition says what is wrong with it.

Three servers of the test's own: a good one, one without TLS, one without the extension. The assistants share the model of the first one.
"""

import json
from typing import Any

import pytest

from tests.cluster.certificates import authority
from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.database import LABELS, OTHER_DATABASE, Server
from tests.e2e.support.kept import store_pod
from tests.e2e.support.kubectl import Kubectl, Object, condition, until

NAME = "external"
PEERS = [{"podSelector": {"matchLabels": LABELS}}]
KEEP = {"conversations": {"mode": "Keep", "ttl": "1h"}}
BROKEN = {
    "password": "StoreCredentialsInvalid",
    "plain": "StoreTlsRequired",
    "bare": "StoreExtensionMissing",
    "authority": "StoreCertificateInvalid",
    "port": "StoreUnreachable",
    "taken": "EncryptionKeyMissing",
    "entry": "SecretEntryMissing",
    "absent": "SecretNotFound",
}
"""Assistant, named after what is wrong with its store -> the reason that its condition has to give."""


@pytest.fixture(scope="module")
def servers(shared_kubectl: Kubectl, images: dict[str, str]) -> dict[str, Server]:
    root = authority("a company")
    found = {
        "good": Server.new("postgres-good", root),
        "plain": Server.new("postgres-plain", root, tls=False),
        "bare": Server.new("postgres-bare", root, extension=""),
    }
    for server in found.values():
        server.apply(shared_kubectl, images["store"])
    for server in found.values():
        shared_kubectl.wait_for("pod", server.name, "condition=Ready", 180)
    return found


@pytest.fixture(scope="module")
def good(servers: dict[str, Server], shared_kubectl: Kubectl, shared_assistants: Assistants) -> Assistants:
    """An assistant on the good server, and a client beside it."""
    shared_kubectl.apply(servers["good"].credentials("good-credentials"))
    shared_assistants.ready(NAME, spec("good-credentials"))
    shared_assistants.client(NAME)
    return shared_assistants


@pytest.fixture(scope="module")
def broken(good: Assistants, servers: dict[str, Server], shared_kubectl: Kubectl) -> Kubectl:
    """One assistant for each thing that can be wrong."""
    server = servers["good"]
    shared_kubectl.apply(
        server.credentials("password-credentials", dbname=OTHER_DATABASE, password="not the password"),
        servers["plain"].credentials("plain-credentials"),
        servers["bare"].credentials("bare-credentials"),
        server.credentials("authority-credentials", **{"ca.crt": authority("another company").certificate_pem.decode()}),
        server.credentials("port-credentials", port="5433"),
        server.credentials("taken-credentials"),  # another assistant's database
        without(server.credentials("entry-credentials"), "password"),
    )
    for name in BROKEN:
        good.apply(name, spec(f"{name}-credentials") | {"model": {"name": MODEL, "source": {"claim": {"name": f"{NAME}-models"}}}})
    return shared_kubectl


def spec(secret: str) -> dict[str, Any]:
    return {"retention": KEEP, "store": {"external": {"secretRef": {"name": secret}, "peers": PEERS}}}


def without(secret: Object, entry: str) -> Object:
    del secret["stringData"][entry]
    return secret


def send(assistants: Assistants, path: str, body: Any, method: str = "POST") -> tuple[int, Any]:
    (answer,) = assistants.send({"path": path, "method": method, "body": json.dumps(body) if body is not None else None}, name=NAME)
    return answer["status"], json.loads(answer["body"] or "null")


def test_a_store_of_the_users_own_keeps_conversations(good: Assistants, shared_kubectl: Kubectl) -> None:
    """Its schema is made, a conversation is kept there, and the operator runs no server of its own."""
    item = {"type": "message", "role": "user", "content": "Hello."}
    status, made = send(good, "/v1/conversations", {"items": [item]})
    assert status == 200, made

    status, items = send(good, f"/v1/conversations/{made['id']}/items", None, "GET")

    assert (status, len(items["data"])) == (200, 1)
    assert condition(shared_kubectl.get("pa", NAME), "StoreReady")["status"] == "True"
    assert shared_kubectl.find("statefulset", f"{NAME}-store") is None
    assert [found for found in shared_kubectl.list("pvc") if "store" in found["metadata"]["name"]] == []


def test_only_the_listed_peers_are_reached(good: Assistants, shared_kubectl: Kubectl) -> None:
    """The server on its port, and no other pod or port."""
    addresses = {name: shared_kubectl.get("pod", name)["status"]["podIP"] for name in ("postgres-good", "client")}
    server = addresses["postgres-good"]

    found = good.probe(
        f"{NAME}-0",
        {"store": f"tcp:{server}:5432", "port": f"tcp:{server}:22", "client": f"tcp:{addresses['client']}:5432"},
        container="gateway",
    )

    assert found == {"store": "open", "port": "blocked", "client": "blocked"}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_with_a_store_is_named(broken: Kubectl, what: str) -> None:
    """By the reason of its condition; the assistant is not ready, and no message has a password in it."""

    def told() -> Object | None:
        found = broken.get("pa", what)
        store, ready = condition(found, "StoreReady"), condition(found, "Ready")
        is_told = (store.get("status"), store.get("reason"), ready.get("status")) == ("False", BROKEN[what], "False")
        return found if is_told else None

    found = until(BROKEN[what], told, 180, 1)

    assert not condition(found, "Stalled")
    assert "not the password" not in json.dumps(found)


def test_a_mended_password_needs_no_restart(broken: Kubectl, good: Assistants, servers: dict[str, Server]) -> None:
    """Written to the Secret, it is what the gateway uses from then on, in the same pod."""
    until("it is refused", lambda: condition(broken.get("pa", "password"), "StoreReady").get("status") == "False", 180, 1)
    pod = broken.get("pod", "password-0")["metadata"]["uid"]

    # A database of its own: what one assistant has sealed no other opens.
    broken.apply(servers["good"].credentials("password-credentials", dbname=OTHER_DATABASE))
    broken.run("annotate", "pod", "password-0", "example.test/look=again")  # the kubelet looks at once, and not within a minute

    good.settled("password")
    assert broken.get("pod", "password-0")["metadata"]["uid"] == pod


def test_an_assistant_that_keeps_nothing_has_no_store(good: Assistants, shared_kubectl: Kubectl) -> None:
    """Its external store is left as it is, and no longer asked for."""
    shared_kubectl.patch("pa", NAME, {"spec": {"retention": None, "store": None}})

    good.settled(NAME)

    assert not condition(shared_kubectl.get("pa", NAME), "StoreReady")
    assert shared_kubectl.find("pod", store_pod(shared_kubectl, NAME)) is None
    assert shared_kubectl.find("secret", "good-credentials") is not None
