"""The one expression that finds all words of the vocabulary, and what a word that was found says.

A word begins where a run of letters begins, or at a capital (camelCase, `DB_PASSWORD`).
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from assistant_gateway.redaction.detection.folding import fold
from assistant_gateway.redaction.detection.patterns.vocabulary import TABLE

_SPACE: Final = r"[ _\-.]{0,2}"
_Branches = dict[str, "_Branches"]

# Also words of everyday language, so they count in capitals, or as a key (`sin: 046 454 286`).
_ACRONYMS: Final = frozenset(
    b"tan sin pan tin ein nir rut ine rfc rg cf pis ird pps cni spi"
    b" fin rib aba cc bic sid nip taj egn oib ur ph ddn mbi mrn utr rif acc ccc cbu nib cta cie dl fn dn nss ww kom zap kpn cel"
    b" nik nin nit dui cui frn ruc egk cep npi".split()
)
LONGEST_ACRONYM: Final = max(map(len, _ACRONYMS)) + 2  # with a `_` or a number behind it
DIALS: Final = frozenset(bytes((byte,)) for byte in b"0123456789+(")
ALNUM: Final = frozenset(byte for byte in range(0x80) if chr(byte).isalnum())
# Long enough to be the end of a longer name: `dbpassword`, `MYAPIKEY`.
_ENDINGS: Final = (b"password", b"passwd", b"passwort", b"kennwort", b"apikey", b"secretkey", b"accesskey", b"telefonnummer", b"passphrase")


def begins(view: bytes, start: int, end: int) -> bool:
    """Whether the word at these offsets of the view is one of its own: not the end of another, and no acronym in small letters."""
    if start and view[start - 1 : start].isalnum() and not (view[start : start + 1].isupper() and _is_hump(view, start)):
        inside = view[start:end].lower()
        return inside.startswith(_ENDINGS) or (end - start > _SHORTEST_COMPOUND and inside.translate(None, JOINTS) in _compounds())
    word = view[start:end]
    bare = word.strip(b"_0123456789").lower()
    if bare not in _ACRONYMS or not word.islower():
        return True
    if word[-1:].isdigit():  # `sin2 = ...`
        return False
    if view[end : end + 1] in (b":", b"=", b'"', b"'", b"#"):
        return True
    return view[end : end + 2] == b". " and view[end + 2 : end + 3] in DIALS  # shortened: `ur. 12.03.1965`


def _is_hump(view: bytes, at: int) -> bool:
    """Whether a name of a program goes on with another word at the capital there: `dbToken`, `DBToken`."""
    before = view[at - 1 : at]
    return before.islower() or (before.isupper() and view[at + 1 : at + 2].islower())


@cache
def _compounds() -> frozenset[bytes]:
    """Return the words whose last part says the same: `plaid_token` is no `id token`, but a token all the same."""
    known = kinds()
    return frozenset(
        plain(word).encode()
        for kind, word in _words()
        if " " in word and word.isascii() and known.get(plain(word.partition(" ")[2]), 0) & kind
    )


class _Kinds(dict[str, int]):
    """The kinds of words; one with a number behind it is of the kind of the word (`password2`)."""

    def __missing__(self, word: str) -> int:
        bare = word.rstrip("0123456789")
        if bare == word:
            raise KeyError(word)
        return self[bare]


@cache
def kinds() -> dict[str, int]:
    """Return every word, folded, without its spaces, and its kinds."""
    known = _Kinds()
    for kind, word in _words():
        known[plain(word)] = known.get(plain(word), 0) | kind
    return known


@cache
def spelt() -> dict[bytes, int]:
    """Return the kinds of the words that are ASCII, as they stand in a text more often than not: with one blank, or none, between parts."""
    return {word.encode(): kinds()[plain(word)] for _, word in _words() if word.isascii()}


def _words() -> Iterator[tuple[int, str]]:
    """Yield each word as it is found in small letters after folding.

    Capitals fold by their own looks: Н is an H, н is nothing Latin. So a word is spelt in all three ways.
    """
    for kind, words in TABLE.items():
        for word in filter(None, map(str.strip, re.split(r"[|\n]", words))):
            for short in {word, _NUMBER.sub("nr", word)}:  # Passnummer, Passnr.; numer konta, nr konta
                for spelt in {fold(written).text.lower() for written in (short, short.upper(), short.capitalize())}:
                    yield kind, spelt


_NUMBER: Final = re.compile(r"(?<=[a-z])nummer$|^numer(?= )")


JOINTS: Final = b" _-."
_SHORTEST_COMPOUND: Final = 6
_NO_JOINTS: Final = str.maketrans("", "", JOINTS.decode())


def plain(word: str) -> str:
    """Return a word as kinds() knows it."""
    return word.translate(_NO_JOINTS)


def expression(ascii_only: bool) -> str:
    """Return the Rust expression of all words that are ASCII after folding (for the view), or of the others (for the text).

    The others need no boundary: a script without spaces has none.
    """
    words = _tree(_branches(word for _, word in _words() if word.isascii() is ascii_only))
    return rf"{words}(?:\b|_|[0-9]{{1,2}}\b)" if ascii_only else words


def _branches(words: Iterable[str]) -> _Branches:
    """Return the words letter by letter; "" where one ends."""
    first: _Branches = {}
    for word in words:
        branches = first
        for letter in word:
            branches = branches.setdefault(letter, {})
        branches[""] = {}
    return first


def _tree(branches: _Branches) -> str:
    """Return what matches them, the longest first, with each beginning once.

    As a list of words the automaton would have to be in all of them at once, and a text that it has not seen would cost ten times as much.
    """
    ways = [(_SPACE if letter == " " else re.escape(letter)) + _tree(behind) for letter, behind in sorted(branches.items()) if letter]
    if not ways:
        return ""
    either = f"(?:{'|'.join(ways)})" if len(ways) > 1 or "" in branches else ways[0]
    return f"{either}?" if "" in branches else either
