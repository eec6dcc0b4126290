"""The CRD on a real API server: its rules say the same as the loop's guard, and nothing that is stored was rewritten."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from assistant_operator.api.crd import custom_resource_definition
from assistant_operator.api.v1alpha1.rules import CHANGES, RULES
from tests.cluster.apiserver import ApiServer, api_server
from tests.integration.rest import Rest, causes
from tests.unit.operator.api.cases import BAD, EVERYTHING, GOOD, UNKNOWN, UNUSABLE, Case, body, external, keep, model, rag, store


@pytest.fixture(scope="module")
def cluster() -> Iterator[ApiServer]:
    with api_server() as running:
        yield running


@pytest.fixture(scope="module")
def rest(cluster: ApiServer) -> Iterator[Rest]:
    client = Rest(cluster)
    client.create(custom_resource_definition(), dry_run=False).raise_for_status()
    _until_served(client)
    yield client
    client.close()


def _until_served(client: Rest) -> None:
    """Wait until the API server serves the new kind; it compiles the rules first."""
    for _ in range(100):
        if client.create(body(model())).status_code == 201:
            return
        time.sleep(0.1)
    raise AssertionError("the API server does not serve PrivateAssistants")


def by_id(cases: tuple[Case, ...]) -> list[Any]:
    return [pytest.param(case, id=case.id) for case in cases]


@pytest.mark.parametrize("case", by_id(GOOD + UNUSABLE))
def test_a_good_resource_is_admitted_as_it_was_written(rest: Rest, case: Case) -> None:
    """No default is filled in: what GitOps applied is what is stored. What is wrong with a pattern, only the loop can tell."""
    answer = rest.create(case.body())

    assert answer.status_code == 201, answer.text
    assert answer.json()["spec"] == case.body()["spec"]


@pytest.mark.parametrize("case", by_id(BAD))
def test_a_bad_resource_is_refused_for_its_reason(rest: Rest, case: Case) -> None:
    """Admission names the field, and where a rule of ours refuses, says its message."""
    answer = rest.create(case.body())

    assert answer.status_code == 422, answer.text
    said = causes(answer)
    assert case.field is not None
    assert case.field.partition("[")[0] in said
    if not case.schema:
        assert any(rule.message in said for rule in RULES) or "Duplicate value" in said, said


def test_every_rule_refuses_something_at_admission(rest: Rest) -> None:
    """Each rule's own message is seen at least once: none is shadowed by another or by the schema."""
    said = "\n".join(causes(rest.create(case.body())) for case in BAD if not case.schema)

    assert [rule.message for rule in RULES if rule.cel is not None and rule.message not in said] == []


@pytest.mark.parametrize("case", by_id(UNKNOWN))
def test_an_unknown_field_is_refused_by_strict_clients_and_by_apply(rest: Rest, case: Case) -> None:
    """kubectl asks for strict validation; server-side apply refuses a field that the schema does not have, whatever is asked."""
    last = (case.field or "").rpartition(".")[2]

    strict, applied = rest.create(case.body()), rest.apply(case.body())

    assert strict.status_code == 400
    assert last in strict.text
    assert applied.status_code in (400, 500)
    assert last in applied.text


def changed(**storage: Any) -> dict[str, Any]:
    return body(model(storage=storage), name="changes")


def stored(**managed: Any) -> dict[str, Any]:
    return body(store(managed=managed), name="changes")


CLAIMED = body(model(source={"claim": {"name": "c"}}), name="changes")


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        pytest.param(changed(size="10Gi"), changed(size="20Gi"), None, id="grows"),
        pytest.param(changed(size="10Gi"), changed(size="10240Mi"), None, id="same-size-other-spelling"),
        pytest.param(changed(size="10Gi"), changed(size="9Gi"), ".storage.size", id="shrinks"),
        pytest.param(changed(size="30Gi"), body(model(), name="changes"), ".storage.size", id="shrinks-to-the-default"),
        pytest.param(body(model(), name="changes"), changed(size="1Gi"), ".storage.size", id="shrinks-from-the-default"),
        pytest.param(body(model(), name="changes"), changed(storageClassName="fast"), ".storage.storageClassName", id="class-is-set"),
        pytest.param(changed(storageClassName="fast"), body(model(), name="changes"), ".storage.storageClassName", id="class-is-unset"),
        pytest.param(changed(storageClassName="fast"), changed(storageClassName="slow"), ".storage.storageClassName", id="class-changes"),
        pytest.param(body(model(), name="changes"), changed(accessModes=["ReadWriteMany"]), ".storage.accessModes", id="modes-are-set"),
        pytest.param(body(model(), name="changes"), changed(accessModes=["ReadWriteOnce"]), None, id="modes-are-spelled-out"),
        pytest.param(
            changed(accessModes=["ReadWriteOnce", "ReadWriteMany"]),
            changed(accessModes=["ReadWriteMany", "ReadWriteOnce"]),
            None,
            id="modes-in-another-order",
        ),
        pytest.param(
            CLAIMED,
            changed(storageClassName="fast", size="1Gi"),
            None,
            id="from-a-claim",
        ),
        pytest.param(changed(storageClassName="fast"), CLAIMED, None, id="to-a-claim"),
        pytest.param(changed(), body(model(name="other:1b"), name="changes"), None, id="another-model"),
        pytest.param(stored(size="10Gi"), stored(size="20Gi"), None, id="store-grows"),
        pytest.param(stored(size="10Gi"), stored(size="9Gi"), ".store.managed.size", id="store-shrinks"),
        pytest.param(stored(size="30Gi"), body(keep(), name="changes"), ".store.managed.size", id="store-shrinks-to-the-default"),
        pytest.param(body(rag(), name="changes"), stored(size="1Gi"), ".store.managed.size", id="store-shrinks-from-the-default"),
        pytest.param(stored(), stored(storageClassName="fast"), ".store.managed.storageClassName", id="store-class-is-set"),
        pytest.param(
            stored(storageClassName="fast"), body(keep(), name="changes"), ".store.managed.storageClassName", id="store-class-is-unset"
        ),
        pytest.param(stored(size="30Gi"), body(external(), name="changes"), None, id="to-the-users-store"),
        pytest.param(body(external(), name="changes"), stored(size="1Gi"), None, id="from-the-users-store"),
        pytest.param(stored(size="30Gi"), body(model(), name="changes"), None, id="keeps-nothing-any-more"),
        pytest.param(body(model(), name="changes"), stored(size="1Gi", storageClassName="fast"), None, id="begins-to-keep"),
    ],
)
def test_a_volume_neither_shrinks_nor_changes_its_nature(
    rest: Rest, before: dict[str, Any], after: dict[str, Any], refused: str | None
) -> None:
    """Rules on updates, also from absent to present and back."""
    rest.create(before, dry_run=False).raise_for_status()
    try:
        answer = rest.replace(after)
    finally:
        rest.delete(before)

    if refused is None:
        assert answer.status_code == 200, answer.text
        return
    assert answer.status_code == 422, answer.text
    assert any(change.field == refused and change.message in causes(answer) for change in CHANGES)


def test_status_is_its_own_subresource_with_conditions_by_type(rest: Rest) -> None:
    """A write to the resource cannot claim Ready; two conditions of one type cannot be stored."""
    whole = body(model(), name="claims-ready") | {"status": {"endpoint": "https://evil"}}

    assert "status" not in rest.create(whole).json()


def _columns(table: httpx.Response) -> list[tuple[str, int]]:
    return [(column["name"], column["priority"]) for column in table.json()["columnDefinitions"]]


def test_kubectl_get_shows_what_matters(rest: Rest, cluster: ApiServer) -> None:
    """Ready, Reason, Model, Egress, Retention, Redaction, Age; Confined, Digest, Endpoint when asked for more; `pa` is the short name."""
    rest.create(body(EVERYTHING, name="columns"), dry_run=False).raise_for_status()
    try:
        shown = cluster.kubectl("get", "pa", "columns", "-o", "wide").splitlines()
    finally:
        rest.delete(body(EVERYTHING, name="columns"))

    columns = ["NAME", "READY", "REASON", "MODEL", "EGRESS", "RETENTION", "REDACTION", "AGE", "CONFINED", "DIGEST", "ENDPOINT"]
    assert shown[0].split() == columns
    assert "registry.corp:5000/library/m:tag" in shown[1]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "language model that answers in the cluster"),
        ("spec.model.digest", "no other digest is pulled"),
        ("spec.egress.allow.ports.endPort", "Last port of a range"),
        ("spec.egress.evidence.paths", "Default: [outside, pods, metadata, dns]."),
        ("status.evidence.verdict", "NotEnforced: a pod reached it"),
        ("spec.access.from.podSelector.matchExpressions.operator", "How the label relates to values"),
        ("spec.access.keys.secretRef.key", "Default: api-key."),
        ("spec.rag.sources.groups", "none where empty"),
        ("spec.redaction.request.action", "Default: Pseudonymize."),
        ("spec.redaction.patterns.expression", "no look-around"),
        ("spec.store.external.caSecretRef.key", "Default: ca.crt."),
        ("spec.retention.conversations.ttl", "at least one minute"),
        ("status.conditions.reason", "programs may act on"),
        ("status.sources.failed.count", "How many"),
    ],
)
def test_kubectl_explain_reaches_every_level(rest: Rest, cluster: ApiServer, path: str, words: str) -> None:
    """Items of lists and status included; defaults are named in the text."""
    said = ""
    for _ in range(50):  # the API server publishes the schema a moment after it serves the kind
        said = cluster.kubectl("explain", "pa" + (f".{path}" if path else ""), check=False)
        if words in " ".join(said.split()):
            return
        time.sleep(0.2)
    raise AssertionError(said)


def test_the_committed_definition_is_what_kubectl_applies(rest: Rest, cluster: ApiServer) -> None:
    """The file in crds/ over what the generator gave: no difference."""
    shown = cluster.kubectl("apply", "--server-side", "--dry-run=server", "--force-conflicts", "-o", "json", "-f", "crds/")
    stored = rest.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/privateassistants.privateassistant.dev").json()

    assert json.loads(shown)["spec"] == stored["spec"]
