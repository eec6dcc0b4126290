"""The model: a text of a few hundred characters in, and for each of its words what kind of personal data it may be.

"Rampart" of the National Design Studio (CC BY 4.0), a BERT of six layers whose labels are B- and I- of 17 kinds. Built for this product by
images/gateway/names/build.py, which says what was changed.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy
import onnxruntime  # type: ignore[import-untyped]  # it has none

from assistant_gateway.redaction.names.tagging.wordpiece import Word, WordPiece

_MAX_TOKENS: Final = 510  # and one marker at each end
_LEAST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Tagged:
    """A word, the kind that it would be if it were anything (a label without B- or I-), and how much speaks for that.

    `odds` is the natural logarithm of kind : nothing, averaged over the word's tokens; `begins` says that something new begins here.
    """

    word: Word
    kind: str
    odds: float
    begins: bool


class Model:
    """A loaded model; it may be called from several threads, each of which does its own work (and lets go of Python's lock meanwhile)."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        # Two pieces on two threads are faster than one piece on two: those would wait for each other at each layer.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self._words = WordPiece(folder / "vocab.txt")
        labels: list[str] = json.loads((folder / "labels.json").read_text())
        self._nothing = labels.index("O")
        self._kinds = list(dict.fromkeys(label[2:] for label in labels if label != "O"))
        self._columns = [[place for place, label in enumerate(labels) if label[2:] == kind] for kind in self._kinds]
        self._first = numpy.array([place for place, label in enumerate(labels) if label.startswith("B-")])

    def tag(self, text: str) -> list[Tagged]:
        """Return the text's words with their kinds."""
        tokens = self._words.encode(text)
        result: list[Tagged] = []
        for part in _parts(tokens.words):
            offset = part[0].first
            ids = tokens.ids[offset : part[-1].first + part[-1].count]
            result += self._tag(part, offset, self._logits(ids))
        return result

    def _logits(self, ids: list[int]) -> Any:
        row = numpy.array([[self._words.begin, *ids, self._words.finish]], dtype=numpy.int64)
        feed = {"input_ids": row, "attention_mask": numpy.ones_like(row), "token_type_ids": numpy.zeros_like(row)}
        return self._session.run(None, feed)[0][0, 1:-1]

    def _tag(self, words: list[Word], offset: int, logits: Any) -> list[Tagged]:
        logits -= logits.max(axis=1, keepdims=True)
        weights = numpy.exp(logits)
        kinds = numpy.stack([weights[:, columns].sum(axis=1) for columns in self._columns], axis=1)
        begins = weights[:, self._first].sum(axis=1) > kinds.sum(axis=1) / 2
        odds = numpy.log(kinds + _LEAST) - numpy.log(weights[:, self._nothing : self._nothing + 1] + _LEAST)
        starts = numpy.array([word.first - offset for word in words])
        # A word is one thing: its tokens vote.
        votes = numpy.add.reduceat(odds, starts, axis=0)
        chosen = votes.argmax(axis=1)
        best = votes[numpy.arange(len(words)), chosen] / numpy.array([word.count for word in words])
        return [
            Tagged(word, self._kinds[kind], float(amount), bool(begin))
            for word, kind, amount, begin in zip(words, chosen, best, begins[starts], strict=True)
        ]


def _parts(words: list[Word]) -> list[list[Word]]:
    """Cut words into runs of no more tokens than the model takes."""
    parts: list[list[Word]] = []
    for word in words:
        if not parts or word.first + word.count - parts[-1][0].first > _MAX_TOKENS:
            parts.append([])
        parts[-1].append(word)
    return parts
