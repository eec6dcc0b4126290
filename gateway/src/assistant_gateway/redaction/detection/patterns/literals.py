"""What stands after a word like `password` or `token`: where the value ends, and whether it is a literal, a name of a program or a blank.

In source code such a word mostly stands before another name, a call or a type; in documents before a placeholder. Those stay.
"""

import re
from collections.abc import Iterator, Mapping
from math import log2
from typing import Final

Separator = re.Pattern[bytes]

# After the word: the rest of its identifier (`_prod`, `2`), a closing quote or bracket, and what says "is".
_SUFFIX: Final = (
    rb"(?:(?:[_\-]|(?<=_))(?:value|string|key|prod|production|dev|test|live|staging|base64|b64|base|hash|plain|text|new|old|current|root|admin|main|primary"
    rb"|replica|backup|default|confirm|confirmation|repeat|again)|-[a-z0-9]{1,3})?"
    rb"(?:[0-9]{0,3}| [0-9]{1,2}(?=[\"']?[ \t]?[:=]))"
)
_SUFFIXES: Final = b"_-0123456789abcdhklmnoprstvABCDHKLMNOPRSTV"  # what the rest of an identifier begins with
_QUOTE: Final = rb"(?:[\"'](?=\\[\"']))?(\\?[\"'`]{1,3})?"
ASSIGNED: Final = re.compile(
    rb"(?i)" + _SUFFIX + rb"\\?[\"'`]?\]?[ \t]{0,24}(?:<[^>\n]{0,40}>[ \t]?)?(?::{1,3}=|::?|=>|={1,2}|[?.]=|\|\s?|->|,|>| - |\.{3,48})"
    rb"[ \t]{0,3}(?:\r?\n)?[ \t]{0,8}"
    rb"(?:\*\*|__)?(?:[fbru]{1,2}(?=[\"']))?" + _QUOTE
)
_FOR_WHAT: Final = (
    rb"(?:[ \t]{1,2}(?:for|to|of|on|in|at|fur|auf|im|vom|pour|sur|para|per|von|de|del|della|di|do|da|der|des|zum|zur|voor|van|till|til|pa"
    rb"|na|dla)"
    rb"(?:[ \t][^\s:=.,;]{1,24}){1,4}?|[ \t](?:wi-?fi|wlan|router|vpn|e?mail|admin|root|ftp))?"
)
# Markdown and HTML around a label and its value, and the cells of a table.
_DRESS: Final = rb"(?:[*_]{1,3}|</?[a-z][a-z0-9]{0,9}>){0,2}"
_CELL: Final = rb"</(?:td|th|dt|label|b|strong|span)>\s{0,4}<(?:td|dd|code|span|b|input)[^>\n]{0,40}>"
LABELLED: Final = re.compile(
    rb"(?i)(?:"
    + _DRESS
    + rb"(?:"
    + _FOR_WHAT
    + rb"|[ \t]?\([^)\n]{0,24}\))"
    + _DRESS
    + rb"[ \t]?[:=]"
    + _DRESS
    + rb"[ \t]{1,3}"
    + _DRESS
    + rb"|"
    + _CELL
    + rb")"
    + _QUOTE
)
_VERB: Final = (
    rb"(?:is|was|are|be|becomes|ist|war|lautet|heisst|wird|est|sera|es|era|e|eh|er|ar|on|jest|to|set to|changed to|reset to|now|still"
    rb"|used to be|it'?s|c'?(?:est|etait)|c)"
)
_NOW: Final = (
    rb"(?:(?:now|still|always|set to|currently|jetzt|immer ?noch|weiterhin|noch|now set to|ahora|siempre|sigue siendo|maintenant|toujours"
    rb"|encore|adesso|sempre|ancora|nog steeds|nu|teraz|nadal|ainda|agora)[ \t]{1,2})?"
)
SAID: Final = re.compile(
    rb"(?i)[\"'`*_]{0,3}"
    + _FOR_WHAT
    + rb"(?:'s|[ \t]{1,2}(?:"
    + _VERB
    + rb"[ \t]{1,2}){0,1}"
    + _VERB
    + rb")(?:[ \t]{1,2}|[ \t]?[:=][ \t]{0,2})"
    + _NOW
    + rb"(?:[:=][ \t]?)?[*_]{0,3}"
    + _QUOTE
)
# `password: str = "..."`, `PASSWORD: &'static str = "..."`, Go's `password string = "..."`; `.setPassword("...")`, `apiKey("...")`.
TYPED: Final = re.compile(
    rb"(?:[ \t]?:[ \t]?&?(?:'static )?(?:mut )?[A-Za-z][A-Za-z0-9_.<>\[\]?| ]{0,32}|[ \t]string[ \t])=[ \t]?"
    rb"(?:[fbru]{1,2}(?=[\"']))?(\"{3}|[\"'`])"
)
GIVEN_TO: Final = re.compile(rb"\(\\?([\"'])(?=[^\"'\n]{1,160}[\"']\))")
# A script without spaces: a word or two of it, then the value.
UNSPACED: Final = re.compile(rb"\x7f{1,3}[ \t]?[:=]?[ \t]?" + _QUOTE)
# The name is a value itself, and what it names stands beside it: `name: DB_PASSWORD` and `value: x`, `variable "password" { default = "x"`.
BESIDE: Final = re.compile(
    rb"(?i)"
    + _SUFFIX
    + rb"(?:\\?[\"']?[ \t]{0,3}(?:,\s{0,40}|\s{1,40})|[\"'] ?\{[^{}]{0,160}?\s)"
    + rb"\\?[\"']?(?:value|default)\\?[\"']?[ \t]{0,3}[:=][ \t]{0,3}"
    + _QUOTE
)
# Other words between, up to one that says "is": only what can hardly be a word is taken (`the pin we agreed upon is ...`).
FAR: Final = re.compile(rb"(?i)[^\n.;:=\"`(){}<>|]{2,48}?(?:[ \t]" + _VERB + rb"[ \t]{1,2}" + _NOW + rb"|[:=][ \t]{1,2})" + _QUOTE)
# Nothing between: only what can hardly be a word is taken (`my password Zx9!kk2`).
NEXT: Final = re.compile(rb"[ \t]{1,2}" + _QUOTE)

# The bytes that each of these can begin with: most are not tried at all.
BEGINNINGS: Final[Mapping[Separator, bytes]] = {
    TYPED: b" \t:",
    GIVEN_TO: b"(",
    ASSIGNED: _SUFFIXES + b"\\\"'`] \t<:=|,>.?",
    LABELLED: b"*_<( \t:=",
    SAID: b"\"'`*_ \t",
    BESIDE: _SUFFIXES + b"\\\"' \t\r\n\f\v,",
    UNSPACED: b"\x7f",
    NEXT: b" \t",
}


def by_byte(*separators: Separator) -> dict[bytes, tuple[Separator, ...]]:
    """Return which of the separators may stand behind a word, by the byte that follows it, in their order."""
    return {bytes([byte]): tuple(one for one in separators if byte in BEGINNINGS[one]) for byte in range(0x80)}


# Routers and switches say how it is hidden, then what: `password 7 0822455D0A16544541`.
HIDDEN: Final = re.compile(rb" (?:7 ([0-9]{2}[0-9A-F]{6,80})|[4589] ([$A-Za-z0-9./]{20,120}))(?![A-Za-z0-9])")

_QUOTED: Final = 4096  # bytes of a value in quotes
_BARE: Final = re.compile(rb"[^\s\"'`<>,;]{1,160}")
_LONGEST: Final = 160
_REST: Final = re.compile(rb"[^\s\"'`<>,;\x7f]{1,864}")  # of a key, which is longer than passwords are, and ASCII
_NEXT_PARAMETER: Final = re.compile(rb"&(?=[A-Za-z_]{1,24}=)")
_TRAILING: Final = b".:\\?*|\x7f"
_OPENING: Final = {ord(")"): b"(", ord("]"): b"[", ord("}"): b"{"}

_PLACEHOLDER: Final = re.compile(
    rb"\?[a-z].*|[$%#]?\{.{0,200}\}?|<.*|(?:%[sdr]|[^a-z0-9])+|%\(?[a-z_]+\)?s?%?|\[[a-z _\-]+\]?|\(.*|[*x.\x7f\-_#?]+"
    rb"|process\.env.*|os\.(?:environ|getenv).*|env\..*|.*\(|&.*;"
    rb"|(?:your|my|the|some|a|an|insert|enter|change|replace|example|sample|dummy|test|fake|placeholder|xxx)[_\-. ]?(?:own)?[_\-. ]?"
    rb"(?:api|access|secret|auth|new|old|client|app|user|db|strong)?[_\-. ]?"
    rb"(?:key|token|secret|password|passwd|pass|here|me|id|this|goes|value)[a-z_\-]*"
)
_NO_SECRETS: Final = frozenset(
    b"""
    required optional string str text none null nil true false undefined invalid incorrect missing expired reset hidden password
    passwd pwd secret token key varchar integer int bool boolean bytes char object any number wrong correct empty blank needed needs
    stored encrypted hashed changed not too very weak strong secure safe unsafe never always only also still now being been set sent
    used known unknown protected visible valid available unavailable mandatory forgotten lost stolen compromised shared public private
    default the a an my your our their his her its in on at by for from to of and or if when that this which what who case-sensitive
    case-insensitive confirmed updated generated kept saved and/or same different longer shorter something anything everything nothing
    input output value type field param name user username email falsch richtig erforderlich ungultig vergessen abgelaufen geheim
    sicher nicht leer notwendig incorrecto incorrecta invalido invalida obligatorio olvidado oublie requis obligatoire invalide expire
    errata sbagliata richiesta authentication authorization manager policy management protection function return class import export
    const self encoding
    """.split()
)
# A name, an attribute, a call or a type of a programming language.
_NAME: Final = re.compile(
    rb"[!&*]?[A-Za-z_$][A-Za-z0-9_$]*(?:(?:\?\.|\.|->|::)[A-Za-z_$][A-Za-z0-9_$]*)+(?:[(\[].*|\{[A-Za-z_:}]*)?!?"
    rb"|[!&*]?[A-Za-z_$][A-Za-z0-9_$]*(?:[(\[].*|\{[A-Za-z_:}]*)"
    rb"|[a-z_]+|[a-z]+(?:[A-Z][a-z]+)+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]+|(?:[A-Z][a-z]+)+|[a-z]+(?:_[a-z0-9]+)+|[a-z0-9.\-]+(?:/[a-z0-9._\-]+)+"
    rb"|(?:Optional|Union|List|Dict|Secret|Secure|Str|Char|Field|Column|String|Text|Type|Any|Literal|Callable|Option|Vec|Box|Promise|Array|Map|Record)"
    rb"[A-Za-z]*"
)
# No part of a name is so long and so full of digits: `test_3f9c...` is a key.
_DRAWN_PART: Final = re.compile(
    rb"(?<![a-z0-9])(?=[a-z0-9]{16})(?=[0-9]*[a-z])(?:[a-z]{0,8}[0-9]){5}|(?=[A-Za-z0-9]{24})(?:[A-Za-z]{0,8}[0-9]){5}"
)
_VARIABLE: Final = re.compile(rb"\$\(?(?:[A-Z_][A-Z0-9_]*|[a-z_]+(?:\.[a-z_]+)*)\)?-?")
_PATH: Final = re.compile(rb"(?:\.{1,2}|~)?(?:/[A-Za-z0-9._\-]+){2,}/?")


def mark(separator: bytes) -> bytes:
    """Return the sign that says "is" in what ASSIGNED matched: `:`, `=`, `|`, `,`, `>` or their like."""
    return separator.lstrip(b" \t\"'`]\\")[:1]


def extent(view: bytes, at: int, quote: bytes | None) -> tuple[int, int]:
    """Return the half-open range of the value that begins at `at`: to the same quote on its line, else to white space, `,` or `;`."""
    if quote:
        end = view.find(quote, at, at + _QUOTED)
        line = view.find(b"\n", at, at + _QUOTED)
        return (at, end) if end >= 0 and (line < 0 or end < line or len(quote) == 3) else (at, at)
    match = _BARE.match(view, at)
    if match is None:
        return at, at
    end = match.end()
    if end - at == _LONGEST and (rest := _REST.match(view, end)) is not None and b"\x7f" not in match[0]:
        end = rest.end()
    if (parameter := _NEXT_PARAMETER.search(view, at, end)) is not None:
        end = parameter.start()
    value = view[at:end].rstrip(_TRAILING)
    while value and value[-1] in _OPENING and _OPENING[value[-1]] not in value[1:]:  # a bracket that was not opened inside it
        value = value[:-1].rstrip(_TRAILING)
    return at, at + len(value)


def is_name(value: bytes) -> bool:
    """Whether a bare value is what a program calls something, not a literal."""
    if value[:1] in (b"<", b"(", b"{", b"[") or value[:2] in (b"${", b"$(", b"&{"):
        return True
    return _NAME.fullmatch(value) is not None and _DRAWN_PART.search(value) is None


def is_blank(value: bytes) -> bool:
    """Whether the value is a placeholder, a path, or a word that says something about secrets instead of being one."""
    lower = value.strip().lower()
    if (
        lower in _NO_SECRETS
        or _PLACEHOLDER.fullmatch(lower) is not None
        or _PATH.fullmatch(value) is not None
        or _VARIABLE.fullmatch(value)
    ):
        return True
    return len(set(lower)) < 3 and not lower.isalnum()


_LIST: Final = re.compile(rb"s?\\?[\"']?[ \t]{0,3}[:=][ \t]{0,3}(?:\[\s{0,24}|\r?\n[ \t]{0,24}- )" + _QUOTE)
_ITEM: Final = re.compile(rb"\\?[\"']?(?:[ \t]{0,3},\s{0,24}|\r?\n[ \t]{0,24}- )" + _QUOTE)
_MOST_ITEMS: Final = 32


def items(view: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield the values of a list that a name is given: `passwords = ["...", "..."]`, and YAML's with a dash in each line."""
    match = _LIST.match(view, at)
    for _ in range(_MOST_ITEMS):
        if match is None:
            return
        start, end = extent(view, match.end(), match[1])
        if end > start and view[end - 1 : end] == b"]":
            end -= 1
        if end > start:
            yield start, end
        match = _ITEM.match(view, end)


def is_phrase(value: bytes) -> bool:
    """Whether it is several words in one, as generators of passwords make them: `correct-horse-battery-staple`."""
    return _PHRASE.fullmatch(value) is not None and _ABOUT.search(value.lower()) is None


_PHRASE: Final = re.compile(rb"[A-Za-z]{3,10}(?:[\-_.][A-Za-z]{3,10}){2,6}[\-_.]?[0-9]{1,4}|[A-Za-z]{3,10}(?:-[A-Za-z]{3,10}){3,6}")
_ABOUT: Final = re.compile(rb"pass|secret|token|key|credential|database|prod|example|your|enter|change|version")


_DIGITS: Final = b"0123456789"
_JOINERS: Final = b"_-."  # names have them
# What each byte counts as, one character for each class.
_CLASS: Final = bytes(
    ord("a" if chr(byte).islower() else "A" if chr(byte).isupper() else "0" if chr(byte).isdigit() else "!") if byte < 0x7F else ord("!")
    for byte in range(0x100)
)


def digits(value: bytes) -> int:
    """How many digits it has."""
    return len(value) - len(value.translate(None, _DIGITS))


def classes(value: bytes) -> int:
    """How many of small letters, capitals, digits and other characters (`_`, `-` and `.` aside: names have them) it has."""
    return len(set(value.translate(_CLASS, _JOINERS)))


def entropy(value: bytes) -> float:
    """Return Shannon's entropy in bits per character."""
    counts = [value.count(character) for character in set(value)]
    return -sum(count / len(value) * log2(count / len(value)) for count in counts)


_SPECIAL: Final = frozenset(b"!@#$%^&*+~?|\\/{}=:")
_CAPITALS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def has_special(value: bytes) -> bool:
    """Whether a sign is in it that names do not have."""
    return not _SPECIAL.isdisjoint(value) or (b"-" in value and not _CAPITALS.isdisjoint(value))


def is_odd(value: bytes) -> bool:
    """Whether no word is written so: digits and a sign, or digits, small letters and capitals."""
    return len(value) >= 6 and value[:1].isalnum() and bool(digits(value)) and classes(value) >= 3 - has_special(value.rstrip(b"!?"))


_NUMBERED: Final = re.compile(rb"[A-Za-z]?[a-z]+[0-9]{1,4}[!?]?")  # Base64, Office365


def is_made_up(value: bytes, *, numbered: bool = False) -> bool:
    """Whether it would be odd without the word before it as well, and is neither a file, an address, a version nor a numbered word."""
    odd = len(value) >= 6 and is_odd(value) and classes(value) >= 3 and not any(sign in value for sign in b"/:.@(")
    return odd and (numbered or _NUMBERED.fullmatch(value) is None)
