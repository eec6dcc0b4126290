"""Keys: what is refused, what is generated; the rest of secrets.py is shown by the loop's tests and on a real API server."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.policy import MIN_KEY
from assistant_operator.errors import WaitingError
from assistant_operator.kube.kinds import SECRET
from assistant_operator.reconcile.credentials import certificates
from assistant_operator.reconcile.credentials.generated import new_key
from assistant_operator.reconcile.credentials.secrets import check_key
from tests.support.fake_world import FakeWorld


def refusal(value: str) -> WaitingError | None:
    try:
        check_key(value, "name", "entry", "spec.access.keys[a]")
    except WaitingError as error:
        return error
    return None


def refused(value: str) -> bool:
    """Tell whether the key is refused, for the right reason and without a word of it."""
    error = refusal(value)
    assert error is None or error.reason == "KeyInvalid"
    assert error is None or not value or value not in error.message
    return error is not None


@pytest.mark.parametrize("value", ["0123456789abcdef", "~!@#$%^&*()_+{}|", "pa-" + "xyz123QWE" * 5])
def test_good_keys(value: str) -> None:
    assert not refused(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0123456789abcde",
        "0123456789 abcdef",
        "0123456789abcdef\n",
        "0123456789abcdef\r\n",
        "\t0123456789abcdef",
        "0123456789abcdefé",
        "a" * 64,
        "abababab" * 8,
    ],
)
def test_bad_keys(value: str) -> None:
    assert refused(value)


@given(st.text(min_size=MIN_KEY, max_size=64))
def test_whatever_is_accepted_can_stand_in_a_header(value: str) -> None:
    """Visible ASCII, nothing that ends a line."""
    if not refused(value):
        assert value.isascii()
        assert value.isprintable()
        assert " " not in value


def test_generated_keys_are_good_and_never_the_same() -> None:
    keys = {new_key() for _ in range(200)}

    assert len(keys) == 200
    assert not any(refused(key) for key in keys)


async def test_an_authority_of_which_one_half_was_changed_is_told() -> None:
    """No client that trusts the certificate would accept what the key signs; and with every pass a new one would be signed."""
    fake = FakeWorld()
    await fake.make_ready()
    other = base64.b64encode(certificates.make_ca("other", fake.now).certificate.encode()).decode()
    fake.client.edit(SECRET, "ns", "one-ca", lambda obj: obj["data"].update({"ca.crt": other}))
    await fake.settle()
    assert fake.verdict() == ("False", "CertificateInvalid")

    fake.client.remove(SECRET, "ns", "one-ca")
    await fake.settle()
    assert fake.verdict() == ("True", "Serving")


async def test_an_authority_gets_a_new_term_before_certificates_would_outlive_it() -> None:
    """Else theirs would become shorter and shorter, and clients that trust it would be left without one on its last day."""
    fake = FakeWorld()
    await fake.make_ready()

    def entry(name: str) -> str:
        secret = fake.client.find(SECRET, "ns", "one-ca")
        assert secret is not None
        return base64.b64decode(secret["data"][name]).decode()

    key = entry("ca.key")
    fake.now += certificates.CA_LIFE - certificates.LEAF_LIFE / 2
    await fake.settle()

    assert certificates.end_of(entry("ca.crt")) == fake.now + certificates.CA_LIFE
    assert entry("ca.key") == key
