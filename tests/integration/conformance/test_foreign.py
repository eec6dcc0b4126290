"""What others put on our objects stays, unless it is for the operator alone."""

import pytest

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import PRIVATE_ASSISTANT, SECRET, Kind
from assistant_operator.kube.objects import Object, name_of
from tests.integration.conformance.fingerprint import Fingerprint, content
from tests.integration.conformance.subject import OWN_FIELDS, Subject
from tests.integration.lab import CHILD_KINDS
from tests.support.waiting import until

MINE = {"labels": {"team.example/is": "x"}, "annotations": {"note.example/by": "hand"}, "finalizers": ["example.test/mine"]}


def marked(ready: Subject, kind: Kind) -> list[Object]:
    """Put a label, an annotation and a finalizer on every child of a kind."""
    places = [(kind, name_of(obj)) for obj in ready.children() if obj["kind"] == kind.kind]
    assert places
    return [ready.api.edit(one, ready.namespace, name, {"metadata": with_finalizer(ready, one, name)}) for one, name in places]


def with_finalizer(ready: Subject, kind: Kind, name: str) -> Object:
    there = ready.api.must_get(kind, ready.namespace, name)["metadata"].get("finalizers", [])
    return {**MINE, "finalizers": [*there, *MINE["finalizers"]]}


def has_mine(obj: Object) -> bool:
    metadata = obj["metadata"]
    maps = all(MINE[part].items() <= metadata.get(part, {}).items() for part in ("labels", "annotations"))  # type: ignore[attr-defined]
    return maps and set(MINE["finalizers"]) <= set(metadata.get("finalizers", []))


@pytest.mark.parametrize("kind", CHILD_KINDS, ids=lambda kind: kind.kind)
def test_labels_annotations_and_finalizers_of_others_survive(ready: Subject, kind: Kind) -> None:
    """On children of every kind, through passes and through an edit of the operator's own field; nothing is written for their sake."""
    children = marked(ready, kind)
    ready.lab.settle()
    before = Fingerprint.of(ready.children(), ready.resource())
    for _ in range(2):
        ready.reconcile()
    assert before.moved(Fingerprint.of(ready.children(), ready.resource())) == []

    if kind in OWN_FIELDS:  # a repair keeps them, too
        for obj in children:
            edit_and_wait(ready, kind, obj)
    assert all(has_mine(ready.api.must_get(kind, ready.namespace, name_of(obj))) for obj in children)
    for obj in children:
        there = ready.api.must_get(kind, ready.namespace, name_of(obj))["metadata"]["finalizers"]
        left = [one for one in there if one not in MINE["finalizers"]]
        gone = {"labels": {"team.example/is": None}, "annotations": {"note.example/by": None}, "finalizers": left or None}
        ready.api.edit(kind, ready.namespace, name_of(obj), {"metadata": gone})
    ready.lab.settle()


def edit_and_wait(ready: Subject, kind: Kind, obj: Object) -> None:
    """Change fields of the operator's own by hand and wait until they are as before."""
    name = name_of(obj)
    wanted = content(ready.api.must_get(kind, ready.namespace, name))
    ready.api.edit(kind, ready.namespace, name, OWN_FIELDS[kind])
    until(f"{kind.kind} {name} is as before", lambda: content(ready.api.must_get(kind, ready.namespace, name)) == wanted)
    ready.lab.settle()


@pytest.mark.parametrize("kind", OWN_FIELDS, ids=lambda kind: kind.kind)
def test_edits_of_our_fields_are_undone(ready: Subject, kind: Kind) -> None:
    """On every child of the kind, and the resource is Ready again without anybody's help."""
    for obj in [obj for obj in ready.children() if obj["kind"] == kind.kind]:
        edit_and_wait(ready, kind, obj)
    ready.lab.proxy_becomes_ready()
    ready.lab.pods_become_ready(ready.lab.names.store)
    ready.lab.pods_become_ready()
    ready.reconcile()

    assert ready.lab.verdict() == ("True", "Serving")
    ready.lab.writes()
    ready.reconcile()
    assert ready.lab.writes() == []


def test_the_resource_itself_is_never_written_to(ready: Subject) -> None:
    """Labels, annotations and finalizers of others on it survive, and bring no write and no churn below."""
    before = Fingerprint.of(ready.children(), ready.resource())
    ready.lab.writes()
    ready.lab.seen(ready.api.edit(PRIVATE_ASSISTANT, ready.namespace, "one", {"metadata": MINE}))
    for _ in range(2):
        ready.reconcile()

    assert has_mine(ready.resource())
    assert before.moved(Fingerprint.of(ready.children(), ready.resource())) == []
    assert ready.lab.writes() == []
    ready.lab.seen(ready.api.edit(PRIVATE_ASSISTANT, ready.namespace, "one", {"metadata": {"finalizers": None}}))


def test_what_a_user_puts_into_a_generated_secret_is_kept(ready: Subject) -> None:
    """A key that was exchanged by hand is the key from then on: a generated Secret is made once."""
    name = ready.lab.names.key_secret("b")
    before = ready.api.must_get(SECRET, ready.namespace, name)["data"]
    ready.api.edit(SECRET, ready.namespace, name, {"stringData": {"api-key": "exchanged-by-hand-0123456789"}})
    ready.reconcile()

    after = ready.api.must_get(SECRET, ready.namespace, name)["data"]
    assert after != before
    assert Ref.named(SECRET, ready.namespace, name).id in {entry["id"] for entry in ready.resource()["status"]["inventory"]}
