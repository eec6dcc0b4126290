"""Every built object on a real API server: nothing unknown or invalid, admitted by restricted Pod Security, quiet when applied again."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.naming import COMPONENT_INGEST
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.plan import plan
from assistant_operator.resources.secrets import (
    ca_secret,
    encryption_secret,
    key_secret,
    store_secret,
    store_tls_secret,
    tls_secret,
)
from tests.cluster.apiserver import api_server
from tests.integration.rest import Rest
from tests.support.waiting import until
from tests.unit.operator.api.cases import GOOD, Case
from tests.unit.operator.resources.contexts import EXAMPLES, context, example, installation, spec_of

NAMESPACE = "assistants"
SETTINGS = installation(
    pull_ca="PEM", image_pull_policy="IfNotPresent", image_pull_secrets=("regcred",), monitoring_namespace_labels={"a": "b"}
)


@pytest.fixture(scope="module")
def rest() -> Iterator[Rest]:
    """An API server with a namespace that enforces the restricted profile, and the CRD."""
    with api_server() as cluster:
        client = Rest(cluster)
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
        client.create(namespace, dry_run=False).raise_for_status()
        client.create(custom_resource_definition(), dry_run=False).raise_for_status()
        yield client
        client.close()


def manifests(case: Case) -> tuple[Manifest, ...]:
    spec = spec_of(case.body())
    made = context(spec, case.name, namespace=NAMESPACE, installation=SETTINGS)
    secrets = (
        ca_secret(made, "key", "certificate"),
        key_secret(made, made.names.key_secret("default"), "value"),
        store_secret(made, "password"),
        encryption_secret(made, "key"),
        key_secret(made, made.names.ingest_secret, "value", COMPONENT_INGEST),
    )
    return (*secrets, *plan(spec, made))


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in GOOD])
def test_what_a_good_resource_becomes_is_accepted(rest: Rest, case: Case) -> None:
    """Server-side apply with strict validation; a warning (Pod Security warns about templates) is a failure too."""
    for manifest in manifests(case):
        answer = rest.apply(manifest.to_dict())

        assert answer.status_code in (200, 201), f"{manifest.kind}: {answer.text}"
        assert "Warning" not in answer.headers, f"{manifest.kind}: {answer.headers['Warning']}"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in GOOD if "runtimeClassName" not in str(case.spec)])
def test_its_pods_are_admitted_where_the_restricted_profile_is_enforced(rest: Rest, case: Case) -> None:
    """Not only warned about: the pods themselves are created, in a dry run."""
    for manifest in manifests(case):
        work = manifest.body.get("spec", {})
        template = work.get("jobTemplate", {}).get("spec", work).get("template")
        if template is None:
            continue
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**template["metadata"], "name": "p", "namespace": NAMESPACE},
            "spec": template["spec"],
        }

        answer = rest.create(pod)

        assert answer.status_code == 201, answer.text


def test_a_certificate_is_accepted(rest: Rest) -> None:
    """A Secret of its type needs both entries; the store's is one as well."""
    made = context(spec_of(GOOD[0].body()), namespace=NAMESPACE)

    for shape in (tls_secret, store_tls_secret):
        assert rest.apply(shape(made, "key", "certificate", "ca").to_dict()).status_code == 201


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in GOOD if case.id in ("everything", "host-beside-a-network")])
def test_applied_again_nothing_is_written(rest: Rest, case: Case) -> None:
    """The API server's own defaults leave the intent alone: another apply does not move the resource version.

    A PersistentVolumeClaim is stored once more by its second write, whatever that holds; hence the third is compared.
    """
    made = [manifest.to_dict() for manifest in manifests(replace(case, name=case.id))]

    def versions() -> list[str]:
        last = int(time.time())
        until("another second", lambda: int(time.time()) > last)  # times in managedFields have no fractions
        return [rest.apply(manifest, dry_run=False).raise_for_status().json()["metadata"]["resourceVersion"] for manifest in made]

    versions()

    assert versions() == versions()


def test_a_live_volume_grows_but_does_not_change_its_class(rest: Rest) -> None:
    """The claim's own rules, which the guard foresees."""
    spec = spec_of(GOOD[0].body())
    claim = next(m for m in plan(spec, context(spec, "grow", namespace=NAMESPACE)) if m.kind == "PersistentVolumeClaim").to_dict()
    rest.apply(claim, dry_run=False).raise_for_status()

    other = {**claim, "spec": {**claim["spec"], "accessModes": ["ReadWriteMany"]}}

    assert rest.apply(other).status_code == 422


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_examples_are_admitted(rest: Rest, path: Any) -> None:
    """What the documentation tells people to apply."""
    answer = rest.create(example(path))

    assert answer.status_code == 201, answer.text
