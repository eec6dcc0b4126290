"""What an answer's stream costs on its way through the gateway's redaction: `python -m bench.redaction.streams [--events 4000]`.

Told are the time for each event (one token of the model), what is held back of the text, the memory that a long answer takes more than a
short one, and answers made to be slow.
"""

import argparse
import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Final

import orjson

from assistant_gateway.redaction.detection.rules import Rules
from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
from assistant_gateway.redaction.replacing.restoring import Restorer
from assistant_gateway.redaction.streams.cutting import Wire
from assistant_gateway.redaction.streams.frames import Frames
from assistant_gateway.redaction.streams.outgoing import Outgoing, StreamMasker
from assistant_gateway.redaction.streams.streaming import Rewriting, both, restoring

_ROUNDS: Final = 5
_PROSE: Final = "Thank you for your message, we will be in touch soon and nothing else is to be said about it today, dear friend."
_VALUES: Final = "Write to anna.weber@example.com or call +49 30 1234567, the password is hunter2secret and the server 10.1.2.3 answered."
_HOSTILE: Final = (
    "4111 1234 ", "a1B2c3D4", "some words of text ", "-----BEGIN PRIVATE KEY----- is ", "MIIEpAIBAAKCAQEA0Z3abcd\n", "password key token ",
    "这是一个普通的句子没有任何特别的内容", "\n", "at dot ", "Xk3-EMAIL-", "Xk3", "%41", "eyJabcdefgh.eyJabcd", "1\u200b", "cookie: a=b;",
)  # fmt: skip
_HOSTILE_CHARACTERS: Final = 50_000
_PIECE: Final = 5


def restorer() -> Restorer:
    known = Pseudonyms("Xk3")
    known.token("EMAIL", "anna.weber@example.com")
    return Restorer(known)


def kinds(rules: Rules) -> dict[str, Rewriting]:
    """Return what may be done to an answer."""
    known = restorer()
    back = restoring(known)
    return {"restored": back, "masked and restored": both(Outgoing(rules, passes=known.is_token).rewriting(), back)}


def events(wire: Wire, words: list[str], count: int) -> list[bytes]:
    """Return a stream's events, a word each, every tenth a token."""
    made = []
    for place in range(count):
        text = " Xk3-EMAIL-1" if place % 10 == 9 else f" {words[place % len(words)]}"
        if wire == "openai":
            choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
            head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795562051, "model": "tiny:1b"}
            made.append(b"data: %s\n\n" % orjson.dumps(head | {"choices": [choice]}))
        else:
            made.append(orjson.dumps({"model": "tiny:1b", "message": {"role": "assistant", "content": text}, "done": False}) + b"\n")
    return made


def timed(make: Callable[[], Frames], stream: list[bytes]) -> tuple[float, float]:
    """Return median and 99th percentile of the microseconds for one event: medians of the rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        frames, times = make(), []
        for event in stream:
            start = time.perf_counter()
            frames.feed(event)
            times.append((time.perf_counter() - start) * 1e6)
        rounds.append(statistics.quantiles(times, n=100))
    return statistics.median(one[49] for one in rounds), statistics.median(one[98] for one in rounds)


def grown(make: Callable[[], Frames], stream: list[bytes]) -> int:
    """Return the bytes that are held more after five times the stream than after its first tenth."""
    frames = make()
    tracemalloc.start()
    try:
        for event in stream[: len(stream) // 10]:
            frames.feed(event)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(5):
            for event in stream:
                frames.feed(event)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def held(rules: Rules, words: list[str]) -> Iterator[int]:
    """Yield how many characters are held back after each word."""
    stream = StreamMasker(Outgoing(rules))
    for word in words * 20:
        stream.feed(f" {word}")
        yield len(stream._text) - stream._done


def hostile(rules: Rules) -> Iterator[tuple[str, float, float]]:
    """Yield answers made to be slow: what they repeat, the seconds for all of it, and the milliseconds of the slowest piece."""
    for part in _HOSTILE:
        text = (part * _HOSTILE_CHARACTERS)[:_HOSTILE_CHARACTERS]
        stream = both(Outgoing(rules).rewriting(), restoring(restorer())).make("")
        slowest, start = 0.0, time.perf_counter()
        for place in range(0, len(text), _PIECE):
            begun = time.perf_counter()
            stream.feed(text[place : place + _PIECE])
            slowest = max(slowest, time.perf_counter() - begun)
        stream.end()
        yield part, time.perf_counter() - start, slowest * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=4000)
    count = parser.parse_args().events
    rules = Rules()
    print("| answer | wire | text | µs for an event, p50 | p99 | bytes more after a long answer |\n|---|---|---|---|---|---|")
    wires: tuple[Wire, ...] = ("openai", "ollama")
    for name, rewriting in kinds(rules).items():
        for wire in wires:
            for text, words in (("prose", _PROSE.split()), ("values", _VALUES.split())):
                stream = events(wire, words, count)
                median, late = timed(lambda: Frames(wire, rewriting), stream)  # noqa: B023  called at once
                more = grown(lambda: Frames(wire, rewriting), stream)  # noqa: B023
                print(f"| {name} | {wire} | {text} | {median:.1f} | {late:.1f} | {more:,} |")
    print("\n| text | characters held back where values are masked, p50 | most |\n|---|---|---|")
    for text, words in (("prose", _PROSE.split()), ("values", _VALUES.split())):
        lags = list(held(rules, words))
        print(f"| {text} | {statistics.median(lags):.0f} | {max(lags)} |")
    print(f"\n| {_HOSTILE_CHARACTERS // 1000} KB of | seconds | slowest piece, ms |\n|---|---|---|")
    for part, seconds, slowest in hostile(rules):
        print(f"| `{part!r:.40}` | {seconds:.2f} | {slowest:.1f} |")


if __name__ == "__main__":
    main()
