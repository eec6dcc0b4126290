"""What a model must not say, masked while it says it.

Looked at is a window: what is held back, with as much before it as may give a value its meaning. Where the window is looked at depends on
the text alone, not on the pieces in which it comes, so every split gives the same. What cannot be decided within LONGEST characters is
masked.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from assistant_gateway.redaction.entities import Span, label
from assistant_gateway.redaction.replacing.masking import Action, counted, mask
from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
from assistant_gateway.redaction.streams.liveness import KEY_END, LONGEST_KEY_END, SECRET_REACH, live_from, word_start
from assistant_gateway.redaction.streams.streaming import Rewriting

BEFORE: Final = 256
"""Characters before what is held back that are looked at with it."""
LONGEST_WORD: Final = 4096
"""Characters by which these may be more, where a word is as long."""
LONGEST: Final = 20_000
"""Characters that are held back at most: a private key of 8,192 bits has 6,400."""

# Looked at after each word, but no more often than its length makes sense: a long window costs more.
_STEP: Final = 24
_LONGEST_CUE: Final = 64
_WORD_ENDS: Final = re.compile(r"\S\s")
_SPACE: Final = re.compile(r"\s")


class Detector(Protocol):
    """What knows values when it sees them (rules.py)."""

    @property
    def reach(self) -> int:
        """The most characters of a value of several words, with what makes it one."""

    @property
    def finds_words(self) -> bool:
        """Whether ordinary words may be a value without anything that announces it."""

    def find(self, text: str) -> list[Span]:
        """Return what is in the text: sorted, without overlaps."""

    def secret_follows(self, text: str) -> int:
        """Return where the last word ends that says that a secret follows; -1 for none."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is masked in the texts of one answer, and what was."""

    detector: Detector = field(repr=False)
    action: Action = "Mask"
    pseudonyms: Pseudonyms | None = None
    """For Pseudonymize: others than those of the request, which are put back behind the mask."""
    passes: Callable[[str], bool] | None = field(default=None, repr=False)
    """Says of a found value that it is none: a token that will be put back later."""
    counts: Counter[str] = field(default_factory=Counter)

    def spans(self, text: str, start: int) -> list[Span]:
        """Return what is to be masked from `start` on."""
        found = [span for span in self.detector.find(text) if span.end > start]
        if self.passes is not None:  # asked of the whole: of a token that names a secret (`Xk3-PASSWORD-1`) a part may be out
            found = [span for span in found if not self.passes(text[span.start : span.end])]
        return [Span(max(span.start, start), span.end, span.entity) for span in found]

    def certain(self, text: str) -> int:
        """Return up to where a text can no longer become anything else, whatever follows, but for values that are found in it already."""
        detector = self.detector
        start = max(0, len(text) - SECRET_REACH - _LONGEST_CUE)
        cue = detector.secret_follows(text[start:])
        return live_from(text, detector.reach, cue if cue < 0 else cue + start, any_word=detector.finds_words)

    def masked(self, text: str, spans: list[Span], start: int, end: int) -> str:
        """Return text[start:end] with these spans masked; raises PersonalDataRefusedError where the action is Block."""
        self.counts.update(counted(spans))
        return mask(text, spans, self.action, self.pseudonyms, start=start, end=end)

    def whole(self, before: str, text: str) -> str:
        """Return a whole text masked. `before` is what stands right before it."""
        text = before + text
        return self.masked(text, self.spans(text, len(before)), len(before), len(text))

    def rewriting(self) -> Rewriting:
        """Return it as what is done to an answer."""
        return Rewriting(lambda before: StreamMasker(self, before), self.whole, hides=True)


class StreamMasker:
    """Masks one text."""

    __slots__ = ("_done", "_held", "_outgoing", "_since", "_skips", "_tail", "_text")

    def __init__(self, outgoing: Outgoing, before: str = "") -> None:
        self._outgoing = outgoing
        self._text = before  # the window
        self._done = len(before)  # what of it went out
        self._held = 0  # what was held back when the window was last looked at
        self._since = 0  # what came since then
        self._skips: re.Pattern[str] | None = None  # ends what is too long to be held and is dropped, masked
        self._tail = ""  # of what is dropped: its end may come in two pieces

    @property
    def holds(self) -> bool:
        return self._done < len(self._text)

    def feed(self, text: str) -> str:
        out: list[str] = []
        at = 0
        while at < len(text):
            if self._skips is not None:
                at = self._skipped(text, at)
                continue
            end = self._due(text, at)
            self._text += text[at:end]
            self._since += end - at
            at = end
            if self._is_due():
                out.append(self._looked())
        return "".join(out)

    def end(self) -> str:
        text, spans = self._text, self._outgoing.spans(self._text, self._done)
        shown = self._outgoing.masked(text, spans, self._done, len(text))
        self._text, self._done, self._held, self._since, self._skips = "", 0, 0, 0, None
        return shown

    def _due(self, text: str, at: int) -> int:
        """Return up to where text is taken before the window is looked at, or could be."""
        last = min(len(text), at + self._most() - self._since)
        if self._text and not self._text[-1].isspace() and text[at].isspace():
            return at + 1
        found = _WORD_ENDS.search(text, at, last)
        return last if found is None else found.end()

    def _most(self) -> int:
        return max(_STEP, self._held // 16)

    def _is_due(self) -> bool:
        if self._since >= self._most():
            return True
        return self._since >= self._held // 64 and self._text[-1].isspace() and not self._text[-2:-1].isspace()

    def _looked(self) -> str:
        """Look at the window; return what of it is certain."""
        text, done = self._text, self._done
        end = max(done, self._outgoing.certain(text))
        if end == done and len(text) - done <= LONGEST:
            self._held, self._since = len(text) - done, 0
            return ""
        spans = self._outgoing.spans(text, done)
        for span in spans:
            if span.start < end and (span.end > end or span.end == len(text)):
                end = span.start
        shown = self._outgoing.masked(text, [span for span in spans if span.end <= end], done, end)
        if len(text) - end > LONGEST:
            return shown + self._given_up(end, spans)
        start = self._before(end)
        self._text, self._done, self._held, self._since = text[start:], end - start, len(text) - end, 0
        return shown

    def _before(self, end: int) -> int:
        """Return from where on the window is kept: from a word's beginning, unless that is far away."""
        start = word_start(self._text, max(0, end - BEFORE))
        return start if end - start <= LONGEST_WORD else end - BEFORE

    def _given_up(self, end: int, spans: list[Span]) -> str:
        """Mask what is held back, and what follows of it."""
        text = self._text
        entity = next((span.entity for span in spans if span.start == end), "TOKEN")
        is_key = label(entity) == "PRIVATE_KEY" or text.startswith("----", end)
        span = Span(end, len(text), "PRIVATE_KEY" if is_key else entity)
        self._skips = KEY_END if is_key else _SPACE
        self._tail = text[-LONGEST_KEY_END:] if is_key else ""
        self._text, self._done, self._held, self._since = "", 0, 0, 0
        return self._outgoing.masked(text, [span], end, len(text))

    def _skipped(self, text: str, at: int) -> int:
        """Drop text; return where what is to be looked at begins again."""
        assert self._skips is not None
        tail = self._tail
        found = self._skips.search(tail + text[at:])
        if found is None:
            self._tail = (tail + text[at:])[-LONGEST_KEY_END:] if self._skips is KEY_END else ""
            return len(text)
        begins = self._skips is _SPACE  # the space is no part of the run
        self._skips, self._tail = None, ""
        return at + (found.start() if begins else found.end()) - len(tail)
