"""National numbers of digits: published examples hold, and one wrong digit does not."""

import pytest

from assistant_gateway.redaction.detection.patterns.national import numbers
from assistant_gateway.redaction.detection.patterns.national.numbers import ALONE, GROUPED, Rule

# Examples from the authorities' documents and python-stdnum's documentation (LGPL; read, not shipped).
EXAMPLES: list[tuple[Rule, str]] = [
    (numbers.uk_nhs, "9434765870"),
    (numbers.de_steuer_id, "36574261809"),
    (numbers.br_cpf, "39053344705"),
    (numbers.pl_pesel, "44051401359"),
    (numbers.be_national, "85073003328"),
    (numbers.no_national, "15108695088"),
    (numbers.baltic, "37605030299"),
    (numbers.se_personnummer, "8803200016"),
    (numbers.in_aadhaar, "234123412346"),
    (numbers.za_id, "7503305044089"),
    (numbers.ro_cnp, "1630615123457"),
    (numbers.emso, "0101006500006"),
    (numbers.ch_ahv, "7569217076985"),
    (numbers.th_national, "1234545678781"),
    (numbers.fr_nir, "295109912611193"),
    (numbers.cn_resident, "360426199101010071"),
    (numbers.ca_sin, "123456782"),
    (numbers.tr_kimlik, "10000000146"),
    (numbers.ar_cuit, "20267565393"),
    (numbers.do_cedula, "22400022111"),
    (numbers.se_with_century, "198803200016"),
]


@pytest.mark.parametrize(("rule", "number"), EXAMPLES, ids=lambda value: getattr(value, "__name__", ""))
def test_an_example_holds_and_one_wrong_digit_does_not(rule: Rule, number: str) -> None:
    """The check digit is the proof, so the last digit changed must refuse it."""
    assert rule(number.encode())
    assert not any(rule((number[:-1] + str(other)).encode()) for other in range(10) if str(other) != number[-1])


@pytest.mark.parametrize("number", ["000123456", "666123456", "123004567", "123450000", "923123456"])
def test_what_was_never_given_out_is_no_ssn(number: str) -> None:
    """Areas, groups and serials of zeros; 666; 9xx outside the ITIN groups."""
    assert not numbers.us_ssn(number.encode())


def test_ssn_and_itin_hold() -> None:
    """No check digit: the rest is taken."""
    assert numbers.us_ssn(b"123456789")
    assert numbers.us_ssn(b"912703456")


@pytest.mark.parametrize("number", ["11111111111", "00000000000"])
def test_equal_digits_are_nobodys(number: str) -> None:
    """They fit many a checksum."""
    assert not any(rule(number.encode()) for rule in ALONE[11])


def test_the_check_digit_of_some_stands_inside() -> None:
    """Of Australia's Medicare cards the ninth, of Austria's insurance numbers the fourth."""
    assert numbers.au_medicare(b"2123456701")
    assert not numbers.au_medicare(b"2123456711")
    assert numbers.at_insurance(b"1237010180")
    assert not numbers.at_insurance(b"1238010180")


def test_a_minute_of_this_century_is_nobodys() -> None:
    """`202311301200` fits one checksum in ten."""
    minutes = [f"2023{month:02d}{day:02d}{hour:02d}17".encode() for month in range(1, 13) for day in range(1, 29) for hour in range(24)]
    assert not any(numbers.se_with_century(minute) for minute in minutes)


def test_rules_stand_where_their_length_is() -> None:
    """A rule under a wrong length reads beyond its digits."""
    for length, rules in ALONE.items():
        for rule in rules:
            assert rule(b"0" * length) in (True, False)
    for groups, (_, rules) in GROUPED.items():
        for rule in rules:
            assert rule(b"0" * sum(map(int, groups.split("-")))) in (True, False)


def test_few_numbers_drawn_by_lot_are_taken_alone() -> None:
    """Order numbers of eleven or thirteen digits must mostly stay: at most one in thirty."""
    for length, rules in ALONE.items():
        drawn = [str(7919**9 * seed % 10**length).zfill(length).encode() for seed in range(1, 3001)]
        assert sum(any(rule(number) for rule in rules) for number in drawn) <= 100
