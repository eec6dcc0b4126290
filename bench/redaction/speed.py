"""What the names' tier costs: time for a text that nobody saw before, for a later turn, and memory; through the real worker."""

import asyncio
import random
import statistics
import time
from pathlib import Path
from typing import Final

from assistant_gateway.redaction.names.client import Mode, Names, NamesOptions
from bench.redaction import values
from bench.redaction.documents import generate

SIZES: Final = (2_000, 8_000, 32_000)


async def measure(folder: Path, mode: Mode, threads: int, rounds: int) -> dict[str, list[float]]:
    """Return milliseconds by what was done (cold at each size, a later turn, the same text again), the start's seconds and MiB."""
    names = Names(NamesOptions(folder, mode, threads, seconds=60))
    began = time.perf_counter()
    await names.start()
    figures: dict[str, list[float]] = {"ready s": [time.perf_counter() - began]}
    try:
        for turn in range(rounds):
            for size in SIZES:
                text = prose(size, turn * 100 + size)
                figures.setdefault(f"{size // 1000} KB cold", []).append(await _timed(names, text))
            figures.setdefault("32 KB and 300 more", []).append(await _timed(names, text + prose(300, turn)))
            figures.setdefault("32 KB again", []).append(await _timed(names, text))
        figures["MiB"] = [memory(names)]
    finally:
        names.close()
    return figures


def prose(size: int, seed: int) -> str:
    """Return so many characters of letters, minutes and notes about people; others for each seed."""
    lines = (Path(__file__).parent / "templates/en.txt").read_text(encoding="utf-8").splitlines()
    random.Random(seed).shuffle(lines)
    text = ""
    while len(text) < size:
        documents = generate(lines, "en", lambda dice: values.values("en", dice), 1, seed + len(text))
        text += " ".join(f"{document.text} ({number}{seed})" for number, document in enumerate(documents)) + "\n\n"
    return text[:size]


def memory(names: Names) -> float:
    """Return the worker's resident memory in MiB."""
    assert names.process is not None
    status = Path(f"/proc/{names.process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def _timed(names: Names, text: str) -> float:
    began = time.perf_counter()
    await names.find([text])
    return (time.perf_counter() - began) * 1000


def report(folder: Path, mode: Mode, threads: int, rounds: int) -> dict[str, list[float]]:
    """Measure and print medians with the fastest and slowest."""
    figures = asyncio.run(measure(folder, mode, threads, rounds))
    print(f"\n{mode}, {threads} thread(s), {rounds} rounds: median (least - most)")
    for name, numbers in figures.items():
        print(f"{name:20} {statistics.median(numbers):9.1f} ({min(numbers):.1f} - {max(numbers):.1f})")
    return figures
