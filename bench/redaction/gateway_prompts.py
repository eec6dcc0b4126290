"""Prompts of 2 KB with up to a dozen values of as many types, every one with others, and what tells them apart at the model server."""

import random
import re
from dataclasses import dataclass, field
from typing import Final

from bench.redaction.drawn import Sample, samples

SIZE: Final = 2_048
"""Characters."""
KINDS: Final = (
    "EMAIL", "PHONE", "PHONE, named", "CARD", "IBAN", "NATIONAL_ID, named", "IP_ADDRESS", "MAC_ADDRESS", "URL_CREDENTIALS", "DATE_OF_BIRTH",
    "API_KEY", "PASSWORD",
)  # fmt: skip
_LETTERS: Final = "bcdfghjkmnpqrstvwxz"
_CASE: Final = re.compile(f"Case ([{_LETTERS}]{{6}}) of today")
_PROSE: Final = (
    "The report was read by everybody who takes part, and nobody had a question about it.",
    "We decided to call it a day and to look at the rest when the weather is better again.",
    "Please answer in the tone of a letter, and keep what is said about the garden as it is.",
    "The meeting moved to the large room upstairs, since the small one is being painted.",
    "What the supplier wrote last week is not what was agreed, so somebody should write back.",
    "A summary of three sentences is enough; leave out what was said about the holidays.",
)


@dataclass(frozen=True)
class Prompt:
    """A text and the values in it."""

    text: str = field(repr=False)
    values: tuple[str, ...] = field(repr=False)


def prompts(count: int, seed: int, values: int = len(KINDS)) -> dict[str, Prompt]:
    """Return prompts by their case, which is said in the text and is no personal data; so many values of the first KINDS in each."""
    dice = random.Random(seed)
    drawn: dict[str, list[Sample]] = {}
    for sample in samples(dice, count, "plain"):
        drawn.setdefault(sample.kind, []).append(sample)
    made: dict[str, Prompt] = {}
    for place in range(count):
        case = "".join(_LETTERS[place // len(_LETTERS) ** power % len(_LETTERS)] for power in range(6))
        made[case] = _prompt(case, [drawn[kind][place] for kind in KINDS[:values]], dice)
    return made


def case_of(text: str) -> str | None:
    """Return the case of the prompt that stands in the text; None if none does."""
    found = _CASE.search(text)
    return None if found is None else found[1]


def _prompt(case: str, held: list[Sample], dice: random.Random) -> Prompt:
    lines = [sample.text for sample in held]
    room = SIZE - sum(len(line) + 1 for line in lines) - 64
    while room > 0:
        lines.append(dice.choice(_PROSE))
        room -= len(lines[-1]) + 1
    dice.shuffle(lines)
    text = f"Case {case} of today, please sum it up.\n" + "\n".join(lines) + "\n"
    return Prompt(text, tuple(sample.text[sample.start : sample.end] for sample in held))
