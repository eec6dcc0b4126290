"""How fast documents come in, against the embedding model's own rate on the same pieces; and the gateway's memory meanwhile."""

import asyncio
import random
import time

import httpx

from assistant_gateway.documents.chunking import chunks
from assistant_gateway.documents.pieces import AHEAD, BATCH
from bench.store import rig
from bench.store.figures import Figures

DOCUMENTS, CHARACTERS = 4, 12_000
CHATS = 5
COMMON = """
the of and to a in for is on that by this with you it not or be are from at as your all have new more an was we will home can us
about if page my has search free but our one other do no information time they site he up may what which their news out use any
there see only so his when contact here business who web also now help get view online first been would how were services some
these click its like service than find price date back top people had list name just over state year day into email two health
world next used go work last most products music buy data make them should product system post her city add policy number such
please available copyright support
"""
WORDS = COMMON.split()


def text(seed: int) -> str:
    """Return sentences of common words, so that a piece has about as many tokens as one of a real text."""
    source = random.Random(seed)
    words: list[str] = []
    size = 0
    while size < CHARACTERS:
        word = source.choice(WORDS) + ("." if len(words) % 12 == 11 else "")
        words.append(word)
        size += len(word) + 1
    return " ".join(words)


async def measure(gateway: rig.Gateway, ollama: str, figures: Figures, rounds: int) -> None:
    """The model alone and the gateway in turn."""
    figures.note("gateway: resident memory, ready", gateway.megabytes(), "MB")
    rates: dict[str, list[float]] = {"model": [], "gateway": []}
    async with httpx.AsyncClient(base_url=ollama, timeout=600) as model, gateway.client() as client:
        await _embed(model, ["warm"])
        for number in range(rounds):
            texts = [text(number * DOCUMENTS + document) for document in range(DOCUMENTS)]
            size = sum(len(one.encode()) for one in texts) / 1000
            rates["model"].append(size / await _model_alone(model, texts))
            rates["gateway"].append(size / await _gateway(client, texts))
        for name, values in rates.items():
            figures.note(f"ingestion: {name}", sorted(values)[len(values) // 2], "kB/s")
        shares = [ours / limit for ours, limit in zip(rates["gateway"], rates["model"], strict=True)]
        figures.note("ingestion: share of the model's own rate (median of rounds)", sorted(shares)[len(shares) // 2])
        await _chats(client)
    figures.note("gateway: resident memory after ingestion and chats with context", gateway.megabytes(), "MB")
    figures.note("gateway: resident memory at most", gateway.megabytes("VmHWM"), "MB")


async def _model_alone(model: httpx.AsyncClient, texts: list[str]) -> float:
    """Embed the same pieces in batches of the gateway's size, as many at once."""
    pieces = [piece for one in texts for piece in chunks(one, 800, 100)]
    batches = [pieces[begin : begin + BATCH] for begin in range(0, len(pieces), BATCH)]
    begun = time.monotonic()

    async def worker() -> None:
        while batches:
            await _embed(model, batches.pop())

    await asyncio.gather(*(worker() for _ in range(AHEAD)))
    return time.monotonic() - begun


async def _embed(model: httpx.AsyncClient, texts: list[str]) -> None:
    (await model.post("/api/embed", json={"model": rig.EMBEDDING, "input": texts, "truncate": False})).raise_for_status()


async def _gateway(client: httpx.AsyncClient, texts: list[str]) -> float:
    begun = time.monotonic()
    for number, one in enumerate(texts):
        (await client.post("/v1/ingest/text", json={"file_name": f"{number}.txt", "text": one})).raise_for_status()
    return time.monotonic() - begun


async def _chats(client: httpx.AsyncClient) -> None:
    for _ in range(CHATS):
        body = {"messages": [{"role": "user", "content": "What does the service support?"}], "use_context": True, "max_tokens": 8}
        (await client.post("/v1/chat/completions", json=body)).raise_for_status()
