"""After a restore from a backup: every object is another to the API server, and nobody is whose it says it is."""

import pytest

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CLAIM, JOB, PRIVATE_ASSISTANT, SECRET
from assistant_operator.kube.objects import Object, name_of, uid_of
from tests.integration.conformance.fingerprint import content, place
from tests.integration.conformance.subject import Subject
from tests.support.waiting import until


def restored(subject: Subject, *, owners: bool) -> dict[tuple[str, str], Object]:
    """Take a backup, remove everything, and put it back as backup tools do: without the server's fields, status and, if so, owners.

    `kubectl get -o yaml` keeps ownerReferences, which then name a uid that is no more; Velero leaves them out.
    """
    saved = [obj for obj in subject.children() if obj["kind"] != JOB.kind]
    resource = subject.resource()
    subject.api.delete(PRIVATE_ASSISTANT, subject.namespace, "one")
    until("it is gone", lambda: subject.api.get(PRIVATE_ASSISTANT, subject.namespace, "one") is None)
    for obj in subject.children():
        ref = Ref.of(obj)
        if ref.row is CLAIM:
            subject.api.patched(CLAIM.path(ref.namespace, ref.name), {"metadata": {"finalizers": None}})
        # In both the garbage collector may have been first. Of Jobs the API server would else wait for one that orphans their pods.
        subject.api.asked("DELETE", f"{ref.row.path(ref.namespace, ref.name)}?propagationPolicy=Background")
    until("everything is gone", lambda: not subject.children())
    subject.lab.settle()
    back = {}
    for obj in saved:
        made = content(obj)
        if not owners:
            made["metadata"].pop("ownerReferences")
        back[place(obj)] = subject.api.create(made)
    subject.lab.seen(subject.api.create(content(resource)))
    return back


def untouched(subject: Subject, back: dict[tuple[str, str], Object]) -> bool:
    now = {place(obj): obj["metadata"]["resourceVersion"] for obj in subject.children()}
    return all(now.get(where) == obj["metadata"]["resourceVersion"] for where, obj in back.items())


@pytest.mark.parametrize("owners", [True, False], ids=["stale owners", "no owners"])
def test_what_came_back_is_named_and_never_taken_over(fresh: Subject, owners: bool) -> None:
    """Whose it is nobody can know: it could be another's under our labels. The condition names what stands in the way."""
    fresh.make()
    fresh.run()
    back = restored(fresh, owners=owners)
    fresh.reconcile()

    assert fresh.lab.verdict() == ("False", "NameCollision")
    assert untouched(fresh, back)


def test_what_is_handed_over_is_kept_and_the_rest_is_made_anew(fresh: Subject) -> None:
    """An administrator says whose Secrets and claims are, by their ownerReferences, and removes the rest: keys and data are as before."""
    fresh.make()
    fresh.run()
    back = restored(fresh, owners=False)
    keys = {name: obj["data"] for (kind, name), obj in back.items() if kind == SECRET.kind}
    resource = fresh.resource()
    owner = {"apiVersion": resource["apiVersion"], "kind": resource["kind"], "name": "one", "uid": uid_of(resource), "controller": True}
    for obj in back.values():
        ref = Ref.of(obj)
        if ref.row in (SECRET, CLAIM):
            fresh.api.edit(ref.row, ref.namespace, ref.name, {"metadata": {"ownerReferences": [owner]}})
        else:
            fresh.api.delete(ref.row, ref.namespace, ref.name)
    fresh.reconcile()
    fresh.run()

    assert {name_of(obj): obj["data"] for obj in fresh.children() if obj["kind"] == SECRET.kind} == keys
    claims = {uid_of(obj) for obj in back.values() if obj["kind"] == CLAIM.kind}
    assert {uid_of(obj) for obj in fresh.children() if obj["kind"] == CLAIM.kind} == claims
    assert set(back) <= {place(obj) for obj in fresh.children()}


@pytest.mark.usefixtures("collected")
def test_the_garbage_collector_clears_the_way_where_owners_are_stale(fresh: Subject) -> None:
    """It takes what names an owner that is no more; the operator makes it all anew, and is Ready with nobody's help."""
    fresh.make()
    fresh.run()
    back = restored(fresh, owners=True)

    def replaced() -> bool:
        fresh.reconcile()
        now = {place(obj): uid_of(obj) for obj in fresh.children()}
        return all(now.get(where) not in (None, uid_of(obj)) for where, obj in back.items() if where[0] not in LATE)

    until("everything is another object", replaced, 60)
    fresh.run()
    assert {place(obj) for obj in fresh.children()} >= back.keys()


LATE = ("StatefulSet", "PodDisruptionBudget", "CronJob", "ConfigMap")
"""Made once the model is there."""
