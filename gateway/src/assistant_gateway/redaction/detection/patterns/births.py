"""Dates of birth: a date in any usual writing, after or before a word about being born. Other dates are nobody's."""

import re
from collections.abc import Iterator
from typing import Any, Final

import rurex

from assistant_gateway.redaction.detection.folding import fold
from assistant_gateway.redaction.detection.patterns.page import Cue, Found, Hit, Page, Shape
from assistant_gateway.redaction.detection.patterns.vocabulary import Kind

_MONTHS: Final = fold(
    """
    january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov
    dec januar februar märz mai juni juli oktober dezember mrz okt dez jänner janvier février mars avril juin juillet août septembre
    octobre novembre décembre janv févr juil enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    ene abr ago dic gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre gen mag giu lug set ott janeiro fevereiro
    março maio junho julho setembro outubro novembro dezembro fev out januari februari maart april mei augustus mrt augusti stycznia lutego
    marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia maj juni juli tammikuuta helmikuuta maaliskuuta
    huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta
    """
).text
_MONTH: Final = "(?:" + "|".join(sorted(set(_MONTHS.split()), key=lambda month: (-len(month), month))) + r")\.?"
_YEAR: Final = "(?:1[89]|20)[0-9]{2}"
# The longer first: the first alternative that fits is taken.
_DAY: Final = r"(?:[12][0-9]|3[01]|0?[1-9])"
_MON: Final = "(?:1[0-2]|0?[1-9])"
DATE: Final[Any] = rurex.compile(
    "|".join(
        (
            rf"{_YEAR} ?[./\-] ?{_MON} ?[./\-] ?{_DAY}",
            rf"(?:{_DAY} ?[./\-] ?{_MON}|{_MON} ?[./\-] ?{_DAY}) ?[./\-] ?(?:{_YEAR}|'?[0-9]{{2}})",
            rf"{_DAY}(?:st|nd|rd|th|er|\.|o|a)?[ \-/]?(?: ?(?:of|de|di|del))? ?{_MONTH}"
            rf"(?:,? ?(?:de|del|of))?[ ,\-/]{{0,2}}(?:{_YEAR}|'?[0-9]{{2}})",
            rf"{_MONTH}[ \-/]{_DAY}(?:st|nd|rd|th)?,?[ \-/](?:{_YEAR}|'?[0-9]{{2}})",
            rf"{_YEAR}[ \-/,]{{1,2}}{_MONTH}[ \-/]{_DAY}(?:st|nd|rd|th)?",
            rf"{_YEAR}(?:\x7f|\. ?){{1,3}}{_MON}(?:\x7f|\. ?){{1,3}}{_DAY}(?:\x7f|\.)?",
            r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])",
            rf"{_YEAR}, ?{_MON}, ?{_DAY}",
            r"(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:19|20)[0-9]{2}",
            rf"\x7f{{2}} ?[0-9]{{1,2}}\x7f{_MON}\x7f{_DAY}\x7f",  # the years of an emperor
            # Of a language whose months we do not know: a word between a day and a year.
            rf"{_DAY}(?:\.|\x7f)? ?(?:de )?[a-z\x7f]{{3,14}}\.? ?(?:de )?(?:19|20)[0-9]{{2}}",
            rf"{_DAY}(?:st|nd|rd|th)?(?: of)? {_MONTH}|{_MONTH} {_DAY}(?:st|nd|rd|th)?",
        )
    ).encode(),
    rurex.IGNORECASE,
)
# What names the year asks for nothing else.
_OF_YEAR: Final = (b"year", b"jahr", b"annee", b"ano", b"anno", b"jaar", b"rok")
_YEAR_ALONE: Final = re.compile(rb"[\"' ]{0,3}(?:is|ist|est|:|=|-)?[\"' ]{0,3}((?:19|20)[0-9]{2})(?![0-9A-Za-z]|[.\-/][0-9])")
_LONGEST: Final = 40  # bytes of a date that is written out, and
_PARTS: Final = 4  # places in it where one could begin
# Names and places may stand between: "Anna Weber, born in Hamburg on 3 May 1985".
_REACH: Final = 56
# `... and mine is 22 Jan 1985`
_ANOTHER: Final = re.compile(
    rb"(?i),?(?: (?:and|und|et|y|e|en|i))? (?:mine|his|hers|yours|theirs|meine?s?|seine?s?|ihre?s?|la mienne|le mien|la mia|la mia"
    rb"|la sua|el mio"
    rb"|la suya|(?:my|her|his|your) [a-z]{2,12}'?s)(?: (?:is|was|ist|war|est|es|e))? (?=[0-9A-Za-z])"
)
_BEHIND: Final = re.compile(
    rb"[ \-,:)(]{0,3}(?:is|was|as|ist|est|es|e)?(?: my| his| her| their| the| mein| meine| ma| mi)? ?\Z", re.IGNORECASE
)
_DIGIT: Final = re.compile(rb"[0-9]")
_START: Final = re.compile(rb"(?<![0-9A-Za-z])(?=[0-9]|\x7f{2} ?[0-9]{1,2}\x7f|[A-Za-z]{3,10}\.?[ \-/][0-9])")


def _born(page: Page, hit: Hit) -> Iterator[Found]:
    """The first date after the word, in its sentence; else one directly before it."""
    view = page.view
    word = view[hit.start : hit.end].lower()
    if (word.startswith(_OF_YEAR) or word.endswith(_OF_YEAR)) and (year := _YEAR_ALONE.match(view, hit.end)):
        yield Found(*year.span(1), "DATE_OF_BIRTH")
        return
    stop = _sentence(view, hit.end)
    for start in _START.finditer(view, hit.end, stop):
        if (found := _date(view, start.start(), len(view))) is not None:
            yield found
            if (more := _ANOTHER.match(view, found.end)) and (found := _date(view, more.end(), len(view))) is not None:
                yield found
            return
        if view[start.start() : start.start() + 1].isdigit():
            break
    yield from _before(view, hit)


def _date(view: bytes, start: int, stop: int) -> Found | None:
    """Return the date that begins there and ends before `stop`, where no letter or digit follows it."""
    match = DATE.match(view[start : min(stop, start + _LONGEST)])
    if match is None:
        return None
    end = start + match.end()
    time = _TIME.match(view, end)
    if time is None and view[end : end + 1].isalnum():
        return None
    return Found(start, time.end() if time else end, "DATE_OF_BIRTH")


_TIME: Final = re.compile(rb"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+\-][0-9]{2}:?[0-9]{2})?(?![A-Za-z0-9])")


def _sentence(view: bytes, start: int) -> int:
    stop = min(len(view), start + _REACH)
    for end in (b"\n\n", b"; ", b"! ", b"? "):
        cut = view.find(end, start, stop)
        stop = cut if cut >= 0 else stop
    return stop


def _before(view: bytes, hit: Hit) -> Iterator[Found]:
    """`1985-03-12 (date of birth)`, `3 May 1985 is my birthday`, `12.3.1985 geboren`."""
    if len(_DIGIT.findall(view, max(0, hit.start - 14), hit.start)) < 2:
        return
    reach = max(0, hit.start - 44)
    for start in list(_START.finditer(view, reach, hit.start))[-_PARTS:]:
        found = _date(view, start.start(), hit.start)
        if found is not None and _BEHIND.fullmatch(view, found.end, hit.start):
            yield found
            return


# `b. 14 Feb 1986`, and the star of German registers: `*12.09.1955`. At the beginning of a line it is a list's.
_SIGNED: Final = (
    rf"(?:\A|[\n(,;:] ?|[A-Z][A-Za-z]{{1,24}} )b\. ?"
    rf"(?i:{_DAY} {_MONTH} {_YEAR}|{_DAY}[./]{_MON}[./](?:{_YEAR}|[0-9]{{2}}\b)|{_MON}/{_DAY}/(?:{_YEAR}|[0-9]{{2}}\b))",
    rf"(?i)(?:[a-z\x7f.)] ?|[,(;] ?\x20?)\*{_DAY}\. ?(?:{_MON}\.|{_MONTH}) ?{_YEAR}\b|[,(;] ?\* {_DAY}\. ?(?:{_MON}\.|{_MONTH}) ?{_YEAR}\b",
)


def _signed(page: Page, start: int, end: int) -> Found | None:
    view = page.view
    first = next(match.start() for match in _START.finditer(view, start + 1, end))
    if (
        view[end : end + 1] == b"*"
        or view[end : end + 1].isalnum()
        or (start and view[start : start + 1] == b"b" and view[start - 1 : start] in (b".", b"-"))
    ):
        return None
    return Found(first, end, "DATE_OF_BIRTH")


SHAPES: Final = (
    Shape(_SIGNED[:1], _signed, frozenset({"DATE_OF_BIRTH"}), digits=True),
    Shape(_SIGNED[1:], _signed, frozenset({"DATE_OF_BIRTH"}), needs=b"*", digits=True),
)
CUES: Final = (Cue(Kind.BIRTH, _born, frozenset({"DATE_OF_BIRTH"}), digits=True),)
