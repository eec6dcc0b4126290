"""A second field manager: GitOps tools apply the resource again and again, and nothing below it moves."""

import pytest

from assistant_operator.kube.kinds import PRIVATE_ASSISTANT
from assistant_operator.kube.objects import generation_of
from assistant_operator.naming import FIELD_MANAGER
from tests.integration.conformance.fingerprint import Fingerprint
from tests.integration.conformance.managers import MANAGERS, Manager, labelled
from tests.integration.conformance.subject import SPEC, Subject

TIMES = 5


@pytest.mark.parametrize("manager", MANAGERS, ids=lambda manager: manager.name)
def test_five_times_the_same_are_no_churn(ready: Subject, manager: Manager) -> None:
    """Children and status stay untouched, the generation stays, and so does what the tool owns."""
    manifest = labelled(ready.lab.manifest(SPEC), manager)
    ready.lab.seen(manager.apply(ready.api, manifest, manager.field_manager))
    before = Fingerprint.of(ready.children(), ready.resource())
    generation = generation_of(ready.resource())
    ready.lab.writes()
    for _ in range(TIMES):
        ready.lab.seen(manager.apply(ready.api, manifest, manager.field_manager))
        ready.reconcile()

    resource = ready.resource()
    assert before.moved(Fingerprint.of(ready.children(), resource)) == []
    assert ready.lab.writes() == []
    assert generation_of(resource) == generation
    assert manager.labels.items() <= resource["metadata"].get("labels", {}).items()
    managed = resource["metadata"]["managedFields"]
    assert manager.field_manager in {entry["manager"] for entry in managed}
    ours = [entry for entry in managed if entry["manager"] == FIELD_MANAGER]
    assert {entry.get("subresource") for entry in ours} == {"status"}  # nothing but status is ever written to it


def test_a_tool_that_applies_status_too_changes_nothing_for_long(ready: Subject) -> None:
    """A manifest from a backup or from `kubectl get -o yaml` brings an old status along: the API server leaves it out."""
    before = Fingerprint.of(ready.children(), ready.resource())
    manifest = {**ready.lab.manifest(SPEC), "status": {"endpoint": "https://elsewhere"}}
    ready.lab.seen(ready.api.apply(manifest, "kustomize-controller"))

    assert ready.api.must_get(PRIVATE_ASSISTANT, ready.namespace, "one")["status"]["endpoint"] != "https://elsewhere"
    assert before.moved(Fingerprint.of(ready.children(), ready.resource())) == []
