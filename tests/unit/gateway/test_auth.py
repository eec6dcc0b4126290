"""Keys: from files, by digest, all of them compared."""

import hmac
from pathlib import Path

import pytest

from assistant_gateway import auth
from assistant_gateway.auth import KeyFileError, KeyRing
from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import KeyPolicy

KEYS = (KeyPolicy(name="one", subject="First"), KeyPolicy(name="two", subject="Second", groups=("staff",)))


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    (tmp_path / "one").write_text("sk-first-0123456789\n")
    (tmp_path / "two").write_text("sk-second-0123456789")
    return KeyRing.load(tmp_path, KEYS)


def header(value: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), (b"authorization", value.encode())]


@pytest.mark.parametrize("value", ["Bearer sk-second-0123456789", "bearer sk-second-0123456789", "BEARER   sk-second-0123456789 "])
def test_a_key_says_who_asks(ring: KeyRing, value: str) -> None:
    identity = ring.identify(header(value))

    assert (identity.key, identity.subject, identity.groups) == ("two", "Second", ("staff",))


@pytest.mark.parametrize("value", ["", "sk-first-0123456789", "Basic sk-first-0123456789", "Token sk-first-0123456789"])
def test_without_a_bearer_there_is_no_key(ring: KeyRing, value: str) -> None:
    with pytest.raises(RefusalError) as refused:
        ring.identify(header(value))

    assert refused.value.code == "missing_key"


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer sk-first-012345678",
        "Bearer sk-first-0123456789x",
        "Bearer SK-FIRST-0123456789",
        "Bearer sk-first-0123456789,sk-second-0123456789",
        "Bearer \u00e9",
    ],
)
def test_a_key_that_is_none_is_refused(ring: KeyRing, value: str) -> None:
    with pytest.raises(RefusalError) as refused:
        ring.identify(header(value))

    assert refused.value.code == "wrong_key"


def test_all_keys_are_compared_whichever_matches(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them as a whole."""
    compared = []

    class Counting:
        @staticmethod
        def compare_digest(known: bytes, given: bytes) -> bool:
            compared.append(known)
            return hmac.compare_digest(known, given)

    monkeypatch.setattr(auth, "hmac", Counting)
    ring.identify(header("Bearer sk-first-0123456789"))

    assert compared == [digest for digest, _ in ring.entries]


def test_no_key_is_kept_in_memory(ring: KeyRing) -> None:
    assert "sk-first-0123456789" not in repr(ring)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"  ",
        b"two words-0123456789",
        b"tab\there-0123456789",
        "\u00e9-0123456789-abcde".encode(),
        b"nul\x00-0123456789-abc",
        b"del\x7f-0123456789-abc",
        b"sk-0123456789ab",
        b"sk-sk-sk-sk-sk-sk-sk",
    ],
)
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """Nor one that can be guessed: a key of the user's own that is changed to such a one opens nothing."""
    (tmp_path / "one").write_bytes(content)

    with pytest.raises(KeyFileError, match="'one'") as failed:
        KeyRing.load(tmp_path, KEYS[:1])

    assert content.strip() == b"" or content.decode() not in str(failed.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="'one' cannot be read"):
        KeyRing.load(tmp_path, KEYS[:1])


def test_two_keys_of_one_value_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("sk-same-0123456789")
    (tmp_path / "two").write_text("sk-same-0123456789\n")

    with pytest.raises(KeyFileError, match="same value"):
        KeyRing.load(tmp_path, KEYS)


def test_two_keys_of_one_value_are_refused_though_they_are_one_subjects(tmp_path: Path) -> None:
    """They may differ in what they open: the request would be whichever of them was read last."""
    (tmp_path / "mine").write_text("sk-same-0123456789")
    (tmp_path / "office").write_text("sk-same-0123456789")
    keys = (KeyPolicy(name="mine", subject="Ada"), KeyPolicy(name="office", subject="Ada", role="DataOfficer"))

    with pytest.raises(KeyFileError, match="same value"):
        KeyRing.load(tmp_path, keys)


def test_the_other_value_of_a_key_is_the_same_key(tmp_path: Path) -> None:
    """As while it is being replaced; an unusable one is not accepted, and keeps nobody out."""
    (tmp_path / "one").write_text("sk-old-0123456789")
    (tmp_path / "one.other").write_text("sk-new-0123456789\n")
    (tmp_path / "two").write_text("sk-second-0123456789")
    (tmp_path / "two.other").write_text("two words")
    ring = KeyRing.load(tmp_path, KEYS)

    assert ring.identify(header("Bearer sk-new-0123456789")) == ring.identify(header("Bearer sk-old-0123456789"))
    assert ring.identify(header("Bearer sk-second-0123456789")).key == "two"
    with pytest.raises(RefusalError):
        ring.identify(header("Bearer two words"))


def test_another_keys_value_is_no_other_value(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("sk-first-0123456789")
    (tmp_path / "two").write_text("sk-second-0123456789")
    (tmp_path / "two.other").write_text("sk-first-0123456789")

    with pytest.raises(KeyFileError, match="same value"):
        KeyRing.load(tmp_path, KEYS)


@pytest.mark.parametrize("name", ["../one", "", ".", ".."])
def test_a_name_does_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "one").write_text("sk")

    with pytest.raises(KeyFileError, match="not the name of a file"):
        KeyRing.load(tmp_path / "folder", (KeyPolicy(name=name, subject="x"),))
