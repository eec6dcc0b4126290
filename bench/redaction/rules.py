"""What the rule tier finds and what it costs, with others beside it: `python -m bench.redaction.rules [--seed 1] [--each 100]`.

Values are drawn by lot (checksums hold) and put into sentences, tables, settings and JSON; every value also disguised. The
others are measured where they are installed: `pip install --no-deps datafog-core==0.4.4 presidio-rs==0.1.11 llm-redact-proxy==1.12.1`.
A value counts as found when every letter and digit of it is covered, whatever the type is called.
"""

import argparse
import contextlib
import random
import statistics
import time
import unicodedata
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Final

from assistant_gateway.redaction.detection.rules import Rules
from bench.redaction.drawn import DISGUISES, Sample, clean, samples

Find = Callable[[str], Iterable[tuple[int, int]]]
_ROUNDS: Final = 15

_PROSE: Final = (
    "The quick brown fox jumps over the lazy dog while everybody watches; it was a calm evening, and we decided to call it a day. "
)
_VALUES: Final = "Please write to anna.weber@example.com or call +49 30 1234567 about the card 4111 1111 1111 1111. " + _PROSE * 4
_CODE: Final = "    def get(self, key: str, default: int = 0) -> int:\n        # as it is\n        return self._table.get(key, default)\n\n"
_LOG: Final = "2024-01-17 10:42:07,123 INFO [4711] request 4567890123 took 12.345ms bytes=123456 from pool-7 at 10.0.3.17:8080\n"
_HOSTILE: Final = (
    "4111 ", "tel 1 ", "password=", "password: ", "token=a1 ", "born 12 ", "ssn 1 ", "1:", "DE89 3704 ", "-----BEGIN PRIVATE KEY-----",
    "%41", "3132333435363738 ", "01 23 ", "cookie: a=b;", "1.1.1.1.", "1\u200b", "телефон 1 ", "\\u0031", "eyJabcdefgh.eyJabcd", "a://b:c",
    "eyJ", "eyJ-", "ops_eyJ-", "EAAA", "pw ", "pwd: ", "pwd 12345a ", "psk 12.3.", "pw for the new 12 ", "口令", "口令 -", "mdp is ",
)  # fmt: skip


def texts(dice: random.Random) -> dict[str, str]:
    """Return what is timed: 2 KB and 32 KB of each kind."""
    digits = "".join(f"{dice.randrange(10 ** dice.randint(1, 12))}{dice.choice(' ,;.-' + chr(10))}" for _ in range(5_000))
    kinds = {"prose": _PROSE, "values": _VALUES, "code": _CODE, "log": _LOG, "digits": digits}
    short = {f"{kind}, 2 KB": (text * 40)[:2_048] for kind, text in kinds.items()}
    return short | {f"{kind}, 32 KB": (text * 400)[:32_768] for kind, text in kinds.items()}


def ours() -> Find:
    """Return the gateway's rules."""
    rules = Rules()
    return lambda text: [(span.start, span.end) for span in rules.find(text)]


def others() -> dict[str, Find]:
    """Return the detectors of others that are installed here, with their own defaults."""
    found: dict[str, Find] = {}
    for name, make in (("datafog-core", _datafog), ("presidio-rs", _presidio), ("llm-redact-proxy", _llm_redact)):
        with contextlib.suppress(ImportError):
            found[name] = make()
    return found


def _datafog() -> Find:
    scan = import_module("datafog_core").scan
    return lambda text: [(found.codepoint_range.start, found.codepoint_range.end) for found in scan(text)]


def _presidio() -> Find:
    analyze = import_module("presidio_rs").Analyzer().analyze
    return lambda text: [(each["start"], each["end"]) for each in analyze(text)]


def _llm_redact() -> Find:
    """Return its rules behind its own gates, as its engine asks them; merging is left out, in its favour."""
    module = import_module("llm_redact.detection.regex_rules")
    detectors = [module.RegexDetector(rule) for rule in module.BUILTIN_RULES]
    prepared = module.PreparedText

    def find(text: str) -> list[tuple[int, int]]:
        ready = prepared(text)
        return [(each.start, each.end) for detector in detectors for each in detector.detect_prepared(ready)]

    return find


def masked(sample: Sample, find: Find) -> bool:
    """Whether every letter and digit of the value is covered."""
    covered = {place for start, end in find(sample.text) for place in range(start, end)}
    return all(place in covered for place in range(sample.start, sample.end) if unicodedata.category(sample.text[place])[0] in "LN")


def microseconds(find: Find, text: str) -> float:
    """Return the median of some rounds, after one that warms up."""
    find(text)
    took = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        find(text)
        took.append((time.perf_counter() - began) * 1e6)
    return statistics.median(took)


def main() -> int:
    """Print recall by type, clean texts touched, and times."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.redaction.rules", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=100, help="values of each type")
    arguments = parser.parse_args()
    finders = {"ours": ours()} | others()
    print(f"{'':28}" + "".join(f"{name:>18}" for name in finders))
    print("recall, %")
    for kind in ("plain", *DISGUISES):
        by_type: dict[str, list[Sample]] = {}
        for sample in samples(random.Random(arguments.seed), arguments.each if kind == "plain" else arguments.each // 10 or 1, kind):
            by_type.setdefault(sample.kind if kind == "plain" else f"disguised: {kind}", []).append(sample)
        for name, drawn in by_type.items():
            shares = (100 * sum(masked(sample, find) for sample in drawn) / len(drawn) for find in finders.values())
            print(f"  {name:26}" + "".join(f"{share:18.1f}" for share in shares))
    lines = clean(random.Random(arguments.seed), arguments.each)
    print(
        f"clean lines touched, of {len(lines)}"
        + "".join(f"{sum(bool(list(find(line))) for line in lines):18}" for find in finders.values())
    )
    print("microseconds, median")
    for name, text in texts(random.Random(arguments.seed)).items():
        print(f"  {name:26}" + "".join(f"{microseconds(find, text):18.0f}" for find in finders.values()))
    print("32 KB of the worst that we know of, ms")
    worst = {piece: microseconds(finders["ours"], (piece * 32_768)[:32_768]) / 1e3 for piece in _HOSTILE}
    for piece, took in sorted(worst.items(), key=lambda item: -item[1])[:6]:
        print(f"  {piece!r:26}{took:18.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
