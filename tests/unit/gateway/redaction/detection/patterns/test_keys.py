"""Keys and tokens by their prefix, and key blocks."""

import string

import pytest

from assistant_gateway.redaction.detection.patterns import keys
from tests.unit.gateway.redaction.finding import found, only

MIXED = "a8Kd93jsPq0xZm2LrT5vYw7Bc1Nf4Gh6Jk8XeR3uV9iO5pQ2tS7yW1zD4mC6bH0nA8gF3lEj5Kx7Uo9Iw2Py4Tq6Rz1Vs8" * 3
HEX = "0123456789abcdef" * 10
DIGITS = string.digits * 3

KEYS = [
    "AKIAIOSFODNN7EXAMPLE",
    "AIza" + MIXED[:35],
    "GOCSPX-" + MIXED[:28],
    "ghp_" + MIXED[:36],
    "github_pat_" + MIXED[:22] + "_" + MIXED[:59],
    "glpat-" + MIXED[:20],
    "npm_" + MIXED[:36],
    "pypi-AgEIcHlwaS5vcmc" + MIXED[:120],
    "dckr_pat_" + MIXED[:27],
    "sk-proj-" + MIXED[:48],
    "sk-proj-GXwLVFMXaWFVcOcFKmWtRyaJPJSMzOYYterVfyoZqHTFzMeD",  # hardly a digit, as one of 500 is drawn
    "sk-" + MIXED[:20] + "T3BlbkFJ" + MIXED[:20],
    "sk-ant-api03-" + MIXED[:93],
    "sk-or-v1-" + HEX[:64],
    "hf_" + MIXED[:34],
    "gsk_" + MIXED[:52],
    "r8_" + MIXED[:37],
    "sk_live_" + MIXED[:24],
    "rk_test_" + MIXED[:24],
    "whsec_" + MIXED[:32],
    "SG." + MIXED[:22] + "." + MIXED[:43],
    "key-" + HEX[:32],
    "shpat_" + HEX[:32],
    "dop_v1_" + HEX[:64],
    "NRAK-" + MIXED[:27].upper(),
    "glsa_" + MIXED[:32] + "_" + HEX[:8],
    "PMAK-" + HEX[:24] + "-" + HEX[:34],
    "abc8Q~" + MIXED[:34],
    "lin_api_" + MIXED[:40],
    "figd_" + MIXED[:40],
    "A3T" + "X" + MIXED[:16].upper(),
    "aio_" + MIXED[:28],
    "p8e-" + HEX[:32],
    "fo1_" + MIXED[:43],
    "cfat_" + MIXED[:48],
    "spu-" + HEX[:32],
    "sm_pat_" + MIXED[:16],
    "s-s4t2ud-" + HEX[:64],
    "sc_" + MIXED[:10].lower() + ".ab12.acc_" + MIXED[:12].lower() + "." + MIXED[:44].lower(),
    "A3-" + "-".join(("AB12CD", "EF34GH", "IJ56K", "LM78N", "OP90Q", "RS12T")),
    "NRJS-" + HEX[:19],
    "sgp_local_" + HEX[:40].upper(),
    "test_" + HEX[:35],
    "live_pub_" + HEX[:31],
    "glrt-t3_" + MIXED[:27] + ".01" + MIXED[:7].lower(),
]
TOKENS = [
    "xoxb-" + DIGITS[:12] + "-" + DIGITS[:12] + "-" + MIXED[:24],
    "xapp-1-A0123456789-" + DIGITS[:13] + "-" + HEX[:64],
    "hooks.slack.com/services/T00000000/B00000000/" + MIXED[:24],
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + MIXED[:43],
    "123456789:AA" + MIXED[:33],
    "ya29." + MIXED[:120],
    "hvs." + MIXED[:90],
    "https://hooks.slack.com/services/T00000000/B00000000/" + MIXED[:24],
    "https://hooks.zapier.com/hooks/catch/" + DIGITS[:7] + "/" + MIXED[:7],
    DIGITS[:15] + "|" + MIXED[:27],
    "pat." + MIXED[:22] + "." + HEX[:24] + "." + MIXED[:20],
    "eyJrIjoi" + MIXED[:80],
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:8])
@pytest.mark.parametrize("around", ["use {} now", "'{}'", "x={}&y", "({})", "Key:{}\nnext", "\\n{}\\n"])
def test_an_issuers_prefix_is_enough(key: str, around: str) -> None:
    """In prose, quotes, settings, URLs, JSON inside a text."""
    assert only("API_KEY", around.format(key)) == [key]


@pytest.mark.parametrize("key", ["ghp_" + "x" * 36, "AIza" + "X" * 35, "hvs." + "x" * 30, "hf_" + "requiredCharacteristicTypesForDisplay"])
def test_a_placeholder_and_a_name_are_no_keys(key: str) -> None:
    """What documents write for a key: one letter again and again; and a name of a program that begins like one."""
    assert found(f"use {key} now") == []


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:8])
def test_tokens_are_found(token: str) -> None:
    """Chat services, JWTs, bots, vaults."""
    assert found(f"use {token} now") == [("TOKEN", token)]


JWT = TOKENS[3]


@pytest.mark.parametrize("before", ["", "\n", '"', "=", "Bearer ", "/", "."])
def test_a_web_token_begins_where_a_word_does(before: str) -> None:
    """Whatever stands before it is not of it."""
    assert found(f"{before}{JWT}") == [("TOKEN", JWT)]


@pytest.mark.parametrize("before", ["a", "7", "ü", "_", "-"])
def test_the_middle_of_a_word_is_no_web_token(before: str) -> None:
    assert ("TOKEN", JWT) not in found(f"{before}{JWT}")


@pytest.mark.parametrize(
    "token",
    [
        "eyJ" + MIXED * 200 + ".eyJ" + MIXED * 400 + "." + MIXED * 9,
        "eyJ" + MIXED[:20] + ".." + MIXED[:16] + "." + MIXED * 300 + "." + MIXED[:22],
    ],
    ids=["signed", "encrypted"],
)
def test_a_web_token_may_be_long(token: str) -> None:
    assert found(f"use {token} now") == [("TOKEN", token)]


@pytest.mark.parametrize(
    "text",
    [
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "550e8400-e29b-41d4-a716-446655440000",
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "sk-learn-pipeline-with-many-parts, .sk-spinner-double-bounce-animation",
        "key-value-store-with-a-long-name",
        "model gpt-4-0613, claude-3-5-sonnet-20241022",
        "hf_transfer and npm_config_registry",
    ],
)
def test_hashes_and_names_stay(text: str) -> None:
    """What is long and odd is not yet a key."""
    assert found(text) == []


BODY = "\n".join(MIXED[:64] for _ in range(20))


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA "])
def test_a_key_block_is_covered_whole(kind: str) -> None:
    """From the first dash to the last, longer than any window."""
    block = f"-----BEGIN {kind}PRIVATE KEY-----\n{BODY}\n-----END {kind}PRIVATE KEY-----"

    assert found(f"key:\n{block}\nthanks") == [("PRIVATE_KEY", block)]


def test_a_key_block_in_json_is_covered_whole() -> None:
    """With escaped line ends, as service accounts carry it."""
    block = "-----BEGIN PRIVATE KEY-----\\n" + BODY.replace("\n", "\\n") + "\\n-----END PRIVATE KEY-----\\n"

    assert only("PRIVATE_KEY", '{"private_key": "' + block + '"}') == [block.removesuffix("\\n")]


def test_a_key_block_without_an_end_is_covered_as_far_as_it_goes() -> None:
    """A cut-off paste gives half a key away."""
    text = f"-----BEGIN PRIVATE KEY-----\n{BODY}\n\nThat was all I have."

    value = only("PRIVATE_KEY", text)[0]
    assert value.rstrip() == text.partition("\n\nThat")[0]


@pytest.mark.parametrize("end", ["-----END PGP PRIVATE KEY BLOCK-----", ""])
def test_a_key_block_of_any_length_is_covered_whole(end: str) -> None:
    """A ring of keys with pictures has a hundred thousand characters; with its last line or cut off."""
    key = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" + ("lQdGBGb" * 9 + "\n") * 1600 + end

    (value,) = only("PRIVATE_KEY", f"My key:\n{key} Keep it.")
    assert value.rstrip() == key.rstrip()


def test_a_header_that_is_talked_about_stays() -> None:
    """No key, no secret; public keys and certificates are none."""
    assert found("The file starts with -----BEGIN PRIVATE KEY----- and so on.") == []
    assert found(f"-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----") == []


def test_a_jwk_loses_its_private_part() -> None:
    """`d` beside `kty`."""
    assert only("PRIVATE_KEY", f'{{"kty":"EC","crv":"P-256","d":"{MIXED[:43]}"}}') == [MIXED[:43]]
    assert only("PRIVATE_KEY", f'{{"a":1,"d":"{MIXED[:43]}"}}') == []


def test_key_files_of_other_programs_are_covered_whole() -> None:
    """PuTTY's and .NET's; a tag that is talked about is none."""
    putty = f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n{MIXED[:44]}\nPrivate-MAC: {HEX[:64]}"
    xml = f"<RSAKeyValue><Modulus>{BODY}</Modulus><D>{MIXED}</D></RSAKeyValue>"

    assert only("PRIVATE_KEY", f"{putty}\nthanks") == [putty]
    assert only("PRIVATE_KEY", f"a {xml} b") == [xml]
    assert found("It begins with <RSAKeyValue> or PuTTY-User-Key-File-2: and goes on") == []


def test_headers_without_an_end_are_not_searched_from_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand first lines would else cost a thousand looks over the longest key."""
    text = "-----BEGIN PRIVATE KEY-----" * 1_000
    looked = 0
    end = keys._END

    class Counting:
        """Adds up how many bytes are searched."""

        def search(self, view: bytes, start: int, stop: int) -> object:
            nonlocal looked
            looked += max(0, min(stop, len(view)) - start)
            return end.search(view, start, stop)

    monkeypatch.setattr(keys, "_END", Counting())

    assert only("PRIVATE_KEY", text) == []
    assert looked < 8 * len(text)


@pytest.mark.parametrize(
    "key",
    [
        "sgp_" + "0123456789abcdef" * 2 + "01234567",
        "pnu_" + "aB3" * 12,
        "rzp_live_" + "aB3dE6gH9jK2mN",
        "access-production-01234567-89ab-cdef-0123-456789abcdef",
        "sk.eyJ1" + "aB3" * 15 + "." + "xY9" * 7,
        "sha256~" + "aB3d" * 10 + "xyz",
    ],
)
def test_more_issuers_are_known(key: str) -> None:
    """Their prefix, and as long as theirs are."""
    assert [value for _, value in found(f"use {key} now")] == [key]


def test_a_bot_is_found_in_its_address() -> None:
    """Telegram writes `bot` in front of the token."""
    token = "7033167325:AAoSpgLJ7M-FIdRSOlh3landlcve9gyQz9R"
    assert found(f"https://api.telegram.org/bot{token}/sendMessage") == [("TOKEN", f"bot{token}")]


def test_a_signed_session_is_found() -> None:
    """Flask's: a value, a time of six characters and a signature."""
    session = "eyJ1c2VyIjoxfQ.lSoU5A.ZzcWQa3oBC4IPlNKnhdW2_SFi2D"
    assert found(f"session={session}") == [("TOKEN", session)]
