"""How much personal data is found, and what that costs: `python -m bench.redaction --names FOLDER`.

FOLDER is what images/gateway/names/build.py wrote. The texts come from templates (templates/*.txt and those of the package
presidio-evaluator, `pip install --no-deps presidio-evaluator==0.3.2`); every second template, by its hash, is held out: rules and
thresholds were chosen on the others, the table is about these. Clean text, programs and, if installed, real messages are beside them.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, get_args

from assistant_gateway.redaction.detection.rules import Rules
from assistant_gateway.redaction.entities import STRUCTURED, Span, resolve
from assistant_gateway.redaction.names.client import Mode
from assistant_gateway.redaction.names.detector import Detector
from bench.redaction import sets, speed
from bench.redaction.documents import CORE, Document
from bench.redaction.scoring import Find, Score, score

HEAD: Final = f"{'set':14}{'texts':>6}{'all':>7}{'core':>7}{'prec.':>7}{'leak':>7}{'clean touched':>15}   recall by kind"


def finder(rules: Rules, detector: Detector | None) -> Find:
    """Return what the gateway does to a text: the structured types and, if there is a detector, names."""

    def find(text: str) -> Iterable[Span]:
        return resolve([*rules.find(text), *(detector.find(text) if detector else [])])

    return find


def row(name: str, documents: list[Document], find: Find) -> Score:
    """Print a set's line."""
    result = score(documents, find)
    kinds = " ".join(
        f"{kind}:{100 * masked / every:.0f}" for kind, (masked, every) in sorted(result.kinds.items()) if kind in CORE or masked < every
    )
    touched = f"{result.touched}/{result.clean}"
    figures = "".join(f"{100 * share:7.1f}" for share in (result.recall(), result.core, result.precision, result.leak))
    print(f"{name:14}{len(documents):6}{figures}{touched:>15}   {kinds}", flush=True)
    return result


def quality(find: Find, held_out: bool, times: int, seed: int) -> dict[str, Score]:
    """Print the table."""
    print(HEAD)
    table = {name: row(name, documents, find) for name, documents in sets.templates(held_out, times, seed)}
    for name, documents in sets.messages(held_out):
        table[name] = row(name, documents, find)
    if (messages := sets.tweets()) is not None:
        table["tweets"] = row("tweets", messages, find)
    programs = score(sets.programs(), find)
    print(f"programs: {100 * programs.masked / programs.characters:.2f} % of characters masked")
    table["programs"] = programs
    return table


def main() -> int:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.redaction", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=Path, required=True, help="the model's folder")
    parser.add_argument("--modes", nargs="+", choices=["Off", *get_args(Mode)], default=["Off", *get_args(Mode)])
    parser.add_argument("--tuning", action="store_true", help="the templates that are not held out")
    parser.add_argument("--times", type=int, default=8, help="texts from each template")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7, help="of the speed; 0: none")
    parser.add_argument("--no-quality", action="store_true")
    parser.add_argument("--json", type=Path, help="write the numbers there")
    chosen = parser.parse_args()
    rules = Rules(STRUCTURED)
    numbers: dict[str, object] = {}
    for mode in chosen.modes:
        if not chosen.no_quality:
            print(f"\nnames: {mode}; {'tuning' if chosen.tuning else 'held-out'} templates, seed {chosen.seed}")
            detector = None if mode == "Off" else Detector(chosen.names, high_recall=mode == "HighRecall", threads=chosen.threads)
            table = quality(finder(rules, detector), not chosen.tuning, chosen.times, chosen.seed)
            numbers[mode] = {name: {"all": each.recall(), "core": each.core, "kinds": each.kinds} for name, each in table.items()}
        if mode != "Off" and chosen.rounds:
            numbers[f"{mode} ms"] = speed.report(chosen.names, mode, chosen.threads, chosen.rounds)
    if chosen.json:
        chosen.json.write_text(json.dumps(numbers, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
