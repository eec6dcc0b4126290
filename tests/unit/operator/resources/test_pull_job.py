"""The pull's Job: the only pod with a way out."""

from typing import Any

import pytest

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.resources.context import PullHost, PullTarget
from assistant_operator.resources.manifest import Manifest, Policy
from assistant_operator.resources.pull_job import pull_job
from assistant_operator.resources.pull_target import pull_hosts, pull_revision, pull_target, recorded_target, registry_ports
from tests.unit.operator.api.cases import DIGEST, body, model, registry
from tests.unit.operator.resources.contexts import context, installation, spec_of

BLOBS = "dd20bb891979d25aebc8bec07b2b3bbc.r2.cloudflarestorage.com"


def spec(written: dict[str, Any] | None = None) -> PrivateAssistantSpec:
    return spec_of(body(written or model()))


def job(wanted: PrivateAssistantSpec, **changes: Any) -> Manifest:
    made = pull_job(wanted, context(wanted, **changes))
    assert made is not None
    return made


def container(wanted: PrivateAssistantSpec, **changes: Any) -> dict[str, Any]:
    (only,) = job(wanted, **changes).body["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def test_the_name_says_what_is_brought_and_stays_while_that_stays() -> None:
    """What has no part in it (replicas, image, placement, networks) does not bring the model again."""
    same = [
        model(replicas=0),
        model(image="ollama/ollama:0.24.0"),
        model(pod={"nodeSelector": {"a": "b"}}),
        model(name="library/smollm2:135m"),
        model(name="registry.ollama.ai/library/smollm2:135m"),
        registry(),
        registry(cidrs=["10.0.0.0/8"]),
        registry(hosts=["blobs.corp"]),
    ]

    assert {pull_revision(spec(one)) for one in same} == {pull_revision(spec())}


def test_another_model_is_another_job() -> None:
    """Name, digest, source and how the registry is spoken to."""
    different = [
        model(),
        model(name="smollm2:360m"),
        model(digest=DIGEST),
        registry(insecure=True),
        registry(credentialsSecretRef={"name": "a"}),
        registry(credentialsSecretRef={"name": "b"}),
        model(source={"claim": {"name": "a"}}),
        model(source={"claim": {"name": "b"}}),
    ]

    assert len({pull_revision(spec(one)) for one in different}) == len(different)


@pytest.mark.parametrize(
    ("name", "insecure", "hosts", "port"),
    [
        ("smollm2:135m", False, ("registry.ollama.ai", BLOBS), 443),
        ("registry.corp:5000/ns/m", False, ("registry.corp",), 5000),
        ("registry.corp/ns/m", True, ("registry.corp",), 80),
        ("10.0.0.7:5000/ns/m", False, (), 5000),
    ],
)
def test_hosts_and_port_come_from_the_reference(name: str, insecure: bool, hosts: tuple[str, ...], port: int) -> None:
    """The default registry redirects to a blob store that is known; an address needs no resolving."""
    wanted = spec(model(name=name, source={"registry": {"insecure": insecure}}))

    assert pull_hosts(wanted) == hosts
    assert registry_ports(wanted) == (port,)


def test_names_are_pinned_in_the_pods_hosts_file() -> None:
    """One line for each address, and no DNS."""
    hosts = (PullHost("registry.ollama.ai", ("192.0.2.2", "192.0.2.1"), 443), PullHost(BLOBS, ("192.0.2.1",), 443))
    target = PullTarget(hosts)
    pod = job(spec(), pull=target).body["spec"]["template"]["spec"]

    assert pod["hostAliases"] == [
        {"ip": "192.0.2.1", "hostnames": [BLOBS, "registry.ollama.ai"]},
        {"ip": "192.0.2.2", "hostnames": ["registry.ollama.ai"]},
    ]
    assert pod["dnsPolicy"] == "None"


def leading(*hosts: str, name: str = "registry.corp:5000/ns/m") -> dict[str, Any]:
    return model(name=name, source={"registry": {"hosts": list(hosts)}})


def test_hosts_to_which_the_registry_leads_are_resolved_and_pinned() -> None:
    """Each with its port: the scheme's where none is given. One host may be both."""
    wanted = spec(leading("blobs.corp", "auth.corp:8443", "registry.corp:5001"))
    addresses = {"registry.corp": ["192.0.2.1"], "blobs.corp": ["192.0.2.2"], "auth.corp": ["192.0.2.3"]}

    assert set(pull_hosts(wanted)) == addresses.keys()
    assert pull_target(wanted, addresses) == PullTarget(
        (
            PullHost("registry.corp", ("192.0.2.1",), 5000),
            PullHost("registry.corp", ("192.0.2.1",), 5001),
            PullHost("auth.corp", ("192.0.2.3",), 8443),
            PullHost("blobs.corp", ("192.0.2.2",), 443),
        )
    )


def test_a_registry_by_address_may_lead_to_names() -> None:
    """Only the names are resolved."""
    wanted = spec(leading("blobs.corp", name="10.0.0.7:5000/ns/m"))

    assert pull_hosts(wanted) == ("blobs.corp",)
    assert [host.name for host in pull_target(wanted, {"blobs.corp": ["192.0.2.2"]}).hosts] == ["10.0.0.7", "blobs.corp"]


@pytest.mark.parametrize(
    "written", [model(), model(name="registry.corp:5000/ns/m"), model(name="10.0.0.7:5000/ns/m"), leading("a.corp", "b.corp:1")]
)
def test_a_live_job_remembers_its_target(written: dict[str, Any]) -> None:
    """Every later pass writes the same policy, whatever DNS says meanwhile."""
    wanted = spec(written)
    target = context(wanted).pull

    assert recorded_target(wanted, job(wanted).to_dict()) == target


def test_a_job_that_lacks_a_host_remembers_nothing() -> None:
    """An older operator may not have known the blob store."""
    live = job(spec()).to_dict()
    live["spec"]["template"]["spec"]["hostAliases"] = [{"ip": "192.0.2.1", "hostnames": ["registry.ollama.ai"]}]

    assert recorded_target(spec(), live) is None


def test_a_tampered_job_does_not_widen_the_policy() -> None:
    """Hosts that the spec does not name are dropped; addresses of the node are refused."""
    live = job(spec()).to_dict()
    aliases = live["spec"]["template"]["spec"]["hostAliases"]
    aliases.append({"ip": "203.0.113.9", "hostnames": ["evil.example"]})
    assert recorded_target(spec(), live) == context(spec()).pull

    aliases.append({"ip": "169.254.169.254", "hostnames": ["registry.ollama.ai"]})
    assert recorded_target(spec(), live) is None


def test_an_address_is_its_own_target() -> None:
    """Nothing to resolve, nothing to alias."""
    wanted = spec(model(name="10.0.0.7:5000/ns/m"))

    assert pull_target(wanted, {}) == PullTarget((PullHost("10.0.0.7", ("10.0.0.7",), 5000),))
    assert "hostAliases" not in job(wanted).body["spec"]["template"]["spec"]


def test_the_puller_is_told_what_the_spec_says() -> None:
    """Digest, plain HTTP and credentials; the volume is writable."""
    wanted = spec(model(digest=DIGEST, source={"registry": {"insecure": True, "credentialsSecretRef": {"name": "login"}}}))
    made = job(wanted, installation=installation(pull_ca="PEM")).body["spec"]["template"]["spec"]
    (pull,) = made["containers"]

    assert pull["command"] == ["python3", "-m", "assistant_model", "pull"]
    assert pull["args"] == [
        *("--models", "/models", "--name", "smollm2:135m", "--digest", DIGEST),
        *("--insecure", "--credentials", "/etc/private-assistant/registry"),
    ]
    assert pull["env"] == [{"name": "SSL_CERT_FILE", "value": "/etc/private-assistant/pull-ca/ca.crt"}]
    assert pull["volumeMounts"] == [
        {"name": "models", "mountPath": "/models"},
        {"name": "pull-ca", "mountPath": "/etc/private-assistant/pull-ca", "readOnly": True},
        {"name": "credentials", "mountPath": "/etc/private-assistant/registry", "readOnly": True},
    ]
    credentials = next(volume["secret"] for volume in made["volumes"] if volume["name"] == "credentials")
    assert credentials["secretName"] == "login"
    assert [item["key"] for item in credentials["items"]] == ["username", "password"]


def test_a_claim_is_verified_and_never_written() -> None:
    """Read-only twice over, no credentials, no CA, no hosts."""
    wanted = spec(model(digest=DIGEST, source={"claim": {"name": "weights"}}))
    pod = job(wanted, pull=None, installation=installation(pull_ca="PEM")).body["spec"]["template"]["spec"]
    (verify,) = pod["containers"]

    assert verify["command"][-1] == "verify"
    assert verify["args"] == ["--models", "/models", "--name", "smollm2:135m", "--digest", DIGEST]
    assert verify["volumeMounts"] == [{"name": "models", "mountPath": "/models", "readOnly": True}]
    assert pod["volumes"] == [{"name": "models", "persistentVolumeClaim": {"claimName": "weights", "readOnly": True}}]
    assert "env" not in verify
    assert "hostAliases" not in pod


def test_what_another_try_cannot_help_ends_the_job() -> None:
    """Exit 42 fails it at once, a drained node costs no try."""
    body_ = job(spec()).body["spec"]

    assert body_["backoffLimit"] == 6
    assert body_["podFailurePolicy"]["rules"] == [
        {"action": "FailJob", "onExitCodes": {"containerName": "pull", "operator": "In", "values": [42]}},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    ]
    assert body_["template"]["spec"]["restartPolicy"] == "Never"
    assert "ttlSecondsAfterFinished" not in body_


def test_a_job_is_replaced_not_changed() -> None:
    """And other networks are another intent: a Job that failed for want of them is made again."""
    jobs = [job(spec()), job(spec(registry(cidrs=["10.0.0.0/8"]))), job(spec(registry(hosts=["blobs.corp"])))]

    assert {one.policy for one in jobs} == {Policy.REPLACE}
    assert len({one.name for one in jobs}) == 1
    assert len({one.intent for one in jobs}) == 3


def test_the_pull_goes_where_the_pods_are_and_keeps_the_users_affinity() -> None:
    """A ReadWriteOnce volume is on one node; before there are pods, the wish binds nobody."""
    node = {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]
        }
    }
    affinity = job(spec(model(pod={"affinity": {"nodeAffinity": node}}))).body["spec"]["template"]["spec"]["affinity"]

    assert affinity["nodeAffinity"] == node
    assert "requiredDuringSchedulingIgnoredDuringExecution" not in affinity["podAffinity"]
    (term,) = affinity["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"]["privateassistant.dev/component"] == "assistant"
