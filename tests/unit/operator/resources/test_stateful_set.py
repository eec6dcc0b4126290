"""The serving pods: the weights are checked, Ollama is on loopback, the gateway is in front."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from assistant_gateway.auth import OTHER, other_file
from assistant_gateway.redaction.names.client import NamesOptions
from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.redaction import NamesRedaction
from assistant_operator.api.v1alpha1.spec import AccessLimits
from assistant_operator.api.v1alpha1.values import quantity
from assistant_operator.naming import ANNOTATION_POLICY_REVISION, KEYS_FOLDER, OTHER_KEY_SUFFIX
from assistant_operator.resources.context import ServingModel, StoreAddress
from assistant_operator.resources.gateway import GRACE_SECONDS, MEBIBYTE, NAMES_MEBIBYTES, memory_mebibytes
from assistant_operator.resources.ollama import FILTERED, environment
from assistant_operator.resources.stateful_set import stateful_set
from tests.unit.operator.api.cases import EVERYTHING, access, body, external, keep, key, model, source
from tests.unit.operator.resources.contexts import DIGEST, EMBEDDING_DIGEST, context, installation, spec_of

MINIMAL = spec_of(body(model()))
MEMORY = spec_of(body(source()))
KEEPING = spec_of(body(keep()))


def template(spec: PrivateAssistantSpec, **changes: Any) -> dict[str, Any]:
    made = stateful_set(spec, context(spec, **changes))
    assert made is not None
    found: dict[str, Any] = made.body["spec"]["template"]
    return found


def container(spec: PrivateAssistantSpec, name: str, **changes: Any) -> dict[str, Any]:
    pod = template(spec, **changes)["spec"]
    return next(found for found in [*pod["initContainers"], *pod["containers"]] if found["name"] == name)


def volume(spec: PrivateAssistantSpec, name: str, **changes: Any) -> dict[str, Any]:
    return next(found for found in template(spec, **changes)["spec"]["volumes"] if found["name"] == name)


def test_check_then_model_server_then_gateway() -> None:
    """Ollama is a native sidecar: it starts before the gateway and ends after it has drained."""
    pod = template(MINIMAL)["spec"]

    assert [found["name"] for found in pod["initContainers"]] == ["egress-gate", "model-check", "ollama", "egress-probe"]
    assert [found.get("restartPolicy") for found in pod["initContainers"]] == [None, None, "Always", "Always"]
    assert [found["name"] for found in pod["containers"]] == ["gateway"]


def test_a_model_server_that_hangs_is_started_again_soon_and_holds_nobody_up() -> None:
    """Within two minutes, without the pod's long grace; and the gateway, which tells what is missing, does not wait for it to answer."""
    server = container(MINIMAL, "ollama")
    probe = server["livenessProbe"]

    assert probe["exec"]["command"] == ["ollama", "list"]
    assert probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"] + probe["terminationGracePeriodSeconds"] <= 120
    assert not {"startupProbe", "readinessProbe"} & server.keys()


def memory_limit_of_the_pod(pod: dict[str, Any]) -> int | None:
    """Return what kubelet bounds the whole pod's memory by, None where it does not: as its ResourceConfigForPod of 1.32 to 1.36 has it.

    A sidecar is asked for its limit together with those of the sidecars before it.
    """

    def limit(found: dict[str, Any]) -> int:
        return int(quantity(found.get("resources", {}).get("limits", {}).get("memory", "0")) or 0)

    sidecars, asked = 0, [limit(found) for found in pod["containers"]]
    for found in pod["initContainers"]:
        stays = found.get("restartPolicy") == "Always"
        asked.append(sidecars + limit(found))
        sidecars += limit(found) if stays else 0
    return sum(map(limit, pod["containers"])) + sidecars if all(asked) else None


@pytest.mark.parametrize("spec", [MINIMAL, MEMORY, KEEPING], ids=["minimal", "documents", "conversations"])
def test_a_model_server_without_a_limit_has_the_nodes_memory(spec: PrivateAssistantSpec) -> None:
    """kubelet would otherwise bound the pod by the limits of the other containers, some hundred MiB: no real model starts in that."""
    assert memory_limit_of_the_pod(template(spec)["spec"]) is None


def test_a_model_server_with_a_limit_bounds_the_pod() -> None:
    """By all limits together."""
    bounded = memory_limit_of_the_pod(template(spec_of(body(model(resources={"limits": {"memory": "4Gi"}}))))["spec"])

    assert bounded is not None
    assert bounded > 4 << 30


def test_the_process_that_finds_names_ends_before_the_container_does() -> None:
    """Its own bound leaves room for what is not counted in it, its stacks and page tables: it then fails, and the gateway answers 503."""
    bound = NamesOptions(Path()).memory_bytes // MEBIBYTE

    assert {mode for mode, given in NAMES_MEBIBYTES.items() if given < bound + 32} == {"Off"}


def test_only_the_gateway_has_ports() -> None:
    """The model server's is on loopback, where no Service and no probe points."""
    pod = template(MINIMAL)["spec"]

    assert [port["containerPort"] for found in pod["containers"] for port in found["ports"]] == [8443, 9090]
    assert all("ports" not in found for found in pod["initContainers"])


def test_the_verified_model_is_served_not_the_wanted_one() -> None:
    """While another model is pulled, the pods go on with theirs, from the volume on which it lies."""
    wanted = spec_of(body(model(name="other:1b", digest="sha256:" + "0" * 64, source={"claim": {"name": "new"}})))
    serving = ServingModel("smollm2:135m", DIGEST, "minimal-models")

    assert container(wanted, "model-check", serving=serving)["args"] == [
        "--models",
        "/models",
        "--name",
        "smollm2:135m",
        "--digest",
        DIGEST,
    ]
    assert volume(wanted, "models", serving=serving)["persistentVolumeClaim"] == {"claimName": "minimal-models"}


def test_weights_are_read_only_for_everybody() -> None:
    """A claim of the user's is attached read-only as well."""
    airgapped = spec_of(body(model(source={"claim": {"name": "weights"}})))
    for name in ("model-check", "ollama"):
        assert {"name": "models", "mountPath": "/models", "readOnly": True} in container(MINIMAL, name)["volumeMounts"]

    assert volume(airgapped, "models")["persistentVolumeClaim"] == {"claimName": "weights", "readOnly": True}


def test_no_container_may_see_more_than_it_needs() -> None:
    """Keys, certificate and policy are the gateway's; the model server has weights, scratch and the pipe."""
    assert {mount["name"] for mount in container(MINIMAL, "ollama")["volumeMounts"]} == {"models", "run", "scratch"}
    assert {mount["name"] for mount in container(MINIMAL, "gateway")["volumeMounts"]} == {"policy", "tls", "keys", "run"}
    assert {mount["name"] for mount in container(MINIMAL, "model-check")["volumeMounts"]} == {"models"}


def test_documents_are_opened_where_nothing_is_to_be_had() -> None:
    """A file that takes the parser over finds no key, no certificate, no volume and no line of the model server's: only its socket."""
    opened = container(MEMORY, "documents")

    assert opened["restartPolicy"] == "Always"
    assert "env" not in opened
    assert [mount["mountPath"] for mount in opened["volumeMounts"]] == ["/run/private-assistant-documents"]
    assert opened["args"][:2] == ["--socket", "/run/private-assistant-documents/documents.sock"]
    assert opened["resources"]["limits"] == {"memory": "768Mi"}
    assert "documents" not in {found["name"] for found in template(KEEPING)["spec"]["initContainers"]}


@pytest.mark.parametrize("mode", ["Standard", "HighRecall"])
def test_what_finds_names_has_room(mode: str) -> None:
    """A gateway that is out of memory takes the pod's requests with it."""
    named = MINIMAL.model_copy(
        update={"redaction": MINIMAL.redaction.model_copy(update={"names": NamesRedaction.model_validate({"mode": mode})})}
    )

    assert container(named, "gateway")["resources"] == {
        "requests": {"cpu": "50m", "memory": "224Mi"},
        "limits": {"memory": f"{memory_mebibytes(MINIMAL.access.limits) + 256}Mi"},
    }


def test_the_gateway_has_what_opens_the_store() -> None:
    """Credentials, CA and every key-encryption key, as files; 128 MiB more; the parser's socket with documents alone."""
    with_documents, conversations = container(MEMORY, "gateway"), container(KEEPING, "gateway")
    plain = {mount["name"] for mount in container(MINIMAL, "gateway")["volumeMounts"]}

    assert "args" not in container(MINIMAL, "gateway")
    assert {mount["name"] for mount in conversations["volumeMounts"]} - plain == {"store", "encryption"}
    assert {mount["name"] for mount in with_documents["volumeMounts"]} - plain == {"store", "encryption", "documents"}
    folders = ["--store", "/etc/private-assistant/store", "--encryption-keys", "/etc/private-assistant/encryption"]
    assert conversations["args"] == folders
    assert with_documents["args"] == [*folders, "--documents-socket", "/run/private-assistant-documents/documents.sock"]
    assert conversations["resources"]["limits"]["memory"] == f"{memory_mebibytes(MINIMAL.access.limits) + 128}Mi"
    assert volume(KEEPING, "encryption")["secret"] == {"secretName": "minimal-encryption", "defaultMode": 0o440}
    assert volume(KEEPING, "store")["projected"]["sources"] == [
        {"secret": {"name": "minimal-store", "items": [{"key": "username", "path": "username"}, {"key": "password", "path": "password"}]}},
        {"secret": {"name": "minimal-store-tls", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]


def test_the_users_store_is_entered_with_the_users_secret() -> None:
    """Whatever the entry of the name is called, the gateway reads one file; without a CA certificate the system's roots do."""
    with_ca = spec_of(body(external(caSecretRef={"name": "pg-ca"})))
    user = {"secret": {"name": "pg-app", "items": [{"key": "user", "path": "username"}, {"key": "password", "path": "password"}]}}

    assert volume(spec_of(body(external())), "store")["projected"]["sources"] == [user]
    assert volume(with_ca, "store")["projected"]["sources"] == [
        user,
        {"secret": {"name": "pg-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]


def test_the_store_is_found_without_dns() -> None:
    """Its name is in /etc/hosts, unless it is an address already."""
    spec = spec_of(body(external()))
    by_address = StoreAddress(name="192.0.2.7", addresses=("192.0.2.7",), port=5432, database="app", secret="pg-app")

    assert template(KEEPING)["spec"]["hostAliases"] == [{"ip": "10.96.0.60", "hostnames": ["minimal-store.assistants.svc"]}]
    assert template(spec)["spec"]["hostAliases"] == [{"ip": "10.9.0.7", "hostnames": ["pg-rw.assistants.svc"]}]
    assert "hostAliases" not in template(spec, store=by_address)["spec"]
    assert "hostAliases" not in template(MINIMAL)["spec"]


def test_the_ingests_key_is_a_key_that_no_spec_can_name() -> None:
    """With sources alone."""
    keys = volume(MEMORY, "keys")["projected"]["sources"]

    assert [source["secret"]["items"] for source in keys if source["secret"]["name"] == "minimal-ingest"] == [
        [{"key": "api-key", "path": "ingest.internal"}],
        [{"key": "other-api-key", "path": "ingest.internal.other"}],
    ]
    assert {source["secret"]["name"] for source in volume(KEEPING, "keys")["projected"]["sources"]} == {"minimal-key-default"}


def test_both_models_are_checked_and_stay_loaded() -> None:
    """The embedding model too is what was verified."""
    arguments = container(MEMORY, "model-check")["args"]

    assert arguments[-4:] == ["--embedding", "all-minilm:l6-v2", "--embedding-digest", EMBEDDING_DIGEST]
    assert environment(MEMORY)["OLLAMA_MAX_LOADED_MODELS"] == "2"


@pytest.mark.parametrize("spec", [MINIMAL, MEMORY])
def test_what_may_be_written_is_memory(spec: PrivateAssistantSpec) -> None:
    """A crash leaves nothing on a disk."""
    folders = [found["emptyDir"] for found in template(spec)["spec"]["volumes"] if "emptyDir" in found]

    assert folders
    assert all(folder["medium"] == "Memory" and folder["sizeLimit"] for folder in folders)


def test_ollamas_channels_are_closed_whatever_its_image_says() -> None:
    """Said even where it is the default."""
    closed = {
        "OLLAMA_HOST": "127.0.0.1:11434",
        "OLLAMA_NO_CLOUD": "1",
        "OLLAMA_NOPRUNE": "1",
        "OLLAMA_NOHISTORY": "1",
        "OLLAMA_MODELS": "/models",
    }

    assert environment(MINIMAL).items() >= (closed | {"OLLAMA_DEBUG_LOG_REQUESTS": "0", "OLLAMA_MAX_LOADED_MODELS": "1"}).items()


@pytest.mark.parametrize(("level", "debug"), [("ERROR", "-2"), ("WARNING", "-1"), ("INFO", "0"), ("DEBUG", "0")])
def test_debug_is_never_on(level: str, debug: str) -> None:
    """Ollama's debug lines hold parts of requests."""
    assert environment(spec_of(body({**model(), "logging": {"level": level}})))["OLLAMA_DEBUG"] == debug


def test_runtime_settings_reach_the_model_server() -> None:
    """Image, resources, context, keep-alive, parallel; and none where the spec is silent."""
    everything = spec_of(body(EVERYTHING))
    ollama = container(everything, "ollama")
    told = {entry["name"]: entry["value"] for entry in ollama["env"]}

    assert ollama["image"] == "docker.io/ollama/ollama:0.24.0"
    assert ollama["resources"]["limits"] == {"cpu": "4", "memory": "8Gi", "nvidia.com/gpu": "1"}
    assert told.items() >= {"OLLAMA_CONTEXT_LENGTH": "4096", "OLLAMA_KEEP_ALIVE": "1h30m", "OLLAMA_NUM_PARALLEL": "4"}.items()
    assert not {"OLLAMA_CONTEXT_LENGTH", "OLLAMA_KEEP_ALIVE", "OLLAMA_NUM_PARALLEL"} & environment(MINIMAL).keys()
    assert container(MINIMAL, "ollama")["image"] == installation().ollama_image


def test_the_model_servers_lines_go_to_the_pipe_or_nowhere() -> None:
    """Never to the container's own log."""
    discard = spec_of(body({**model(), "logging": {"runtime": "Discard"}}))

    assert container(MINIMAL, "ollama")["command"] == ["/bin/sh", "-c", FILTERED]
    assert container(discard, "ollama")["command"] == ["/bin/sh", "-c", "exec ollama serve >/dev/null 2>&1"]


def test_the_script_works_without_a_reader_and_twice(tmp_path: Path) -> None:
    """It neither blocks before the gateway is there nor dies without it; a restarted container finds its pipe again."""
    (tmp_path / "bin").mkdir()
    server = tmp_path / "bin" / "ollama"
    server.write_text("#!/bin/sh\necho out\necho err >&2\nexit 7\n")
    server.chmod(0o755)
    pipe = tmp_path / "ollama.log"
    script = FILTERED.replace("/run/private-assistant/ollama.log", str(pipe))

    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", "-c", script], env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}, capture_output=True, timeout=10, check=False
        )

        assert (done.returncode, done.stdout, done.stderr) == (7, b"", b"")
        assert pipe.is_fifo()
        assert pipe.stat().st_mode & 0o777 == 0o600


def test_the_file_of_the_other_key_is_the_one_that_the_gateway_reads() -> None:
    """The name stands in both programs; with two of them a replaced key would be refused early, and nobody would see why."""
    assert OTHER_KEY_SUFFIX == OTHER
    assert other_file(Path(KEYS_FOLDER), "web") == Path(f"{KEYS_FOLDER}/web{OTHER_KEY_SUFFIX}")


def test_keys_are_files_named_after_keys() -> None:
    """Generated and given ones in one folder; of a generated one its successor as well while it is being replaced."""
    spec = spec_of(body(access(keys=[key("web"), key("batch", secretRef={"name": "batch-key", "key": "token"})])))

    assert volume(spec, "keys")["projected"] == {
        "defaultMode": 0o440,
        "sources": [
            {"secret": {"name": "batch-key", "items": [{"key": "token", "path": "batch"}]}},
            {"secret": {"name": "minimal-key-web", "items": [{"key": "api-key", "path": "web"}]}},
            {"secret": {"name": "minimal-key-web", "items": [{"key": "other-api-key", "path": "web.other"}], "optional": True}},
        ],
    }


@pytest.mark.parametrize(
    ("tls", "secret"), [({}, "minimal-tls"), ({"mode": "SelfSigned"}, "minimal-tls"), ({"mode": "Secret", "secretName": "mine"}, "mine")]
)
def test_the_certificate_is_the_assistants_or_the_users(tls: dict[str, str], secret: str) -> None:
    """The CA's key is in another Secret, which no pod mounts."""
    found = volume(spec_of(body(access(tls=tls))), "tls")["secret"]

    assert found["secretName"] == secret
    assert [item["key"] for item in found["items"]] == ["tls.crt", "tls.key"]


def test_a_change_of_policy_rolls_the_pods_and_a_new_generation_alone_does_not() -> None:
    """The annotation is over the policy's content."""

    def revision(spec: PrivateAssistantSpec, **changes: Any) -> str:
        found: str = template(spec, **changes)["metadata"]["annotations"][ANNOTATION_POLICY_REVISION]
        return found

    assert revision(MINIMAL) == revision(MINIMAL, generation=99)
    assert revision(MINIMAL) != revision(spec_of(body(access(limits={"requestsPerMinute": 1}))))


def test_the_users_placement_reaches_the_pods() -> None:
    """nodeSelector, tolerations, affinity, classes, labels and annotations."""
    wished = EVERYTHING["model"]["pod"]
    made = template(spec_of(body(EVERYTHING)))

    for field in ("nodeSelector", "tolerations", "affinity", "runtimeClassName", "priorityClassName"):
        assert made["spec"][field] == wished[field]
    assert made["metadata"]["labels"].items() >= wished["labels"].items()
    assert made["metadata"]["annotations"].items() >= wished["annotations"].items()


def test_several_replicas_are_spread_where_that_is_possible() -> None:
    """One needs no spreading."""
    assert "topologySpreadConstraints" not in template(MINIMAL)["spec"]
    (spread,) = template(spec_of(body(EVERYTHING)))["spec"]["topologySpreadConstraints"]
    assert spread["whenUnsatisfiable"] == "ScheduleAnyway"


def test_a_drain_has_the_time_that_it_needs() -> None:
    """5 s until the cluster has stopped sending, 60 s for streams, and a margin."""
    assert template(MINIMAL)["spec"]["terminationGracePeriodSeconds"] == GRACE_SECONDS == 75
    assert container(MINIMAL, "gateway")["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}


@pytest.mark.parametrize(
    ("requests", "size", "mebibytes"), [(64, 4 * 2**20, 768), (1, 1024, 256), (10_000, 2**30, 4096)], ids=["default", "least", "most"]
)
def test_the_gateways_memory_follows_the_limits(requests: int, size: int, mebibytes: int) -> None:
    """Room for what is admitted, within reason."""
    assert memory_mebibytes(AccessLimits(concurrent_requests=requests, max_body_bytes=size)) == mebibytes
