"""Names, addresses and numbers for the templates.

People and addresses are rows of FakeNameGenerator.com (CC BY-SA 3.0 US) and organisations those of stock exchanges, both as the package
`presidio-evaluator` 0.3.2 (MIT) ships them; it is read, not imported, since it would bring pandas and spaCy. Nothing of them is shipped.
"""

import csv
import functools
import importlib.util
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

Values = Callable[[str], tuple[str, str | None]]

_NAMES: Final = {
    "en": None,  # as many as there are: people who write English are called anything
    "de": ("German",),
    "fr": ("French",),
    "es": ("Spanish",),
}
_COUNTRIES: Final = {
    "en": ("US", "GB", "AU", "CA", "NZ", "ZA"),
    "de": ("DE", "AT"),
    "fr": ("FR", "BE"),
    "es": ("ES", "UY"),
}
_PREFIXES: Final = {"male": ("Mr.", "Dr.", "Mr"), "female": ("Mrs.", "Ms.", "Miss", "Dr."), "any": ("Dr.", "Professor", "Mr.", "Ms.")}
_PHONES: Final = {
    "en": ("(###) ###-####", "###-###-####", "+1 ### ### ####", "07700 ######", "+44 20 7### ####", "###.###.####", "1-800-###-####"),
    "de": ("+49 30 #######", "030 ########", "0171 #######", "+49 (0)89 ######", "0221/######"),
    "fr": ("01 ## ## ## ##", "+33 6 ## ## ## ##", "06.##.##.##.##"),
    "es": ("+34 6## ### ###", "91 ### ## ##", "6## ## ## ##"),
}
_JOBS: Final = ("surveillance officer", "accountant", "nurse", "site manager", "translator")
_WEEK: Final = ("Monday", "Tuesday", "Thursday", "Saturday")


def folder() -> Path:
    """Return the package's data; raises ModuleNotFoundError where it is not installed (pip install --no-deps presidio-evaluator)."""
    spec = importlib.util.find_spec("presidio_evaluator")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("presidio_evaluator")
    return Path(next(iter(spec.submodule_search_locations))) / "data_generator/raw_data"


def templates() -> list[str]:
    """Return the package's own English templates."""
    return (folder() / "templates.txt").read_text(encoding="utf-8", errors="replace").splitlines()


@functools.cache
def _rows() -> list[dict[str, str]]:
    with (folder() / "FakeNameGenerator.com_3000.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@functools.cache
def _lines(name: str) -> list[str]:
    return (folder() / name).read_text(encoding="utf-8-sig").splitlines()[1:]


@functools.cache
def _people(language: str, gender: str) -> list[dict[str, str]]:
    wanted = _NAMES[language]
    rows = [row for row in _rows() if wanted is None or row["NameSet"] in wanted]
    return [row for row in rows if gender == "any" or row["Gender"] == gender]


@functools.cache
def _places(language: str) -> list[dict[str, str]]:
    return [row for row in _rows() if row["Country"] in _COUNTRIES[language] and row["StreetAddress"][:1] != "P"]


def values(language: str, dice: random.Random) -> Values:
    """Return what fills a template in that language: for a field's name a text and its kind."""

    def name(form: str, gender: str) -> str:
        row = dice.choice(_people(language, gender))
        if form == "full":
            middle = f" {row['MiddleInitial']}." if row["MiddleInitial"] and dice.random() < 0.15 else ""
            return f"{row['GivenName']}{middle} {row['Surname']}"
        return row["GivenName" if form == "first" else "Surname"]

    def value(field: str) -> tuple[str, str | None]:
        gender = next((gender for gender in ("female", "male") if field.endswith("_" + gender)), "any")
        stem = field.removesuffix("_" + gender).removesuffix("_nonbinary")
        if stem in ("person", "name"):
            return name("full", gender), "PERSON"
        if stem in ("first_name", "last_name"):
            return name(stem.split("_")[0], gender), "PERSON"
        if stem == "prefix":
            return dice.choice(_PREFIXES[gender]), "TITLE"
        return _other(stem, language, dice)

    return value


def _other(field: str, language: str, dice: random.Random) -> tuple[str, str | None]:
    place = dice.choice(_places(language))
    nation = dice.choice(_lines("nationalities.csv")).split(",")
    street = place["StreetAddress"]
    number, _, road = street.partition(" ")
    made = {
        "address": (_address(place, language, dice), "ADDRESS"),
        "street_address": (street, "ADDRESS"),
        "street_name": (road if number.isdigit() else street, "ADDRESS"),
        "building_number": (str(dice.randrange(1, 9999)), "ADDRESS"),
        "secondary_address": (dice.choice(("Apt. %d", "Suite %d", "Unit %d", "Flat %d")) % dice.randrange(1, 999), "ADDRESS"),
        "city": (place["City"].title(), "PLACE"),
        "state_abbr": (place["State"], "PLACE"),
        "country": (nation[0].title() if dice.random() < 0.6 else _country(place), "PLACE"),
        "zipcode": (place["ZipCode"], "ZIP"),
        "postcode": (place["ZipCode"], "ZIP"),
        "organization": (dice.choice(_lines("companies_and_organizations.csv")), "ORGANISATION"),
        "phone_number": (digits(dice.choice(_PHONES[language]), dice), "PHONE"),
        "email": (dice.choice(_people(language, "any"))["EmailAddress"], "EMAIL"),
        "url": (f"https://www.{place['Domain']}/", "DOMAIN"),
        "age": (str(dice.randrange(18, 99)), "AGE"),
        "nationality": (nation[1].title(), "NATIONALITY"),
        "nation_woman": (nation[3].title(), "NATIONALITY"),
        "nation_plural": (nation[4].title(), "NATIONALITY"),
        "credit_card_number": (_card(dice), "CARD"),
        "iban": (_iban(dice), "IBAN"),
        "ssn": (digits("%##-%#-%###", dice), "NATIONAL_ID"),
        "ip_address": (".".join(str(dice.randrange(1, 255)) for _ in range(4)), "IP_ADDRESS"),
        "us_driver_license": (digits("%#######", dice), "DRIVER_LICENCE"),
        "date_of_birth": (dice.choice(_people(language, "any"))["Birthday"], "DATE"),
        "date_time": (f"{dice.randrange(1, 28)} {dice.choice(('May', 'June', 'October'))} {dice.randrange(1980, 2024)}", "DATE"),
        "year": (str(dice.randrange(1950, 2024)), "DATE"),
        "day_of_week": (dice.choice(_WEEK), "DATE"),
        "job": (dice.choice(_JOBS), None),
    }
    return made[field]


def _country(place: dict[str, str]) -> str:
    return {"US": "United States", "GB": "United Kingdom", "NZ": "New Zealand", "ZA": "South Africa"}.get(
        place["Country"], place["CountryFull"]
    )


def _address(place: dict[str, str], language: str, dice: random.Random) -> str:
    street, city, code, state = place["StreetAddress"], place["City"].title(), place["ZipCode"], place["State"]
    if language != "en":
        return dice.choice((f"{street}, {code} {city}", f"{street}\n{code} {city}"))
    unit = dice.choice(("", "", f" Apt. {dice.randrange(1, 999)}", f", Suite {dice.randrange(1, 99)}"))
    return dice.choice(
        (
            f"{street}{unit}, {city}, {state} {code}",
            f"{street}{unit}\n{city}, {state} {code}",
            f"{street}{unit}\n {city}\n {_country(place)} {code}",
            f"{street}, {city}",
            f"{street}, {city}, {_country(place)}",
        )
    )


def digits(form: str, dice: random.Random) -> str:
    """Return the form with a digit for each # and one that is not 0 for each %."""
    return "".join(str(dice.randrange(10)) if sign == "#" else str(dice.randrange(1, 9)) if sign == "%" else sign for sign in form)


def _card(dice: random.Random) -> str:
    body = digits(dice.choice(("4##############", "5%#############", "4### #### #### ###", "37############")), dice)
    for last in range(10):
        if _luhn(body + str(last)):
            return body + str(last)
    raise AssertionError  # one of ten always fits


def _luhn(number: str) -> bool:
    figures = [int(sign) for sign in number if sign.isdigit()]
    return sum(figure if place % 2 == 0 else sum(divmod(2 * figure, 10)) for place, figure in enumerate(reversed(figures))) % 10 == 0


def _iban(dice: random.Random) -> str:
    country, size = dice.choice((("DE", 18), ("ES", 20), ("NL", 0), ("GB", 0)))
    body = digits("#" * size, dice) if size else ("INGB" + digits("#" * 10, dice) if country == "NL" else "NWBK" + digits("#" * 14, dice))
    number = "".join(str(int(sign, 36)) for sign in body + country + "00")
    return f"{country}{98 - int(number) % 97:02d}{body}"
