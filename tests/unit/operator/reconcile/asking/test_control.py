"""What the operator itself reaches: on real sockets, seldom, and once for all who ask."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from assistant_egress.protocol import Protocol
from assistant_operator.reconcile.asking import control
from assistant_operator.reconcile.asking.control import Control, Thing, reaches
from assistant_operator.resources.egress_targets import Goal

CANARY = Goal("pods", "tcp", "10.244.0.9", 9092)
SAME_FOR_ANOTHER_CLASS = Goal("outside", "tcp", "10.244.0.9", 9092)
OTHER = Goal("pods", "udp", "10.244.0.9", 9092)


class World:
    """What is there, the time, and what was tried."""

    def __init__(self) -> None:
        self.there: set[str] = {"tcp", "udp", "dns"}
        self.tried: list[Thing] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.time = 1000.0

    async def reach(self, thing: Thing) -> bool:
        self.tried.append(thing)
        await self.gate.wait()
        return thing.protocol in self.there


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(control, "_now", lambda: made.time)
    return made


async def test_a_try_is_shared(world: World) -> None:
    """By classes of paths and by assistants, at once and for a while."""
    one = Control(world.reach)
    found = await asyncio.gather(*(one.alive([CANARY, SAME_FOR_ANOTHER_CLASS, OTHER]) for _ in range(50)))

    assert set(found) == {frozenset({CANARY, SAME_FOR_ANOTHER_CLASS, OTHER})}
    assert len(world.tried) == 2
    world.time += 4.9
    await one.alive([CANARY])
    assert len(world.tried) == 2
    world.time += 0.1
    await one.alive([CANARY])
    assert len(world.tried) == 3


async def test_nobody_asks_and_nothing_is_tried(world: World) -> None:
    await Control(world.reach).alive([])
    assert world.tried == []


async def test_what_is_gone_is_not_alive_after_ten_seconds(world: World) -> None:
    """One lost datagram takes nothing away; what comes back is alive at its next try."""
    one = Control(world.reach)
    assert await one.alive([CANARY]) == {CANARY}
    world.there.clear()
    world.time += 10
    assert await one.alive([CANARY]) == {CANARY}
    world.time += 0.1
    assert await one.alive([CANARY]) == frozenset()
    world.there.add("tcp")
    world.time += 5
    assert await one.alive([CANARY]) == {CANARY}


async def settled(one: Control) -> None:
    """Let the tries that run come to their end."""
    await asyncio.gather(*(tries.running for tries in one._known.values() if tries.running is not None))


async def test_what_a_gate_waits_for_is_tried_again_at_once_where_it_failed(world: World) -> None:
    """One lost packet is not five seconds of a pod's start; what was reached is left in peace, and so is all that nobody waits for."""
    one = Control(world.reach)
    world.there.remove("udp")
    assert await one.alive([CANARY, OTHER], is_urgent=True) == {CANARY}
    world.there.add("udp")
    await settled(one)

    assert await one.alive([CANARY, OTHER], is_urgent=True) == {CANARY, OTHER}
    await settled(one)
    await one.alive([CANARY, OTHER], is_urgent=True)
    await settled(one)
    assert [thing.protocol for thing in world.tried] == ["tcp", "udp", "udp"]


async def test_what_nobody_waits_for_is_tried_as_seldom_as_ever(world: World) -> None:
    """But for its second try."""
    one = Control(world.reach)
    world.there.clear()
    for _ in range(3):
        await one.alive([CANARY])
        await settled(one)

    assert len(world.tried) == 2


async def test_the_first_failure_of_all_counts_for_nothing(world: World) -> None:
    """An operator that has just started, and a canary of which one replica is going: whoever asks waits for the same second try."""
    one = Control(world.reach)
    world.there.clear()
    world.gate.clear()
    asked = [asyncio.create_task(one.alive([CANARY])) for _ in range(3)]
    await asyncio.sleep(0.01)
    world.gate.set()
    world.gate = asyncio.Event()
    await asyncio.sleep(0.01)
    world.there.add("tcp")
    world.gate.set()

    assert await asyncio.gather(*asked) == [{CANARY}] * 3
    assert len(world.tried) == 2


async def test_nobody_waits_for_a_try_that_is_made_for_the_sake_of_a_gate(world: World) -> None:
    """Where there is no metadata service each would take its whole second, and no round would ever be sent sooner."""
    one = Control(world.reach)
    world.there.clear()
    await one.alive([CANARY], is_urgent=True)
    world.gate.clear()
    for _ in range(3):
        assert await asyncio.wait_for(one.alive([CANARY], is_urgent=True), 1) == frozenset()
    assert len(world.tried) == 2

    world.time += 5  # what has been tried is old: the next one is waited for, and this is it
    waiting = asyncio.create_task(one.alive([CANARY], is_urgent=True))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    world.there.add("tcp")
    world.gate.set()
    assert await waiting == {CANARY}
    assert len(world.tried) == 2


async def test_who_does_not_wait_is_told_of_it_the_next_time(world: World) -> None:
    """For twenty seconds; a try that takes long is one try, and holds nobody up."""
    one = Control(world.reach)
    world.gate.clear()
    assert one.lately([CANARY, OTHER]) == frozenset()
    await asyncio.sleep(0)
    world.time += 10
    assert one.lately([CANARY]) == frozenset()
    world.gate.set()
    await asyncio.gather(*(tries.running for tries in one._known.values() if tries.running is not None))
    assert len(world.tried) == 2
    world.there.clear()

    assert one.lately([CANARY, SAME_FOR_ANOTHER_CLASS]) == {CANARY, SAME_FOR_ANOTHER_CLASS}
    world.time += 20
    assert one.lately([CANARY]) == {CANARY}
    world.time += 0.1
    assert one.lately([CANARY]) == frozenset()
    await one.close()


async def test_who_no_longer_waits_takes_nothing_from_the_others(world: World) -> None:
    """A pod whose question is given up, while another's waits for the same try."""
    one = Control(world.reach)
    world.gate.clear()
    first, second = (asyncio.create_task(one.alive([CANARY])) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    world.gate.set()

    assert await second == {CANARY}
    assert len(world.tried) == 1


async def test_what_nobody_asks_for_is_forgotten(world: World) -> None:
    """Addresses of pods come and go."""
    one = Control(world.reach)
    await one.alive([CANARY])
    world.time += control.FORGOTTEN_AFTER + 1
    await one.alive([OTHER])

    assert set(one._known) == {Thing("udp", "10.244.0.9", 9092)}


async def test_a_try_that_runs_ends_with_the_operator(world: World) -> None:
    one = Control(world.reach)
    world.gate.clear()
    waiting = asyncio.create_task(one.alive([CANARY]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await one.close()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert one._known == {}


@pytest.fixture(params=["127.0.0.1", "::1"])
async def tcp(request: pytest.FixtureRequest) -> AsyncIterator[Thing]:
    async def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(accepted, request.param, 0)
    yield Thing("tcp", request.param, server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()


class Echo(asyncio.DatagramProtocol):
    """Answers whatever comes, and remembers it."""

    def __init__(self) -> None:
        self.came: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.came.append(data)
        self.transport.sendto(b"!", addr)  # type: ignore[attr-defined]


async def test_a_connection_that_comes_about_is_reached(tcp: Thing) -> None:
    """Without a word."""
    assert await reaches(tcp)


async def test_a_mapped_address_is_the_plain_one() -> None:
    """The canary is tried by the door of IPv6 too."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    assert await reaches(Thing("tcp", "::ffff:127.0.0.1", server.sockets[0].getsockname()[1]))
    server.close()
    await server.wait_closed()


async def test_a_connection_whose_first_packet_is_lost_is_begun_again() -> None:
    """Before the kernel would send its second SYN, a second later, when the try is over."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.socket() as first:
        first.connect(server.getsockname())  # the queue is full: SYNs are dropped
        trying = asyncio.create_task(reaches(Thing("tcp", "127.0.0.1", server.getsockname()[1])))
        await asyncio.sleep(control.RESEND_SECONDS / 2)
        server.accept()[0].close()

        assert await trying


async def test_of_connections_that_nobody_answers_none_is_left() -> None:
    """All of those that were begun end with the try."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.socket() as first:
        first.connect(server.getsockname())
        before = asyncio.all_tasks()

        assert not await reaches(Thing("tcp", "127.0.0.1", server.getsockname()[1]))
        assert asyncio.all_tasks() == before


async def test_a_refusal_is_not_reached() -> None:
    """Neither over TCP nor, where ICMP tells, over UDP; and not silence either."""
    with socket.socket() as free, socket.socket(type=socket.SOCK_DGRAM) as silent:
        free.bind(("127.0.0.1", 0))
        silent.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        assert not await reaches(Thing("tcp", "127.0.0.1", port))
        assert not await reaches(Thing("udp", "127.0.0.1", port))
        assert not await reaches(Thing("udp", "127.0.0.1", silent.getsockname()[1]))


@pytest.mark.parametrize("protocol", ["udp", "dns"])
async def test_any_datagram_back_is_reached(protocol: Protocol) -> None:
    """DNS servers are asked a question that they understand."""
    transport, echo = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    assert await reaches(Thing(protocol, "127.0.0.1", transport.get_extra_info("sockname")[1]))
    transport.close()

    (said,) = echo.came
    if protocol == "dns":
        assert said[2:] == bytes.fromhex("0100 0001 0000 0000 0000 0a6b756265726e65746573 0764656661756c74 03737663 00 0001 0001")
    else:
        assert len(said) == 1


class Deaf(Echo):
    """Hears only the second datagram."""

    heard = 0

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.heard += 1
        if self.heard == 2:
            super().datagram_received(data, addr)


@pytest.mark.parametrize("protocol", ["udp", "dns"])
async def test_a_datagram_that_is_lost_is_sent_again(protocol: Protocol) -> None:
    """Within the same try: else a target seems dead, and gates wait for the next one."""
    loop = asyncio.get_running_loop()
    transport, deaf = await loop.create_datagram_endpoint(Deaf, local_addr=("127.0.0.1", 0))
    try:
        assert await reaches(Thing(protocol, "127.0.0.1", transport.get_extra_info("sockname")[1]))
        assert deaf.heard == 2
    finally:
        transport.close()
