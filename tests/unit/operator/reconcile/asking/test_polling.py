"""Questions to pods: bounded, in the background, and never an error."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from assistant_operator.reconcile.asking import polling, progress
from assistant_operator.reconcile.asking.polling import HttpAsk, Poller
from assistant_operator.reconcile.asking.progress import Progress, parse
from assistant_operator.reconcile.key import Key

KEY = Key("n", "a")
POD = {"pod": "10.0.0.1"}
INTERVAL = 10.0
PATIENCE = INTERVAL * 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"completedBytes": 1, "totalBytes": 2}', Progress(1, 2)),
        (b'{"completedBytes": 0, "totalBytes": 0, "more": 1}', Progress(0, 0)),
        (b"", None),
        (b"[]", None),
        (b"[" * 4000, None),
        (b"null", None),
        (b'{"completedBytes": 1}', None),
        (b'{"completedBytes": -1, "totalBytes": 2}', None),
        (b'{"completedBytes": true, "totalBytes": 2}', None),
        (b'{"completedBytes": "1", "totalBytes": 2}', None),
        (b'{"completedBytes": 1.5, "totalBytes": 2}', None),
        (b'{"completedBytes": 1, "totalBytes": 9223372036854775808}', None),
        (b"\xff", None),
    ],
)
def test_only_two_numbers_are_progress(text: bytes, expected: Progress | None) -> None:
    assert parse(text) == expected


class Pods:
    """Answers that a test sets, by address; the last one stands."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int | None]] = {}
        self.asked: list[str] = []
        self.news: list[tuple[Mapping[str, int], Mapping[str, int]]] = []
        self.delay = 0.0
        self.running = self.most = 0

    async def __call__(self, address: str) -> int | None:
        self.asked.append(address)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self.delay)
        self.running -= 1
        left = self.answers.get(address, [None])
        return left.pop(0) if len(left) > 1 else left[0]

    def tell(self, key: Key, before: Mapping[str, int], after: Mapping[str, int]) -> None:
        assert key == KEY
        self.news.append((before, after))


@pytest.fixture
def pods() -> Pods:
    return Pods()


@pytest.fixture
async def poller(pods: Pods, jumping_clock: None) -> AsyncIterator[Poller[str, int]]:
    made = Poller(pods, pods.tell, INTERVAL, PATIENCE)
    yield made
    made.forget(KEY)
    await asyncio.sleep(0)


async def test_the_first_question_is_answered_later(poller: Poller[str, int], pods: Pods) -> None:
    """A pass does not wait; the news brings the next one."""
    pods.answers["10.0.0.1"] = [1]
    assert poller.latest(KEY, POD) == {}
    await asyncio.sleep(INTERVAL / 2)

    assert pods.news == [({}, {"pod": 1})]
    assert poller.latest(KEY, POD) == {"pod": 1}


async def test_questions_go_on_without_passes(poller: Poller[str, int], pods: Pods) -> None:
    """And only what differs is news."""
    pods.answers["10.0.0.1"] = [1, 1, 2]
    poller.latest(KEY, POD)
    await asyncio.sleep(INTERVAL * 7.5)

    assert [after for _, after in pods.news] == [{"pod": 1}, {"pod": 2}]
    assert len(pods.asked) == 8


async def test_many_passes_make_no_more_questions(poller: Poller[str, int], pods: Pods) -> None:
    pods.answers["10.0.0.1"] = [1]
    for _ in range(50):
        poller.latest(KEY, POD)
        await asyncio.sleep(0)

    assert len(pods.asked) == 1


async def test_a_pod_that_is_silent_for_a_moment_is_believed(poller: Poller[str, int], pods: Pods) -> None:
    """And for longer it is not: that nothing is known any more is news."""
    pods.answers["10.0.0.1"] = [1, None]
    poller.latest(KEY, POD)
    await asyncio.sleep(PATIENCE - 1)
    assert poller.latest(KEY, POD) == {"pod": 1}
    await asyncio.sleep(INTERVAL * 2)

    assert pods.news == [({}, {"pod": 1}), ({"pod": 1}, {})]
    assert poller.latest(KEY, POD) == {}


async def test_who_has_to_know_at_once_waits_for_the_first_answer(poller: Poller[str, int], pods: Pods) -> None:
    """Of pods that are ready and were never asked; it is no news then."""
    pods.answers |= {"10.0.0.1": [1], "10.0.0.2": [2]}
    both = POD | {"other": "10.0.0.2"}
    await poller.first(KEY, both, ["pod"])
    assert pods.asked == ["10.0.0.1"]
    assert poller.latest(KEY, both) == {"pod": 1}
    assert pods.news == []

    await asyncio.sleep(INTERVAL / 2)
    assert pods.news == [({"pod": 1}, {"pod": 1, "other": 2})]
    await poller.first(KEY, both, ["pod", "other"])
    assert sorted(pods.asked) == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(("when_ready", "questions"), [(True, 2), (False, 1)], ids=["told otherwise", "told the same"])
async def test_a_pod_that_becomes_ready_is_asked_anew(jumping_clock: None, pods: Pods, when_ready: bool, questions: int) -> None:
    """Once for each time that it does, where it tells something else then: whoever waits for Ready does not wait for the next round."""
    pods.answers["10.0.0.1"] = [1, 2]
    poller = Poller(pods, pods.tell, INTERVAL, PATIENCE, when_ready=when_ready)
    for ready in ([], ["pod"], ["pod"]):
        await poller.first(KEY, POD, ready)
        poller.latest(KEY, POD)
        await asyncio.sleep(1)

    assert poller.latest(KEY, POD) == {"pod": questions}
    assert len(pods.asked) == questions
    await poller.first(KEY, POD, [])
    await poller.first(KEY, POD, ["pod"])
    assert len(pods.asked) == (questions + 1 if when_ready else questions)
    poller.close()


async def test_another_pod_starts_anew(poller: Poller[str, int], pods: Pods) -> None:
    """As does the same one at another address."""
    pods.answers["10.0.0.1"] = [1]
    poller.latest(KEY, POD)
    await asyncio.sleep(INTERVAL / 2)

    assert poller.latest(KEY, {"other": "10.0.0.1"}) == {}
    assert poller.latest(KEY, {"pod": "10.0.0.9"}) == {}


async def test_nothing_is_asked_of_what_is_forgotten(poller: Poller[str, int], pods: Pods) -> None:
    pods.answers["10.0.0.1"] = [1, 2, 3, 4]
    poller.latest(KEY, POD)
    await asyncio.sleep(INTERVAL / 2)
    poller.forget(KEY)
    poller.forget(KEY)
    asked = len(pods.asked)
    await asyncio.sleep(INTERVAL * 3)

    assert len(pods.asked) == asked
    assert poller.latest(KEY, {}) == {}


@pytest.mark.usefixtures("jumping_clock")
async def test_a_pod_that_appears_is_asked_at_once(pods: Pods) -> None:
    """Not after the interval of those that are there already."""
    slow = Poller[str, int](pods, pods.tell, INTERVAL * 100)
    slow.latest(KEY, POD)
    await asyncio.sleep(INTERVAL)
    slow.latest(KEY, POD | {"other": "10.0.0.2"})
    await asyncio.sleep(INTERVAL)
    slow.close()

    assert pods.asked == ["10.0.0.1", "10.0.0.2"]


@dataclass(frozen=True)
class Spot:
    """What has to be known of a pod besides its address."""

    address: str
    is_held: bool = field(default=False, compare=False)


@pytest.mark.usefixtures("jumping_clock")
async def test_each_pod_has_its_own_interval_and_what_moves_it_forgets_no_answer() -> None:
    """A pod that is no longer held is the same pod."""
    asked: list[str] = []

    async def ask(spot: Spot) -> int:
        asked.append(spot.address)
        return 1

    poller = Poller[Spot, int](ask, lambda *_: None, lambda spot: INTERVAL if spot.is_held else INTERVAL * 100)
    poller.latest(KEY, {"a": Spot("a", is_held=True), "b": Spot("b")})
    await asyncio.sleep(INTERVAL * 6)
    assert asked.count("b") == 1
    assert asked.count("a") >= 2

    assert poller.latest(KEY, {"a": Spot("a"), "b": Spot("b")}) == {"a": 1, "b": 1}
    await asyncio.sleep(INTERVAL * 2)
    before = asked.count("a")
    await asyncio.sleep(INTERVAL * 4)
    poller.close()
    assert asked.count("a") == before


@pytest.mark.usefixtures("jumping_clock")
async def test_an_answer_may_be_judged_by_the_one_before(pods: Pods) -> None:
    """What is known is what both come to."""
    pods.answers["10.0.0.1"] = [1, 2, 3, 3]
    summed = Poller[str, int](pods, pods.tell, INTERVAL, blend=lambda before, now: min(2, (before or 0) + now))
    summed.latest(KEY, POD)
    await asyncio.sleep(INTERVAL * 6)
    summed.close()

    assert [after for _, after in pods.news] == [{"pod": 1}, {"pod": 2}]


@pytest.mark.usefixtures("jumping_clock")
async def test_an_error_in_a_question_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next question is asked."""
    asked = 0

    async def broken(_address: str) -> int | None:
        nonlocal asked
        asked += 1
        raise ZeroDivisionError

    failing = Poller(broken, lambda *_: None, INTERVAL)
    failing.latest(KEY, POD)
    await failing.first(KEY, POD | {"b": "10.0.0.2"}, ["b"])
    await asyncio.sleep(INTERVAL * 2.5)
    failing.close()
    await asyncio.sleep(0)

    assert asked >= 6  # two pods, three times
    assert "Question to a pod failed" in caplog.text


@pytest.mark.usefixtures("jumping_clock")
async def test_few_are_asked_at_once(pods: Pods) -> None:
    """A thousand assistants are no storm."""
    pods.delay = 0.01
    many = Poller(pods, lambda *_: None, INTERVAL)
    keys = [Key("n", str(number)) for number in range(100)]
    for key in keys:
        many.latest(key, POD)
    await asyncio.sleep(INTERVAL / 2)
    for key in keys:
        many.forget(key)
    await asyncio.sleep(0)

    assert len(pods.asked) == 100
    assert pods.most == polling.AT_ONCE


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def answer(request: web.Request) -> web.Response:
        kind = request.app["kind"]
        if kind == "redirect":
            return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})
        if kind == "slow":
            await asyncio.sleep(60)
        if kind == "long":
            return web.Response(text='{"completedBytes": 1, "totalBytes": 2}' + " " * progress.MAX_ANSWER * 4 + "x")
        return web.json_response({"completedBytes": 1, "totalBytes": 2}, status=503 if kind == "error" else 200)

    app = web.Application()
    app["kind"] = "good"
    app.router.add_get("/progress", answer)
    running = TestServer(app)
    await running.start_server()
    yield running
    await running.close()


@pytest.mark.filterwarnings("ignore:It is recommended to use web.AppKey")
@pytest.mark.parametrize(
    ("kind", "expected"), [("good", Progress(1, 2)), ("error", None), ("redirect", None), ("slow", None), ("long", Progress(1, 2))]
)
async def test_asking_over_http(server: TestServer, kind: str, expected: Progress | None) -> None:
    """Errors, redirects and silence are no answer, and no exception; of an answer without end no more is read than any may have."""
    server.app._state["kind"] = kind
    ask = HttpAsk(progress.PATH, parse, progress.MAX_ANSWER, server.port or 0, seconds=0.5)

    assert await ask(str(server.host)) == expected
    await ask.close()


async def test_a_pod_that_is_not_there() -> None:
    ask = HttpAsk(progress.PATH, parse, progress.MAX_ANSWER, 1)
    assert await ask("127.0.0.1") is None
    assert await ask("::1") is None
    await ask.close()
