"""Tests of the thresholds."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant_gateway.redaction.entities import Span
from assistant_gateway.redaction.names.lexicon import german, things
from assistant_gateway.redaction.names.lexicon.gazetteer import Gazetteer
from assistant_gateway.redaction.names.tagging import decoding
from assistant_gateway.redaction.names.tagging.decoding import Decoder
from assistant_gateway.redaction.names.tagging.model import Model, Tagged
from assistant_gateway.redaction.names.tagging.thresholds import CODE, HIGH_RECALL, INFORMAL, STANDARD, Thresholds
from assistant_gateway.redaction.names.tagging.wordpiece import Word


def _found(folder: Path, text: str, language: str | None = None, limits: Thresholds = STANDARD) -> list[tuple[str, str]]:
    spans = Decoder(Gazetteer(folder), limits).decode(text, Model(folder).tag(text), language)
    return [(text[span.start : span.end], span.entity) for span in spans]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ask Marie Novak", [("Marie Novak", "PERSON")]),
        ("ask Marie J. Novak", [("Marie J. Novak", "PERSON")]),
        ("ask Marie van den Novak", [("Marie van den Novak", "PERSON")]),
        ("ask Marie, Novak", [("Marie", "PERSON"), ("Novak", "PERSON")]),
        ("at 12 Baker Street, London", [("12 Baker Street, London", "ADDRESS")]),
        ("in New London", [("New London", "PLACE")]),
    ],
)
def test_words_of_one_value_are_one_span(folder: Path, text: str, found: list[tuple[str, str]]) -> None:
    """With what stands between them; two people stay two."""
    assert _found(folder, text) == found


def test_a_known_name_needs_less(folder: Path) -> None:
    """The model thinks little of Harun, but people are called so, and it has a capital."""
    assert _found(folder, "so I asked Harun again") == [("Harun", "PERSON")]
    assert _found(folder, "so I asked harun again") == []


def test_a_small_word_is_nobody_and_neither_is_a_word_written_small(folder: Path) -> None:
    """The model would take both."""
    assert _found(folder, "ask the pilot") == []
    assert _found(folder, "ask Pilot") == [("Pilot", "PERSON")]


def test_what_stands_beside_a_name_and_looks_like_one_belongs_to_it(folder: Path) -> None:
    """A surname nobody ever heard; not a word that a new sentence begins with."""
    assert _found(folder, "so Marie Wexel went") == [("Marie Wexel", "PERSON")]
    assert _found(folder, "so went Marie. Wexel to me") == [("Marie", "PERSON")]


def test_a_number_alone_is_no_address(folder: Path) -> None:
    """The model takes many numbers for a house's."""
    assert _found(folder, "there were 7 of them") == []


def test_a_letter_between_two_names_joins_them(folder: Path) -> None:
    """The surname behind it is one though nobody ever heard it, and though German writes every noun so."""
    assert _found(folder, "so Marie J. Wexel went", "de") == [("Marie J. Wexel", "PERSON")]
    assert _found(folder, "so Marie J. Kernel went") == [("Marie J. Kernel", "PERSON")]


def test_a_capital_after_a_semicolon_is_the_words_own(folder: Path) -> None:
    """After a full stop every word has one."""
    limits = replace(STANDARD, unsure_opening=3.0, capital=1.0)

    assert _found(folder, "it rained; Pilot went", limits=limits) == [("Pilot", "PERSON")]
    assert _found(folder, "it rained. Pilot went", limits=limits) == []


@pytest.mark.parametrize("after", ["a file", "la descripción", "das Paket", "de la tabla"])
def test_a_sentences_first_word_is_a_verb_before_an_article(folder: Path, after: str) -> None:
    """In "Mark the file" the model takes the word for a name, which it is not."""
    assert _found(folder, f"Pilot went {after}") == [("Pilot", "PERSON")]
    assert _found(folder, f"Pilot {after}") == []


def test_a_word_that_is_written_small_as_well_is_no_name(folder: Path) -> None:
    """In careful prose names always have their capital."""
    limits = replace(STANDARD, unsure_opening=0.0)

    assert _found(folder, "Pilot went home", limits=limits) == [("Pilot", "PERSON")]
    assert _found(folder, "Pilot, a good pilot, went home", limits=limits) == []


def test_german_nouns_need_more(folder: Path) -> None:
    """With an article before them; a name seldom has one."""
    assert _found(folder, "gestern kam Pilot nicht", "de") == [("Pilot", "PERSON")]
    assert _found(folder, "gestern kam der Pilot nicht", "de") == []


def test_capitals_alone_say_little(folder: Path) -> None:
    """Of a word that nobody is called by; of a name they say enough."""
    assert _found(folder, "ask the PILOT now", limits=replace(STANDARD, known_shout=0.0, shout=3.0)) == []
    assert _found(folder, "ask MARIE now") == [("MARIE", "PERSON")]


@pytest.mark.parametrize(("text", "odds"), [("ask N now", 3.0), ("ask Pilooot now", 3.0), ("Piloting went", 2.0)])
def test_letters_stretched_words_and_verbs_need_more(folder: Path, text: str, odds: float) -> None:
    """A letter by itself, "Sooo", and a sentence's first word that is built like a verb."""
    word = max(text.split(), key=str.istitle) if "N" not in text.split() else "N"
    tagged = [Tagged(Word(text.index(word), text.index(word) + len(word), 0, 1), "GIVEN_NAME", odds, True)]

    assert Decoder(Gazetteer(folder)).decode(text, tagged, "en") == []


def test_a_face_is_no_initial(folder: Path) -> None:
    """A smile is what people write, not whom they mean."""
    tagged = [Tagged(Word(3, 4, 0, 1), "GIVEN_NAME", 30.0, True)]
    decoder = Decoder(Gazetteer(folder))

    assert decoder.decode("x :D", tagged, None) == []
    assert decoder.decode("x, D", tagged, None) == [Span(3, 4, "PERSON")]


def test_the_modes_differ(folder: Path) -> None:
    """More is taken where everything shall be found, and in a program only what is sure."""
    assert _found(folder, "Harun", limits=HIGH_RECALL) == [("Harun", "PERSON")]
    assert _found(folder, "x = Harun(Pilot)", limits=CODE) == []
    assert _found(folder, "x = 'Marie Novak'", limits=CODE) == [("Marie Novak", "PERSON")]


def test_a_word_that_many_are_called_by_must_be_meant_as_a_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a sentence's beginning and written small it needs more, in a sentence a capital says enough."""
    assert _found(folder, "Harun went home") == [("Harun", "PERSON")]
    assert _found(folder, "so harun went home", limits=INFORMAL) == [("harun", "PERSON")]

    monkeypatch.setattr(decoding, "ORDINARY", frozenset({"harun"}))

    assert _found(folder, "Harun went home") == []
    assert _found(folder, "so harun went home", limits=INFORMAL) == []
    assert _found(folder, "so Harun went home") == [("Harun", "PERSON")]


def test_a_nationality_needs_more_wherever_it_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it follows a name: some families are called so."""
    monkeypatch.setattr(decoding, "NATIONS", frozenset({"harun"}))

    assert _found(folder, "so Harun went home") == []
    assert _found(folder, "so Marie Harun went home") == [("Marie Harun", "PERSON")]


def test_a_heading_says_nothing_with_its_capitals(folder: Path) -> None:
    """The model thinks little of Wexel; a capital in a sentence would do, among capitals it does not."""
    lenient = replace(STANDARD, capital=-10.0)

    assert _found(folder, "so then we sent it to Wexel again", limits=lenient) == [("Wexel", "PERSON")]
    assert _found(folder, "Best Sheets From Blue Wexel Pans", limits=lenient) == []


def test_a_town_written_small_needs_less_if_it_is_known(folder: Path) -> None:
    """The model is not sure of berlin, in chat its name is enough."""
    tagged = [Tagged(Word(3, 9, 0, 1), "CITY", 0.5, True)]

    assert Decoder(Gazetteer(folder), INFORMAL).decode("o: berlin", tagged, None) == [Span(3, 9, "PLACE")]
    assert Decoder(Gazetteer(folder), INFORMAL).decode("o: bertin", tagged, None) == []


def test_a_things_name_needs_more_unless_it_follows_a_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model takes Pilot for somebody; a law of that name is nobody, Marie Pilot is somebody."""
    assert _found(folder, "so we saw Pilot again") == [("Pilot", "PERSON")]
    assert _found(folder, "so we saw the Pilot theorem again") == []

    monkeypatch.setattr(things, "_SURE", frozenset({"pilot"}))

    assert _found(folder, "so we saw Pilot again") == []
    assert _found(folder, "so we saw Marie Pilot again") == [("Marie Pilot", "PERSON")]


def test_a_word_that_may_be_a_thing_needs_more_beside_what_such_things_have(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pilot salad is eaten by nobody of that name; who brings a salad is somebody."""
    monkeypatch.setattr(things, "_FIELDS", (things._field("", "pilot", "salad"),))

    assert _found(folder, "so we had Pilot salad again") == []
    assert _found(folder, "so we saw Pilot again, who had salad") == [("Pilot", "PERSON")]


def test_a_small_word_that_may_be_a_thing_is_one_where_such_things_are_spoken_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But in chat, where names are written small: "robin" is a bird there only if somebody says so."""
    monkeypatch.setattr(things, "_FIELDS", (things._field("", "harun", "bird"),))
    tagged = [Tagged(Word(7, 12, 0, 1), "GIVEN_NAME", 4.0, True)]
    known = Gazetteer(folder)

    assert Decoder(known).decode("we saw harun today", tagged, None) == [Span(7, 12, "PERSON")]
    assert Decoder(known).decode("we saw harun today, what a bird", tagged, None) == []
    assert Decoder(known, INFORMAL).decode("we saw harun today, what a bird", tagged, None) == [Span(7, 12, "PERSON")]


def test_a_colon_parts_a_name_from_the_word_behind_it(folder: Path) -> None:
    """What somebody does is no surname: "Marie: Kernel"."""
    limits = replace(STANDARD, unsure_opening=3.0)

    assert _found(folder, "so Marie Pilot went", limits=limits) == [("Marie Pilot", "PERSON")]
    assert _found(folder, "so Marie: Pilot went", limits=limits) == [("Marie", "PERSON")]


def test_an_article_before_a_capital_makes_a_thing(folder: Path) -> None:
    """Of what nobody is called by, in languages that write nouns small; of people from a country it says nothing."""
    limits = replace(STANDARD, capital=1.0)

    assert _found(folder, "so we saw Pilot again", "en", limits) == [("Pilot", "PERSON")]
    assert _found(folder, "so we saw the Pilot again", "en", limits) == []


def test_a_word_alone_is_a_street_only_if_much_speaks_for_it(folder: Path) -> None:
    """Unless it is built like a German street's name or a house's number stands near."""
    words = [Tagged(Word(5, 11, 0, 1), "STREET_NAME", 1.0, True)]
    decoder = Decoder(Gazetteer(folder))

    assert decoder.decode("salle Wexels.", [Tagged(Word(6, 12, 0, 1), "STREET_NAME", 1.0, True)], None) == []
    assert decoder.decode("beim Wexelweg", [replace(words[0], word=Word(5, 13, 0, 1))], None) == [Span(5, 13, "ADDRESS")]
    near = [Tagged(Word(6, 12, 0, 1), "STREET_NAME", 1.0, True), Tagged(Word(15, 17, 1, 2), "BUILDING_NUMBER", 9.0, True)]
    assert decoder.decode("salle Wexels à 12", near, None)[0] == Span(6, 12, "ADDRESS")


def test_in_chat_the_words_before_a_small_word_speak_for_it(folder: Path) -> None:
    """Whom one tells something is somebody though the model leans against it; in careful prose it is not."""
    tagged = [Tagged(Word(7, 12, 0, 1), "GIVEN_NAME", -3.0, True)]

    assert Decoder(Gazetteer(folder), INFORMAL).decode("u tell wexel that", tagged, None) == [Span(7, 12, "PERSON")]
    assert Decoder(Gazetteer(folder), INFORMAL).decode("u hear wexel that", tagged, None) == []
    assert Decoder(Gazetteer(folder)).decode("u tell wexel that", tagged, None) == []


def test_a_given_name_that_is_written_small_is_somebody_whatever_kind_the_model_thinks_of(folder: Path) -> None:
    """It took Harun for a street."""
    tagged = [Tagged(Word(3, 8, 0, 1), "STREET_NAME", 0.5, True)]

    assert Decoder(Gazetteer(folder), INFORMAL).decode("ob harun kommt", tagged, None) == [Span(3, 8, "PERSON")]


def test_the_second_half_of_a_name_is_written_small(folder: Path) -> None:
    """As Korean names are: "Min-jun"."""
    tagged = [Tagged(Word(0, 5, 0, 1), "GIVEN_NAME", 9.0, True), Tagged(Word(6, 9, 1, 2), "GIVEN_NAME", 1.0, False)]

    assert Decoder(Gazetteer(folder)).decode("Marie-jun left", tagged, None) == [Span(0, 9, "PERSON")]


def test_a_month_behind_a_day_is_nobody(folder: Path) -> None:
    """Jun is somebody elsewhere."""
    tagged = [Tagged(Word(2, 5, 0, 1), "GIVEN_NAME", 9.0, True)]
    decoder = Decoder(Gazetteer(folder))

    assert decoder.decode("4 Jun, noon", tagged, None) == []
    assert decoder.decode("a Jun, noon", tagged, None) == [Span(2, 5, "PERSON")]


def test_a_known_surname_at_a_sentences_beginning_needs_less(folder: Path) -> None:
    """Than a word that nobody is called by."""
    tagged = [Tagged(Word(0, 5, 0, 1), "SURNAME", -4.0, True)]
    decoder = Decoder(Gazetteer(folder))

    assert decoder.decode("Novak went home", tagged, "en") == [Span(0, 5, "PERSON")]
    assert decoder.decode("Wexel went home", tagged, "en") == []


def test_in_chat_a_surname_behind_a_name_is_one(folder: Path) -> None:
    """Written small, as the name is."""
    tagged = [Tagged(Word(5, 10, 0, 1), "GIVEN_NAME", 9.0, True), Tagged(Word(11, 16, 1, 2), "SURNAME", -2.0, True)]

    assert Decoder(Gazetteer(folder), INFORMAL).decode("i am marie novak", tagged, None) == [Span(5, 16, "PERSON")]
    assert Decoder(Gazetteer(folder), INFORMAL).decode("i am marie wexel", tagged, None) == [Span(5, 10, "PERSON")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("so Marie III went", "Marie III"),
        ("so Marie IV. went", "Marie IV"),
        ("so Marie R. went", "Marie R"),
        ("so Marie I went", "Marie"),
        ("so Marie R went", "Marie"),
        ("so the III went", None),
    ],
)
def test_what_says_which_of_those_who_bear_a_name_belongs_to_it(folder: Path, text: str, found: str | None) -> None:
    """A king's number, and the letter that a newspaper leaves of a surname; the English "I" is neither."""
    assert [value for value, _ in _found(folder, text)] == ([found] if found else [])


@pytest.mark.parametrize(("language", "count"), [("de", 0), ("it", 0), ("en", 1), (None, 1)])
def test_a_number_before_a_word_counts_it_where_houses_have_theirs_behind_the_street(
    folder: Path, language: str | None, count: int
) -> None:
    """ "660 Hektar" is no address in German; "12 Baker" may be one in English."""
    tagged = [Tagged(Word(5, 7, 0, 1), "BUILDING_NUMBER", 5.0, True), Tagged(Word(8, 13, 1, 1), "STREET_NAME", 5.0, True)]

    assert len(Decoder(Gazetteer(folder)).decode("rund 12 Baker davon", tagged, language)) == count
    assert len(Decoder(Gazetteer(folder)).decode("rund 12 Spain davon", tagged, language)) == 1


def test_a_german_surname_has_an_s_behind_it(folder: Path) -> None:
    """In "Novaks Reise"; nobody is called Wexels."""
    decoder = Decoder(Gazetteer(folder))

    def found(word: str) -> list[Span]:
        return decoder.decode(f"nun kam {word} Reise", [Tagged(Word(8, 8 + len(word), 0, 1), "SURNAME", -3.5, True)], "de")

    assert found("Novaks") == [Span(8, 14, "PERSON")]
    assert found("Wexels") == []


def test_a_german_noun_that_somebody_is_called_by_must_be_meant_as_a_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "Tor" and "Lage" are somebody's name somewhere."""
    assert _found(folder, "nun kam Harun nicht", "de") == [("Harun", "PERSON")]

    monkeypatch.setattr(decoding, "NOUNS", frozenset({"harun"}))

    assert _found(folder, "nun kam Harun nicht", "de") == []
    assert _found(folder, "nun kam Harun nicht", "fr") == [("Harun", "PERSON")]


@pytest.mark.parametrize("text", ["wegen Piloten", "wegen politische Wexel"])
def test_a_german_noun_in_another_form_or_behind_an_adjective_needs_more(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a family is called so."""
    monkeypatch.setattr(german, "NOUNS", frozenset({"pilot"}))
    decoder = Decoder(Gazetteer(folder))

    def found(text: str) -> list[Span]:
        start = text.rindex(" ") + 1
        return decoder.decode(text, [Tagged(Word(start, len(text), 0, 1), "SURNAME", 1.0, True)], "de")

    assert found(text) == []
    assert found("wegen politische Novak") != []
    assert found("wegen Wexel") != []


def test_an_unknown_words_capital_says_more_where_the_language_is_well_known(folder: Path) -> None:
    """At a sentence's beginning: elsewhere too many of its words are not in the lists."""
    tagged = [Tagged(Word(0, 5, 0, 1), "SURNAME", -2.0, True)]
    decoder = Decoder(Gazetteer(folder))

    assert decoder.decode("Wexel went home", tagged, "en") == [Span(0, 5, "PERSON")]
    assert decoder.decode("Wexel went home", tagged, "pl") == []
    assert decoder.decode("Wexel went home", tagged, None) == []


def test_a_town_needs_less_than_somebody(folder: Path) -> None:
    """The model is seldom sure of towns, and seldom wrong about them."""
    decoder = Decoder(Gazetteer(folder))

    def found(kind: str) -> list[Span]:
        return decoder.decode("we saw Wexel again", [Tagged(Word(7, 12, 0, 1), kind, -6.5, True)], "en")

    assert found("CITY") == [Span(7, 12, "PLACE")]
    assert found("SURNAME") == found("STREET_NAME") == []


def test_a_name_that_is_written_small_needs_more_in_other_languages_than_english(folder: Path) -> None:
    """There more names are words ("elio", "norma", "collier"); but not for who writes everything small."""
    tagged = [Tagged(Word(3, 8, 0, 1), "GIVEN_NAME", 1.0, True)]
    decoder = Decoder(Gazetteer(folder))

    assert decoder.decode("So harun went", tagged, "en") == [Span(3, 8, "PERSON")]
    assert decoder.decode("So harun went", tagged, "it") == []
    assert decoder.decode("so harun went", tagged, "it") == [Span(3, 8, "PERSON")]


def test_money_behind_its_amount_is_nobody(folder: Path) -> None:
    """ "10 Millionen Mark", unlike "mit Mark"."""

    def found(text: str) -> list[Span]:
        tagged = [Tagged(Word(len(text) - 4, len(text), 0, 1), "GIVEN_NAME", 9.0, True)]
        return Decoder(Gazetteer(folder)).decode(text, tagged, "de")

    assert found("rund 10 Millionen Mark") == []
    assert found("rund 500 Mark") == []
    assert found("ging mit Mark") != []


def test_a_date_is_no_address(folder: Path) -> None:
    """Of numbers and of words that are nobody's name no street is made, unless much speaks for one."""

    def found(text: str, odds: float) -> list[Span]:
        start = text.index(" ") + 1
        tagged = [
            Tagged(Word(0, start - 1, 0, 1), "BUILDING_NUMBER", odds, True),
            Tagged(Word(start, len(text), 1, 1), "STREET_NAME", odds, True),
        ]
        return Decoder(Gazetteer(folder)).decode(text, tagged, None)

    assert found("17 October", 7.0) == []
    assert found("17 October", 9.0) != []
    assert found("17 Wexel", 7.0) != []
