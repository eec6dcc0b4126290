"""Dates of birth."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("born on 12 March 1985 in Leeds", "12 March 1985"),
        ("DOB: 1985-03-12", "1985-03-12"),
        ("D.O.B.: 3rd of May 1985", "3rd of May 1985"),
        ("dob 12/03/85", "12/03/85"),
        ("birthday: May 3 1985", "May 3 1985"),
        ("Date of birth is March 12, 1985.", "March 12, 1985"),
        ('{"dateOfBirth": "1985-12-25"}', "1985-12-25"),
        ("geboren am 3. März 1985", "3. März 1985"),
        ("Geburtsdatum 03.05.1985", "03.05.1985"),
        ("née le 3 mai 1985 à Lyon", "3 mai 1985"),
        ("né à Paris le 3 mai 1985", "3 mai 1985"),
        ("nacida el 3 de mayo de 1985", "3 de mayo de 1985"),
        ("nato il 3/5/1985", "3/5/1985"),
        ("urodzona 3 maja 1985", "3 maja 1985"),
        ("дата рождения 03.05.1985", "03.05.1985"),
        ("出生日期:1985年5月3日", "1985年5月3日"),
        ("1985-05-03 (date of birth)", "1985-05-03"),
        ("Sie kam am 17. Februar 2019 zur Welt", "17. Februar 2019"),
        ("3 May 1985 is my birthday", "3 May 1985"),
    ],
)
def test_a_date_that_a_word_calls_a_birth_is_found(text: str, date: str) -> None:
    """In every usual writing, in several languages, before or after the word."""
    assert only("DATE_OF_BIRTH", text) == [date]


def test_another_date_that_is_said_to_be_one_too_is_found() -> None:
    """`... and mine is`; what happened on it otherwise is no birth."""
    assert only("DATE_OF_BIRTH", "Her date of birth is 9 Sept 2015 and mine is 22 Jan 1985.") == ["9 Sept 2015", "22 Jan 1985"]
    assert only("DATE_OF_BIRTH", "Her date of birth is 9 Sept 2015 and the party is on 22 Jan 2026.") == ["9 Sept 2015"]


@pytest.mark.parametrize(
    "text",
    [
        "Meeting on 2024-03-12 at 10",
        "The company was founded on 12 March 1985.",
        "He was born in 1985. 10 songs",
        "il ne vient pas le 3 mai 2024",
        "Born to run; released 1975-08-25",
    ],
)
def test_other_dates_stay(text: str) -> None:
    """A date is nobody's until a word says so; a year alone says little."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ('"birthdate": "1971-08-30T00:00:00Z"', "1971-08-30T00:00:00Z"),
        ("birth_date = date(1987, 4, 12)", "1987, 4, 12"),
        ("生年月日 昭和60年3月14日", "昭和60年3月14日"),
        ("födelsedatum: 3 augusti 1959", "3 augusti 1959"),
        ("doğum tarihi: 3 Ağustos 1959", "3 Ağustos 1959"),
        ("дата рождения: 3 мая 1980 г.", "3 мая 1980"),
        ("Pt b. 3/22/47, chest pain", "3/22/47"),
        ("Kurt Meier, *12.09.1955 in Ulm", "12.09.1955"),
        ("(* 3. Mai 1960)", "3. Mai 1960"),
    ],
)
def test_dates_of_other_places_are_found(text: str, date: str) -> None:
    """With a time, as a program and an emperor count, with months of languages that we do not know; signs for being born."""
    assert only("DATE_OF_BIRTH", text) == [date], found(text)


def test_signs_of_other_things_stay() -> None:
    """A list, a product, an option."""
    assert found("* 12.09.2025 Sitzung\noption b. 12 March 2026\na * 12.3.2024 and *12.03.2026*") == []


@pytest.mark.parametrize("text", ["Patient Uwe K., *{}, KV", "Data i miejsce urodzenia: {}, Ulm", "fecha nac. {}"])
def test_short_and_long_words_for_birth_are_known(text: str) -> None:
    """A star behind an initial, date and place in one."""
    assert only("DATE_OF_BIRTH", text.format("12.09.1955")) == ["12.09.1955"]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Né(e) le 23/11/1975 à Lyon", "23/11/1975"),
        ("nato/a il 03/03/1949", "03/03/1949"),
        ("d/o/b 04/04/1984", "04/04/1984"),
        ("ur. 12.03.1965 w Łodzi", "12.03.1965"),
        ("FN: 12/12/1966", "12/12/1966"),
        ("year of birth: 1974", "1974"),
        ("Geburtsjahr 1974", "1974"),
    ],
)
def test_forms_for_both_sexes_and_short_words_are_known(text: str, date: str) -> None:
    """`Né(e) le`, `ur.`; and what asks for the year gets a year."""
    assert only("DATE_OF_BIRTH", text) == [date], found(text)
