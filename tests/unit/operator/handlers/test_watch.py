"""The handlers: what comes in by a watch goes into the cache, and what is news asks for one pass."""

import asyncio
from dataclasses import replace
from typing import Any

import kopf
import pytest
from kopf._cogs.structs.references import Resource

from assistant_operator.handlers import watch
from assistant_operator.handlers.credentials import connection_info
from assistant_operator.handlers.storage import NoDiffBase, NoMemories, NoProgress
from assistant_operator.handlers.watch import Watch
from assistant_operator.kube.connection import Credentials
from assistant_operator.kube.inventory import Ref
from assistant_operator.kube.kinds import CONFIG_MAP, NETWORK_POLICY, PRIVATE_ASSISTANT, WATCHED_CHILDREN
from assistant_operator.kube.listings import Listings
from assistant_operator.kube.objects import Object
from assistant_operator.naming import LABEL_ASSISTANT
from assistant_operator.reconcile.cluster.cache import Cache
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.scheduling.queue import Queue

FACTS = Credentials("https://api", "/ca", None, None, "token", insecure=False)


async def facts() -> Credentials:
    return FACTS


def config(version: int, labels: dict[str, str] | None = None) -> Object:
    metadata: Object = {"name": "c", "namespace": "n", "uid": "u", "resourceVersion": str(version)}
    metadata["labels"] = {LABEL_ASSISTANT: "one"} if labels is None else labels
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


@pytest.fixture
def cache() -> Cache:
    return Cache()


@pytest.fixture
async def queue() -> Queue:
    return Queue()


@pytest.fixture
async def seen(cache: Cache, queue: Queue) -> Watch:
    return Watch(cache, queue, facts, Listings().take)


async def test_news_asks_for_one_pass(seen: Watch, cache: Cache, queue: Queue) -> None:
    seen.put(config(1))
    seen.put(config(1))
    assert cache.children(Key("n", "one"))

    assert await asyncio.wait_for(queue.take(), 1) == Key("n", "one")
    assert len(queue) == 0


async def test_what_is_known_asks_for_nothing(seen: Watch, cache: Cache, queue: Queue) -> None:
    """The echo of our own write."""
    cache.put(config(5))
    seen.put(config(5))

    assert len(queue) == 0


async def test_an_echo_before_the_answer_is_known_at_once(seen: Watch, cache: Cache, queue: Queue) -> None:
    """It asks for nothing, and what somebody else wrote meanwhile is told with the answer, as by the handlers."""
    ref = Ref.of(config(5))
    cache.expect(ref)
    assert seen.is_known(config(5))
    assert not cache.answered(ref, config(5))
    cache.expect(ref)
    assert seen.is_known(config(7))
    assert cache.answered(ref, config(6))

    assert len(queue) == 0


async def test_what_nobody_writes_is_left_to_the_handlers(seen: Watch, cache: Cache) -> None:
    assert not seen.is_known(config(5))
    assert cache.find(Ref.of(config(5))) is None
    cache.put(config(5))

    assert seen.is_known(config(5))
    assert not seen.is_known(config(6))
    assert not seen.is_known({"apiVersion": "v1", "kind": "Unheard", "metadata": {"name": "x"}})


async def test_a_deletion_asks_for_a_pass(seen: Watch, cache: Cache, queue: Queue) -> None:
    cache.put(config(5))
    seen.drop(config(6))

    assert len(queue) == 1
    assert cache.children(Key("n", "one")) == []


async def test_what_is_nobodys_asks_for_nothing(seen: Watch, queue: Queue) -> None:
    """A label that was taken off."""
    seen.put(config(1, labels={}))

    assert len(queue) == 0


async def taken(queue: Queue) -> Key:
    """Return the next key, and fail where nothing asked for a pass."""
    return await asyncio.wait_for(queue.take(), 1)


def policy(version: int) -> Object:
    """Return somebody else's NetworkPolicy that widens."""
    metadata = {"name": "theirs", "namespace": "n", "uid": "p", "resourceVersion": str(version)}
    spec: Object = {"podSelector": {}, "egress": [{}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


async def test_a_policy_of_others_asks_for_one_pass_over_each_assistant_of_its_namespace(seen: Watch, cache: Cache, queue: Queue) -> None:
    """However many of them come at once, and when they go; those of other namespaces are left alone."""
    for namespace, name in (("n", "one"), ("n", "two"), ("m", "one")):
        metadata = {"name": name, "namespace": namespace, "uid": name, "resourceVersion": "1"}
        cache.put({"apiVersion": PRIVATE_ASSISTANT.api_version, "kind": PRIVATE_ASSISTANT.kind, "metadata": metadata})

    seen.put(policy(1))
    again = policy(2)
    again["metadata"] |= {"name": "more", "uid": "q"}
    seen.put(again)
    assert {await taken(queue), await taken(queue)} == {Key("n", "one"), Key("n", "two")}
    assert len(queue) == 0
    for name in ("one", "two"):
        queue.done(Key("n", name))

    seen.drop(policy(3))
    assert {await taken(queue), await taken(queue)} == {Key("n", "one"), Key("n", "two")}
    assert len(queue) == 0


async def test_every_kind_is_watched_with_its_selector(seen: Watch) -> None:
    """And only assistants and policies, of which those of others count, without one."""
    registry = kopf.OperatorRegistry()
    seen.register(registry)
    made = watch.settings()

    handlers = {str(handler.id) for handler in registry._watching.get_all_handlers()}
    assert handlers == {f"seen-{kind.plural}" for kind in (PRIVATE_ASSISTANT, *WATCHED_CHILDREN)}
    assert "seen-secrets" not in handlers
    for kind in (PRIVATE_ASSISTANT, *WATCHED_CHILDREN):
        selectors = made.watching.label_selectors.collect(Resource(kind.group, kind.version, kind.plural))
        assert list(selectors) == ([] if kind in (PRIVATE_ASSISTANT, NETWORK_POLICY) else [LABEL_ASSISTANT])
    assert not list(registry._changing.get_all_handlers())
    assert not list(registry._spawning.get_all_handlers())


def test_kopf_keeps_nothing_and_posts_nothing() -> None:
    made = watch.settings()

    assert isinstance(made.persistence.diffbase_storage, NoDiffBase)
    assert isinstance(made.persistence.progress_storage, NoProgress)
    assert not made.posting.enabled
    assert made.scanning.disabled


def test_items_of_lists_are_completed() -> None:
    body: Any = kopf.Body({"metadata": {"name": "c"}})

    assert watch.complete(CONFIG_MAP, body)["kind"] == "ConfigMap"
    assert watch.complete(CONFIG_MAP, body)["apiVersion"] == "v1"


def test_kopf_gets_our_credentials() -> None:
    info = connection_info(FACTS)

    assert (info.server, info.ca_path, info.scheme, info.token) == ("https://api", "/ca", "Bearer", "token")
    certificate = Credentials("https://api", "/ca", "/crt", "/key", None, insecure=False)
    assert connection_info(certificate).as_http_headers() == {}
    assert connection_info(certificate).certificate_path == "/crt"


async def test_credentials_are_asked_for_anew(cache: Cache, queue: Queue) -> None:
    """Service accounts' tokens rotate; kopf asks after each 401."""
    tokens = iter(("first", "second"))

    async def rotated() -> Credentials:
        return replace(FACTS, ca_path=None, token=next(tokens))

    seen = Watch(cache, queue, rotated, Listings().take)
    for token in ("first", "second"):
        found = await seen.login()

        assert found.server == FACTS.server
        assert found.aiohttp_session.headers["Authorization"] == f"Bearer {token}"
        await found.aiohttp_session.close()


async def test_a_connection_that_kopf_left_open_is_closed(cache: Cache, queue: Queue) -> None:
    """As where it was cancelled; and there is none to close before the first one was asked for."""

    async def facts() -> Credentials:
        return replace(FACTS, ca_path=None)

    seen = Watch(cache, queue, facts, Listings().take)
    await seen.close()
    found = await seen.login()
    await seen.close()

    assert found.aiohttp_session.closed


async def test_kopf_notes_nothing_about_objects() -> None:
    """Two kilobytes for each would be more than the cache has of them."""
    memories = NoMemories()
    await memories.recall(kopf.RawBody(metadata={"uid": "u"}))

    assert list(memories.iter_all_memories()) == []


def test_an_object_keeps_no_place_after_its_event() -> None:
    """With one second, kopf's default of ours before, news of a thousand assistants waited for a quarter of a minute."""
    made = watch.settings()

    assert made.queueing.worker_limit is not None
    assert 0 < made.queueing.idle_timeout <= 0.05
