"""How well spans cover what should be covered, without asking what they are called.

A value is masked when each of its letters and digits is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from assistant_gateway.redaction.entities import Span
from bench.redaction.documents import CORE, Document, Label

Find = Callable[[str], Iterable[Span]]


@dataclass(slots=True)
class Score:
    """The counts of one set of documents."""

    kinds: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each kind of value: masked, all."""
    documents: int = 0
    leaking: int = 0
    """Documents with a value that is not wholly masked, of those that have any."""
    leaking_core: int = 0
    clean: int = 0
    touched: int = 0
    masked: int = 0
    """Letters and digits."""
    masked_rightly: int = 0
    characters: int = 0

    def recall(self, kinds: Iterable[str] | None = None) -> float:
        """Return the share of values of these kinds (all) that is masked."""
        counts = [count for kind, count in self.kinds.items() if kinds is None or kind in kinds]
        return _share(sum(masked for masked, _ in counts), sum(every for _, every in counts))

    @property
    def core(self) -> float:
        """The share of core values that is masked."""
        return self.recall(CORE)

    @property
    def precision(self) -> float:
        """The share of what is masked, by letters and digits, that had to be."""
        return _share(self.masked_rightly, self.masked)

    @property
    def leak(self) -> float:
        """The share of documents with personal data that let some of it through."""
        return _share(self.leaking, self.documents)

    def add(self, document: Document, spans: Iterable[Span]) -> list[Label]:
        """Count one document in; returns what was missed."""
        text = document.text
        covered = _places(text, ((span.start, span.end) for span in spans))
        wanted = _places(text, ((label.start, label.end) for label in document.labels))
        missed = [label for label in document.labels if not _places(text, [(label.start, label.end)]) <= covered]
        for label in document.labels:
            masked, every = self.kinds.get(label.kind, (0, 0))
            self.kinds[label.kind] = (masked + (label not in missed), every + 1)
        self.masked += len(covered)
        self.masked_rightly += len(covered & wanted)
        self.characters += len(text)
        if document.labels:
            self.documents += 1
            self.leaking += bool(missed)
            self.leaking_core += any(label.kind in CORE for label in missed)
        else:
            self.clean += 1
            self.touched += bool(covered)
        return missed


def score(documents: Iterable[Document], find: Find) -> Score:
    """Return the counts for a detector."""
    result = Score()
    for document in documents:
        result.add(document, find(document.text))
    return result


def _places(text: str, ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {place for start, end in ranges for place in range(start, end) if text[place].isalnum()}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
