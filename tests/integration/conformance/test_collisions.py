"""Objects of somebody else under names that the operator would use: refused, named in a condition, never taken over."""

from collections.abc import Iterator

import pytest

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT
from assistant_operator.kube.objects import Object, condition, name_of, namespace_of
from tests.cluster.apiserver import ApiServer
from tests.integration.conformance.fingerprint import content, place
from tests.integration.conformance.subject import SPEC, Subject, every_kind, new_subject
from tests.support.waiting import until

OTHER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "11111111-2222-3333-4444-555555555555", "controller": True}


@pytest.fixture(scope="module")
def prototypes(operated_cluster: ApiServer) -> Iterator[dict[str, Object]]:
    """One child of each kind, as the operator makes it."""
    with new_subject(operated_cluster) as subject:
        subject.make()
        subject.run()
        yield {obj["kind"]: obj for obj in reversed(subject.children())}


@pytest.fixture(scope="module")
def shared(operated_cluster: ApiServer) -> Iterator[Subject]:
    """A namespace with an operator for resources of many names."""
    with new_subject(operated_cluster) as made:
        made.make(name="first")
        yield made


def theirs(prototype: Object, name: str, namespace: str, how: str) -> Object:
    """Return somebody else's object that looks like ours, labels included, under the name that ours would have."""
    made = content(prototype)
    renamed = name_of(prototype).replace("one", name, 1)
    metadata = {"name": renamed, "namespace": namespace, "labels": made["metadata"]["labels"]}
    if how == "of another controller":
        metadata["ownerReferences"] = [OTHER]
    made["metadata"] = metadata
    if made["kind"] == "Job":  # their controller's own labels and selector are the server's business
        made["spec"].pop("selector", None)
        made["spec"]["template"]["metadata"]["labels"] = {"mine": "yes"}
        made["spec"].pop("manualSelector", None)
    return dict(made)


@pytest.mark.parametrize("how", ["of nobody", "of another controller"])
@pytest.mark.parametrize("kind", sorted(every_kind()))
def test_a_taken_name_is_refused_and_named(shared: Subject, prototypes: dict[str, Object], kind: str, how: str) -> None:
    """For each kind: with our own labels on it or another's ownerReference, it stays as it is, and the condition names it."""
    lab = shared.lab
    name = f"x{kind.lower()}{how.count(' of')}{len(how)}"
    obj = theirs(prototypes[kind], name, lab.namespace, how)
    before = lab.api.create(obj)
    ref = Ref.of(before)

    lab.name = name
    lab.apply(SPEC)
    told = stalled(shared)

    assert told["reason"] == "NameCollision"
    assert f"{kind} {name_of(before)} " in told["message"]
    assert told["message"].count(name_of(before)) == 1
    for _ in range(2):
        shared.reconcile()
    after = lab.api.must_get(ref.row, namespace_of(before), name_of(before))
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert ref.id not in {entry["id"] for entry in lab.assistant()["status"].get("inventory", ())}

    lab.api.delete(PRIVATE_ASSISTANT, lab.namespace, name)
    until("it is gone", lambda: lab.api.get(PRIVATE_ASSISTANT, lab.namespace, name) is None)
    lab.settle()
    after = lab.api.must_get(ref.row, namespace_of(before), name_of(before))
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"], place(after)


def stalled(subject: Subject) -> Object:
    """Wait for Stalled; what is made late (the gateways, the ingests) collides late, once the rest runs."""

    def found() -> Object | None:
        subject.lab.settle()
        if told := condition(subject.resource(), "Stalled"):
            return told
        subject.further()
        return None

    return until("it is stalled", found, 40)
