"""The managed store's objects, and the Jobs that bring documents."""

from typing import Any

import pytest

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.resources.ingest_job import ingest_jobs, ingest_revision
from assistant_operator.resources.manifest import Manifest, Policy
from assistant_operator.resources.store_stateful_set import store_service, store_stateful_set, store_volume
from tests.unit.operator.api.cases import body, external, keep, model, rag, source, store
from tests.unit.operator.resources.contexts import context, installation, spec_of

KEEPING = spec_of(body(keep()))
SOURCE = spec_of(body(source()))


def stored(spec: PrivateAssistantSpec, **changes: Any) -> dict[str, Any]:
    """Return the store's pod."""
    made = store_stateful_set(spec, context(spec, **changes))
    assert made is not None
    found: dict[str, Any] = made.body["spec"]["template"]["spec"]
    return found


def jobs(spec: PrivateAssistantSpec, **changes: Any) -> dict[str, Manifest]:
    return {f"{made.kind}/{made.name}": made for made in ingest_jobs(spec, context(spec, **changes))}


def pod(job: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = job.body["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("written", [model(), external()])
def test_no_store_is_run_where_nothing_is_kept_or_the_user_has_one(written: dict[str, Any]) -> None:
    """Neither server nor address nor volume."""
    spec = spec_of(body(written))
    made = context(spec)

    assert (store_stateful_set(spec, made), store_service(spec, made), store_volume(spec, made)) == (None, None, None)


def test_the_stores_volume_is_as_the_spec_says() -> None:
    """10Gi of the default class where it says nothing."""
    wished = spec_of(body(store(managed={"size": "1Gi", "storageClassName": "fast"})))
    default, made = store_volume(KEEPING, context(KEEPING)), store_volume(wished, context(wished))

    assert default is not None
    assert made is not None
    assert default.body["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}
    assert made.body["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "fast",
    }


def test_one_server_on_one_volume() -> None:
    """A StatefulSet never has two pods of one name."""
    made = store_stateful_set(KEEPING, context(KEEPING))

    assert made is not None
    assert (made.body["spec"]["replicas"], made.body["spec"]["serviceName"]) == (1, "minimal-store")
    assert made.body["spec"]["podManagementPolicy"] == "Parallel"  # or a broken pod would never be replaced
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "minimal-store"}} in stored(KEEPING)["volumes"]


def test_the_store_sees_its_password_its_certificate_and_no_more() -> None:
    """What else may be written is memory; the name in the Secret is the gateway's matter."""
    volumes = {found["name"]: found for found in stored(KEEPING)["volumes"]}

    assert volumes["credentials"]["secret"]["items"] == [{"key": "password", "path": "password"}]
    assert volumes["tls"]["secret"]["items"] == [{"key": "tls.crt", "path": "tls.crt"}, {"key": "tls.key", "path": "tls.key"}]
    assert {name for name, found in volumes.items() if "emptyDir" in found} == {"run", "shm"}
    assert all(found["emptyDir"]["medium"] == "Memory" for found in volumes.values() if "emptyDir" in found)


def test_the_installations_image_is_run_with_the_specs_resources() -> None:
    """And with modest ones where the spec names none."""
    wished = {"limits": {"memory": "4Gi"}}
    (default,) = stored(KEEPING)["containers"]
    (made,) = stored(spec_of(body(store(managed={"resources": wished}))), installation=installation(store_image="corp/pg:1"))["containers"]

    assert default["image"] == "docker.io/pgvector/pgvector:0.8.6-pg18-bookworm"
    assert default["resources"]["limits"] == {"memory": "1Gi"}
    assert (made["image"], made["resources"]) == ("corp/pg:1", wished)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (None, "128MB"),
        ({"limits": {"memory": "4Gi"}}, "512MB"),
        ({"limits": {"memory": "100M"}}, "16MB"),
        ({"limits": {"memory": "64Gi"}}, "2000MB"),
        ({"limits": {"cpu": 4}}, "128MB"),
        ({"requests": {"memory": "4Gi"}}, "128MB"),
    ],
)
def test_the_server_takes_its_memory_from_the_limit(resources: dict[str, Any] | None, expected: str) -> None:
    """An eighth for its cache, another to build an index, twice that for what its processes share."""
    pod = stored(spec_of(body(store(managed={} if resources is None else {"resources": resources}))))
    volumes = {found["name"]: found for found in pod["volumes"]}

    assert {"name": "STORE_MEMORY", "value": expected} in pod["containers"][0]["env"]
    assert volumes["shm"]["emptyDir"]["sizeLimit"] == f"{2 * int(expected.removesuffix('MB'))}Mi"


def test_a_source_is_read_once_and_with_a_schedule_again() -> None:
    """The CronJob starts at its next time: the Job does not wait for it."""
    spec = spec_of(body(source(schedule="0 3 * * *")))
    revision = ingest_revision(spec.rag.sources[0], spec) if spec.rag else ""
    made = jobs(spec)

    assert list(made) == [f"Job/minimal-ingest-handbook-{revision}", "CronJob/minimal-ingest-handbook"]
    once, again = made.values()
    assert once.policy is Policy.REPLACE
    assert again.body["spec"]["schedule"] == "0 3 * * *"
    assert again.body["spec"]["concurrencyPolicy"] == "Forbid"
    assert again.body["spec"]["jobTemplate"]["spec"] == once.body["spec"]
    assert [name.partition("/")[0] for name in jobs(SOURCE)] == ["Job"]


def test_an_ingest_knows_the_gateway_by_its_certificate_and_finds_it_without_dns() -> None:
    """And has a key that opens the source routes alone."""
    (job,) = jobs(SOURCE).values()
    (container,) = pod(job)["containers"]
    given = dict(zip(container["args"][::2], container["args"][1::2], strict=True))

    assert given == {
        "--source": "handbook",
        "--folder": "/documents",
        "--url": "https://minimal.assistants.svc",
        "--ca": "/etc/private-assistant/ca/ca.crt",
        "--key": "/etc/private-assistant/ingest/api-key",
    }
    assert pod(job)["hostAliases"] == [{"ip": "10.96.0.50", "hostnames": ["minimal.assistants.svc"]}]
    assert {found["name"] for found in pod(job)["volumes"]} == {"source", "ca", "key"}
    assert "env" not in container


@pytest.mark.parametrize(
    ("place", "volume"),
    [
        ({"configMap": {"name": "docs"}}, {"configMap": {"name": "docs", "defaultMode": 0o440}}),
        ({"claim": {"name": "scans"}}, {"persistentVolumeClaim": {"claimName": "scans", "readOnly": True}}),
    ],
)
def test_a_source_is_mounted_read_only(place: dict[str, Any], volume: dict[str, Any]) -> None:
    """A claim also where it is attached: Kubernetes would give its files to the pod's group otherwise."""
    (job,) = jobs(spec_of(body(source(**place)))).values()

    assert {"name": "source", **volume} in pod(job)["volumes"]
    assert {"name": "source", "mountPath": "/documents", "readOnly": True} in pod(job)["containers"][0]["volumeMounts"]


def test_globs_are_given_one_by_one() -> None:
    """No shell sees them, and none is taken for a flag."""
    (job,) = jobs(spec_of(body(source(include=["b/**/*.pdf", "*.md", "-x"])))).values()

    assert pod(job)["containers"][0]["args"][-3:] == ["--include=*.md", "--include=-x", "--include=b/**/*.pdf"]


@pytest.mark.parametrize("missing", ["serving", "embedding", "store", "service_address", "ca_certificate"])
def test_nothing_is_brought_before_there_is_a_gateway_to_bring_it_to(missing: str) -> None:
    """A Job would use its tries up."""
    assert jobs(SOURCE, **{missing: None}) == {}


@pytest.mark.parametrize(
    ("changed", "is_new"),
    [
        ({"include": ["*.md"]}, True),
        ({"configMap": {"name": "other"}}, True),
        ({"groups": ["staff"]}, False),
        ({"schedule": "@daily"}, False),
    ],
)
def test_a_source_that_changes_is_read_again(changed: dict[str, Any], is_new: bool) -> None:
    """Who may retrieve is the gateway's matter, and when to read again the CronJob's."""
    other = spec_of(body(source(**changed)))
    assert SOURCE.rag is not None
    assert other.rag is not None

    assert (ingest_revision(SOURCE.rag.sources[0], SOURCE) != ingest_revision(other.rag.sources[0], other)) is is_new


@pytest.mark.parametrize(
    ("masked", "is_new"),
    [
        ({"request": {"action": "Off"}}, True),
        ({"request": {"action": "Block"}}, True),
        ({"request": {"entities": ["CARD"]}}, True),
        ({"patterns": [{"name": "staff-id", "expression": "STAFF-[0-9]{4}"}]}, True),
        ({"request": {"action": "Mask"}}, False),
        ({"response": {"action": "Mask"}}, False),
        ({"allowUnscannedMedia": True}, False),
    ],
)
def test_what_is_stored_otherwise_is_read_again(masked: dict[str, Any], is_new: bool) -> None:
    """Documents are masked before they are stored, so another rule has to see them again; what is done to answers is none."""
    other = spec_of(body({**source(), "redaction": masked}))
    assert SOURCE.rag is not None

    assert (ingest_revision(SOURCE.rag.sources[0], SOURCE) != ingest_revision(SOURCE.rag.sources[0], other)) is is_new


def test_another_store_is_filled_anew() -> None:
    """The documents are not in it."""
    other = spec_of(body({**source(), "store": external()["store"]}))
    assert SOURCE.rag is not None

    assert ingest_revision(SOURCE.rag.sources[0], SOURCE) != ingest_revision(SOURCE.rag.sources[0], other)


def test_documents_through_the_api_need_no_job() -> None:
    """`rag: {}` is documents that clients bring."""
    assert jobs(spec_of(body(rag()))) == {}
