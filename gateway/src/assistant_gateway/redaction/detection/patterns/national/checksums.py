"""Check digits of cards, accounts and national numbers. Every function takes ASCII bytes without separators and says whether they fit."""

from typing import Final

_LUHN_DOUBLED: Final = bytes(0 if value < 48 or value > 57 else (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[value - 48] for value in range(256))

_VERHOEFF_STEP: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_VERHOEFF_TURN: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def luhn(digits: bytes) -> bool:
    """ISO/IEC 7812: cards, CA SIN, SE, ZA, IL."""
    return (sum(digits[-1::-2]) - 48 * ((len(digits) + 1) // 2) + sum(digits[-2::-2].translate(_LUHN_DOUBLED))) % 10 == 0


def weighted(digits: bytes, weights: tuple[int, ...]) -> int:
    """Return the sum of the first digits, each times its weight."""
    return sum((digit - 48) * weight for digit, weight in zip(digits, weights, strict=False))


def verhoeff(digits: bytes) -> bool:
    """IN Aadhaar."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _VERHOEFF_STEP[check][_VERHOEFF_TURN[place % 8][digit - 48]]
    return check == 0


def mod97(account: bytes) -> bool:
    """ISO 13616 (IBAN), capital letters and digits, country and check digits in front."""
    return int("".join(str(int(chr(character), 36)) for character in account[4:] + account[:4])) % 97 == 1


def iso7064_11_10(digits: bytes) -> bool:
    """DE Steuer-ID, HR OIB."""
    product = 10
    for digit in digits[:-1]:
        total = (digit - 48 + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == digits[-1] - 48


def ean13(digits: bytes) -> bool:
    """CH AHV number (and every article number: ask for its 756 first)."""
    return len(digits) == 13 and weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def month_and_day(month: int, day: int) -> bool:
    """Whether that day can be; the 29th of February always, since two-digit years leave the century open."""
    return 1 <= month <= 12 and 1 <= day <= (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def yymmdd(digits: bytes) -> bool:
    """Whether the first six digits are a year, a month and a day."""
    return month_and_day(int(digits[2:4]), int(digits[4:6]))


def ddmmyy(digits: bytes) -> bool:
    """Whether the first four digits are a day and a month."""
    return month_and_day(int(digits[2:4]), int(digits[:2]))
