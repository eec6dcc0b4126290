"""Values of every structured type drawn by lot, the sentences that hold them, their disguises, and lines that hold none."""

import base64
import json
import random
import string
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

Dice = random.Random
_ALNUM: Final = string.ascii_letters + string.digits
_CYRILLIC: Final = str.maketrans("aeopcxyABEKMHOPCTX", "аеорсхуАВЕКМНОРСТХ")


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and where in it the value stands: str offsets, half-open."""

    text: str
    start: int
    end: int
    kind: str


def _some(dice: Dice, letters: str, count: int) -> str:
    return "".join(dice.choices(letters, k=count))


def _digits(dice: Dice, count: int) -> str:
    return _some(dice, string.digits, count)


def _shaped(dice: Dice, shapes: tuple[str, ...]) -> str:
    """Fill one of the shapes: # is a digit, ~ one from 2 to 9."""
    return "".join({"#": _digits(dice, 1), "~": dice.choice("23456789")}.get(each, each) for each in dice.choice(shapes))


def _luhn(digits: str) -> str:
    """Return the digits with their check digit."""
    total = sum(sum(divmod(2 * int(digit), 10)) if place % 2 == 0 else int(digit) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def _card(dice: Dice) -> str:
    prefix, length = dice.choice((("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16), ("3530", 16)))
    number = _luhn(prefix + _digits(dice, length - 1 - len(prefix)))
    join = dice.choice(("", " ", "-"))
    return join.join(number[place : place + 4] for place in range(0, length, 4)) if length == 16 else number


def _iban(dice: Dice) -> str:
    country, bank = dice.choice((("DE", ""), ("GB", "WEST"), ("NL", "INGB"), ("AT", ""), ("ES", ""), ("PL", "")))
    length = {"DE": 18, "GB": 18, "NL": 14, "AT": 16, "ES": 20, "PL": 24}[country]
    account = bank + _digits(dice, length - len(bank))
    check = 98 - int("".join(str(int(each, 36)) for each in f"{account}{country}00")) % 97
    iban = f"{country}{check:02d}{account}"
    return dice.choice((iban, " ".join(iban[place : place + 4] for place in range(0, len(iban), 4)), iban.lower()))


def _cpf(dice: Dice) -> str:
    digits = [dice.randrange(10) for _ in range(9)]
    for size in (10, 11):
        digits.append(sum(digit * weight for digit, weight in zip(digits, range(size, 1, -1), strict=True)) * 10 % 11 % 10)
    text = "".join(map(str, digits))
    return dice.choice((text, f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"))


def _national(dice: Dice) -> str:
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    dni = dice.randrange(10**8)
    day = f"{dice.randint(40, 99):02d}{dice.randint(1, 12):02d}{dice.randint(1, 28):02d}"
    return dice.choice(
        (
            f"{dice.randint(1, 665):03d}-{dice.randint(1, 99):02d}-{dice.randint(1, 9999):04d}",
            f"{dice.choice(('AB', 'JG', 'SX'))}{_digits(dice, 6)}{dice.choice('ABCD')}",
            f"{dni:08d}{letters[dni % 23]}",
            _cpf(dice),
            f"{day}-{_luhn(day + _digits(dice, 3))[6:]}",
        )
    )


def _birth(dice: Dice) -> str:
    year, month, day = dice.randint(1930, 2012), dice.randint(1, 12), dice.randint(1, 28)
    name = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")[
        month - 1
    ]
    return dice.choice(
        (f"{year}-{month:02d}-{day:02d}", f"{day:02d}.{month:02d}.{year}", f"{day:02d}/{month:02d}/{year}", f"{day} {name} {year}")
    )


def _password(dice: Dice) -> str:
    return _some(dice, _ALNUM, 9) + dice.choice("!$%&*+") + _digits(dice, 2)


_PHONES: Final = (
    "+1 ~## ~## ####",
    "(~##) ~##-####",
    "~##-~##-####",
    "+49 30 #######",
    "0171/#######",
    "020 7### ####",
    "07700 ######",
    "06 ## ## ## ##",
)
_NAMED_PHONES: Final = ("~##~######", "612 ## ## ##", "### ### ###", "17########", "## ## ## ##")
_KEYS: Final = (
    ("ghp_", 36),
    ("sk_live_", 24),
    ("sk-proj-", 48),
    ("AIza", 35),
    ("hf_", 34),
    ("npm_", 36),
    ("glpat-", 20),
    ("sk-ant-api03-", 93),
)
_VALUES: Final[dict[str, Callable[[Dice], str]]] = {
    "EMAIL": lambda dice: (
        f"{_some(dice, string.ascii_lowercase, 6)}.{_some(dice, string.ascii_lowercase, 5)}@{_some(dice, _ALNUM.lower(), 7)}.com"
    ),
    "PHONE": lambda dice: _shaped(dice, _PHONES),
    "PHONE, named": lambda dice: _shaped(dice, _NAMED_PHONES),
    "CARD": _card,
    "IBAN": _iban,
    "NATIONAL_ID": _national,
    "NATIONAL_ID, named": lambda dice: _shaped(dice, ("C########", "#########", "## ### ### ###", "##########", "X#######")),
    "IP_ADDRESS": lambda dice: ".".join(str(dice.randint(11, 223)) for _ in range(4)),
    "MAC_ADDRESS": lambda dice: ":".join(f"{dice.randrange(1, 256):02x}" for _ in range(6)),
    "URL_CREDENTIALS": lambda dice: (
        f"{dice.choice(('https', 'postgres', 'redis'))}://u{_digits(dice, 2)}:{_some(dice, _ALNUM, 12)}@db.example.com/x"
    ),
    "DATE_OF_BIRTH": _birth,
    "API_KEY": lambda dice: (lambda kind: kind[0] + _some(dice, _ALNUM, kind[1]))(dice.choice(_KEYS)),
    "API_KEY, named": lambda dice: dice.choice((_some(dice, "0123456789abcdef", 32), _some(dice, _ALNUM, 40))),
    "TOKEN": lambda dice: f"xoxb-{_digits(dice, 12)}-{_digits(dice, 12)}-{_some(dice, _ALNUM, 24)}",
    "PRIVATE_KEY": lambda dice: (
        "-----BEGIN PRIVATE KEY-----\n" + "\n".join(_some(dice, _ALNUM + "+/", 64) for _ in range(9)) + "\n-----END PRIVATE KEY-----"
    ),
    "PASSWORD": _password,
}
_ANYWHERE: Final = (
    "It is {}, I think.",
    "{}",
    "- {}\n- next",
    '{{"x": "{}"}}',
    "| a | {} | b |",
    "Ich habe {} notiert.",
    "Voici {} pour vous",
    "我的{}。",
)
_AROUND: Final[dict[str, tuple[str, ...]]] = {
    "PHONE, named": (
        "Call me at {} tomorrow",
        "phone: {}",
        "Meine Handynummer ist {}.",
        "Mon numéro de téléphone est le {}",
        "mi móvil es {}",
        '"mobile": "{}"',
    ),
    "NATIONAL_ID, named": (
        "passport number {}",
        "My SSN is {}.",
        "Steuer-ID: {}",
        "numéro de passeport : {}",
        "mi DNI es {}",
        '"national_id": "{}"',
    ),
    "DATE_OF_BIRTH": (
        "born on {} in Leeds",
        "DOB: {}",
        "geboren am {}",
        "née le {} à Lyon",
        "Fecha de nacimiento: {}",
        '"birth_date": "{}"',
    ),
    "API_KEY, named": (
        "api_key = '{}'",
        "API_KEY={}",
        "x-api-key: {}",
        "my api key is {}",
        "Authorization: Bearer {}",
        '"client_secret": "{}"',
    ),
    "PASSWORD": (
        "password: {}",
        "my password is {}",
        "Das Passwort lautet {}",
        "mot de passe : {}",
        "DB_PASSWORD={}",
        '"password": "{}"',
        "пароль: {}",
    ),
}
_CLEAN: Final = """Order number ###-#######-####### was shipped on 2024-03-12.
invoice INV-2024-###### over #,###.## EUR
tracking number 1Z999AA10########
version #.#.##.# of the firmware
2024-03-12 10:42:07,### INFO [####] took ##.###ms
build #####, exit code #
pp. 123-145, 1990-1995
The population was ~#,###,### in 2020.
52.5#####, 13.4#####
timestamp 17########
ISBN 978-3-16-######-#
room 12-34, gate ##, flight LX###
x = lookup(table, ~#####) + ####
Bestellnummer ~#########
the score was 3-2-4, #~.# %
RFC 2616 and ISO 8601-1:2019
###### fixed in v#.#.#""".splitlines()

DISGUISES: Final[dict[str, Callable[[str], str]]] = {
    "full-width": lambda value: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in value),
    "confusables": lambda value: value.translate(_CYRILLIC),
    "zero-width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "combining marks": lambda value: "".join(each + "\u0301" if each.isalnum() else each for each in value),
    "URL": lambda value: urllib.parse.quote(value, safe=""),
    "JSON": lambda value: "".join(f"\\u{ord(each):04x}" for each in value),
    "JSON twice": lambda value: json.dumps(json.dumps(value))[1:-1],
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
}


def samples(dice: Dice, each: int, disguise: str) -> Iterator[Sample]:
    """Yield so many samples of each type, in that disguise ("plain" for none)."""
    for kind, draw in _VALUES.items():
        for _ in range(each):
            written = draw(dice) if disguise == "plain" else DISGUISES[disguise](draw(dice))
            before, _, after = dice.choice(_AROUND.get(kind, _ANYWHERE)).partition("{}")
            text = f"{before}{written}{after}".replace("{{", "{").replace("}}", "}")
            start = text.index(written)
            yield Sample(text, start, start + len(written), kind)


def clean(dice: Dice, each: int) -> list[str]:
    """Return lines that hold nobody's data, with other digits each time."""
    return [_shaped(dice, (line,)) for line in _CLEAN for _ in range(each)]
