"""Values that are looked for are in nothing that the gateway writes: masked, refused or put back, or when that fails.

As ../test_canaries.py, whose last test shows that a leak is seen, with the word inside of what redaction finds: so the model server,
too, must never see it.
"""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.gateway.fake_ollama import MODEL, FakeOllama
from tests.unit.gateway.process import GatewayProcess, start_process, write_files
from tests.unit.gateway.redacting import EMBEDDING, GENERATING, body_for, redacting, speak
from tests.unit.gateway.running import until
from tests.unit.gateway.test_canaries import CANARY, everything, leaks

VALUE = f"{CANARY}@example.com"
SECRET = f"password: {CANARY}-9x!4"
TEXT = f"Write to {VALUE}. {SECRET}"
PATHS = (*GENERATING, *EMBEDDING)
POLICIES = {
    "pseudonymize": redacting("Pseudonymize"),
    "mask": redacting("Mask"),
    "block": redacting("Block"),
    "response masked": redacting("Pseudonymize", "Mask"),
    "response blocked": redacting("Pseudonymize", "Block"),
}


def full(path: str, **more: Any) -> dict[str, Any]:
    """Return a request that has the values wherever text may be: in fields that nobody knows and in names, too."""
    extra = {"system": TEXT, "user": VALUE, "metadata": {VALUE: [VALUE, {VALUE: SECRET}]}, VALUE: TEXT, "stop": [VALUE]}
    return body_for(path, TEXT) | extra | more


def words(answer: str) -> str:
    """Return the words of an answer, of any wire format, put together from its pieces."""
    return "".join(re.findall(r'"(?:content|response|text)":"([^"]*)"', answer))


async def send(gateway: GatewayProcess, path: str, body: Any) -> tuple[int, str]:
    """Return status and answer; one that breaks off ends early."""
    text = ""
    async with gateway.http() as client, client.stream("POST", path, json=body) as answer:
        with contextlib.suppress(httpx.RemoteProtocolError):
            async for part in answer.aiter_text():
                text += part
    return answer.status_code, text


async def send_all(gateway: GatewayProcess) -> tuple[list[str], int]:
    """Send every kind of request; return what was said of errors, and how many requests there were."""
    bodies = [(path, full(path, stream=stream)) for path in PATHS for stream in (False, True)]
    bodies += [("/v1/redact", {"text": TEXT}), ("/v1/redact", {"json": {VALUE: [TEXT]}}), ("/v1/redact", {VALUE: TEXT})]
    bodies += [("/v1/restore", {"text": TEXT, "mapping": VALUE}), ("/api/chat", {"model": VALUE, "messages": [VALUE]})]
    bodies += [("/api/chat", {"model": MODEL, "messages": [{"role": "user", "content": TEXT, "images": [VALUE]}]})]
    answers = [await send(gateway, path, body) for path, body in bodies]
    return [line for status, text in answers for line in text.splitlines() if status != 200 or '"error"' in line], len(bodies)


@pytest.mark.parametrize("name", POLICIES)
async def test_no_value_is_written_or_reaches_the_model(tmp_path: Path, fake: FakeOllama, name: str) -> None:
    """Whatever the policy does with it; the model's own words, which hold another value, are written nowhere either."""
    write_files(tmp_path, POLICIES[name])
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        errors, requests = await send_all(gateway)
        asked = [one.body.decode() for one in fake.asked]
        speak(fake, TEXT)
        more = [await send(gateway, path, body_for(path, "Hello.", stream=stream)) for path in GENERATING for stream in (False, True)]
        await until(lambda: len(gateway.records()) == requests + len(more))
        written = await everything(gateway)

    assert leaks(asked) == []
    assert leaks(written) + leaks(errors) == []
    hidden = name.startswith("response")
    assert [bool(leaks([words(text)])) for _, text in more] == [not hidden] * len(more)
    assert any('"redactions":{"request":{"EMAIL":' in line for line in written)


CRASHES = f"""
import assistant_gateway.redaction.replacing.masking as masking
mask = masking.Masker.__call__
def crash(self, text):
    if {CANARY!r} in text:
        raise RuntimeError(text)
    return mask(self, text)
masking.Masker.__call__ = crash
"""
"""Not of the self-check's values: with these the gateway would not even become ready."""


async def test_redaction_that_crashes_passes_and_writes_nothing(tmp_path: Path, fake: FakeOllama) -> None:
    """It fails closed: the model server was not asked, and nobody reads of what."""
    write_files(tmp_path, POLICIES["pseudonymize"])
    async with start_process(tmp_path, fake, prelude=CRASHES) as gateway:
        await gateway.ready()
        before = len(fake.asked)
        answers = [await send(gateway, path, full(path)) for path in PATHS]
        await until(lambda: len(gateway.records()) == len(answers))
        written = await everything(gateway)

    assert {status for status, _ in answers} == {500}
    assert [asked.path for asked in fake.asked[before:] if asked.method == "POST"] == []
    assert sum('"exception":"RuntimeError"' in line for line in written) == len(PATHS)
    assert leaks(written) + leaks([text for _, text in answers]) == []


async def test_a_mapping_tells_nothing_to_who_has_no_key(tmp_path: Path, fake: FakeOllama) -> None:
    """Plain, in base64 or in hex: /v1/redact's whole answer has none of the values."""
    write_files(tmp_path, POLICIES["pseudonymize"])
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        status, answer = await send(gateway, "/v1/redact", {"text": TEXT})

    assert status == 200
    assert len(json.loads(answer)["mapping"]) > len(TEXT)
    assert leaks([answer]) == []
