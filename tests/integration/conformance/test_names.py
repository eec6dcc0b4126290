"""Names at the limits: what is let in becomes objects that the API server takes, and no two resources ever share one."""

import httpx
import pytest

from assistant_operator.kube.kinds import CRON_JOB, JOB, PRIVATE_ASSISTANT, STATEFUL_SET
from assistant_operator.kube.objects import controller_uid, name_of, uid_of
from assistant_operator.naming import API_VERSION, KIND
from tests.integration.api import Api
from tests.integration.conformance.fingerprint import place
from tests.integration.conformance.subject import SPEC, Subject

LABEL_LIMIT = 63
STATEFUL_SET_LIMIT = 52
"""Its pods carry `<name>-<10 characters>` as a label."""
CRON_JOB_LIMIT = 52
JOB_LIMIT = 63
LONG = "a" * LABEL_LIMIT
KEY = "k" * 40
SOURCE = "s" * 40


def test_the_longest_name_that_is_let_in_becomes_ready(fresh: Subject) -> None:
    """With the longest names of its parts, too: every child keeps to the limits of its kind."""
    spec = {
        **SPEC,
        "access": {"keys": [{"name": KEY}, {"name": "b"}]},
        "rag": {"sources": [{"name": SOURCE, "configMap": {"name": "pages"}, "schedule": "17 3 * * *"}]},
    }
    fresh.make(spec, name=LONG)
    fresh.run()

    limits = {STATEFUL_SET.kind: STATEFUL_SET_LIMIT, CRON_JOB.kind: CRON_JOB_LIMIT, JOB.kind: JOB_LIMIT}
    for obj in fresh.children():
        assert len(name_of(obj)) <= limits.get(obj["kind"], LABEL_LIMIT), place(obj)
        assert all(len(value) <= LABEL_LIMIT for value in obj["metadata"]["labels"].values()), place(obj)


@pytest.mark.parametrize(
    "name", [LONG + "a", "a" * 253, "a" * 254, "A", "a_b", "a.b", "-a", ""], ids=lambda name: f"{len(name)} {name[:4]}"
)
def test_what_cannot_be_a_name_of_every_child_is_refused(api: Api, namespace: str, name: str) -> None:
    """At admission, before anything is made: by the resource's own rules or by those of all objects."""
    manifest = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": SPEC}
    answer = api.asked("POST", PRIVATE_ASSISTANT.path(namespace), manifest)

    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert api.list(PRIVATE_ASSISTANT, namespace) == []


def test_two_names_that_differ_at_their_ends_share_nothing(fresh: Subject) -> None:
    """Names of children are cut, and end in a hash of the whole."""
    first = fresh.make(name="a" * 62 + "b")
    second = fresh.make(name="a" * 62 + "c")

    owned: dict[str, set[tuple[str, str]]] = {}
    for name in (name_of(first), name_of(second)):
        fresh.lab.name = name
        assert fresh.lab.verdict() == ("Unknown", "Pulling")
        owned[name] = {place(obj) for obj in fresh.children()}
        assert {controller_uid(obj) for obj in fresh.children()} == {uid_of(fresh.resource())}
    assert len(owned[name_of(first)]) == len(owned[name_of(second)]) > 20
    assert not owned[name_of(first)] & owned[name_of(second)]
