"""Deletion: of the resource, by each propagation policy, and of its children, in any order. The garbage collector is Kubernetes' own."""

import random
from typing import Any

import pytest

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CLAIM, JOB, PRIVATE_ASSISTANT, SECRET
from assistant_operator.kube.objects import Object, name_of, uid_of
from tests.integration.conformance.fingerprint import place
from tests.integration.conformance.subject import Subject
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("collected")

SERVERS = {"kubernetes.io/pvc-protection", "foregroundDeletion", "orphan", "batch.kubernetes.io/job-tracking"}
"""Finalizers that Kubernetes puts on objects itself."""


def delete(subject: Subject, policy: str) -> None:
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy}
    subject.api.raw("DELETE", PRIVATE_ASSISTANT.path(subject.namespace, "one"), options)


def is_gone(subject: Subject) -> bool:
    return subject.api.get(PRIVATE_ASSISTANT, subject.namespace, "one") is None


def finalizers(obj: Object) -> set[str]:
    return set(obj["metadata"].get("finalizers", ()))


def test_nothing_bears_a_finalizer_of_the_operators(ready: Subject) -> None:
    """Or an operator that is gone would keep users from deleting what is theirs."""
    assert finalizers(ready.resource()) == set()
    assert {place(obj): sorted(finalizers(obj) - SERVERS) for obj in ready.children() if finalizers(obj) - SERVERS} == {}


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_everything_goes_with_the_resource(fresh: Subject, policy: str) -> None:
    """Foreground takes the children first, and the operator puts none of them back meanwhile; it writes nothing at all."""
    fresh.make()
    fresh.run()
    fresh.lab.writes()
    delete(fresh, policy)

    until("the resource is gone", lambda: is_gone(fresh), 40)
    until("its children are gone", lambda: not fresh.children(), 40)
    fresh.lab.settle()
    assert fresh.children() == []
    assert fresh.lab.writes() == []


def test_orphans_stay_as_they_are(fresh: Subject) -> None:
    """Without an owner they are somebody else's from then on: not written to, not removed, not taken by a resource of the same name."""
    fresh.make()
    fresh.run()
    before = {place(obj): uid_of(obj) for obj in fresh.children()}
    fresh.lab.writes()
    delete(fresh, "Orphan")
    until("the resource is gone", lambda: is_gone(fresh), 40)
    until("nobody owns them", lambda: all("ownerReferences" not in obj["metadata"] for obj in fresh.children()), 40)
    fresh.lab.settle()

    assert fresh.lab.writes() == []
    fresh.make()
    assert fresh.lab.verdict() == ("False", "NameCollision")
    fresh.reconcile()
    assert {place(obj): uid_of(obj) for obj in fresh.children()} == before


@pytest.mark.parametrize("seed", [1, 2])
def test_children_that_are_deleted_come_back_in_whatever_order(ready: Subject, seed: int) -> None:
    """One after the other in an order by chance, and the next before the last is back; what holds data goes and comes as well.

    But the record of a pull that is done, for which nothing waits, and the keys of what is kept, which no operator could make again.
    """
    spared = (JOB.kind, name_of(ready.lab.job())), (SECRET.kind, ready.lab.names.encryption_secret)
    gone = [obj for obj in ready.children() if place(obj) not in spared]
    random.Random(seed).shuffle(gone)
    for obj in gone:
        # The operator may have removed it itself meanwhile: pods do not stay on a volume that goes.
        ready.api.asked("DELETE", f"{Ref.of(obj).row.path(ready.namespace, name_of(obj))}?propagationPolicy=Background")
    back = {place(obj): ready.again(obj) for obj in gone if obj["kind"] != CLAIM.kind}

    assert len(back) > 15
    owner = uid_of(ready.resource())
    assert all(_controllers(obj) == [owner] for obj in back.values())
    ready.lab.settle()
    places = [place(obj) for obj in ready.children()]
    assert len(places) == len(set(places))


def _controllers(obj: Any) -> list[str]:
    return [one["uid"] for one in obj["metadata"]["ownerReferences"] if one.get("controller")]
