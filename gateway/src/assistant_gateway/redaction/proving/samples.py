"""Made-up values of every type, new ones at each call: what the self-check sends through the rules.

They are drawn at random, so that nothing can be found by being known; checksums hold, and none can be anybody's: domains, areas and
accounts are reserved for examples or without an owner where there are such.
"""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from assistant_gateway.redaction.entities import Entity

_DRAWN: Final = random.SystemRandom()
_LETTERS: Final = string.ascii_lowercase
_ALPHABET: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and what of it must not be read by anybody."""

    text: str = field(repr=False)
    secret: str = field(repr=False)


def sample(entity: Entity) -> Sample:
    """Return a new value of the type in a text."""
    return _MAKE[entity]()


def _in(text: str, secret: str) -> Sample:
    return Sample(text.format(secret), secret)


def _some(alphabet: str, count: int) -> str:
    return "".join(_DRAWN.choice(alphabet) for _ in range(count))


def _digits(count: int) -> str:
    return _some(string.digits, count)


def _mixed(count: int) -> str:
    """Return characters of every kind that a secret has, six or more: one without a digit, or a letter, is a word or a number."""
    while True:
        drawn = _some(_ALPHABET, count)
        if sum(letter.isdigit() for letter in drawn) >= 3 and any(map(str.islower, drawn)) and any(map(str.isupper, drawn)):
            return drawn


def _email() -> Sample:
    return _in("Write to {} today.", f"{_some(_LETTERS, 6)}.{_some(_LETTERS, 8)}@example.com")


def _phone() -> Sample:
    return _in("Please call {} today.", f"+49 30 {_DRAWN.randint(2, 9)}{_digits(7)}")


def _card() -> Sample:
    body = "411111" + _digits(9)
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(body))
    number = f"{body}{-total % 10}"
    return _in("Pay with card {} today.", " ".join(number[at : at + 4] for at in range(0, 16, 4)))


def _iban() -> Sample:
    account = "37040044" + _digits(10)
    check = 98 - int(f"{account}131400") % 97  # D is 13, E is 14
    whole = f"DE{check:02d}{account}"
    return _in("Send it to IBAN {} today.", " ".join(whole[at : at + 4] for at in range(0, len(whole), 4)))


def _national_id() -> Sample:
    area = _DRAWN.choice([number for number in range(1, 665) if number not in (78, 219, 457)])
    return _in("The SSN is {} here.", f"{area:03d}-{_DRAWN.randint(10, 99)}-{_DRAWN.randint(1000, 9999)}")


def _ip_address() -> Sample:
    return _in("It came from {} today.", f"192.168.{_DRAWN.randint(1, 254)}.{_DRAWN.randint(1, 254)}")


def _mac_address() -> Sample:
    return _in("The MAC address is {} here.", ":".join(["00", "1A", *(f"{_DRAWN.randint(0, 255):02X}" for _ in range(4))]))


def _url_credentials() -> Sample:
    secret = f"{_some(_LETTERS, 6)}:{_mixed(14)}"
    return Sample(f"Fetch https://{secret}@example.com/data today.", secret)


def _date_of_birth() -> Sample:
    date = f"{_DRAWN.randint(1940, 1999)}-{_DRAWN.randint(1, 12):02d}-{_DRAWN.randint(1, 28):02d}"
    return _in("She was born on {} here.", date)


def _api_key() -> Sample:
    return _in("Use the key {} today.", f"ghp_{_mixed(36)}")


def _token() -> Sample:
    return _in("Use the token {} today.", f"xoxb-{_digits(12)}-{_digits(12)}-{_mixed(24)}")


def _private_key() -> Sample:
    secret = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" + _mixed(32)
    return Sample(f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----", secret)


def _password() -> Sample:
    return _in("password: {} and nothing else", f"{_mixed(12)}!{_digits(2)}")


# Names that the model and the lists are sure of, each in all sentences: a check that fails now and then would end the service for nothing.
# The number makes each text a new one, or the worker would remember what it found in it.
_GIVEN: Final = ("Anna", "Peter", "Maria", "Thomas", "Julia", "Michael", "Laura", "Daniel", "Emma", "David")
_SURNAMES: Final = ("Weber", "Johnson", "Novak", "Schneider", "Garcia", "Miller", "Fischer", "Moreau", "Wilson", "Bennett")
_TOWNS: Final = ("Berlin", "Madrid", "Chicago", "Vienna", "Toronto", "Hamburg", "Seattle", "Dublin", "Munich", "Boston")
_FIRMS: Final = ("Northern", "Western", "Central", "Atlantic", "Global", "United", "Alpine")
_TRADES: Final = ("Logistics", "Software", "Insurance", "Foods", "Energy", "Textiles", "Shipping")
_STREETS: Final = ("Baker", "Maple", "Church", "Garden", "Harbour", "Meadow", "Willow", "Cedar")


def _person() -> Sample:
    name = f"{_DRAWN.choice(_GIVEN)} {_DRAWN.choice(_SURNAMES)}"
    return _in(f"Order {_digits(6)}: my name is {{}}.", name)


def _place() -> Sample:
    return _in(f"Order {_digits(6)}: I live in {{}} now.", _DRAWN.choice(_TOWNS))


def _organisation() -> Sample:
    name = f"{_DRAWN.choice(_FIRMS)} {_DRAWN.choice(_TRADES)} {_DRAWN.choice(('Ltd', 'GmbH'))}"
    return _in(f"Order {_digits(6)}: I work for {{}} today.", name)


def _address() -> Sample:
    where = f"{_DRAWN.randint(10, 99)} {_DRAWN.choice(_STREETS)} Street"
    return _in(f"Order {_digits(6)}: send it to {{}}, please.", where)


_MAKE: Final[dict[Entity, Callable[[], Sample]]] = {
    "EMAIL": _email,
    "PHONE": _phone,
    "CARD": _card,
    "IBAN": _iban,
    "NATIONAL_ID": _national_id,
    "IP_ADDRESS": _ip_address,
    "MAC_ADDRESS": _mac_address,
    "URL_CREDENTIALS": _url_credentials,
    "DATE_OF_BIRTH": _date_of_birth,
    "API_KEY": _api_key,
    "TOKEN": _token,
    "PRIVATE_KEY": _private_key,
    "PASSWORD": _password,
    "PERSON": _person,
    "PLACE": _place,
    "ORGANISATION": _organisation,
    "ADDRESS": _address,
}
