"""How the model arrives: by a Job that reaches the registry and nothing else, verified, and verified again before it is served.

One slow pull is watched closely (`slow_pull`); the assistants of `cast` settle side by side, each with one thing that is special about it.
"""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.node.addresses import BLOBS_IP, DNS_SERVICE_IP, METADATA_IP, OUTSIDE_IP
from tests.cluster.node.cluster import Node
from tests.cluster.outside.world import CREDENTIALS_PORT, HTTP_PORT, HTTPS_PORT, OTHER_REGISTRY, PASSWORD, PUBLIC_REGISTRY, USER, Record
from tests.e2e.support.assistants import SETTLE_SECONDS, Assistants
from tests.e2e.support.kubectl import Kubectl, Object, condition, until
from tests.e2e.support.objects import everything

SLOW = 3_500_000
"""Bytes a second: the pull of the test's model takes about half a minute, in which there is much to look at."""
LARGE = 1 << 20
PATHS = {
    "registry": f"tcp:{OUTSIDE_IP}:{HTTPS_PORT}",
    "its blobs": f"tcp:{BLOBS_IP}:{HTTPS_PORT}",
    "another port of the registry": f"tcp:{OUTSIDE_IP}:{HTTP_PORT}",
    "metadata": f"tcp:{METADATA_IP}:80",
    "the cluster's DNS": f"udp:{DNS_SERVICE_IP}:53",
    "the cluster's DNS by TCP": f"tcp:{DNS_SERVICE_IP}:53",
    "DNS outside": f"udp:{OUTSIDE_IP}:53",
}
OPEN = {"registry", "its blobs"}


@dataclass(frozen=True)
class SlowPull:
    """What was seen of a pull whose first pod was killed half-way."""

    progress: dict[str, int]
    reasons: tuple[str, str]
    paths: dict[str, str]
    addresses: tuple[str, str]
    packets: list[Record]
    requests: list[Record]
    volume_mode: dict[str, str]
    assistant: Object


@pytest.fixture(scope="module")
def slow_pull(node: Node, shared_kubectl: Kubectl, shared_assistants: Assistants) -> SlowPull:
    began = time.time()
    with node.outside.behaving(rate=SLOW):
        shared_assistants.apply("slow")
        first = pulling(shared_kubectl, "slow")
        paths = shared_assistants.probe(first["metadata"]["name"], PATHS, container="pull")
        halfway = until("progress is in status", lambda: underway(shared_kubectl.get("pa", "slow")), 30)
        shared_kubectl.delete("pod", first["metadata"]["name"])
    second = pulling(shared_kubectl, "slow", but=first["metadata"]["uid"])
    assistant = shared_assistants.settled("slow")
    addresses = first["status"]["podIP"], second["status"]["podIP"]
    return SlowPull(
        progress=halfway["status"]["model"]["pull"],
        reasons=(condition(halfway, "Ready")["reason"], condition(halfway, "ModelReady")["reason"]),
        paths=paths,
        addresses=addresses,
        packets=[packet for packet in node.outside.packets(since=began) if packet["source"] in addresses],
        requests=[request for request in node.outside.records("registry", began) if request["source"] in addresses],
        volume_mode={name: write_to_models(shared_kubectl, "slow-0", name) for name in ("gateway", "ollama")},
        assistant=assistant,
    )


def test_the_pull_reaches_the_registry_and_nothing_else(slow_pull: SlowPull) -> None:
    """From inside the pulling pod: the registry's addresses on its port; no other port or address, no metadata, no DNS."""
    assert {name for name, found in slow_pull.paths.items() if found == "open"} == OPEN
    assert {found for name, found in slow_pull.paths.items() if name not in OPEN} == {"blocked"}


def test_the_outside_saw_nothing_of_the_pull_but_the_registrys_traffic(slow_pull: SlowPull) -> None:
    """On the wire, below every listener: connections to the registry, from the first packet of either pod to the last."""
    assert {(found["protocol"], found["destination"], found["port"]) for found in slow_pull.packets} == {
        ("tcp", OUTSIDE_IP, HTTPS_PORT),
        ("tcp", BLOBS_IP, HTTPS_PORT),
    }


def test_progress_is_shown_while_the_model_is_pulled(slow_pull: SlowPull) -> None:
    """Bytes done and bytes in all, which is the size that status gives in the end; no condition claims anything yet."""
    assert 0 < slow_pull.progress["completedBytes"] < slow_pull.progress["totalBytes"]
    assert slow_pull.progress["totalBytes"] == slow_pull.assistant["status"]["model"]["sizeBytes"]
    assert slow_pull.reasons == ("Pulling", "Pulling")


def test_a_pull_whose_pod_is_killed_goes_on_where_it_was(slow_pull: SlowPull) -> None:
    """The second pod asks for the rest of the weights by range and downloads less than all of them."""
    first, second = ([one for one in slow_pull.requests if one["source"] == address] for address in slow_pull.addresses)
    rest = [one for one in second if one["status"] == 206]
    weights = slow_pull.progress["totalBytes"]

    assert len(rest) == 1
    assert rest[0]["bytes"] + sum(one["bytes"] for one in first) < weights + 4 * LARGE
    assert sum(one["bytes"] for one in second) < weights


def test_the_digest_is_recorded(node: Node, slow_pull: SlowPull) -> None:
    """It is the sha256 of the manifest's bytes, as the registry has them."""
    assert slow_pull.assistant["status"]["model"]["digest"] == digest_of(node, "135m")
    assert "pull" not in slow_pull.assistant["status"]["model"]


def test_the_weights_are_read_only_to_those_who_serve_them(slow_pull: SlowPull) -> None:
    """The gateway does not even have them."""
    assert "Read-only file system" in slow_pull.volume_mode["ollama"]
    assert "No such file" in slow_pull.volume_mode["gateway"]


@dataclass(frozen=True)
class Cast:
    """Assistants that were applied at the same time."""

    began: float
    wrong_password: str


@pytest.fixture(scope="module")
def cast(node: Node, slow_pull: SlowPull, shared_kubectl: Kubectl, shared_assistants: Assistants) -> Cast:
    found = Cast(time.time(), f"wrong-{secrets.token_hex(12)}")
    for name, password in {"right": PASSWORD, "wrong": found.wrong_password}.items():
        shared_kubectl.apply(basic_auth(name, password))
    private = f"{OTHER_REGISTRY}:{CREDENTIALS_PORT}/library/smollm2:135m"
    for name in ("right", "wrong"):
        registry = {"insecure": True, "credentialsSecretRef": {"name": name}}
        model = {"name": private, "digest": digest_of(node, "135m"), "source": {"registry": registry}}
        shared_assistants.apply(name, {"model": model})
    shared_assistants.apply("moved", {"model": {"name": "smollm2:135m", "digest": f"sha256:{'0' * 64}"}})
    shared_assistants.apply("airgapped", {"model": {"name": "smollm2:135m", "source": {"claim": {"name": "slow-models"}}}})
    shared_assistants.apply("nowhere", {"model": {"name": "smollm2:135m", "source": {"claim": {"name": "missing"}}}})
    return found


def test_a_model_with_another_digest_is_never_served(node: Node, cast: Cast, shared_kubectl: Kubectl) -> None:
    """The registry serves another one than is pinned: stalled for that reason, not a blob downloaded, no pod that serves."""
    shared_kubectl.wait_for("pa", "moved", "condition=Stalled", SETTLE_SECONDS)
    assistant = shared_kubectl.get("pa", "moved")

    assert verdict(assistant, "ModelReady") == ("False", "DigestMismatch")
    assert verdict(assistant, "Ready") == ("False", "DigestMismatch")
    assert digest_of(node, "135m") in condition(assistant, "Ready")["message"]
    assert shared_kubectl.find("statefulset", "moved") is None
    asked = requests_of(node, shared_kubectl, "moved", cast.began)
    assert asked
    assert not [one for one in asked if "/blobs/" in one["path"]]


def test_a_private_registry_gets_the_credentials_and_its_model_is_compared_with_the_pin(
    node: Node, cast: Cast, shared_kubectl: Kubectl, shared_assistants: Assistants
) -> None:
    """Ready with the digest that was pinned; the credentials went to this registry and nowhere else."""
    assistant = shared_assistants.settled("right")

    assert assistant["status"]["model"]["digest"] == assistant["spec"]["model"]["digest"]
    sent = [one for one in requests_of(node, shared_kubectl, "right", cast.began) if one["authorized"]]
    assert {(one["host"], one["port"]) for one in sent} == {(f"{OTHER_REGISTRY}:{CREDENTIALS_PORT}", CREDENTIALS_PORT)}


def test_wrong_credentials_are_told(cast: Cast, shared_kubectl: Kubectl) -> None:
    """The reason says what to look at."""
    until("it is unauthorized", lambda: verdict(shared_kubectl.get("pa", "wrong"), "ModelReady") == ("False", "Unauthorized"), 150)

    assert "credentialsSecretRef" in condition(shared_kubectl.get("pa", "wrong"), "Ready")["message"]
    assert shared_kubectl.find("statefulset", "wrong") is None


def test_credentials_are_nowhere_but_in_their_secret(cast: Cast, shared_kubectl: Kubectl, operator: Kubectl) -> None:
    """No log of any container or of the operator, no object, status or event has them in it, plain or encoded."""
    until("both pulls have ended", lambda: ended(shared_kubectl, "right") and ended(shared_kubectl, "wrong"), 90)
    text = json.dumps(everything(shared_kubectl, "secrets")) + logs(shared_kubectl) + logs(operator)

    assert "Unauthorized" in text
    for password in (PASSWORD, cast.wrong_password):
        for needle in (password, encoded(password), encoded(f"{USER}:{password}")):
            assert needle not in text


def test_a_claim_is_served_without_any_way_out(
    node: Node, cast: Cast, shared_kubectl: Kubectl, shared_assistants: Assistants, slow_pull: SlowPull
) -> None:
    """Weights that are on a volume are verified and served; none of the assistant's pods sent a packet out, nor might it have."""
    assistant = shared_assistants.settled("airgapped")

    assert assistant["status"]["model"]["digest"] == slow_pull.assistant["status"]["model"]["digest"]
    assert assistant["status"]["model"]["volume"] == "slow-models"
    pods = shared_kubectl.list("pods", "privateassistant.dev/assistant=airgapped")
    assert len(pods) == 2
    assert not [one for pod in pods for one in node.outside.packets(source=pod["status"]["podIP"], since=cast.began)]
    policies = shared_kubectl.list("networkpolicies", "privateassistant.dev/assistant=airgapped")
    assert [policy["spec"].get("egress") for policy in policies] == [None, None]


def test_a_claim_that_is_not_there_is_named(cast: Cast, shared_kubectl: Kubectl) -> None:
    """Waiting, not stalled: somebody may create it."""
    wanted = ("False", "ClaimNotFound")
    until("the missing claim is told", lambda: verdict(shared_kubectl.get("pa", "nowhere"), "ModelReady") == wanted, 150)
    assistant = shared_kubectl.get("pa", "nowhere")

    assert "missing" in condition(assistant, "Ready")["message"]
    assert not condition(assistant, "Stalled")


def test_a_blob_that_the_registry_spoils_is_refused(node: Node, shared_kubectl: Kubectl, shared_assistants: Assistants) -> None:
    """What arrives with another hash is no model; once the registry is well again, the same pull gets it right."""
    with node.outside.behaving(corrupt=True):
        shared_assistants.apply("spoilt")
        wanted = ("False", "BlobCorrupt")
        until("the spoilt blob is told", lambda: verdict(shared_kubectl.get("pa", "spoilt"), "ModelReady") == wanted, 180)
        assert shared_kubectl.find("statefulset", "spoilt") is None

    until(
        "it is pulled", lambda: verdict(shared_kubectl.get("pa", "spoilt"), "ModelReady") == ("True", "ModelVerified"), SETTLE_SECONDS * 2
    )


def test_a_blob_that_was_spoilt_on_the_volume_is_not_served(
    slow_pull: SlowPull, shared_kubectl: Kubectl, shared_assistants: Assistants
) -> None:
    """Whoever wrote to the volume since the pull: the next pod checks the weights first and does not start the model server."""
    volume = {"models": {"persistentVolumeClaim": {"claimName": "slow-models"}}}
    shared_assistants.pod("spoiler", volume)
    shared_kubectl.execute("spoiler", "python3", "-", stdin=SPOIL)

    shared_kubectl.delete("pod", "slow-0")

    wanted = ("False", "BlobCorrupt")
    until("the spoilt blob is told", lambda: verdict(shared_kubectl.get("pa", "slow"), "GatewayReady") == wanted, 150)
    pod = shared_kubectl.get("pod", "slow-0")
    statuses = {one["name"]: one for one in pod["status"]["initContainerStatuses"] + pod["status"]["containerStatuses"]}
    assert statuses["ollama"]["started"] is False
    assert "waiting" in statuses["ollama"]["state"]
    assert "waiting" in statuses["gateway"]["state"]
    until("it is not Ready for it", lambda: verdict(shared_kubectl.get("pa", "slow"), "Ready") == wanted, 60)


SPOIL = """
import pathlib
blob = max(pathlib.Path("/models/blobs").iterdir(), key=lambda path: path.stat().st_size)
with blob.open("r+b") as file:
    file.seek(blob.stat().st_size // 2)
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 1]))
"""


def pulls(kubectl: Kubectl, name: str) -> list[Object]:
    return kubectl.list("pods", f"privateassistant.dev/assistant={name},privateassistant.dev/component=pull")


def pulling(kubectl: Kubectl, name: str, but: str = "") -> Object:
    """Return the pod that pulls (or has just done it), once it has an address."""

    def found() -> Object | None:
        fresh = (pod for pod in pulls(kubectl, name) if pod["metadata"]["uid"] != but)
        return next((pod for pod in fresh if pod["status"].get("podIP") and pod["status"]["phase"] in ("Running", "Succeeded")), None)

    pod: Object = until(f"a pod pulls for {name}", found, 150)
    return pod


def ended(kubectl: Kubectl, name: str) -> bool:
    return any(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in pulls(kubectl, name))


def underway(assistant: Object) -> Object | None:
    done = (((assistant.get("status") or {}).get("model") or {}).get("pull") or {}).get("completedBytes", 0)
    return assistant if done > LARGE else None


def requests_of(node: Node, kubectl: Kubectl, name: str, since: float) -> list[Record]:
    """Return what the assistant's pulls asked of the registries."""
    addresses = {pod["status"]["podIP"] for pod in pulls(kubectl, name)}
    return [one for one in node.outside.records("registry", since) if one["source"] in addresses]


def digest_of(node: Node, tag: str) -> str:
    manifest = node.outside.models / "manifests" / PUBLIC_REGISTRY / "library" / "smollm2" / tag
    return f"sha256:{hashlib.sha256(manifest.read_bytes()).hexdigest()}"


def verdict(assistant: Object, kind: str) -> tuple[str, str]:
    found = condition(assistant, kind)
    return found.get("status", ""), found.get("reason", "")


def write_to_models(kubectl: Kubectl, pod: str, container: str) -> str:
    """Return what a shell says to a write on the weights."""
    return kubectl.execute(pod, "sh", "-c", "touch /models/x 2>&1 || true", container=container)


def basic_auth(name: str, password: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/basic-auth",
        "metadata": {"name": name},
        "stringData": {"username": USER, "password": password},
    }


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


def logs(kubectl: Kubectl) -> str:
    return "\n".join(kubectl.logs(pod["metadata"]["name"]) for pod in kubectl.list("pods"))
