"""Which dialects there are: absent, present, unreadable, come and gone; and to which assistants that is news."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant_operator import errors
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import ADMIN_POLICY, CILIUM_CLUSTER_POLICY, CILIUM_POLICY, CLUSTER_POLICY, NAMESPACE, Kind
from assistant_operator.kube.objects import Object
from assistant_operator.naming import API_VERSION, KIND, LABEL_ASSISTANT
from assistant_operator.reconcile.background.admin_tier import AdminTier
from assistant_operator.reconcile.background.lookout import MOST_FAILURES, Lookout, _asks_for_namespace, _read
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.policies.dialects import Dialects
from assistant_operator.reconcile.policies.opening import Home
from tests.support.fake_client import FakeClient

ONE, TWO, FAR = Key("n", "one"), Key("n", "two"), Key("m", "far")
ALLOWS: dict[str, Any] = {"endpointSelector": {}, "egress": [{"toEntities": ["world"]}]}


class Place:
    """An API server with three assistants, and a lookout over it."""

    def __init__(self, *namespaces: str) -> None:
        self.client = FakeClient()
        self.cache = Cache()
        self.dialects = Dialects()
        self.served: dict[str, dict[str, frozenset[str]]] = {}
        self.is_forbidden = False
        self.lookout = Lookout(
            self.client, self._served, self.cache, self.dialects, AdminTier(self.client, "operators", namespaces), namespaces
        )
        for key in (ONE, TWO, FAR):
            meta = {"name": key.name, "namespace": key.namespace}
            self.cache.put(self.client.put({"apiVersion": API_VERSION, "kind": KIND, "metadata": meta, "spec": {}}))

    async def _served(self, group: str) -> Mapping[str, frozenset[str]]:
        if self.is_forbidden:
            raise errors.ForbiddenError("get", "APIGroup", 403, "Forbidden")
        return self.served.get(group, {})

    def serve(self, *kinds: Kind, version: str = "") -> None:
        self.served = {}
        for kind in kinds:
            self.served.setdefault(kind.group, {})[kind.plural] = frozenset({version or kind.version})

    def fail(self, kind: Kind, error: type[errors.ApiError], verb: str = "list") -> None:
        def fault(asked: str, name: str, _object: str) -> errors.ApiError | None:
            return error(asked, name, 403, "No") if (asked, name) == (verb, kind.kind) else None

        self.client.faults = [fault]

    def put(self, kind: Kind, name: str = "theirs", namespace: str = "n", spec: Any = None, **meta: Any) -> Object:
        where = {} if kind.cluster else {"namespace": namespace}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name, **where, **meta}}
        return self.client.put(body | {"spec": ALLOWS if spec is None else spec})

    def others(self, key: Key = ONE) -> list[str]:
        return [str(one) for one in self.dialects.others(key, "uid") if one.selects({})]


@pytest.fixture
def place() -> Place:
    return Place()


async def test_absence_is_normal_and_quiet(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """No listing, no write, no line, no pass."""
    place.client.calls.clear()

    assert await place.lookout.look() == frozenset()
    assert place.client.calls.total() == 0
    assert (place.dialects.known.readable, place.dialects.known.unreadable) == (frozenset(), ())
    assert not caplog.records


async def test_kinds_that_come_later_are_found(place: Place) -> None:
    """Every assistant is passed over: there is more to apply. They may go again."""
    await place.lookout.look()
    place.serve(CILIUM_POLICY, CLUSTER_POLICY)

    assert await place.lookout.look() == {ONE, TWO, FAR}
    assert place.dialects.known.readable == {"CiliumNetworkPolicy", "ClusterNetworkPolicy"}
    assert place.dialects.known.admin_tier == "ClusterNetworkPolicy"
    assert await place.lookout.look() == frozenset()
    place.serve()
    assert await place.lookout.look() == {ONE, TWO, FAR}
    assert not place.dialects.known.readable
    assert place.dialects.known.admin_tier is None


async def test_a_policy_of_others_is_news_to_those_that_it_may_select(place: Place) -> None:
    """When it comes, when it changes, when it goes, and at no other time."""
    place.serve(CILIUM_POLICY, CILIUM_CLUSTER_POLICY)
    await place.lookout.look()

    place.put(CILIUM_POLICY)
    assert await place.lookout.look() == {ONE, TWO}
    assert place.others() == ["CiliumNetworkPolicy theirs (egress)"]
    assert await place.lookout.look() == frozenset()
    assert place.others(FAR) == []
    place.put(CILIUM_POLICY, spec={**ALLOWS, "endpointSelector": {"matchLabels": {LABEL_ASSISTANT: "two"}}})
    assert await place.lookout.look() == {ONE, TWO}
    assert place.others() == []
    place.put(CILIUM_CLUSTER_POLICY)
    assert await place.lookout.look() == {ONE, TWO, FAR}
    assert len(place.others(FAR)) == 1
    place.client.remove(CILIUM_CLUSTER_POLICY, "", "theirs")
    assert await place.lookout.look() == {ONE, TWO, FAR}
    assert place.others(FAR) == []


async def test_a_look_that_began_earlier_does_not_undo_a_later_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that takes a shard looks beside the look that comes round: what was opened in between stays named."""
    place.serve(CILIUM_POLICY)
    listing, goes_on = place.client.list, asyncio.Event()

    async def slow(kind: Kind, namespace: str | None = None, *, labels: str = "") -> list[Object]:
        found = await listing(kind, namespace, labels=labels)
        await goes_on.wait()
        return found

    monkeypatch.setattr(place.client, "list", slow)
    early = asyncio.create_task(place.lookout.look())
    await asyncio.sleep(0)
    monkeypatch.setattr(place.client, "list", listing)
    place.put(CILIUM_POLICY)
    late = asyncio.create_task(place.lookout.look())
    for _ in range(10):
        await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(early, late)

    assert place.others() == ["CiliumNetworkPolicy theirs (egress)"]


@pytest.mark.parametrize("kind", [CLUSTER_POLICY, ADMIN_POLICY], ids=lambda kind: kind.kind)
async def test_policies_of_the_cluster_are_read_too(place: Place, kind: Kind) -> None:
    """Ours, which only deny, are nobody's worry."""
    place.serve(kind)
    peers = [{"networks": ["0.0.0.0/0"]}]
    place.put(kind, spec={"priority": 1, "subject": {"namespaces": {}}, "egress": [{"action": "Accept", "to": peers}]})
    await place.lookout.look()

    assert place.others() == [f"{kind.kind} theirs (egress)"]
    assert len(await place.client.list(kind)) == 3


@pytest.mark.parametrize("kind", [CILIUM_POLICY, CILIUM_CLUSTER_POLICY, CLUSTER_POLICY, ADMIN_POLICY], ids=lambda kind: kind.kind)
async def test_what_is_served_and_may_not_be_listed_is_told(place: Place, kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody could widen unseen: which right is missing stands in the condition, and once in the log."""
    place.serve(kind)
    place.fail(kind, errors.ForbiddenError)

    assert await place.lookout.look() == {ONE, TWO, FAR}
    assert await place.lookout.look() == frozenset()
    assert place.dialects.known.unreadable == (f"the right to list {kind.plural}.{kind.group}",)
    assert place.dialects.known.readable == frozenset()
    assert len(caplog.records) == 1


async def test_a_version_that_nobody_knows_is_told(place: Place) -> None:
    """The kind is there, and what others allow by it is not seen."""
    place.serve(CLUSTER_POLICY, version="v1")
    await place.lookout.look()

    (told,) = place.dialects.known.unreadable
    assert told == "ClusterNetworkPolicy is served in versions that this operator does not know (v1)"


async def test_without_discovery_nothing_is_taken_for_absent(place: Place) -> None:
    """A cluster may keep it from clients."""
    place.is_forbidden = True
    await place.lookout.look()

    assert place.dialects.known.unreadable == ("the right to get /apis/cilium.io", "the right to get /apis/policy.networking.k8s.io")


async def test_where_there_is_no_answer_all_stands(place: Place) -> None:
    """Until there is one: what was seen is not forgotten."""
    place.serve(CILIUM_POLICY)
    place.put(CILIUM_POLICY)
    await place.lookout.look()
    place.fail(CILIUM_POLICY, errors.UnavailableError)

    with pytest.raises(errors.UnavailableError):
        await place.lookout.look()
    assert place.others() == ["CiliumNetworkPolicy theirs (egress)"]
    assert place.dialects.known.readable == {"CiliumNetworkPolicy"}


async def _fails(place: Place, times: int) -> None:
    for _ in range(times):
        with pytest.raises(errors.UnavailableError):
            await place.lookout.look()


async def test_a_kind_at_which_the_api_server_goes_on_failing_cannot_be_read(place: Place) -> None:
    """What was seen of it stands, and is not taken for what is there now: nobody can tell any more what others let through by it."""
    place.serve(CILIUM_POLICY, CLUSTER_POLICY)
    place.put(CILIUM_POLICY)
    ours = place.put(CILIUM_POLICY, "one", spec={}, labels={LABEL_ASSISTANT: "one"})
    await place.lookout.look()
    known = place.dialects.known
    place.fail(CILIUM_POLICY, errors.UnavailableError)
    await _fails(place, MOST_FAILURES - 1)

    assert await place.lookout.look() == {ONE, TWO, FAR}
    assert place.dialects.known.unreadable == ("an answer to a listing of ciliumnetworkpolicies.cilium.io, at which the API server fails",)
    assert place.dialects.known.readable == known.readable
    assert place.others(TWO) == ["CiliumNetworkPolicy theirs (egress)"]
    assert place.cache.find(Ref.of(ours)) is not None
    place.client.faults = []
    await place.lookout.look()
    assert place.dialects.known == known


async def test_a_kind_that_fails_holds_up_no_other(place: Place) -> None:
    """Not for longer than a few looks: neither the policies of other kinds, nor an operator that has just started."""
    place.serve(CILIUM_POLICY, CILIUM_CLUSTER_POLICY, CLUSTER_POLICY)
    place.fail(CLUSTER_POLICY, errors.UnavailableError)
    await _fails(place, MOST_FAILURES - 1)

    await place.lookout.look()
    place.put(CILIUM_CLUSTER_POLICY)
    await place.lookout.look()

    assert place.others() == ["CiliumClusterwideNetworkPolicy theirs (egress)"]
    assert place.dialects.known.readable == {"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}
    assert len(place.dialects.known.unreadable) == 1


@pytest.mark.parametrize("kind", [CLUSTER_POLICY, ADMIN_POLICY], ids=lambda kind: kind.kind)
async def test_while_a_kind_fails_the_admin_tier_stays_where_it_is(place: Place, kind: Kind) -> None:
    """A kind that is not answered for is none that is absent: nothing is written in another, or taken away."""
    place.serve(CLUSTER_POLICY, ADMIN_POLICY)
    await place.lookout.look()
    place.fail(kind, errors.UnavailableError)
    await _fails(place, MOST_FAILURES - 1)
    place.client.calls.clear()

    await place.lookout.look()

    assert place.dialects.known.admin_tier == "ClusterNetworkPolicy"
    assert all(call.startswith("list ") for call in place.client.calls)


async def test_failures_that_end_count_for_nothing(place: Place) -> None:
    """Only those on end do."""
    place.serve(CILIUM_POLICY)
    for _ in range(MOST_FAILURES):
        place.fail(CILIUM_POLICY, errors.UnavailableError)
        await _fails(place, 1)
        place.client.faults = []
        await place.lookout.look()

    assert place.dialects.known.unreadable == ()


async def test_a_kind_that_goes_between_discovery_and_listing_is_absent(place: Place) -> None:
    """Not an error, and not a right that is missing."""
    place.serve(CILIUM_POLICY)
    place.fail(CILIUM_POLICY, errors.GoneError)
    await place.lookout.look()

    assert (place.dialects.known.readable, place.dialects.known.unreadable) == (frozenset(), ())


async def test_our_own_policies_go_through_the_cache(place: Place) -> None:
    """As a watch would bring them: what somebody changed or took away is news; others' are not kept."""
    place.serve(CILIUM_POLICY)
    await place.lookout.look()
    own = place.put(CILIUM_POLICY, "one", spec={}, labels={LABEL_ASSISTANT: "one"})
    place.put(CILIUM_POLICY, "theirs", spec={})

    assert await place.lookout.look() == {ONE}
    assert place.cache.find(Ref.of(own)) is not None
    assert len(place.cache.uids(CILIUM_POLICY)) == 1
    assert await place.lookout.look() == frozenset()
    place.client.remove(CILIUM_POLICY, "n", "one")
    assert await place.lookout.look() == {ONE}
    assert place.cache.find(Ref.of(own)) is None


async def test_what_is_made_while_it_lists_is_not_taken_for_gone(place: Place) -> None:
    """A pass runs at the same time, and its answer is newer than the listing."""
    place.serve(CILIUM_POLICY)
    await place.lookout.look()
    meta = {"name": "one", "namespace": "n", "labels": {LABEL_ASSISTANT: "one"}, "uid": "u", "resourceVersion": "999"}
    made = {"apiVersion": CILIUM_POLICY.api_version, "kind": CILIUM_POLICY.kind, "metadata": meta}

    def meanwhile(verb: str, kind: str, _name: str) -> None:
        if (verb, kind) == ("list", CILIUM_POLICY.kind):
            place.cache.put(made)

    place.client.faults = [meanwhile]
    await place.lookout.look()

    assert place.cache.find(Ref.of(made)) is not None


async def test_labels_of_namespaces_are_read_where_a_policy_asks_for_them(place: Place) -> None:
    """And not before; of namespaces with assistants alone. Without the right, what asks for them may select."""
    for name, labels in (("n", {"tier": "gold"}), ("m", {"tier": "iron"}), ("x", {"tier": "gold"})):
        place.put(NAMESPACE, name, labels=labels)
    place.serve(CILIUM_CLUSTER_POLICY)
    place.put(CILIUM_CLUSTER_POLICY, "plain")
    await place.lookout.look()
    assert (place.dialects.known.namespaces, place.client.calls["list Namespace"]) == (None, 0)

    selector = {"matchLabels": {"k8s:io.cilium.k8s.namespace.labels.tier": "gold"}}
    place.put(CILIUM_CLUSTER_POLICY, "plain", spec={**ALLOWS, "endpointSelector": selector})
    await place.lookout.look()
    assert place.dialects.known.namespaces == {"n": {"tier": "gold"}, "m": {"tier": "iron"}}
    assert (len(place.others(ONE)), len(place.others(FAR))) == (1, 0)

    place.fail(NAMESPACE, errors.ForbiddenError)
    assert await place.lookout.look() == {ONE, TWO, FAR}
    assert (len(place.others(ONE)), len(place.others(FAR))) == (1, 1)


async def test_an_admin_policy_that_asks_for_labels_has_them_read(place: Place) -> None:
    """The name of a namespace is known without."""
    rules = [{"action": "Accept", "to": [{"namespaces": {}}]}]
    place.serve(CLUSTER_POLICY)
    for key, asked in (("kubernetes.io/metadata.name", 0), ("tier", 1)):
        place.put(CLUSTER_POLICY, spec={"priority": 1, "subject": {"namespaces": {"matchLabels": {key: "n"}}}, "egress": rules})
        await place.lookout.look()
        assert place.client.calls["list Namespace"] == asked


async def test_watched_namespaces_alone_are_listed() -> None:
    """Of policies in namespaces; the rights reach no further."""
    place = Place("n")
    place.serve(CILIUM_POLICY)
    place.put(CILIUM_POLICY, "here")
    place.put(CILIUM_POLICY, "far", "m")
    await place.lookout.look()

    assert (len(place.others(ONE)), place.others(FAR)) == (1, [])


WORDS = st.sampled_from(
    [
        *("endpointSelector", "nodeSelector", "egress", "ingress", "matchLabels", "matchExpressions", "key", "operator", "values", "In"),
        *("toEntities", "subject", "namespaces", "pods", "namespaceSelector", "podSelector", "action", "Deny", "tier", "Admin", "x"),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4)
)


@settings(max_examples=400, deadline=None)
@given(ANYTHING, ANYTHING)
def test_whatever_is_in_a_policy_can_be_read(spec: Any, specs: Any) -> None:
    """Or somebody could end the operator by one: definitions may let anything in."""
    for kind in (CILIUM_POLICY, CILIUM_CLUSTER_POLICY, CLUSTER_POLICY, ADMIN_POLICY):
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "theirs", "namespace": "n"}}
        for openings in _read(kind, [body | {"spec": spec, "specs": specs}]).values():
            for one in openings:
                one.may_select("n", "one")
                one.selects({"x": "x"}, Home("n", {"x": "x"}, "one"))
                _asks_for_namespace(one)
