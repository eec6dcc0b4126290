"""How much must speak for a name, in letters, in chat, in manuals and in programs.

The numbers are chosen on the half of bench/redaction's templates that is meant for it, and on clean text in four languages, and on
the files for development of public sets (docs/redaction.md); decoding.py applies them.
"""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What must speak for a kind before a word is taken: least odds (natural logarithms; below nought: more may speak against it)."""

    given: float = -8.0
    """Somebody is called so, and it is written as a name is."""
    opening_given: float = -4.0
    """... where every sentence has a capital."""
    ordinary: float = 1.0
    """... or any word that means something as well, unless it follows a name."""
    surname: float = -8.0
    opening_surname: float = -4.5
    capital: float = -5.5
    opening: float = -2.5
    """A capital where every sentence has one."""
    unsure_opening: float = -1.0
    """... in a language whose words are known less well, or in none."""
    place: float = -7.0
    """A capital for which the model thinks of a town: it is seldom wrong about these, and seldom sure."""
    opening_place: float = -4.5
    street: float = -5.5
    titled: float = 1.5
    """A capital in a heading, where every word has one."""
    noun: float = -1.5
    """A capital in a language that writes every noun so."""
    noun_street: float = 0.0
    noun_surname: float = -4.0
    common_noun: float = 7.0
    """So much more where it is known as a noun, or has an article, or is built like one."""
    governing: float = 4.0
    """So much more at a sentence's beginning where what follows makes it a verb or a noun."""
    also_small: float = 3.0
    """So much more where the text has the word written small as well."""
    shout: float = 9.0
    known_shout: float = 6.0
    """All capitals, and somebody is called so."""
    small: float = 7.0
    known_small: float = 0.0
    """Written small, and somebody is called so."""
    other_known_small: float = 2.5
    """... in another language than English, by somebody who uses capitals: "elio", "norma" and "collier" are words first."""
    ordinary_small: float = 4.0
    """... and the word means something as well."""
    told: float = 9.0
    """Written small behind "tell" or "my friend"."""
    known_told: float = 0.0
    whither: float = 7.0
    """Written small behind "we go to"."""
    known_whither: float = 0.0
    digits: float = -1.0
    mixed: float = 4.0
    """Letters and digits in one word: a model of something, more often than a door or a postal code."""
    not_name: float = 6.0
    """A word of the list of those."""
    thing: float = 7.0
    """A word that is known as a thing's name."""
    likely_thing: float = 6.5
    """... and is somebody's name elsewhere."""
    small_thing: float = 6.5
    """... and is written small."""
    called_after: float = 8.0
    """Where the words beside it say that it is called after somebody."""
    not_street: float = 3.0
    """... of which many are part of a street's name."""
    function: float = 7.0
    """A small word that is written small, as no name is."""
    opening_function: float = 4.0
    beside: float = 2.5
    """So much less beside another word of its kind."""
    companion: float = -9.0
    """Beside a name that was found, and written like one."""
    opening_companion: float = -6.0
    lone_street: float = 2.0
    """A word that stands for a street without a number, a code, a town or a word for a road."""
    lone_number: float = 8.0
    """A number that stands for an address without a street or a town beside it."""


STANDARD: Final = Thresholds()
HIGH_RECALL: Final = Thresholds(
    given=-12.0,
    opening_given=-8.0,
    ordinary=-4.0,
    surname=-10.0,
    opening_surname=-6.0,
    capital=-9.0,
    opening=-4.0,
    unsure_opening=-4.0,
    place=-10.0,
    opening_place=-7.0,
    street=-9.0,
    titled=-3.0,
    noun=-4.0,
    noun_street=-3.0,
    noun_surname=-10.0,
    common_noun=4.0,
    shout=2.0,
    known_shout=0.0,
    small=3.5,
    known_small=-2.0,
    other_known_small=-2.0,
    ordinary_small=-1.5,
    digits=-3.0,
    lone_street=-8.0,
    lone_number=3.0,
    thing=6.0,
    likely_thing=4.5,
    small_thing=4.5,
    called_after=6.0,
)
# Where programs are spoken of, a capital says less: menus, keys and products have one.
TECHNICAL: Final = replace(
    STANDARD,
    given=-6.0,
    opening_given=-2.0,
    ordinary=2.0,
    surname=-6.0,
    opening_surname=1.5,
    capital=-3.0,
    opening=1.5,
    unsure_opening=1.5,
    place=-3.0,
    opening_place=1.5,
    street=-3.0,
    noun=1.0,
    noun_street=1.0,
    noun_surname=-2.5,
    small=9.0,
    lone_number=30.0,
)
# In chat a capital is rare, so that it says more, and missing ones say less.
INFORMAL: Final = Thresholds(
    given=-10.0,
    opening_given=-8.0,
    surname=-9.0,
    opening_surname=-6.0,
    capital=-10.5,
    opening=-5.0,
    unsure_opening=-5.0,
    place=-10.5,
    opening_place=-7.0,
    street=-7.0,
    titled=-1.0,
    noun=1.0,
    noun_street=1.0,
    noun_surname=-2.5,
    common_noun=0.0,
    governing=0.0,
    also_small=0.0,
    shout=-1.0,
    known_shout=-1.0,
    small=2.5,
    known_small=-4.0,
    other_known_small=-4.0,
    ordinary_small=-1.5,
    told=-3.5,
    known_told=-10.0,
    whither=0.0,
    lone_street=-20.0,
    thing=0.0,
    likely_thing=0.0,
    small_thing=-99.0,
    called_after=3.0,
    known_whither=-4.0,
)
HIGH_RECALL_INFORMAL: Final = replace(
    HIGH_RECALL,
    capital=-10.5,
    opening=-5.0,
    unsure_opening=-5.0,
    place=-10.5,
    opening_place=-7.0,
    street=-10.5,
    noun_surname=-8.0,
    common_noun=0.0,
    governing=0.0,
    also_small=0.0,
    shout=-1.0,
    small=2.5,
    known_small=-4.0,
    other_known_small=-4.0,
    ordinary_small=-1.5,
    told=-4.5,
    known_told=-10.0,
    whither=-1.0,
    small_thing=-99.0,
    known_whither=-5.0,
)
# In a program only what the model is sure of, as it is of a letter's words in a string.
CODE: Final = Thresholds(
    given=3.0,
    surname=6.0,
    opening_surname=8.0,
    capital=8.0,
    opening=8.0,
    unsure_opening=8.0,
    place=8.0,
    opening_place=8.0,
    street=8.0,
    titled=8.0,
    opening_given=3.0,
    noun=8.0,
    noun_street=8.0,
    noun_surname=8.0,
    shout=12.0,
    known_shout=12.0,
    small=12.0,
    known_small=12.0,
    other_known_small=12.0,
    digits=9.0,
    mixed=12.0,
    not_name=12.0,
    function=30.0,
    opening_function=30.0,
    beside=1.0,
    companion=0.0,
    opening_companion=4.0,
    lone_number=30.0,
)
