"""/v1/redact and /v1/restore: what goes out has no value in it, and only the caller can put the values back."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from assistant_gateway.policy import PatternPolicy, Policy
from assistant_gateway.redaction import routes
from tests.unit.gateway.fake_ollama import FakeOllama
from tests.unit.gateway.redacting import CARD, EMAIL, STAFF, TEXT, redacting
from tests.unit.gateway.running import OTHER_KEY, RunningGateway, run_gateway

VALUES: list[tuple[str, Any]] = [
    ("text", f"{TEXT} {STAFF}"),
    ("text", ""),
    ("json", {"to": [EMAIL, {"card": CARD, EMAIL: 1}], "n": 5, "none": None, "input": [1, 2], "images": ["x"]}),
    ("json", [EMAIL]),
    ("json", EMAIL),
    ("json", {"password": "Tr0ub4dor&3x"}),
]


async def post(gateway: RunningGateway, path: str, body: Any, **more: Any) -> Any:
    async with gateway.http(**more) as client:
        return await client.post(path, json=body)


@pytest.mark.parametrize("large", [False, True], ids=["at once", "in a thread"])
@pytest.mark.parametrize(("name", "value"), VALUES)
async def test_what_was_taken_out_is_put_back(
    monkeypatch: pytest.MonkeyPatch, fake: FakeOllama, tls: Path, name: str, value: Any, large: bool
) -> None:
    """By the caller, wherever the stand-ins have been in between."""
    monkeypatch.setattr(routes, "_THREAD_BYTES", 0 if large else 10_000)
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        redacted = (await post(gateway, "/v1/redact", {name: value})).json()
        restored = (await post(gateway, "/v1/restore", {"mapping": redacted["mapping"], name: redacted[name]})).json()

    assert restored == {name: value}
    assert not any(part in json.dumps(redacted) for part in (EMAIL, CARD, STAFF, "Tr0ub4dor"))
    assert fake.asked == []


async def test_types_and_counts_are_told_and_recorded(fake: FakeOllama, tls: Path) -> None:
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        answer = await post(gateway, "/v1/redact", {"text": f"{TEXT} {STAFF}"})
        record = await gateway.record()

    assert answer.json()["found"] == record["redactions"]["request"] == {"EMAIL": 1, "CARD": 1, "STAFF-ID": 1}
    assert EMAIL.encode().hex() not in base64.b64decode(answer.json()["mapping"]).hex()


async def test_nobody_else_can_open_a_mapping(fake: FakeOllama, tls: Path) -> None:
    """Another key, and one that was changed on its way."""
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        redacted = (await post(gateway, "/v1/redact", {"text": TEXT})).json()
        mapping = redacted["mapping"]
        changed = ("B" if mapping[20] == "A" else "A").join([mapping[:20], mapping[21:]])
        answers = [
            await post(gateway, "/v1/restore", {"text": redacted["text"], "mapping": mapping}, key=OTHER_KEY),
            await post(gateway, "/v1/restore", {"text": redacted["text"], "mapping": changed}),
            await post(gateway, "/v1/restore", {"text": redacted["text"], "mapping": "no base64"}),
            await post(gateway, "/v1/restore", {"text": redacted["text"], "mapping": ""}),
        ]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(400, "mapping_invalid")] * 4
    assert all("weber" not in answer.text for answer in answers)


async def test_another_key_of_the_same_subject_cannot_open_it_either(fake: FakeOllama, tls: Path) -> None:
    """It is sealed by the key itself, not by whose it is: a key that was replaced opens nothing more."""
    policy = redacting("Pseudonymize")
    both = policy.model_copy(update={"keys": tuple(key.model_copy(update={"subject": "Alice"}) for key in policy.keys)})
    async with run_gateway(fake, tls, both) as gateway:
        redacted = (await post(gateway, "/v1/redact", {"text": TEXT})).json()
        answer = await post(gateway, "/v1/restore", {"text": "x", "mapping": redacted["mapping"]}, key=OTHER_KEY)

    assert answer.json()["error"]["code"] == "mapping_invalid"


async def test_another_gateway_opens_it(fake: FakeOllama, tls: Path) -> None:
    """Replicas share nothing: the key with which the caller comes is enough."""
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        redacted = (await post(gateway, "/v1/redact", {"text": TEXT})).json()
    async with run_gateway(fake, tls, redacting("Mask")) as gateway:
        restored = await post(gateway, "/v1/restore", {"text": redacted["text"].upper(), "mapping": redacted["mapping"]})

    assert restored.json() == {"text": TEXT.upper().replace(EMAIL.upper(), EMAIL)}


async def test_the_policys_action_counts_here_too(fake: FakeOllama, tls: Path) -> None:
    async with run_gateway(fake, tls, redacting("Mask")) as gateway:
        masked = await post(gateway, "/v1/redact", {"text": TEXT})
    async with run_gateway(fake, tls, redacting("Block")) as gateway:
        refused = await post(gateway, "/v1/redact", {"text": TEXT})
    async with run_gateway(fake, tls, redacting(response="Mask")) as gateway:
        off = await post(gateway, "/v1/redact", {"text": TEXT})

    assert (masked.json()["text"], masked.json()["mapping"]) == ("Write to [EMAIL] about card [CARD], please.", None)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "personal_data_refused")
    assert (off.status_code, off.json()["error"]["code"]) == (400, "redaction_off")


def with_pattern(action: str, expression: str) -> Policy:
    """Return a policy that has this pattern alone."""
    policy = redacting(action)
    patterns = (PatternPolicy(name="own", expression=expression),)
    return policy.model_copy(update={"redaction": policy.redaction.model_copy(update={"patterns": patterns})})


async def test_a_pattern_may_match_our_own_words(fake: FakeOllama, tls: Path) -> None:
    """What a pattern of the CR's own finds is the caller's text: not a name under which the gateway itself holds it."""
    async with run_gateway(fake, tls, with_pattern("Mask", "value|metadata|text")) as gateway:
        masked = await post(gateway, "/v1/redact", {"text": "of value"})

    assert (masked.status_code, masked.json()["text"]) == (200, "of [OWN]")
    assert masked.json()["found"] == {"OWN": 1}


@pytest.mark.parametrize("action", ["Mask", "Pseudonymize"])
@pytest.mark.parametrize("expression", [r"^EMP-[0-9]{4}$", r"\AEMP-[0-9]{4}", r"(?m)^EMP-[0-9]{4}"])
@pytest.mark.parametrize(("name", "value"), [("text", "EMP-4711"), ("json", "EMP-4711"), ("json", {"employee": ["EMP-4711"]})])
async def test_a_pattern_may_be_about_where_a_text_begins(
    fake: FakeOllama, tls: Path, action: str, expression: str, name: str, value: Any
) -> None:
    """A value is looked at behind its name, since some are known by that only; it begins a text of its own all the same."""
    async with run_gateway(fake, tls, with_pattern(action, expression)) as gateway:
        masked = await post(gateway, "/v1/redact", {name: value})

    assert masked.json()["found"] == {"OWN": 1}
    assert "EMP-4711" not in masked.text


@pytest.mark.parametrize("large", [False, True], ids=["at once", "in a thread"])
async def test_what_is_put_back_is_no_larger_than_what_could_be_brought(
    monkeypatch: pytest.MonkeyPatch, fake: FakeOllama, tls: Path, large: bool
) -> None:
    """A long value and a short stand-in, many times: a request of a megabyte would become gigabytes here."""
    monkeypatch.setattr(routes, "_THREAD_BYTES", 0 if large else 100_000)
    value = f"-----BEGIN PRIVATE KEY-----\n{'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC' * 16}\n-----END PRIVATE KEY-----"
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        redacted = (await post(gateway, "/v1/redact", {"text": value})).json()
        token, mapping = redacted["text"], redacted["mapping"]
        many = await post(gateway, "/v1/restore", {"json": [f"{token} "] * 1000, "mapping": mapping})
        some = await post(gateway, "/v1/restore", {"json": [f"{token} "] * 50, "mapping": mapping})

    assert redacted["found"] == {"PRIVATE_KEY": 1}
    assert (many.status_code, many.json()["error"]["code"]) == (413, "body_too_large")
    assert some.json() == {"json": [f"{value} "] * 50}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/redact", {}),
        ("/v1/redact", {"text": 5}),
        ("/v1/redact", {"text": "a", "json": "b"}),
        ("/v1/redact", {"text": "a", "mapping": "b"}),
        ("/v1/restore", {"text": "a"}),
        ("/v1/restore", {"text": "a", "mapping": 5}),
        ("/v1/restore", {"mapping": "a"}),
        ("/v1/restore", {"mapping": None}),
        ("/v1/restore", {"text": "a", "mapping": "b", "x": 1}),
    ],
)
async def test_what_is_no_request_is_refused(fake: FakeOllama, tls: Path, path: str, body: dict[str, Any]) -> None:
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        answer = await post(gateway, path, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
