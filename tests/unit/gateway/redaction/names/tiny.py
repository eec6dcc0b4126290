"""A model's folder that is made in a moment: the model looks each token up in a table, and the table knows a dozen words.

Written as ONNX by hand (protobuf's length-delimited fields are all it takes), since the package that writes such files is only there where
the real one is built.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path

LABELS = [
    "O",
    "B-GIVEN_NAME",
    "I-GIVEN_NAME",
    "B-SURNAME",
    "I-SURNAME",
    "B-BUILDING_NUMBER",
    "B-STREET_NAME",
    "I-STREET_NAME",
    "B-CITY",
    "B-EMAIL",
]

# What each word is, and how sure the model is of it (the logit; "nothing" has nought).
WORDS: Mapping[str, tuple[str, float]] = {
    "marie": ("B-GIVEN_NAME", 9.0),
    "novak": ("B-SURNAME", 9.0),
    "oluwaseun": ("B-GIVEN_NAME", 9.0),
    "adeyemi": ("B-SURNAME", 9.0),
    "ingrid": ("B-GIVEN_NAME", 9.0),
    "harun": ("B-GIVEN_NAME", -2.0),
    "wexel": ("B-SURNAME", -9.0),
    "kernel": ("B-SURNAME", 4.0),
    "pilot": ("B-SURNAME", 2.0),
    "the": ("B-SURNAME", 2.0),
    "baker": ("B-STREET_NAME", 9.0),
    "street": ("I-STREET_NAME", 9.0),
    "london": ("B-CITY", 9.0),
    "12": ("B-BUILDING_NUMBER", 9.0),
    "7": ("B-BUILDING_NUMBER", 1.0),
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
TOKENS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *WORDS,
    *(letter for letter in _LETTERS if letter not in WORDS),
    *("##" + letter for letter in _LETTERS),
]


def write(folder: Path, *, blind: bool = False) -> Path:
    """Write the folder, with a list of sums that fits; a blind model takes everything for nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    table = [[0.0] + [-20.0] * (len(LABELS) - 1) for _ in TOKENS]
    for word, (label, odds) in ({} if blind else WORDS).items():
        table[TOKENS.index(word)][LABELS.index(label)] = odds
    (folder / "model.onnx").write_bytes(_model(table))
    lists = {"vocab": TOKENS, "places": ["Berlin", "New York", "Spain"], "given": ["harun", "marie"], "surnames": ["novak"]}
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
    (folder / "labels.json").write_text(json.dumps(LABELS))
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Write the list of sums anew."""
    files = sorted(file for file in folder.iterdir() if file.name != "SHA256SUMS")
    (folder / "SHA256SUMS").write_text("".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files))


def _model(table: list[list[float]]) -> bytes:
    values = b"".join(struct.pack(f"<{len(row)}f", *row) for row in table)
    tensor = _number(1, len(table)) + _number(1, len(table[0])) + _number(2, 1) + _bytes(8, b"table") + _bytes(9, values)
    node = _bytes(1, b"table") + _bytes(1, b"input_ids") + _bytes(2, b"logits") + _bytes(4, b"Gather")
    inputs = b"".join(_bytes(11, _value(name, 7)) for name in (b"input_ids", b"attention_mask", b"token_type_ids"))
    graph = _bytes(1, node) + _bytes(2, b"tiny") + _bytes(5, tensor) + inputs + _bytes(12, _value(b"logits", 1, b"kinds"))
    return _number(1, 8) + _bytes(8, _bytes(1, b"") + _number(2, 17)) + _bytes(7, graph)


def _value(name: bytes, kind: int, *more: bytes) -> bytes:
    shape = b"".join(_bytes(1, _bytes(2, size)) for size in (b"rows", b"tokens", *more))
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, shape)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])
