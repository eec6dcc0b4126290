"""National numbers of digits alone. Each rule takes the digits (ASCII bytes, of its length) and says whether they are such a number.

ALONE: the checksum is strong enough for the bare digits. GROUPED: only in the grouping in which they are written. All others wait for
a word that names them (vocabulary.py, Kind.ID). Sources: the OECD's TIN sheets and the authorities' own descriptions; python-stdnum agrees.
"""

from collections.abc import Callable
from typing import Final

from assistant_gateway.redaction.detection.patterns.national.checksums import (
    ddmmyy,
    ean13,
    iso7064_11_10,
    luhn,
    month_and_day,
    verhoeff,
    weighted,
    yymmdd,
)

Rule = Callable[[bytes], bool]


def us_ssn(digits: bytes) -> bool:
    """SSN, or ITIN (9xx with the groups that the IRS gives out). No check digit: what was never given out is refused."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in (b"000", b"666") or group == b"00" or serial == b"0000":
        return False
    return area[0] != 0x39 or 50 <= int(group) <= 65 or (70 <= int(group) <= 99 and group not in (b"89", b"93"))


def uk_nhs(digits: bytes) -> bool:
    """Modulus 11 over ten digits."""
    check = 11 - weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return check % 11 == digits[9] - 48 and digits != b"0000000000"


def de_steuer_id(digits: bytes) -> bool:
    """No leading zero, one digit twice or three times among the first ten, ISO 7064 MOD 11,10."""
    if digits[0] == 0x30 or not iso7064_11_10(digits):
        return False
    counts = sorted((digits[:10].count(digit) for digit in b"0123456789"), reverse=True)
    return counts[0] in (2, 3) and counts[1] == 1


def br_cpf(digits: bytes) -> bool:
    """Two modulus 11 digits; eleven equal digits fit and are nobody's."""
    first = weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    if digits[9] - 48 != first:
        return False
    second = weighted(digits, (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    return digits[10] - 48 == second and digits.count(digits[0]) < 11


def br_cnpj(digits: bytes) -> bool:
    """Of a company, which may be one person; two modulus 11 digits."""
    checks = ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))
    return all(weighted(digits, weights) * 10 % 11 % 10 == digits[len(weights)] - 48 for weights in checks)


def pl_pesel(digits: bytes) -> bool:
    """Birth date (the month has 20 added since 2000) and a weighted modulus 10."""
    month = int(digits[2:4])
    century_ok = month < 20 or (month < 40 and digits[0] <= 0x33)
    return century_ok and month_and_day(month % 20, int(digits[4:6])) and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def be_national(digits: bytes) -> bool:
    """Birth date and modulus 97, with a 2 in front for those born since 2000; foreigners have 20 or 40 added to the month."""
    if not month_and_day(int(digits[2:4]) % 20, int(digits[4:6])):
        return False
    body, check = int(digits[:9]), int(digits[9:])
    return check in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)


def no_national(digits: bytes) -> bool:
    """Birth date (D-numbers add 40 to the day) and two modulus 11 digits."""
    if not month_and_day(int(digits[2:4]), int(digits[:2]) % 40):
        return False
    return weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0 and weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def baltic(digits: bytes) -> bool:
    """EE isikukood, LT asmens kodas: century (3 to 6 since 1900), birth date, two rounds of weights."""
    if not 3 <= digits[0] - 48 <= 6 or not yymmdd(digits[1:]):
        return False
    check = weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return check == digits[10] - 48


def lv_national(digits: bytes) -> bool:
    """DDMMYY-NNNNN."""
    return ddmmyy(digits)


def se_personnummer(digits: bytes) -> bool:
    """Birth date (coordination numbers add 60 to the day) and Luhn, with or without the century."""
    short = digits[-10:]
    return month_and_day(int(short[2:4]), int(short[4:6]) % 60) and luhn(short)


def dk_cpr(digits: bytes) -> bool:
    """Birth date; its check digit is not used since 2007."""
    return ddmmyy(digits)


def cz_rodne(digits: bytes) -> bool:
    """Birth date (women add 50 to the month, overflow 20) and, with ten digits, modulus 11."""
    if not (1 <= int(digits[2:4]) % 50 % 20 <= 12 and 1 <= int(digits[4:6]) <= 31):
        return False
    return len(digits) == 9 or int(digits) % 11 == 0 or (int(digits[:9]) % 11 == 10 and digits[9] == 0x30)


def in_aadhaar(digits: bytes) -> bool:
    """Verhoeff; the first digit is 2 to 9."""
    return digits[0] >= 0x32 and verhoeff(digits)


def za_id(digits: bytes) -> bool:
    """Birth date, citizenship 0 to 2, Luhn."""
    return yymmdd(digits) and digits[10] <= 0x32 and luhn(digits)


_RO_COUNTIES: Final = frozenset((*range(1, 53), 70, *range(80, 84)))


def ro_cnp(digits: bytes) -> bool:
    """Sex, birth date, county, weighted modulus 11."""
    if not 1 <= digits[0] - 48 <= 8 or not yymmdd(digits[1:]) or int(digits[7:9]) not in _RO_COUNTIES:
        return False
    check = weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if check == 10 else check) == digits[12] - 48


def emso(digits: bytes) -> bool:
    """SI, HR, RS and others: birth date with a three-digit year of 9xx or 0xx, modulus 11."""
    if not ddmmyy(digits) or digits[4] not in b"90":
        return False
    return (11 - weighted(digits, (7, 6, 5, 4, 3, 2) * 2) % 11) % 11 % 10 == digits[12] - 48


def ch_ahv(digits: bytes) -> bool:
    """756 and an EAN-13 check digit."""
    return digits.startswith(b"756") and ean13(digits)


def kr_rrn(digits: bytes) -> bool:
    """Birth date, then a digit for sex and century; its check digit is random since 2020."""
    return yymmdd(digits) and 0x31 <= digits[6] <= 0x38


def th_national(digits: bytes) -> bool:
    """Weighted modulus 11; the first digit is 1 to 8."""
    return 1 <= digits[0] - 48 <= 8 and (11 - weighted(digits, tuple(range(13, 1, -1))) % 11) % 10 == digits[12] - 48


def fr_nir(digits: bytes) -> bool:
    """Sex, year, month, place, order and a key of modulus 97 (Corsica's letters: letters.py)."""
    month = int(digits[3:5])
    return (
        digits[0] in b"123478" and (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and 97 - int(digits[:13]) % 97 == int(digits[13:])
    )


def ae_emirates(digits: bytes) -> bool:
    """784, the year of birth, Luhn."""
    return digits.startswith(b"784") and 1900 <= int(digits[3:7]) <= 2100 and luhn(digits)


def cn_resident(digits: bytes) -> bool:
    """Region, birth date, ISO 7064 MOD 11-2 with X for ten; given as 17 digits and one that may be X."""
    if not (0x31 <= digits[0] <= 0x38 and 1900 <= int(digits[6:10]) <= 2100 and month_and_day(int(digits[10:12]), int(digits[12:14]))):
        return False
    check = weighted(digits[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11
    return digits[17:].upper() == b"10X98765432"[check : check + 1]


def my_nric(digits: bytes) -> bool:
    """YYMMDD-PB-NNNN: birth date and a place of birth."""
    return yymmdd(digits) and digits[6:8] not in (b"00", b"17", b"18", b"19", b"20")


def ca_sin(digits: bytes) -> bool:
    """Luhn; 0 and 8 are not given out."""
    return digits[0] not in b"08" and luhn(digits)


def pk_cnic(digits: bytes) -> bool:
    """Province 1 to 7; no check digit, but a grouping that nothing else has."""
    return 1 <= digits[0] - 48 <= 7


def tr_kimlik(digits: bytes) -> bool:
    """Two check digits: of the odd and even places, and of all before it."""
    values = [digit - 48 for digit in digits]
    tenth = (7 * sum(values[:9:2]) - sum(values[1:8:2])) % 10
    return values[0] > 0 and values[9] == tenth and values[10] == sum(values[:10]) % 10


def au_medicare(digits: bytes) -> bool:
    """Begins with 2 to 6; the ninth digit is a weighted modulus 10, the tenth counts the cards."""
    return 0x32 <= digits[0] <= 0x36 and weighted(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == digits[8] - 48


def at_insurance(digits: bytes) -> bool:
    """A serial with its check digit, modulus 11, then the birth date; months 13 and up are given out where a day was full."""
    check = (weighted(digits[:3], (3, 7, 9)) + weighted(digits[4:], (5, 8, 4, 2, 1, 6))) % 11
    return digits[0] != 0x30 and check == digits[3] - 48 and 1 <= int(digits[4:6]) <= 31 and 1 <= int(digits[6:8]) <= 15


def ar_cuit(digits: bytes) -> bool:
    """Of a person (20, 23, 24, 27) or a firm (30, 33, 34), modulus 11."""
    if digits[:2] not in (b"20", b"23", b"24", b"27", b"30", b"33", b"34"):
        return False
    return (weighted(digits[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) + digits[10] - 48) % 11 == 0


def do_cedula(digits: bytes) -> bool:
    """Luhn, in a grouping that nothing else has."""
    return luhn(digits) and digits.count(digits[0]) < 11


def se_with_century(digits: bytes) -> bool:
    """A personnummer of twelve digits; one that may as well be a minute of this century is none (`202311301205`)."""
    if digits[:2] not in (b"19", b"20") or (digits[:2] == b"20" and digits[8:10] < b"24" and digits[10:] < b"60"):
        return False
    return month_and_day(int(digits[4:6]), int(digits[6:8])) and luhn(digits[2:])


def kr_licence(digits: bytes) -> bool:
    """The region, 11 to 28, then the year; no check digit that is published."""
    return b"11" <= digits[:2] <= b"28"


def sv_nit(digits: bytes) -> bool:
    """A place, a birth date, a serial."""
    return ddmmyy(digits[4:10])


def id_npwp(digits: bytes) -> bool:
    """No check digit that is published, but a grouping that nothing else has."""
    return digits.strip(b"0") != b""


def de_steuernummer(digits: bytes) -> bool:
    """A tax office, a district, a number; the check digit differs from state to state, and nothing else is written with two slashes so."""
    return digits.strip(b"0") != b""


# Bare digits that are such a number with a chance of at most one in a hundred by accident.
ALONE: Final[dict[int, tuple[Rule, ...]]] = {
    11: (de_steuer_id, br_cpf, pl_pesel, be_national, no_national, baltic, tr_kimlik),
    12: (se_with_century,),
    13: (za_id, ro_cnp, ch_ahv, emso),
    15: (fr_nir,),
    18: (cn_resident,),
}

# The groups in which a number is written (digits between separators), the separators that may stand there, and the rules that then hold.
GROUPED: Final[dict[str, tuple[bytes, tuple[Rule, ...]]]] = {
    "3-2-4": (b" -.", (us_ssn,)),
    "3-3-4": (b" ", (uk_nhs,)),
    "3-3-3": (b"-", (ca_sin,)),
    "2-3-3-3": (b" ", (de_steuer_id,)),
    "3-3-3-2": (b".- ", (br_cpf,)),
    "2-3-3-4-2": (b"./-", (br_cnpj,)),
    "2-2-2-3-2": (b".- ", (be_national,)),
    "6-5": (b" -", (no_national, lv_national)),
    "6-4": (b"-+/", (se_personnummer, dk_cpr, cz_rodne)),
    "6-3": (b"/", (cz_rodne,)),
    "8-4": (b"-+", (se_personnummer,)),
    "4-4-4": (b" -", (in_aadhaar,)),
    "6-2-4": (b"-", (my_nric,)),
    "6-7": (b"-", (kr_rrn,)),
    "3-4-4-2": (b". ", (ch_ahv,)),
    "1-4-5-2-1": (b"- ", (th_national,)),
    "1-2-2-2-3-3-2": (b" .-", (fr_nir,)),
    "3-4-7-1": (b"-", (ae_emirates,)),
    "5-7-1": (b"-", (pk_cnic,)),
    "4-5-1": (b" ", (au_medicare,)),
    "2-2-6-2": (b"-", (kr_licence,)),
    "4-6-3-1": (b"-", (sv_nit,)),
    "2-3-3-1-3-3": (b".-", (id_npwp,)),
    "4-6": (b" ", (at_insurance,)),
    "2-8-1": (b"-", (ar_cuit,)),
    "3-7-1": (b"-", (do_cedula,)),
    "3-3-5": (b"/", (de_steuernummer,)),
    "2-3-5": (b"/", (de_steuernummer,)),
    "3-4-4": (b"/", (de_steuernummer,)),
}
