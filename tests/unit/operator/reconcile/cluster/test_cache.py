"""The cache: the newest wins, whoever tells it; echoes of our own writes are no news; what vanished stays vanished."""

from typing import Any

import pytest

from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CONFIG_MAP, NETWORK_POLICY, POD, PRIVATE_ASSISTANT
from assistant_operator.kube.objects import Object, controller_uid
from assistant_operator.naming import KIND, LABEL_ASSISTANT
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key

KEY = Key("n", "one")


def config(version: int, uid: str = "u", name: str = "c", **meta: Any) -> Object:
    labels = {LABEL_ASSISTANT: "one"}
    metadata = {"name": name, "namespace": "n", "uid": uid, "resourceVersion": str(version), "labels": labels, **meta}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


REF = Ref.of(config(1))


def test_the_newest_version_wins() -> None:
    cache = Cache()
    assert cache.put(config(5))
    assert not cache.put(config(5))
    assert not cache.put(config(4))
    assert cache.put(config(6))

    seen = cache.find(REF)
    assert seen is not None
    assert seen.obj["metadata"]["resourceVersion"] == "6"


def elsewhere(obj: Object) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "namespace": "m"}}


def test_what_is_not_kept_is_not_remembered() -> None:
    """Neither objects nor that they vanished, and it is no news to anybody."""
    kept = {"n"}
    cache = Cache(kept.__contains__)
    assert cache.put(config(5))
    assert cache.put(elsewhere(config(5))) == ()
    assert cache.drop(elsewhere(config(6))) == ()
    assert cache.find(Ref.of(elsewhere(config(5)))) is None
    kept.add("m")

    assert cache.put(elsewhere(config(5))) == (Key("m", "one"),)


def test_what_is_kept_no_more_is_forgotten() -> None:
    """Everything of the namespace, policies of others and what vanished among it; nothing of other namespaces."""
    kept = {"n", "m"}
    cache = Cache(kept.__contains__)
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {}, "egress": [{}]}}
    for move in (lambda obj: obj, elsewhere):
        for obj in (config(5), {**policy, "metadata": {"name": "theirs", "namespace": "n", "uid": "p", "resourceVersion": "5"}}):
            cache.put(move(obj))
        cache.put(move(config(5, uid="gone", name="gone")))
        cache.drop(move(config(7, uid="gone", name="gone")))
    kept.discard("m")
    cache.shed()

    assert cache.find(REF) is not None
    assert cache.children(KEY)
    assert cache.policies.others(KEY, "u")
    assert cache.find(Ref.of(elsewhere(config(5)))) is None
    assert not cache.children(Key("m", "one"))
    assert not cache.policies.others(Key("m", "one"), "u")
    kept.add("m")
    assert cache.put(elsewhere(config(5, uid="gone", name="gone")))
    assert not cache.put(config(5, uid="gone", name="gone"))


def test_versions_are_numbers() -> None:
    """10 is newer than 9."""
    cache = Cache()
    cache.put(config(9))

    assert cache.put(config(10))


def test_what_vanished_does_not_come_back_by_a_late_answer() -> None:
    """The answer to our own write may arrive after the news of the deletion."""
    cache = Cache()
    cache.put(config(5))
    assert cache.drop(config(7))
    assert not cache.put(config(6))
    assert cache.find(REF) is None

    assert cache.put(config(8, uid="v"))


def test_a_late_deletion_does_not_take_the_successor() -> None:
    cache = Cache()
    cache.put(config(9, uid="v"))

    assert not cache.drop(config(7, uid="u"))
    assert cache.find(REF) is not None


def test_the_cache_tells_what_it_knows() -> None:
    """What it says is known is what it would not take: the watch leaves these out (handlers/wire.py)."""
    cache = Cache()
    for name in ("here", "gone"):
        cache.put(config(5, name=name, uid=name))
    cache.drop(config(7, name="gone", uid="gone"))
    for name, version, is_known in (("here", 4, True), ("here", 5, True), ("here", 6, False), ("gone", 6, True), ("gone", 8, False)):
        assert cache.knows(config(version, name=name, uid=name)) is is_known

    assert not cache.knows(config(1, name="new", uid="new"))
    assert not cache.knows({"apiVersion": "v1", "kind": "Unheard", "metadata": {"name": "x", "resourceVersion": "1"}})


def test_objects_of_one_assistant_share_its_key() -> None:
    """A dozen equal ones would be a kilobyte."""
    cache = Cache()
    for version, name in enumerate("abc", 1):
        cache.put(config(version, name, name))

    assert len({id(seen.key) for _, seen in cache.children(KEY)}) == 1


def test_the_echo_of_our_own_write_is_no_news() -> None:
    """Whether it arrives before the answer or after it."""
    cache = Cache()
    cache.expect(REF)
    assert not cache.put(config(5))
    assert not cache.answered(REF, config(5))
    assert not cache.put(config(5))

    cache.expect(REF)
    assert not cache.answered(REF, config(6))
    assert not cache.put(config(6))


def test_somebody_elses_write_during_ours_is_told_with_the_answer() -> None:
    cache = Cache()
    cache.expect(REF)
    assert not cache.put(config(7))
    assert cache.answered(REF, config(6))
    seen = cache.find(REF)
    assert seen is not None
    assert seen.obj["metadata"]["resourceVersion"] == "7"


def test_a_write_that_failed_is_no_reason_for_another_pass() -> None:
    """Unless the watch told something meanwhile: a write that is refused must not be tried again at once, and again."""
    cache = Cache()
    cache.expect(REF)
    assert not cache.answered(REF, None)
    cache.expect(REF)
    cache.put(config(7))
    assert cache.answered(REF, None)
    assert cache.put(config(8))


def test_an_object_that_vanished_during_our_write_is_told() -> None:
    cache = Cache()
    cache.put(config(5))
    cache.expect(REF)
    cache.drop(config(9))

    assert cache.answered(REF, config(6))


def test_objects_are_found_by_assistant_and_kind() -> None:
    cache = Cache()
    cache.put(config(1, "a", "a", creationTimestamp="2026-01-02T00:00:00Z"))
    cache.put(config(2, "b", "b", creationTimestamp="2026-01-01T00:00:00Z"))
    other = config(3, "c", "other")
    other["metadata"]["labels"] = {LABEL_ASSISTANT: "two"}
    cache.put(other)

    assert [obj["metadata"]["name"] for obj in cache.of_assistant(KEY, CONFIG_MAP)] == ["b", "a"]
    assert {ref.name for ref, _ in cache.children(KEY)} == {"a", "b"}
    assert cache.children(Key("other", "one")) == []


def test_a_listing_shows_what_vanished_unseen() -> None:
    """A watch that started anew tells nothing of it."""
    cache = Cache()
    cache.put(config(1, "a", "a"))
    cache.put(config(2, "b", "b"))
    known = cache.uids(CONFIG_MAP)
    cache.put(config(3, "c", "c"))  # came while the listing was made

    assert cache.retain(CONFIG_MAP, known, ["b"]) == [KEY]
    assert {ref.name for ref, _ in cache.children(KEY)} == {"b", "c"}


def test_only_what_is_needed_is_kept() -> None:
    """No managedFields; of a pod its state, and nothing that it was asked to run."""
    cache = Cache()
    managed = [{"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:x": {}}}}]
    cache.put(config(1, managedFields=managed))
    pod = {
        **config(1, name="p"),
        "kind": "Pod",
        "spec": {"containers": [{"env": [{"value": "secret"}]}]},
        "status": {"phase": "Running", "x": 1},
    }
    cache.put(pod)

    seen = cache.find(REF)
    assert seen is not None
    assert seen.is_foreign
    assert "managedFields" not in seen.obj["metadata"]
    [kept] = cache.of_assistant(KEY, POD)
    assert "secret" not in str(kept)
    assert kept["status"] == {"phase": "Running"}


def assistant(name: str = "one", namespace: str = "n") -> Object:
    metadata = {"name": name, "namespace": namespace, "uid": "u", "resourceVersion": "1"}
    return {"apiVersion": PRIVATE_ASSISTANT.api_version, "kind": PRIVATE_ASSISTANT.kind, "metadata": metadata}


def test_an_assistant_is_found_by_its_key() -> None:
    cache = Cache()
    body = assistant()
    cache.put(body)

    assert (cache.assistant(KEY) or {})["metadata"]["uid"] == "u"
    assert cache.assistant(Key("n", "two")) is None
    assert len(list(cache.assistants())) == 1
    assert cache.children(KEY) == []
    cache.drop({**body, "metadata": {**body["metadata"], "resourceVersion": "2"}})
    assert cache.assistant(KEY) is None


RULE = [{"ports": [{"port": 443}]}]
FOR_ONE = {"matchLabels": {LABEL_ASSISTANT: "one"}}


def policy(version: int, name: str = "theirs", labels: dict[str, str] | None = None, owner: str = "", **spec: Any) -> Object:
    """Return a NetworkPolicy of the namespace n, for every pod and of nobody where nothing else is said."""
    meta: Object = {"name": name, "namespace": "n", "uid": name, "resourceVersion": str(version), "labels": labels or {}}
    if owner:
        meta["ownerReferences"] = [{"kind": KIND, "name": owner, "uid": "u", "controller": True}]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": {"podSelector": {}, **spec}}


@pytest.fixture
def peopled() -> Cache:
    """Two assistants in one namespace and one in another."""
    cache = Cache()
    for body in (assistant("one"), assistant("two"), assistant("one", "m")):
        cache.put(body)
    return cache


BOTH = (Key("n", "one"), Key("n", "two"))


def test_a_policy_of_others_is_news_to_the_assistants_of_its_namespace(peopled: Cache) -> None:
    """When it comes, when what counts of it changes, and when it goes; not when the rest of it changes."""
    assert peopled.put(policy(1, egress=RULE)) == BOTH
    assert peopled.put(policy(1, egress=RULE)) == ()
    assert peopled.put(policy(2, egress=RULE, labels={"team": "x"})) == ()
    assert peopled.put(policy(3, egress=RULE, ingress=RULE)) == BOTH
    assert peopled.drop(policy(4)) == BOTH
    assert peopled.policies.others(KEY, "u") == ()
    assert peopled.put(policy(3, egress=RULE)) == ()


def test_a_policy_is_news_to_those_whose_pods_it_can_select(peopled: Cache) -> None:
    """Also to the one that it lets go."""
    assert peopled.put(policy(1, egress=RULE, podSelector=FOR_ONE)) == BOTH[:1]
    assert peopled.put(policy(2, egress=RULE, podSelector={"matchLabels": {LABEL_ASSISTANT: "two"}})) == BOTH
    assert peopled.drop(policy(3)) == BOTH[1:]


def test_a_label_or_an_owner_hides_no_policy(peopled: Cache) -> None:
    """Anybody can write them: a policy that claims to be one assistant's can select the other's pods."""
    assert peopled.put(policy(1, "labelled", {LABEL_ASSISTANT: "two"}, egress=RULE)) == BOTH
    assert peopled.put(policy(1, "owned", owner="two", egress=RULE)) == BOTH

    assert {found.name for found in peopled.policies.others(KEY, "u")} == {"labelled", "owned"}
    assert {ref.name for ref, _ in peopled.children(Key("n", "two"))} == {"labelled", "owned"}


def test_our_own_policy_is_news_to_its_assistant_alone(peopled: Cache) -> None:
    """And to nobody while we write it ourselves."""
    ours = policy(5, "one", {LABEL_ASSISTANT: "one"}, owner="one", podSelector=FOR_ONE)
    ref = Ref.of(ours)
    peopled.expect(ref)
    assert peopled.put(ours) == ()
    assert not peopled.answered(ref, ours)
    edited = policy(6, "one", {LABEL_ASSISTANT: "one"}, owner="one", podSelector=FOR_ONE, egress=RULE)

    assert peopled.put(edited) == BOTH[:1]
    assert peopled.policies.others(KEY, "u") == ()
    seen = peopled.find(ref)
    assert seen is not None
    assert seen.obj["spec"] == edited["spec"]


def test_a_policy_of_ours_that_lost_its_owner_is_somebody_elses(peopled: Cache) -> None:
    """With its label gone too it stays known under its name: the next pass finds the name taken."""
    peopled.put(policy(5, "one", {LABEL_ASSISTANT: "one"}, owner="one", podSelector=FOR_ONE, egress=RULE))

    assert peopled.put(policy(6, "one", podSelector=FOR_ONE, egress=RULE)) == BOTH[:1]
    assert peopled.children(KEY) == []
    assert [found.name for found in peopled.policies.others(KEY, "u")] == ["one"]
    seen = peopled.find(Ref.of(policy(6, "one")))
    assert seen is not None
    assert controller_uid(seen.obj) == ""


def test_a_listing_shows_the_policies_that_vanished_unseen(peopled: Cache) -> None:
    """The assistants that they widened are passed over."""
    peopled.put(policy(1, egress=RULE))
    known = peopled.uids(NETWORK_POLICY)

    assert tuple(peopled.retain(NETWORK_POLICY, known, [])) == BOTH
    assert peopled.policies.others(KEY, "u") == ()
