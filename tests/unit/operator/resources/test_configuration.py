"""ConfigMaps, Secrets, the volume and the Services: the small ones."""

import base64
import json

import pytest

from assistant_gateway import policy as gateway
from assistant_gateway.redaction.entities import STRUCTURED
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.status import egress_status
from assistant_operator.naming import COMPONENT_INGEST
from assistant_operator.resources.ca_config import ca_config, pull_ca_config
from assistant_operator.resources.context import ServingModel
from assistant_operator.resources.headless_service import headless_service
from assistant_operator.resources.manifest import Policy
from assistant_operator.resources.model_volume import model_claim, model_volume
from assistant_operator.resources.policy_config import policy_config
from assistant_operator.resources.secrets import (
    ca_secret,
    encryption_secret,
    generated_keys,
    key_secret,
    key_secrets,
    store_secret,
    store_tls_secret,
    tls_secret,
)
from assistant_operator.resources.service import endpoint, service
from tests.unit.operator.api.cases import EVERYTHING, REPORTED, access, body, egress, external, hosts, keep, key, model, rag, redaction
from tests.unit.operator.resources.contexts import CA, DIGEST, EMBEDDING_DIGEST, context, installation, spec_of

MINIMAL = spec_of(body(model()))
EVERY = spec_of(body(EVERYTHING))
AIRGAPPED = spec_of(body(model(source={"claim": {"name": "weights"}})))


def test_the_gateway_reads_what_is_written() -> None:
    """Both sides share the file's model; the file has every setting that the gateway enforces."""
    made = policy_config(EVERY, context(EVERY))
    assert made is not None
    written = gateway.parse(made.body["data"]["policy.json"])

    assert written.generation == 3
    assert (written.assistant.namespace, written.assistant.name) == ("assistants", "minimal")
    assert (written.model.name, written.model.context_length) == ("registry.corp:5000/library/m:tag", 4096)
    assert [(key.name, key.subject, key.groups, key.role) for key in written.keys] == [
        ("batch", "batch", (), "User"),
        ("officer", "officer", (), "DataOfficer"),
        ("web", "web frontend", ("staff", "web"), "User"),
        ("ingest.internal", "system:ingest", (), "Ingest"),
    ]
    assert written.limits.model_dump(by_alias=True) == EVERYTHING["access"]["limits"]
    assert written.logging.model_dump(by_alias=True) == EVERYTHING["logging"]
    assert written.retention.model_dump() == {
        "conversations": {"mode": "Keep", "ttl_seconds": 30 * 86400},
        "documents": {"ttl_seconds": 365 * 86400},
        "per_request_opt_out": False,
    }
    assert written.store == gateway.StorePolicy(host="pg-rw.assistants.svc", port=5433, database="app")
    assert written.rag is not None
    assert written.rag.model_dump() == {
        "embedding": {"name": "registry.corp:5000/library/e:tag", "digest": EMBEDDING_DIGEST},
        "chunk": {"size": 1200, "overlap": 200},
        "retrieval": {"top_k": 8, "hybrid": False, "min_score": 0.25, "mode": "Always", "on_failure": "Answer"},
        "sources": ({"name": "handbook", "groups": ("staff",)}, {"name": "scans", "groups": ()}),
    }


def redaction_of(spec: PrivateAssistantSpec) -> gateway.RedactionPolicy:
    made = policy_config(spec, context(spec))
    assert made is not None
    return gateway.parse(made.body["data"]["policy.json"]).redaction


def test_what_is_masked_is_spelled_out() -> None:
    """Types in the gateway's order and patterns by name, so that another order in the spec replaces no pods."""
    found = redaction_of(EVERY)

    assert (found.request.action, found.request.entities) == ("Mask", ("EMAIL", "TOKEN", "PERSON"))
    assert (found.response.action, found.response.entities) == ("Block", ("PRIVATE_KEY",))
    assert [(one.name, one.expression) for one in found.patterns] == [("case", "[A-Z]{2}/[0-9]+"), ("staff-id", r"\b(?i:staff)-\d{4}\b")]
    assert found.names.mode == EVERYTHING["redaction"]["names"]["mode"] != "Off"
    assert found.allow_unscanned_media


def test_by_default_every_type_is_masked_on_the_way_to_the_model() -> None:
    found = redaction_of(MINIMAL)

    assert (found.request.action, found.request.entities) == ("Pseudonymize", STRUCTURED)
    assert (found.response.action, found.patterns, found.allow_unscanned_media) == ("Off", (), False)


def test_off_is_off() -> None:
    """The gateway's own default is not relied on."""
    assert redaction_of(spec_of(body(redaction({"action": "Off"})))).request.action == "Off"


def test_by_default_the_gateway_is_told_of_no_store() -> None:
    """Nothing that could write is loaded then."""
    made = policy_config(MINIMAL, context(MINIMAL))
    assert made is not None
    written = gateway.parse(made.body["data"]["policy.json"])

    assert (written.store, written.rag, written.retention.conversations.mode) == (None, None, "None")
    assert {key.role for key in written.keys} == {"User"}


def test_documents_for_everybody_are_not_documents_for_nobody() -> None:
    """No groups, and an empty list of groups."""
    everybodys, nobodys = {"name": "a", "configMap": {"name": "a"}}, {"name": "b", "configMap": {"name": "a"}, "groups": []}
    spec = spec_of(body(rag(sources=[everybodys, nobodys])))
    made = policy_config(spec, context(spec))
    assert made is not None
    found = gateway.parse(made.body["data"]["policy.json"]).rag

    assert found is not None
    assert [source.groups for source in found.sources] == [None, ()]


@pytest.mark.parametrize("name", ["smollm2", "library/smollm2:latest", "registry.ollama.ai/library/smollm2:latest"])
def test_the_policy_names_the_model_as_the_model_server_does(name: str) -> None:
    """Clients and /api/tags see one spelling."""
    made = policy_config(MINIMAL, context(MINIMAL, serving=ServingModel(name, DIGEST, "minimal-models")))
    assert made is not None

    assert json.loads(made.body["data"]["policy.json"])["model"]["name"] == "smollm2:latest"


def test_no_secret_is_in_the_policy() -> None:
    """It is a ConfigMap."""
    made = policy_config(EVERY, context(EVERY))

    assert made is not None
    assert "token" not in made.body["data"]["policy.json"]


def test_certificates_are_published() -> None:
    """The assistant's CA for its clients; the pull's bundle for the pull."""
    published, trusted = ca_config(context(MINIMAL)), pull_ca_config(MINIMAL, context(MINIMAL, installation=installation(pull_ca="PEM")))

    assert published is not None
    assert trusted is not None
    assert (published.name, published.body) == ("minimal-ca", {"data": {"ca.crt": CA}})
    assert (trusted.name, trusted.body) == ("minimal-pull-ca", {"data": {"ca.crt": "PEM"}})


def test_nothing_is_published_where_there_is_nothing() -> None:
    """The user's certificate may come without a CA; a claim is not pulled; the image has a bundle of its own."""
    with_bundle = context(AIRGAPPED, installation=installation(pull_ca="PEM"))

    assert ca_config(context(MINIMAL, ca_certificate=None)) is None
    assert pull_ca_config(AIRGAPPED, with_bundle) is None
    assert pull_ca_config(MINIMAL, context(MINIMAL)) is None


def test_the_volume_is_as_the_spec_says() -> None:
    """Size, class and modes; the cluster's default class where the spec names none."""
    default, wished = model_volume(MINIMAL, context(MINIMAL)), model_volume(EVERY, context(EVERY))

    assert default is not None
    assert wished is not None
    assert default.body["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}}
    assert wished.body["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "100Gi"}},
        "storageClassName": "fast",
    }


def test_a_claim_of_the_users_needs_no_volume_of_ours() -> None:
    """But ours stays while pods serve from it."""
    assert model_claim(AIRGAPPED, context(AIRGAPPED).names) == "weights"
    assert model_volume(AIRGAPPED, context(AIRGAPPED)) is None
    assert model_volume(AIRGAPPED, context(AIRGAPPED, serving=ServingModel("m", DIGEST, "minimal-models"))) is not None
    assert model_volume(AIRGAPPED, context(AIRGAPPED, serving=None)) is None


def test_secrets_are_made_once_and_carry_no_hash_of_their_values() -> None:
    """A hash of a key is not the key, but it is not for everybody who may read metadata either."""
    made = context(MINIMAL)
    secrets = [
        ca_secret(made, "key", "certificate"),
        tls_secret(made, "key", "certificate", "ca"),
        key_secret(made, made.names.key_secret("default"), "value"),
        store_secret(made, "password"),
        store_tls_secret(made, "key", "certificate", "ca"),
        encryption_secret(made, "key"),
        key_secret(made, made.names.ingest_secret, "value", COMPONENT_INGEST),
    ]
    names = [
        "minimal-ca",
        "minimal-tls",
        "minimal-key-default",
        "minimal-store",
        "minimal-store-tls",
        "minimal-encryption",
        "minimal-ingest",
    ]

    assert [secret.name for secret in secrets] == names
    assert {secret.policy for secret in secrets} == {Policy.CREATE}
    assert all("annotations" not in secret.to_dict()["metadata"] for secret in secrets)
    assert [sorted(secret.body["data"]) for secret in secrets] == [
        ["ca.crt", "ca.key"],
        ["ca.crt", "tls.crt", "tls.key"],
        ["api-key"],
        ["password", "username"],
        ["ca.crt", "tls.crt", "tls.key"],
        ["k0001"],
        ["api-key"],
    ]
    assert base64.b64decode(secrets[2].body["data"]["api-key"]) == b"value"


def test_keys_are_generated_where_no_secret_is_named() -> None:
    """And found by name where one is."""
    spec = spec_of(body(access(keys=[key("a"), key("b", secretRef={"name": "s"})])))

    assert generated_keys(spec) == ("a",)
    assert key_secrets(spec, context(spec).names) == {"a": ("minimal-key-a", "api-key"), "b": ("s", "api-key")}


def test_clients_call_443_and_reach_the_gateway() -> None:
    """And nothing else through the Service."""
    assert [(port["port"], port["targetPort"]) for port in service(context(MINIMAL)).body["spec"]["ports"]] == [(443, 8443)]
    assert endpoint(context(MINIMAL)) == "https://minimal.assistants.svc.cluster.local"


def test_the_headless_service_shows_pods_that_are_not_ready() -> None:
    """The operator asks them why."""
    made = headless_service(context(MINIMAL)).body["spec"]

    assert made["clusterIP"] == "None"
    assert made["publishNotReadyAddresses"] is True


@pytest.mark.parametrize(
    ("written", "mode"),
    [
        (model(), "Deny"),
        (egress("10.0.0.0/8"), "Allowlist"),
        (egress("10.0.0.0/8", acknowledgeOpenEgress=True), "Allowlist"),
        (egress("169.254.169.254/32", acknowledgeOpenEgress=True), "Allowlist"),
        (egress("0.0.0.0/0", acknowledgeOpenEgress=True, **REPORTED), "Open"),
        (egress("10.0.0.0/8", "::/0", acknowledgeOpenEgress=True, **REPORTED), "Open"),
        (hosts("api.corp.example"), "Allowlist"),
        (keep(), "Deny"),
        (rag(), "Deny"),
        (external(), "Allowlist"),
    ],
)
def test_the_egress_column_says_open_where_it_is(written: dict[str, object], mode: str) -> None:
    """An allow-list that holds everything is none."""
    assert egress_status(spec_of(body(written))).mode == mode
