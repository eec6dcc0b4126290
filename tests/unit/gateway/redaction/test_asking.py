"""Names are asked for before anything is masked, and what cannot be asked for is refused."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from assistant_gateway.errors import RefusalError
from assistant_gateway.policy import NamesPolicy, RedactionPolicy, RequestRedaction
from assistant_gateway.record import Exchange
from assistant_gateway.redaction import asking
from assistant_gateway.redaction.entities import NAMES, STRUCTURED, Span
from assistant_gateway.redaction.names.client import NamesUnavailableError
from assistant_gateway.redaction.service import Redaction

NAME = "Quincey Ostrander"


class Known:
    """Finds one name; `away`: cannot."""

    def __init__(self, entity: str = "PERSON", *, away: bool = False) -> None:
        self.is_ready = not away
        self.entity = entity
        self.asked: list[str] = []

    async def start(self) -> None:
        if not self.is_ready:
            raise NamesUnavailableError

    async def find(self, texts: Sequence[str]) -> list[list[Span]]:
        await self.start()
        self.asked += texts
        return [[Span(at, at + len(NAME), self.entity) for at in range(len(text)) if text.startswith(NAME, at)] for text in texts]


def redaction(action: str, names: Known | None, entities: tuple[str, ...] = (*STRUCTURED, *NAMES)) -> Redaction:
    request = RequestRedaction.model_validate({"action": action, "entities": entities})
    return Redaction(RedactionPolicy(request=request, names=NamesPolicy(mode="Standard")), names)


def body(text: str = f"{NAME} is anna@example.com") -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


async def shown(made: Redaction, sent: dict[str, Any]) -> str:
    return str(await made.passage("openai", Exchange()).request(sent))


async def test_names_and_patterns_are_masked_together() -> None:
    """One pass: both are gone, and counted once, although the request was gone through twice."""
    exchange = Exchange()

    masked = await redaction("Mask", Known()).passage("openai", exchange).request(body())

    assert masked["messages"][0]["content"] == "[PERSON] is [EMAIL]"
    assert exchange.redactions == {"request": {"PERSON": 1, "EMAIL": 1}, "response": {}}


async def test_names_in_keys_values_and_tool_calls_are_asked_for() -> None:
    """Everything that carries text, and a value whose key is masked as well."""
    call = {"function": {"name": "send", "arguments": f'{{"{NAME}": "{NAME}", "to": ["{NAME}"]}}'}, "id": "c1"}
    sent = {"messages": [{"role": "assistant", "tool_calls": [call]}], "metadata": {NAME: NAME}, "unknown": NAME}

    assert NAME not in await shown(redaction("Mask", Known()), sent)


@pytest.mark.parametrize("action", ["Mask", "Pseudonymize", "Block"])
@pytest.mark.parametrize("names", [None, Known(away=True)], ids=["none", "away"])
async def test_without_a_worker_everything_is_refused(action: str, names: Known | None) -> None:
    """Requests, what is kept and what is stored: also texts without any name, since nobody can tell."""
    made = redaction(action, names)
    ways = [made.passage("openai", Exchange()).request(body("hello")), made.stored("hello", Counter())]
    for way in ways:
        with pytest.raises(RefusalError) as refused:
            await way
        assert (refused.value.code, refused.value.status) == ("names_unavailable", 503)


async def test_block_tells_types_and_counts() -> None:
    with pytest.raises(RefusalError) as refused:
        await shown(redaction("Block", Known()), body())

    assert "PERSON (1)" in refused.value.message
    assert NAME not in repr(refused.value)


async def test_what_waits_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue at the worker must not hold a request for ever."""
    monkeypatch.setattr(asking, "SECONDS", 0.01)
    names = Known()

    async def never(texts: Sequence[str]) -> list[list[Span]]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(names, "find", never)
    with pytest.raises(RefusalError, match="names_unavailable"):
        await shown(redaction("Mask", names), body("hello"))


async def test_only_the_types_that_are_wanted_are_masked() -> None:
    """But an address holds its place: who asks for one of the two gets both."""
    assert NAME in await shown(redaction("Mask", Known(), ("PLACE",)), body())
    assert NAME not in await shown(redaction("Mask", Known("ADDRESS"), ("PLACE",)), body())


async def test_documents_are_masked_under_pseudonymize() -> None:
    found: Counter[str] = Counter()

    assert await redaction("Pseudonymize", Known()).stored(f"By {NAME}", found) == "By [PERSON]"
    assert found == {"PERSON": 1}


def test_documents_are_brought_again_for_another_mode() -> None:
    one = redaction("Mask", None)
    policy = one.policy.model_copy(update={"names": NamesPolicy(mode="HighRecall")})

    assert Redaction(policy).stored_revision != one.stored_revision


async def test_nobody_is_asked_where_no_names_are_wanted() -> None:
    names = Known()
    made = Redaction(RedactionPolicy(request=RequestRedaction(action="Mask")), names)

    await shown(made, body())

    assert names.asked == []
