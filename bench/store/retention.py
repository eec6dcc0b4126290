"""Expiry of very many items at once, what requests notice of it, and erasure of a subject that has ten thousand."""

import asyncio
import os
import time
from typing import Any
from uuid import uuid4

import httpx

from bench.store import rig
from bench.store.figures import Figures, percentile
from tests.support.postgres import Postgres

ITEMS, ITEM_BYTES = 20, 300
"""Items of a conversation, and what one of them holds."""
GIVE_UP = 300.0


async def measure(database: Postgres, gateway: rig.Gateway, figures: Figures, items: int, erased: int, erasures: int) -> None:
    """Both, on a gateway that runs."""
    connection = await database.connect()
    try:
        async with gateway.client() as client:
            await _expiry(connection, client, figures, items)
            await _erasure(connection, client, figures, erased, erasures)
    finally:
        await connection.close()


async def _expiry(connection: Any, client: httpx.AsyncClient, figures: Figures, items: int) -> None:
    probe = await _conversation(client)
    quiet = await _probe(client, probe, time.monotonic() + 5)
    await _insert(connection, 0, items, seconds=-1)
    begun = time.monotonic()
    watching = asyncio.create_task(_gone(connection))
    latencies: list[float] = []
    while not watching.done():
        latencies += await _probe(client, probe, time.monotonic() + 0.2)
        if time.monotonic() - begun > GIVE_UP:
            raise TimeoutError("the items do not go")
    first, last = await watching
    figures.note(f"expiry of {items} items: seconds until all are gone, from when they are due", last - begun, "s")
    figures.note(f"expiry of {items} items: of these, from the first that went", last - first, "s")
    figures.latencies("a request beside it", latencies)
    figures.latencies("a request without it", quiet)
    figures.note("added by it: p99", (percentile(latencies, 0.99) - percentile(quiet, 0.99)) * 1000, "ms")


async def _gone(connection: Any) -> tuple[float, float]:
    """Return when the first and when the last of them was gone."""
    count = "SELECT count(*) FROM conversations WHERE expires_at < now()"
    all_of_them, first = await connection.fetchval(count), 0.0
    while left := await connection.fetchval(count):
        if left < all_of_them and not first:
            first = time.monotonic()
        await asyncio.sleep(0.05)
    return first or time.monotonic(), time.monotonic()


async def _erasure(connection: Any, client: httpx.AsyncClient, figures: Figures, items: int, rounds: int) -> None:
    owner = await connection.fetchval("SELECT owner FROM conversations LIMIT 1")
    seconds = []
    for _ in range(rounds):
        await _insert(connection, owner, items, seconds=86400)
        begun = time.monotonic()
        answer = await client.delete("/v1/subjects/me")
        seconds.append(time.monotonic() - begun)
        answer.raise_for_status()
        assert answer.json()["counts"]["items"] >= items
    figures.latencies(f"erasure of {items} items ({rounds} times)", seconds)


async def _conversation(client: httpx.AsyncClient) -> str:
    item = {"type": "message", "role": "user", "content": "Hello."}
    answer = await client.post("/v1/conversations", json={"items": [item]})
    answer.raise_for_status()
    return str(answer.json()["id"])


async def _probe(client: httpx.AsyncClient, conversation: str, until: float) -> list[float]:
    """Read the conversation again and again; return how long each took."""
    latencies = []
    while time.monotonic() < until:
        begun = time.perf_counter()
        (await client.get(f"/v1/conversations/{conversation}/items")).raise_for_status()
        latencies.append(time.perf_counter() - begun)
    return latencies


async def _insert(connection: Any, owner: int, items: int, *, seconds: int) -> None:
    """Write conversations, due in so many seconds, past the gateway: nobody reads them, so what is sealed need not open."""
    conversations = [uuid4() for _ in range(items // ITEMS)]
    async with connection.transaction():
        due = await connection.fetchval("SELECT now() + make_interval(secs => $1)", float(seconds))
        now = await connection.fetchval("SELECT now()")
        await connection.copy_records_to_table("data_keys", records=[(one, "k0001", os.urandom(60)) for one in conversations])
        heads = [(one, owner, 86400, now, due, ITEMS, os.urandom(80)) for one in conversations]
        await connection.copy_records_to_table("conversations", records=heads)
        rows = [(one, seq, uuid4(), now, due, os.urandom(ITEM_BYTES)) for one in conversations for seq in range(ITEMS)]
        await connection.copy_records_to_table("items", records=rows)
    await connection.execute("ANALYZE conversations, items, data_keys")
