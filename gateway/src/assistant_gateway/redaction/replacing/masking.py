"""What becomes of the values that were found: a type in brackets, a token that stands for the value, or a refusal."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from assistant_gateway.redaction.entities import Span, label
from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms

Action = Literal["Mask", "Pseudonymize", "Block"]
Find = Callable[[str], Sequence[Span]]

# A token's number must not run into a digit that follows the value in the text.
_APART: Final = " "


class PersonalDataRefusedError(Exception):
    """A text holds what must not pass. It tells types and how many of each, never a value."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = dict(counts)
        super().__init__("The text holds " + ", ".join(f"{name} ({number})" for name, number in sorted(self.counts.items())) + ".")


def mask(
    text: str, spans: Sequence[Span], action: Action, pseudonyms: Pseudonyms | None = None, *, start: int = 0, end: int | None = None
) -> str:
    """Return the text, or text[start:end], with every span replaced.

    `spans` are sorted, do not overlap (entities.resolve) and lie within what is returned. Raises PersonalDataRefusedError for any span
    where the action is Block, and PseudonymsFullError.
    """
    if not spans:
        return text[start:end]
    if action == "Block":
        raise PersonalDataRefusedError(counted(spans))
    parts: list[str] = []
    done = start
    for span in spans:
        parts.append(text[done : span.start])
        done = span.end
        if action == "Mask":
            parts.append(f"[{label(span.entity)}]")
            continue
        assert pseudonyms is not None
        parts.append(pseudonyms.token(span.entity, text[span.start : done]))
        if text[done : done + 1].isdecimal():
            parts.append(_APART)
    parts.append(text[done:end])
    return "".join(parts)


def counted(spans: Sequence[Span]) -> Counter[str]:
    """Return how many spans there are of each type, as readers see it."""
    return Counter(label(span.entity) for span in spans)


@dataclass(slots=True)
class Masker:
    """Masks the texts of one request, one after the other, and counts.

    Under Block nothing is replaced and nothing raised before `finish`, so that a refusal tells of the whole request.
    """

    find: Find = field(repr=False)
    action: Action
    pseudonyms: Pseudonyms | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def __call__(self, text: str) -> str:
        """Return the text as it may go on; raises PseudonymsFullError."""
        spans = self.find(text)
        if not spans:
            return text
        for span in spans:
            self.counts[label(span.entity)] += 1
        return text if self.action == "Block" else mask(text, spans, self.action, self.pseudonyms)

    def finish(self) -> None:
        """End the request: raises PersonalDataRefusedError where the action is Block and something was found."""
        if self.action == "Block" and self.counts:
            raise PersonalDataRefusedError(self.counts)
